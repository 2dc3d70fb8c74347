#include "services/matching/open_slot.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/matching/eligibility.h"
#include "services/matching/forcing.h"
#include "services/matching/proposal.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

// A change as it is told: the record and its field, what that has, what it is to have, and in words.
struct Told {
  std::string subject;
  std::string field;
  std::string from;
  std::string to;
  std::string words;
};

std::string PeriodText(const Pool& pool, int32_t period) {
  return PeriodName({PeriodOf(pool.period_length(), 0).length, period});
}

// `one assignment more`.
std::string MoreText(int64_t amount) {
  return amount == 1 ? std::string("one assignment more")
                     : absl::StrCat(amount, " assignments more");
}

Told ToldRoom(const Pool& pool, const PoolChange& change) {
  const bool of_expert = change.expert >= 0;
  Told told;
  told.subject =
      of_expert ? pool.experts()[change.expert].name : pool.partners()[change.partner].name;
  told.from = absl::StrCat(change.to - change.amount);
  told.to = absl::StrCat(change.to);
  const std::string numbers = absl::StrCat(" (", told.to, " instead of ", told.from, ")");
  if (change.kind == v1::REMEDY_KIND_EXPERT_OPEN) {
    told.field = "capacity_open";
    told.words = absl::StrCat(MoreText(change.amount), " open at once of ", told.subject, numbers);
  } else {
    told.field = "capacity_per_period";
    told.words = absl::StrCat(MoreText(change.amount), " of ", told.subject, " in ",
                              PeriodText(pool, change.period), numbers);
  }
  return told;
}

Told ToldShare(const Pool& pool, const PoolChange& change) {
  Told told;
  told.field = "partner_shares.maximum_e6";
  const std::string& partner = pool.partners()[change.partner].name;
  int64_t share_e6 = 0;
  for (const v1::PartnerShare& share : pool.policy().partner_shares()) {
    if (share.partner() == partner) share_e6 = share.maximum_e6();
  }
  told.from = absl::StrCat(share_e6);
  told.to = absl::StrCat(change.to);
  told.words = absl::StrCat("a maximum share of ", partner, " of ", FractionText(change.to),
                            " instead of ", FractionText(share_e6));
  return told;
}

Told ToldProgram(const Pool& pool, const PoolChange& change) {
  const int64_t from = pool.policy().capacity_open();
  return {"", "capacity_open", absl::StrCat(from), absl::StrCat(change.to),
          absl::StrCat("a capacity of the program of ", change.to, " instead of ", from,
                       " assignments open at once")};
}

Told ToldDate(const Pool& pool, const PoolChange& change) {
  const bool window = change.kind == v1::REMEDY_KIND_WINDOW_END;
  Told told;
  told.subject = pool.slots()[change.slot].request;
  told.field = window ? "slots.window_end" : "needed_by";
  told.from = DayText(static_cast<Day>(change.to - change.amount));
  told.to = DayText(static_cast<Day>(change.to));
  told.words = absl::StrCat(window ? "the slot's window open until " : "help needed by ", told.to,
                            " instead of ", told.from, ", ", change.amount,
                            change.amount == 1 ? " day later" : " days later");
  return told;
}

Told ToldPrice(const Pool& pool, const PoolChange& change) {
  Told told;
  if (change.kind == v1::REMEDY_KIND_UNASSIGNED_PRICE) {
    told.field = "unassigned_price";
    told.from = absl::StrCat(pool.policy().unassigned_price());
    told.to = absl::StrCat(change.to);
    told.words = absl::StrCat("a price of ", FractionText(change.to), " instead of ",
                              FractionText(pool.policy().unassigned_price()),
                              " of leaving a person unassigned");
    return told;
  }
  const DemandRow& demand = pool.demands()[pool.slots()[change.slot].demand];
  const auto urgency = static_cast<intake::v1::Urgency>(change.to);
  told.subject = demand.request;
  told.field = "urgency";
  told.from = intake::v1::Urgency_Name(demand.urgency);
  told.to = intake::v1::Urgency_Name(urgency);
  told.words =
      absl::StrCat("urgency ", UrgencyWord(urgency), " instead of ", UrgencyWord(demand.urgency));
  return told;
}

