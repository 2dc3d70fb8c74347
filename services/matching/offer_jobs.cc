#include "services/matching/offer_jobs.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/matching/v1/engagement.pb.h"
#include "services/matching/offer_commands.h"
#include "services/matching/offer_decisions.h"
#include "services/matching/pool_methods.h"

namespace critac::matching {

absl::Status OfferJobs::Handle(const queue::Job& job) {
  return Annotate(ExecuteOnPool(
                      journal_, pools_, job.trace(),
                      [&](std::shared_ptr<const PoolView> view) {
                        return CareForOffer(std::move(view), job.key());
                      },
                      &PoolReader::ReadGates),
                  job.key());
}

absl::StatusOr<std::vector<queue::NewJob>> OfferJobs::Due() {
  const absl::CivilDay today = DayOf(clock_.Now());
  journal::ListQuery query{.collection = "offers",
                           .condition = {"state = :p1", {int64_t{v1::OFFER_STATE_OPEN}}},
                           .page_size = limits::kMaxPageSize};
  std::vector<queue::NewJob> jobs;
  do {
    ASSIGN_OR_RETURN(const auto page, journal_.List<v1::Offer>(query));
    if (page.items.empty()) break;
    ASSIGN_OR_RETURN(const std::shared_ptr<const PoolView> view, pools_.ReadGates());
    for (const v1::Offer& offer : page.items) {
      const bool eligible = !FailedGate(*view->pool, offer).has_value();
      if (DueFor(offer, eligible, today).step == OfferStep::kNothing) continue;
      jobs.push_back({.key = offer.name(), .derived = true});
    }
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  return jobs;
}

bool ConcernsOffers(absl::Span<const journal::CommittedEvent> events) {
  static constexpr absl::string_view kCauses[] = {
      "critac.matching.v1.PartnerSet",  "critac.matching.v1.ExpertSet",
      "critac.matching.v1.ConflictSet", "critac.matching.v1.IdentityDecided",
      "critac.matching.v1.PolicySet",   "critac.matching.v1.DemandChanged"};
  return std::any_of(events.begin(), events.end(), [](const journal::CommittedEvent& one) {
    return std::find(std::begin(kCauses), std::end(kCauses), one.event.type()) != std::end(kCauses);
  });
}

}  // namespace critac::matching
