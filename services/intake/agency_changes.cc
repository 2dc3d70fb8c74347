#include "services/intake/agency_changes.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/intake/agency_rules.h"
#include "services/intake/field_masks.h"
#include "services/intake/planned_records.h"
#include "services/intake/resource_names.h"

namespace critac::intake {
namespace {

// As many as Agency.aliases may have.
constexpr int kMaxAliases = 20;

std::string NextName(const Records& records) {
  return AgencyName(records.LastNumber(kAgencySeries) + 1);
}

bool SameIdentifier(const v1::Alias& a, const v1::Alias& b) {
  return a.type() == b.type() && a.value() == b.value();
}

bool Has(const v1::Agency& agency, const v1::Alias& alias) {
  return std::any_of(agency.aliases().begin(), agency.aliases().end(),
                     [&](const v1::Alias& other) { return SameIdentifier(alias, other); });
}

// Takes out what intake_states sets when the event is applied.
void ClearStamps(v1::Agency& agency) {
  agency.clear_etag();
  agency.clear_create_time();
  agency.clear_update_time();
}

// ALREADY_EXISTS where an identifier of `agency` belongs to another.
absl::Status CheckHolders(const v1::Agency& agency, const Records& records) {
  for (int i = 0; i < agency.aliases_size(); ++i) {
    const v1::Alias& alias = agency.aliases(i);
    const v1::AliasRecord* record = records.FindAlias(AliasRecordName(alias));
    if (record == nullptr) continue;
    const v1::AliasHolder* holder = OtherHolder(*record, alias, agency.name());
    if (holder == nullptr) continue;
    const std::string path = absl::StrCat("agency.aliases[", i, "]");
    const std::string problem =
        absl::StrCat(AliasText(alias), " belongs to ", holder->agency(),
                     holder->valid_to().empty() ? "" : " to ", holder->valid_to());
    return Error(absl::StatusCode::kAlreadyExists, "ALIAS_TAKEN", absl::StrCat(path, ": ", problem))
        .Field(path, problem)
        .Resource(v1::Agency::descriptor()->full_name(), holder->agency())
        .ToStatus();
  }
  return absl::OkStatus();
}

// ---- Import

// Agencies that a row's identifiers mean, each with the first identifier that means it.
std::map<std::string, std::string> MeantBy(const v1::Agency& row, absl::CivilDay today,
                                           const Records& records) {
  std::map<std::string, std::string> meant;
  for (const v1::Alias& alias : row.aliases()) {
    const v1::AliasRecord* record = records.FindAlias(AliasRecordName(alias));
    if (record == nullptr) continue;
    if (alias.valid_from().empty() && alias.valid_to().empty()) {
      const std::string holder = HolderOn(*record, today);
      if (!holder.empty()) meant.try_emplace(holder, AliasText(alias));
      continue;
    }
    for (const v1::AliasHolder& holder : record->holders()) {
      if (DatesOverlap(holder.valid_from(), holder.valid_to(), alias.valid_from(),
                       alias.valid_to())) {
        meant.try_emplace(holder.agency(), AliasText(alias));
      }
    }
  }
  return meant;
}

// Adds an identifier of a row to those known, or brings its dates up to date. An undated one says
// nothing new of one that is known.
void AddAlias(const v1::Alias& alias, v1::Agency& agency) {
  const bool undated = alias.valid_from().empty() && alias.valid_to().empty();
  if (undated && Has(agency, alias)) return;
  for (v1::Alias& known : *agency.mutable_aliases()) {
    if (SameIdentifier(known, alias) &&
        DatesOverlap(known.valid_from(), known.valid_to(), alias.valid_from(), alias.valid_to())) {
      known = alias;
      return;
    }
  }
  *agency.add_aliases() = alias;
}

// A known agency with what a row says of it.
v1::Agency Merged(const v1::Agency& known, v1::Agency row) {
  v1::Agency merged = known;
  const google::protobuf::RepeatedPtrField<v1::Alias> aliases = row.aliases();
  row.clear_aliases();
  // A message says all of itself: a strength's source without a year does not keep the old year.
  if (row.has_coordinates()) merged.clear_coordinates();
  if (row.has_sworn_full_time()) merged.clear_sworn_full_time();
  if (row.has_sworn_part_time()) merged.clear_sworn_part_time();
  if (row.has_civilian()) merged.clear_civilian();
  merged.MergeFrom(row);
  for (const v1::Alias& alias : aliases) AddAlias(alias, merged);
  merged.set_size_band(SizeBandOf(SwornOfficers(merged)));
  return merged;
}

class AgencyPlanner {
 public:
  AgencyPlanner(absl::CivilDay today, const Records& records) : today_(today), records_(records) {}

