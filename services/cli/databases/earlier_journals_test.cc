// Journals as a version of before wrote them (tests/earlier) are restored, verified and derived by this one, which has
// to read every value as it was meant. Runs on each kind of database.
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/journal.h"
#include "common/journal/json_text.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "critac/metrics/v1/survey.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "services/cli/center_journals.h"
#include "tests/support/test_databases.h"

namespace critac::cli {
namespace {

using journal::v1::BackupRecord;

// What an earlier version recorded in the journal of a service.
std::vector<BackupRecord> EarlierRecords(const std::string& service) {
  std::vector<BackupRecord> records;
  std::ifstream lines(absl::StrCat(CRITAC_SOURCE_DIR, "/tests/earlier/", service, ".jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const absl::Status status = journal::FromJsonText(line, records.emplace_back());
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_FALSE(records.empty()) << service;
  return records;
}

class EarlierJournals : public ::testing::Test {
 protected:
  // Fills a database with the journal of a service, which has to have this head, and opens it.
  void Restore(const std::string& service, const std::string& head) {
    const std::vector<BackupRecord> records = EarlierRecords(service);
    journal::RecordCheck check(service);
    for (const BackupRecord& record : records) {
      const absl::Status intact = check.Add(record);
      ASSERT_TRUE(intact.ok()) << intact;
    }
    const journal::v1::JournalContent content = check.whole();
    ASSERT_EQ(content.head_hash(), head) << "a journal of before is never written anew";
    journal::JournalOptions options;
    for (journal::JournalOptions& one : CenterJournals()) {
      if (one.name == service) options = std::move(one);
    }
    auto database = databases_.Open(service);
    ASSERT_TRUE(database.ok()) << database.status();
    const store::Backend backend = (*database)->backend();
    const absl::Status migrated = (*database)->Migrate(journal::AllMigrations(options, backend));
    ASSERT_TRUE(migrated.ok()) << migrated;
    const absl::Status filled =
        (*database)->Write([&](store::Connection& connection) -> absl::Status {
          ASSIGN_OR_RETURN(journal::JournalLoader loader,
                           journal::JournalLoader::Begin(connection, content.head_sequence()));
          for (const BackupRecord& record : records) RETURN_IF_ERROR(loader.Add(record));
          return loader.Finish(options, content, backend);
        });
    ASSERT_TRUE(filled.ok()) << filled;
    auto opened = journal::Journal::Open(std::move(options), *std::move(database),
                                         SystemClock::Instance(), ids_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = *std::move(opened);
    const auto verified = journal_->VerifyChain();
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_EQ(verified->problem, "");
    EXPECT_EQ(verified->head_hash, head);
  }

  // Holds that a record has what `expected` has, in the text format: fields that it does not name may be anything.
  template <typename T>
  void ExpectRecord(const std::string& name, const std::string& expected) {
    SCOPED_TRACE(name);
    T wanted;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(expected, &wanted));
    const auto found = journal_->Get<T>(name);
    ASSERT_TRUE(found.ok()) << found.status();
    google::protobuf::util::MessageDifferencer differencer;
    differencer.set_scope(google::protobuf::util::MessageDifferencer::PARTIAL);
    std::string differences;
    differencer.ReportDifferencesToString(&differences);
    EXPECT_TRUE(differencer.Compare(wanted, *found)) << differences;
  }

  testing::TestDatabases databases_;
  RandomIdSource ids_;
  std::unique_ptr<journal::Journal> journal_;
};

TEST_F(EarlierJournals, OfIntakeGiveTheRecordsThatTheyGaveThen) {
  ASSERT_NO_FATAL_FAILURE(
      Restore("intake", "bd66c3364cbcfe0af85a7a1d4bdf40e8f67b48d79392078534609e98b8b0be69"));
  ExpectRecord<intake::v1::Agency>("agencies/ag-000001", R"(
      name: "agencies/ag-000001" display_name: "Ciudad Peña Police Department"
      type: AGENCY_TYPE_MUNICIPAL state: "UT" county: "Salt Flat"
      coordinates { latitude_e6: 40760000 longitude_e6: -111890000 }
      aliases { type: ALIAS_TYPE_ORI9 value: "UT9990100" valid_from: "2001-01-01" }
      sworn_full_time { count: 43 source: "survey" year: 2025 }
      size_band: SIZE_BAND_25_49 etag: "1"
      create_time { seconds: 1772464020 nanos: 250000 }
      update_time { seconds: 1772464020 nanos: 250000 })");
  // The approvals are there, though they name no version and no event tells of a plan.
  ExpectRecord<intake::v1::Request>("requests/fy26-000001", R"(
      name: "requests/fy26-000001" agency: "agencies/ag-000001" topics: "topics/de-escalation"
      title: "Training for \"night\" shifts" problem: "Calls <b>end</b> badly\nat night – too often."
      delivery_types: "deliveryTypes/training" urgency: URGENCY_ELEVATED needed_by: "2026-09-30"
      audience_size: 43 channel: CHANNEL_WEB
      contacts { role: CONTACT_ROLE_CHIEF_EXECUTIVE full_name: "Robin Vale" email: "robin@penapd.example" }
      authority_confirmed: true state: REQUEST_STATE_PLANNED coordinator: "coordinator:dana"
      scope {
        slots {
          id: "s1" topic: "topics/de-escalation" delivery_type: "deliveryTypes/training" people: 1 hours: 16
          window_start: "2026-05-01" window_end: "2026-06-30" minimum_level: LEVEL_PRACTITIONER on_site: true
        }
      }
      clocks {
        type: CLOCK_TYPE_ACKNOWLEDGE start_time { seconds: 1772464860 nanos: 250000 }
        target_business_days: 2 due_date: "2026-03-04"
      }
      agency_approval { actor: "agency:agencies/ag-000001" time { seconds: 1772466960 nanos: 250000 } }
      program_approval { actor: "program-manager:pat" time { seconds: 1772467380 nanos: 250000 } }
      reason: "As agreed by telephone." etag: "9"
      create_time { seconds: 1772464440 nanos: 250000 }
      submit_time { seconds: 1772464860 nanos: 250000 }
      ready_time { seconds: 1772466120 nanos: 250000 })");
  const auto request = journal_->Get<intake::v1::Request>("requests/fy26-000001");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->plan_version(), 0);
  EXPECT_EQ(request->agency_approval().plan_version(), 0);
}

// Who repeats a call of then gets the answer of then.
TEST_F(EarlierJournals, GiveTheAnswersThatTheyGaveThen) {
  ASSERT_NO_FATAL_FAILURE(
      Restore("intake", "bd66c3364cbcfe0af85a7a1d4bdf40e8f67b48d79392078534609e98b8b0be69"));
  journal::Command command;
  for (const BackupRecord& record : EarlierRecords("intake")) {
    if (!record.has_answer()) continue;
    command.request_id = record.answer().request_id();
    command.fingerprint = record.answer().fingerprint();
  }
  ASSERT_FALSE(command.request_id.empty());
  const auto answer = journal_->FindAnswer(std::move(command));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(answer->has_value());
  ASSERT_NE((*answer)->message, nullptr);
  const auto* agency = dynamic_cast<const intake::v1::Agency*>((*answer)->message.get());
  ASSERT_NE(agency, nullptr);
  EXPECT_EQ(agency->display_name(), "Ciudad Peña Police Department");
  EXPECT_EQ(agency->coordinates().longitude_e6(), -111890000);
  EXPECT_EQ(agency->etag(), "1");
}

TEST_F(EarlierJournals, OfMatchingGiveTheRecordsThatTheyGaveThen) {
  ASSERT_NO_FATAL_FAILURE(
      Restore("matching", "631bb8af455204ebd519817d2dfd4b49ea22c716040165a15069f262c4e964df"));
  ExpectRecord<matching::v1::Partner>("partners/example", R"(
      name: "partners/example" display_name: "Example Association of Chiefs"
      memberships { start: "2020-01-01" } capacity_per_period: 12 etag: "1")");
  // The event of the delivery does not say who gave it; the record does.
  ExpectRecord<matching::v1::Engagement>("engagements/fy26-000001", R"(
      name: "engagements/fy26-000001" request: "requests/fy26-000001"
      agency {
        agency: "agencies/ag-000001" type: AGENCY_TYPE_MUNICIPAL size_band: SIZE_BAND_25_49 state: "UT"
        sworn_officers: 43
      }
      lead_partner: "partners/example"
      assignments {
        slot: "s1" expert: "experts/kim" partner: "partners/example" period: "2026-05" score_e6: 734512
      }
      state: ENGAGEMENT_STATE_IN_DELIVERY
      deliveries {
        id: "d1" slot: "s1" delivery_type: "deliveryTypes/training" mode: DELIVERY_MODE_ON_SITE
        date: "2026-05-12" quarter_hours: 32 place: "City hall, room 2"
        attendance { on_site: 21 agencies_represented: 1 } experts: "experts/kim"
      }
      create_time { seconds: 1772464440 nanos: 250000 } external_id: "PAST-1" etag: "4"
      slots {
        id: "s1" topic: "topics/de-escalation" delivery_type: "deliveryTypes/training" people: 1 hours: 16
        window_start: "2026-05-01" window_end: "2026-06-30"
      }
      plans {
        version: 1 objectives: "Fewer calls that end badly" objectives: "Every shift trained"
        milestones { id: "m1" title: "First class" due_date: "2026-05-31" slot: "s1" }
        drawn_up_by: "coordinator:dana" draw_up_time { seconds: 1772464860 nanos: 250000 }
      })");
  ExpectRecord<matching::v1::ExpertDay>("expertDays/kim@2026-05-12", R"(
      deliveries {
        engagement: "engagements/fy26-000001" delivery: "d1" agency: "agencies/ag-000001"
        mode: DELIVERY_MODE_ON_SITE quarter_hours: 32
      })");
  ExpectRecord<matching::v1::SolveRun>("runs/000001", R"(
      name: "runs/000001" time { seconds: 1772466120 } policy_version: 3 request_count: 2 unit_count: 2
      assigned_count: 1 pair_count: 5000000000 objective: 734512 bound: 734512 certified: true
      proposals: "proposals/p1" solve_microseconds: 1250)");
}

TEST_F(EarlierJournals, OfMetricsGiveTheRecordsThatTheyGaveThen) {
  ASSERT_NO_FATAL_FAILURE(
      Restore("metrics", "51b336b21aa51a61b48fa28ad8570a7e3bc91377a0ccf192bf1c05600fcbb1cd"));
  ExpectRecord<metrics::v1::SurveyResponse>("surveyResponses/r1", R"(
      name: "surveyResponses/r1" engagement: "engagements/fy26-000001"
      instrument: INSTRUMENT_PARTICIPANT instrument_version: 1 date: "2026-05-12" satisfaction: 5
      met_goals: YES_NO_YES knowledge_percent: 0 comment: "Good – more of it" external_id: "S-1")");
  ExpectRecord<metrics::v1::SurveyResponse>("surveyResponses/r2", R"(
      satisfaction: 4 met_goals: YES_NO_NO external_id: "S-2")");
  // 0 per cent is another answer than none.
  const auto second = journal_->Get<metrics::v1::SurveyResponse>("surveyResponses/r2");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(second->has_knowledge_percent());
}

}  // namespace
}  // namespace critac::cli
