#ifndef COMMON_STORE_COMMIT_WATCH_H_
#define COMMON_STORE_COMMIT_WATCH_H_

#include "absl/time/time.h"

namespace critac::store {

// Tells of commits that were announced (Connection::Announce), by whatever process. Await is called by
// one thread; Wake by any.
class CommitWatch {
 public:
  virtual ~CommitWatch() = default;

  // Waits until something announced was committed since the last call, or `timeout` has passed, or Wake.
  // Returns sooner where the connection was lost, and makes it anew with the next call: something may have
  // been missed then.
  virtual void Await(absl::Duration timeout) = 0;
  virtual void Wake() = 0;
};

}  // namespace critac::store

#endif  // COMMON_STORE_COMMIT_WATCH_H_
