// The certificates of runs over a real journal: they say what was recorded, whatever has happened since.
#include <map>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/certificate_methods.h"
#include "services/matching/offer_testing.h"
#include "services/matching/testing_certificate.h"
#include "tests/support/verify_plan.h"

namespace critac::matching {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class CertificateLife : public ::testing::Test {
 protected:
  void Begin(uint32_t seed) {
    Dice dice(seed);
    center_ = ScarceCenter(dice);
    bench_ = std::make_unique<MatchingBench>(center_);
  }

  absl::StatusOr<v1::GetCertificateResponse> Certificate(const std::string& run) {
    const auto certified = ReadCertifiedRun(*bench_->journal, *bench_->pools, run);
    if (!certified.ok()) return certified.status();
    return WholeCertificate(certified->pool, certified->plan, certified->run);
  }

  // The certificate of every run on record, as JSON, by the run.
  std::map<std::string, std::string> Certificates() {
    const auto runs = bench_->journal->List<v1::SolveRun>({.collection = "runs", .page_size = 100});
    EXPECT_TRUE(runs.ok()) << runs.status();
    std::map<std::string, std::string> certificates;
    for (const v1::SolveRun& run : runs->items) {
      const auto certificate = Certificate(run.name());
      EXPECT_TRUE(certificate.ok()) << certificate.status();
      if (!certificate.ok()) continue;
      EXPECT_EQ(certificate->run(), run.name());
      EXPECT_EQ(certificate->objective(), run.objective());
      EXPECT_EQ(certificate->bound(), run.bound());
      EXPECT_EQ(certificate->units_size(), run.assigned_count());
      certificates[run.name()] = JsonOf(*certificate);
    }
    return certificates;
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
};

// Goal: every run can be checked, whatever stood, was offered or agreed when it was made.
// Method: small random centers, whose requests become ready one after another while offers go out.
TEST_F(CertificateLife, EveryRunOnRecordIsProvedByItsCertificate) {
  for (const uint32_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Begin(seed);
    bool approve = true;
    for (const v1::Demand& demand : center_.demands) {
      const std::string request = bench_->Ready(demand);
      if (approve && !bench_->DemandFor(request).proposal().empty()) {
        // Refused where it proposes nobody.
        bench_->Approve(request).IgnoreError();
        bench_->Solve();
      }
      approve = !approve;
    }
    const auto certificates = Certificates();
    EXPECT_THAT(certificates, Not(IsEmpty()));
    for (const auto& [run, json] : certificates) {
      EXPECT_THAT(critac::testing::VerifyPlan(json),
                  AnyOf(StartsWith("optimal: " + run + ","), StartsWith("within ")));
    }
  }
}

TEST_F(CertificateLife, IsTheSameAfterARestartAndAllThatHasHappenedSince) {
  Begin(5);
  for (const v1::Demand& demand : center_.demands) bench_->Ready(demand);
  const auto before = Certificates();
  ASSERT_THAT(before, Not(IsEmpty()));
  bench_->clock.Advance(absl::Hours(24 * 40));
  v1::Expert expert = center_.experts[0];
  expert.set_capacity_open(9);
  expert.set_active(false);
  bench_->Set(expert);
  bench_->Solve();
  bench_->Restart();
  const auto after = Certificates();
  for (const auto& [run, json] : before) EXPECT_EQ(after.at(run), json) << run;
}

TEST_F(CertificateLife, ARunFromBeforePricesWereRecordedHasNone) {
  Begin(6);
  const std::string run = "runs/r00000099";
  ASSERT_TRUE(bench_
                  ->Do([&](journal::Draft& draft) {
                    v1::SolveRecorded recorded;
                    recorded.mutable_run()->set_name(run);
                    draft.Emit(run, recorded);
                    return absl::OkStatus();
                  })
                  .ok());
  const absl::Status status = Certificate(run).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "PRICES_NOT_RECORDED");
  EXPECT_EQ(Certificate("runs/r00000098").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CertificateLife, ARunWhoseCatalogIsAnotherNowIsNotProvedByTheWrongProblem) {
  center_ = Center();
  center_.AddPartner("elm");
  center_.AddExpert("e1", "elm");
  bench_ = std::make_unique<MatchingBench>(center_);
  bench_->Ready(center_.AddDemand("fy27-1"));
  const auto before = Certificates();
  ASSERT_EQ(before.size(), 1U);
  // Only that of now can be had, by which the one slot has no day on which to start.
  for (intake::v1::CatalogEntry& entry : *bench_->intake.catalog.mutable_entries()) {
    if (entry.has_delivery_type()) entry.mutable_delivery_type()->set_lead_time_days(365);
  }
  bench_->intake.Meet();
  bench_->clock.Advance(absl::Minutes(2));
  const absl::Status status = Certificate(before.begin()->first).status();
  EXPECT_EQ(ReasonOf(status), "RUN_NOT_REPRODUCED") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("catalog"));
}

}  // namespace
}  // namespace critac::matching
