#ifndef SERVICES_INTAKE_RECUSAL_READER_H_
#define SERVICES_INTAKE_RECUSAL_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/civil_time.h"
#include "common/journal/command.h"
#include "common/journal/journal.h"
#include "common/rpc/principal.h"
#include "services/intake/recusals.h"

namespace critac::intake {

// All recusals are one state, since they are few and read whole; beside it stands their etag alone, so
// that a call can see with one small read whether the view that was made last still holds.
inline constexpr char kRecusalsName[] = "recusals/main";
inline constexpr char kRecusalsHeadName[] = "recusals/head";

// What recusals hide from whom. Of an agency's people and of services nothing: an agency's own request is
// theirs, and what a service reads it shows nobody by itself. Most others are not known as an expert, and
// cost nothing. Thread-safe.
class RecusalReader {
 public:
  // Agencies whose requests are hidden from a caller: by name, each once.
  std::vector<std::string> HiddenFrom(const rpc::Principal& who, journal::Draft& draft);
  absl::StatusOr<std::vector<std::string>> HiddenFrom(const rpc::Principal& who,
                                                      journal::Records& records,
                                                      absl::CivilDay today);

 private:
  // The view that was made last, if it has this etag.
  std::shared_ptr<const RecusalView> Known(const std::string& etag);
  std::shared_ptr<const RecusalView> Keep(const v1::Recusals& recusals);

  absl::Mutex mutex_;
  std::shared_ptr<const RecusalView> view_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_RECUSAL_READER_H_
