#include "services/matching/pool.h"

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/matching/identity.h"
#include "services/matching/partner_rules.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

using intake::v1::CatalogEntry;
using intake::v1::Slot;

using PeriodUses = std::vector<std::pair<int32_t, int64_t>>;

// Limits of the policy's prices as the `.proto` has them; a test compares the two.
constexpr int64_t kMaxSlotPrice = 1'000'000'000;
constexpr int64_t kMaxUnitPrice = 1'000'000;

int64_t UnitsIn(const PeriodUses& used, int32_t period) {
  const auto found =
      std::lower_bound(used.begin(), used.end(), std::make_pair(period, int64_t{0}),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
  return found != used.end() && found->first == period ? found->second : 0;
}

// A day, or `otherwise` where the text is empty. Nothing where it cannot be read.
std::optional<Day> ReadDay(absl::string_view text, Day otherwise) {
  if (text.empty()) return otherwise;
  const std::optional<absl::CivilDay> day = ParseDate(text);
  if (!day.has_value()) return std::nullopt;
  return DayNumber(*day);
}

// Nothing where an end cannot be read, or the range ends before it begins.
std::optional<DayRange> ReadRange(absl::string_view first, absl::string_view last) {
  const std::optional<Day> start = ReadDay(first, kFirstDay);
  const std::optional<Day> end = ReadDay(last, kLastDay);
  if (!start.has_value() || !end.has_value() || *end < *start) return std::nullopt;
  return DayRange{*start, *end};
}

// Sorts ranges and joins those that touch.
std::vector<DayRange> Merge(std::vector<DayRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const DayRange& a, const DayRange& b) { return a.first < b.first; });
  std::vector<DayRange> merged;
  for (const DayRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

template <typename Enum>
uint32_t Bit(Enum value) {
  return static_cast<uint32_t>(value) < 32 ? uint32_t{1} << static_cast<uint32_t>(value) : 0;
}

// People that a slot is for at most.
constexpr int kMaxPeople = 1000;

template <typename T>
void SortAndUnique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// The messages by name.
template <typename T, typename Name>
std::vector<const T*> ByName(absl::Span<const T> messages, Name name) {
  std::vector<const T*> sorted;
  sorted.reserve(messages.size());
  for (const T& message : messages) sorted.push_back(&message);
  const auto before = [&](const T* a, const T* b) { return name(*a) < name(*b); };
  // As they come from the journal, they are sorted.
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) {
    std::sort(sorted.begin(), sorted.end(), before);
  }
  return sorted;
}

// The first name that two of the sorted messages have in common.
template <typename T, typename Name>
const std::string* Repeated(const std::vector<const T*>& sorted, Name name) {
  const auto found = std::adjacent_find(
      sorted.begin(), sorted.end(), [&](const T* a, const T* b) { return name(*a) == name(*b); });
  return found == sorted.end() ? nullptr : &name(**found);
}

constexpr int64_t kWhole_e6 = 1'000'000;

absl::Status CheckPrice(absl::string_view field, int64_t value, int64_t most) {
  if (value >= 0 && value <= most) return absl::OkStatus();
  return InvalidField(absl::StrCat("policy.", field), absl::StrCat(value, " is not in 0..", most));
}

// What the solver's arithmetic needs of a policy, whoever made it.
absl::Status CheckNumbers(const v1::Policy& policy) {
  const v1::Weights& weights = policy.weights();
  const std::pair<absl::string_view, int64_t> parts[] = {
      {"weights.topic_fit", weights.topic_fit()},
      {"weights.peer_similarity", weights.peer_similarity()},
      {"weights.rating", weights.rating()},
      {"weights.load", weights.load()},
      {"weights.distance", weights.distance()}};
  for (const auto& [field, weight] : parts) {
    if (weight < 0) {
      return InvalidField(absl::StrCat("policy.", field), absl::StrCat(weight, " is negative"));
    }
  }
  RETURN_IF_ERROR(CheckPrice("unassigned_price", policy.unassigned_price(), kMaxSlotPrice));
  RETURN_IF_ERROR(CheckPrice("urgency_price", policy.urgency_price(), kMaxSlotPrice));
  RETURN_IF_ERROR(
      CheckPrice("waiting_price_per_day", policy.waiting_price_per_day(), kMaxUnitPrice));
  RETURN_IF_ERROR(CheckPrice("fairness_price", policy.fairness_price(), kMaxUnitPrice));
  RETURN_IF_ERROR(CheckPrice("stability_bonus", policy.stability_bonus(), kMaxUnitPrice));
  RETURN_IF_ERROR(CheckPrice("minimum_share_price", policy.minimum_share_price(), kMaxSlotPrice));
  if (policy.capacity_open() < 0) {
    return InvalidField("policy.capacity_open",
                        absl::StrCat(policy.capacity_open(), " is negative"));
  }
  return CheckPartnerShares(policy);
}

// Experts that may have changed for rows to be made from those of before: where they are many, all are made as quickly.
constexpr size_t kMostTouched = 1000;

}  // namespace

int64_t PartnerRow::UsedIn(int32_t period) const { return UnitsIn(used, period); }

