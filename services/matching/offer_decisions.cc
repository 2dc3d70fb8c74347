#include "services/matching/offer_decisions.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/engagements.h"
#include "services/matching/period.h"
#include "services/matching/proposal_decisions.h"

namespace critac::matching {
namespace {

const v1::SlotRefusals* RefusalsOf(const v1::Demand& demand, absl::string_view slot) {
  for (const v1::SlotRefusals& one : demand.refusals()) {
    if (one.slot() == slot) return &one;
  }
  return nullptr;
}

absl::StatusOr<const intake::v1::Slot*> FindSlot(const v1::Demand& demand, absl::string_view slot) {
  for (const intake::v1::Slot& one : demand.slots()) {
    if (one.id() == slot) return &one;
  }
  return NoSuchSlot(demand, slot, "slot");
}

}  // namespace

std::vector<std::string> ReminderDays(absl::CivilDay made, absl::CivilDay answer_by,
                                      const v1::Policy& policy, const BusinessCalendar& calendar) {
  std::vector<std::string> days;
  const int every = policy.reminder_business_days();
  if (every <= 0) return days;
  for (absl::CivilDay day = calendar.AddDays(made, every); day <= answer_by;
       day = calendar.AddDays(day, every)) {
    days.push_back(FormatDate(day));
  }
  return days;
}

bool IsPeriodOver(const v1::Offer& offer, absl::CivilDay today) {
  const std::optional<Period> period = ParsePeriod(offer.assignment().period());
  return period.has_value() && DaysOf(*period).last < DayNumber(today);
}

absl::Status CheckPeriodGoesOn(const v1::Offer& offer, absl::CivilDay today) {
  if (!IsPeriodOver(offer, today)) return absl::OkStatus();
  return FailedPrecondition("PERIOD_OVER", offer.name(),
                            absl::StrCat("is for ", offer.assignment().period(),
                                         ", which is over; it is taken back, and its slot is "
                                         "matched again"));
}

OfferDue DueFor(const v1::Offer& offer, bool eligible, absl::CivilDay today) {
  if (offer.state() != v1::OFFER_STATE_OPEN) return {};
  if (!eligible) return {OfferStep::kTakeBack};
  const auto answer_by = ParseDate(offer.answer_by());
  const bool period_ends_first = !answer_by.has_value() || IsPeriodOver(offer, *answer_by);
  if (period_ends_first && IsPeriodOver(offer, today)) return {OfferStep::kTakeBack};
  if (answer_by.has_value() && today > *answer_by) return {OfferStep::kExpire};
  // ISO dates sort as text.
  const std::string now = FormatDate(today);
  const int passed =
      static_cast<int>(std::count_if(offer.remind_on().begin(), offer.remind_on().end(),
                                     [&now](const std::string& day) { return day <= now; }));
  if (passed > offer.reminder_count()) return {OfferStep::kRemind, passed};
  return {};
}

std::string NextReminder(const v1::Offer& offer) {
  const bool is_left = offer.reminder_count() < offer.remind_on_size();
  if (offer.state() != v1::OFFER_STATE_OPEN || !is_left) return "";
  return offer.remind_on(offer.reminder_count());
}

bool IsEscalated(const v1::Demand& demand, absl::string_view slot) {
  const v1::SlotRefusals* refusals = RefusalsOf(demand, slot);
  return refusals != nullptr && refusals->has_escalate_time();
}

bool ShouldEscalate(const v1::Demand& demand, absl::string_view slot, const v1::Policy& policy) {
  const v1::SlotRefusals* refusals = RefusalsOf(demand, slot);
  return policy.escalate_after_offers() > 0 && refusals != nullptr &&
         !refusals->has_escalate_time() && refusals->count() >= policy.escalate_after_offers();
}

bool MayOfferUnasked(const v1::Demand& demand, absl::string_view slot, const v1::Policy& policy) {
  if (IsEscalated(demand, slot)) return false;
  if (policy.approve_automatically()) return true;
  const v1::SlotRefusals* refusals = RefusalsOf(demand, slot);
  return policy.reoffer_automatically() && refusals != nullptr && refusals->count() > 0;
}

absl::StatusOr<v1::SlotReduced> ReductionOf(const v1::Demand& demand, absl::string_view slot,
                                            absl::Span<const v1::Offer* const> offers,
                                            const v1::Engagement* engagement) {
  if (demand.state() != v1::DEMAND_STATE_OPEN && demand.state() != v1::DEMAND_STATE_OFFERED) {
    return FailedPrecondition(
        "NOT_OPEN_FOR_MATCHING", demand.name(),
        absl::StrCat("nobody is sought for it: ", v1::DemandState_Name(demand.state())));
  }
  ASSIGN_OR_RETURN(const intake::v1::Slot* wanted, FindSlot(demand, slot));
  if (IsFilled(*wanted, offers)) {
    return FailedPrecondition("SLOT_FILLED", demand.name(),
                              absl::StrCat("slot ", slot, " has all its people"));
  }
  const int accepted = AcceptedPeople(slot, offers);
  const bool delivered = engagement != nullptr && engagement->deliveries_size() > 0;
  if (accepted == 0 && demand.slots_size() == 1 && !delivered) {
    return FailedPrecondition(
        "NOTHING_LEFT", demand.name(),
        absl::StrCat("slot ", slot, " is all that is asked for, and nobody has accepted it; ",
                     "withdraw or refer the request instead"));
  }
  v1::SlotReduced reduced;
  reduced.set_demand(demand.name());
  reduced.mutable_reduction()->set_slot(std::string(slot));
  reduced.mutable_reduction()->set_people(accepted);
  for (const v1::Offer* offer : offers) {
    if (offer->state() == v1::OFFER_STATE_OPEN && offer->assignment().slot() == slot) {
      reduced.add_withdrawn_offers(offer->name());
    }
  }
  reduced.set_superseded_proposal(demand.proposal());
  reduced.set_resets_refusals(true);
  return reduced;
}

absl::StatusOr<v1::ExpertReleased> ReleaseOf(const v1::Engagement& engagement,
                                             absl::string_view slot, absl::string_view expert) {
  RETURN_IF_ERROR(CheckGoesOn(engagement, slot, "slot"));
  const auto lost = std::find_if(
      engagement.assignments().begin(), engagement.assignments().end(),
      [&](const v1::Assignment& one) { return one.slot() == slot && one.expert() == expert; });
  if (lost == engagement.assignments().end()) {
    return InvalidField("expert", absl::StrCat(expert, " does not serve in slot ", slot));
  }
  v1::ExpertReleased released;
  released.set_engagement(engagement.name());
  *released.mutable_assignment() = *lost;
  released.set_frees_period(
      std::none_of(engagement.deliveries().begin(), engagement.deliveries().end(),
                   [&](const v1::Delivery& delivery) { return delivery.slot() == slot; }));
  return released;
}

v1::TeamRestored RestoredTeam(const v1::Engagement& engagement, const v1::Demand& demand) {
  v1::TeamRestored restored;
  restored.set_engagement(engagement.name());
  v1::Engagement after = engagement;
  *after.mutable_assignments() = EngagementOf(demand).assignments();
  for (const v1::Waiver& waiver : WaiversOf(demand)) {
    const auto is_known = [&](const v1::Waiver& one) { return one.slot() == waiver.slot(); };
    if (std::any_of(after.waivers().begin(), after.waivers().end(), is_known)) continue;
    *after.add_waivers() = waiver;
    *restored.add_waivers() = waiver;
  }
  after.clear_sought_slots();
  const std::vector<v1::Assignment> team(after.assignments().begin(), after.assignments().end());
  const bool still_leads = std::any_of(team.begin(), team.end(), [&](const v1::Assignment& one) {
    return one.partner() == engagement.lead_partner();
  });
  const bool keeps_lead = still_leads || team.empty();
  restored.set_lead_partner(keeps_lead ? engagement.lead_partner() : LeadPartner(team));
  restored.set_state(StateAfter(after, false, ""));
  *restored.mutable_assignments() = after.assignments();
  return restored;
}

std::vector<v1::Waiver> WaiversOf(const v1::Demand& demand) {
  std::vector<v1::Waiver> waivers;
  for (const v1::SlotReduction& one : demand.reductions()) {
    if (one.people() > 0) continue;
    v1::Waiver& waiver = waivers.emplace_back();
    waiver.set_slot(one.slot());
    waiver.set_reason(one.reason());
    waiver.set_actor(one.actor());
  }
  return waivers;
}

}  // namespace critac::matching
