#ifndef SERVICES_MATCHING_TESTING_CERTIFICATE_H_
#define SERVICES_MATCHING_TESTING_CERTIFICATE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "critac/matching/v1/certificate.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/matching/run_certificate.h"
#include "services/matching/testing_center.h"
#include "services/matching/testing_transport.h"

// Certificates of small centers, for tests.
namespace critac::matching {

// Partners, experts and requests who have too little of everything: all kinds of limits bind, and prices tie.
inline Center ScarceCenter(Dice& dice) {
  Center center;
  center.policy.set_unassigned_price(dice.Between(1, 3) * 500'000);
  center.policy.set_fairness_price(dice.Between(0, 2) * 166'667);
  center.policy.set_stability_bonus(dice.Between(0, 2) * 333'333);
  if (dice.OneIn(3)) center.policy.set_capacity_open(dice.Between(2, 4));
  for (int p = 0; p < 2; ++p) {
    v1::Partner& partner = center.AddPartner(absl::StrCat("p", p));
    if (dice.OneIn(2)) partner.set_capacity_per_period(dice.Between(1, 2));
  }
  if (dice.OneIn(2)) {
    center.policy.set_minimum_share_price(dice.Between(1, 3) * 400'000);
    v1::PartnerShare& share = *center.policy.add_partner_shares();
    share.set_partner(center.partners[0].name());
    share.set_minimum_e6(dice.Between(1, 4) * 100'000);
    share.set_maximum_e6(dice.OneIn(2) ? 0 : share.minimum_e6() + 300'000);
  }
  for (int e = 0; e < 3; ++e) {
    v1::Expert& expert =
        center.AddExpert(absl::StrCat("e", e), absl::StrCat("p", dice.Between(0, 1)));
    expert.mutable_topics(0)->set_level(static_cast<intake::v1::Level>(dice.Between(1, 3)));
    expert.set_capacity_per_period(dice.Between(1, 2));
    expert.set_capacity_open(dice.Between(1, 3));
    expert.add_emails(absl::StrCat("person", dice.OneIn(4) ? 0 : e, "@example.org"));
  }
  for (int d = 0; d < 3; ++d) {
    v1::Demand& demand = center.AddDemand(absl::StrCat("fy27-", d));
    intake::v1::Slot& slot = *demand.mutable_slots(0);
    if (dice.OneIn(2)) slot.set_window_end("2027-02-28");
    slot.set_people(dice.Between(1, 2));
  }
  return center;
}

// Records that stand in the center's way, which in a real one decisions make.
inline void AddPast(Center& center, Dice& dice) {
  if (dice.OneIn(2)) center.Use("experts/e0", "2027Q1", 1);
  if (dice.OneIn(2)) center.Use(center.partners[1].name(), "open", dice.Between(1, 2));
  v1::Proposal& proposal = center.proposals.emplace_back();
  proposal.set_request(center.demands[0].request());
  proposal.set_state(v1::PROPOSAL_STATE_OPEN);
  v1::Assignment* standing = proposal.add_assignments();
  standing->set_slot("s1");
  standing->set_expert(absl::StrCat("experts/e", dice.Between(0, 2)));
  standing->set_period("2026Q4");
}

// All parts of a certificate as one message.
inline v1::GetCertificateResponse WholeCertificate(const Pool& pool, const Plan& plan,
                                                   const v1::SolveRun& run) {
  v1::GetCertificateResponse whole;
  WriteCertificate(pool, plan, run, [&](const v1::GetCertificateResponse& part) {
    whole.MergeFrom(part);
    return true;
  });
  return whole;
}

inline std::string JsonOf(const v1::GetCertificateResponse& certificate) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(certificate, &json).ok());
  return json;
}

// Goes through every plan that a certificate leaves possible, and through nothing else: neither prices nor the pool.
class EveryCertifiedPlan {
 public:
  explicit EveryCertifiedPlan(const v1::GetCertificateResponse& certificate)
      : certificate_(certificate) {
    for (const v1::CertificatePartner& one : certificate.partners()) partners_[one.name()] = &one;
    Visit(0, 0);
  }

  // What the cheapest of them costs.
  int64_t cost() const { return cost_; }

 private:
  template <typename Owner>
  static int64_t RoomIn(const Owner& owner, const std::string& period) {
    int64_t room = owner.capacity_per_period();
    for (const v1::PeriodUnits& one : owner.used()) {
      if (one.period() == period) room -= one.count();
    }
    return std::max<int64_t>(0, room);
  }

  void Visit(int i, int64_t cost) {
    if (i == certificate_.pairs_size()) {
      for (int s = 0; s < certificate_.slots_size(); ++s) {
        const v1::CertificateSlot& slot = certificate_.slots(s);
        cost += (slot.missing_count() - taken_[absl::StrCat("slot ", s)]) * slot.open_price();
      }
      cost_ = std::min(cost_, cost);
      return;
    }
    Visit(i + 1, cost);
    const v1::CertificatePair& pair = certificate_.pairs(i);
    for (const std::string& period : pair.periods()) {
      if (!Fits(pair, period)) continue;
      const int64_t price = Price(pair, period);
      Take(pair, period, 1);
      Visit(i + 1, cost + price);
      Take(pair, period, -1);
    }
  }

  const v1::CertificateExpert& ExpertOf(const v1::CertificatePair& pair) const {
    return certificate_.experts(pair.expert());
  }
  const v1::CertificatePartner& PartnerOf(const v1::CertificatePair& pair) const {
    return *partners_.at(ExpertOf(pair).partner());
  }

  bool Fits(const v1::CertificatePair& pair, const std::string& period) {
    const v1::CertificateExpert& expert = ExpertOf(pair);
    const v1::CertificatePartner& partner = PartnerOf(pair);
    return taken_[absl::StrCat("slot ", pair.slot())] <
               certificate_.slots(pair.slot()).missing_count() &&
           taken_[absl::StrCat("person ", pair.slot(), " ", expert.person())] == 0 &&
           taken_[expert.name()] < expert.capacity_open() - expert.in_hand_count() &&
           taken_[expert.name() + period] < RoomIn(expert, period) &&
           (partner.capacity_per_period() == 0 ||
            taken_[partner.name() + period] < RoomIn(partner, period)) &&
           (!partner.has_maximum_count() || taken_[partner.name()] < partner.maximum_count()) &&
           (!certificate_.has_program_room() || taken_["all"] < certificate_.program_room());
  }

  int64_t Price(const v1::CertificatePair& pair, const std::string& period) {
    const v1::CertificatePartner& partner = PartnerOf(pair);
    const int64_t count = taken_[partner.name()];
    const bool has_bonus = pair.bonus_period().empty() || pair.bonus_period() == period;
    return pair.cost() - (has_bonus ? pair.bonus() : 0) +
           certificate_.fairness_price() * (partner.in_hand_count() + count) -
           (count < partner.minimum_count() ? certificate_.minimum_share_price() : 0);
  }

  void Take(const v1::CertificatePair& pair, const std::string& period, int by) {
    const v1::CertificateExpert& expert = ExpertOf(pair);
    const std::string keys[] = {absl::StrCat("slot ", pair.slot()),
                                absl::StrCat("person ", pair.slot(), " ", expert.person()),
                                expert.name(),
                                expert.name() + period,
                                expert.partner(),
                                expert.partner() + period,
                                "all"};
    for (const std::string& key : keys) taken_[key] += by;
  }

  const v1::GetCertificateResponse& certificate_;
  std::map<std::string, const v1::CertificatePartner*> partners_;
  std::map<std::string, int64_t> taken_;
  int64_t cost_ = INT64_MAX;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TESTING_CERTIFICATE_H_
