#include "services/matching/pool_change.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace critac::matching {
namespace {

void FreeDay(ExpertRow& expert, Day day) {
  std::vector<DayRange> left;
  for (const DayRange& range : expert.unavailable) {
    if (!range.Contains(day)) {
      left.push_back(range);
      continue;
    }
    if (range.first < day) left.push_back({range.first, day - 1});
    if (day < range.last) left.push_back({day + 1, range.last});
  }
  expert.unavailable = std::move(left);
}

void HoldTopic(ExpertRow& expert, int topic, intake::v1::Level level) {
  const auto held =
      std::lower_bound(expert.topics.begin(), expert.topics.end(), topic,
                       [](const auto& entry, int wanted) { return entry.first < wanted; });
  if (held != expert.topics.end() && held->first == topic) {
    held->second = level;
  } else {
    expert.topics.insert(held, {topic, level});
  }
}

void HoldCredential(ExpertRow& expert, int credential, Day last) {
  const auto held =
      std::lower_bound(expert.credentials.begin(), expert.credentials.end(), credential,
                       [](const auto& entry, int wanted) { return entry.first < wanted; });
  if (held != expert.credentials.end() && held->first == credential) {
    held->second = last;
  } else {
    expert.credentials.insert(held, {credential, last});
  }
}

void Speak(ExpertRow& expert, const std::string& language) {
  const auto place = std::lower_bound(expert.languages.begin(), expert.languages.end(), language);
  if (place == expert.languages.end() || *place != language) {
    expert.languages.insert(place, language);
  }
}

}  // namespace

void ChangeExpert(const Pool& pool, const PoolChange& change, ExpertRow& expert) {
  switch (change.kind) {
    case v1::REMEDY_KIND_EXPERT_PERIOD:
      expert.capacity_per_period = change.to;
      break;
    case v1::REMEDY_KIND_EXPERT_OPEN:
      expert.capacity_open = change.to;
      break;
    case v1::REMEDY_KIND_AVAILABILITY:
      FreeDay(expert, static_cast<Day>(change.to));
      break;
    case v1::REMEDY_KIND_TRAVEL:
      expert.travel_radius_km = static_cast<int32_t>(change.to);
      break;
    case v1::REMEDY_KIND_MODE:
      (change.to == 1 ? expert.on_site : expert.virtually) = true;
      break;
    case v1::REMEDY_KIND_ACTIVE:
      expert.active = true;
      break;
    case v1::REMEDY_KIND_LANGUAGE:
      Speak(expert, pool.slots()[change.slot].language);
      break;
    case v1::REMEDY_KIND_CREDENTIAL:
      HoldCredential(expert, pool.slots()[change.slot].credential, static_cast<Day>(change.to));
      break;
    case v1::REMEDY_KIND_TOPIC:
      HoldTopic(expert, pool.slots()[change.slot].topic, static_cast<intake::v1::Level>(change.to));
      break;
    default:
      break;
  }
}

// Makes changes in a pool of its own.
class PoolChanger {
 public:
  explicit PoolChanger(const Pool& pool) : pool_(pool) {}

  void Make(const PoolChange& change) {
    switch (change.kind) {
      case v1::REMEDY_KIND_PARTNER_PERIOD:
        pool_.partners_[change.partner].capacity_per_period = change.to;
        break;
      case v1::REMEDY_KIND_PARTNER_SHARE:
        SetMaximumShare(change);
        break;
      case v1::REMEDY_KIND_WINDOW_END:
        pool_.slots_[change.slot].window.last = static_cast<Day>(change.to);
        pool_.SetStartDays(pool_.slots_[change.slot]);
        break;
      case v1::REMEDY_KIND_NEEDED_BY:
        SetNeededBy(change);
        break;
      case v1::REMEDY_KIND_URGENCY:
        pool_.demands_[pool_.slots_[change.slot].demand].urgency =
            static_cast<intake::v1::Urgency>(change.to);
        SetOpenPrices();
        break;
      case v1::REMEDY_KIND_UNASSIGNED_PRICE:
        pool_.policy_.set_unassigned_price(change.to);
        SetOpenPrices();
        break;
      case v1::REMEDY_KIND_PROGRAM_OPEN:
        pool_.policy_.set_capacity_open(static_cast<int32_t>(change.to));
        break;
      default:
        ChangeExpert(pool_, change, pool_.experts_.Mutable(change.expert));
        if (change.kind == v1::REMEDY_KIND_TOPIC) AddHolder(change);
        break;
    }
  }

  Pool Take() { return std::move(pool_); }

 private:
  void SetMaximumShare(const PoolChange& change) {
    const std::string& name = pool_.partners_[change.partner].name;
    for (v1::PartnerShare& share : *pool_.policy_.mutable_partner_shares()) {
      if (share.partner() == name) share.set_maximum_e6(static_cast<int32_t>(change.to));
    }
    pool_.SetShares();
  }

  void SetNeededBy(const PoolChange& change) {
    for (const int row : pool_.demands_[pool_.slots_[change.slot].demand].slots) {
      SlotRow& slot = pool_.slots_[row];
      slot.needed_by = static_cast<Day>(change.to);
      if (!slot.window.empty()) pool_.SetStartDays(slot);
    }
  }

  void SetOpenPrices() {
    for (SlotRow& slot : pool_.slots_) {
      slot.open_price = pool_.OpenPriceOf(pool_.demands_[slot.demand]);
    }
  }

  void AddHolder(const PoolChange& change) {
    std::vector<int>& holders = pool_.holders_.Mutable(pool_.slots_[change.slot].topic);
    const auto place = std::lower_bound(holders.begin(), holders.end(), change.expert);
    if (place == holders.end() || *place != change.expert) holders.insert(place, change.expert);
  }

  Pool pool_;
};

Pool Changed(const Pool& pool, absl::Span<const PoolChange> changes) {
  PoolChanger changer(pool);
  for (const PoolChange& change : changes) changer.Make(change);
  return changer.Take();
}

}  // namespace critac::matching
