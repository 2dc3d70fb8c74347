#include "services/matching/score.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "services/matching/eligibility.h"
#include "services/matching/region.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

using intake::v1::Level;
using type::v1::AgencyType;
using type::v1::SizeBand;

constexpr int64_t kOne_e6 = 1'000'000;

// numerator / denominator of numbers that are not negative, rounded to the nearest, halves up.
constexpr int64_t Quotient(int64_t numerator, int64_t denominator) {
  return (numerator + denominator / 2) / denominator;
}

Level HeldLevel(const ExpertRow& expert, int topic) {
  const auto held =
      std::lower_bound(expert.topics.begin(), expert.topics.end(), topic,
                       [](const auto& entry, int wanted) { return entry.first < wanted; });
  if (held == expert.topics.end() || held->first != topic) return intake::v1::LEVEL_UNSPECIFIED;
  return held->second;
}

int64_t TopicFit(const SlotRow& slot, const ExpertRow& expert) {
  const int level = std::clamp<int>(HeldLevel(expert, slot.topic), 0, 3);
  return Quotient(level * kOne_e6, 3);
}

// What an agency is the police of, where that makes a community of its own.
enum class Community { kNone, kTribal, kCampus, kSheriff, kGeneral };

Community CommunityOf(AgencyType type) {
  switch (type) {
    case type::v1::AGENCY_TYPE_TRIBAL:
      return Community::kTribal;
    case type::v1::AGENCY_TYPE_CAMPUS:
    case type::v1::AGENCY_TYPE_SCHOOL_DISTRICT:
      return Community::kCampus;
    case type::v1::AGENCY_TYPE_SHERIFF:
    case type::v1::AGENCY_TYPE_CONSTABLE:
      return Community::kSheriff;
    case type::v1::AGENCY_TYPE_MUNICIPAL:
    case type::v1::AGENCY_TYPE_STATE_POLICE:
    case type::v1::AGENCY_TYPE_OTHER_STATE:
    case type::v1::AGENCY_TYPE_SPECIAL_JURISDICTION:
    case type::v1::AGENCY_TYPE_OTHER:
    case type::v1::AGENCY_TYPE_FEDERAL:
      return Community::kGeneral;
    default:
      return Community::kNone;
  }
}

int64_t TypeLikeness(AgencyType a, AgencyType b) {
  if (CommunityOf(a) == Community::kNone) return 0;
  if (a == b) return kOne_e6;
  return CommunityOf(a) == CommunityOf(b) ? kOne_e6 / 2 : 0;
}

bool IsKnown(SizeBand band) {
  return band >= type::v1::SIZE_BAND_0_1 && band <= type::v1::SIZE_BAND_1000_PLUS;
}

int64_t SizeLikeness(SizeBand a, SizeBand b) {
  if (!IsKnown(a) || !IsKnown(b)) return 0;
  constexpr int kSteps = type::v1::SIZE_BAND_1000_PLUS - type::v1::SIZE_BAND_0_1;
  return Quotient((kSteps - std::abs(a - b)) * kOne_e6, kSteps);
}

int64_t RegionLikeness(int a, int b) {
  if (a == kUnknownState || b == kUnknownState) return 0;
  if (a == b) return kOne_e6;
  if (DivisionOf(a) == DivisionOf(b)) return Quotient(2 * kOne_e6, 3);
  return RegionOf(a) == RegionOf(b) ? Quotient(kOne_e6, 3) : 0;
}

int64_t Likeness(const DemandRow& demand, const ServiceRow& service) {
  return Quotient(TypeLikeness(demand.agency_type, service.type) +
                      SizeLikeness(demand.size_band, service.size_band) +
                      RegionLikeness(demand.state, service.state),
                  3);
}

// The service most like the agency, the first among equals; null where there is none.
const ServiceRow* MostAlike(const DemandRow& demand, const ExpertRow& expert) {
  const ServiceRow* best = nullptr;
  int64_t most = -1;
  for (const ServiceRow& service : expert.services) {
    const int64_t likeness = Likeness(demand, service);
    if (likeness <= most) continue;
    most = likeness;
    best = &service;
  }
  return best;
}

int64_t PeerSimilarity(const DemandRow& demand, const ExpertRow& expert) {
  int64_t most = 0;
  for (const ServiceRow& service : expert.services)
    most = std::max(most, Likeness(demand, service));
  return most;
}

// Ratings go from 1 to 5 points.
constexpr int64_t kLowestE3 = 1000;
constexpr int64_t kHighestE3 = 5000;

// The shrunk mean, in thousandths of a point above the lowest, as a sum and a count.
struct RatingMean {
  int64_t sum_e3 = 0;
  int64_t count = 0;
};

