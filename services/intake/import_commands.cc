#include "services/intake/import_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/rpc/field_rules.h"
#include "common/rpc/principal.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "services/intake/agency_changes.h"
#include "services/intake/catalog_import.h"
#include "services/intake/request_import.h"

namespace critac::intake {
namespace {

// What breaks the rules of a row's fields, all of it; empty: nothing.
std::string ProblemOf(const google::protobuf::Message& row) {
  const google::rpc::BadRequest bad = BadRequestOf(rpc::CheckFields(row));
  return absl::StrJoin(bad.field_violations(), "; ", [](std::string* out, const auto& violation) {
    absl::StrAppend(out, violation.field(), ": ", violation.description());
  });
}

template <typename Rows>
std::vector<std::string> ProblemsOf(const Rows& rows) {
  std::vector<std::string> problems;
  problems.reserve(rows.size());
  for (const auto& row : rows) problems.push_back(ProblemOf(row));
  return problems;
}

template <typename Response>
void Answer(journal::Draft& draft, const std::vector<v1::ImportResult>& results) {
  auto response = std::make_unique<Response>();
  for (const v1::ImportResult& result : results) *response->add_results() = result;
  draft.AnswerWith(std::move(response));
}

// What was only checked has not got the name that was planned for it.
void ForgetNewNames(std::vector<v1::ImportResult>& results) {
  for (v1::ImportResult& result : results) {
    if (result.outcome() == v1::IMPORT_OUTCOME_CREATED) result.clear_name();
  }
}

absl::StatusOr<Actor> ParseActor(const std::string& principal) {
  ASSIGN_OR_RETURN(const rpc::Principal who, rpc::ParsePrincipal(principal));
  return Actor{who.role, who.ToString()};
}

}  // namespace

absl::Status ImportAgencies(journal::Draft& draft, const v1::ImportAgenciesRequest& in) {
  AgencyImport plan = PlanAgencyImport(in.agencies(), ProblemsOf(in.agencies()), DayOf(draft.now()),
                                       StateRecords(draft));
  if (in.validate_only()) ForgetNewNames(plan.results);
  Answer<v1::ImportAgenciesResponse>(draft, plan.results);
  if (in.validate_only()) return absl::OkStatus();
  for (const AgencyImport::Change& change : plan.changes) {
    if (change.outcome == v1::IMPORT_OUTCOME_CREATED) {
      v1::AgencyCreated created;
      *created.mutable_agency() = change.agency;
      draft.Emit(change.agency.name(), created);
    } else {
      v1::AgencyUpdated updated;
      *updated.mutable_agency() = change.agency;
      draft.Emit(change.agency.name(), updated);
    }
  }
  return absl::OkStatus();
}

absl::Status ImportCatalog(journal::Draft& draft, const v1::ImportCatalogRequest& in) {
  const v1::Catalog* catalog = draft.Find<v1::Catalog>(kCatalogName);
  const CatalogImport plan =
      PlanCatalogImport(catalog == nullptr ? v1::Catalog::default_instance() : *catalog,
                        in.entries(), ProblemsOf(in.entries()));
  Answer<v1::ImportCatalogResponse>(draft, plan.results);
  if (in.validate_only()) return absl::OkStatus();
  for (const v1::CatalogEntry& entry : plan.changes) {
    v1::CatalogEntrySet set;
    *set.mutable_entry() = entry;
    draft.Emit(entry.name(), set);
  }
  return absl::OkStatus();
}

absl::Status ImportRequests(journal::Draft& draft, const rpc::Principal& who,
                            const v1::ImportRequestsRequest& in, CommandCaches& caches) {
  RequestImport plan = PlanRequestImport(in.requests(), ProblemsOf(in.requests()), draft.now(),
                                         StateRecords(draft), *caches.catalogs.Get(draft),
                                         ParseActor, caches.recusals.HiddenFrom(who, draft));
  if (in.validate_only()) ForgetNewNames(plan.results);
  Answer<v1::ImportRequestsResponse>(draft, plan.results);
  if (in.validate_only()) return absl::OkStatus();
  for (const RequestImport::Change& change : plan.changes) {
    const std::string& name = change.created.request().name();
    draft.Emit(name, change.created);
    for (const v1::RequestTransitioned& step : change.steps) draft.Emit(name, step);
  }
  return absl::OkStatus();
}

}  // namespace critac::intake