int64_t PartnerRow::RoomIn(int32_t period) const {
  if (capacity_per_period == 0) return kNoLimit;
  return std::max<int64_t>(0, capacity_per_period - UsedIn(period));
}

int64_t ExpertRow::UsedIn(int32_t period) const { return UnitsIn(used, period); }

int64_t ExpertRow::RoomIn(int32_t period) const {
  return std::max<int64_t>(0, capacity_per_period - UsedIn(period));
}

int64_t ExpertRow::RoomOpen() const { return std::max<int64_t>(0, capacity_open - used_open); }

std::optional<Period> SlotRow::StandingPeriod(int expert) const {
  const auto found = std::lower_bound(standing_periods.begin(), standing_periods.end(), expert,
                                      [](const auto& one, int meant) { return one.first < meant; });
  if (found == standing_periods.end() || found->first != expert) return std::nullopt;
  return found->second;
}

// Makes a pool, one kind of row after another.
class PoolBuilder {
 public:
  explicit PoolBuilder(const PoolInput& input) : input_(input), same_agencies_(input.identities) {}

  absl::StatusOr<Pool> Build() {
    RETURN_IF_ERROR(Begin());
    RETURN_IF_ERROR(AddExperts());
    RETURN_IF_ERROR(AddUses());
    AddConflicts();
    RETURN_IF_ERROR(Finish());
    for (Interner* const texts : {&pool_.topics_, &pool_.agencies_, &pool_.credentials_}) {
      texts->Settle();
    }
    return std::move(pool_);
  }

  // As Pool::Update; nothing: it is to be built as a whole, and be it for the error.
  std::optional<Pool> Update(const Pool& before, const PoolTouched& touched) {
    if (!Begin().ok() || !HasTheFrameOf(before)) return std::nullopt;
    pool_.experts_ = before.experts_;
    pool_.conflicts_ = before.conflicts_;
    pool_.conflicted_ = before.conflicted_;
    pool_.holders_ = before.holders_;
    pool_.topics_ = before.topics_;
    pool_.agencies_ = before.agencies_;
    pool_.credentials_ = before.credentials_;
    pool_.index_ = before.index_;
    const std::vector<int> rows = RowsOf(touched.owners);
    if (rows.size() > kMostTouched) return std::nullopt;
    if (!ReplaceExperts(rows) || !AddUsesAnew(rows, touched).ok() || !ReplaceConflicts(rows)) {
      return std::nullopt;
    }
    if (!Finish().ok()) return std::nullopt;
    return std::move(pool_);
  }

 private:
  // What comes before the experts.
  absl::Status Begin() {
    pool_.today_ = DayNumber(input_.today);
    if (input_.policy != nullptr) pool_.policy_ = *input_.policy;
    RETURN_IF_ERROR(CheckNumbers(pool_.policy_));
    pool_.shares_e6_ = SharesOf(pool_.policy_.weights());
    ReadCatalog();
    return AddPartners();
  }

  // What comes after the experts and their conflicts, of which demands are few.
  absl::Status Finish() {
    for (const PartnerRow& partner : pool_.partners_) pool_.used_open_ += partner.used_open;
    RETURN_IF_ERROR(AddDemands());
    AddStandingProposals();
    pool_.SetShares();
    pool_.topic_titles_ = TopicTitles();
    return absl::OkStatus();
  }

  // Whether all that every row of an expert depends on is as in another pool.
  bool HasTheFrameOf(const Pool& before) const {
    const auto same_name = [](const PartnerRow& a, const PartnerRow& b) {
      return a.name == b.name;
    };
    return pool_.today_ == before.today_ && pool_.policy_.period() == before.policy_.period() &&
           pool_.policy_.recent_agency_years() == before.policy_.recent_agency_years() &&
           input_.experts.size() == before.experts_.size() &&
           std::equal(pool_.partners_.begin(), pool_.partners_.end(), before.partners_.begin(),
                      before.partners_.end(), same_name);
  }

