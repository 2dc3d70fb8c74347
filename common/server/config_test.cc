#include "common/server/config.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Program Up() {
  return {"critac up",
          "Runs the whole center.",
          "127.0.0.1:7400",
          "127.0.0.1:7480",
          "critac-data",
          {"intake", "matching"},
          {}};
}

Program Matching() {
  return {"critac-matching",
          "Serves matching.",
          "127.0.0.1:7402",
          "off",
          "",
          {"matching"},
          {{"intake", "127.0.0.1:7401"}},
          true};
}

class ConfigTest : public ::testing::Test {
 protected:
  ~ConfigTest() override { std::filesystem::remove(file_); }

  // A TOML file with this text.
  std::string File(const std::string& text) {
    std::ofstream(file_) << text;
    return file_;
  }

  ServerConfig Read(const Program& program, const Arguments& arguments,
                    const Variables& environment = {}) {
    const auto config = ReadConfig(program, arguments, environment);
    if (!config.ok() || !std::holds_alternative<ServerConfig>(*config)) {
      ADD_FAILURE() << config.status();
      return {};
    }
    return std::get<ServerConfig>(*config);
  }

  std::string Refusal(const Program& program, const Arguments& arguments,
                      const Variables& environment = {}) {
    const auto config = ReadConfig(program, arguments, environment);
    if (config.ok()) return "accepted";
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(config.status().message());
  }

  const std::string file_ =
      absl::StrCat(::testing::TempDir(), "/critac-config-", getpid(), ".toml");
};

TEST_F(ConfigTest, DefaultsAreTheProgramsOwn) {
  const ServerConfig up = Read(Up(), {});
  EXPECT_EQ(up.name, "critac up");
  EXPECT_EQ(up.listen.ToString(), "127.0.0.1:7400");
  EXPECT_EQ(up.admin_listen->ToString(), "127.0.0.1:7480");
  EXPECT_EQ(up.data, "critac-data");
  EXPECT_TRUE(up.databases.empty());
  EXPECT_EQ(up.queue, "memory:");
  EXPECT_EQ(up.reconcile_interval, absl::Minutes(1));
  EXPECT_EQ(up.job_lease, absl::Seconds(30));
  EXPECT_EQ(up.log_level, LogLevel::kInfo);
  EXPECT_EQ(up.drain_timeout, absl::Seconds(20));
  EXPECT_EQ(up.drain_delay, absl::ZeroDuration());
  EXPECT_EQ(up.connection_age, absl::Minutes(30));
  EXPECT_EQ(up.connection_grace, absl::Hours(1));
  EXPECT_FALSE(up.health_listen.has_value());
  EXPECT_EQ(up.otlp_endpoint, "");
  EXPECT_EQ(up.otlp_sample_ratio, 1);
  EXPECT_FALSE(up.trust_principals);
  EXPECT_EQ(up.ready_file, "");

  const ServerConfig matching = Read(Matching(), {"--data", "d"});
  EXPECT_FALSE(matching.admin_listen.has_value());
  EXPECT_EQ(matching.peers.at("intake").ToString(), "127.0.0.1:7401");
  EXPECT_EQ(matching.queue, "redis://127.0.0.1:6379");
}

