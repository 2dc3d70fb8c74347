#ifndef COMMON_QUEUE_REDIS_REDIS_EAR_H_
#define COMMON_QUEUE_REDIS_REDIS_EAR_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/redis/redis_connection.h"
#include "common/queue/redis/redis_route.h"

namespace critac::queue::redis {

// Listens, on a thread and a connection of its own, to a channel on which the scripts tell those who
// wait what they get. What is said while the connection is down is not heard: so those who wait look
// by themselves from time to time, and are told to look whenever the connection changes.
//
// A connection over which nothing comes is tried every second; one that does not answer, or leads
// to a server that is not the queue's any more, is replaced.
class Ear {
 public:
  // `heard` is called by the ear's thread with each message, and with an empty one where some may
  // have been missed. `route`, `clock` and `ids` must outlive the ear.
  Ear(Route& route, const SocketTimes& times, std::string channel,
      std::function<void(absl::string_view message)> heard, const Clock& clock, IdSource& ids);
  // Ends the thread.
  ~Ear();
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

 private:
  void Run();
  absl::Status Listen();
  bool IsStopping();
  void Rest(int failures);

  Route& route_;
  const SocketTimes times_;
  const std::string channel_;
  const std::function<void(absl::string_view message)> heard_;
  const Clock& clock_;
  IdSource& ids_;
  // Readable once the ear is to end.
  const int wake_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_EAR_H_
