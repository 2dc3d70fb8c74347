#ifndef COMMON_STORE_COMMIT_WATCH_H_
#define COMMON_STORE_COMMIT_WATCH_H_

#include "absl/time/time.h"

namespace critac::store {

// Tells of commits that were announced (Connection::Announce) through other Databases. Await is called by one
// thread; Wake by any.
class CommitWatch {
 public:
  virtual ~CommitWatch() = default;

  // Waits until something announced was committed since the last call, or `timeout` has passed, or Wake.
  // Returns sooner where it has just begun to listen, or the connection was lost, which the next call makes
  // anew: what was committed until then was not heard of, so whoever looks after each call misses nothing.
  virtual void Await(absl::Duration timeout) = 0;
  virtual void Wake() = 0;
};

}  // namespace critac::store

#endif  // COMMON_STORE_COMMIT_WATCH_H_