  // In ascending order.
  std::vector<int> RowsOf(const absl::flat_hash_set<std::string>& experts) const {
    std::vector<int> rows;
    for (const std::string& name : experts) {
      const std::optional<int> row = pool_.FindExpert(name);
      if (row.has_value()) rows.push_back(*row);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // The record that a row is made of, where the input has the experts in their order; null: it has not.
  const v1::Expert* RecordAt(int row) const {
    const v1::Expert& expert = input_.experts[row];
    return expert.name() == pool_.experts_[row].name ? &expert : nullptr;
  }

  // Makes rows anew of their records, without uses; false: the records are not there.
  bool ReplaceExperts(const std::vector<int>& rows) {
    for (const int row : rows) {
      const v1::Expert* const expert = RecordAt(row);
      if (expert == nullptr) return false;
      ExpertRow made = RowOf(*expert);
      ExpertRow& place = pool_.experts_.Mutable(row);
      made.person = place.person;
      ChangeHolder(row, place.topics, made.topics);
      place = std::move(made);
    }
    return true;
  }

  using HeldTopics = std::vector<std::pair<int, intake::v1::Level>>;

  // An expert no longer holds the topics of `before`, but those of `now`.
  void ChangeHolder(int row, const HeldTopics& before, const HeldTopics& now) {
    const auto has = [](const HeldTopics& topics, int topic) {
      return std::any_of(topics.begin(), topics.end(),
                         [&](const auto& held) { return held.first == topic; });
    };
    for (const auto& [topic, level] : before) {
      if (has(now, topic)) continue;
      std::vector<int>& holders = pool_.holders_.Mutable(topic);
      holders.erase(std::lower_bound(holders.begin(), holders.end(), row));
    }
    for (const auto& [topic, level] : now) {
      if (has(before, topic)) continue;
      std::vector<int>& holders = pool_.holders_.Mutable(topic);
      holders.insert(std::lower_bound(holders.begin(), holders.end(), row), row);
    }
  }

  // Uses of all partners, and of the experts of these rows, which have none yet.
  absl::Status AddUsesAnew(const std::vector<int>& rows, const PoolTouched& touched) {
    absl::flat_hash_set<absl::string_view> owners(touched.owners.begin(), touched.owners.end());
    for (const PartnerRow& partner : pool_.partners_) owners.insert(partner.name);
    for (const absl::string_view owner : owners) {
      for (const v1::CapacityUse& use : touched.uses_of(owner)) {
        if (use.owner() != owner) continue;
        RETURN_IF_ERROR(AddUse("uses", use.owner(), use.period(), use.used()));
      }
    }
    for (const v1::Assignment& held : input_.held) {
      const std::optional<int> expert = pool_.FindExpert(held.expert());
      if (expert.has_value() && std::binary_search(rows.begin(), rows.end(), *expert)) {
        RETURN_IF_ERROR(AddHeld("held", held.expert(), held.period()));
      }
      RETURN_IF_ERROR(AddHeld("held", PartnerOf(held, expert), held.period()));
    }
    return absl::OkStatus();
  }

  // Conflicts of all partners, and of the persons of these rows; false: records of theirs are not there.
  bool ReplaceConflicts(const std::vector<int>& rows) {
    std::vector<int> persons;
    for (const int row : rows) persons.push_back(pool_.experts_[row].person);
    SortAndUnique(persons);
    std::vector<std::pair<int, const v1::Expert*>> records;
    std::vector<std::vector<int>> agencies;
    for (const int person : persons) {
      agencies.push_back(AgenciesOf(person));
      pool_.conflicts_.Mutable(person).clear();
      for (const int row : pool_.RecordsOf(person)) {
        records.emplace_back(person, RecordAt(row));
        if (records.back().second == nullptr) return false;
      }
    }
    absl::flat_hash_map<absl::string_view, int> persons_by_name;
    for (const auto& [person, record] : records) persons_by_name[record->name()] = person;
    AddDeclaredConflicts([&](const std::string& name) -> std::optional<int> {
      const auto found = persons_by_name.find(name);
      if (found == persons_by_name.end()) return std::nullopt;
      return found->second;
    });
    for (const auto& [person, record] : records) AddConflictsOfServices(person, *record);
    for (size_t i = 0; i < persons.size(); ++i) {
      SortAndUnique(pool_.conflicts_.Mutable(persons[i]));
      ChangeConflicted(persons[i], agencies[i]);
    }
    return true;
  }

  // Agencies with which a person has a conflict, ascending.
  std::vector<int> AgenciesOf(int person) const {
    std::vector<int> agencies;
    for (const ConflictRow& row : pool_.conflicts_[person]) agencies.push_back(row.agency);
    SortAndUnique(agencies);
    return agencies;
  }

  // A person no longer has conflicts with the agencies of `before`, but those that it has now.
  void ChangeConflicted(int person, const std::vector<int>& before) {
    const std::vector<int> now = AgenciesOf(person);
    for (const int agency : before) {
      if (std::binary_search(now.begin(), now.end(), agency)) continue;
      std::vector<int>& persons = pool_.conflicted_.Mutable(agency);
      persons.erase(std::lower_bound(persons.begin(), persons.end(), person));
    }
    for (const int agency : now) {
      if (std::binary_search(before.begin(), before.end(), agency)) continue;
      std::vector<int>& persons = pool_.conflicted_.Mutable(agency);
      persons.insert(std::lower_bound(persons.begin(), persons.end(), person), person);
    }
  }

  void ReadCatalog() {
    if (input_.catalog == nullptr) return;
    for (const CatalogEntry& entry : input_.catalog->entries()) {
      if (entry.has_topic()) titles_[entry.name()] = entry.topic().title();
      if (entry.has_delivery_type()) delivery_types_[entry.name()] = &entry.delivery_type();
    }
  }

  absl::Status AddPartners() {
    const auto name = [](const v1::Partner& p) -> const std::string& { return p.name(); };
    const auto sorted = ByName<v1::Partner>(input_.partners, name);
    if (const std::string* twice = Repeated(sorted, name)) {
      return InvalidField("partners", absl::StrCat(*twice, " is there twice"));
    }
    for (const v1::Partner* partner : sorted) {
      partner_rows_[partner->name()] = static_cast<int>(pool_.partners_.size());
      pool_.partners_.push_back(RowOf(*partner));
    }
    return absl::OkStatus();
  }

  static PartnerRow RowOf(const v1::Partner& partner) {
    PartnerRow row;
    row.name = partner.name();
    row.display_name = partner.display_name().empty() ? partner.name() : partner.display_name();
    row.capacity_per_period = std::max(0, partner.capacity_per_period());
    std::vector<DayRange> memberships;
    for (const v1::DateRange& range : partner.memberships()) {
      const std::optional<DayRange> days = ReadRange(range.start(), range.end());
      if (days.has_value()) memberships.push_back(*days);
    }
    row.memberships = Merge(std::move(memberships));
    return row;
  }

  absl::Status AddExperts() {
    const auto name = [](const v1::Expert& e) -> const std::string& { return e.name(); };
    experts_ = ByName<v1::Expert>(input_.experts, name);
    if (const std::string* twice = Repeated(experts_, name)) {
      return InvalidField("experts", absl::StrCat(*twice, " is there twice"));
    }
    const std::vector<int> persons = PersonsOf(experts_, input_.identities);
    const auto index = std::make_shared<Pool::ExpertIndex>();
    pool_.experts_.Reserve(experts_.size());
    index->rows.reserve(experts_.size());
    for (const v1::Expert* expert : experts_) {
      const int row = static_cast<int>(pool_.experts_.size());
      index->rows[expert->name()] = row;
      ExpertRow made = RowOf(*expert);
      made.person = persons[row];
      if (made.person != row) {
        // The first record of a person has its number.
        index->persons.try_emplace(made.person, 1, made.person).first->second.push_back(row);
      }
      for (const auto& [topic, level] : made.topics) pool_.holders_.Mutable(topic).push_back(row);
      pool_.experts_.Add(std::move(made));
    }
    pool_.index_ = index;
    return absl::OkStatus();
  }

  ExpertRow RowOf(const v1::Expert& expert) {
    ExpertRow row;
    row.name = expert.name();
    row.partner_name = expert.partner();
    const auto partner = partner_rows_.find(expert.partner());
    if (partner != partner_rows_.end()) row.partner = partner->second;
    row.active = expert.active();
    AddTopics(expert, row);
    AddServices(expert, row);
    AddCredentials(expert, row);
    for (const std::string& language : expert.languages()) {
      row.languages.push_back(absl::AsciiStrToLower(language));
    }
    SortAndUnique(row.languages);
    row.on_site = row.virtually = expert.modes().empty();
    for (const int mode : expert.modes()) {
      row.on_site |= mode == type::v1::DELIVERY_MODE_ON_SITE;
      row.virtually |= mode == type::v1::DELIVERY_MODE_VIRTUAL;
    }
    row.home_state = FindState(expert.home_state());
    if (expert.has_home()) {
      row.home = PointAt(expert.home().latitude_e6(), expert.home().longitude_e6());
    }
    row.travel_radius_km = std::max(0, expert.travel_radius_km());
    row.travels_anywhere = expert.travels_anywhere();
    row.capacity_per_period = std::max(0, expert.capacity_per_period());
    row.capacity_open = std::max(0, expert.capacity_open());
    for (const v1::DateRange& range : expert.unavailable()) {
      row.unavailable.push_back(
          ReadRange(range.start(), range.end()).value_or(DayRange{kFirstDay, kLastDay}));
    }
    row.unavailable = Merge(std::move(row.unavailable));
    row.rating_count = int64_t{std::max(0, expert.rating_count())} + expert.survey_rating_count();
    row.rating_sum = int64_t{std::max(0, expert.rating_sum())} + expert.survey_rating_sum();
    return row;
  }

  int TopicNumber(absl::string_view name) {
    const int topic = pool_.topics_.Number(name);
    if (topic == static_cast<int>(pool_.holders_.size())) pool_.holders_.Add({});
    return topic;
  }

  // Of a topic named twice the higher level counts.
  void AddTopics(const v1::Expert& expert, ExpertRow& row) {
    for (const v1::HeldTopic& held : expert.topics()) {
      row.topics.emplace_back(TopicNumber(held.topic()), held.level());
    }
    std::sort(row.topics.begin(), row.topics.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : a.second > b.second;
    });
    row.topics.erase(std::unique(row.topics.begin(), row.topics.end(),
                                 [](const auto& a, const auto& b) { return a.first == b.first; }),
                     row.topics.end());
  }

  static void AddServices(const v1::Expert& expert, ExpertRow& row) {
    for (const v1::Service& service : expert.services()) {
      row.services.push_back({service.type(), service.size_band(), FindState(service.state())});
      row.service_types |= Bit(service.type());
      row.service_sizes |= Bit(service.size_band());
    }
  }

  void AddCredentials(const v1::Expert& expert, ExpertRow& row) {
    for (const v1::Credential& credential : expert.credentials()) {
      const std::optional<Day> last = ReadDay(credential.valid_to(), kLastDay);
      if (last.has_value())
        row.credentials.emplace_back(CredentialNumber(credential.title()), *last);
    }
    std::sort(row.credentials.begin(), row.credentials.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : a.second > b.second;
    });
    row.credentials.erase(
        std::unique(row.credentials.begin(), row.credentials.end(),
                    [](const auto& a, const auto& b) { return a.first == b.first; }),
        row.credentials.end());
  }

