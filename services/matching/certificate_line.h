#ifndef SERVICES_MATCHING_CERTIFICATE_LINE_H_
#define SERVICES_MATCHING_CERTIFICATE_LINE_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace critac::matching {

// Lets the calls for certificates have the records of their runs again one at a time, since each applies the
// journal anew and holds all records. Few wait, since each does so on a thread that a feed could have. Thread-safe.
class CertificateLine {
 public:
  // Beside the one that reads.
  static constexpr int kMostWaiting = 4;

  // Waits until no other reads, then calls `read` and returns what it says. CANCELLED: `is_wanted`, asked now and
  // then, said no before. RESOURCE_EXHAUSTED, reason TOO_MANY_CERTIFICATES, with RetryInfo: too many wait.
  absl::Status Run(absl::FunctionRef<bool()> is_wanted, absl::FunctionRef<absl::Status()> read);

  int waiting_count() const;

 private:
  // Makes the caller the one that reads.
  absl::Status Enter(absl::FunctionRef<bool()> is_wanted);

  mutable absl::Mutex mutex_;
  bool is_reading_ ABSL_GUARDED_BY(mutex_) = false;
  int waiting_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_CERTIFICATE_LINE_H_
