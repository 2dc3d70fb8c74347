// The certificates of runs over a real journal: they say what was recorded, whatever has happened since.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/journal/json_text.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "services/matching/certificate_methods.h"
#include "services/matching/offer_testing.h"
#include "services/matching/run_reader.h"
#include "services/matching/testing_certificate.h"
#include "tests/support/verify_plan.h"

namespace critac::matching {
namespace {

using ::testing::AnyOf;
using ::testing::EndsWith;
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

  // Two requests for which limits overlap are ready together. Returns the run that is made of them.
  std::string RunProvedByCases() {
    center_ = OverlappingCenter();
    bench_ = std::make_unique<MatchingBench>(center_);
    for (const v1::Demand& demand : center_.demands) {
      bench_->MakeReady(demand);
      bench_->FollowOnly(demand.request());
    }
    bench_->Solve();
    const auto certificates = Certificates();
    EXPECT_EQ(certificates.size(), 1U);
    return certificates.empty() ? "" : certificates.begin()->first;
  }

  // What is recorded of a run.
  v1::SolveRecorded Recorded(const std::string& name) {
    v1::SolveRecorded recorded;
    const auto found = FindRun(*bench_->journal, name);
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok()) return recorded;
    *recorded.mutable_run() = found->run;
    *recorded.mutable_proof() = found->proof.value_or(v1::SolveProof());
    return recorded;
  }

  // Records the run once more, as it was before the catalog and who is who were kept with runs.
  std::string RecordAsBefore(const std::string& name) {
    return RecordAgain(name, "runs/r00000099", [](v1::SolveProof& proof) {
      EXPECT_TRUE(proof.has_outside());
      proof.clear_outside();
    });
  }

  // Records the run once more by another name, with its proof changed, and returns that name.
  std::string RecordAgain(const std::string& name, const std::string& other_name,
                          absl::FunctionRef<void(v1::SolveProof& proof)> change) {
    v1::SolveRecorded recorded = Recorded(name);
    recorded.mutable_run()->set_name(other_name);
    change(*recorded.mutable_proof());
    EXPECT_TRUE(bench_
                    ->Do([&](journal::Draft& draft) {
                      draft.Emit(recorded.run().name(), recorded);
                      return absl::OkStatus();
                    })
                    .ok());
    return other_name;
  }

