// A service that is started before the database that it needs.
#include <signal.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/postgresql_server.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using ::testing::StartsWith;

class StartTest : public ::testing::Test {
 protected:
  StartTest() { EXPECT_TRUE(postgresql_.is_up()); }

  std::vector<std::string> Arguments() const {
    return {"--listen", "127.0.0.1:0",  "--admin-listen", "127.0.0.1:0",
            "--data",   folder_.path(), "--database",     url_};
  }

  const TempFolder folder_;
  PostgresqlServer postgresql_;
  const std::string url_ = postgresql_.MakeDatabase("intake");
};

TEST_F(StartTest, AServiceWaitsForADatabaseThatIsAway) {
  postgresql_.Kill();
  RunningProgram intake(CRITAC_PROGRAMS "/critac-intake", Arguments());
  EXPECT_NE(intake.ErrorLineWith("waiting for the database"), "");
  postgresql_.Start();
  ASSERT_TRUE(postgresql_.is_up());
  EXPECT_THAT(intake.OutLine(), StartsWith("critac ready on "));
  intake.Signal(SIGTERM);
  EXPECT_EQ(intake.Wait(), 0);
}

TEST_F(StartTest, WhileItWaitsASignalEndsIt) {
  postgresql_.Kill();
  for (const int signal : {SIGTERM, SIGINT}) {
    RunningProgram intake(CRITAC_PROGRAMS "/critac-intake", Arguments());
    EXPECT_NE(intake.ErrorLineWith("waiting for the database"), "");
    intake.Signal(signal);
    EXPECT_EQ(intake.Wait(), 128 + signal);
  }
}

// What time does not mend is said at once.
TEST_F(StartTest, ADatabaseOfAnotherOrderIsNotWaitedFor) {
  postgresql_.Ask(
      "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  RunningProgram intake(CRITAC_PROGRAMS "/critac-intake",
                        {"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data",
                         folder_.path(), "--database", postgresql_.url("latin")});
  EXPECT_NE(intake.ErrorLineWith("cannot start"), "");
  EXPECT_EQ(intake.Wait(), 1);
}

}  // namespace
}  // namespace critac::testing
