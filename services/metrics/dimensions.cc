#include "services/metrics/dimensions.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "google/protobuf/descriptor.h"

namespace critac::metrics {
namespace {

// The name of an enum's value without the prefix that all its values share; what is not said, or
// not known to this version, is unknown.
std::string ShortName(const google::protobuf::EnumDescriptor* type, int number,
                      absl::string_view prefix) {
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByNumber(number);
  if (number == 0 || value == nullptr) return kUnknownValue;
  return std::string(absl::StripPrefix(value->name(), prefix));
}

std::vector<std::string> ShortNames(const google::protobuf::EnumDescriptor* type,
                                    absl::string_view prefix) {
  std::vector<std::string> names;
  bool unknown = false;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() == 0) continue;
    names.push_back(ShortName(type, type->value(i)->number(), prefix));
    unknown = unknown || names.back() == kUnknownValue;
  }
  if (!unknown) names.push_back(kUnknownValue);
  return names;
}

// Largest number of sworn officers in each band.
struct BandEnd {
  type::v1::SizeBand band;
  int32_t most;
};
constexpr BandEnd kBandEnds[] = {
    {type::v1::SIZE_BAND_0_1, 1},       {type::v1::SIZE_BAND_2_9, 9},
    {type::v1::SIZE_BAND_10_24, 24},    {type::v1::SIZE_BAND_25_49, 49},
    {type::v1::SIZE_BAND_50_99, 99},    {type::v1::SIZE_BAND_100_249, 249},
    {type::v1::SIZE_BAND_250_999, 999},
};

type::v1::SizeBand BandOf(const AgencyTraits& agency) {
  const bool said = agency.size_band != type::v1::SIZE_BAND_UNSPECIFIED &&
                    agency.size_band != type::v1::SIZE_BAND_UNKNOWN;
  if (said) return agency.size_band;
  if (!agency.sworn_officers.has_value()) return type::v1::SIZE_BAND_UNKNOWN;
  for (const BandEnd& end : kBandEnds) {
    if (*agency.sworn_officers <= end.most) return end.band;
  }
  return type::v1::SIZE_BAND_1000_PLUS;
}

}  // namespace

std::string AgencyTypeValue(type::v1::AgencyType type) {
  return ShortName(type::v1::AgencyType_descriptor(), type, "AGENCY_TYPE_");
}

std::string SizeBandValue(const AgencyTraits& agency) {
  return ShortName(type::v1::SizeBand_descriptor(), BandOf(agency), "SIZE_BAND_");
}

std::string ModeValue(type::v1::DeliveryMode mode) {
  return ShortName(type::v1::DeliveryMode_descriptor(), mode, "DELIVERY_MODE_");
}

std::string RequestStateValue(intake::v1::RequestState state) {
  return ShortName(intake::v1::RequestState_descriptor(), state, "REQUEST_STATE_");
}

std::string Under50Value(const AgencyTraits& agency) {
  const type::v1::SizeBand band = BandOf(agency);
  if (band == type::v1::SIZE_BAND_UNKNOWN) return kUnknownValue;
  return band < type::v1::SIZE_BAND_50_99 ? kUnder50 : k50AndMore;
}

std::string MonthValue(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d", day.year(), day.month());
}

std::string FiscalYearValue(absl::CivilDay day) { return absl::StrCat("FY", FiscalYear(day)); }

std::string DimensionName(v1::Dimension dimension) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::Dimension_Name(dimension), "DIMENSION_"));
}

std::vector<std::string> AcceptedValues(v1::Dimension dimension) {
  switch (dimension) {
    case v1::DIMENSION_AGENCY_TYPE:
      return ShortNames(type::v1::AgencyType_descriptor(), "AGENCY_TYPE_");
    case v1::DIMENSION_SIZE_BAND:
      return ShortNames(type::v1::SizeBand_descriptor(), "SIZE_BAND_");
    case v1::DIMENSION_MODE:
      return ShortNames(type::v1::DeliveryMode_descriptor(), "DELIVERY_MODE_");
    case v1::DIMENSION_REQUEST_STATE:
      return ShortNames(intake::v1::RequestState_descriptor(), "REQUEST_STATE_");
    case v1::DIMENSION_UNDER_50_SWORN:
      return {kUnder50, k50AndMore, kUnknownValue};
    default:
      return {};
  }
}

}  // namespace critac::metrics