  // Changes the catalog, long enough after it was read for it to be read again.
  void ChangeCatalog(absl::FunctionRef<void(intake::v1::Catalog& catalog)> change) {
    bench_->intake.Meet();
    change(bench_->intake.catalog);
    bench_->intake.Meet();
    bench_->clock.Advance(absl::Minutes(2));
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
};

// Goal: every run can be checked, whatever stood, was offered or agreed when it was made.
// Method: small random centers, whose requests become ready one after another while offers go out.
TEST_F(CertificateLife, EveryRunOnRecordIsProvedByItsCertificate) {
  std::vector<std::string> certificates;
  std::vector<std::string> runs;
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
    const auto recorded = Certificates();
    EXPECT_THAT(recorded, Not(IsEmpty()));
    for (const auto& [run, json] : recorded) {
      runs.push_back(run);
      certificates.push_back(json);
    }
  }
  const std::vector<std::string> said = critac::testing::VerifyPlans(certificates);
  for (size_t i = 0; i < runs.size(); ++i) {
    EXPECT_THAT(said[i], AnyOf(StartsWith("optimal: " + runs[i] + ","), StartsWith("within ")))
        << "certificate " << i;
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

TEST_F(CertificateLife, IsReadOnlyForAsLongAsItIsWanted) {
  Begin(5);
  for (const v1::Demand& demand : center_.demands) bench_->Ready(demand);
  const auto runs = bench_->journal->List<v1::SolveRun>({.collection = "runs", .page_size = 1});
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_FALSE(runs->items.empty());
  const auto certified = ReadCertifiedRun(*bench_->journal, *bench_->pools, runs->items[0].name(),
                                          [] { return false; });
  EXPECT_TRUE(absl::IsCancelled(certified.status())) << certified.status();
}

TEST_F(CertificateLife, ARunProvedByCasesIsProvedByThemToOthersAsWell) {
  const std::string run = RunProvedByCases();
  const auto recorded = bench_->Get<v1::SolveRun>(run);
  EXPECT_LT(recorded.bound(), recorded.objective());
  ASSERT_EQ(recorded.case_count(), 3);
  const auto certificate = Certificate(run);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_EQ(certificate->cases_size(), 3);
  const std::string said = critac::testing::VerifyPlan(JsonOf(*certificate));
  EXPECT_THAT(said, StartsWith("optimal: " + run + ","));
  EXPECT_THAT(said, EndsWith("proved by 3 cases"));
  bench_->Restart();
  const auto after = Certificate(run);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(JsonOf(*after), JsonOf(*certificate));
}

TEST_F(CertificateLife, ARunFromBeforeCasesWereRecordedIsWithinSoMuchOfTheBest) {
  const std::string run = RunProvedByCases();
  const std::string before = RecordAgain(run, "runs/r00000098", [](v1::SolveProof& proof) {
    EXPECT_EQ(proof.cases_size(), 3);
    proof.clear_cases();
  });
  const auto certificate = Certificate(before);
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  EXPECT_EQ(certificate->case_count(), 3);
  EXPECT_EQ(certificate->cases_size(), 0);
  EXPECT_THAT(critac::testing::VerifyPlan(JsonOf(*certificate)), StartsWith("within "));
}

TEST_F(CertificateLife, CasesThatLeavePlansOutAreNotGivenToOthers) {
  const std::string run = RunProvedByCases();
  const std::string changed = RecordAgain(run, "runs/r00000098", [](v1::SolveProof& proof) {
    ASSERT_EQ(proof.cases_size(), 3);
    proof.mutable_cases(0)->mutable_fewer_than()->RemoveLast();
  });
  const absl::Status status = Certificate(changed).status();
  EXPECT_EQ(ReasonOf(status), "RUN_NOT_REPRODUCED") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("leaves plans out"));
}

TEST_F(CertificateLife, CasesAreLeftOutWhereTheyMakeTheEventTooLarge) {
  v1::SolveRecorded recorded = Recorded(RunProvedByCases());
  ASSERT_EQ(recorded.proof().cases_size(), 3);
  const auto bytes = static_cast<int64_t>(journal::ToJsonText(recorded).size());
  const v1::SolveRecorded whole = recorded;
  KeepCasesWithin(bytes, recorded);
  EXPECT_EQ(recorded.SerializeAsString(), whole.SerializeAsString());
  KeepCasesWithin(bytes - 1, recorded);
  EXPECT_EQ(recorded.proof().cases_size(), 0);
  EXPECT_EQ(recorded.run().case_count(), 3) << "that there were some is still said";
  EXPECT_EQ(recorded.proof().units_size(), whole.proof().units_size());
  const v1::SolveRecorded rest = recorded;
  KeepCasesWithin(1, recorded);
  EXPECT_EQ(recorded.SerializeAsString(), rest.SerializeAsString()) << "it is as small as it gets";
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

TEST_F(CertificateLife, IsTheSameWhateverTheCatalogSaysSince) {
  Begin(5);
  for (const v1::Demand& demand : center_.demands) bench_->Ready(demand);
  const auto before = Certificates();
  ASSERT_THAT(before, Not(IsEmpty()));
  ChangeCatalog([](intake::v1::Catalog& catalog) {
    for (intake::v1::CatalogEntry& entry : *catalog.mutable_entries()) {
      if (entry.has_topic()) entry.mutable_topic()->set_title("another title");
      if (!entry.has_delivery_type()) continue;
      entry.mutable_delivery_type()->set_lead_time_days(365);
      entry.mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_ON_SITE);
    }
  });
  EXPECT_EQ(Certificates(), before);
  ChangeCatalog([](intake::v1::Catalog& catalog) { catalog.Clear(); });
  EXPECT_EQ(Certificates(), before);
}

TEST_F(CertificateLife, IsTheSameAfterAddressesOfExpertsWereChangedAndPurged) {
  center_ = Center();
  center_.AddPartner("elm");
  for (const char* expert : {"e1", "e2"}) {
    center_.AddExpert(expert, "elm").add_emails("ana@example.org");
  }
  bench_ = std::make_unique<MatchingBench>(center_);
  v1::Demand& demand = center_.AddDemand("fy27-1");
  demand.mutable_slots(0)->set_people(2);
  bench_->Ready(demand);
  ASSERT_EQ(Certificates().size(), 1U);
  const std::string run = Certificates().begin()->first;
  ASSERT_EQ(bench_->Get<v1::SolveRun>(run).assigned_count(), 1) << "two records of one person";
  const std::string as_before = RecordAsBefore(run);
  const auto before = Certificates();
  ASSERT_EQ(before.size(), 2U);

  center_.experts[1].set_emails(0, "ana@example.com");
  bench_->Set(center_.experts[1]);
  EXPECT_EQ(Certificates(), before);

  const absl::Status purged = bench_->journal->database().Write([](store::Connection& connection) {
    return connection.Execute("DELETE FROM journal_vault WHERE field LIKE 'expert.emails%'")
        .status();
  });
  ASSERT_TRUE(purged.ok()) << purged;
  const auto after = Certificate(run);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(JsonOf(*after), before.at(run));
  EXPECT_EQ(ReasonOf(Certificate(as_before).status()), "RUN_NOT_REPRODUCED");
}

TEST_F(CertificateLife, ARunFromBeforeTheCatalogWasKeptIsNotProvedByTheWrongProblem) {
  center_ = Center();
  center_.AddPartner("elm");
  center_.AddExpert("e1", "elm");
  bench_ = std::make_unique<MatchingBench>(center_);
  bench_->Ready(center_.AddDemand("fy27-1"));
  ASSERT_EQ(Certificates().size(), 1U);
  const std::string run = RecordAsBefore(Certificates().begin()->first);
  EXPECT_TRUE(Certificate(run).ok()) << "the catalog is still that of then";
  // Only that of now can be had, by which the one slot has no day on which to start.
  ChangeCatalog([](intake::v1::Catalog& catalog) {
    for (intake::v1::CatalogEntry& entry : *catalog.mutable_entries()) {
      if (entry.has_delivery_type()) entry.mutable_delivery_type()->set_lead_time_days(365);
    }
  });
  const absl::Status status = Certificate(run).status();
  EXPECT_EQ(ReasonOf(status), "RUN_NOT_REPRODUCED") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("catalog"));
}

}  // namespace
}  // namespace critac::matching
