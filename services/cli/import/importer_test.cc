#include "services/cli/import/importer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_status.h"
#include "services/cli/testing/fake_agencies.h"
#include "services/cli/testing/fake_center.h"
#include "services/cli/testing/temp_file.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class Importer : public ::testing::Test {
 protected:
  absl::Status Import(const std::string& path, const std::string& run = "run",
                      const std::string& kind = "agencies", bool validate_only = false) {
    ImportOptions options;
    options.path = path;
    options.run = run;
    options.validate_only = validate_only;
    const auto found = std::find_if(ImportKinds().begin(), ImportKinds().end(),
                                    [&](const ImportKind& each) { return each.name == kind; });
    return ImportFile(*found, options, client_, clock_, nullptr, summary_);
  }

  static ClientOptions Options(const std::string& address) {
    ClientOptions options;
    options.servers = *Servers::Parse(address);
    options.principal = "coordinator:dana";
    return options;
  }

  TempFolder folder_;
  FakeCenter center_;
  FakeAgencies agencies_{center_};
  ManualClock clock_{absl::UnixEpoch()};
  Client client_{Options(center_.address()), [](absl::Duration) {}};
  ImportSummary summary_;
};

TEST_F(Importer, ImportsCsvJsonLinesAndAnArrayAlike) {
  ASSERT_TRUE(Import(folder_.Write("a.csv",
                                   "ori9,display_name,type,state\n"
                                   "UTZZ00100,Umberholt Police,municipal,UT\n"),
                     "1")
                  .ok());
  const auto from_csv = agencies_.agencies().at("UTZZ00100");
  EXPECT_EQ(summary_.created, 1);
  const std::string json =
      R"({"displayName":"Umberholt Police","type":"AGENCY_TYPE_MUNICIPAL","state":"UT",)"
      R"("aliases":[{"type":"ALIAS_TYPE_ORI9","value":"UTZZ00100"}]})";
  ASSERT_TRUE(Import(folder_.Write("a.jsonl", json + "\n"), "2").ok());
  EXPECT_EQ(summary_.unchanged, 1);
  ASSERT_TRUE(Import(folder_.WriteGzip("a.json.gz", "[" + json + "]"), "3").ok());
  EXPECT_EQ(summary_.unchanged, 1);
  EXPECT_EQ(agencies_.agencies().at("UTZZ00100").SerializeAsString(), from_csv.SerializeAsString());
}

TEST_F(Importer, SkipsAByteOrderMarkAndCommentsBeforeTheFirstRow) {
  ASSERT_TRUE(Import(folder_.Write("a.csv",
                                   "\xef\xbb\xbf# made up\r\n#\nori9,display_name\r\n"
                                   "UTZZ00100,# not a comment\r\n"))
                  .ok());
  EXPECT_EQ(agencies_.agencies().at("UTZZ00100").display_name(), "# not a comment");
  ASSERT_TRUE(
      Import(folder_.Write("a.jsonl", "# made up\n{\"aliases\":[{\"value\":\"X\"}]}\n")).ok());
  EXPECT_EQ(summary_.rows, 1);
}

TEST_F(Importer, TakesTheRegistryForAgenciesOnly) {
  const std::string path = folder_.WriteGzip(
      "registry.json.gz",
      R"({"UT":{"UT0270400":{"agency_name":"Santa Clara","agency_type_name":"City"},)"
      R"("TS0000000":{"agency_name":"Test","agency_type_name":"Other"}}})");
  ASSERT_TRUE(Import(path).ok());
  EXPECT_EQ(summary_.created, 1);
  EXPECT_EQ(summary_.refused, 1);
  EXPECT_EQ(ReadAll(path + ".refused.csv"),
            "row,key,reason,text\r\n"
            "2,UT TS0000000,\"ori: TS0000000 is a test agency of the registry, not a real one\","
            "\"{\"\"agency_name\"\":\"\"Test\"\",\"\"agency_type_name\"\":\"\"Other\"\"}\"\r\n");
  EXPECT_THAT(std::string(Import(path, "run", "partners").message()), HasSubstr("not partners"));
}

