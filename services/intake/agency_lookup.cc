#include "services/intake/agency_lookup.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/intake/agency_rules.h"

namespace critac::intake {
namespace {

// `agencies/ag-000017 (Lake Police, Summit county, ORI9 UT0220000)`.
std::string CandidateText(const v1::Agency& agency) {
  std::string text = absl::StrCat(agency.name(), " (", agency.display_name());
  if (!agency.county().empty()) absl::StrAppend(&text, ", ", agency.county(), " county");
  for (const v1::Alias& alias : agency.aliases()) absl::StrAppend(&text, ", ", AliasText(alias));
  return absl::StrCat(text, ")");
}

}  // namespace

absl::Status CheckLookup(const v1::LookupAgencyRequest& lookup) {
  const bool by_alias = !lookup.alias().empty();
  const bool by_name = !lookup.display_name().empty() || !lookup.state().empty();
  if (by_alias && by_name) {
    return InvalidField("alias", "stands alone; or display_name and state, without it");
  }
  if (by_alias) return absl::OkStatus();
  if (!by_name) return InvalidField("alias", "is missing; it, or display_name and state");
  if (lookup.display_name().empty()) {
    return InvalidField("display_name", "is missing; an agency is told by its name and its state");
  }
  if (lookup.state().empty()) {
    return InvalidField("state", "is missing; an agency is told by its name and its state");
  }
  return absl::OkStatus();
}

std::string LookupText(const v1::LookupAgencyRequest& lookup) {
  if (!lookup.alias().empty()) return lookup.alias();
  return absl::StrCat(lookup.display_name(), " in ", lookup.state());
}

std::vector<std::string> HoldersOn(absl::Span<const v1::AliasRecord> records, absl::CivilDay day) {
  std::set<std::string> holders;
  for (const v1::AliasRecord& record : records) {
    if (std::string holder = HolderOn(record, day); !holder.empty()) {
      holders.insert(std::move(holder));
    }
  }
  return {holders.begin(), holders.end()};
}

absl::StatusOr<v1::Agency> TheOne(const v1::LookupAgencyRequest& lookup,
                                  absl::Span<const v1::Agency> candidates) {
  const std::string text = LookupText(lookup);
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty()) {
    return Error(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
                 absl::StrCat("no agency is known as ", text))
        .Resource(v1::Agency::descriptor()->full_name(), text)
        .ToStatus();
  }
  const absl::Span<const v1::Agency> listed = candidates.subspan(0, kMostCandidates);
  const size_t others = candidates.size() - listed.size();
  Error error(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_AGENCY",
              absl::StrCat(text, " means ", candidates.size(), " agencies: ",
                           absl::StrJoin(listed, "; ",
                                         [](std::string* out, const v1::Agency& agency) {
                                           absl::StrAppend(out, CandidateText(agency));
                                         }),
                           others == 0 ? "" : absl::StrCat("; and ", others, " more")));
  for (const v1::Agency& agency : listed) {
    error.Precondition("AMBIGUOUS_AGENCY", agency.name(), CandidateText(agency));
  }
  return error.ToStatus();
}

}  // namespace critac::intake
