#include "services/metrics/wording.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "services/metrics/dimensions.h"

namespace critac::metrics {
namespace {

using Labels = absl::flat_hash_map<std::string, std::string>;

const Labels& AgencyTypeLabels() {
  static const auto& labels = *new Labels{
      {"MUNICIPAL", "Municipal police"},
      {"SHERIFF", "Sheriff or county"},
      {"STATE_POLICE", "State police"},
      {"OTHER_STATE", "Other state agency"},
      {"CAMPUS", "University or college"},
      {"TRIBAL", "Tribal"},
      {"SCHOOL_DISTRICT", "School district"},
      {"SPECIAL_JURISDICTION", "Special jurisdiction"},
      {"CONSTABLE", "Constable or marshal"},
      {"OTHER", "Other"},
      {"UNKNOWN", "Not known"},
      {"FEDERAL", "Federal"},
  };
  return labels;
}

const Labels& SizeBandLabels() {
  static const auto& labels = *new Labels{
      {"0_1", "0–1"},         {"2_9", "2–9"},          {"10_24", "10–24"},
      {"25_49", "25–49"},     {"50_99", "50–99"},      {"100_249", "100–249"},
      {"250_999", "250–999"}, {"1000_PLUS", "1,000+"}, {"UNKNOWN", "Not known"},
  };
  return labels;
}

const Labels& Under50Labels() {
  static const auto& labels = *new Labels{
      {"UNDER_50", "Fewer than 50 sworn"},
      {"50_AND_MORE", "50 sworn and more"},
      {"UNKNOWN", "Strength not known"},
  };
  return labels;
}

const Labels& RequestStateLabels() {
  static const auto& labels = *new Labels{
      {"DRAFT", "Draft"},
      {"SUBMITTED", "Submitted"},
      {"IN_REVIEW", "In review"},
      {"NEEDS_INFORMATION", "Needs information"},
      {"SCOPING", "Scoping"},
      {"READY", "Ready to be matched"},
      {"MATCHED", "Matched"},
      {"PLANNED", "Planned"},
      {"IN_DELIVERY", "In delivery"},
      {"DELIVERED", "Delivered"},
      {"CLOSED", "Closed"},
      {"ON_HOLD", "On hold"},
      {"REFERRED", "Referred"},
      {"INELIGIBLE", "Ineligible"},
      {"DUPLICATE", "Duplicate"},
      {"WITHDRAWN", "Withdrawn"},
  };
  return labels;
}

const Labels& ModeLabels() {
  static const auto& labels =
      *new Labels{{"ON_SITE", "On site"}, {"VIRTUAL", "Virtual"}, {"UNKNOWN", "Not known"}};
  return labels;
}

const Labels& StateLabels() {
  static const auto& labels = *[] {
    auto* all = new Labels();
    for (const StateTile& tile : StateTiles()) {
      all->emplace(std::string(tile.code), std::string(tile.name));
    }
    return all;
  }();
  return labels;
}

std::string Looked(const Labels& labels, absl::string_view value) {
  const auto found = labels.find(value);
  return found == labels.end() ? std::string(value) : found->second;
}

std::string MonthText(absl::CivilDay day) {
  return absl::FormatTime("%B", absl::FromCivil(day, absl::UTCTimeZone()), absl::UTCTimeZone());
}

}  // namespace

double Rounded(double value, int decimals) {
  const double scale = std::pow(10, decimals);
  return std::round(value * scale) / scale;
}

std::string NumberText(double value, int decimals) {
  const double rounded = Rounded(value, decimals);
  std::string digits = absl::StrFormat("%.*f", decimals, std::abs(rounded));
  size_t point = digits.find('.');
  if (point == std::string::npos) point = digits.size();
  for (size_t at = point; at > 3; at -= 3) digits.insert(at - 3, ",");
  return absl::StrCat(rounded < 0 ? "−" : "", digits);
}

TableCell ValueCell(double value, v1::Unit unit) {
  int decimals = 0;
  if (unit == v1::UNIT_POINTS) decimals = 1;
  if (unit == v1::UNIT_HOURS && value != std::floor(value)) decimals = 2;
  return TableCell::Number(
      Rounded(value, decimals),
      absl::StrCat(NumberText(value, decimals), unit == v1::UNIT_PERCENT ? "%" : ""));
}

std::string ValueText(double value, v1::Unit unit) {
  std::string text = ValueCell(value, unit).text;
  switch (unit) {
    case v1::UNIT_POINTS:
      return absl::StrCat(text, " points");
    case v1::UNIT_HOURS:
      return absl::StrCat(text, value == 1 ? " hour" : " hours");
    case v1::UNIT_DAYS:
      return absl::StrCat(text, value == 1 ? " day" : " days");
    default:
      return text;
  }
}

std::string DayText(absl::CivilDay day) {
  return absl::StrCat(MonthText(day), " ", day.day(), ", ", day.year());
}

std::string PeriodText(absl::CivilDay start, absl::CivilDay end) {
  const bool fiscal_year =
      start.month() == 10 && start.day() == 1 && end == absl::CivilDay(start.year() + 1, 9, 30);
  if (fiscal_year) return absl::StrCat("fiscal year ", end.year());
  return absl::StrCat(DayText(start), " to ", DayText(end));
}

std::string Counted(int64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(NumberText(static_cast<double>(count)), " ", count == 1 ? one : many);
}

std::string Listed(const std::vector<std::string>& items) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

std::string DimensionLabel(const Facts& facts, v1::Dimension dimension, absl::string_view value) {
  switch (dimension) {
    case v1::DIMENSION_STATE:
      if (value == kUnknownValue) return "Not known";
      return Looked(StateLabels(), value);
    case v1::DIMENSION_AGENCY_TYPE:
      return Looked(AgencyTypeLabels(), value);
    case v1::DIMENSION_SIZE_BAND:
      return Looked(SizeBandLabels(), value);
    case v1::DIMENSION_UNDER_50_SWORN:
      return Looked(Under50Labels(), value);
    case v1::DIMENSION_REQUEST_STATE:
      return Looked(RequestStateLabels(), value);
    case v1::DIMENSION_MODE:
      return Looked(ModeLabels(), value);
    default: {
      if (value == kUnknownValue) return "Not named";
      const auto& titles =
          dimension == v1::DIMENSION_PARTNER ? facts.matching.titles : facts.intake.titles;
      const auto title = titles.find(std::string(value));
      return title == titles.end() ? std::string(value) : title->second;
    }
  }
}

const std::vector<StateTile>& StateTiles() {
  static const auto& tiles = *new std::vector<StateTile>{
      {"AK", "Alaska", "West", 0, 0},
      {"AL", "Alabama", "South", 7, 6},
      {"AR", "Arkansas", "South", 5, 5},
      {"AS", "American Samoa", "Territories", 1, 7},
      {"AZ", "Arizona", "West", 2, 5},
      {"CA", "California", "West", 1, 4},
      {"CO", "Colorado", "West", 3, 4},
      {"CT", "Connecticut", "Northeast", 10, 3},
      {"DC", "District of Columbia", "South", 9, 5},
      {"DE", "Delaware", "South", 10, 4},
      {"FL", "Florida", "South", 9, 7},
      {"GA", "Georgia", "South", 8, 6},
      {"GU", "Guam", "Territories", 0, 6},
      {"HI", "Hawaii", "West", 0, 7},
      {"IA", "Iowa", "Midwest", 5, 3},
      {"ID", "Idaho", "West", 2, 2},
      {"IL", "Illinois", "Midwest", 6, 2},
      {"IN", "Indiana", "Midwest", 6, 3},
      {"KS", "Kansas", "Midwest", 4, 5},
      {"KY", "Kentucky", "South", 6, 4},
      {"LA", "Louisiana", "South", 5, 6},
      {"MA", "Massachusetts", "Northeast", 11, 2},
      {"MD", "Maryland", "South", 9, 4},
      {"ME", "Maine", "Northeast", 11, 0},
      {"MI", "Michigan", "Midwest", 8, 2},
      {"MN", "Minnesota", "Midwest", 5, 2},
      {"MO", "Missouri", "Midwest", 5, 4},
      {"MP", "Northern Mariana Islands", "Territories", 1, 6},
      {"MS", "Mississippi", "South", 6, 6},
      {"MT", "Montana", "West", 3, 2},
      {"NC", "North Carolina", "South", 7, 5},
      {"ND", "North Dakota", "Midwest", 4, 2},
      {"NE", "Nebraska", "Midwest", 4, 4},
      {"NH", "New Hampshire", "Northeast", 11, 1},
      {"NJ", "New Jersey", "Northeast", 9, 3},
      {"NM", "New Mexico", "West", 3, 5},
      {"NV", "Nevada", "West", 2, 3},
      {"NY", "New York", "Northeast", 9, 2},
      {"OH", "Ohio", "Midwest", 7, 3},
      {"OK", "Oklahoma", "South", 4, 6},
      {"OR", "Oregon", "West", 1, 3},
      {"PA", "Pennsylvania", "Northeast", 8, 3},
      {"PR", "Puerto Rico", "Territories", 10, 7},
      {"RI", "Rhode Island", "Northeast", 10, 2},
      {"SC", "South Carolina", "South", 8, 5},
      {"SD", "South Dakota", "Midwest", 4, 3},
      {"TN", "Tennessee", "South", 6, 5},
      {"TX", "Texas", "South", 4, 7},
      {"UT", "Utah", "West", 2, 4},
      {"VA", "Virginia", "South", 8, 4},
      {"VI", "US Virgin Islands", "Territories", 11, 7},
      {"VT", "Vermont", "Northeast", 10, 1},
      {"WA", "Washington", "West", 1, 2},
      {"WI", "Wisconsin", "Midwest", 7, 2},
      {"WV", "West Virginia", "South", 7, 4},
      {"WY", "Wyoming", "West", 3, 3},
  };
  return tiles;
}

std::string RegionOf(absl::string_view state) {
  for (const StateTile& tile : StateTiles()) {
    if (tile.code == state) return std::string(tile.region);
  }
  return "Not known";
}

}  // namespace critac::metrics
