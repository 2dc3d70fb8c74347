#include "services/matching/words.h"

#include "absl/strings/str_cat.h"

namespace critac::matching {

absl::string_view LevelWord(intake::v1::Level level) {
  switch (level) {
    case intake::v1::LEVEL_UNSPECIFIED:
      return "any level";
    case intake::v1::LEVEL_AWARENESS:
      return "awareness";
    case intake::v1::LEVEL_PRACTITIONER:
      return "practitioner";
    case intake::v1::LEVEL_EXPERT:
      return "expert";
    default:
      return "unknown";
  }
}

absl::string_view UrgencyWord(intake::v1::Urgency urgency) {
  switch (urgency) {
    case intake::v1::URGENCY_UNSPECIFIED:
    case intake::v1::URGENCY_ROUTINE:
      return "routine";
    case intake::v1::URGENCY_ELEVATED:
      return "elevated";
    case intake::v1::URGENCY_CRITICAL:
      return "critical";
    default:
      return "unknown";
  }
}

absl::string_view AgencyTypeWord(type::v1::AgencyType type) {
  switch (type) {
    case type::v1::AGENCY_TYPE_MUNICIPAL:
      return "municipal police";
    case type::v1::AGENCY_TYPE_SHERIFF:
      return "sheriff or county police";
    case type::v1::AGENCY_TYPE_STATE_POLICE:
      return "state police";
    case type::v1::AGENCY_TYPE_OTHER_STATE:
      return "other state agency";
    case type::v1::AGENCY_TYPE_CAMPUS:
      return "university or college police";
    case type::v1::AGENCY_TYPE_TRIBAL:
      return "tribal police";
    case type::v1::AGENCY_TYPE_SCHOOL_DISTRICT:
      return "school district police";
    case type::v1::AGENCY_TYPE_SPECIAL_JURISDICTION:
      return "special jurisdiction";
    case type::v1::AGENCY_TYPE_CONSTABLE:
      return "constable or marshal";
    case type::v1::AGENCY_TYPE_OTHER:
      return "other";
    case type::v1::AGENCY_TYPE_FEDERAL:
      return "federal";
    default:
      return "unknown";
  }
}

absl::string_view SizeBandWord(type::v1::SizeBand band) {
  switch (band) {
    case type::v1::SIZE_BAND_0_1:
      return "0 or 1 sworn officers";
    case type::v1::SIZE_BAND_2_9:
      return "2 to 9 sworn officers";
    case type::v1::SIZE_BAND_10_24:
      return "10 to 24 sworn officers";
    case type::v1::SIZE_BAND_25_49:
      return "25 to 49 sworn officers";
    case type::v1::SIZE_BAND_50_99:
      return "50 to 99 sworn officers";
    case type::v1::SIZE_BAND_100_249:
      return "100 to 249 sworn officers";
    case type::v1::SIZE_BAND_250_999:
      return "250 to 999 sworn officers";
    case type::v1::SIZE_BAND_1000_PLUS:
      return "1,000 or more sworn officers";
    default:
      return "unknown size";
  }
}

absl::string_view ConflictWord(v1::ConflictKind kind) {
  switch (kind) {
    case v1::CONFLICT_KIND_OWN_AGENCY:
      return "own agency: conflict";
    case v1::CONFLICT_KIND_RECENT_AGENCY:
      return "recent agency: conflict";
    case v1::CONFLICT_KIND_RECUSAL:
      return "declared recusal: conflict";
    case v1::CONFLICT_KIND_LITIGATION:
      return "litigation: conflict";
    case v1::CONFLICT_KIND_VENDOR_INTEREST:
      return "vendor interest: conflict";
    default:
      return "conflict";
  }
}

std::string GateCountText(v1::Gate gate, int64_t count) {
  const bool one = count == 1;
  switch (gate) {
    case v1::GATE_MEMBERSHIP:
      return absl::StrCat(count, one ? " is" : " are",
                          " not active or not of a member partner on the dates");
    case v1::GATE_TOPIC:
      return absl::StrCat(count, one ? " does" : " do", " not hold the topic at the level asked");
    case v1::GATE_DEMAND:
      return absl::StrCat(count, one ? " lacks" : " lack", " what the slot demands");
    case v1::GATE_CONFLICT:
      return absl::StrCat(count, one ? " has" : " have", " a conflict of interest");
    case v1::GATE_AVAILABILITY:
      return absl::StrCat(count, one ? " is" : " are", " not free in the window");
    case v1::GATE_CAPACITY:
      return absl::StrCat(count, one ? " has" : " have", " no capacity left");
    case v1::GATE_TRAVEL:
      return absl::StrCat(count, one ? " does" : " do", " not travel that far");
    case v1::GATE_DECLINED:
      return absl::StrCat(count, " declined it before");
    default:
      return absl::StrCat(count, one ? " is" : " are", " eligible");
  }
}

std::string DemandWords(const SlotRow& slot) {
  std::string words;
  if (slot.credential >= 0) absl::StrAppend(&words, "credential ", slot.credential_title, ", ");
  if (!slot.language.empty()) absl::StrAppend(&words, slot.language, ", ");
  if (slot.served_in_type != type::v1::AGENCY_TYPE_UNSPECIFIED) {
    absl::StrAppend(&words, "served in ", AgencyTypeWord(slot.served_in_type), ", ");
  }
  if (slot.served_in_size_band != type::v1::SIZE_BAND_UNSPECIFIED) {
    absl::StrAppend(&words, "served with ", SizeBandWord(slot.served_in_size_band),
                    slot.served_in_same_size_band ? " as the agency has, " : ", ");
  }
  absl::StrAppend(&words, slot.on_site ? "on site" : "virtual");
  return words;
}

std::string PlanChangeText(const v1::PlanChange& change) {
  std::string text;
  AppendPlanChange(change, text);
  return text;
}

void AppendPlanChange(const v1::PlanChange& change, std::string& text) {
  absl::StrAppend(&text, change.request(), " ", change.slot());
  if (change.to_expert().empty()) {
    absl::StrAppend(&text, " would be left without ", change.from_expert());
  } else if (change.to_expert() == change.from_expert()) {
    absl::StrAppend(&text, " would have ", change.to_expert(), " start in ", change.to_period(),
                    " instead of ", change.from_period());
  } else {
    absl::StrAppend(&text, " would get ", change.to_expert());
    if (!change.from_expert().empty()) {
      absl::StrAppend(&text, " instead of ", change.from_expert());
    }
  }
}

std::string FractionText(int64_t e6) {
  const absl::string_view sign = e6 < 0 ? "-" : "";
  const uint64_t size =
      e6 < 0 ? uint64_t{0} - static_cast<uint64_t>(e6) : static_cast<uint64_t>(e6);
  return absl::StrCat(sign, size / 1'000'000, ".",
                      absl::Dec(size % 1'000'000 / 100, absl::kZeroPad4));
}

}  // namespace critac::matching
