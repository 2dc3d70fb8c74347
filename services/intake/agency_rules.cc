#include "services/intake/agency_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "common/status/error.h"

namespace critac::intake {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Two capitals, then capitals and digits, `length` characters in all.
bool HasOriForm(absl::string_view value, size_t length) {
  return value.size() == length && IsUpper(value[0]) && IsUpper(value[1]) &&
         std::all_of(value.begin(), value.end(), [](char c) { return IsUpper(c) || IsDigit(c); });
}

std::string OriProblem(absl::string_view value, int length) {
  std::string problem =
      absl::StrCat("`", value, "` is not two letters and ", length - 2, " letters or digits");
  // A keyboard's commonest slip, seen in real registries.
  if (value.size() == static_cast<size_t>(length) && (value[0] == '0' || value[1] == '0')) {
    absl::StrAppend(&problem, "; a zero stands where the letter O may be meant");
  }
  return problem;
}

bool HasOtherForm(absl::string_view value) {
  const size_t colon = value.find(':');
  return colon != absl::string_view::npos && colon > 0 && colon + 1 < value.size() &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '/'; });
}

// `ORI9` of ALIAS_TYPE_ORI9.
absl::string_view ShortName(v1::AliasType type) {
  return absl::StripPrefix(v1::AliasType_Name(type), "ALIAS_TYPE_");
}

// The words of a text with one space between them.
std::string WithSingleSpaces(absl::string_view text) {
  return absl::StrJoin(absl::StrSplit(text, absl::ByAnyChar(" \t\n\r\v\f"), absl::SkipEmpty()),
                       " ");
}

void CheckAliases(const v1::Agency& agency, FieldProblems& problems) {
  for (int i = 0; i < agency.aliases_size(); ++i) {
    const v1::Alias& alias = agency.aliases(i);
    const std::string path = absl::StrCat("aliases[", i, "]");
    if (const auto problem = AliasProblem(alias)) {
      problems.Add(absl::StrCat(path, ".value"), *problem);
    }
    if (!alias.valid_from().empty() && !alias.valid_to().empty() &&
        alias.valid_from() > alias.valid_to()) {
      problems.Add(absl::StrCat(path, ".valid_to"),
                   absl::StrCat(alias.valid_to(), " is before valid_from, ", alias.valid_from()));
    }
    for (int k = 0; k < i; ++k) {
      const v1::Alias& other = agency.aliases(k);
      if (other.type() == alias.type() && other.value() == alias.value() &&
          DatesOverlap(alias.valid_from(), alias.valid_to(), other.valid_from(),
                       other.valid_to())) {
        problems.Add(path, absl::StrCat(AliasText(alias), " stands in aliases[", k,
                                        "] already, for days that overlap"));
        break;
      }
    }
  }
}

}  // namespace

void NormalizeAlias(v1::Alias& alias) {
  std::string value(absl::StripAsciiWhitespace(alias.value()));
  if (alias.type() != v1::ALIAS_TYPE_OTHER) absl::AsciiStrToUpper(&value);
  alias.set_value(std::move(value));
}

std::optional<std::string> AliasProblem(const v1::Alias& alias) {
  const std::string& value = alias.value();
  switch (alias.type()) {
    case v1::ALIAS_TYPE_ORI9:
      if (HasOriForm(value, 9)) return std::nullopt;
      return OriProblem(value, 9);
    case v1::ALIAS_TYPE_ORI7:
      if (HasOriForm(value, 7)) return std::nullopt;
      return OriProblem(value, 7);
    case v1::ALIAS_TYPE_UEI:
      if (value.size() == 12 && std::all_of(value.begin(), value.end(),
                                            [](char c) { return IsUpper(c) || IsDigit(c); })) {
        return std::nullopt;
      }
      return absl::StrCat("`", value, "` is not twelve letters or digits");
    case v1::ALIAS_TYPE_OTHER:
      if (HasOtherForm(value)) return std::nullopt;
      return absl::StrCat("`", value, "` is not SYSTEM:ID, printable ASCII without spaces and `/`");
    default:
      return "the kind of the identifier is not said";
  }
}

std::string AliasRecordName(const v1::Alias& alias) {
  return absl::StrCat("aliases/", ShortName(alias.type()), ":", alias.value());
}

std::string AliasText(const v1::Alias& alias) {
  return absl::StrCat(ShortName(alias.type()), " ", alias.value());
}

bool DatesOverlap(absl::string_view from_1, absl::string_view to_1, absl::string_view from_2,
                  absl::string_view to_2) {
  // Dates of ISO 8601 are in order as texts.
  const bool first_is_before = !to_1.empty() && !from_2.empty() && to_1 < from_2;
  const bool second_is_before = !to_2.empty() && !from_1.empty() && to_2 < from_1;
  return !first_is_before && !second_is_before;
}