TEST_F(ConfigTest, EverySettingCanBeGivenInEachOfTheThreePlaces) {
  const struct {
    const char* name;
    const char* variable;
    const char* value;
    std::function<std::string(const ServerConfig&)> of;
  } cases[] = {
      {"listen", "CRITAC_LISTEN", "127.0.0.1:1", [](const auto& c) { return c.listen.ToString(); }},
      {"admin-listen", "CRITAC_ADMIN_LISTEN", "127.0.0.1:2",
       [](const auto& c) { return c.admin_listen->ToString(); }},
      {"data", "CRITAC_DATA", "folder", [](const auto& c) { return c.data; }},
      {"database-intake", "CRITAC_DATABASE_INTAKE", "sqlite:/x/i.db",
       [](const auto& c) { return c.databases.at("intake"); }},
      {"database-matching", "CRITAC_DATABASE_MATCHING", "postgresql://m@db1,db2/m?sslmode=require",
       [](const auto& c) { return c.databases.at("matching"); }},
      {"queue", "CRITAC_QUEUE", "memory:", [](const auto& c) { return c.queue; }},
      {"log-level", "CRITAC_LOG_LEVEL", "warning",
       [](const auto& c) { return std::string(LogLevelName(c.log_level)); }},
      {"drain-timeout", "CRITAC_DRAIN_TIMEOUT", "1m30s",
       [](const auto& c) { return absl::FormatDuration(c.drain_timeout); }},
      {"drain-delay", "CRITAC_DRAIN_DELAY", "5s",
       [](const auto& c) { return absl::FormatDuration(c.drain_delay); }},
      {"reconcile-interval", "CRITAC_RECONCILE_INTERVAL", "5s",
       [](const auto& c) { return absl::FormatDuration(c.reconcile_interval); }},
      {"job-lease", "CRITAC_JOB_LEASE", "10s",
       [](const auto& c) { return absl::FormatDuration(c.job_lease); }},
      {"health-listen", "CRITAC_HEALTH_LISTEN", "127.0.0.1:3",
       [](const auto& c) { return c.health_listen->ToString(); }},
      {"connection-age", "CRITAC_CONNECTION_AGE", "5m",
       [](const auto& c) { return absl::FormatDuration(c.connection_age); }},
      {"connection-grace", "CRITAC_CONNECTION_GRACE", "7m",
       [](const auto& c) { return absl::FormatDuration(c.connection_grace); }},
      {"otlp-endpoint", "CRITAC_OTLP_ENDPOINT", "https://otel.example:4318/in",
       [](const auto& c) { return c.otlp_endpoint; }},
      {"otlp-sample-ratio", "CRITAC_OTLP_SAMPLE_RATIO", "0.25",
       [](const auto& c) { return absl::StrCat(c.otlp_sample_ratio); }},
      {"ready-file", "CRITAC_READY_FILE", "ready", [](const auto& c) { return c.ready_file; }},
      {"trust-principals", "CRITAC_TRUST_PRINCIPALS", "true",
       [](const auto& c) { return std::string(c.trust_principals ? "true" : "false"); }},
  };
  for (const auto& c : cases) {
    const std::string flag = absl::StrCat("--", c.name);
    EXPECT_EQ(c.of(Read(Up(), {absl::StrCat(flag, "=", c.value)})), c.value) << c.name;
    EXPECT_EQ(c.of(Read(Up(), {}, {{c.variable, c.value}})), c.value) << c.name;
    EXPECT_EQ(c.of(Read(Up(), {"--config", File(absl::StrCat(c.name, " = \"", c.value, "\"\n"))})),
              c.value)
        << c.name;
  }
  EXPECT_EQ(Read(Matching(), {"--data=d"}, {{"CRITAC_INTAKE_ADDRESS", "intake:7401"}})
                .peers.at("intake")
                .ToString(),
            "intake:7401");
  EXPECT_EQ(Read(Matching(), {"--database", "sqlite:/m.db"}).databases.at("matching"),
            "sqlite:/m.db");
}

TEST_F(ConfigTest, AnArgumentGoesBeforeTheEnvironmentAndThatBeforeTheFile) {
  const std::string file = File("log-level = \"error\"\n");
  const Variables environment = {{"CRITAC_LOG_LEVEL", "warning"}, {"CRITAC_CONFIG", file}};
  EXPECT_EQ(Read(Up(), {"--log-level", "debug"}, environment).log_level, LogLevel::kDebug);
  EXPECT_EQ(Read(Up(), {}, environment).log_level, LogLevel::kWarning);
  EXPECT_EQ(Read(Up(), {}, {{"CRITAC_CONFIG", file}}).log_level, LogLevel::kError);
  EXPECT_EQ(Read(Up(), {}).log_level, LogLevel::kInfo);
}

TEST_F(ConfigTest, TheFileOfTheArgumentGoesBeforeThatOfTheEnvironment) {
  const std::string file = File("log-level = \"error\"\n");
  EXPECT_EQ(Read(Up(), {"--config", file}, {{"CRITAC_CONFIG", "/nowhere.toml"}}).log_level,
            LogLevel::kError);
}

TEST_F(ConfigTest, AFileMayHoldCommentsAndBooleans) {
  const ServerConfig config =
      Read(Up(), {"--config", File("# the center\n\n  listen = \"0.0.0.0:7400\"  # "
                                   "all\ntrust-principals = true\n\tdata = 'd'\n")});
  EXPECT_EQ(config.listen.ToString(), "0.0.0.0:7400");
  EXPECT_TRUE(config.trust_principals);
  EXPECT_EQ(config.data, "d");
}

