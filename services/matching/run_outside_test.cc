#include "services/matching/run_outside.h"

#include <memory>
#include <string>
#include <utility>

#include "common/journal/json_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"
#include "services/matching/testing_certificate.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RunOutside : public ::testing::Test {
 protected:
  RunOutside() {
    center_.AddPartner("nsa");
    for (const char* id : {"e1", "e2", "e3"}) center_.AddExpert(id).set_travels_anywhere(true);
    center_.AddDemand("fy27-1");
  }

  v1::ProofOutside Outside() const {
    return OutsideOf(center_.Build(), center_.demands, center_.catalog);
  }

  // The records of the center in hand.
  Snapshot Records() const {
    Snapshot snapshot;
    snapshot.today = center_.today;
    snapshot.policy = center_.policy;
    snapshot.catalog = std::make_shared<const intake::v1::Catalog>(center_.catalog);
    snapshot.partners = center_.partners;
    snapshot.experts = center_.experts;
    snapshot.demands = center_.demands;
    return snapshot;
  }

  static Pool PoolOf(const Snapshot& snapshot) {
    absl::StatusOr<Pool> pool = Pool::Build(snapshot.Input());
    EXPECT_TRUE(pool.ok()) << pool.status();
    return *std::move(pool);
  }

  static std::string CertificateOf(const Pool& pool) {
    return JsonOf(WholeCertificate(pool, Solved(pool), v1::SolveRun()));
  }

  intake::v1::DeliveryType& AddType(absl::string_view name, int lead_time_days) {
    intake::v1::CatalogEntry& entry = *center_.catalog.add_entries();
    entry.set_name(std::string(name));
    entry.mutable_delivery_type()->set_title("something new");
    entry.mutable_delivery_type()->set_lead_time_days(lead_time_days);
    return *entry.mutable_delivery_type();
  }

  Center center_;
};

TEST_F(RunOutside, OfTheCatalogOnlyWhatTheSlotsMakeUseOfIsKept) {
  intake::v1::CatalogEntry& topic = *center_.catalog.mutable_entries(0);
  topic.set_valid_from("2020-01-01");
  topic.mutable_topic()->set_group(intake::v1::TOPIC_GROUP_GENERAL);
  center_.AddSlot(center_.demands[0], "s2").set_delivery_type("deliveryTypes/unknown");
  EXPECT_EQ(journal::ToJsonText(Outside()),
            R"({"catalog":[{"name":"deliveryTypes/unknown"},)"
            R"({"name":"deliveryTypes/virtual","deliveryType":)"
            R"({"title":"virtual coaching","mode":"DELIVERY_MODE_VIRTUAL"}},)"
            R"({"name":"topics/de-escalation","topic":{"title":"De-escalation"}}]})");
}

TEST_F(RunOutside, OfAddressesOnlyWhichRecordsAreOnePersonIsKept) {
  center_.experts[0].add_emails("ana@example.org");
  center_.experts[2].add_emails("Ana@Example.org");
  const std::string text = journal::ToJsonText(Outside());
  EXPECT_THAT(text, HasSubstr(R"("persons":[{"experts":["experts/e1","experts/e3"]}])"));
  EXPECT_THAT(text, Not(HasSubstr("xample")));
}

TEST_F(RunOutside, TheProblemIsTheSameAgainWhereCatalogAndAddressesAreNot) {
  for (const int e : {0, 2}) center_.experts[e].add_emails("ana@example.org");
  center_.demands[0].mutable_slots(0)->set_people(3);
  center_.demands[0].mutable_slots(0)->set_delivery_type("deliveryTypes/training");
  const Pool then = center_.Build();
  const v1::ProofOutside outside = Outside();
  for (v1::Expert& expert : center_.experts) expert.clear_emails();
  for (intake::v1::CatalogEntry& entry : *center_.catalog.mutable_entries()) {
    if (entry.has_topic()) entry.mutable_topic()->set_title("another title");
    if (!entry.has_delivery_type()) continue;
    entry.mutable_delivery_type()->set_title("another title");
    entry.mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    entry.mutable_delivery_type()->set_lead_time_days(0);
  }
  Snapshot now = Records();
  EXPECT_NE(CertificateOf(PoolOf(now)), CertificateOf(then));
  TakeOutside(outside, now);
  const Pool again = PoolOf(now);
  EXPECT_EQ(CertificateOf(again), CertificateOf(then));
  EXPECT_EQ(again.slots()[0].delivery_type_title, "in-person training");
  EXPECT_EQ(again.slots()[0].lead_time_days, 30);
  EXPECT_TRUE(again.slots()[0].on_site);
}

TEST_F(RunOutside, WhatTheCatalogDidNotHaveThenItDoesNotHaveAgain) {
  center_.demands[0].mutable_slots(0)->set_delivery_type("deliveryTypes/new");
  const v1::ProofOutside outside = Outside();
  AddType("deliveryTypes/new", 365);
  Snapshot now = Records();
  EXPECT_EQ(PoolOf(now).slots()[0].lead_time_days, 365);
  TakeOutside(outside, now);
  const Pool again = PoolOf(now);
  EXPECT_EQ(again.slots()[0].lead_time_days, 0);
  EXPECT_EQ(again.slots()[0].delivery_type_title, "deliveryTypes/new");
}

TEST_F(RunOutside, TheRestOfTheCatalogOfNowIsThereForWhatASimulationAdds) {
  const v1::ProofOutside outside = Outside();
  AddType("deliveryTypes/new", 7);
  Snapshot now = Records();
  TakeOutside(outside, now);
  center_.AddSlot(now.demands[0], "s2").set_delivery_type("deliveryTypes/new");
  EXPECT_EQ(PoolOf(now).slots()[1].lead_time_days, 7);
}

}  // namespace
}  // namespace critac::matching
