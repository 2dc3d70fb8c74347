// What operators do to the databases of a center that works, with the programs as shipped.
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/process/center.h"
#include "tests/process/small_program.h"
#include "tests/support/postgresql_server.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/verify_journal.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using journal::v1::Event;
using ::testing::HasSubstr;
using ::testing::SizeIs;
// Something for each service, or for each variable.
using ByName = std::map<std::string, std::string>;

// A command that was run to its end.
struct Ended {
  int status = 0;
  std::string out;
  std::string err;
};
Ended RunToEnd(const std::string& path, const std::vector<std::string>& arguments,
               const ByName& environment = {}) {
  RunningProgram program(path, arguments, environment);
  Ended ended;
  ended.out = program.RestOfOut();
  ended.err = program.RestOfError();
  ended.status = program.Wait();
  return ended;
}
Ended RunCommand(const std::vector<std::string>& arguments, const ByName& environment = {}) {
  return RunToEnd(CRITAC_PROGRAM, arguments, environment);
}

// What the CronJob of the manifests runs: the words of its command, and the variables that it is given.
struct BackupJob {
  std::vector<std::string> words;
  std::vector<std::string> variables;

  // The arguments of the program, with `folder` where the volume is mounted.
  std::vector<std::string> ArgumentsWith(const std::string& folder) const {
    std::vector<std::string> arguments;
    for (size_t i = 1; i < words.size(); ++i) {
      arguments.push_back(absl::StrReplaceAll(words[i], {{"/backup/", folder + "/"}}));
    }
    return arguments;
  }
  // The variables, with the databases at `urls`.
  ByName EnvironmentWith(const ByName& urls) const {
    ByName environment;
    for (const std::string& variable : variables) {
      const absl::string_view service = absl::StripPrefix(variable, "CRITAC_DATABASE_");
      environment[variable] = urls.at(absl::AsciiStrToLower(service));
    }
    return environment;
  }
};
BackupJob ReadBackupJob() {
  BackupJob job;
  std::ifstream manifest(CRITAC_SOURCE_DIR "/deploy/kustomize/components/backup/backup.yaml");
  for (std::string line; std::getline(manifest, line);) {
    absl::string_view rest = absl::StripAsciiWhitespace(line);
    if (absl::ConsumePrefix(&rest, "command: [")) {
      for (const absl::string_view word : absl::StrSplit(absl::StripSuffix(rest, "]"), ", ")) {
        job.words.emplace_back(absl::StripSuffix(absl::StripPrefix(word, "\""), "\""));
      }
    } else if (absl::ConsumePrefix(&rest, "- name: ") && absl::StartsWith(rest, "CRITAC_")) {
      job.variables.emplace_back(rest);
    }
  }
  return job;
}

// The path of what is in a folder, which is one thing.
std::string OnlyEntryOf(const std::string& folder) {
  std::vector<std::string> entries;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    entries.push_back(entry.path().string());
  }
  EXPECT_THAT(entries, SizeIs(1));
  return entries.empty() ? "" : entries.front();
}

class OperatorsCenter : public ::testing::Test {
 protected:
  std::string Submit(AnyCenter& center, const SmallProgram& program, int number) {
    const auto request = center.AsCoordinator<RequestService>(&RequestService::Stub::CreateRequest,
                                                              program.Submission(number));
    EXPECT_TRUE(request.ok()) << request.status();
    return request.ok() ? request->name() : "";
  }
  bool Knows(AnyCenter& center, const std::string& request) {
    intake::v1::GetRequestRequest get;
    get.set_name(request);
    return center.AsCoordinator<RequestService>(&RequestService::Stub::GetRequest, get).ok();
  }
  // Gives the command as somebody, to a center; returns what it says.
  std::string Say(Center& center, std::vector<std::string> words, const std::string& principal) {
    words.insert(words.end(),
                 {"--as", principal, "--server", center.address(), "--output", "name"});
    const Ended ended = RunCommand(words);
    EXPECT_EQ(ended.status, 0) << words[0] << " " << words[1] << ": " << ended.err;
    return std::string(absl::StripAsciiWhitespace(ended.out));
  }
  // Makes a report of these days; returns its name.
  std::string Report(Center& center, const std::string& kind) {
    const absl::CivilDay today = DayOf(absl::Now());
    return Say(
        center,
        {"report", "create", kind, "--from", FormatDate(today - 1), "--to", FormatDate(today + 1)},
        "program-manager:okafor");
  }
  // The last event of each journal that was recorded at `moment` or before; each has later ones.
  static std::map<std::string, Event> HeadsAt(AnyCenter& center, absl::Time moment) {
    std::map<std::string, Event> heads;
    for (const char* service : {"intake", "matching", "metrics"}) {
      const auto events = center.ReadEvents(service);
      EXPECT_TRUE(events.ok()) << events.status();
      if (!events.ok()) continue;
      for (const Event& event : *events) {
        if (journal::FromTimestamp(event.record_time()) <= moment) heads[service] = event;
      }
      EXPECT_GT(heads[service].sequence(), 0) << service;
      EXPECT_LT(heads[service].sequence(), static_cast<int64_t>(events->size())) << service;
    }
    return heads;
  }
  // Waits until a request was proposed for, by an event of matching after this one.
  static bool AwaitProposalFor(AnyCenter& center, const std::string& request, int64_t sequence) {
    while (true) {
      const auto event =
          center.AwaitEvent("matching", "critac.matching.v1.ProposalMade", sequence + 1);
      if (!event.ok()) return false;
      if (absl::StrContains(event->payload(), absl::StrCat("\"", request, "\""))) return true;
      sequence = event->sequence();
    }
  }

