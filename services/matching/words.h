#ifndef SERVICES_MATCHING_WORDS_H_
#define SERVICES_MATCHING_WORDS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/pool.h"

// The field's words for what explanations speak of. Values this build does not know are `unknown`.
namespace critac::matching {

// `awareness`, `practitioner`, `expert`, `any level`.
absl::string_view LevelWord(intake::v1::Level level);
// `routine`, `elevated`, `critical`.
absl::string_view UrgencyWord(intake::v1::Urgency urgency);
// `sheriff or county police`.
absl::string_view AgencyTypeWord(type::v1::AgencyType type);
// `25 to 49 sworn officers`.
absl::string_view SizeBandWord(type::v1::SizeBand band);
// `litigation`.
absl::string_view ConflictWord(v1::ConflictKind kind);
// What of an expert is out at a gate, for a count before it: `12 do not hold the topic`.
std::string GateCountText(v1::Gate gate, int64_t count);
// What a slot demands besides its topic: `credential ICAT instructor, es, on site`.
std::string DemandWords(const SlotRow& slot);
// `requests/r1 s1 would get experts/e2 instead of experts/e1`.
std::string PlanChangeText(const v1::PlanChange& change);
void AppendPlanChange(const v1::PlanChange& change, std::string& text);
// Millionths as a decimal fraction of four digits, rounded toward zero: `0.8125`.
std::string FractionText(int64_t e6);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_WORDS_H_