TEST_F(ConfigTest, ASwitchNeedsNoValue) {
  EXPECT_TRUE(Read(Up(), {"--trust-principals"}).trust_principals);
  EXPECT_FALSE(Read(Up(), {"--trust-principals=false"}).trust_principals);
}

TEST_F(ConfigTest, AnUnknownKeyStopsTheStartWithItsNameAndWhatIsAccepted) {
  EXPECT_THAT(Refusal(Up(), {"--lisen", "127.0.0.1:1"}),
              AllOf(HasSubstr("--lisen: is not known"), HasSubstr("--listen"),
                    HasSubstr("--database-intake"), HasSubstr("--config")));
  EXPECT_THAT(Refusal(Up(), {"extra"}), HasSubstr("extra: is not known"));
  EXPECT_THAT(Refusal(Up(), {}, {{"CRITAC_LISEN", "127.0.0.1:1"}}),
              AllOf(HasSubstr("CRITAC_LISEN: is not known"), HasSubstr("CRITAC_LISTEN")));
  EXPECT_THAT(Refusal(Up(), {"--config", File("lisen = \"127.0.0.1:1\"\n")}),
              AllOf(HasSubstr("lisen: is not known"), HasSubstr("listen, admin-listen")));
  EXPECT_THAT(Refusal(Up(), {"--config", File("server.listen = \"127.0.0.1:1\"\n")}),
              HasSubstr("server.listen: is not known"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("config = \"other.toml\"\n")}),
              HasSubstr("config: is not known"));
  // Another program's setting.
  EXPECT_THAT(Refusal(Up(), {"--intake-address", "127.0.0.1:1"}),
              HasSubstr("--intake-address: is not known"));
  EXPECT_THAT(Refusal(Matching(), {"--database-intake", "sqlite:/x"}), HasSubstr("is not known"));
}

TEST_F(ConfigTest, VariablesOfOthersAreLeftAlone) {
  const ServerConfig config = Read(Up(), {},
                                   {{"CRITAC_SERVER", "127.0.0.1:1"},
                                    {"CRITAC_AS", "coordinator:dana"},
                                    {"CRITAC_OUTPUT", "json"},
                                    {"CRITAC_TEST_SEED", "7"},
                                    {"CRITAC_INTAKE_SERVICE_HOST", "10.0.0.7"},
                                    {"CRITAC_INTAKE_SERVICE_PORT", "7401"},
                                    {"CRITAC_INTAKE_SERVICE_PORT_GRPC", "7401"},
                                    {"CRITAC_INTAKE_PORT", "tcp://10.0.0.7:7401"},
                                    {"CRITAC_INTAKE_PORT_7401_TCP_ADDR", "10.0.0.7"},
                                    {"PATH", "/bin"}});
  EXPECT_EQ(config.listen.ToString(), "127.0.0.1:7400");
}

