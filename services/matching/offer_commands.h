#ifndef SERVICES_MATCHING_OFFER_COMMANDS_H_
#define SERVICES_MATCHING_OFFER_COMMANDS_H_

#include <memory>
#include <optional>
#include <string>

#include "common/journal/command.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool_reader.h"

// The commands of offers: answered, not answered, offered in vain.
namespace critac::matching {

// Answers an offer for its partner. Accepting takes the capacity in the same step, after a last look at the gates up to
// conflicts of interest, in a view of PoolReader::ReadGates; the last acceptance makes the engagement, or completes the
// team of one that lost an expert. The refusal that is one too many for the policy escalates the slot. Answers with the
// offer. `partner` is the caller's, empty for those who may answer for any. FAILED_PRECONDITION, reason NOT_ELIGIBLE: a
// gate is not passed any more.
journal::Decide AcceptOffer(std::shared_ptr<const PoolView> view, std::string name,
                            std::string partner);
journal::Decide DeclineOffer(std::string name, std::string partner, v1::OfferDeclineCode code,
                             std::string reason);

// The gate up to conflicts of interest that the expert of an offer does not pass any more, be it on any day on which
// the slot can start, or only in the offer's period, where it names one (see FailedGateIn); nothing: none.
std::optional<v1::GateResult> FailedGate(const Pool& pool, const v1::Offer& offer);

// Does what is due for an offer now (see DueFor): reminds, lets it expire, or takes it back. Nothing where nothing is
// due, so a second time changes nothing.
journal::Decide CareForOffer(std::shared_ptr<const PoolView> view, std::string name);

// Goes ahead with those who have accepted a slot (see ReductionOf), which may make the engagement. Answers with the
// demand. NOT_FOUND: no such demand.
journal::Decide ReduceSlot(std::string demand, std::string slot, std::string reason);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OFFER_COMMANDS_H_