  AgencyImport Run(const google::protobuf::RepeatedPtrField<v1::Agency>& rows,
                   absl::Span<const std::string> problems) {
    for (int i = 0; i < rows.size(); ++i) {
      v1::ImportResult& result = plan_.results.emplace_back();
      result.set_index(i);
      const std::string problem = problems[i].empty() ? Take(rows[i], result) : problems[i];
      if (problem.empty()) continue;
      result.set_outcome(v1::IMPORT_OUTCOME_REFUSED);
      result.clear_name();
      result.set_problem(problem);
    }
    return std::move(plan_);
  }

 private:
  // Returns why the row is refused; empty where it is not.
  std::string Take(const v1::Agency& given, v1::ImportResult& result) {
    v1::Agency row;
    CopySettableFields(given, row);
    if (const FieldProblems problems = NormalizeAgency(row); !problems.empty()) {
      return problems.ToText();
    }
    if (row.aliases().empty()) {
      return "aliases: is missing; at least one identifier, by which the agency is known again";
    }
    const std::map<std::string, std::string> meant = MeantBy(row, today_, records_);
    if (meant.size() > 1) {
      return absl::StrCat("aliases: mean several agencies: ",
                          absl::StrJoin(meant, ", ", [](std::string* out, const auto& one) {
                            absl::StrAppend(out, one.second, " is ", one.first);
                          }));
    }
    return meant.empty() ? Create(row, result) : Update(meant.begin()->first, row, result);
  }

  std::string Create(v1::Agency& row, v1::ImportResult& result) {
    row.set_name(NextName(records_));
    return Change(v1::IMPORT_OUTCOME_CREATED, row, result);
  }

  std::string Update(const std::string& name, const v1::Agency& row, v1::ImportResult& result) {
    const v1::Agency* known = records_.FindAgency(name);
    if (known == nullptr) return absl::StrCat("aliases: ", name, " is not on record");
    v1::Agency merged = Merged(*known, row);
    if (google::protobuf::util::MessageDifferencer::Equals(*known, merged)) {
      result.set_outcome(v1::IMPORT_OUTCOME_UNCHANGED);
      result.set_name(name);
      return "";
    }
    if (merged.aliases_size() > kMaxAliases) {
      return absl::StrCat("aliases: ", name, " would have ", merged.aliases_size(), "; ",
                          kMaxAliases, " at most");
    }
    return Change(v1::IMPORT_OUTCOME_UPDATED, merged, result);
  }

  std::string Change(v1::ImportOutcome outcome, const v1::Agency& agency,
                     v1::ImportResult& result) {
    if (const absl::Status status = CheckHolders(agency, records_); !status.ok()) {
      return std::string(status.message());
    }
    result.set_outcome(outcome);
    result.set_name(agency.name());
    records_.Put(agency);
    plan_.changes.push_back({outcome, agency});
    ClearStamps(plan_.changes.back().agency);
    return "";
  }

  const absl::CivilDay today_;
  PlannedRecords records_;
  AgencyImport plan_;
};

}  // namespace

absl::StatusOr<v1::AgencyCreated> DecideAgencyCreation(const v1::Agency& wanted,
                                                       const Records& records) {
  v1::AgencyCreated created;
  v1::Agency& agency = *created.mutable_agency();
  CopySettableFields(wanted, agency);
  agency.set_name(NextName(records));
  RETURN_IF_ERROR(NormalizeAgency(agency).ToInvalidArgument("agency"));
  RETURN_IF_ERROR(CheckHolders(agency, records));
  return created;
}

absl::StatusOr<v1::AgencyUpdated> DecideAgencyUpdate(const v1::Agency& agency,
                                                     const v1::Agency& wanted,
                                                     const google::protobuf::FieldMask& mask,
                                                     const Records& records) {
  v1::AgencyUpdated updated;
  v1::Agency& after = *updated.mutable_agency();
  after = agency;
  RETURN_IF_ERROR(UpdateFields(mask, wanted, after));
  RETURN_IF_ERROR(NormalizeAgency(after).ToInvalidArgument("agency"));
  RETURN_IF_ERROR(CheckHolders(after, records));
  for (const v1::Alias& alias : agency.aliases()) {
    if (!Has(after, alias)) *updated.add_removed_aliases() = alias;
  }
  ClearStamps(after);
  return updated;
}

AgencyImport PlanAgencyImport(const google::protobuf::RepeatedPtrField<v1::Agency>& rows,
                              absl::Span<const std::string> problems, absl::CivilDay today,
                              const Records& records) {
  return AgencyPlanner(today, records).Run(rows, problems);
}

}  // namespace critac::intake