TEST_F(ConfigTest, ABadValueStopsTheStartWithItsOriginAndWhatIsAccepted) {
  const struct {
    const char* name;
    const char* value;
    const char* accepted;
  } cases[] = {
      {"listen", "7400", "HOST:PORT"},
      {"listen", "127.0.0.1:65536", "HOST:PORT"},
      {"admin-listen", "on", "`off`"},
      {"admin-listen", "unix:/x", "`off`"},
      {"database-intake", "mysql://x", "sqlite:PATH, postgresql://"},
      {"database-intake", "sqlite:", "sqlite:PATH, postgresql://"},
      {"log-level", "trace", "debug, info, warning, error"},
      {"log-level", "INFO", "debug, info, warning, error"},
      {"health-listen", "7490", "HOST:PORT"},
      {"health-listen", "unix:/x", "or `off`"},
      {"connection-age", "999ms", "1s to 24h"},
      {"connection-grace", "24h1s", "1s to 24h"},
      {"otlp-endpoint", "127.0.0.1:4318", "accepted: http://HOST:PORT"},
      {"otlp-endpoint", "http://", "accepted: http://HOST:PORT"},
      {"otlp-endpoint", "http://:4318", "accepted: http://HOST:PORT"},
      {"otlp-endpoint", "http:///v1", "accepted: http://HOST:PORT"},
      {"otlp-endpoint", "http://otel 4318", "accepted: http://HOST:PORT"},
      {"otlp-sample-ratio", "1.01", "0 to 1"},
      {"otlp-sample-ratio", "-0.1", "0 to 1"},
      {"otlp-sample-ratio", "nan", "0 to 1"},
      {"otlp-sample-ratio", "all", "0 to 1"},
      {"drain-timeout", "20", "1s to 10m"},
      {"drain-timeout", "999ms", "1s to 10m"},
      {"drain-timeout", "10m1s", "1s to 10m"},
      {"drain-timeout", "inf", "1s to 10m"},
      {"drain-delay", "-1s", "0 to 10m"},
      {"reconcile-interval", "99ms", "100ms to 1h"},
      {"reconcile-interval", "1h1s", "100ms to 1h"},
      {"job-lease", "999ms", "1s to 10m"},
      {"job-lease", "10m1s", "1s to 10m"},
      {"trust-principals", "yes", "true, false"},
  };
  for (const auto& c : cases) {
    const std::string variable =
        absl::StrCat("CRITAC_", absl::AsciiStrToUpper(absl::StrReplaceAll(c.name, {{"-", "_"}})));
    const std::string in_environment = Refusal(Up(), {}, {{variable, c.value}});
    EXPECT_THAT(in_environment,
                AllOf(HasSubstr(variable), HasSubstr(c.value), HasSubstr(c.accepted)));
    const std::string in_file =
        Refusal(Up(), {"--config", File(absl::StrCat(c.name, " = \"", c.value, "\"\n"))});
    EXPECT_THAT(in_file, AllOf(HasSubstr(file_), HasSubstr(c.name), HasSubstr(c.accepted)));
    if (absl::string_view(c.name) == "trust-principals") continue;
    const std::string as_argument = Refusal(Up(), {absl::StrCat("--", c.name, "=", c.value)});
    EXPECT_THAT(as_argument, AllOf(HasSubstr(absl::StrCat("--", c.name)), HasSubstr(c.accepted)));
  }
  EXPECT_THAT(Refusal(Up(), {"--trust-principals=yes please"}), HasSubstr("trust-principals"));
}

TEST_F(ConfigTest, ACollectorsUrlHoldsNoSecretAndNoneIsRepeated) {
  for (const std::string url : {"http://critac:secret@otel:4318", "http://otel:4318?key=secret"}) {
    const std::string refusal = Refusal(Up(), {"--otlp-endpoint", url});
    EXPECT_THAT(refusal, AllOf(HasSubstr("--otlp-endpoint"), HasSubstr("accepted: http://HOST")));
    EXPECT_THAT(refusal, ::testing::Not(HasSubstr("secret")));
  }
}

TEST_F(ConfigTest, AQueueIsInThisProcessOrInARedis) {
  for (const std::string url : {"memory:", "redis://127.0.0.1:6379/1", "redis+cluster://a,b",
                                "redis+sentinel://a,b,c/center"}) {
    EXPECT_EQ(Read(Up(), {"--queue", url}).queue, url);
  }
  const std::string refusal = Refusal(Up(), {"--queue=redis://critac:secret@host:0"});
  EXPECT_THAT(refusal, AllOf(HasSubstr("--queue"), HasSubstr("port `0`"), HasSubstr("memory:")));
  EXPECT_THAT(refusal, ::testing::Not(HasSubstr("secret")));
}

TEST_F(ConfigTest, AQueueThatOtherProcessesShareIsInARedis) {
  for (const std::string url :
       {"redis://10.0.0.9", "redis+cluster://a,b", "redis+sentinel://a,b,c/center"}) {
    EXPECT_EQ(Read(Matching(), {"--data=d", "--queue", url}).queue, url);
  }
  const auto refuses = AllOf(HasSubstr("never see its jobs"), HasSubstr("redis://127.0.0.1:6379"),
                             HasSubstr("critac up"));
  EXPECT_THAT(Refusal(Matching(), {"--data=d", "--queue=memory:"}),
              AllOf(HasSubstr("--queue: "), refuses));
  EXPECT_THAT(Refusal(Matching(), {"--data=d"}, {{"CRITAC_QUEUE", "memory:"}}),
              AllOf(HasSubstr("CRITAC_QUEUE: "), refuses));
  EXPECT_THAT(Refusal(Matching(), {"--data=d", "--config", File("queue = \"memory:\"\n")}),
              AllOf(HasSubstr(": queue: "), refuses));
  // Of what is wrong with a URL it is not said that memory: would do.
  EXPECT_THAT(Refusal(Matching(), {"--data=d", "--queue=memory"}),
              AllOf(HasSubstr("redis://"), ::testing::Not(HasSubstr("memory:"))));
}

