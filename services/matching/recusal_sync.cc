#include "services/matching/recusal_sync.h"

#include <algorithm>
#include <utility>

#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/matching_states.h"
#include "services/matching/recusal_notice.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;

// Both are by name.
bool IsTold(const intake::v1::Recusals& told, absl::Span<const intake::v1::Recusal> recusals) {
  return std::equal(
      told.recusals().begin(), told.recusals().end(), recusals.begin(), recusals.end(),
      [](const auto& a, const auto& b) { return a.SerializeAsString() == b.SerializeAsString(); });
}

}  // namespace

absl::Status RecusalSync::Tell(const std::string& trace) {
  // In this order: then what is read of the records is not older than what intake has.
  ASSIGN_OR_RETURN(const intake::v1::Recusals told, intake_.GetRecusals(trace));
  ASSIGN_OR_RETURN(const auto notice, Read());
  if (IsTold(told, notice->recusals)) return absl::OkStatus();
  return intake_.SetRecusals(notice->recusals, told.etag(), trace);
}

absl::StatusOr<std::shared_ptr<const RecusalSync::Notice>> RecusalSync::Read() {
  const absl::CivilDay today = DayOf(clock_.Now());
  ASSIGN_OR_RETURN(const int64_t revision, InputsRevision(journal_));
  {
    absl::MutexLock lock(&mutex_);
    if (notice_ != nullptr && notice_->revision == revision && notice_->day == today) {
      return notice_;
    }
  }
  auto notice = std::make_shared<Notice>();
  notice->day = today;
  std::vector<v1::Conflict> conflicts;
  std::vector<v1::Expert> experts;
  std::vector<v1::Identity> identities;
  RETURN_IF_ERROR(journal_
                      .ReadAll({"solver", "conflicts", "experts", "identities"}, true,
                               [&](const std::string& collection, const Message& state) {
                                 if (collection == "solver") {
                                   notice->revision =
                                       static_cast<const v1::SolverInputs&>(state).revision();
                                 } else if (collection == "conflicts") {
                                   conflicts.push_back(static_cast<const v1::Conflict&>(state));
                                 } else if (collection == "experts") {
                                   experts.push_back(static_cast<const v1::Expert&>(state));
                                 } else {
                                   identities.push_back(static_cast<const v1::Identity&>(state));
                                 }
                               })
                      .status());
  notice->recusals = RecusalNotice(conflicts, experts, identities, today);
  absl::MutexLock lock(&mutex_);
  notice_ = notice;
  return notice;
}

std::vector<queue::NewJob> TellJobsOf(absl::Span<const journal::CommittedEvent> events) {
  static constexpr absl::string_view kCauses[] = {"critac.matching.v1.ConflictSet",
                                                  "critac.matching.v1.ExpertSet",
                                                  "critac.matching.v1.IdentityDecided"};
  for (const auto& [event, payload, trace] : events) {
    if (std::find(std::begin(kCauses), std::end(kCauses), event.type()) != std::end(kCauses)) {
      return {{.key = kTellRecusals, .trace = trace}};
    }
  }
  return {};
}

queue::NewJob TellJob() { return {.key = kTellRecusals}; }

}  // namespace critac::matching
