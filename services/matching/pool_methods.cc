#include "services/matching/pool_methods.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "common/base/limits.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

// Times a command is made on a fresh view while others may write, before they wait for it.
constexpr int kViews = 5;

absl::StatusOr<journal::Answer> ExecuteCommand(
    journal::Journal& journal, PoolReader& pools, ReadView read, const MakeDecide& make,
    const journal::Guard& guard, Work work,
    absl::FunctionRef<journal::Command(journal::Decide)> command_of) {
  // How long it takes from a view, at the longest so far. What others found of the view before counts
  // too, since nobody has found it of the one that is read alone.
  absl::Duration took;
  const auto make_on = [&](ReadView from) -> absl::StatusOr<journal::Decide> {
    ASSIGN_OR_RETURN(const std::shared_ptr<const PoolView> view, (pools.*from)());
    const absl::Time begin = pools.clock().Now();
    absl::StatusOr<journal::Decide> decide = make(view);
    took = std::max(took, pools.clock().Now() - begin);
    if (work == Work::kSolves) took = std::max(took, view->SolveTook());
    return decide;
  };
  const auto execute = [&](journal::Decide decide, bool alone) {
    journal::Command command = command_of(std::move(decide));
    command.guard = guard;
    command.alone = alone;
    return journal.Execute(std::move(command));
  };
  absl::StatusOr<journal::Answer> answer = absl::UnknownError("not executed");
  for (int i = 1; i <= kViews; ++i) {
    // The last of them reads as what is alone does, and so tells how long that takes.
    const absl::Time begin = pools.clock().Now();
    ASSIGN_OR_RETURN(journal::Decide decide, make_on(i < kViews ? read : &PoolReader::ReadInHand));
    if (i == kViews) took = std::max(took, pools.clock().Now() - begin);
    answer = execute(std::move(decide), false);
    if (answer.ok() || ReasonOf(answer.status()) != "INPUTS_CHANGED") return answer;
  }
  if (took > limits::kDecidedAlone) return answer;
  return execute(
      [&](journal::Draft& draft) -> absl::Status {
        ASSIGN_OR_RETURN(journal::Decide decide, make_on(&PoolReader::ReadInHand));
        return decide(draft);
      },
      true);
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
                           ReadView read, const journal::Guard& guard, Work work) {
  ASSIGN_OR_RETURN(
      const journal::Answer answer,
      ExecuteCommand(journal, pools, read, make, guard, work, [&](journal::Decide decide) {
        return rpc::Pipeline::MakeCommand(call, request, std::move(decide));
      }));
  if (answer.message != nullptr) response.CopyFrom(*answer.message);
  return absl::OkStatus();
}

absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const std::string& trace,
                           const MakeDecide& make, ReadView read, const journal::Guard& guard,
                           Work work) {
  return ExecuteCommand(journal, pools, read, make, guard, work,
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