std::string HolderOn(const v1::AliasRecord& record, absl::CivilDay day) {
  const std::string date = FormatDate(day);
  const v1::AliasHolder* last = nullptr;
  for (const v1::AliasHolder& holder : record.holders()) {
    if (DatesOverlap(holder.valid_from(), holder.valid_to(), date, date)) return holder.agency();
    const bool over = !holder.valid_to().empty() && holder.valid_to() < date;
    if (over && (last == nullptr || holder.valid_to() > last->valid_to())) last = &holder;
  }
  return last == nullptr ? "" : last->agency();
}

const v1::AliasHolder* OtherHolder(const v1::AliasRecord& record, const v1::Alias& alias,
                                   absl::string_view agency) {
  for (const v1::AliasHolder& holder : record.holders()) {
    if (holder.agency() != agency && DatesOverlap(holder.valid_from(), holder.valid_to(),
                                                  alias.valid_from(), alias.valid_to())) {
      return &holder;
    }
  }
  return nullptr;
}

void SetHolder(v1::AliasRecord& record, absl::string_view agency,
               const google::protobuf::RepeatedPtrField<v1::Alias>& aliases) {
  auto& holders = *record.mutable_holders();
  holders.erase(
      std::remove_if(holders.begin(), holders.end(),
                     [&](const v1::AliasHolder& holder) { return holder.agency() == agency; }),
      holders.end());
  for (const v1::Alias& alias : aliases) {
    if (AliasRecordName(alias) != record.name()) continue;
    v1::AliasHolder& holder = *holders.Add();
    holder.set_agency(std::string(agency));
    holder.set_valid_from(alias.valid_from());
    holder.set_valid_to(alias.valid_to());
  }
}

std::string NameKey(absl::string_view display_name) {
  std::string key = WithSingleSpaces(display_name);
  absl::AsciiStrToLower(&key);
  return key;
}

std::optional<int32_t> SwornOfficers(const v1::Agency& agency) {
  if (!agency.has_sworn_full_time()) return std::nullopt;
  return agency.sworn_full_time().count() + agency.sworn_part_time().count();
}

type::v1::SizeBand SizeBandOf(std::optional<int32_t> sworn_officers) {
  if (!sworn_officers.has_value()) return type::v1::SIZE_BAND_UNKNOWN;
  const int32_t sworn = *sworn_officers;
  if (sworn < 2) return type::v1::SIZE_BAND_0_1;
  if (sworn < 10) return type::v1::SIZE_BAND_2_9;
  if (sworn < 25) return type::v1::SIZE_BAND_10_24;
  if (sworn < 50) return type::v1::SIZE_BAND_25_49;
  if (sworn < 100) return type::v1::SIZE_BAND_50_99;
  if (sworn < 250) return type::v1::SIZE_BAND_100_249;
  if (sworn < 1000) return type::v1::SIZE_BAND_250_999;
  return type::v1::SIZE_BAND_1000_PLUS;
}

FieldProblems NormalizeAgency(v1::Agency& agency) {
  FieldProblems problems;
  agency.set_display_name(WithSingleSpaces(agency.display_name()));
  if (agency.display_name().empty()) problems.Add("display_name", "is missing");
  if (agency.type() == type::v1::AGENCY_TYPE_UNSPECIFIED) {
    problems.Add("type", "is missing; AGENCY_TYPE_UNKNOWN is accepted");
  }
  if (agency.state().empty()) problems.Add("state", "is missing; a USPS code such as UT");
  for (v1::Alias& alias : *agency.mutable_aliases()) NormalizeAlias(alias);
  CheckAliases(agency, problems);
  agency.set_size_band(SizeBandOf(SwornOfficers(agency)));
  return problems;
}

type::v1::AgencyProfile ProfileOf(const v1::Agency& agency) {
  type::v1::AgencyProfile profile;
  profile.set_agency(agency.name());
  profile.set_type(agency.type());
  const std::optional<int32_t> sworn = SwornOfficers(agency);
  profile.set_size_band(SizeBandOf(sworn));
  profile.set_state(agency.state());
  if (agency.has_coordinates()) *profile.mutable_coordinates() = agency.coordinates();
  if (sworn.has_value()) profile.set_sworn_officers(*sworn);
  return profile;
}

absl::Status CheckEligible(absl::string_view agency, type::v1::AgencyType type) {
  if (type != type::v1::AGENCY_TYPE_FEDERAL) return absl::OkStatus();
  return FailedPrecondition("AGENCY_NOT_ELIGIBLE", agency,
                            "a federal agency; the program serves state, local, territorial, "
                            "campus and tribal agencies");
}

}  // namespace critac::intake
