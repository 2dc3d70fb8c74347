#include "common/server/journal_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/server/event_stream.h"
#include "common/status/error.h"
#include "google/protobuf/util/time_util.h"

namespace critac::server {
namespace {

// Each reads a whole journal.
constexpr size_t kWaitingVerifications = 8;

absl::Status GetHeadOf(journal::Journal& journal, journal::v1::GetHeadResponse& response) {
  ASSIGN_OR_RETURN(const journal::Position head, journal.Head());
  response.set_journal(journal.name());
  response.set_sequence(head.sequence);
  response.set_hash(head.hash);
  if (head.sequence > 0) {
    *response.mutable_record_time() =
        google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(head.time));
  }
  return absl::OkStatus();
}

absl::Status Verify(journal::Journal& journal, journal::v1::VerifyChainResponse& response) {
  ASSIGN_OR_RETURN(journal::Verification found, journal.VerifyChain());
  response.set_journal(journal.name());
  response.set_intact(found.broken_sequence == 0);
  response.set_event_count(found.event_count);
  response.set_broken_sequence(found.broken_sequence);
  response.set_problem(std::move(found.problem));
  response.set_head_hash(std::move(found.head_hash));
  return absl::OkStatus();
}

absl::Status TooMany() {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_VERIFICATIONS",
               "too many verifications wait for their turn")
      .RetryAfter(absl::Seconds(10))
      .ToStatus();
}

absl::Status Stopping() {
  return Error(absl::StatusCode::kUnavailable, "STOPPING", "the process is stopping").ToStatus();
}

}  // namespace

JournalService::JournalService(rpc::Pipeline& pipeline, std::vector<journal::Journal*> journals,
                               const Clock& clock, MayFollow may_follow)
    : pipeline_(pipeline),
      journals_(std::move(journals)),
      clock_(clock),
      may_follow_(std::move(may_follow)),
      verifications_(kWaitingVerifications) {}

grpc::ServerWriteReactor<journal::v1::ReadEventsResponse>* JournalService::ReadEvents(
    grpc::CallbackServerContext* context, const journal::v1::ReadEventsRequest* request) {
  return pipeline_.Stream<journal::v1::ReadEventsRequest, journal::v1::ReadEventsResponse>(
      context, request,
      [this](
          const rpc::Call& call, const journal::v1::ReadEventsRequest& in,
          absl::FunctionRef<bool(const journal::v1::ReadEventsResponse&)> write) -> absl::Status {
        ASSIGN_OR_RETURN(journal::Journal * journal, Find(in.journal()));
        absl::Status allowed =
            may_follow_ == nullptr ? absl::OkStatus() : may_follow_(call, *journal);
        RETURN_IF_ERROR(allowed);
        const absl::Status ended = StreamEvents(
            *journal, in, clock_, [&call] { return call.HasEnded(); },
            [&](const journal::v1::ReadEventsResponse& batch) {
              if (may_follow_ != nullptr) allowed = may_follow_(call, *journal);
              return allowed.ok() && write(batch);
            });
        return allowed.ok() ? ended : allowed;
      });
}

grpc::ServerUnaryReactor* JournalService::GetHead(grpc::CallbackServerContext* context,
                                                  const journal::v1::GetHeadRequest* request,
                                                  journal::v1::GetHeadResponse* response) {
  return pipeline_.Read<journal::v1::GetHeadRequest, journal::v1::GetHeadResponse>(
      context, request, response,
      [this](const rpc::Call&, const auto& in, auto& out) -> absl::Status {
        ASSIGN_OR_RETURN(journal::Journal * journal, Find(in.journal()));
        return GetHeadOf(*journal, out);
      });
}

grpc::ServerUnaryReactor* JournalService::VerifyChain(
    grpc::CallbackServerContext* context, const journal::v1::VerifyChainRequest* request,
    journal::v1::VerifyChainResponse* response) {
  return pipeline_.Unary(
      context, *request, *response,
      [this, response](const rpc::Call&, const google::protobuf::Message& checked,
                       rpc::Pipeline::Finish finish) {
        const auto& in = static_cast<const journal::v1::VerifyChainRequest&>(checked);
        absl::StatusOr<journal::Journal*> journal = Find(in.journal());
        if (!journal.ok()) return finish(journal.status());
        // Shared, because a task that is not taken is gone.
        auto shared_finish = std::make_shared<rpc::Pipeline::Finish>(std::move(finish));
        const absl::Status taken =
            verifications_.Add([journal = *journal, response, shared_finish](bool run) {
              (*shared_finish)(run ? Verify(*journal, *response) : Stopping());
            });
        if (absl::IsResourceExhausted(taken)) {
          (*shared_finish)(TooMany());
        } else if (!taken.ok()) {
          (*shared_finish)(Stopping());
        }
      });
}

void JournalService::Stop() { verifications_.Stop(); }

absl::StatusOr<journal::Journal*> JournalService::Find(const std::string& name) const {
  if (name.empty() && journals_.size() == 1) return journals_.front();
  for (journal::Journal* journal : journals_) {
    if (journal->name() == name) return journal;
  }
  const std::string names = absl::StrJoin(
      journals_, ", ",
      [](std::string* out, journal::Journal* journal) { absl::StrAppend(out, journal->name()); });
  if (name.empty()) {
    return InvalidField("journal",
                        absl::StrCat("is needed, there are several here; accepted: ", names));
  }
  return Error(absl::StatusCode::kNotFound, "JOURNAL_NOT_FOUND",
               absl::StrCat("there is no journal `", name, "` here; there are: ", names))
      .Resource("critac.journal.v1.Journal", name)
      .ToStatus();
}

}  // namespace critac::server
