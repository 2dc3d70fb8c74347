#include "services/intake/import_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/rpc/field_rules.h"
#include "common/rpc/principal.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "services/intake/agency_changes.h"
#include "services/intake/catalog_import.h"
#include "services/intake/catalog_view.h"
#include "services/intake/records.h"
#include "services/intake/request_import.h"
#include "services/intake/resource_names.h"

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

// Records as they are in the journal now.
class RecordsNow final : public Records {
 public:
  // `journal` must outlive it.
  explicit RecordsNow(journal::Journal& journal) : journal_(journal) {}

  const v1::Agency* FindAgency(absl::string_view name) const override {
    return Find<v1::Agency>(name);
  }
  const v1::AliasRecord* FindAlias(absl::string_view name) const override {
    return Find<v1::AliasRecord>(name);
  }
  const v1::Request* FindRequest(absl::string_view name) const override {
    return Find<v1::Request>(name);
  }
  const v1::ExternalRecord* FindExternal(absl::string_view name) const override {
    return Find<v1::ExternalRecord>(name);
  }
  int64_t LastNumber(absl::string_view series) const override {
    const v1::Counter* counter = Find<v1::Counter>(CounterName(series));
    return counter == nullptr ? 0 : counter->last();
  }

  // Not OK: something could not be read, and what was found says nothing.
  const absl::Status& status() const { return status_; }

 private:
  template <typename T>
  const T* Find(absl::string_view name) const {
    const auto [at, is_new] = found_.try_emplace(name);
    if (is_new) {
      auto read = std::make_unique<T>();
      const absl::Status status = journal_.GetInto(name, *read);
      if (status.ok()) at->second = std::move(read);
      if (!status.ok() && !absl::IsNotFound(status)) status_.Update(status);
    }
    return static_cast<const T*>(at->second.get());
  }

  journal::Journal& journal_;
  mutable absl::Status status_;
  // What was read, by name; null: there is none.
  mutable absl::flat_hash_map<std::string, std::unique_ptr<google::protobuf::Message>> found_;
};

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

absl::Status WithholdHidden(const v1::ImportRequestsRequest& in,
                            absl::Span<const std::string> hidden, absl::Time now,
                            journal::Journal& journal, v1::ImportRequestsResponse& out) {
  const RecordsNow records(journal);
  const auto catalog = journal.Get<v1::Catalog>(kCatalogName);
  if (!absl::IsNotFound(catalog.status())) RETURN_IF_ERROR(catalog.status());
  const RequestImport plan =
      PlanRequestImport(in.requests(), ProblemsOf(in.requests()), now, records,
                        CatalogView(catalog.ok() ? *catalog : v1::Catalog()), ParseActor, hidden);
  RETURN_IF_ERROR(records.status());
  for (v1::ImportResult& before : *out.mutable_results()) {
    const v1::ImportResult& again = plan.results[before.index()];
    if (again.outcome() == v1::IMPORT_OUTCOME_REFUSED) {
      before = again;
    } else if (before.outcome() == v1::IMPORT_OUTCOME_REFUSED) {
      before.set_problem("was refused; the same row would be taken now");
    }
  }
  return absl::OkStatus();
}

}  // namespace critac::intake
