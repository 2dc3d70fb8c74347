// What the operator's commands are given, taken apart: tables without any database.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/databases/moment.h"
#include "services/cli/databases/target_urls.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Moment, IsReadWithItsZone) {
  const struct {
    std::string text;
    std::string means;
  } cases[] = {{"2026-11-28T17:30:00Z", "2026-11-28T17:30:00Z"},
               {"2026-11-28T12:30:00-05:00", "2026-11-28T17:30:00Z"},
               {"2026-11-28T17:30:00.000001Z", "2026-11-28T17:30:00.000001Z"},
               {"2026-11-28T17:30:00.25+00:00", "2026-11-28T17:30:00.25Z"}};
  for (const auto& each : cases) {
    const auto moment = ParseMoment("--to", each.text);
    ASSERT_TRUE(moment.ok()) << moment.status();
    EXPECT_EQ(MomentText(*moment), each.means) << each.text;
  }
}

TEST(Moment, WithoutZoneOrDayIsRefused) {
  for (const char* text : {"", "2026-11-28", "2026-11-28T17:30:00", "17:30:00Z", "yesterday",
                           "infinite-future", "2026-02-30T00:00:00Z", " 2026-11-28T17:30:00Z",
                           "2026-11-28T17:30:00Z ", "2026-11-28T25:00:00Z"}) {
    const auto moment = ParseMoment("--to", text);
    EXPECT_EQ(ExitStatusOf(moment.status()), kUsage) << text;
    EXPECT_THAT(std::string(moment.status().message()), HasSubstr("--to: ")) << text;
  }
}

TEST(Moment, StandsInAPath) {
  const absl::Time time = absl::FromUnixSeconds(1'790'000'000);
  EXPECT_EQ(PutTimeInto("/b/{time}", time), "/b/20260921T141320Z");
  EXPECT_EQ(PutTimeInto("/b/x", time), "/b/x");
}

TEST(Moment, IsFoundWhereItWasPutIntoAPath) {
  const absl::Time time = absl::FromUnixSeconds(1'790'000'000);
  for (const char* pattern : {"{time}", "at-{time}", "{time}-and-{time}.partial"}) {
    EXPECT_EQ(TimeIn(pattern, PutTimeInto(pattern, time)), time) << pattern;
  }
  const struct {
    std::string pattern;
    std::string path;
  } others[] = {{"x", "x"},
                {"{time}", ""},
                {"{time}", "{time}"},
                {"{time}", "infinite-future"},
                {"{time}", "20260921T141320"},
                {"{time}", "20260921T141320Zx"},
                {"{time}", " 0260921T141320Z"},
                {"{time}", "20260231T141320Z"},
                {"at-{time}", "20260921T141320Z"},
                {"at-{time}", "to-20260921T141320Z"},
                {"{time}-{time}", "20260921T141320Z-20260921T141321Z"}};
  for (const auto& other : others) {
    EXPECT_EQ(TimeIn(other.pattern, other.path), std::nullopt) << other.path;
  }
}

using Texts = std::vector<std::string>;
using Urls = std::map<std::string, std::string>;

TEST(TargetUrls, AreOneForAllOrOneForEach) {
  const struct {
    Texts given;
    Texts services;
    Urls urls;
  } cases[] = {
      {{"postgresql://db/critac_{service}"},
       {"intake", "matching"},
       {{"intake", "postgresql://db/critac_intake"},
        {"matching", "postgresql://db/critac_matching"}}},
      {{"intake=sqlite:/a=b.db", "matching=postgresql://u:p=w@h/n?x=y"},
       {"intake", "matching"},
       {{"intake", "sqlite:/a=b.db"}, {"matching", "postgresql://u:p=w@h/n?x=y"}}},
      {{"sqlite:/d/{service}.db", "intake=postgresql://h/i"},
       {"intake", "metrics"},
       {{"intake", "postgresql://h/i"}, {"metrics", "sqlite:/d/metrics.db"}}},
      {{"sqlite:/d/one.db"}, {"metrics"}, {{"metrics", "sqlite:/d/one.db"}}},
  };
  for (const auto& each : cases) {
    const auto urls = ParseTargetUrls(each.given, each.services);
    ASSERT_TRUE(urls.ok()) << urls.status();
    EXPECT_EQ(*urls, each.urls);
  }
}

TEST(TargetUrls, ThatSayTooLittleOrTooMuchAreRefused) {
  const struct {
    Texts given;
    std::string says;
  } cases[] = {
      {{}, "says nothing of intake"},
      {{"intake=sqlite:a"}, "says nothing of matching"},
      {{"sqlite:a"}, "intake and matching would be in one database"},
      {{"intake=sqlite:a", "matching=sqlite:a"}, "would be in one database"},
      {{"sqlite:{service}", "sqlite:x{service}"}, "given twice for all services"},
      {{"intake=sqlite:a", "intake=sqlite:b"}, "given twice for intake"},
      {{"metrics=sqlite:a"}, "metrics is not moved"},
      {{"mysql://secret@h/{service}"}, "is no URL of a database"},
      {{"sqlite:"}, "is no URL of a database"},
      {{"intake="}, "is no URL of a database"},
  };
  for (const auto& each : cases) {
    const auto urls = ParseTargetUrls(each.given, Texts{"intake", "matching"});
    EXPECT_EQ(ExitStatusOf(urls.status()), kUsage);
    EXPECT_THAT(std::string(urls.status().message()), HasSubstr(each.says));
    EXPECT_THAT(std::string(urls.status().message()), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace critac::cli