RatingMean ShrunkRating(const v1::Policy& policy, const ExpertRow& expert) {
  const int64_t mean_e3 =
      std::clamp<int64_t>(policy.rating_prior_mean_e3(), kLowestE3, kHighestE3) - kLowestE3;
  const int64_t prior = std::max(0, policy.rating_prior_count());
  const int64_t sum = std::clamp(expert.rating_sum * 1000, expert.rating_count * kLowestE3,
                                 expert.rating_count * kHighestE3) -
                      expert.rating_count * kLowestE3;
  if (expert.rating_count + prior == 0) return {mean_e3, 1};
  return {sum + prior * mean_e3, expert.rating_count + prior};
}

int64_t Rating(const v1::Policy& policy, const ExpertRow& expert) {
  const RatingMean mean = ShrunkRating(policy, expert);
  // At most 4000 × 2^32 thousandths: times 250 it stays far below 2^63.
  constexpr int64_t kPerThousandth = kOne_e6 / (kHighestE3 - kLowestE3);
  return Quotient(mean.sum_e3 * kPerThousandth, mean.count);
}

struct LoadShares {
  int64_t periods_left = 0;
  int64_t periods_capacity = 0;
  int64_t value_e6 = 0;
};

LoadShares LoadOf(const SlotRow& slot, const ExpertRow& expert, PeriodSet periods) {
  LoadShares load;
  for (int i = 0; i < kPeriodsPerSlot && periods >> i != 0; ++i) {
    if ((periods >> i & 1) == 0) continue;
    load.periods_left += expert.RoomIn(slot.first_period + i);
    load.periods_capacity += expert.capacity_per_period;
  }
  if (load.periods_capacity == 0 || expert.capacity_open == 0) return load;
  load.value_e6 = std::min(Quotient(load.periods_left * kOne_e6, load.periods_capacity),
                           Quotient(expert.RoomOpen() * kOne_e6, expert.capacity_open));
  return load;
}

int64_t HalfDistanceKm(const v1::Policy& policy) {
  constexpr int64_t kDefaultKm = 1000;
  return policy.distance_half_km() > 0 ? policy.distance_half_km() : kDefaultKm;
}

bool SameState(const DemandRow& demand, const ExpertRow& expert) {
  return demand.state != kUnknownState && demand.state == expert.home_state;
}

int64_t Nearness(const v1::Policy& policy, const SlotRow& slot, const DemandRow& demand,
                 const ExpertRow& expert) {
  if (!slot.on_site) return kOne_e6;
  const std::optional<int32_t> km = DistanceBetween(demand, expert);
  if (!km.has_value()) return SameState(demand, expert) ? kOne_e6 / 2 : 0;
  const int64_t half = HalfDistanceKm(policy);
  return Quotient(half * kOne_e6, half + *km);
}

v1::ScorePartKind KindOf(int part) {
  return static_cast<v1::ScorePartKind>(v1::SCORE_PART_KIND_TOPIC_FIT + part);
}

int64_t ValueOf(v1::ScorePartKind kind, const Pool& pool, const SlotRow& slot,
                const ExpertRow& expert, PeriodSet periods) {
  const DemandRow& demand = pool.demands()[slot.demand];
  switch (kind) {
    case v1::SCORE_PART_KIND_TOPIC_FIT:
      return TopicFit(slot, expert);
    case v1::SCORE_PART_KIND_PEER_SIMILARITY:
      return PeerSimilarity(demand, expert);
    case v1::SCORE_PART_KIND_RATING:
      return Rating(pool.policy(), expert);
    case v1::SCORE_PART_KIND_LOAD:
      return LoadOf(slot, expert, periods).value_e6;
    case v1::SCORE_PART_KIND_DISTANCE:
      return Nearness(pool.policy(), slot, demand, expert);
    default:
      return 0;
  }
}

void AppendPeerWords(const DemandRow& demand, const ExpertRow& expert, std::string& text) {
  const ServiceRow* service = MostAlike(demand, expert);
  if (service == nullptr) {
    absl::StrAppend(&text, "no service in an agency on record");
    return;
  }
  absl::StrAppend(&text, "served in ", AgencyTypeWord(service->type), ", ",
                  SizeBandWord(service->size_band), ", ", StateCode(service->state),
                  "; the agency is ", AgencyTypeWord(demand.agency_type), ", ",
                  SizeBandWord(demand.size_band), ", ", StateCode(demand.state));
}

void AppendRatingWords(const v1::Policy& policy, const ExpertRow& expert, std::string& text) {
  const RatingMean mean = ShrunkRating(policy, expert);
  const int64_t points_e6 = (kLowestE3 * 1000) + Quotient(mean.sum_e3 * 1000, mean.count);
  absl::StrAppend(&text, "rated ", FractionText(points_e6), " of 5 with ", expert.rating_count,
                  " ratings and ", std::max(0, policy.rating_prior_count()), " of the mean");
}

void AppendLoadWords(const SlotRow& slot, const ExpertRow& expert, PeriodSet periods,
                     std::string& text) {
  const LoadShares load = LoadOf(slot, expert, periods);
  absl::StrAppend(&text, load.periods_left, " of ", load.periods_capacity,
                  " assignments left in the periods; ", expert.RoomOpen(), " of ",
                  expert.capacity_open, " open at once left");
}