Told ToldTopic(const Pool& pool, const PoolChange& change) {
  const std::string& title = pool.topic_title(pool.slots()[change.slot].topic);
  const auto held = static_cast<intake::v1::Level>(change.to - change.amount);
  const auto level = static_cast<intake::v1::Level>(change.to);
  Told told;
  told.field = "topics";
  if (held != intake::v1::LEVEL_UNSPECIFIED) told.from = absl::StrCat(title, " ", LevelWord(held));
  told.to = absl::StrCat(title, " ", LevelWord(level));
  told.words = absl::StrCat(" holding ", title, " as ", LevelWord(level),
                            told.from.empty() ? std::string(" (now not at all)")
                                              : absl::StrCat(" (now as ", LevelWord(held), ")"));
  return told;
}

// Words go after the expert's name.
Told ToldOfExpert(const Pool& pool, const PoolChange& change) {
  const SlotRow& slot = pool.slots()[change.slot];
  switch (change.kind) {
    case v1::REMEDY_KIND_AVAILABILITY: {
      const std::string day = DayText(static_cast<Day>(change.to));
      return {"", "unavailable", "", day, absl::StrCat(" free on ", day)};
    }
    case v1::REMEDY_KIND_TRAVEL: {
      const int64_t km = change.to - change.amount;
      return {"", "travel_radius_km", absl::StrCat(km), absl::StrCat(change.to),
              absl::StrCat(" traveling ", change.to, " km instead of ", km, " km")};
    }
    case v1::REMEDY_KIND_MODE:
      return {"", "modes", "",
              type::v1::DeliveryMode_Name(change.to == 1 ? type::v1::DELIVERY_MODE_ON_SITE
                                                         : type::v1::DELIVERY_MODE_VIRTUAL),
              change.to == 1 ? " working on site" : " working virtually"};
    case v1::REMEDY_KIND_ACTIVE:
      return {"", "active", "false", "true", " active"};
    case v1::REMEDY_KIND_LANGUAGE:
      return {"", "languages", "", slot.language, absl::StrCat(" speaking ", slot.language)};
    case v1::REMEDY_KIND_CREDENTIAL: {
      const std::string day = DayText(static_cast<Day>(change.to));
      return {"", "credentials", "", absl::StrCat(slot.credential_title, " ", day),
              absl::StrCat(" holding the credential ", slot.credential_title, " until ", day)};
    }
    default:
      return ToldTopic(pool, change);
  }
}

Told ToldOf(const Pool& pool, const PoolChange& change) {
  switch (change.kind) {
    case v1::REMEDY_KIND_EXPERT_PERIOD:
    case v1::REMEDY_KIND_EXPERT_OPEN:
    case v1::REMEDY_KIND_PARTNER_PERIOD:
      return ToldRoom(pool, change);
    case v1::REMEDY_KIND_PARTNER_SHARE:
      return ToldShare(pool, change);
    case v1::REMEDY_KIND_PROGRAM_OPEN:
      return ToldProgram(pool, change);
    case v1::REMEDY_KIND_WINDOW_END:
    case v1::REMEDY_KIND_NEEDED_BY:
      return ToldDate(pool, change);
    case v1::REMEDY_KIND_URGENCY:
    case v1::REMEDY_KIND_UNASSIGNED_PRICE:
      return ToldPrice(pool, change);
    default: {
      Told told = ToldOfExpert(pool, change);
      told.subject = pool.experts()[change.expert].name;
      told.words = told.subject + told.words;
      return told;
    }
  }
}

