#include "services/cli/import/registry.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "services/cli/usps.h"

namespace critac::cli {
namespace {

using intake::v1::Agency;
using type::v1::AgencyType;

struct TypeName {
  absl::string_view registry;
  AgencyType ours;
};

constexpr TypeName kTypes[] = {
    {"City", type::v1::AGENCY_TYPE_MUNICIPAL},
    {"County", type::v1::AGENCY_TYPE_SHERIFF},
    {"State Police", type::v1::AGENCY_TYPE_STATE_POLICE},
    {"Other State Agency", type::v1::AGENCY_TYPE_OTHER_STATE},
    {"University or College", type::v1::AGENCY_TYPE_CAMPUS},
    {"Tribal", type::v1::AGENCY_TYPE_TRIBAL},
    {"Federal", type::v1::AGENCY_TYPE_FEDERAL},
    {"Other", type::v1::AGENCY_TYPE_OTHER},
    {"Unknown", type::v1::AGENCY_TYPE_UNKNOWN},
};

absl::Status Refused(absl::string_view field, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", why));
}

// The text of a member; empty where it is null, missing or no text.
std::string TextOf(const nlohmann::json& row, const char* member) {
  const auto found = row.find(member);
  if (found == row.end() || !found->is_string()) return "";
  std::string text = found->get<std::string>();
  absl::RemoveExtraAsciiWhitespace(&text);
  return text;
}

std::optional<double> NumberOf(const nlohmann::json& row, const char* member) {
  const auto found = row.find(member);
  if (found == row.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

absl::StatusOr<absl::string_view> StateOf(absl::string_view key) {
  if (const UspsState* state = FindUspsState(key)) return state->code;
  for (const UspsState& state : UspsStates()) {
    if (state.ori_prefix == key) return state.code;
  }
  if (key == "CZ") return Refused("state", "CZ is the former Canal Zone, no state or territory");
  return Refused("state",
                 absl::StrCat("\"", key, "\" is not the USPS code of a state or territory"));
}

bool HasFormOfOri(absl::string_view ori) {
  const auto is_upper = [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); };
  return ori.size() == 9 && is_upper(ori[0]) && is_upper(ori[1]) &&
         std::all_of(ori.begin() + 2, ori.end(), [&](char c) {
           return is_upper(c) || absl::ascii_isdigit(static_cast<unsigned char>(c));
         });
}

absl::Status CheckOri(absl::string_view ori) {
  if (absl::StartsWith(ori, "TS")) {
    return Refused("ori", absl::StrCat(ori, " is a test agency of the registry, not a real one"));
  }
  if (HasFormOfOri(ori)) return absl::OkStatus();
  const bool zero = ori.size() == 9 && (ori[0] == '0' || ori[1] == '0');
  return Refused("ori", absl::StrCat("\"", ori,
                                     "\" is not two capital letters and seven capital "
                                     "letters or digits",
                                     zero ? "; it has a zero where a letter must be" : ""));
}

absl::StatusOr<AgencyType> TypeOf(const nlohmann::json& row) {
  const std::string name = TextOf(row, "agency_type_name");
  for (const TypeName& known : kTypes) {
    if (known.registry == name) return known.ours;
  }
  return Refused("agency_type_name", name.empty()
                                         ? "is missing"
                                         : absl::StrCat("\"", name,
                                                        "\" is no type that the registry is known "
                                                        "to use"));
}

void SetPlace(const nlohmann::json& row, Agency& agency) {
  const std::optional<double> latitude = NumberOf(row, "icpsr_lat");
  const std::optional<double> longitude = NumberOf(row, "icpsr_lng");
  if (!latitude.has_value() || !longitude.has_value()) return;
  const bool unknown = (*latitude == -9 && *longitude == -9) || (*latitude == 0 && *longitude == 0);
  if (unknown || std::abs(*latitude) > 90 || std::abs(*longitude) > 180) return;
  agency.mutable_coordinates()->set_latitude_e6(static_cast<int32_t>(std::lround(*latitude * 1e6)));
  agency.mutable_coordinates()->set_longitude_e6(
      static_cast<int32_t>(std::lround(*longitude * 1e6)));
}

}  // namespace

absl::Status AgencyFromRegistry(const Row& row, Agency& agency) {
  const absl::string_view state_key = row.keys[0];
  const absl::string_view ori = row.keys[1];
  const nlohmann::json json = nlohmann::json::parse(row.json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Refused("row", "is not a JSON object");

  RETURN_IF_ERROR(CheckOri(ori));
  ASSIGN_OR_RETURN(const absl::string_view state, StateOf(state_key));
  ASSIGN_OR_RETURN(const AgencyType type, TypeOf(json));
  const std::string name = TextOf(json, "agency_name");
  if (name.empty()) return Refused("agency_name", "is missing; an agency must have a name");

  agency.Clear();
  agency.set_display_name(name);
  agency.set_type(type);
  agency.set_state(std::string(state));
  agency.set_county(TextOf(json, "primary_county"));
  auto& alias = *agency.add_aliases();
  alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
  alias.set_value(std::string(ori));
  SetPlace(json, agency);
  return absl::OkStatus();
}

}  // namespace critac::cli