TEST_F(ConfigTest, TheEdgesOfARangeAreAccepted) {
  EXPECT_EQ(Read(Up(), {"--drain-timeout=1s"}).drain_timeout, absl::Seconds(1));
  EXPECT_EQ(Read(Up(), {"--drain-timeout=10m"}).drain_timeout, absl::Minutes(10));
  EXPECT_EQ(Read(Up(), {"--drain-delay=0"}).drain_delay, absl::ZeroDuration());
  EXPECT_EQ(Read(Up(), {"--reconcile-interval=100ms"}).reconcile_interval, absl::Milliseconds(100));
  EXPECT_EQ(Read(Up(), {"--reconcile-interval=1h"}).reconcile_interval, absl::Hours(1));
  EXPECT_EQ(Read(Up(), {"--job-lease=1s"}).job_lease, absl::Seconds(1));
  EXPECT_EQ(Read(Up(), {"--job-lease=10m"}).job_lease, absl::Minutes(10));
  EXPECT_FALSE(Read(Up(), {"--admin-listen=off"}).admin_listen.has_value());
}

TEST_F(ConfigTest, AnEmptyValueIsNotADefault) {
  EXPECT_THAT(Refusal(Up(), {"--listen="}), HasSubstr("--listen: has no value"));
  EXPECT_THAT(Refusal(Up(), {"--listen"}), HasSubstr("--listen"));
  EXPECT_THAT(Refusal(Up(), {}, {{"CRITAC_DATA", ""}}), HasSubstr("CRITAC_DATA"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("data = \"\"\n")}), HasSubstr("data"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("data =\n")}), HasSubstr("data"));
}

TEST_F(ConfigTest, WhatIsGivenTwiceIsRefused) {
  EXPECT_THAT(Refusal(Up(), {"--data", "a", "--data", "b"}), HasSubstr("--data"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("data = \"a\"\ndata = \"b\"\n")}),
              HasSubstr("data: is given twice"));
  EXPECT_THAT(
      Refusal(Up(), {"--config", File("data = \"a\"\nqueue = \"memory:\"\ndata = \"b\"\n")}),
      HasSubstr("data: is given twice"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("data = [\"a\", \"b\"]\n")}),
              HasSubstr("data: is given twice, or is a list"));
}

