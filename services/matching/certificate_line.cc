#include "services/matching/certificate_line.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

// The end of a call wakes nobody, so who waits looks so often whether it is wanted.
constexpr absl::Duration kLookWhetherWanted = absl::Milliseconds(100);

absl::Status TooManyWait() {
  return Error(
             absl::StatusCode::kResourceExhausted, "TOO_MANY_CERTIFICATES",
             absl::StrCat("one certificate is read at a time, and ", CertificateLine::kMostWaiting,
                          " more calls wait for that, the most at once; call again later"))
      .Fact("limit", absl::StrCat(CertificateLine::kMostWaiting))
      .RetryAfter(absl::Seconds(5))
      .ToStatus();
}

}  // namespace

absl::Status CertificateLine::Run(absl::FunctionRef<bool()> is_wanted,
                                  absl::FunctionRef<absl::Status()> read) {
  RETURN_IF_ERROR(Enter(is_wanted));
  absl::Status status = read();
  absl::MutexLock lock(&mutex_);
  is_reading_ = false;
  return status;
}

absl::Status CertificateLine::Enter(absl::FunctionRef<bool()> is_wanted) {
  absl::MutexLock lock(&mutex_);
  if (is_reading_ && waiting_count_ >= kMostWaiting) return TooManyWait();
  const auto is_free = [this] {
    mutex_.AssertHeld();
    return !is_reading_;
  };
  ++waiting_count_;
  bool is_next = false;
  while (!is_next && is_wanted()) {
    is_next = mutex_.AwaitWithTimeout(absl::Condition(&is_free), kLookWhetherWanted);
  }
  --waiting_count_;
  if (!is_next) return absl::CancelledError("not wanted any more");
  is_reading_ = true;
  return absl::OkStatus();
}

int CertificateLine::waiting_count() const {
  absl::MutexLock lock(&mutex_);
  return waiting_count_;
}

}  // namespace critac::matching
