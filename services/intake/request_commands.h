#ifndef SERVICES_INTAKE_REQUEST_COMMANDS_H_
#define SERVICES_INTAKE_REQUEST_COMMANDS_H_

#include <optional>

#include "absl/status/status.h"
#include "common/journal/command.h"
#include "common/rpc/principal.h"
#include "critac/intake/v1/request.pb.h"
#include "services/intake/intake_states.h"
#include "services/intake/recusal_reader.h"
#include "services/intake/request_lifecycle.h"

// What calls that change one request do to the journal's draft. Errors are those of the methods in
// request.proto; an agency meets another agency's request as one that is not there, and who is recused
// one that is hidden by it.
namespace critac::intake {

// Who calls, as the lifecycle sees it.
Actor ActorOf(const rpc::Principal& who);

// Whether `who` may see a request: an agency sees its own.
bool MaySee(const rpc::Principal& who, const v1::Request& request);

// What commands keep from one to the next.
struct CommandCaches {
  explicit CommandCaches(RecusalReader& of) : recusals(of) {}

  CatalogCache catalogs;
  RecusalReader& recusals;
};

// What a command learned besides its answer: the agency at the time of the answer. Saves reading it
// again; not there where the answer is that of an earlier call.
using SeenAgency = std::optional<type::v1::AgencyProfile>;

absl::Status CreateRequest(journal::Draft& draft, const rpc::Principal& who,
                           const v1::CreateRequestRequest& in, CommandCaches& caches,
                           SeenAgency& seen);
absl::Status UpdateRequest(journal::Draft& draft, const rpc::Principal& who,
                           const v1::UpdateRequestRequest& in, CommandCaches& caches,
                           SeenAgency& seen);
absl::Status ActOnRequest(journal::Draft& draft, const rpc::Principal& who,
                          const v1::ActOnRequestRequest& in, CommandCaches& caches,
                          SeenAgency& seen);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_COMMANDS_H_
