#ifndef SERVICES_MATCHING_OFFER_DECISIONS_H_
#define SERVICES_MATCHING_OFFER_DECISIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "common/base/calendar.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"

// What becomes of offers that are not answered, of slots offered in vain, and of a team that lost an expert. Pure.
namespace critac::matching {

// ---- Time ---------------------------------------------------------------------------------------

// The days on which a partner is reminded of an offer made on `made`: every so many business days of the policy, up to
// the last day to answer. Empty where the policy says 0, or more days than there are to answer.
std::vector<std::string> ReminderDays(absl::CivilDay made, absl::CivilDay answer_by,
                                      const v1::Policy& policy, const BusinessCalendar& calendar);

enum class OfferStep {
  kNothing,
  kRemind,    // a day to remind has come
  kExpire,    // the last day to answer is over
  kTakeBack,  // the expert is not eligible in the offer's period any more, or it is over
};

struct OfferDue {
  OfferStep step = OfferStep::kNothing;
  // For kRemind: its number. Reminders whose days passed unnoticed are not made up for; the last one stands for them.
  int reminder = 0;
};

// Whether the period whose capacity the offer would take is over on `today`. A unit is used in the period it starts
// in, and nothing starts in one that is past.
bool IsPeriodOver(const v1::Offer& offer, absl::CivilDay today);

// Refuses to accept an offer then: FAILED_PRECONDITION, reason PERIOD_OVER.
absl::Status CheckPeriodGoesOn(const v1::Offer& offer, absl::CivilDay today);

// What is due for an offer on `today`. Nothing for one that is not open. Where several are: the expert, then the end
// of its period or of the time to answer, whichever came first: whoever still had time has refused nothing.
OfferDue DueFor(const v1::Offer& offer, bool eligible, absl::CivilDay today);

// The day of the next reminder, the first that is not over; it may be past, where what was due was not done yet. Empty:
// none is left, or the offer is not open.
std::string NextReminder(const v1::Offer& offer);

// ---- Slots offered in vain ----------------------------------------------------------------------

// Whether a slot waits for a person.
bool IsEscalated(const v1::Demand& demand, absl::string_view slot);

// Whether a slot is to be put before a person now: it does not wait for one yet, and was refused as often as the policy
// allows.
bool ShouldEscalate(const v1::Demand& demand, absl::string_view slot, const v1::Policy& policy);

// Whether a slot may be offered without a decision on this proposal: where the policy approves by itself, or offers to
// the next best after a refusal; never once it is escalated.
bool MayOfferUnasked(const v1::Demand& demand, absl::string_view slot, const v1::Policy& policy);

// What going ahead with fewer people means for a slot: those who have accepted stay, what is open is taken back;
// `engagement` is the demand's, or null. Reason and actor are the caller's to set. INVALID_ARGUMENT: no such slot.
// FAILED_PRECONDITION, reason NOT_OPEN_FOR_MATCHING: nobody is sought for the request; SLOT_FILLED: everybody has
// accepted; NOTHING_LEFT: it is the only slot, nobody has, and nothing was delivered before.
absl::StatusOr<v1::SlotReduced> ReductionOf(const v1::Demand& demand, absl::string_view slot,
                                            absl::Span<const v1::Offer* const> offers,
                                            const v1::Engagement* engagement);

// ---- A lost expert ------------------------------------------------------------------------------

// What the loss of an expert means for an engagement. Code and reason are the caller's to set. INVALID_ARGUMENT: no
// such slot, or the expert does not serve in it. FAILED_PRECONDITION, reason ENGAGEMENT_OVER or SLOT_OVER.
absl::StatusOr<v1::ExpertReleased> ReleaseOf(const v1::Engagement& engagement,
                                             absl::string_view slot, absl::string_view expert);

// The team that an engagement has once all people of its demand have accepted again, or their places are given up.
v1::TeamRestored RestoredTeam(const v1::Engagement& engagement, const v1::Demand& demand);

// Slots that the demand's people decided to do without, as an engagement states them.
std::vector<v1::Waiver> WaiversOf(const v1::Demand& demand);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OFFER_DECISIONS_H_