v1::RemedyChange MessageOf(const Pool& pool, const PoolChange& change) {
  Told told = ToldOf(pool, change);
  v1::RemedyChange message;
  message.set_kind(change.kind);
  message.set_subject(std::move(told.subject));
  message.set_field(std::move(told.field));
  message.set_from(std::move(told.from));
  message.set_to(std::move(told.to));
  message.set_amount(change.amount);
  if (change.kind == v1::REMEDY_KIND_EXPERT_PERIOD ||
      change.kind == v1::REMEDY_KIND_PARTNER_PERIOD) {
    message.set_period(PeriodText(pool, change.period));
  }
  message.set_explanation(std::move(told.words));
  return message;
}

v1::Remedy MessageOf(const Pool& pool, const Remedy& remedy, absl::Span<const std::string> hidden) {
  v1::Remedy message;
  std::vector<std::string> with;
  for (const PoolChange& change : remedy.changes) {
    *message.add_changes() = MessageOf(pool, change);
    with.push_back(message.changes().rbegin()->explanation());
  }
  std::vector<std::string> then;
  for (const PlanChange& change : remedy.plan_changes) {
    const std::string& request = pool.slots()[change.slot].request;
    if (std::binary_search(hidden.begin(), hidden.end(), request)) continue;
    *message.add_plan_changes() = MessageOf(pool, change);
    then.push_back(PlanChangeText(*message.plan_changes().rbegin()));
  }
  message.set_summary(
      absl::StrCat("With ", absl::StrJoin(with, " and "), ": ", absl::StrJoin(then, ", "), "."));
  return message;
}

// How many experts are out at which gate.
std::map<v1::Gate, v1::GateCount> CountsOf(const Pool& pool, int slot) {
  std::map<v1::Gate, v1::GateCount> counts;
  for (const ExpertRow& expert : pool.experts()) {
    const v1::Gate gate = CheckGatesWithout(pool, pool.slots()[slot], expert, 0).gate;
    if (gate == v1::GATE_UNSPECIFIED) continue;
    v1::GateCount& count = counts[gate];
    count.set_gate(gate);
    count.set_count(count.count() + 1);
    // Without a partner no other gate can be asked.
    if (expert.partner < 0) continue;
    const GateSet others_only = SetOf(gate) | SetOf(v1::GATE_CAPACITY);
    const bool alone = CheckGatesWithout(pool, pool.slots()[slot], expert, others_only).eligible();
    count.set_alone_count(count.alone_count() + (alone ? 1 : 0));
  }
  return counts;
}

std::string AloneText(const std::map<v1::Gate, v1::GateCount>& counts, v1::Gate gate,
                      absl::string_view what) {
  const auto found = counts.find(gate);
  if (found == counts.end() || found->second.alone_count() == 0) return "";
  return absl::StrCat(" ", GateCountText(gate, found->second.alone_count()), what);
}

}  // namespace

v1::ExplainedOpenSlot ExplainOpenSlot(const Pool& pool, const Plan& plan, int slot,
                                      RemedyFinder& finder, absl::Span<const std::string> hidden) {
  v1::ExplainedOpenSlot explained;
  *explained.mutable_open() = OpenSlotOf(pool, plan, slot);
  const std::map<v1::Gate, v1::GateCount> counts = CountsOf(pool, slot);
  for (const auto& [gate, count] : counts) *explained.add_gates() = count;
  const Remedies found = finder.Find(slot);
  for (const Remedy& remedy : found.remedies) {
    *explained.add_remedies() = MessageOf(pool, remedy, hidden);
  }
  explained.set_complete(found.complete);
  std::string summary =
      !found.remedies.empty() ? explained.remedies(0).summary()
      : found.complete
          ? "Nothing fills it that is one unit of room, one date, one price, or of one expert."
          : "Nothing that was tried fills it.";
  summary += AloneText(counts, v1::GATE_CONFLICT,
                       " and passes all else; only a second person can override that.");
  summary += AloneText(counts, v1::GATE_DECLINED, ", and passes all else.");
  explained.set_summary(std::move(summary));
  return explained;
}

}  // namespace critac::matching