  // Makes an empty database for each service, `NAME_SERVICE`, and returns their URLs.
  static ByName MakeDatabases(PostgresqlServer& server, const std::string& name) {
    ByName urls;
    for (const char* service : {"intake", "matching", "metrics"}) {
      urls[service] = server.MakeDatabase(absl::StrCat(name, "_", service));
    }
    return urls;
  }
  // Arguments that say where they are.
  static std::vector<std::string> FlagsOf(const ByName& urls) {
    std::vector<std::string> flags;
    for (const auto& [service, url] : urls) {
      flags.insert(flags.end(), {absl::StrCat("--database-", service), url});
    }
    return flags;
  }

  const TempFolder folder_;
};

// Goal: a backup that was taken beside a working center is that center again. Method: one request before, one after
// it; then another center on what was restored.
TEST_F(OperatorsCenter, IsBackedUpWhileItWorksAndRestored) {
  std::string before;
  std::string after;
  std::unique_ptr<SmallProgram> program;
  {
    Center center(folder_.file("data"));
    program = std::make_unique<SmallProgram>(center);
    before = Submit(center, *program, 1);
    ASSERT_TRUE(SmallProgram::MakeReady(center, before).ok());
    ASSERT_TRUE(center.AwaitEvent("matching", "critac.matching.v1.ProposalMade").ok());
    const Ended backup =
        RunCommand({"backup", "--data", folder_.file("data"), "--to", folder_.file("backup")});
    ASSERT_EQ(backup.status, 0) << backup.err;
    after = Submit(center, *program, 2);
    // What would change its databases is refused, and says who has them.
    const Ended rebuild =
        RunCommand({"journal", "rebuild", "intake", "--data", folder_.file("data")});
    EXPECT_EQ(rebuild.status, 1);
    EXPECT_THAT(rebuild.err, HasSubstr(absl::StrCat("process ", center.program().pid())));
    EXPECT_EQ(center.Stop(), 0);
  }
  const Ended restore =
      RunCommand({"restore", "--from", folder_.file("backup"), "--data", folder_.file("restored")});
  ASSERT_EQ(restore.status, 0) << restore.err;
  Center restored(folder_.file("restored"));
  restored.ExpectWholeJournals();
  EXPECT_TRUE(Knows(restored, before));
  EXPECT_FALSE(Knows(restored, after));
  // The same call is the same request; and it goes on.
  EXPECT_EQ(Submit(restored, *program, 1), before);
  EXPECT_NE(Submit(restored, *program, 3), "");
  restored.ExpectWholeJournals();
}