  int CredentialNumber(absl::string_view title) {
    return pool_.credentials_.Number(absl::AsciiStrToLower(absl::StripAsciiWhitespace(title)));
  }

  absl::Status AddUses() {
    for (size_t i = 0; i < input_.uses.size(); ++i) {
      const v1::CapacityUse& use = input_.uses[i];
      RETURN_IF_ERROR(
          AddUse(absl::StrCat("uses[", i, "].period"), use.owner(), use.period(), use.used()));
    }
    for (size_t i = 0; i < input_.held.size(); ++i) {
      const v1::Assignment& held = input_.held[i];
      const std::optional<int> expert = pool_.FindExpert(held.expert());
      const std::string field = absl::StrCat("held[", i, "].period");
      RETURN_IF_ERROR(AddHeld(field, held.expert(), held.period()));
      RETURN_IF_ERROR(AddHeld(field, PartnerOf(held, expert), held.period()));
    }
    return absl::OkStatus();
  }

  // Where an assignment does not say for which partner, it is the expert's own.
  const std::string& PartnerOf(const v1::Assignment& held, std::optional<int> expert) const {
    return !held.partner().empty() || !expert.has_value() ? held.partner()
                                                          : pool_.experts_[*expert].partner_name;
  }

  absl::Status AddHeld(absl::string_view field, const std::string& owner,
                       const std::string& period) {
    RETURN_IF_ERROR(AddUse(field, owner, period, 1));
    return AddUse(field, owner, "open", 1);
  }

