#ifndef SERVICES_MATCHING_ENGAGEMENTS_H_
#define SERVICES_MATCHING_ENGAGEMENTS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"

// Offers answered, engagements carried out. Pure.
namespace critac::matching {

// Whether an offer can still be answered on `today`. FAILED_PRECONDITION, reason OFFER_NOT_OPEN, with where it stands;
// reason OFFER_EXPIRED where the last day to answer is over.
absl::Status CheckAnswerable(const v1::Offer& offer, absl::CivilDay today);

// Whether capacity is left for an assignment. `expert_period`, `expert_open` and `partner_period` say
// what is used; null is nothing. FAILED_PRECONDITION, reason NO_CAPACITY: whose, in which period, how
// much there is and how much is used.
absl::Status CheckCapacity(const v1::Assignment& assignment, const v1::Expert& expert,
                           const v1::Partner& partner, const v1::CapacityUse* expert_period,
                           const v1::CapacityUse* expert_open,
                           const v1::CapacityUse* partner_period);

// Whether the program has room for one assignment more, with `used` open at once of all partners together.
// FAILED_PRECONDITION, reason NO_CAPACITY.
absl::Status CheckProgramCapacity(const v1::Policy& policy, int64_t used);

// How many people of a slot have accepted, and whether that is all of them. `offers` are those of the demand's
// committed assignments.
int AcceptedPeople(absl::string_view slot, absl::Span<const v1::Offer* const> offers);
bool IsFilled(const intake::v1::Slot& slot, absl::Span<const v1::Offer* const> offers);

// Whether every slot of a demand has its people, each of an accepted offer.
bool AllAccepted(const v1::Demand& demand, absl::Span<const v1::Offer* const> offers);

// Whether a partner takes part in an engagement: leads it, or has an expert in it.
bool TakesPart(const v1::Engagement& engagement, absl::string_view partner);

// The partners that take part, by name, each between spaces: ` partners/iacp partners/nsa `.
std::string PartnersOf(const v1::Engagement& engagement);

// The partner with the most people; the first by name among equals. Empty where there are no assignments.
std::string LeadPartner(absl::Span<const v1::Assignment> assignments);

// The engagement that a demand's accepted assignments make. Name and time are the caller's to set.
v1::Engagement EngagementOf(const v1::Demand& demand);

// Whether a delivery fits an engagement on `today`: a slot of it that is not over, a day not in the future, a mode that
// fits, no more people by rank than took part. INVALID_ARGUMENT: path and what is wrong. FAILED_PRECONDITION, reason
// ENGAGEMENT_OVER, SLOT_OVER, or SLOT_SOUGHT: it would complete a slot for which another expert is sought.
absl::Status CheckDelivery(const v1::Engagement& engagement, const v1::Delivery& delivery,
                           absl::CivilDay today);

// The day on which an engagement was agreed.
absl::CivilDay DayAgreed(const v1::Engagement& engagement);

// What is asked of a delivery beside CheckDelivery where it is no record of the past: a day not before its engagement
// was agreed; a delivery type of the catalog, whether or not it can still be used. INVALID_ARGUMENT: path and what is
// wrong.
absl::Status CheckDay(const v1::Engagement& engagement, const v1::Delivery& delivery);
absl::Status CheckType(const intake::v1::Catalog& catalog, const v1::Delivery& delivery);

// Whether `delivery` can take the place of `before`, a delivery of an engagement, on `today`. A day or slot that it
// leaves as it was is not asked about again. Where the engagement is delivered, a slot stays completed by the delivery
// that completes it. The errors of CheckDelivery and CheckDay; FAILED_PRECONDITION, reason ENGAGEMENT_OVER: it was
// given up; SLOT_COMPLETED; TOO_MANY_AMENDMENTS.
absl::Status CheckAmendment(const v1::Engagement& engagement, const v1::Delivery& before,
                            const v1::Delivery& delivery, absl::CivilDay today);

// A delivery of an engagement by its id; null: there is none.
const v1::Delivery* FindDelivery(const v1::Engagement& engagement, absl::string_view id);

// State of an engagement with `delivery` in the place of the one with its id.
v1::EngagementState StateAmended(const v1::Engagement& engagement, const v1::Delivery& delivery);

// Slots that an engagement has experts for, or seeks them for.
std::set<std::string> SlotsOf(const v1::Engagement& engagement);

// FAILED_PRECONDITION, reason ENGAGEMENT_OVER: it is delivered, or was given up.
absl::Status CheckUnderWay(const v1::Engagement& engagement);

// Whether a slot is one of the engagement's and not over; `path` names it in the caller's request. The same errors.
absl::Status CheckGoesOn(const v1::Engagement& engagement, absl::string_view slot,
                         absl::string_view path);

// Whether a slot of an engagement can be waived. The same errors, and reason SLOT_SOUGHT while another is sought for an
// expert it lost.
absl::Status CheckWaiver(const v1::Engagement& engagement, absl::string_view slot);

// State after a delivery or waiver that ends `ended_slot` (empty: ends none).
v1::EngagementState StateAfter(const v1::Engagement& engagement, bool delivered,
                               absl::string_view ended_slot);

// What intake should be told, in order, to bring a request in `state` as far as its engagement is. Empty: nothing now.
std::vector<intake::v1::RequestAction> ActionsDue(const v1::Engagement& engagement,
                                                  intake::v1::RequestState state);

// What calls for an action at intake: the engagement, and after a loss that one. So the same action is taken once for
// the same team, and again for another.
std::string CauseOf(const v1::Engagement& engagement);

// Whether nothing will be left to tell intake: the request has been led to delivered, or is over otherwise.
bool IsSettled(const v1::Engagement& engagement, intake::v1::RequestState state);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ENGAGEMENTS_H_
