#include "services/matching/engagements.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

// Corrections of an engagement's deliveries.
constexpr int kMostAmendments = 200;

std::set<std::string> SlotsOver(const v1::Engagement& engagement) {
  std::set<std::string> over;
  for (const v1::Delivery& delivery : engagement.deliveries()) {
    if (delivery.completes_slot()) over.insert(delivery.slot());
  }
  for (const v1::Waiver& waiver : engagement.waivers()) over.insert(waiver.slot());
  return over;
}

// A request whose team lost an expert goes back to matching, and waits there.
std::vector<intake::v1::RequestAction> ActionsWhileIncomplete(intake::v1::RequestState state) {
  switch (state) {
    case intake::v1::REQUEST_STATE_MATCHED:
    case intake::v1::REQUEST_STATE_PLANNED:
    case intake::v1::REQUEST_STATE_IN_DELIVERY:
      return {intake::v1::REQUEST_ACTION_REMATCH};
    default:
      return {};
  }
}

// An engagement with `delivery` in the place of the one with this id; null: without it.
v1::Engagement With(v1::Engagement engagement, absl::string_view id, const v1::Delivery* delivery) {
  auto& deliveries = *engagement.mutable_deliveries();
  for (auto one = deliveries.begin(); one != deliveries.end(); ++one) {
    if (one->id() != id) continue;
    if (delivery == nullptr) {
      deliveries.erase(one);
    } else {
      *one = *delivery;
    }
    break;
  }
  return engagement;
}

// A slot does not end while its search for another expert goes on, which only a person's decision ends.
absl::Status CheckNotSought(const v1::Engagement& engagement, absl::string_view slot) {
  const auto& sought = engagement.sought_slots();
  if (std::find(sought.begin(), sought.end(), slot) == sought.end()) return absl::OkStatus();
  return FailedPrecondition(
      "SLOT_SOUGHT", engagement.name(),
      absl::StrCat("another expert is sought for slot ", slot,
                   "; to go ahead without one, reduce the slot of the request's demand"));
}

absl::Status CheckSlot(const v1::Engagement& engagement, absl::string_view slot,
                       absl::string_view path) {
  const std::set<std::string> slots = SlotsOf(engagement);
  if (slots.contains(std::string(slot))) return absl::OkStatus();
  return InvalidField(
      path,
      absl::StrCat("'", slot, "' is none of the engagement's slots: ", absl::StrJoin(slots, ", ")));
}

absl::Status SlotOver(const v1::Engagement& engagement, absl::string_view slot) {
  return FailedPrecondition("SLOT_OVER", engagement.name(),
                            absl::StrCat("slot ", slot, " is delivered or waived already"));
}

// Each rank once, and no more people than took part.
absl::Status CheckRanks(const v1::Attendance& attendance) {
  std::set<v1::Rank> ranks;
  int64_t people = 0;
  for (int i = 0; i < attendance.by_rank_size(); ++i) {
    const v1::RankAttendance& one = attendance.by_rank(i);
    if (!ranks.insert(one.rank()).second) {
      return InvalidField(absl::StrCat("delivery.attendance.by_rank[", i, "].rank"),
                          absl::StrCat(v1::Rank_Name(one.rank()), " stands there twice"));
    }
    people += one.people();
  }
  const int64_t present = int64_t{attendance.on_site()} + attendance.virtual_();
  if (people <= present) return absl::OkStatus();
  return InvalidField("delivery.attendance.by_rank",
                      absl::StrCat("adds up to ", people, " people, and ", present, " took part"));
}

// What a delivery says of itself: a day that is not in the future, a mode that fits, no more people by rank than took
// part.
absl::Status CheckFacts(const v1::Delivery& delivery, absl::CivilDay today) {
  const auto date = ParseDate(delivery.date());
  if (!date.has_value())
    return InvalidField("delivery.date", absl::StrCat("'", delivery.date(), "' is not a date"));
  if (*date > today) {
    return InvalidField(
        "delivery.date",
        absl::StrCat(delivery.date(), " lies in the future; a delivery is recorded when it ",
                     "has taken place"));
  }
  if (delivery.mode() == type::v1::DELIVERY_MODE_VIRTUAL && delivery.attendance().on_site() > 0) {
    return InvalidField("delivery.attendance.on_site", "is not 0, and the delivery was virtual");
  }
  return CheckRanks(delivery.attendance());
}

