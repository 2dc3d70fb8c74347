#ifndef COMMON_SERVER_READINESS_H_
#define COMMON_SERVER_READINESS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace critac::server {

// Whether the services of a process are ready. A thread for each asks it every second, so that
// whoever wants to know gets an answer at once, also when a database hangs, and asks nobody however
// often it wants to know. No answer is older than two seconds: a service that has not answered for so
// long is not ready, whatever it said before. One that hangs keeps none from being asked. Thread-safe.
class Readiness {
 public:
  // How often each service is asked.
  static constexpr absl::Duration kInterval = absl::Seconds(1);
  // An answer older than this does not count: then who was asked does not come back.
  static constexpr absl::Duration kLongestSilence = absl::Seconds(2);

  struct Service {
    std::string name;
    std::function<absl::Status()> check;
  };
  // Told of the first answer of a service and of every change from ready to not ready and back. On
  // the caller's thread in Start, on a thread of its own afterwards.
  using OnChange = std::function<void(const std::string& service, const absl::Status& status)>;

  Readiness(std::vector<Service> services, const Clock& clock, OnChange on_change);
  // Drains.
  ~Readiness();

  // Asks once, then begins to ask regularly. Called once.
  void Start();
  // From now on nothing is ready, UNAVAILABLE, `the process is stopping`, and nothing is asked.
  void Drain();

  struct Answer {
    std::string service;
    // OK, or why it is not ready. UNAVAILABLE before Start.
    absl::Status status;
  };
  // What each service last said, in the order given.
  std::vector<Answer> Answers() const;

 private:
  // What a service last said, and when.
  struct Known {
    absl::Status status = absl::UnavailableError("the process is starting");
    absl::Time asked = absl::InfiniteFuture();
  };

  void Ask(size_t service);
  void AskRegularly(size_t service);
  std::vector<Answer> AnswersAt(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tells the changes since `told`, which held at `told_at`, those included that come of silence.
  void TellChanges(std::vector<Answer> told, absl::Time told_at);
  // When the next of the answers that counted at `told_at` does not count any more.
  absl::Time NextSilence(absl::Time told_at) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::vector<Service> services_;
  const Clock& clock_;
  const OnChange on_change_;

  mutable absl::Mutex mutex_;
  std::vector<Known> known_ ABSL_GUARDED_BY(mutex_);
  // Rises with every answer.
  int64_t answer_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_READINESS_H_
