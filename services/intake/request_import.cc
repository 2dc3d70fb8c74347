#include "services/intake/request_import.h"

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "services/intake/agency_rules.h"
#include "services/intake/planned_records.h"
#include "services/intake/proto_time.h"
#include "services/intake/recusals.h"
#include "services/intake/request_changes.h"
#include "services/intake/request_state.h"
#include "services/intake/resource_names.h"

namespace critac::intake {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Empties the fields that are kept in the vault.
void ClearVaultFields(Message& message) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> present;
  reflection.ListFields(message, &present);
  for (const FieldDescriptor* field : present) {
    if (field->options().GetExtension(type::v1::field).vault()) {
      reflection.ClearField(&message, field);
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (!field->is_repeated()) {
      ClearVaultFields(*reflection.MutableMessage(&message, field));
    } else {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        ClearVaultFields(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

// The agency of the row, in the principal of who acts for it.
constexpr char kRowsAgency[] = "agency:agencies/-";

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// The agency that an identifier meant on a day, in any kind.
absl::StatusOr<std::string> AgencyByAlias(const std::string& value, absl::CivilDay day,
                                          const Records& records) {
  std::set<std::string> holders;
  for (const auto type :
       {v1::ALIAS_TYPE_ORI9, v1::ALIAS_TYPE_ORI7, v1::ALIAS_TYPE_UEI, v1::ALIAS_TYPE_OTHER}) {
    v1::Alias alias;
    alias.set_type(type);
    alias.set_value(value);
    NormalizeAlias(alias);
    const v1::AliasRecord* record = records.FindAlias(AliasRecordName(alias));
    if (record == nullptr) continue;
    if (std::string holder = HolderOn(*record, day); !holder.empty()) {
      holders.insert(std::move(holder));
    }
  }
  if (holders.empty()) {
    return InvalidField("agency_alias", absl::StrCat("no agency is known by ", value));
  }
  if (holders.size() > 1) {
    return InvalidField(
        "agency_alias",
        absl::StrCat(value, " means several agencies: ", absl::StrJoin(holders, ", ")));
  }
  return *holders.begin();
}

class RequestPlanner {
 public:
  using ParseActor = absl::FunctionRef<absl::StatusOr<Actor>(const std::string&)>;

  RequestPlanner(absl::Time now, const Records& records, const CatalogView& catalog,
                 ParseActor parse_actor, absl::Span<const std::string> hidden)
      : now_(now),
        records_(records),
        catalog_(catalog),
        parse_actor_(parse_actor),
        hidden_(hidden) {}

  RequestImport Run(const google::protobuf::RepeatedPtrField<v1::PastRequest>& rows,
                    absl::Span<const std::string> problems) {
    for (int i = 0; i < rows.size(); ++i) {
      v1::ImportResult& result = plan_.results.emplace_back();
      result.set_index(i);
      std::string problem = problems[i];
      if (problem.empty()) problem = std::string(Take(rows[i], result).message());
      if (problem.empty()) continue;
      result.set_outcome(v1::IMPORT_OUTCOME_REFUSED);
      result.clear_name();
      result.set_problem(problem);
    }
    return std::move(plan_);
  }

 private:
  absl::Status Take(const v1::PastRequest& row, v1::ImportResult& result) {
    RETURN_IF_ERROR(CheckRowSeen(row));
    const std::string digest = RowDigest(row);
    const std::string external_name = ExternalRecordName(row.external_id());
    if (const v1::ExternalRecord* known = records_.FindExternal(external_name)) {
      if (IsHidden(known->request())) {
        return InvalidField("external_id", absl::StrCat(row.external_id(), " cannot be used"));
      }
      // As what is missing, a hidden original is nothing that a row on record can be told to name.
      if (known->row_digest() != digest || NamesHidden(row)) {
        return InvalidField("external_id",
                            absl::StrCat(row.external_id(), " is on record as ", known->request(),
                                         " with other content; records of the past are not "
                                         "written anew"));
      }
      result.set_name(known->request());
      result.set_outcome(v1::IMPORT_OUTCOME_UNCHANGED);
      return absl::OkStatus();
    }
    RequestImport::Change change;
    ASSIGN_OR_RETURN(v1::Request request, Create(row, digest, change));
    RETURN_IF_ERROR(Replay(row, request, change));

    result.set_name(request.name());
    result.set_outcome(v1::IMPORT_OUTCOME_CREATED);
    v1::ExternalRecord external;
    external.set_name(external_name);
    external.set_request(request.name());
    external.set_row_digest(digest);
    records_.Put(external);
    records_.Put(request);
    plan_.changes.push_back(std::move(change));
    return absl::OkStatus();
  }

  // Refuses a row of an agency that is hidden, known or not: an agency that the row does not tell is
  // found missing later.
  absl::Status CheckRowSeen(const v1::PastRequest& row) const {
    if (hidden_.empty()) return absl::OkStatus();
    v1::Request asked = row.request();
    if (asked.agency().empty() && !row.agency_alias().empty()) {
      const auto agency =
          AgencyByAlias(row.agency_alias(), DayOf(FromProto(row.create_time())), records_);
      if (agency.ok()) asked.set_agency(*agency);
    }
    return CheckNotRecused("who imports", asked, hidden_);
  }

  bool IsHidden(const std::string& request) const {
    if (hidden_.empty() || request.empty()) return false;
    const v1::Request* found = records_.FindRequest(request);
    return found != nullptr && IsOfAny(*found, hidden_);
  }

  // Whether an action of the row names a hidden request as the one that it duplicates.
  bool NamesHidden(const v1::PastRequest& row) const {
    for (const v1::PastAction& action : row.actions()) {
      if (IsHidden(action.details().duplicate_of())) return true;
      const std::string& external_id = action.duplicate_of_external_id();
      if (external_id.empty()) continue;
      const v1::ExternalRecord* external = records_.FindExternal(ExternalRecordName(external_id));
      if (external != nullptr && IsHidden(external->request())) return true;
    }
    return false;
  }

  // The request that another is to be marked as a duplicate of, as far as who imports sees it.
  std::optional<v1::Request> FindOriginal(const std::string& name) const {
    const v1::Request* found = name.empty() ? nullptr : records_.FindRequest(name);
    if (found == nullptr || IsOfAny(*found, hidden_)) return std::nullopt;
    v1::Request original = *found;
    if (IsHidden(original.duplicate_of())) original.clear_duplicate_of();
    return original;
  }

  absl::StatusOr<v1::Request> Create(const v1::PastRequest& row, const std::string& digest,
                                     RequestImport::Change& change) {
    const absl::Time time = FromProto(row.create_time());
    if (time > now_) return InvalidField("create_time", "lies in the future");
    v1::Request wanted = row.request();
    if (wanted.agency().empty() == row.agency_alias().empty()) {
      return InvalidField("request.agency", "either it or agency_alias names the agency");
    }
    if (wanted.agency().empty()) {
      ASSIGN_OR_RETURN(*wanted.mutable_agency(),
                       AgencyByAlias(row.agency_alias(), DayOf(time), records_));
    }
    ASSIGN_OR_RETURN(change.created, DecideCreation(wanted, time, records_, catalog_));
    change.created.mutable_request()->set_external_id(row.external_id());
    change.created.set_row_digest(digest);
    return ApplyCreation(change.created);
  }

  absl::Status Replay(const v1::PastRequest& row, v1::Request& request,
                      RequestImport::Change& change) {
    absl::Time before = FromProto(row.create_time());
    for (int i = 0; i < row.actions_size(); ++i) {
      const v1::PastAction& action = row.actions(i);
      absl::StatusOr<v1::RequestTransitioned> step = Step(action, before, request);
      if (!step.ok()) {
        return Annotate(step.status(),
                        absl::StrCat("actions[", i, "], ", ActionText(action.action()), " at ",
                                     TimeText(FromProto(action.time()))));
      }
      ApplyAction(*step, request);
      before = FromProto(action.time());
      change.steps.push_back(*std::move(step));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<v1::RequestTransitioned> Step(const v1::PastAction& action, absl::Time before,
                                               const v1::Request& request) {
    const absl::Time time = FromProto(action.time());
    if (time < before) {
      return InvalidField("time", absl::StrCat("is before the step before it, ", TimeText(before)));
    }
    if (time > now_) return InvalidField("time", "lies in the future");
    ASSIGN_OR_RETURN(const Actor actor, ActorOf(action.actor(), request));
    const v1::Agency* agency = records_.FindAgency(request.agency());
    v1::ActionDetails details = action.details();
    RETURN_IF_ERROR(NameOriginal(action, details));
    const std::optional<v1::Request> original = FindOriginal(details.duplicate_of());
    return DecideAction(request, action.action(), details, actor, time,
                        {catalog_, agency->type(), original.has_value() ? &*original : nullptr,
                         /*past=*/true});
  }

  absl::StatusOr<Actor> ActorOf(std::string principal, const v1::Request& request) {
    const std::string own = absl::StrCat("agency:", request.agency());
    absl::string_view rest = principal;
    if (absl::ConsumePrefix(&rest, kRowsAgency) && (rest.empty() || rest[0] == '#')) {
      principal = absl::StrCat(own, rest);
    }
    ASSIGN_OR_RETURN(const Actor actor, parse_actor_(principal));
    rest = principal;
    if (actor.role == type::v1::ROLE_AGENCY &&
        !(absl::ConsumePrefix(&rest, own) && (rest.empty() || rest[0] == '#'))) {
      return InvalidField("actor", absl::StrCat(principal, " does not act for ", request.agency()));
    }
    return actor;
  }

  // Puts the name of the other request, where the row knows it by its past record, into `details`.
  absl::Status NameOriginal(const v1::PastAction& action, v1::ActionDetails& details) {
    const std::string& external_id = action.duplicate_of_external_id();
    if (external_id.empty()) return absl::OkStatus();
    if (!details.duplicate_of().empty()) {
      return InvalidField("duplicate_of_external_id", "stands in place of details.duplicate_of");
    }
    const v1::ExternalRecord* external = records_.FindExternal(ExternalRecordName(external_id));
    if (external == nullptr || IsHidden(external->request())) {
      return InvalidField("duplicate_of_external_id",
                          absl::StrCat("no past record ", external_id, " was imported"));
    }
    details.set_duplicate_of(external->request());
    return absl::OkStatus();
  }

  const absl::Time now_;
  PlannedRecords records_;
  const CatalogView& catalog_;
  ParseActor parse_actor_;
  const absl::Span<const std::string> hidden_;
  RequestImport plan_;
};

}  // namespace

RequestImport PlanRequestImport(
    const google::protobuf::RepeatedPtrField<v1::PastRequest>& rows,
    absl::Span<const std::string> problems, absl::Time now, const Records& records,
    const CatalogView& catalog,
    absl::FunctionRef<absl::StatusOr<Actor>(const std::string& principal)> parse_actor,
    absl::Span<const std::string> hidden) {
  return RequestPlanner(now, records, catalog, parse_actor, hidden).Run(rows, problems);
}

std::string RowDigest(const v1::PastRequest& row) {
  v1::PastRequest kept = row;
  ClearVaultFields(kept);
  return Sha256Hex(kept.SerializeAsString());
}

}  // namespace critac::intake
