#include "services/matching/pool_methods.h"

#include <optional>

#include "common/status/error.h"

namespace critac::matching {
namespace {

// Times a command is made on a fresh view before the caller is told to come back.
constexpr int kViews = 5;

absl::StatusOr<journal::Answer> ExecuteCommand(
    journal::Journal& journal, PoolReader& pools, ReadView read, const MakeDecide& make,
    const journal::Guard& guard, absl::FunctionRef<journal::Command(journal::Decide)> command_of) {
  absl::StatusOr<journal::Answer> answer = absl::UnknownError("not executed");
  for (int i = 0; i < kViews; ++i) {
    ASSIGN_OR_RETURN(std::shared_ptr<const PoolView> view, (pools.*read)());
    ASSIGN_OR_RETURN(journal::Decide decide, make(std::move(view)));
    journal::Command command = command_of(std::move(decide));
    command.guard = guard;
    answer = journal.Execute(std::move(command));
    if (answer.ok() || ReasonOf(answer.status()) != "INPUTS_CHANGED") return answer;
  }
  return answer;
}

}  // namespace

absl::StatusOr<bool> AnswerAgain(journal::Journal& journal, const rpc::Call& call,
                                 const google::protobuf::Message& request,
                                 google::protobuf::Message& response) {
  ASSIGN_OR_RETURN(const std::optional<journal::Answer> answer,
                   journal.FindAnswer(rpc::Pipeline::MakeCommand(call, request, nullptr)));
  if (!answer.has_value()) return false;
  if (answer->message != nullptr) response.CopyFrom(*answer->message);
  return true;
}

absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const rpc::Call& call,
                           const google::protobuf::Message& request,
                           google::protobuf::Message& response, const MakeDecide& make,
                           ReadView read, const journal::Guard& guard) {
  ASSIGN_OR_RETURN(const journal::Answer answer,
                   ExecuteCommand(journal, pools, read, make, guard, [&](journal::Decide decide) {
                     return rpc::Pipeline::MakeCommand(call, request, std::move(decide));
                   }));
  if (answer.message != nullptr) response.CopyFrom(*answer.message);
  return absl::OkStatus();
}

absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const std::string& trace,
                           const MakeDecide& make, ReadView read, const journal::Guard& guard) {
  return ExecuteCommand(journal, pools, read, make, guard,
                        [&trace](journal::Decide decide) {
                          journal::Command command;
                          command.actor = "service:matching";
                          command.trace = trace;
                          command.decide = std::move(decide);
                          return command;
                        })
      .status();
}

}  // namespace critac::matching
