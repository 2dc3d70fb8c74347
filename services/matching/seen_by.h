#ifndef SERVICES_MATCHING_SEEN_BY_H_
#define SERVICES_MATCHING_SEEN_BY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/meeting.pb.h"

// What a caller sees of an answer that has more in it. Pure: who calls, and what recusals hide from the
// caller, others say (callers.h, recusal_reader.h). Services do this last, so that it is done to an answer
// of before that is given again as well.
namespace critac::matching {

// For a partner (empty: somebody else) without the scores of other partners' experts, and without the parts
// of these: they rest on ratings.
v1::Offer SeenBy(v1::Offer offer, absl::string_view partner);
v1::Engagement SeenBy(v1::Engagement engagement, absl::string_view partner);

// The same, and without what keeps a slot open, which rests on what others have left, and without whom a candidate
// may be, which rests on others' records. Of a meeting also without requests that are `hidden`, sorted. Names of
// experts are put in for those alone who may read them: see MeetingNameReader.
v1::MeetingItem SeenBy(v1::MeetingItem item, absl::string_view partner);
v1::Meeting SeenBy(v1::Meeting meeting, absl::string_view partner,
                   absl::Span<const std::string> hidden);

// What recusals hide from a caller: requests, and the proposals for them. By name, sorted.
struct Hidden {
  std::vector<std::string> requests;
  std::vector<std::string> proposals;
};

// Without what is said of hidden requests, one by one. Figures and sums stay: they are of all requests.
v1::SolveRun SeenBy(v1::SolveRun run, const Hidden& hidden);
v1::SimulateResponse SeenBy(v1::SimulateResponse response, const Hidden& hidden);
v1::TryPolicyResponse SeenBy(v1::TryPolicyResponse response, const Hidden& hidden);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SEEN_BY_H_
