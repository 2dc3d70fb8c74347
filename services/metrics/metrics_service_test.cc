#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/sha256.h"
#include "common/queue/job.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "services/metrics/measures.h"
#include "services/metrics/render.h"
#include "services/metrics/report_commands.h"
#include "services/metrics/report_store.h"
#include "services/metrics/report_worker.h"
#include "services/metrics/service_testing.h"

namespace critac::metrics {
namespace {

using testing::Answer;
using testing::At;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAlex;
using testing::kDana;
using testing::kMorgan;
using testing::MetricsServer;
using ::testing::Not;
using testing::Profile;
using testing::Program;
using testing::SampleProgram;
using ::testing::SizeIs;

type::v1::AgencyProfile Lake() {
  return Profile("agencies/lake", type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, "UT",
                 30);
}

// A request, and an engagement `engagements/1` of IACP with one delivery, imported as `old:1`.
Program OneEngagement() {
  Program program;
  program.Request("requests/1", Lake(), At(2025, 12, 1), "topics/x");
  program.Engage("engagements/1", "requests/1", Lake(), At(2026, 1, 1),
                 {{"s1", "experts/1", "partners/iacp"}}, "old:1");
  program.Deliver("engagements/1", "d1", "s1", "deliveryTypes/web", type::v1::DELIVERY_MODE_VIRTUAL,
                  absl::CivilDay(2026, 2, 1), 6, 20);
  return program;
}

v1::SurveyResponse Response(int satisfaction = 4) {
  return Answer("", "engagements/1", "2026-02-02", satisfaction, v1::YES_NO_YES);
}

v1::SurveyResponse ImportedResponse(const std::string& external_id, int satisfaction = 4) {
  v1::SurveyResponse response = Response(satisfaction);
  response.clear_engagement();
  response.set_engagement_external_id("old:1");
  response.set_external_id(external_id);
  return response;
}

std::vector<std::string> Outcomes(
    const absl::StatusOr<v1::ImportSurveyResponsesResponse>& response) {
  std::vector<std::string> outcomes;
  if (!response.ok()) return {response.status().ToString()};
  for (const intake::v1::ImportResult& result : response->results()) {
    outcomes.push_back(absl::StrCat(intake::v1::ImportOutcome_Name(result.outcome()).substr(15),
                                    result.problem().empty() ? "" : ": ", result.problem()));
  }
  return outcomes;
}

// ---- Measures ----

TEST(MeasureService, AFigureIsWhatTheJournalsSayAtTheSnapshotItCites) {
  MetricsServer server;
  server.Write(OneEngagement());
  const auto snapshot = server.GetSnapshot(server.Heads());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  const auto answer = server.Query("requests", {v1::DIMENSION_STATE, v1::DIMENSION_TOPIC});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->measure().id(), "requests");
  EXPECT_EQ(answer->total().value(), 1);
  ASSERT_EQ(answer->values_size(), 1);
  EXPECT_THAT(answer->values(0).group(), ElementsAre("UT", "topics/x"));
  const std::vector<Position> heads = server.Heads();
  ASSERT_EQ(answer->snapshot().positions_size(), 3);
  for (size_t i = 0; i < heads.size(); ++i) {
    const Position& cited = answer->snapshot().positions(static_cast<int>(i));
    EXPECT_EQ(cited.journal(), heads[i].journal());
    EXPECT_EQ(cited.sequence(), heads[i].sequence());
    EXPECT_EQ(cited.hash(), heads[i].hash());
  }
}

TEST(MeasureService, WhatIsRecordedLaterIsFollowed) {
  MetricsServer server;
  EXPECT_EQ(server.Total("requests"), 0);
  Program program = OneEngagement();
  server.Write(program);
  EXPECT_EQ(server.Total("requests"), 1);
  const size_t before = program.intake.events().size();
  program.Request("requests/2", Lake(), At(2026, 3, 1));
  testing::Record(*server.intake, program.intake, before);
  EXPECT_EQ(server.Total("requests"), 2);
  EXPECT_EQ(server.Total("agencies"), 1);
}

TEST(MeasureService, ASnapshotIsWaitedFor) {
  MetricsServer server;
  std::vector<Position> next = server.Heads();
  next[0].set_sequence(next[0].sequence() + 2);
  next[0].clear_hash();
  absl::StatusOr<v1::Snapshot> snapshot;
  std::thread waiting([&] { snapshot = server.GetSnapshot({next[0]}); });
  Program program;
  program.Request("requests/1", Lake(), At(2025, 12, 1));
  testing::Record(*server.intake, program.intake);
  waiting.join();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_GE(snapshot->positions(0).sequence(), next[0].sequence());
}

TEST(MeasureService, ASnapshotOfAnotherJournalIsRefused) {
  MetricsServer server;
  server.Write(OneEngagement());
  std::vector<Position> heads = server.Heads();
  EXPECT_TRUE(server.GetSnapshot(heads).ok());
  heads[1].set_hash(std::string(64, '0'));
  const absl::Status other = server.GetSnapshot(heads).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(other), "SNAPSHOT_MISMATCH");

