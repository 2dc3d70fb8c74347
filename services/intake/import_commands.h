#ifndef SERVICES_INTAKE_IMPORT_COMMANDS_H_
#define SERVICES_INTAKE_IMPORT_COMMANDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/command.h"
#include "common/journal/journal.h"
#include "common/rpc/principal.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "services/intake/request_commands.h"

// What imports do to the journal's draft. A row is first held against the rules of its fields, which
// the pipeline leaves to the method for lists of rows; all accepted rows are one command, so they
// are durable together. With `validate_only` nothing happens, and an agency or request that would be
// added has no name yet.
namespace critac::intake {

absl::Status ImportAgencies(journal::Draft& draft, const v1::ImportAgenciesRequest& in);
absl::Status ImportCatalog(journal::Draft& draft, const v1::ImportCatalogRequest& in);
absl::Status ImportRequests(journal::Draft& draft, const rpc::Principal& who,
                            const v1::ImportRequestsRequest& in, CommandCaches& caches);

// Takes out of `out`, the answer to `in` of before that is given again, what is hidden by now: whoever
// calls is recused from `hidden`, sorted and not empty. A row that they could not import now is refused in
// the words of now; why a row was refused before is not told where it would be taken now.
absl::Status WithholdHidden(const v1::ImportRequestsRequest& in,
                            absl::Span<const std::string> hidden, absl::Time now,
                            journal::Journal& journal, v1::ImportRequestsResponse& out);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_IMPORT_COMMANDS_H_