int64_t Used(const v1::CapacityUse* use) { return use == nullptr ? 0 : use->used(); }

absl::Status NoCapacity(absl::string_view owner, absl::string_view where, int64_t capacity,
                        int64_t used) {
  return FailedPrecondition(
      "NO_CAPACITY", owner,
      absl::StrCat("has no capacity left ", where, ": ", used, " of ", capacity, " used"));
}

}  // namespace

absl::Status CheckAnswerable(const v1::Offer& offer, absl::CivilDay today) {
  if (offer.state() != v1::OFFER_STATE_OPEN) {
    return FailedPrecondition(
        "OFFER_NOT_OPEN", offer.name(),
        absl::StrCat("is not open any more: ", v1::OfferState_Name(offer.state())));
  }
  const auto answer_by = ParseDate(offer.answer_by());
  if (answer_by.has_value() && today > *answer_by) {
    return FailedPrecondition("OFFER_EXPIRED", offer.name(),
                              absl::StrCat("could be answered until ", offer.answer_by()));
  }
  return absl::OkStatus();
}

absl::Status CheckCapacity(const v1::Assignment& assignment, const v1::Expert& expert,
                           const v1::Partner& partner, const v1::CapacityUse* expert_period,
                           const v1::CapacityUse* expert_open,
                           const v1::CapacityUse* partner_period) {
  const std::string period = absl::StrCat("in ", assignment.period());
  if (Used(expert_period) >= expert.capacity_per_period()) {
    return NoCapacity(expert.name(), period, expert.capacity_per_period(), Used(expert_period));
  }
  if (Used(expert_open) >= expert.capacity_open()) {
    return NoCapacity(expert.name(), "for one more open at once", expert.capacity_open(),
                      Used(expert_open));
  }
  if (partner.capacity_per_period() > 0 && Used(partner_period) >= partner.capacity_per_period()) {
    return NoCapacity(partner.name(), period, partner.capacity_per_period(), Used(partner_period));
  }
  return absl::OkStatus();
}

absl::Status CheckProgramCapacity(const v1::Policy& policy, int64_t used) {
  if (policy.capacity_open() == 0 || used < policy.capacity_open()) return absl::OkStatus();
  return NoCapacity(policy.name(), "of the program for one more open at once",
                    policy.capacity_open(), used);
}

int AcceptedPeople(absl::string_view slot, absl::Span<const v1::Offer* const> offers) {
  return static_cast<int>(std::count_if(offers.begin(), offers.end(), [&](const v1::Offer* offer) {
    return offer->state() == v1::OFFER_STATE_ACCEPTED && offer->assignment().slot() == slot;
  }));
}

bool IsFilled(const intake::v1::Slot& slot, absl::Span<const v1::Offer* const> offers) {
  return AcceptedPeople(slot.id(), offers) >= std::max(1, slot.people());
}

bool AllAccepted(const v1::Demand& demand, absl::Span<const v1::Offer* const> offers) {
  return std::all_of(demand.slots().begin(), demand.slots().end(),
                     [&](const intake::v1::Slot& slot) { return IsFilled(slot, offers); });
}

bool TakesPart(const v1::Engagement& engagement, absl::string_view partner) {
  return engagement.lead_partner() == partner ||
         std::any_of(engagement.assignments().begin(), engagement.assignments().end(),
                     [&](const v1::Assignment& one) { return one.partner() == partner; });
}

std::string PartnersOf(const v1::Engagement& engagement) {
  std::set<std::string> partners = {engagement.lead_partner()};
  for (const v1::Assignment& one : engagement.assignments()) partners.insert(one.partner());
  partners.erase("");
  return absl::StrCat(" ", absl::StrJoin(partners, " "), " ");
}

std::string LeadPartner(absl::Span<const v1::Assignment> assignments) {
  std::map<std::string, int> people;
  for (const v1::Assignment& assignment : assignments) ++people[assignment.partner()];
  std::string lead;
  int most = 0;
  for (const auto& [partner, count] : people) {
    if (count > most) lead = partner;
    most = std::max(most, count);
  }
  return lead;
}