  Position unknown;
  unknown.set_journal("billing");
  const absl::Status no_journal = server.GetSnapshot({unknown}).status();
  EXPECT_EQ(no_journal.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(no_journal.message()),
              HasSubstr("at_least[0].journal: `billing` is no journal; there are intake, "
                        "matching, metrics"));
  EXPECT_EQ(server.GetSnapshot({heads[0], heads[0]}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(MeasureService, ListsTheWholeTable) {
  MetricsServer server;
  const auto list = server.Call(server.measures, &v1::MeasureService::Stub::ListMeasures,
                                v1::ListMeasuresRequest(), "partner:partners/iacp");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->measures_size(), static_cast<int>(Measures().size()));
  EXPECT_EQ(list->measures(0).id(), Measures()[0].id);
}

TEST(MeasureService, RefusesWhatItCannotAnswerAndWhoMayNotAsk) {
  MetricsServer server;
  EXPECT_EQ(server.Query("requets").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.Query("requests", {v1::DIMENSION_MODE}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.Query("requests", {v1::DIMENSION_STATE, v1::DIMENSION_STATE}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.Query("requests", {}, "partner:partners/iacp").status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(server.Query("requests", {}, kAlex).ok());
}

// Whoever recusals may know: as an expert, by an address or by the name of a record, or as a partner's.
constexpr const char* kMayBeRecused[] = {"coordinator:ana@fallspd.example",
                                         "auditor:ana@fallspd.example", "coordinator:experts/e012",
                                         "program-manager:experts/e012"};

absl::StatusOr<v1::QueryMeasureResponse> AskForLineage(MetricsServer& server, int limit,
                                                       const std::string& who) {
  v1::QueryMeasureRequest request;
  request.set_measure("requests");
  request.set_lineage_limit(limit);
  return server.Call(server.measures, &v1::MeasureService::Stub::QueryMeasure, request, who);
}

// What recusals hide is not known here, so that records are named to nobody from whom some may be hidden.
TEST(MeasureService, NamesTheRecordsOfAFigureToThoseAloneOfWhomNoRecusalCanBe) {
  MetricsServer server;
  server.Write(OneEngagement());
  ASSERT_TRUE(server.GetSnapshot(server.Heads()).ok());
  for (const char* who : {kDana, kMorgan, kAlex}) {
    const auto answer = AskForLineage(server, 9, who);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(answer->total().records(), ElementsAre("requests/1"));
  }
  for (const char* who : kMayBeRecused) {
    const absl::Status refused = AskForLineage(server, 1, who).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << who;
    EXPECT_EQ(ReasonOf(refused), "MAY_BE_RECUSED");
    const auto figure = AskForLineage(server, 0, who);
    ASSERT_TRUE(figure.ok()) << figure.status();
    EXPECT_EQ(figure->total().value(), 1) << "counts are of all requests";
  }
}

TEST(Metrics, ShowsItsJournalToThoseAloneOfWhomNoRecusalCanBe) {
  MetricsServer server;
  rpc::Call call;
  const auto may_follow = [&](const std::string& who) {
    call.principal = *rpc::ParsePrincipal(who);
    return server.bound().CheckMayFollow(call);
  };
  for (const char* who : {kAlex, kMorgan, "operator:ops", "service:metrics",
                          "agency:agencies/lake#ana@fallspd.example"}) {
    EXPECT_TRUE(may_follow(who).ok()) << who;
  }
  for (const char* who : kMayBeRecused) {
    EXPECT_EQ(ReasonOf(may_follow(who)), "MAY_BE_RECUSED") << who;
  }
  for (const char* who : {"partner:partners/iacp", "partner:partners/iacp#e012"}) {
    EXPECT_EQ(ReasonOf(may_follow(who)), "MAY_BE_RECUSED") << who;
  }
}

TEST(Metrics, TheSameFiguresComeOutWhenAllItFollowedIsForgotten) {
  MetricsServer server;
  server.Write(SampleProgram(3));
  const auto figures = [&server] {
    std::vector<std::string> all;
    for (const MeasureDefinition& measure : Measures()) {
      const auto answer = server.Query(measure.id, {measure.dimensions[0]});
      EXPECT_TRUE(answer.ok()) << answer.status();
      if (answer.ok()) all.push_back(answer->SerializeAsString());
    }
    return all;
  };
  ASSERT_TRUE(server.GetSnapshot(server.Heads()).ok());
  const std::vector<std::string> before = figures();
  server.Restart();
  server.Sql("DELETE FROM metrics_position");
  ASSERT_TRUE(server.GetSnapshot(server.Heads()).ok());
  EXPECT_EQ(figures(), before);
}

TEST(Metrics, IsReadyAndSaysWhenAJournalIsAnotherThanBefore) {
  MetricsServer server;
  server.Write(OneEngagement());
  ASSERT_TRUE(server.GetSnapshot(server.Heads()).ok());
  EXPECT_TRUE(server.bound().Ready().ok());
  // A restart alone changes nothing.
  server.Restart();
  ASSERT_TRUE(server.GetSnapshot(server.Heads()).ok());
  EXPECT_TRUE(server.bound().Ready().ok());
  // As if a backup of intake's database had been put back, and other things recorded since.
  server.Close();
  critac::testing::TestDatabases others;
  server.intake = testing::OpenPeerJournal("intake", others, server.clock, server.ids);
  Program other;
  other.Request("requests/other", Lake(), At(2025, 12, 2));
  testing::Record(*server.intake, other.intake);
  server.Open();
  std::vector<Position> rest = {server.Heads()[1], server.Heads()[2]};
  ASSERT_TRUE(server.GetSnapshot(rest).ok());
  // The other journals are followed on; the fault of this one comes with its first batch.
  Program more = OneEngagement();
  more.Offer("offers/1", "requests/1", "partners/iacp", At(2026, 1, 1),
             matching::v1::OFFER_STATE_OPEN);
  absl::Status ready = server.bound().Ready();
  while (ready.ok()) {
    const int64_t at = server.matching->Head()->sequence;
    testing::Record(*server.matching, more.matching, more.matching.events().size() - 1);
    Position position;
    position.set_journal("matching");
    position.set_sequence(at + 1);
    ASSERT_TRUE(server.GetSnapshot({position}).ok());
    ready = server.bound().Ready();
  }
  EXPECT_EQ(ready.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(ready), "CHAIN_REWRITTEN");
  EXPECT_THAT(std::string(ready.message()), HasSubstr("the journal intake: event 2 is another"));
}

// ---- Surveys ----

TEST(SurveyService, AResponseIsRecordedAndCounts) {
  MetricsServer server;
  server.Write(OneEngagement());
  v1::SurveyResponse response = Response(4);
  response.set_comment("More scenarios, please.");
  const auto recorded = server.RecordSurvey(response);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_TRUE(absl::StartsWith(recorded->name(), "surveyResponses/"));
  EXPECT_EQ(recorded->comment(), "More scenarios, please.");
  EXPECT_EQ(server.Total("satisfaction"), 4);
  EXPECT_EQ(server.Total("met-goals"), 100);
  // Free text is not in the journal.
  const auto events = server.journal().ReadEvents(1, 10);
  ASSERT_TRUE(events.ok());
  ASSERT_THAT(*events, SizeIs(1));
  EXPECT_THAT((*events)[0].payload(), Not(HasSubstr("scenarios")));
}

TEST(SurveyService, ARepeatedCallRecordsOnce) {
  MetricsServer server;
  server.Write(OneEngagement());
  const std::string id = server.NewId();
  const auto first = server.RecordSurvey(Response(4), kDana, id);
  const auto again = server.RecordSurvey(Response(4), kDana, id);
  ASSERT_TRUE(first.ok() && again.ok()) << again.status();
  EXPECT_EQ(first->name(), again->name());
  EXPECT_EQ(server.journal().Head()->sequence, 1);
  const absl::Status other = server.RecordSurvey(Response(2), kDana, id).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(other), "REQUEST_ID_REUSED");
}

TEST(SurveyService, AResponseOfAnotherSystemIsCorrectedByAnImportOnly) {
  MetricsServer server;
  server.Write(OneEngagement());
  const auto first = server.RecordSurvey(ImportedResponse("old:s1", 2));
  ASSERT_TRUE(first.ok()) << first.status();
  const int64_t head = server.journal().Head()->sequence;
  const auto again = server.RecordSurvey(ImportedResponse("old:s1", 2));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), first->name());
  EXPECT_EQ(server.journal().Head()->sequence, head) << "the same again changes nothing";
  const absl::Status other = server.RecordSurvey(ImportedResponse("old:s1", 5)).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(other), "SURVEY_RESPONSE_EXISTS");
  EXPECT_THAT(std::string(other.message()), HasSubstr("response.external_id"));
  EXPECT_EQ(server.journal().Head()->sequence, head);
  EXPECT_THAT(Outcomes(server.ImportSurveys({ImportedResponse("old:s1", 5)})),
              ElementsAre("UPDATED"));
}

TEST(SurveyService, AnEngagementAcknowledgedBeforeTheCallIsFound) {
  MetricsServer server;
  server.Write(OneEngagement());
  // Nobody waited for the facts to follow.
  EXPECT_TRUE(server.RecordSurvey(Response()).ok());
  Program program;
  program.Engage("engagements/2", "requests/1", Lake(), At(2026, 1, 1), {}, "old:2");
  testing::Record(*server.matching, program.matching);
  v1::SurveyResponse response = ImportedResponse("old:s2");
  response.set_engagement_external_id("old:2");
  EXPECT_THAT(Outcomes(server.ImportSurveys({response})), ElementsAre("CREATED"));
}

TEST(SurveyService, RefusesWhatIsNotKnownOrNotYetOver) {
  MetricsServer server;
  server.Write(OneEngagement());
  v1::SurveyResponse unknown = Response();
  unknown.set_engagement("engagements/9");
  const absl::Status not_found = server.RecordSurvey(unknown).status();
  EXPECT_EQ(not_found.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ResourceInfoOf(not_found).resource_name(), "engagements/9");

  v1::SurveyResponse nothing = Response();
  nothing.clear_engagement();
  EXPECT_EQ(server.RecordSurvey(nothing).status().code(), absl::StatusCode::kInvalidArgument);

  // Today is 2026-11-05.
  v1::SurveyResponse today = Response();
  today.set_date("2026-11-05");
  EXPECT_TRUE(server.RecordSurvey(today).ok());
  v1::SurveyResponse tomorrow = Response();
  tomorrow.set_date("2026-11-06");
  const absl::Status future = server.RecordSurvey(tomorrow).status();
  EXPECT_EQ(future.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(future.message()),
              HasSubstr("response.date: 2026-11-06 is after today, 2026-11-05"));

  v1::SurveyResponse six = Response(6);
  EXPECT_EQ(server.RecordSurvey(six).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.journal().Head()->sequence, 1);
}

TEST(SurveyService, AnAgencyAndAPartnerSpeakForTheirOwnEngagements) {
  MetricsServer server;
  server.Write(OneEngagement());
  EXPECT_TRUE(server.RecordSurvey(Response(), "agency:agencies/lake#chief").ok());
  EXPECT_TRUE(server.RecordSurvey(Response(), "partner:partners/iacp#sme").ok());
  EXPECT_EQ(server.RecordSurvey(Response(), "agency:agencies/other#chief").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(server.RecordSurvey(Response(), "partner:partners/fop").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(server.RecordSurvey(Response(), kAlex).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(SurveyService, AnImportCanBeRunAgainWithoutDoublingAnything) {
  MetricsServer server;
  server.Write(OneEngagement());
  std::vector<v1::SurveyResponse> rows = {ImportedResponse("old:s1", 5),
                                          ImportedResponse("old:s2", 3)};
  rows[0].set_comment("Thank you.");
  EXPECT_THAT(Outcomes(server.ImportSurveys(rows)), ElementsAre("CREATED", "CREATED"));
  EXPECT_THAT(Outcomes(server.ImportSurveys(rows)), ElementsAre("UNCHANGED", "UNCHANGED"));
  EXPECT_EQ(server.journal().Head()->sequence, 2);
  rows[0].set_comment("Thank you all.");
  rows[1].set_satisfaction(4);
  EXPECT_THAT(Outcomes(server.ImportSurveys(rows)), ElementsAre("UPDATED", "UPDATED"));
  EXPECT_THAT(Outcomes(server.ImportSurveys(rows)), ElementsAre("UNCHANGED", "UNCHANGED"));
  EXPECT_EQ(server.Total("satisfaction"), 4.5);
}

TEST(SurveyService, ARefusedRowDoesNotStopTheOthers) {
  MetricsServer server;
  server.Write(OneEngagement());
  v1::SurveyResponse no_key = ImportedResponse("");
  v1::SurveyResponse no_engagement = ImportedResponse("old:s2");
  no_engagement.set_engagement_external_id("old:9");
  v1::SurveyResponse bad_points = ImportedResponse("old:s3", 9);
  v1::SurveyResponse future = ImportedResponse("old:s4");
  future.set_date("2027-01-01");
  const auto response =
      server.ImportSurveys({no_key, no_engagement, bad_points, future, ImportedResponse("old:s5")});
  const std::vector<std::string> outcomes = Outcomes(response);
  ASSERT_THAT(outcomes, SizeIs(5));
  EXPECT_THAT(outcomes[0], HasSubstr("REFUSED: external_id: is the key of a row"));
  EXPECT_THAT(outcomes[1], HasSubstr("REFUSED: "));
  EXPECT_THAT(outcomes[1], HasSubstr("old:9"));
  EXPECT_THAT(outcomes[2], HasSubstr("REFUSED: satisfaction: 9 is not in"));
  EXPECT_THAT(outcomes[3], HasSubstr("REFUSED: date: 2027-01-01 is after today"));
  EXPECT_EQ(outcomes[4], "CREATED");
  EXPECT_EQ(server.journal().Head()->sequence, 1);
}

TEST(SurveyService, AnImportThatOnlyChecksChangesNothing) {
  MetricsServer server;
  server.Write(OneEngagement());
  // The second row of the same key sees the first.
  EXPECT_THAT(
      Outcomes(server.ImportSurveys({ImportedResponse("old:s1", 5), ImportedResponse("old:s1", 5),
                                     ImportedResponse("old:s1", 4)},
                                    true)),
      ElementsAre("CREATED", "UNCHANGED", "UPDATED"));
  EXPECT_EQ(server.journal().Head()->sequence, 0);
}

// ---- Reports ----

std::map<std::string, std::string> Documents(MetricsServer& server, const std::string& name) {
  std::map<std::string, std::string> documents;
  for (const FormatWords& format : kFormats) {
    const auto document = server.GetDocument(name, format.format);
    EXPECT_TRUE(document.ok()) << document.status();
    if (document.ok()) documents[std::string(format.name)] = document->content();
  }
  return documents;
}

TEST(ReportService, AReportIsMadeFromWhatWasAcknowledgedBeforeIt) {
  MetricsServer server;
  server.Write(OneEngagement());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->state(), v1::REPORT_STATE_PENDING);
  EXPECT_EQ(created->title(), "Annual review, fiscal year 2026");
  ASSERT_EQ(created->snapshot().positions_size(), 3);
  EXPECT_EQ(created->snapshot().positions(0).sequence(), server.intake->Head()->sequence);
  EXPECT_EQ(created->snapshot().positions(1).sequence(), server.matching->Head()->sequence);

  const v1::Report done = server.Finished(created->name());
  ASSERT_EQ(done.state(), v1::REPORT_STATE_DONE) << done.problem();
  for (const auto& [format, content] : Documents(server, done.name())) {
    EXPECT_EQ(done.document_hashes().at(format), Sha256Hex(content));
    EXPECT_THAT(content, HasSubstr("Annual review, fiscal year 2026")) << format;
  }
  const auto html = server.GetDocument(done.name(), v1::REPORT_FORMAT_HTML);
  EXPECT_EQ(html->media_type(), "text/html; charset=utf-8");
  EXPECT_EQ(html->file_name(), "annual-review-2025-10-01-to-2026-09-30.html");
}

TEST(ReportService, ARepeatedCallMakesOneReport) {
  MetricsServer server;
  const std::string id = server.NewId();
  const auto first = server.CreateReport(MetricsServer::Wanted(), id);
  ASSERT_TRUE(first.ok()) << first.status();
  server.Finished(first->name());
  const auto again = server.CreateReport(MetricsServer::Wanted(), id);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), first->name());
  EXPECT_EQ(again->state(), v1::REPORT_STATE_PENDING);
}

TEST(ReportService, RefusesWhatCannotBeAReportAndWhoMayNotMakeOne) {
  MetricsServer server;
  v1::Report backward = MetricsServer::Wanted();
  backward.set_end_date("2025-09-30");
  const absl::Status status = server.CreateReport(backward).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("report.end_date: 2025-09-30 is before report.start_date 2025-10-01"));
  v1::Report no_kind = MetricsServer::Wanted();
  no_kind.clear_kind();
  EXPECT_EQ(server.CreateReport(no_kind).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.CreateReport(MetricsServer::Wanted(), "", kDana).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(server.GetReport("reports/r00000009").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(server.GetDocument("reports/r00000009", v1::REPORT_FORMAT_CSV).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ReportService, ADocumentThatIsNotDoneIsRefused) {
  MetricsServer server;
  ASSERT_TRUE(server.queue().Pause().ok());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  const absl::Status status = server.GetDocument(created->name(), v1::REPORT_FORMAT_CSV).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "REPORT_NOT_DONE");
}

TEST(ReportService, ListsReportsNewestFirst) {
  MetricsServer server;
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    const auto created =
        server.CreateReport(MetricsServer::Wanted(v1::REPORT_KIND_EXECUTIVE_SUMMARY));
    ASSERT_TRUE(created.ok()) << created.status();
    names.insert(names.begin(), created->name());
  }
  v1::ListReportsRequest request;
  request.set_page_size(2);
  const auto list = &v1::ReportService::Stub::ListReports;
  const auto first = server.Call(server.reports, list, request, kAlex);
  ASSERT_TRUE(first.ok()) << first.status();
  request.set_page_token(first->next_page_token());
  const auto second = server.Call(server.reports, list, request, kAlex);
  ASSERT_TRUE(second.ok()) << second.status();
  std::vector<std::string> listed;
  for (const auto* page : {&*first, &*second}) {
    for (const v1::Report& report : page->reports()) listed.push_back(report.name());
  }
  EXPECT_EQ(listed, names);
  EXPECT_EQ(second->next_page_token(), "");
}

TEST(ReportService, AReportThatTheQueueForgotIsMadeAfterTheNextStart) {
  MetricsServer server;
  ASSERT_TRUE(server.queue().Pause().ok());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  server.Restart();
  EXPECT_EQ(server.Finished(created->name()).state(), v1::REPORT_STATE_DONE);
}

TEST(ReportService, ProjectionsAreWhatTheJournalSays) {
  MetricsServer server;
  server.Write(OneEngagement());
  ASSERT_TRUE(server.RecordSurvey(Response()).ok());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  const v1::Report before = server.Finished(created->name());
  ASSERT_TRUE(server.journal().Rebuild().ok());
  const auto after = server.GetReport(created->name());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->ShortDebugString(), before.ShortDebugString());
}

// The worker of a server, to have jobs done while the test looks on.
class WorkerOf {
 public:
  explicit WorkerOf(MetricsServer& server)
      : store(server.journal().database()),
        worker([&server](const std::string& service) { return server.ChannelTo(service); },
               server.journal(), store) {}

