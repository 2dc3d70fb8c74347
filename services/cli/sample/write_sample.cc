#include "services/cli/sample/write_sample.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "services/cli/exit_status.h"
#include "services/cli/printer.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

constexpr char kNotice[] =
    "# Fictional: the sample program of critac. No agency, person, request or answer in it is "
    "real.\n";

template <typename T>
absl::StatusOr<SampleFile> JsonLinesFile(const std::string& kind, const std::vector<T>& rows) {
  SampleFile file{kind, absl::StrCat(kind, ".jsonl"), kNotice, static_cast<int>(rows.size())};
  for (const T& row : rows) {
    ASSIGN_OR_RETURN(const std::string json, JsonLine(row));
    absl::StrAppend(&file.content, json, "\n");
  }
  return file;
}

std::string AliasOf(const intake::v1::Agency& agency, intake::v1::AliasType type) {
  for (const auto& alias : agency.aliases()) {
    if (alias.type() == type) return alias.value();
  }
  return "";
}

std::string CountText(bool known, const intake::v1::Strength& strength) {
  return known ? absl::StrCat(strength.count()) : "";
}

std::string DegreesText(bool known, int32_t degrees_e6) {
  return known ? absl::StrFormat("%.6f", degrees_e6 / 1e6) : "";
}

SampleFile AgenciesFile(const std::vector<intake::v1::Agency>& agencies) {
  SampleFile file{"agencies", "agencies.csv", kNotice, static_cast<int>(agencies.size())};
  file.content += FormatCsvRecord(
      {"display_name", "type", "state", "county", "latitude", "longitude", "ori9", "other_id",
       "sworn_full_time", "sworn_part_time", "civilian", "strength_source", "strength_year"});
  for (const intake::v1::Agency& agency : agencies) {
    const bool known = agency.has_sworn_full_time();
    file.content += FormatCsvRecord(
        {agency.display_name(), FieldText(agency, "type", TextStyle::kFull), agency.state(),
         agency.county(), DegreesText(agency.has_coordinates(), agency.coordinates().latitude_e6()),
         DegreesText(agency.has_coordinates(), agency.coordinates().longitude_e6()),
         AliasOf(agency, intake::v1::ALIAS_TYPE_ORI9),
         AliasOf(agency, intake::v1::ALIAS_TYPE_OTHER), CountText(known, agency.sworn_full_time()),
         CountText(agency.has_sworn_part_time(), agency.sworn_part_time()),
         CountText(agency.has_civilian(), agency.civilian()),
         known ? agency.sworn_full_time().source() : "",
         known ? absl::StrCat(agency.sworn_full_time().year()) : ""});
  }
  return file;
}

}  // namespace

absl::StatusOr<std::vector<SampleFile>> FormatSample(const SampleProgram& program) {
  std::vector<SampleFile> files;
  ASSIGN_OR_RETURN(files.emplace_back(), JsonLinesFile("catalog", program.catalog));
  ASSIGN_OR_RETURN(files.emplace_back(), JsonLinesFile("partners", program.partners));
  ASSIGN_OR_RETURN(files.emplace_back(), JsonLinesFile("experts", program.experts));
  files.push_back(AgenciesFile(program.agencies));
  ASSIGN_OR_RETURN(files.emplace_back(), JsonLinesFile("requests", program.requests));
  ASSIGN_OR_RETURN(files.emplace_back(), JsonLinesFile("engagements", program.engagements));
  ASSIGN_OR_RETURN(files.emplace_back(), JsonLinesFile("surveys", program.surveys));
  return files;
}

absl::Status WriteSample(const std::vector<SampleFile>& files, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return UsageError(absl::StrCat(folder, ": cannot be made: ", error.message()));
  for (const SampleFile& sample : files) {
    const std::string path = absl::StrCat(folder, "/", sample.name);
    errno = 0;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << sample.content;
    file.close();
    if (!file.good()) {
      return UsageError(absl::StrCat(
          path, ": cannot be written: ", errno != 0 ? std::strerror(errno) : "the disk is full?"));
    }
  }
  return absl::OkStatus();
}

}  // namespace critac::cli
