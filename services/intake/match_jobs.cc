#include "services/intake/match_jobs.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "services/intake/intake_store.h"
#include "services/intake/match_notice.h"

namespace critac::intake {
namespace {

// Names read at once.
constexpr int kPage = 1000;

template <typename T>
bool Concerns(const google::protobuf::Message& payload) {
  const T* const known = google::protobuf::DynamicCastToGenerated<T>(&payload);
  return known != nullptr && ConcernsMatching(*known);
}

}  // namespace

std::vector<queue::NewJob> MatchJobsOf(absl::Span<const journal::CommittedEvent> events) {
  std::vector<queue::NewJob> jobs;
  absl::flat_hash_set<absl::string_view> seen;
  for (const auto& [event, payload, trace] : events) {
    if (!Concerns<v1::RequestTransitioned>(*payload) && !Concerns<v1::RequestUpdated>(*payload)) {
      continue;
    }
    if (seen.insert(event.subject()).second) {
      jobs.push_back({.key = event.subject(), .trace = trace});
    }
  }
  return jobs;
}

absl::StatusOr<std::vector<queue::NewJob>> DueMatchJobs::NextRound() {
  std::vector<std::string> due;
  std::string after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<std::string> page,
                     RequestsForMatching(database_, MatchingNeed::kReady, after, kPage));
    due.insert(due.end(), page.begin(), page.end());
    if (page.size() < kPage) break;
    after = page.back();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> left,
                   RequestsForMatching(database_, MatchingNeed::kLeft, left_after_, kLeftPerRound));
  left_after_ = left.size() < kLeftPerRound ? "" : left.back();
  due.insert(due.end(), left.begin(), left.end());
  std::vector<queue::NewJob> jobs;
  jobs.reserve(due.size());
  for (const std::string& name : due) jobs.push_back({.key = name});
  return jobs;
}

}  // namespace critac::intake