void AppendDistanceWords(const Pool& pool, const SlotRow& slot, const DemandRow& demand,
                         const ExpertRow& expert, std::string& text) {
  if (!slot.on_site) {
    absl::StrAppend(&text, "not on site");
    return;
  }
  const std::optional<int32_t> km = DistanceBetween(demand, expert);
  if (km.has_value()) {
    absl::StrAppend(&text, "lives ", *km, " km away; ", HalfDistanceKm(pool.policy()),
                    " km count half");
    return;
  }
  absl::StrAppend(&text, "the distance is not known; lives in ", StateCode(expert.home_state),
                  ", the agency is in ", StateCode(demand.state));
}

}  // namespace

std::array<int64_t, kScoreParts> SharesOf(const v1::Weights& weights) {
  std::array<int64_t, kScoreParts> weight = {weights.topic_fit(), weights.peer_similarity(),
                                             weights.rating(), weights.load(), weights.distance()};
  absl::uint128 sum = 0;
  for (int64_t& w : weight) sum += static_cast<uint64_t>(w = std::max<int64_t>(0, w));
  if (sum == 0) {
    weight.fill(1);
    sum = kScoreParts;
  }
  std::array<int64_t, kScoreParts> shares{};
  std::array<absl::uint128, kScoreParts> remainders{};
  int64_t rest = kOne_e6;
  for (int i = 0; i < kScoreParts; ++i) {
    const absl::uint128 scaled = absl::uint128(static_cast<uint64_t>(weight[i])) * kOne_e6;
    shares[i] = static_cast<int64_t>(scaled / sum);
    remainders[i] = scaled % sum;
    rest -= shares[i];
  }
  std::array<int, kScoreParts> order{};
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return remainders[a] > remainders[b]; });
  for (int i = 0; i < rest; ++i) ++shares[order[i]];
  return shares;
}

Score ScoreOf(const Pool& pool, int slot, int expert, PeriodSet periods) {
  return ScoreOf(pool, pool.slots()[slot], pool.experts()[expert], periods);
}

Score ScoreOf(const Pool& pool, const SlotRow& slot, const ExpertRow& expert, PeriodSet periods) {
  Score score;
  int64_t sum = 0;
  for (int i = 0; i < kScoreParts; ++i) {
    score.values_e6[i] = ValueOf(KindOf(i), pool, slot, expert, periods);
    sum += score.values_e6[i] * pool.shares_e6()[i];
  }
  score.total_e6 = Quotient(sum, kOne_e6);
  return score;
}

std::optional<int64_t> ScoreIfAtLeast(const Pool& pool, int slot, int expert, PeriodSet periods,
                                      int64_t least_e6) {
  // What costs least to look at comes first.
  constexpr v1::ScorePartKind kOrder[kScoreParts] = {
      v1::SCORE_PART_KIND_TOPIC_FIT, v1::SCORE_PART_KIND_LOAD, v1::SCORE_PART_KIND_RATING,
      v1::SCORE_PART_KIND_DISTANCE, v1::SCORE_PART_KIND_PEER_SIMILARITY};
  const SlotRow& s = pool.slots()[slot];
  const ExpertRow& e = pool.experts()[expert];
  // The sum with every part that is not known yet as good as can be: shares add up to one.
  int64_t sum = kOne_e6 * kOne_e6;
  for (const v1::ScorePartKind kind : kOrder) {
    const int64_t share = pool.shares_e6()[kind - v1::SCORE_PART_KIND_TOPIC_FIT];
    sum -= (kOne_e6 - ValueOf(kind, pool, s, e, periods)) * share;
    if (Quotient(sum, kOne_e6) < least_e6) return std::nullopt;
  }
  return Quotient(sum, kOne_e6);
}

void ExplainScore(const Pool& pool, int slot, int expert, PeriodSet periods,
                  google::protobuf::RepeatedPtrField<v1::ScorePart>& parts) {
  const SlotRow& s = pool.slots()[slot];
  const DemandRow& demand = pool.demands()[s.demand];
  const ExpertRow& e = pool.experts()[expert];
  const Score score = ScoreOf(pool, slot, expert, periods);
  std::array<std::string*, kScoreParts> words{};
  for (int i = 0; i < kScoreParts; ++i) {
    v1::ScorePart& part = *parts.Add();
    part.set_kind(KindOf(i));
    part.set_value_e6(score.values_e6[i]);
    part.set_weight_e6(pool.shares_e6()[i]);
    words[i] = part.mutable_explanation();
  }
  absl::StrAppend(words[0], "holds ", pool.topic_title(s.topic), " as ",
                  LevelWord(HeldLevel(e, s.topic)));
  AppendPeerWords(demand, e, *words[1]);
  AppendRatingWords(pool.policy(), e, *words[2]);
  AppendLoadWords(s, e, periods, *words[3]);
  AppendDistanceWords(pool, s, demand, e, *words[4]);
}

}  // namespace critac::matching