  absl::Status AddUse(absl::string_view field, const std::string& owner, const std::string& text,
                      int64_t used) {
    used = std::max<int64_t>(0, used);
    const std::optional<int> expert = pool_.FindExpert(owner);
    const auto partner = partner_rows_.find(owner);
    if (text == "open") {
      if (expert.has_value()) pool_.experts_.Mutable(*expert).used_open += used;
      if (partner != partner_rows_.end()) pool_.partners_[partner->second].used_open += used;
      return absl::OkStatus();
    }
    const std::optional<Period> period = ParsePeriod(text);
    if (!period.has_value()) {
      return InvalidField(field, absl::StrCat("`", text,
                                              "` is not `open`, a month such as `2026-11`, or a "
                                              "quarter such as `2026Q4`"));
    }
    const DayRange days = DaysOf(*period);
    const int32_t last = PeriodOf(pool_.period_length(), days.last).number;
    for (int32_t n = PeriodOf(pool_.period_length(), days.first).number; n <= last; ++n) {
      if (expert.has_value()) AddTo(pool_.experts_.Mutable(*expert).used, n, used);
      if (partner != partner_rows_.end()) AddTo(pool_.partners_[partner->second].used, n, used);
    }
    return absl::OkStatus();
  }

  static void AddTo(PeriodUses& uses, int32_t period, int64_t used) {
    const auto place =
        std::lower_bound(uses.begin(), uses.end(), period,
                         [](const auto& entry, int32_t wanted) { return entry.first < wanted; });
    if (place != uses.end() && place->first == period) {
      place->second += used;
    } else {
      uses.insert(place, {period, used});
    }
  }

  void AddConflicts() {
    pool_.conflicts_.Reserve(pool_.experts_.size());
    for (size_t i = 0; i < pool_.experts_.size(); ++i) pool_.conflicts_.Add({});
    AddDeclaredConflicts([this](const std::string& name) -> std::optional<int> {
      const std::optional<int> expert = pool_.FindExpert(name);
      if (!expert.has_value()) return std::nullopt;
      return pool_.experts_[*expert].person;
    });
    for (size_t i = 0; i < experts_.size(); ++i) {
      AddConflictsOfServices(pool_.experts_[i].person, *experts_[i]);
    }
    for (size_t i = 0; i < pool_.conflicts_.size(); ++i) {
      if (pool_.conflicts_[i].empty()) continue;
      if (pool_.conflicts_[i].size() > 1) SortAndUnique(pool_.conflicts_.Mutable(i));
      const int person = static_cast<int>(i);
      for (const int agency : AgenciesOf(person)) {
        pool_.conflicted_.Mutable(agency).push_back(person);
      }
    }
  }

  // Those of all partners, and of the persons that `person_of` finds by the name of an expert.
  void AddDeclaredConflicts(
      absl::FunctionRef<std::optional<int>(const std::string& expert)> person_of) {
    for (const v1::Conflict& conflict : input_.conflicts) {
      const auto partner = partner_rows_.find(conflict.partner());
      const std::optional<int> person = person_of(conflict.expert());
      if (partner == partner_rows_.end() && !person.has_value()) continue;
      const ConflictRow row = RowOf(conflict);
      if (partner != partner_rows_.end()) pool_.partners_[partner->second].conflicts.push_back(row);
      if (!person.has_value()) continue;
      pool_.conflicts_.Mutable(*person).push_back(row);
      const bool of_service =
          row.kind == v1::CONFLICT_KIND_OWN_AGENCY || row.kind == v1::CONFLICT_KIND_RECENT_AGENCY;
      if (row.overridden && of_service) overridden_.emplace(*person, row.agency);
    }
    for (PartnerRow& partner : pool_.partners_) SortAndUnique(partner.conflicts);
  }