  absl::Status Do(const std::string& report) {
    queue::Lease lease;
    lease.key = report;
    return worker.Handle(queue::Job(lease));
  }

  ReportStore store;
  ReportWorker worker;
};

std::string FirstEngagement(const Program& program) {
  const std::string& agreed = matching::v1::EngagementAgreed::descriptor()->full_name();
  for (const journal::v1::Event& event : program.matching.events()) {
    if (event.type() == agreed) return event.subject();
  }
  return "";
}

// Goal: a report depends on its snapshot alone. Method: make one, let more happen, lose its documents
// and all that was followed, and make them again.
TEST(ReportWorker, TheSameSnapshotGivesTheSameBytesAfterMoreHappened) {
  MetricsServer server;
  Program program = SampleProgram(5);
  server.Write(program);
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  const v1::Report done = server.Finished(created->name());
  ASSERT_EQ(done.state(), v1::REPORT_STATE_DONE) << done.problem();
  const std::map<std::string, std::string> before = Documents(server, done.name());

  const size_t known = program.intake.events().size();
  for (int i = 0; i < 20; ++i) {
    program.Request(absl::StrCat("requests/later-", i), Lake(), At(2026, 2, 1));
  }
  testing::Record(*server.intake, program.intake, known);
  v1::SurveyResponse later = Response(1);
  later.set_engagement(FirstEngagement(program));
  ASSERT_TRUE(server.RecordSurvey(later).ok());
  const double requests = server.Total("requests");

  server.queue_paused = true;
  server.Restart();
  server.Sql("DELETE FROM metrics_report_document");
  server.Sql("DELETE FROM metrics_report_withheld");
  server.Sql("DELETE FROM metrics_position");
  const absl::Status missing = server.GetDocument(done.name(), v1::REPORT_FORMAT_HTML).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(missing), "DOCUMENT_BEING_MADE");
  EXPECT_TRUE(RetryInfoOf(missing).has_retry_delay());

