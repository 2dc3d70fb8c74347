// What operators do to the databases of a center that works, with the programs as shipped.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/process/center.h"
#include "tests/process/small_program.h"
#include "tests/support/postgresql_server.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using ::testing::HasSubstr;

// A command that was run to its end.
struct Ended {
  int status = 0;
  std::string out;
  std::string err;
};
Ended RunCommand(const std::vector<std::string>& arguments) {
  RunningProgram program(CRITAC_PROGRAM, arguments);
  Ended ended;
  ended.out = program.RestOfOut();
  ended.err = program.RestOfError();
  ended.status = program.Wait();
  return ended;
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

// Goal: a center moves to PostgreSQL with one command, and back with another, and nothing is another afterwards.
TEST_F(OperatorsCenter, MovesToPostgresqlAndBack) {
  PostgresqlServer server;
  ASSERT_TRUE(server.is_up());
  std::vector<std::string> there;
  for (const char* service : {"intake", "matching", "metrics"}) {
    there.insert(there.end(), {absl::StrCat("--database-", service),
                               server.MakeDatabase(absl::StrCat("critac_", service))});
  }
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