  // Those that follow from an expert's services, after what was declared.
  void AddConflictsOfServices(int person, const v1::Expert& expert) {
    for (const v1::Service& service : expert.services()) {
      if (service.agency().empty()) continue;
      ConflictRow row = ConflictOf(service);
      row.overridden = overridden_.contains({person, row.agency});
      pool_.conflicts_.Mutable(person).push_back(row);
    }
  }

  ConflictRow RowOf(const v1::Conflict& conflict) {
    ConflictRow row;
    row.agency = AgencyNumber(conflict.agency());
    row.kind = conflict.kind();
    row.last = ReadDay(conflict.valid_to(), kLastDay).value_or(kLastDay);
    row.overridden = !conflict.overridden_by().empty();
    return row;
  }

  // Names of one agency have one number.
  int AgencyNumber(absl::string_view name) {
    const int agency = pool_.agencies_.Number(same_agencies_.First(name));
    if (agency == static_cast<int>(pool_.conflicted_.size())) pool_.conflicted_.Add({});
    return agency;
  }

  // What a service in an agency means as a conflict.
  ConflictRow ConflictOf(const v1::Service& service) {
    ConflictRow row;
    row.agency = AgencyNumber(service.agency());
    row.from_service = true;
    const Day end = ReadDay(service.end(), kLastDay).value_or(kLastDay);
    row.kind = end >= pool_.today_ ? v1::CONFLICT_KIND_OWN_AGENCY : v1::CONFLICT_KIND_RECENT_AGENCY;
    const absl::CivilDay left = CivilDayOf(end);
    const int years = std::clamp(pool_.policy_.recent_agency_years(), 0, 1000);
    const absl::CivilDay free(left.year() + years, left.month(), left.day());
    row.last = std::clamp(DayNumber(free) - 1, end, std::max(end, kLastDay));
    return row;
  }

  absl::Status AddDemands() {
    const auto name = [](const v1::Demand& d) -> const std::string& { return d.request(); };
    const auto sorted = ByName<v1::Demand>(input_.demands, name);
    if (const std::string* twice = Repeated(sorted, name)) {
      return InvalidField("demands", absl::StrCat(*twice, " is there twice"));
    }
    for (const v1::Demand* demand : sorted) {
      pool_.demand_rows_[demand->request()] = static_cast<int>(pool_.demands_.size());
      pool_.demands_.push_back(RowOf(*demand));
      RETURN_IF_ERROR(AddSlots(*demand));
    }
    return absl::OkStatus();
  }

  DemandRow RowOf(const v1::Demand& demand) {
    DemandRow row;
    row.request = demand.request();
    row.offered = demand.state() == v1::DEMAND_STATE_OFFERED;
    row.urgency = demand.urgency();
    if (demand.has_waiting_since() || demand.has_ready_time()) {
      constexpr int64_t kSecondsPerDay = 86400;
      const int64_t since = std::clamp<int64_t>(
          WaitingSince(demand).seconds(), kFirstDay * kSecondsPerDay, kLastDay * kSecondsPerDay);
      const int64_t day = DayNumber(DayOf(absl::FromUnixSeconds(since)));
      row.days_waited = std::max<int64_t>(0, pool_.today_ - day);
    }
    row.agencies.push_back(AgencyNumber(demand.agency().agency()));
    for (const std::string& agency : demand.co_served_agencies()) {
      row.agencies.push_back(AgencyNumber(agency));
    }
    row.agency_type = demand.agency().type();
    row.size_band = demand.agency().size_band();
    row.state = FindState(demand.agency().state());
    if (demand.agency().has_coordinates()) {
      const type::v1::Coordinates& at = demand.agency().coordinates();
      row.place = PointAt(at.latitude_e6(), at.longitude_e6());
    }
    return row;
  }

  absl::Status AddSlots(const v1::Demand& demand) {
    const int demand_row = static_cast<int>(pool_.demands_.size()) - 1;
    std::vector<SlotRow> slots;
    for (int place = 0; place < demand.slots_size(); ++place) {
      slots.push_back(RowOf(demand, demand.slots(place)));
      slots.back().demand = demand_row;
      slots.back().place = place;
    }
    std::sort(slots.begin(), slots.end(),
              [](const SlotRow& a, const SlotRow& b) { return a.id < b.id; });
    for (size_t i = 1; i < slots.size(); ++i) {
      if (slots[i].id != slots[i - 1].id) continue;
      return InvalidField("demands",
                          absl::StrCat(demand.request(), " has slot `", slots[i].id, "` twice"));
    }
    std::vector<int>& rows = pool_.demands_[demand_row].slots;
    rows.resize(slots.size());
    for (SlotRow& slot : slots) {
      rows[slot.place] = static_cast<int>(pool_.slots_.size());
      pool_.slots_.push_back(std::move(slot));
    }
    return absl::OkStatus();
  }