TEST_F(Importer, RefusedRowsStandBesideTheInputInTheOrderOfTheFile) {
  const std::string path = folder_.Write("a.csv",
                                         "ori9,display_name,sworn_full_time\n"
                                         "UTZZ00100,A,1\n"
                                         "UTZZ00200,B,many\n"
                                         ",C,3\n"
                                         "UTZZ00400,7,4\n"
                                         "UTZZ00500,E\n");
  ASSERT_TRUE(Import(path).ok());
  EXPECT_EQ(summary_.rows, 5);
  EXPECT_EQ(summary_.created, 1);
  EXPECT_EQ(summary_.refused, 4);
  EXPECT_EQ(summary_.refused_path, path + ".refused.csv");
  EXPECT_EQ(
      ReadAll(summary_.refused_path),
      "row,key,reason,text\r\n"
      "2,,\"sworn_full_time.count: \"\"many\"\" is not a whole number\",\"UTZZ00200,B,many\"\r\n"
      "3,,aliases: at least one is needed,\",C,3\"\r\n"
      "4,UTZZ00400,display_name: has no letter,\"UTZZ00400,7,4\"\r\n"
      "5,,\"the row has 2 fields, the header 3\",\"UTZZ00500,E\"\r\n");
}

TEST_F(Importer, ARunWithoutRefusalsTakesTheOldFileAway) {
  const std::string path = folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,7\n");
  ASSERT_TRUE(Import(path, "1").ok());
  EXPECT_TRUE(folder_.Has("a.csv.refused.csv"));
  folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,Seven\n");
  ASSERT_TRUE(Import(path, "2").ok());
  EXPECT_FALSE(folder_.Has("a.csv.refused.csv"));
  EXPECT_EQ(summary_.refused_path, "");
}

TEST_F(Importer, ThePlaceOfRefusedRowsThatCannotBeWrittenIsToldNotFatal) {
  const std::string path =
      folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,7\nUTZZ00200,Two\n");
  ImportOptions options;
  options.path = path;
  options.refused_path = folder_.Path("no/such/folder.csv");
  ASSERT_TRUE(ImportFile(ImportKinds()[3], options, client_, clock_, nullptr, summary_).ok());
  EXPECT_EQ(summary_.created, 1);
  EXPECT_THAT(std::string(summary_.refused_file_status.message()), HasSubstr("cannot be written"));
}

TEST_F(Importer, ASecondRunDoublesNothingAndARetryWithinARunIsTheSameCall) {
  const std::string path = folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,A\n");
  ASSERT_TRUE(Import(path, "1").ok());
  ASSERT_TRUE(Import(path, "1").ok());
  EXPECT_EQ(summary_.created, 1) << "the same run: the first answer";
  ASSERT_TRUE(Import(path, "2").ok());
  EXPECT_EQ(summary_.unchanged, 1) << "another run looks again";
  EXPECT_THAT(agencies_.agencies(), SizeIs(1));
}

TEST_F(Importer, ADryRunChangesNothingAndDoesNotSpoilTheRealOne) {
  const std::string path = folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,A\n");
  ASSERT_TRUE(Import(path, "run", "agencies", true).ok());
  EXPECT_EQ(summary_.created, 1);
  EXPECT_THAT(agencies_.agencies(), SizeIs(0));
  ASSERT_TRUE(Import(path, "run").ok());
  EXPECT_THAT(agencies_.agencies(), SizeIs(1));
}

TEST_F(Importer, ALongFileGoesInBatchesOfSeveralHundredRows) {
  std::string csv = "ori9,display_name\n";
  for (int i = 0; i < 2345; ++i) absl::StrAppend(&csv, absl::StrFormat("UT%07d,Agency %d\n", i, i));
  ASSERT_TRUE(Import(folder_.Write("a.csv", csv)).ok());
  EXPECT_EQ(summary_.created, 2345);
  EXPECT_THAT(agencies_.agencies(), SizeIs(2345));
  EXPECT_THAT(center_.CallsOf(FakeAgencies::kMethod), SizeIs(5));
}

TEST_F(Importer, LargeRowsGoInSmallerBatches) {
  std::string csv = "ori9,display_name\n";
  for (int i = 0; i < 10; ++i) {
    absl::StrAppend(&csv, absl::StrFormat("UT%07d,%s\n", i, std::string(400000, 'x')));
  }
  ASSERT_TRUE(Import(folder_.Write("a.csv", csv)).ok());
  EXPECT_EQ(summary_.created, 10);
  EXPECT_GE(center_.CallsOf(FakeAgencies::kMethod).size(), 4u) << "or they would not fit a message";
}