v1::Engagement EngagementOf(const v1::Demand& demand) {
  v1::Engagement engagement;
  engagement.set_request(demand.request());
  *engagement.mutable_agency() = demand.agency();
  *engagement.mutable_slots() = demand.slots();
  std::vector<v1::Assignment> assignments(demand.committed().begin(), demand.committed().end());
  std::sort(assignments.begin(), assignments.end(),
            [](const v1::Assignment& a, const v1::Assignment& b) {
              return std::tie(a.slot(), a.expert()) < std::tie(b.slot(), b.expert());
            });
  engagement.set_lead_partner(LeadPartner(assignments));
  for (v1::Assignment& assignment : assignments)
    *engagement.add_assignments() = std::move(assignment);
  engagement.set_state(v1::ENGAGEMENT_STATE_AGREED);
  return engagement;
}

std::set<std::string> SlotsOf(const v1::Engagement& engagement) {
  std::set<std::string> slots;
  for (const v1::Assignment& assignment : engagement.assignments()) slots.insert(assignment.slot());
  slots.insert(engagement.sought_slots().begin(), engagement.sought_slots().end());
  return slots;
}

absl::Status CheckUnderWay(const v1::Engagement& engagement) {
  if (engagement.state() == v1::ENGAGEMENT_STATE_AGREED ||
      engagement.state() == v1::ENGAGEMENT_STATE_IN_DELIVERY) {
    return absl::OkStatus();
  }
  return FailedPrecondition("ENGAGEMENT_OVER", engagement.name(),
                            "is over; nothing more is recorded for it");
}

absl::Status CheckGoesOn(const v1::Engagement& engagement, absl::string_view slot,
                         absl::string_view path) {
  RETURN_IF_ERROR(CheckUnderWay(engagement));
  RETURN_IF_ERROR(CheckSlot(engagement, slot, path));
  return SlotsOver(engagement).contains(std::string(slot)) ? SlotOver(engagement, slot)
                                                           : absl::OkStatus();
}

absl::Status CheckDelivery(const v1::Engagement& engagement, const v1::Delivery& delivery,
                           absl::CivilDay today) {
  RETURN_IF_ERROR(CheckGoesOn(engagement, delivery.slot(), "delivery.slot"));
  RETURN_IF_ERROR(CheckFacts(delivery, today));
  return delivery.completes_slot() ? CheckNotSought(engagement, delivery.slot()) : absl::OkStatus();
}

absl::CivilDay DayAgreed(const v1::Engagement& engagement) {
  return DayOf(absl::FromUnixSeconds(engagement.create_time().seconds()));
}

absl::Status CheckDay(const v1::Engagement& engagement, const v1::Delivery& delivery) {
  const auto date = ParseDate(delivery.date());
  if (date.has_value() && *date >= DayAgreed(engagement)) return absl::OkStatus();
  return InvalidField("delivery.date",
                      absl::StrCat(delivery.date(), " is before the engagement was agreed, ",
                                   FormatDate(DayAgreed(engagement))));
}

absl::Status CheckType(const intake::v1::Catalog& catalog, const v1::Delivery& delivery) {
  std::vector<absl::string_view> types;
  for (const intake::v1::CatalogEntry& entry : catalog.entries()) {
    if (!entry.has_delivery_type()) continue;
    if (entry.name() == delivery.delivery_type()) return absl::OkStatus();
    types.push_back(entry.name());
  }
  return InvalidField("delivery.delivery_type",
                      absl::StrCat("'", delivery.delivery_type(), "' is none of the catalog's: ",
                                   types.empty() ? "it has none" : absl::StrJoin(types, ", ")));
}

absl::Status CheckAmendment(const v1::Engagement& engagement, const v1::Delivery& before,
                            const v1::Delivery& delivery, absl::CivilDay today) {
  if (engagement.state() == v1::ENGAGEMENT_STATE_ENDED) {
    return FailedPrecondition("ENGAGEMENT_OVER", engagement.name(),
                              "was given up; its deliveries stay as they are");
  }
  if (engagement.amendments_size() >= kMostAmendments) {
    return FailedPrecondition(
        "TOO_MANY_AMENDMENTS", engagement.name(),
        absl::StrCat("its deliveries were corrected ", kMostAmendments, " times"));
  }
  const bool stays = delivery.slot() == before.slot();
  if (!stays) RETURN_IF_ERROR(CheckSlot(engagement, delivery.slot(), "delivery.slot"));
  RETURN_IF_ERROR(CheckFacts(delivery, today));
  if (delivery.date() != before.date() && engagement.external_id().empty()) {
    RETURN_IF_ERROR(CheckDay(engagement, delivery));
  }
  const bool completes_still = before.completes_slot() && delivery.completes_slot() && stays;
  if (before.completes_slot() && !completes_still &&
      engagement.state() == v1::ENGAGEMENT_STATE_DELIVERED) {
    return FailedPrecondition(
        "SLOT_COMPLETED", engagement.name(),
        absl::StrCat("is delivered, and its slot ", before.slot(), " by ", before.id(),
                     ", which goes on completing it; all else can be corrected"));
  }
  if (!delivery.completes_slot() || completes_still) return absl::OkStatus();
  if (SlotsOver(With(engagement, before.id(), nullptr)).contains(delivery.slot())) {
    return SlotOver(engagement, delivery.slot());
  }
  return CheckNotSought(engagement, delivery.slot());
}