  static type::v1::SizeBand SizeBandAskedFor(const v1::Demand& demand, const Slot& slot) {
    if (!slot.served_in_same_size_band()) return slot.served_in_size_band();
    const type::v1::SizeBand own = demand.agency().size_band();
    return own == type::v1::SIZE_BAND_UNKNOWN ? type::v1::SIZE_BAND_UNSPECIFIED : own;
  }

  SlotRow RowOf(const v1::Demand& demand, const Slot& slot) {
    SlotRow row;
    row.request = demand.request();
    row.id = slot.id();
    row.topic = TopicNumber(slot.topic());
    row.minimum_level = slot.minimum_level();
    row.on_site = slot.on_site();
    row.delivery_type_title = slot.delivery_type();
    const auto type = delivery_types_.find(slot.delivery_type());
    if (type != delivery_types_.end()) {
      row.delivery_type_title = type->second->title();
      row.lead_time_days = std::clamp(type->second->lead_time_days(), 0, 100'000);
      row.on_site |= type->second->mode() == type::v1::DELIVERY_MODE_ON_SITE;
    }
    row.served_in_type = slot.served_in_type();
    row.served_in_same_size_band = slot.served_in_same_size_band();
    row.served_in_size_band = SizeBandAskedFor(demand, slot);
    row.credential_title = slot.credential();
    if (!slot.credential().empty()) row.credential = CredentialNumber(slot.credential());
    row.language = absl::AsciiStrToLower(slot.language());
    row.open_price = pool_.OpenPriceOf(pool_.demands_.back());
    SetDates(demand, slot, row);
    SetPeople(demand, slot, row);
    return row;
  }

  void SetDates(const v1::Demand& demand, const Slot& slot, SlotRow& row) const {
    constexpr DayRange kNone{1, 0};
    row.window = kNone;
    row.dates = kNone;
    const std::optional<Day> needed_by = ReadDay(demand.needed_by(), kLastDay);
    row.needed_by = needed_by.value_or(kFirstDay);
    if (slot.window_start().empty() || slot.window_end().empty()) return;
    const std::optional<DayRange> window = ReadRange(slot.window_start(), slot.window_end());
    if (!window.has_value()) return;
    row.window = *window;
    pool_.SetStartDays(row);
  }

  // People missing, and who cannot be asked: committed ones and those who declined.
  void SetPeople(const v1::Demand& demand, const Slot& slot, SlotRow& row) const {
    row.people = std::clamp(slot.people(), 1, kMaxPeople);
    int committed = 0;
    for (const v1::Assignment& assignment : demand.committed()) {
      if (assignment.slot() != slot.id()) continue;
      ++committed;
      const std::optional<int> expert = pool_.FindExpert(assignment.expert());
      if (expert.has_value()) row.committed_persons.push_back(pool_.experts_[*expert].person);
    }
    row.missing = std::max(0, row.people - committed);
    for (const std::string& declined : demand.declined()) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(declined, absl::MaxSplits(' ', 1));
      if (parts.first != slot.id()) continue;
      const std::optional<int> expert = pool_.FindExpert(parts.second);
      if (expert.has_value()) row.declined_persons.push_back(pool_.experts_[*expert].person);
    }
    SortAndUnique(row.committed_persons);
    SortAndUnique(row.declined_persons);
  }

  void AddStandingProposals() {
    for (const v1::Proposal& proposal : input_.proposals) {
      if (proposal.state() != v1::PROPOSAL_STATE_OPEN) continue;
      const auto demand = pool_.demand_rows_.find(proposal.request());
      if (demand == pool_.demand_rows_.end()) continue;
      pool_.demands_[demand->second].has_standing = true;
      for (const v1::Assignment& assignment : proposal.assignments())
        AddStanding(proposal, assignment);
      for (const v1::OpenSlot& open : proposal.open_slots()) {
        if (open.slot().empty()) continue;
        const std::optional<int> slot = pool_.FindSlot(proposal.request(), open.slot());
        if (!slot.has_value()) continue;
        pool_.slots_[*slot].standing_people += std::clamp(open.people(), 0, kMaxPeople);
      }
    }
    for (SlotRow& slot : pool_.slots_) {
      SortAndUnique(slot.standing_experts);
      std::sort(slot.standing_periods.begin(), slot.standing_periods.end(),
                [](const auto& a, const auto& b) {
                  return std::make_tuple(a.first, a.second.length, a.second.number) <
                         std::make_tuple(b.first, b.second.length, b.second.number);
                });
    }
  }

  void AddStanding(const v1::Proposal& proposal, const v1::Assignment& assignment) {
    if (assignment.slot().empty()) return;
    const std::optional<int> slot = pool_.FindSlot(proposal.request(), assignment.slot());
    if (!slot.has_value()) return;
    SlotRow& row = pool_.slots_[*slot];
    ++row.standing_people;
    const std::optional<int> expert = pool_.FindExpert(assignment.expert());
    if (!expert.has_value()) return;
    row.standing_experts.push_back(*expert);
    const std::optional<Period> period = ParsePeriod(assignment.period());
    if (period.has_value()) row.standing_periods.emplace_back(*expert, *period);
  }

