#ifndef SERVICES_INTAKE_REQUEST_IMPORT_H_
#define SERVICES_INTAKE_REQUEST_IMPORT_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "services/intake/catalog_view.h"
#include "services/intake/records.h"
#include "services/intake/request_lifecycle.h"

namespace critac::intake {

// What an import of past requests comes to.
struct RequestImport {
  // One a row, in order. The name of a request that is to be added stands there as well.
  std::vector<v1::ImportResult> results;
  // What happens, in order: each request as it was written down, and the steps it took.
  struct Change {
    v1::RequestCreated created;
    std::vector<v1::RequestTransitioned> steps;
  };
  std::vector<Change> changes;
};

// In a past action, an agency's principal may leave the agency to the row:
// `agency:agencies/-#chief` stands for the row's agency, whose name the file need not know.
inline constexpr char kRowsAgency[] = "agencies/-";

// Decides an import of past requests, row after row: each is written down at its time and led
// through the lifecycle, action by action, each at its own time, by the very rules that hold today,
// with the targets, topics and holidays of its day.
//
// A row is known by its `external_id`. One that was imported before is UNCHANGED where it says the
// same (personal data and free text apart), and refused where it says otherwise: records of the
// past are not written anew. A row is refused also when `problems` (one a row, empty: none) says
// so, when its agency cannot be told, when a time is out of order or after `now`, when an actor is
// none (`parse_actor`) or of another agency, and when a step breaks the lifecycle; the reason names
// the step. The actor `agency:agencies/-#chief` stands for one of the row's agency, whose name a
// file need not know.
//
// `hidden` are agencies, sorted, from which whoever imports is recused. Rows of theirs are refused,
// whether or not they are on record, and requests of theirs are named in no answer.
RequestImport PlanRequestImport(
    const google::protobuf::RepeatedPtrField<v1::PastRequest>& rows,
    absl::Span<const std::string> problems, absl::Time now, const Records& records,
    const CatalogView& catalog,
    absl::FunctionRef<absl::StatusOr<Actor>(const std::string& principal)> parse_actor,
    absl::Span<const std::string> hidden = {});

// SHA-256 over a row, personal data and free text left out, lower-case hexadecimal.
std::string RowDigest(const v1::PastRequest& row);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_IMPORT_H_
