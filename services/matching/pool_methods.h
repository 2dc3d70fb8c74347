#ifndef SERVICES_MATCHING_POOL_METHODS_H_
#define SERVICES_MATCHING_POOL_METHODS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// Whether the call was answered before, by the same request: then that answer goes to `response`, and nothing else
// happens.
absl::StatusOr<bool> AnswerAgain(journal::Journal& journal, const rpc::Call& call,
                                 const google::protobuf::Message& request,
                                 google::protobuf::Message& response);

// How a view is read: PoolReader::Read, or ReadGates. The last tries take PoolReader::ReadInHand.
using ReadView = absl::StatusOr<std::shared_ptr<const PoolView>> (PoolReader::*)();

// What a command does with a view: it may solve it, whoever solved it first, or takes only what it shows.
enum class Work { kSolves, kReads };

// Gives a command that rests on a view of the pool. Where the view turns out to be old, it is read
// again and the command made anew, some times over; then once more while nobody else writes
// (journal::Command::alone), so that it ends whoever changes what meanwhile. So `make` may read
// records and the view, and asks nothing of another service, nor gives the journal a command; it
// may be called on a thread of the journal. ABORTED, reason INPUTS_CHANGED: it was overtaken each
// time, and takes longer than writers should wait (limits::kDecidedAlone). The answer goes to
// `response`. `guard` is that of the command. `work`: what counts as its time; how long another took to solve the view
// does not where it only reads.
using MakeDecide =
    std::function<absl::StatusOr<journal::Decide>(std::shared_ptr<const PoolView> view)>;
absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const rpc::Call& call,
                           const google::protobuf::Message& request,
                           google::protobuf::Message& response, const MakeDecide& make,
                           ReadView read = &PoolReader::Read, const journal::Guard& guard = nullptr,
                           Work work = Work::kSolves);

// The same for a command of the service's own, which is not repeated by a caller; `trace` is
// that of what calls for it.
absl::Status ExecuteOnPool(journal::Journal& journal, PoolReader& pools, const std::string& trace,
                           const MakeDecide& make, ReadView read = &PoolReader::Read,
                           const journal::Guard& guard = nullptr, Work work = Work::kSolves);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POOL_METHODS_H_