  std::vector<std::string> TopicTitles() {
    std::vector<std::string> titles;
    for (int topic = 0; topic < pool_.topics_.size(); ++topic) {
      const std::string& name = pool_.topics_.TextOf(topic);
      const auto found = titles_.find(name);
      const bool is_titled = found != titles_.end() && !found->second.empty();
      titles.push_back(is_titled ? found->second : name);
    }
    return titles;
  }

  const PoolInput& input_;
  const SameAgencies same_agencies_;
  Pool pool_;
  std::vector<const v1::Expert*> experts_;
  absl::flat_hash_map<std::string, int> partner_rows_;
  absl::flat_hash_map<std::string, std::string> titles_;
  absl::flat_hash_map<std::string, const intake::v1::DeliveryType*> delivery_types_;
  // Person and agency whose own or recent agency was overridden.
  absl::flat_hash_set<std::pair<int, int>> overridden_;
};

const google::protobuf::Timestamp& WaitingSince(const v1::Demand& demand) {
  return demand.has_waiting_since() ? demand.waiting_since() : demand.ready_time();
}

int64_t Pool::people_count() const {
  int64_t count = used_open_;
  for (const SlotRow& slot : slots_) count += slot.missing;
  return count;
}

int64_t Pool::program_room() const {
  if (policy_.capacity_open() == 0) return kNoLimit;
  return std::max<int64_t>(0, policy_.capacity_open() - used_open_);
}

void Pool::SetShares() {
  const int64_t whole = people_count();
  for (const v1::PartnerShare& share : policy_.partner_shares()) {
    const auto partner = std::lower_bound(
        partners_.begin(), partners_.end(), share.partner(),
        [](const PartnerRow& row, const std::string& name) { return row.name < name; });
    // A version of the policy is tried on the records of past days too, from before the partner was on record; nobody
    // has a share then. Who proposes one for a partner that is on no record is refused (CheckSharesKnown).
    if (partner == partners_.end() || partner->name != share.partner()) continue;
    const absl::int128 minimum = absl::int128(whole) * share.minimum_e6() + kWhole_e6 - 1;
    partner->least =
        std::max<int64_t>(0, static_cast<int64_t>(minimum / kWhole_e6) - partner->used_open);
    if (share.maximum_e6() == 0) continue;
    const absl::int128 maximum = absl::int128(whole) * share.maximum_e6();
    partner->most =
        std::max<int64_t>(0, static_cast<int64_t>(maximum / kWhole_e6) - partner->used_open);
    partner->least = std::min(partner->least, partner->most);
  }
}

int64_t Pool::OpenPriceOf(const DemandRow& demand) const {
  const int64_t steps = demand.urgency == intake::v1::URGENCY_CRITICAL   ? 2
                        : demand.urgency == intake::v1::URGENCY_ELEVATED ? 1
                                                                         : 0;
  return policy_.unassigned_price() + steps * policy_.urgency_price() +
         demand.days_waited * policy_.waiting_price_per_day();
}

void Pool::SetStartDays(SlotRow& slot) const {
  slot.dates.first = std::max(slot.window.first, today_ + slot.lead_time_days);
  slot.dates.last = std::min(slot.window.last, slot.needed_by);
  slot.first_period = 0;
  slot.periods = 0;
  if (slot.dates.empty()) return;
  slot.first_period = PeriodOf(period_length(), slot.dates.first).number;
  const int32_t count = std::min(
      kPeriodsPerSlot, PeriodOf(period_length(), slot.dates.last).number - slot.first_period + 1);
  slot.periods = (PeriodSet{1} << count) - 1;
}

absl::StatusOr<Pool> Pool::Build(const PoolInput& input) { return PoolBuilder(input).Build(); }

absl::StatusOr<Pool> Pool::Update(const Pool& before, const PoolInput& input,
                                  const PoolTouched& touched) {
  std::optional<Pool> pool = PoolBuilder(input).Update(before, touched);
  if (pool.has_value()) return *std::move(pool);
  return Build(input);
}

std::vector<int> Pool::RecordsOf(int person) const {
  const auto several = index_->persons.find(person);
  return several == index_->persons.end() ? std::vector<int>{person} : several->second;
}

std::optional<int> Pool::FindExpert(absl::string_view name) const {
  const auto found = index_->rows.find(name);
  if (found == index_->rows.end()) return std::nullopt;
  return found->second;
}

std::optional<int> Pool::FindSlot(absl::string_view request, absl::string_view slot_id) const {
  const auto demand = demand_rows_.find(request);
  if (demand == demand_rows_.end()) return std::nullopt;
  const std::vector<int>& rows = demands_[demand->second].slots;
  if (slot_id.empty()) return rows.empty() ? std::nullopt : std::make_optional(rows.front());
  for (const int row : rows) {
    if (slots_[row].id == slot_id) return row;
  }
  return std::nullopt;
}

std::vector<std::string> Pool::PeriodNames(const SlotRow& slot, PeriodSet periods) const {
  std::vector<std::string> names;
  for (int i = 0; i < kPeriodsPerSlot; ++i) {
    if ((periods >> i & 1) == 0) continue;
    const v1::Period length = PeriodOf(period_length(), 0).length;
    names.push_back(PeriodName({length, slot.first_period + i}));
  }
  return names;
}

}  // namespace critac::matching
