#ifndef TESTS_PROCESS_BULK_IMPORT_H_
#define TESTS_PROCESS_BULK_IMPORT_H_

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/ids.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/process/local_cluster.h"
#include "tests/process/small_program.h"
#include "tests/support/eventually.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// A file of past requests that a coordinator imports by the command line, whatever happens meanwhile:
// when no center answers any more, the same command is given once more, to another replica of intake.
class BulkImport {
 public:
  // `name`: what its external ids begin with. `cluster` must outlive it.
  BulkImport(LocalCluster& cluster, const SmallProgram& program, std::string name)
      : cluster_(cluster), name_(std::move(name)), path_(folder_.file("requests.jsonl")) {
    std::ofstream file(path_);
    for (int i = 0; i < kRows; ++i) {
      const intake::v1::PastRequest row = Row(program, i);
      external_ids_.insert(row.external_id());
      std::string text;
      EXPECT_TRUE(google::protobuf::util::MessageToJsonString(row, &text).ok());
      file << text << "\n";
    }
  }

  // Begins, through a replica of intake, and waits until some rows are on record.
  void Begin(const std::string& replica) {
    journal::v1::GetHeadRequest head;
    head.set_journal("intake");
    const auto before = cluster_.Call<journal::v1::JournalService>(
        &journal::v1::JournalService::Stub::GetHead, head, type::v1::ROLE_AUDITOR, "ines");
    ASSERT_TRUE(before.ok()) << before.status();
    StartOnce(replica);
    int seen = 0;
    EXPECT_TRUE(Eventually([&] { return (seen = RowsAfter(before->sequence())) > 0; }));
    EXPECT_LT(seen, kRows) << "it was over before anything could happen to it";
  }

  // Waits for its end, and has it begun again through another replica as long as none answers.
  // Every row was created, by whichever of its calls.
  void Finish(const std::string& other_replica) {
    Ended ended;
    EXPECT_TRUE(Eventually(
        [&] {
          ended = End();
          if (ended.status != kNoCenterAnswered) return true;
          StartOnce(other_replica);
          return false;
        },
        absl::Minutes(2)));
    EXPECT_EQ(ended.status, 0) << ended.error;
    EXPECT_THAT(ended.out,
                ::testing::HasSubstr(absl::StrCat("requests,", kRows, ",", kRows, ",0,0,0,")));
  }

  // Who imports the file anew, as one that is not known to have been imported, changes nothing.
  void ExpectNothingNew(const std::string& replica) {
    Start(replica, {});
    const Ended ended = End();
    EXPECT_EQ(ended.status, 0) << ended.error;
    EXPECT_THAT(ended.out,
                ::testing::HasSubstr(absl::StrCat("requests,", kRows, ",0,0,", kRows, ",0,")));
  }

  const std::set<std::string>& external_ids() const { return external_ids_; }

 private:
  // A command that was run to its end.
  struct Ended {
    int status = 0;
    std::string out;
    std::string error;
  };

  // Four calls, one after the other.
  static constexpr int kRows = 400;
  // Exit status (services/cli/README.md).
  static constexpr int kNoCenterAnswered = 3;

  // Declined in its day, so that nothing follows from it.
  intake::v1::PastRequest Row(const SmallProgram& program, int number) const {
    intake::v1::PastRequest row;
    row.set_external_id(absl::StrCat(name_, ":", number));
    *row.mutable_request() = program.Submission(number).request();
    absl::Time time = absl::FromCivil(absl::CivilDay(2024, 11, 4), absl::UTCTimeZone());
    row.mutable_create_time()->set_seconds(absl::ToUnixSeconds(time));
    const std::pair<intake::v1::RequestAction, const char*> steps[] = {
        {intake::v1::REQUEST_ACTION_SUBMIT, "agency:agencies/-#chief"},
        {intake::v1::REQUEST_ACTION_ACKNOWLEDGE, "coordinator:dana"},
        {intake::v1::REQUEST_ACTION_DECLINE, "coordinator:dana"}};
    for (const auto& [action, actor] : steps) {
      time += absl::Hours(24);
      intake::v1::PastAction& past = *row.add_actions();
      past.set_action(action);
      past.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
      past.set_actor(actor);
    }
    row.mutable_actions(2)->mutable_details()->set_decline_code(
        intake::v1::DECLINE_CODE_OUT_OF_SCOPE);
    return row;
  }

  // So many of its rows are on record after a place of the journal; none where nobody says.
  int RowsAfter(int64_t sequence) {
    const auto events = cluster_.ReadEvents("intake", sequence + 1);
    int rows = 0;
    if (!events.ok()) return rows;
    for (const journal::v1::Event& event : *events) {
      if (event.type() == intake::v1::RequestCreated::descriptor()->full_name() &&
          absl::StrContains(event.payload(), absl::StrCat("\"", name_, ":"))) {
        ++rows;
      }
    }
    return rows;
  }

  // By the same `request_id` however often: what was done counts as done by this.
  void StartOnce(const std::string& replica) {
    Start(replica, {"--request-id", UuidFromName(absl::StrCat("import ", name_))});
  }

  void Start(const std::string& replica, const std::vector<std::string>& options) {
    std::vector<std::string> words = {
        "import",   "requests",
        path_,      "--as=coordinator:dana",
        "--server", absl::StrCat("intake=", cluster_.Processes().at(replica).address),
        "--output", "csv"};
    words.insert(words.end(), options.begin(), options.end());
    command_ = std::make_unique<RunningProgram>(CRITAC_PROGRAMS "/critac", words);
  }

  Ended End() {
    Ended ended;
    ended.out = command_->RestOfOut();
    ended.error = command_->RestOfError();
    ended.status = command_->Wait();
    return ended;
  }

  LocalCluster& cluster_;
  const std::string name_;
  const TempFolder folder_;
  const std::string path_;
  std::set<std::string> external_ids_;
  std::unique_ptr<RunningProgram> command_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_BULK_IMPORT_H_
