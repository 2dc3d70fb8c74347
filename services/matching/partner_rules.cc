#include "services/matching/partner_rules.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

constexpr int64_t kWholeShare_e6 = 1'000'000;

template <typename Ranges>
absl::Status CheckRanges(const Ranges& ranges, absl::string_view path) {
  for (int i = 0; i < ranges.size(); ++i) {
    if (!ranges[i].end().empty() && ranges[i].end() < ranges[i].start()) {
      return InvalidField(
          absl::StrCat(path, "[", i, "].end"),
          absl::StrCat(ranges[i].end(), " is before the start, ", ranges[i].start()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPartner(const v1::Partner& partner) {
  RETURN_IF_ERROR(CheckRanges(partner.memberships(), "memberships"));
  // ISO dates sort as text; an empty start is before all, an empty end after all.
  std::vector<std::pair<std::string, std::string>> spans;
  for (const v1::DateRange& range : partner.memberships()) {
    spans.emplace_back(range.start(), range.end().empty() ? "9999" : range.end());
  }
  std::sort(spans.begin(), spans.end());
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].first <= spans[i - 1].second) {
      return InvalidField("memberships", absl::StrCat("the one that begins on ", spans[i].first,
                                                      " overlaps the one before, which ends on ",
                                                      spans[i - 1].second));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckExpert(const v1::Expert& expert) {
  std::set<std::string> topics;
  for (int i = 0; i < expert.topics_size(); ++i) {
    if (!topics.insert(expert.topics(i).topic()).second) {
      return InvalidField(absl::StrCat("topics[", i, "].topic"),
                          absl::StrCat(expert.topics(i).topic(),
                                       " stands there already; a topic is held at one level"));
    }
  }
  RETURN_IF_ERROR(CheckRanges(expert.unavailable(), "unavailable"));
  if (expert.rating_sum() < expert.rating_count() ||
      expert.rating_sum() > 5 * int64_t{expert.rating_count()}) {
    return InvalidField(
        "rating_sum", absl::StrCat(expert.rating_sum(), " is not in ", expert.rating_count(), "..",
                                   5 * int64_t{expert.rating_count()}, ", as ",
                                   expert.rating_count(), " ratings of 1 to 5 add up to"));
  }
  return absl::OkStatus();
}

absl::Status CheckConflict(const v1::Conflict& conflict, absl::CivilDay today) {
  if (conflict.expert().empty() == conflict.partner().empty()) {
    return InvalidField("conflict.expert",
                        "name either an expert or a partner: one of them has the conflict");
  }
  const bool of_service = conflict.kind() == v1::CONFLICT_KIND_OWN_AGENCY ||
                          conflict.kind() == v1::CONFLICT_KIND_RECENT_AGENCY;
  if (of_service && conflict.expert().empty()) {
    return InvalidField("conflict.kind",
                        "an expert has an own or recent agency; of a partner, declare a recusal, "
                        "litigation or a vendor's interest");
  }
  const auto last = ParseDate(conflict.valid_to());
  if (last.has_value() && *last < today) {
    return InvalidField(
        "conflict.valid_to",
        absl::StrCat(conflict.valid_to(), " is over; leave it empty, or name a day to come"));
  }
  return absl::OkStatus();
}

absl::Status CheckPartnerShares(const v1::Policy& policy) {
  absl::flat_hash_set<absl::string_view> partners;
  int64_t minimums_e6 = 0;
  for (int i = 0; i < policy.partner_shares_size(); ++i) {
    const v1::PartnerShare& share = policy.partner_shares(i);
    const std::string field = absl::StrCat("policy.partner_shares[", i, "]");
    if (!partners.insert(share.partner()).second) {
      return InvalidField(absl::StrCat(field, ".partner"),
                          absl::StrCat(share.partner(), " has a share already"));
    }
    for (const auto& [name, value] : {std::pair(".minimum_e6", share.minimum_e6()),
                                      std::pair(".maximum_e6", share.maximum_e6())}) {
      if (value < 0 || value > kWholeShare_e6) {
        return InvalidField(absl::StrCat(field, name),
                            absl::StrCat(value, " is not in 0..", kWholeShare_e6));
      }
    }
    if (share.maximum_e6() > 0 && share.minimum_e6() > share.maximum_e6()) {
      return InvalidField(
          absl::StrCat(field, ".minimum_e6"),
          absl::StrCat(share.minimum_e6(), " is above the maximum of ", share.maximum_e6()));
    }
    minimums_e6 += share.minimum_e6();
    if (minimums_e6 > kWholeShare_e6) {
      return InvalidField(absl::StrCat(field, ".minimum_e6"),
                          absl::StrCat("with this one the minimum shares are ", minimums_e6,
                                       " millionths; they add up to at most ", kWholeShare_e6));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSharesKnown(const v1::Policy& policy,
                              absl::FunctionRef<bool(const std::string& partner)> is_known) {
  for (int i = 0; i < policy.partner_shares_size(); ++i) {
    const std::string& partner = policy.partner_shares(i).partner();
    if (is_known(partner)) continue;
    return InvalidField(absl::StrCat("policy.partner_shares[", i, "].partner"),
                        absl::StrCat("there is no '", partner,
                                     "'; a share is of a partner on record, as ListPartners names "
                                     "them"));
  }
  return absl::OkStatus();
}

absl::Status CheckPolicy(const v1::Policy& policy) {
  const v1::Weights& weights = policy.weights();
  if (weights.topic_fit() + weights.peer_similarity() + weights.rating() + weights.load() +
          weights.distance() ==
      0) {
    return InvalidField("policy.weights", "all are 0; at least one part of the score must count");
  }
  if (policy.waiting_price_per_day() == 0) {
    return InvalidField("policy.waiting_price_per_day",
                        "0 would let a request wait for ever behind others; at least 1");
  }
  RETURN_IF_ERROR(CheckPartnerShares(policy));
  const auto& given = policy.partner_shares();
  const bool any_least = std::any_of(given.begin(), given.end(), [](const v1::PartnerShare& share) {
    return share.minimum_e6() > 0;
  });
  if (any_least && policy.minimum_share_price() == 0) {
    return InvalidField("policy.minimum_share_price",
                        "0 gives minimum shares no effect; at least 1, or no minimum share");
  }
  return absl::OkStatus();
}

v1::Policy FirstPolicy() {
  v1::Policy policy;
  policy.set_period(v1::PERIOD_QUARTER);
  policy.mutable_weights()->set_topic_fit(400'000);
  policy.mutable_weights()->set_peer_similarity(300'000);
  policy.mutable_weights()->set_rating(150'000);
  policy.mutable_weights()->set_load(100'000);
  policy.mutable_weights()->set_distance(50'000);
  // Leaving a person out costs more than the best score gains, so a slot stays open only when nobody can fill it.
  policy.set_unassigned_price(2'000'000);
  policy.set_urgency_price(500'000);
  policy.set_waiting_price_per_day(10'000);
  policy.set_fairness_price(20'000);
  policy.set_stability_bonus(50'000);
  policy.set_recent_agency_years(5);
  policy.set_rating_prior_count(5);
  policy.set_rating_prior_mean_e3(4'000);
  policy.set_offer_business_days(5);
  policy.set_reminder_business_days(2);
  policy.set_escalate_after_offers(3);
  return policy;
}

}  // namespace critac::matching