  WorkerOf worker(server);
  EXPECT_THAT(*worker.store.Due(), ElementsAre(done.name()));
  ASSERT_TRUE(worker.Do(done.name()).ok());
  EXPECT_EQ(Documents(server, done.name()), before);
  EXPECT_THAT(*worker.store.Due(), IsEmpty());
  EXPECT_FALSE(worker.store.Withheld(done.name())->empty());
  EXPECT_EQ(server.Total("requests"), requests);
}

TEST(ReportWorker, AJobDoneTwiceChangesNothingTheSecondTime) {
  MetricsServer server;
  server.Write(OneEngagement());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  server.Finished(created->name());
  const int64_t events = server.journal().Head()->sequence;
  EXPECT_TRUE(WorkerOf(server).Do(created->name()).ok());
  EXPECT_EQ(server.journal().Head()->sequence, events);
}

// Asks for a report from a snapshot of the test's own.
std::string Requested(MetricsServer& server, const v1::Snapshot& snapshot) {
  journal::Command command;
  command.actor = kMorgan;
  command.decide = RequestReport(MetricsServer::Wanted(), snapshot);
  const auto answer = server.journal().Execute(std::move(command));
  EXPECT_TRUE(answer.ok()) << answer.status();
  return static_cast<const v1::Report&>(*answer->message).name();
}