const v1::Delivery* FindDelivery(const v1::Engagement& engagement, absl::string_view id) {
  const auto found = std::find_if(engagement.deliveries().begin(), engagement.deliveries().end(),
                                  [&](const v1::Delivery& one) { return one.id() == id; });
  return found == engagement.deliveries().end() ? nullptr : &*found;
}

v1::EngagementState StateAmended(const v1::Engagement& engagement, const v1::Delivery& delivery) {
  if (engagement.state() == v1::ENGAGEMENT_STATE_DELIVERED) return engagement.state();
  return StateAfter(With(engagement, delivery.id(), &delivery), true, "");
}

absl::Status CheckWaiver(const v1::Engagement& engagement, absl::string_view slot) {
  RETURN_IF_ERROR(CheckGoesOn(engagement, slot, "slot"));
  return CheckNotSought(engagement, slot);
}

v1::EngagementState StateAfter(const v1::Engagement& engagement, bool delivered,
                               absl::string_view ended_slot) {
  std::set<std::string> over = SlotsOver(engagement);
  if (!ended_slot.empty()) over.emplace(ended_slot);
  const std::set<std::string> slots = SlotsOf(engagement);
  const bool all = std::includes(over.begin(), over.end(), slots.begin(), slots.end());
  if (all && (delivered || engagement.deliveries_size() > 0)) return v1::ENGAGEMENT_STATE_DELIVERED;
  // Waivers alone deliver nothing: a coordinator withdraws or refers such a request.
  if (delivered || engagement.deliveries_size() > 0) return v1::ENGAGEMENT_STATE_IN_DELIVERY;
  return engagement.state();
}

std::vector<intake::v1::RequestAction> ActionsDue(const v1::Engagement& engagement,
                                                  intake::v1::RequestState state) {
  using namespace intake::
      v1;  // NOLINT(google-build-using-namespace): a table of the lifecycle's names
  const bool started = engagement.state() == v1::ENGAGEMENT_STATE_IN_DELIVERY ||
                       engagement.state() == v1::ENGAGEMENT_STATE_DELIVERED;
  const bool done = engagement.state() == v1::ENGAGEMENT_STATE_DELIVERED;
  if (engagement.sought_slots_size() > 0) return ActionsWhileIncomplete(state);
  switch (state) {
    case REQUEST_STATE_READY:
      return {REQUEST_ACTION_RECORD_MATCH};
    case REQUEST_STATE_PLANNED:
      if (!started) return {};
      if (!done) return {REQUEST_ACTION_START_DELIVERY};
      return {REQUEST_ACTION_START_DELIVERY, REQUEST_ACTION_COMPLETE_DELIVERY};
    case REQUEST_STATE_IN_DELIVERY:
      return done ? std::vector<RequestAction>{REQUEST_ACTION_COMPLETE_DELIVERY}
                  : std::vector<RequestAction>{};
    default:
      return {};
  }
}

std::string CauseOf(const v1::Engagement& engagement) {
  if (engagement.loss_count() == 0) return engagement.name();
  return absl::StrCat(engagement.name(), " after loss ", engagement.loss_count());
}

bool IsSettled(const v1::Engagement& engagement, intake::v1::RequestState state) {
  using namespace intake::
      v1;  // NOLINT(google-build-using-namespace): a table of the lifecycle's names
  switch (state) {
    case REQUEST_STATE_DELIVERED:
    case REQUEST_STATE_CLOSED:
      return engagement.state() == v1::ENGAGEMENT_STATE_DELIVERED;
    case REQUEST_STATE_REFERRED:
    case REQUEST_STATE_INELIGIBLE:
    case REQUEST_STATE_DUPLICATE:
    case REQUEST_STATE_WITHDRAWN:
      return true;
    default:
      return false;
  }
}

}  // namespace critac::matching
