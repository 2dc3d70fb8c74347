#ifndef COMMON_RPC_RECORD_READERS_H_
#define COMMON_RPC_RECORD_READERS_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/journal/journal.h"

namespace critac::rpc {

// Answers calls from what journals remember: a thread takes all that have come, looks at each of their journals once,
// and answers one after the other. So a server is asked once for many calls, and none of them waits for a thread of its
// own. Thread-safe.
class RecordReaders {
 public:
  // Answers a call by what is remembered at the look, which is later than the call, or by why the journal cannot be
  // looked at; where what is remembered is not enough, hands it on to where waiting is allowed. Must not block.
  using Answer = absl::AnyInvocable<void(const absl::StatusOr<journal::Look>& look)>;

  // At most `most_waiting` wait.
  RecordReaders(int threads, int most_waiting);
  // Answers what waits.
  ~RecordReaders();

  // False: too many wait; `answer` is left to the caller untouched.
  bool TryAdd(journal::Journal& journal, Answer& answer);

 private:
  struct Asked {
    journal::Journal* journal;
    Answer answer;
  };

  void Loop();

  const size_t most_waiting_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<Asked> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace critac::rpc

#endif  // COMMON_RPC_RECORD_READERS_H_
