#ifndef SERVICES_MATCHING_INTAKE_CLIENT_H_
#define SERVICES_MATCHING_INTAKE_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/recusal.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "grpcpp/channel.h"

namespace critac::matching {

// What matching asks intake, as `service:matching`. `trace` is that of the call or job which needs
// it. Thread-safe. Calls block, so they must not be
// made on gRPC's threads.
class IntakeClient {
 public:
  IntakeClient(std::shared_ptr<grpc::Channel> channel, const Clock& clock);

  absl::StatusOr<intake::v1::Request> GetRequest(const std::string& name, const std::string& trace);

  // Takes an action of the lifecycle. `cause` names what calls for it: the same action of the same
  // request for the same cause happens once. `reason`, in words, for those that need one.
  absl::Status Act(const std::string& request, intake::v1::RequestAction action,
                   const std::string& cause, const std::string& reason, const std::string& trace);

  // Tells that a version of the plan of a request's engagement is the newest. ABORTED: the request has changed since it
  // was read, `request` being what was read then.
  absl::Status RecordPlan(const intake::v1::Request& request, int version,
                          const std::string& trace);

  // Past requests by their external ids; those that are not there are left out.
  absl::StatusOr<absl::flat_hash_map<std::string, intake::v1::Request>> FindPast(
      absl::Span<const std::string> external_ids, const std::string& trace);

  // What intake was told of recusals, and the etag by which it is told again.
  absl::StatusOr<intake::v1::Recusals> GetRecusals(const std::string& trace);
  // Tells it of all that hold, in the place of those with `etag`. ABORTED: others were told since.
  absl::Status SetRecusals(absl::Span<const intake::v1::Recusal> recusals, const std::string& etag,
                           const std::string& trace);

  // The catalog, at most a minute old; older while intake does not answer.
  absl::StatusOr<std::shared_ptr<const intake::v1::Catalog>> GetCatalog();

  // The catalog that GetCatalog last gave, however old; null: none yet. Asks nobody, so it does not block.
  std::shared_ptr<const intake::v1::Catalog> CatalogInHand();

 private:
  const Clock& clock_;
  const std::unique_ptr<intake::v1::RequestService::Stub> requests_;
  const std::unique_ptr<intake::v1::CatalogService::Stub> catalogs_;
  const std::unique_ptr<intake::v1::RecusalService::Stub> recusals_;

  absl::Mutex mutex_;
  std::shared_ptr<const intake::v1::Catalog> catalog_ ABSL_GUARDED_BY(mutex_);
  absl::Time catalog_time_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_INTAKE_CLIENT_H_