// Goal: what the Job of the manifests writes beside a center on PostgreSQL is that center as it was at any moment
// before. Method: its very command and variables; requests and reports before the moment, after it, and after the
// backup; a restore up to the moment, verified without the project's code, and another center on it.
TEST_F(OperatorsCenter, IsBackedUpByTheJobOfTheManifestsAndRestoredAsItWasAtAMoment) {
  const BackupJob job = ReadBackupJob();
  ASSERT_THAT(job.words, SizeIs(::testing::Gt(1)));
  ASSERT_THAT(job.variables, SizeIs(3));
  PostgresqlServer server;
  ASSERT_TRUE(server.is_up());
  const ByName old_urls = MakeDatabases(server, "old");
  const std::string volume = folder_.file("volume");
  std::filesystem::create_directory(volume);
  std::unique_ptr<SmallProgram> program;
  std::map<std::string, Event> heads;
  std::string before;
  std::string after;
  std::string report_before;
  std::string report_after;
  absl::Time moment;
  {
    Center center(folder_.file("data"), "error", FlagsOf(old_urls));
    program = std::make_unique<SmallProgram>(center);
    before = Submit(center, *program, 1);
    ASSERT_TRUE(SmallProgram::MakeReady(center, before).ok());
    ASSERT_TRUE(AwaitProposalFor(center, before, 0));
    report_before = Report(center, "executive-summary");
    moment = absl::Now();
    after = Submit(center, *program, 2);
    ASSERT_TRUE(SmallProgram::MakeReady(center, after).ok());
    ASSERT_TRUE(AwaitProposalFor(center, after, 0));
    report_after = Report(center, "annual-review");
    const Ended backup = RunCommand(job.ArgumentsWith(volume), job.EnvironmentWith(old_urls));
    ASSERT_EQ(backup.status, 0) << backup.err;
    EXPECT_NE(Submit(center, *program, 3), "");
    heads = HeadsAt(center, moment);
    EXPECT_EQ(center.Stop(), 0);
  }
  const std::string backup = OnlyEntryOf(volume);
  const Ended sums = RunToEnd("/usr/bin/env", {"--chdir", backup, "/usr/bin/sha256sum", "--check",
                                               "--strict", "SHA256SUMS"});
  EXPECT_EQ(sums.status, 0) << sums.out << sums.err;

  const ByName new_urls = MakeDatabases(server, "new");
  const Ended restore =
      RunCommand({"restore", "--from", backup, "--to",
                  absl::FormatTime(absl::RFC3339_full, moment, absl::UTCTimeZone())},
                 job.EnvironmentWith(new_urls));
  ASSERT_EQ(restore.status, 0) << restore.err;
  for (const auto& [service, head] : heads) {
    EXPECT_EQ(VerifyJournal(new_urls.at(service)),
              absl::StrCat("intact: ", head.sequence(), " events, head ", head.hash()));
  }

  Center restored(folder_.file("restored"), "error", FlagsOf(new_urls));
  Say(restored, {"journal", "verify"}, "auditor:ines");
  EXPECT_TRUE(Knows(restored, before));
  EXPECT_FALSE(Knows(restored, after));
  EXPECT_EQ(Say(restored, {"report", "list"}, "auditor:ines"), report_before);
  // Its documents, which are in no backup, are made anew, and have the hashes that the report cites.
  Say(restored, {"report", "save", report_before, "--out", folder_.file("report")}, "auditor:ines");
  // A call of before the moment has the answer that it had; one of after it is done anew, and goes its way.
  EXPECT_EQ(Submit(restored, *program, 1), before);
  const std::string again = Submit(restored, *program, 2);
  ASSERT_TRUE(SmallProgram::MakeReady(restored, again).ok());
  EXPECT_TRUE(AwaitProposalFor(restored, again, heads["matching"].sequence()));
  restored.ExpectWholeJournals();
}

// Goal: a center moves to PostgreSQL with one command, and back with another, and nothing is another afterwards.
TEST_F(OperatorsCenter, MovesToPostgresqlAndBack) {
  PostgresqlServer server;
  ASSERT_TRUE(server.is_up());
  const std::vector<std::string> there = FlagsOf(MakeDatabases(server, "critac"));
  std::string request;
  {
    Center center(folder_.file("data"));
    const SmallProgram program(center);
    request = Submit(center, program, 1);
    ASSERT_TRUE(SmallProgram::MakeReady(center, request).ok());
    ASSERT_TRUE(center.AwaitEvent("matching", "critac.matching.v1.ProposalMade").ok());
    EXPECT_EQ(center.Stop(), 0);
  }
  const Ended moved = RunCommand({"move", "--data", folder_.file("data"), "--to",
                                  server.url("critac_{service}"), "--output", "csv"});
  ASSERT_EQ(moved.status, 0) << moved.err;
  for (const char* service : {"intake", "matching", "metrics"}) {
    std::vector<std::string> rebuild = {"journal", "rebuild", service, "--output", "csv"};
    rebuild.insert(rebuild.end(), there.begin(), there.end());
    const Ended rebuilt = RunCommand(rebuild);
    EXPECT_EQ(rebuilt.status, 0) << rebuilt.err;
  }
  std::vector<std::string> back = {
      "move", "--to", absl::StrCat("sqlite:", folder_.path(), "/{service}.db"), "--output", "csv"};
  back.insert(back.end(), there.begin(), there.end());
  const Ended returned = RunCommand(back);
  ASSERT_EQ(returned.status, 0) << returned.err;
  // Each line has the journal's head and its counts.
  EXPECT_EQ(returned.out, moved.out);
  Center center(folder_.path());
  center.ExpectWholeJournals();
  EXPECT_TRUE(Knows(center, request));
}

}  // namespace
}  // namespace critac::testing