TEST_F(Importer, TheLaterRowOfAnAgencyStands) {
  std::string csv = "ori9,display_name\n";
  for (int i = 0; i < 3000; ++i) absl::StrAppend(&csv, "UTZZ00100,Name ", i, "\n");
  ASSERT_TRUE(Import(folder_.Write("a.csv", csv)).ok());
  EXPECT_EQ(agencies_.agencies().at("UTZZ00100").display_name(), "Name 2999");
}

TEST_F(Importer, AFileCutShortKeepsWhatCameBefore) {
  std::string lines;
  for (int i = 0; i < 20000; ++i) {
    absl::StrAppend(&lines,
                    absl::StrFormat(R"({"aliases":[{"value":"UT%07d"}],"displayName":"A%d"})", i,
                                    i * 7919 % 10007),
                    "\n");
  }
  const std::string whole = ReadAll(folder_.WriteGzip("whole.gz", lines));
  const absl::Status status =
      Import(folder_.Write("cut.jsonl.gz", whole.substr(0, whole.size() * 2 / 3)));
  EXPECT_EQ(ReasonOf(status), "BROKEN_FILE");
  EXPECT_EQ(ExitStatusOf(status), kRefused);
  EXPECT_GT(summary_.created, 5000);
  EXPECT_LE(summary_.refused, 1) << "the line that was cut";
  EXPECT_THAT(agencies_.agencies(), SizeIs(static_cast<size_t>(summary_.created)));
}

TEST_F(Importer, BrokenJsonInTheMiddleKeepsWhatCameBefore) {
  const absl::Status status = Import(folder_.Write(
      "a.json",
      R"([{"aliases":[{"value":"A"}],"displayName":"A"},{"aliases":[{"value":"B"}]},{])"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("row 3: broken JSON"));
  EXPECT_EQ(summary_.created, 2);
}

TEST_F(Importer, AWrongHeaderOrAnEmptyFileIsAUsageErrorAndNothingIsCalled) {
  EXPECT_EQ(ExitStatusOf(Import(folder_.Write("a.csv", "ori9,colour\nUTZZ00100,blue\n"))), kUsage);
  EXPECT_EQ(ExitStatusOf(Import(folder_.Write("b.csv", ""))), kUsage);
  EXPECT_EQ(ExitStatusOf(Import(folder_.Write("c.csv", "# only a comment"))), kUsage);
  EXPECT_EQ(ExitStatusOf(Import(folder_.Path("none.csv"))), kUsage);
  EXPECT_THAT(center_.CallsOf(FakeAgencies::kMethod), SizeIs(0));
}

TEST_F(Importer, AHeaderWithoutRowsIsAnImportOfNothing) {
  EXPECT_TRUE(Import(folder_.Write("a.csv", "ori9,display_name\n")).ok());
  EXPECT_EQ(summary_.rows, 0);
}

TEST_F(Importer, ACallThatFailsEndsTheImport) {
  center_.On<intake::v1::ImportAgenciesRequest, intake::v1::ImportAgenciesResponse>(
      FakeAgencies::kMethod,
      [](const auto&, auto&) { return absl::PermissionDeniedError("not yours"); });
  const absl::Status status = Import(folder_.Write("a.csv", "ori9\nUTZZ00100\n"));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(summary_.rows, 0);
}

TEST_F(Importer, EveryKindMakesItsOwnCall) {
  const std::vector<std::pair<std::string, std::string>> methods = {
      {"catalog", "critac.intake.v1.CatalogService/ImportCatalog"},
      {"partners", "critac.matching.v1.PartnerService/ImportPartners"},
      {"experts", "critac.matching.v1.PartnerService/ImportExperts"},
      {"requests", "critac.intake.v1.RequestService/ImportRequests"},
      {"engagements", "critac.matching.v1.EngagementService/ImportEngagements"},
      {"surveys", "critac.metrics.v1.SurveyService/ImportSurveyResponses"},
  };
  for (const auto& [kind, method] : methods) {
    Import(folder_.Write(kind, "{}\n"), "run", kind).IgnoreError();
    EXPECT_THAT(center_.CallsOf(method), SizeIs(1)) << kind;
  }
}

}  // namespace
}  // namespace critac::cli