TEST_F(ConfigTest, AFileThatIsNotPlainTomlIsRefusedWithItsLine) {
  EXPECT_THAT(Refusal(Up(), {"--config", File("data = \"a\"\ngarbage\n")}),
              HasSubstr(":2: `garbage`"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("\n\nx\n")}), HasSubstr(":3: `x`"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("[server]\ndata = \"a\"\n")}),
              HasSubstr(":1: `[server]`"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("data = \"a#b\"\n")}),
              HasSubstr("quotes are not closed"));
  EXPECT_THAT(Refusal(Up(), {"--config", File("data = \"a\n")}),
              HasSubstr("quotes are not closed"));
  EXPECT_THAT(Refusal(Up(), {"--config", File(std::string(65'537, '#'))}),
              HasSubstr("65537 bytes"));
  EXPECT_THAT(
      Refusal(Up(), {"--config", "/nowhere/critac.toml"}),
      AllOf(HasSubstr("--config"), HasSubstr("/nowhere/critac.toml"), HasSubstr("No such file")));
  EXPECT_THAT(Refusal(Up(), {}, {{"CRITAC_CONFIG", "/"}}), HasSubstr("CRITAC_CONFIG"));
}

TEST_F(ConfigTest, AnEmptyFileChangesNothing) {
  EXPECT_EQ(Read(Up(), {"--config", File("")}).data, "critac-data");
}

TEST_F(ConfigTest, AnAddressThatOthersReachNeedsTrust) {
  for (const char* address : {"0.0.0.0:7400", "[::]:7400", "10.0.0.7:7400", "center:7400"}) {
    EXPECT_THAT(Refusal(Up(), {"--listen", address}),
                AllOf(HasSubstr("--listen"), HasSubstr(address), HasSubstr("--trust-principals")));
    EXPECT_EQ(Read(Up(), {"--trust-principals", "--listen", address}).listen.ToString(), address);
  }
  EXPECT_THAT(Refusal(Up(), {}, {{"CRITAC_LISTEN", "0.0.0.0:7400"}}), HasSubstr("CRITAC_LISTEN"));
  // The admin pages hold no records.
  EXPECT_EQ(Read(Up(), {"--admin-listen", "0.0.0.0:7480"}).admin_listen->ToString(),
            "0.0.0.0:7480");
}

TEST_F(ConfigTest, AServiceNeedsADatabaseOrADataFolder) {
  EXPECT_THAT(Refusal(Matching(), {}), AllOf(HasSubstr("--data"), HasSubstr("matching")));
  EXPECT_EQ(Read(Matching(), {"--database=postgresql://m@db/m"}).data, "");
}

TEST_F(ConfigTest, HelpNamesEverySetting) {
  for (const char* flag : {"--help", "-h"}) {
    const auto help = ReadConfig(Matching(), Arguments{flag}, {});
    ASSERT_TRUE(help.ok());
    ASSERT_TRUE(std::holds_alternative<Help>(*help));
    const std::string& text = std::get<Help>(*help).text;
    for (const char* part :
         {"Serves matching.", "--listen", "127.0.0.1:7402", "--database", "--intake-address",
          "--trust-principals", "--config", "CRITAC_LOG_LEVEL", "Examples:"}) {
      EXPECT_THAT(text, HasSubstr(part));
    }
  }
}

TEST(ProcessEnvironment, HoldsWhatTheProcessHas) {
  ASSERT_EQ(setenv("CRITAC_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(ProcessEnvironment().at("CRITAC_TEST_VARIABLE"), "a=b");
  unsetenv("CRITAC_TEST_VARIABLE");
}

// ---- Databases alone ----------------------------------------------------------------------------

absl::StatusOr<DatabaseSettings> ReadDatabases(const Arguments& services, const Variables& flags,
                                               const Variables& environment) {
  return ReadDatabaseSettings(services, Arguments{"intake", "matching"}, flags, environment);
}

TEST_F(ConfigTest, DatabasesAreTakenFromFlagsEnvironmentAndFileInThisOrder) {
  const std::string file = File(
      "data = \"/of-file\"\ndatabase-intake = \"sqlite:of-file\"\n"
      "database-matching = \"sqlite:of-file\"\nlog-level = \"debug\"\n");
  const Variables environment = {{"CRITAC_DATABASE_INTAKE", "sqlite:of-environment"},
                                 {"CRITAC_DATABASE_MATCHING", "sqlite:of-environment"},
                                 {"CRITAC_CONFIG", file},
                                 // Of a server, which stands beside it in a cluster.
                                 {"CRITAC_LISTEN", "0.0.0.0:7400"},
                                 {"CRITAC_INTAKE_ADDRESS", "intake:7401"},
                                 {"CRITAC_AS", "operator:olga"}};
  const auto settings = ReadDatabases({"intake", "matching"},
                                      {{"database-intake", "postgresql://h/of-flag"}}, environment);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->data, "/of-file");
  EXPECT_EQ(settings->databases, (Variables{{"intake", "postgresql://h/of-flag"},
                                            {"matching", "sqlite:of-environment"}}));
}

TEST_F(ConfigTest, WithoutAWordDatabasesAreWhereTheWholeCenterHasThem) {
  const auto settings = ReadDatabases({"intake", "matching"}, {}, {});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->data, "critac-data");
  EXPECT_TRUE(settings->databases.empty());
}

TEST_F(ConfigTest, TheDatabaseOfAServiceAloneIsThatOfTheOneThatIsAskedFor) {
  const Variables environment = {{"CRITAC_DATABASE", "sqlite:one"}};
  const auto one = ReadDatabases({"matching"}, {}, environment);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->databases, (Variables{{"matching", "sqlite:one"}}));
  const auto all = ReadDatabases({"intake", "matching"}, {}, environment);
  EXPECT_THAT(std::string(all.status().message()),
              AllOf(HasSubstr("CRITAC_DATABASE: "), HasSubstr("--database-matching")));
}

TEST_F(ConfigTest, WhatNoServiceHasIsRefusedForDatabasesToo) {
  const auto says = [](const Variables& flags, const Variables& environment) {
    return std::string(ReadDatabases({"intake"}, flags, environment).status().message());
  };
  EXPECT_THAT(says({}, {{"CRITAC_DATABSE_INTAKE", "sqlite:a"}}),
              HasSubstr("CRITAC_DATABSE_INTAKE: is not known"));
  EXPECT_THAT(says({{"database-intake", "mysql://a"}}, {}),
              AllOf(HasSubstr("--database-intake: `mysql://a`"), HasSubstr("postgresql://")));
  EXPECT_THAT(says({{"config", "/nowhere/critac.toml"}}, {}), HasSubstr("--config"));
}

}  // namespace
}  // namespace critac::server