TEST(ReportWorker, AReportOfASnapshotThatTheJournalsDoNotHaveFails) {
  MetricsServer server;
  server.Write(OneEngagement());
  v1::Snapshot snapshot;
  *snapshot.add_positions() = server.Heads()[0];
  snapshot.mutable_positions(0)->set_hash(std::string(64, '0'));
  const v1::Report other = server.Finished(Requested(server, snapshot));
  EXPECT_EQ(other.state(), v1::REPORT_STATE_FAILED);
  EXPECT_THAT(other.problem(), HasSubstr("the journal intake does not continue at event 2"));
  EXPECT_THAT(*ReportStore(server.journal().database()).Due(), IsEmpty());
  const absl::Status status = server.GetDocument(other.name(), v1::REPORT_FORMAT_CSV).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("could not be made"));

  *snapshot.mutable_positions(0) = server.Heads()[0];
  snapshot.mutable_positions(0)->set_sequence(99);
  EXPECT_EQ(server.Finished(Requested(server, snapshot)).state(), v1::REPORT_STATE_FAILED);
}

TEST(ReportWorker, AJournalThatCannotBeReachedLeavesTheReportToBeTriedAgain) {
  MetricsServer server;
  server.Write(OneEngagement());
  ASSERT_TRUE(server.queue().Pause().ok());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  server.elsewhere["intake"] =
      rpc::MakeChannel({.target = "unix:" + server.file("nobody.sock"), .attempts = 1});
  const absl::Status status = WorkerOf(server).Do(created->name());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(server.GetReport(created->name())->state(), v1::REPORT_STATE_PENDING);
  server.elsewhere.clear();
  EXPECT_TRUE(WorkerOf(server).Do(created->name()).ok());
  EXPECT_EQ(server.GetReport(created->name())->state(), v1::REPORT_STATE_DONE);
}

TEST(ReportWorker, DocumentsThatComeOutOtherThanOnRecordAreNotKept) {
  MetricsServer server;
  server.Write(OneEngagement());
  ASSERT_TRUE(server.queue().Pause().ok());
  const auto created = server.CreateReport(MetricsServer::Wanted());
  ASSERT_TRUE(created.ok()) << created.status();
  journal::Command command;
  command.actor = "service:metrics";
  command.decide = FinishReport(created->name(), {{"html", std::string(64, '0')}});
  ASSERT_TRUE(server.journal().Execute(std::move(command)).ok());
  const absl::Status status = WorkerOf(server).Do(created->name());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReasonOf(status), "DOCUMENT_DIFFERS");
  EXPECT_EQ(server.GetReport(created->name())->state(), v1::REPORT_STATE_DONE);
  EXPECT_EQ(server.GetDocument(created->name(), v1::REPORT_FORMAT_HTML).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace critac::metrics
