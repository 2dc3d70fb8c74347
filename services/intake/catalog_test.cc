#include <algorithm>

#include "services/intake/catalog_import.h"
#include "services/intake/catalog_view.h"
#include "services/intake/intake_testing.h"

namespace critac::intake {
namespace {

using testing::CatalogOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::HolidayEntry;
using ::testing::IsEmpty;
using testing::ProgramEntry;
using testing::SmallCatalogEntries;
using testing::Succeeds;
using testing::TargetEntry;
using testing::TopicEntry;

v1::CatalogEntry Dated(v1::CatalogEntry entry, const std::string& from, const std::string& to) {
  entry.set_valid_from(from);
  entry.set_valid_to(to);
  return entry;
}

v1::CatalogEntry ChildOf(const std::string& name, const std::string& parent) {
  v1::CatalogEntry entry = TopicEntry(name);
  entry.mutable_topic()->set_parent(parent);
  return entry;
}

// ---- View

TEST(CatalogView, AnEntryIsUsableOnItsDaysOnly) {
  const CatalogView view(CatalogOf(
      {Dated(TopicEntry("topics/a"), "2024-10-01", "2025-09-30"), TopicEntry("topics/b")}));
  const auto check = [&](const char* name, int year, int month, int day) {
    return view.CheckUsable("request.topics[0]", name, absl::CivilDay(year, month, day));
  };
  EXPECT_THAT(check("topics/a", 2024, 9, 30),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
  EXPECT_THAT(check("topics/a", 2024, 10, 1), Succeeds());
  EXPECT_THAT(check("topics/a", 2025, 9, 30), Succeeds());
  EXPECT_THAT(check("topics/a", 2025, 10, 1),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
  EXPECT_THAT(check("topics/b", 1950, 1, 1), Succeeds());
  EXPECT_THAT(check("topics/c", 2025, 1, 1),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(check("topics/c", 2025, 1, 1).message(), HasSubstr("request.topics[0]"));
}

TEST(CatalogView, TheTargetIsTheOneOfTheDay) {
  const CatalogView view(CatalogOf(
      {Dated(TargetEntry("targets/new", v1::CLOCK_TYPE_SCOPE, 5), "2026-10-01", ""),
       Dated(TargetEntry("targets/old", v1::CLOCK_TYPE_SCOPE, 10), "2024-10-01", "2026-09-30")}));
  EXPECT_EQ(view.TargetOn(v1::CLOCK_TYPE_SCOPE, absl::CivilDay(2024, 9, 30)), 0);
  EXPECT_EQ(view.TargetOn(v1::CLOCK_TYPE_SCOPE, absl::CivilDay(2026, 9, 30)), 10);
  EXPECT_EQ(view.TargetOn(v1::CLOCK_TYPE_SCOPE, absl::CivilDay(2026, 10, 1)), 5);
  EXPECT_EQ(view.TargetOn(v1::CLOCK_TYPE_PLAN, absl::CivilDay(2026, 10, 1)), 0);
}

TEST(CatalogView, HolidaysOfTheCenterAreNoBusinessDays) {
  const absl::CivilDay tuesday(2026, 10, 6);
  EXPECT_TRUE(CatalogView(CatalogOf({})).calendar().IsBusinessDay(tuesday));
  EXPECT_FALSE(CatalogView(CatalogOf({HolidayEntry("holidays/move", "2026-10-06")}))
                   .calendar()
                   .IsBusinessDay(tuesday));
  EXPECT_TRUE(
      CatalogView(CatalogOf({Dated(HolidayEntry("holidays/move", "2026-10-06"), "", "2026-10-05")}))
          .calendar()
          .IsBusinessDay(tuesday));
}

TEST(CatalogView, RemembersDueDaysAndForgetsNone) {
  const CatalogView view(CatalogOf({HolidayEntry("holidays/move", "2026-10-06")}));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1500; ++i) {
      const absl::CivilDay start = absl::CivilDay(2026, 10, 1) + i;
      ASSERT_EQ(view.DueDay(start, 5), view.calendar().AddDays(start, 5));
    }
    EXPECT_EQ(view.DueDay(absl::CivilDay(2026, 10, 5), 1), absl::CivilDay(2026, 10, 7));
    EXPECT_EQ(view.DueDay(absl::CivilDay(2026, 10, 5), 2), absl::CivilDay(2026, 10, 8));
  }
}

TEST(CatalogView, ListsTheProgramsOfADay) {
  const CatalogView view(CatalogOf({Dated(ProgramEntry("programs/a"), "", "2025-09-30"),
                                    ProgramEntry("programs/b"), TopicEntry("topics/a")}));
  EXPECT_THAT(view.ProgramsOn(absl::CivilDay(2025, 9, 30)),
              ElementsAre("programs/a", "programs/b"));
  EXPECT_THAT(view.ProgramsOn(absl::CivilDay(2025, 10, 1)), ElementsAre("programs/b"));
}

// ---- Import

CatalogImport Plan(const v1::Catalog& catalog, const std::vector<v1::CatalogEntry>& rows,
                   std::vector<std::string> problems = {}) {
  problems.resize(rows.size());
  return PlanCatalogImport(catalog, {rows.begin(), rows.end()}, problems);
}

std::vector<v1::ImportOutcome> OutcomesOf(const CatalogImport& plan) {
  std::vector<v1::ImportOutcome> outcomes;
  for (const v1::ImportResult& result : plan.results) outcomes.push_back(result.outcome());
  return outcomes;
}

std::string OneProblem(const v1::Catalog& catalog, const v1::CatalogEntry& row) {
  const CatalogImport plan = Plan(catalog, {row});
  EXPECT_EQ(plan.results[0].outcome(), v1::IMPORT_OUTCOME_REFUSED) << row.ShortDebugString();
  EXPECT_TRUE(plan.changes.empty());
  return plan.results[0].problem();
}

TEST(CatalogImport, AddsChangesAndLeavesAlone) {
  v1::CatalogEntry changed = TopicEntry("topics/b");
  changed.mutable_topic()->set_title("Another title");
  const CatalogImport plan = Plan(CatalogOf({TopicEntry("topics/a"), TopicEntry("topics/b")}),
                                  {TopicEntry("topics/a"), changed, TopicEntry("topics/c")});
  EXPECT_THAT(OutcomesOf(plan),
              ElementsAre(v1::IMPORT_OUTCOME_UNCHANGED, v1::IMPORT_OUTCOME_UPDATED,
                          v1::IMPORT_OUTCOME_CREATED));
  ASSERT_EQ(plan.changes.size(), 2u);
  EXPECT_EQ(plan.changes[0].topic().title(), "Another title");
  EXPECT_EQ(plan.results[2].name(), "topics/c");
}

TEST(CatalogImport, EveryKindFitsItsOwnCollectionOnly) {
  const std::vector<v1::CatalogEntry> entries = SmallCatalogEntries();
  EXPECT_THAT(OutcomesOf(Plan({}, entries)), ::testing::Each(v1::IMPORT_OUTCOME_CREATED));
  for (v1::CatalogEntry entry : entries) {
    entry.set_name("initiatives/covid-19");
    EXPECT_THAT(OneProblem({}, entry), HasSubstr("does not fit its kind"));
  }
  v1::CatalogEntry none;
  none.set_name("topics/a");
  EXPECT_THAT(OneProblem({}, none), HasSubstr("kind: is missing"));
}

TEST(CatalogImport, RefusesDatesTheWrongWayRound) {
  EXPECT_THAT(OneProblem({}, Dated(TopicEntry("topics/a"), "2026-10-02", "2026-10-01")),
              HasSubstr("valid_to"));
  EXPECT_THAT(OutcomesOf(Plan({}, {Dated(TopicEntry("topics/a"), "2026-10-01", "2026-10-01")})),
              ElementsAre(v1::IMPORT_OUTCOME_CREATED));
}

TEST(CatalogImport, RefusesASecondTargetForTheSameDays) {
  const v1::Catalog catalog =
      CatalogOf({Dated(TargetEntry("targets/old", v1::CLOCK_TYPE_SCOPE, 10), "", "2026-09-30")});
  EXPECT_THAT(OneProblem(catalog, Dated(TargetEntry("targets/new", v1::CLOCK_TYPE_SCOPE, 5),
                                        "2026-09-30", "")),
              HasSubstr("targets/old"));
  EXPECT_THAT(OutcomesOf(Plan(
                  catalog,
                  {Dated(TargetEntry("targets/new", v1::CLOCK_TYPE_SCOPE, 5), "2026-10-01", ""),
                   TargetEntry("targets/plan", v1::CLOCK_TYPE_PLAN, 5),
                   Dated(TargetEntry("targets/old", v1::CLOCK_TYPE_SCOPE, 12), "", "2026-09-30")})),
              ElementsAre(v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_CREATED,
                          v1::IMPORT_OUTCOME_UPDATED));
}

TEST(CatalogImport, AParentMayComeLater) {
  const CatalogImport plan = Plan({}, {ChildOf("topics/c", "topics/b"),
                                       ChildOf("topics/b", "topics/a"), TopicEntry("topics/a")});
  EXPECT_THAT(OutcomesOf(plan), ::testing::Each(v1::IMPORT_OUTCOME_CREATED));
  std::vector<std::string> order;
  for (const v1::CatalogEntry& entry : plan.changes) order.push_back(entry.name());
  EXPECT_THAT(order, ElementsAre("topics/a", "topics/b", "topics/c"));
}

TEST(CatalogImport, RefusesAParentThatIsNotThere) {
  EXPECT_THAT(OneProblem({}, ChildOf("topics/b", "topics/a")), HasSubstr("topics/a is not in"));
  const CatalogImport plan =
      Plan({}, {ChildOf("topics/b", "topics/a"), TopicEntry("topics/a")}, {"", "title: too long"});
  EXPECT_THAT(OutcomesOf(plan), ::testing::Each(v1::IMPORT_OUTCOME_REFUSED));
  EXPECT_EQ(plan.results[1].problem(), "title: too long");
}

TEST(CatalogImport, RefusesACircleOfParents) {
  EXPECT_THAT(OneProblem({}, ChildOf("topics/a", "topics/a")), HasSubstr("is the topic itself"));
  const v1::Catalog catalog = CatalogOf({TopicEntry("topics/a"), ChildOf("topics/b", "topics/a")});
  EXPECT_THAT(OneProblem(catalog, ChildOf("topics/a", "topics/b")), HasSubstr("below it"));
  EXPECT_THAT(
      OutcomesOf(Plan({}, {ChildOf("topics/a", "topics/b"), ChildOf("topics/b", "topics/a")})),
      ::testing::Each(v1::IMPORT_OUTCOME_REFUSED));
}

TEST(CatalogImport, TakesRowsForTheSameNameInTheirOrder) {
  v1::CatalogEntry first = ChildOf("topics/b", "topics/a");
  v1::CatalogEntry second = TopicEntry("topics/b");
  const CatalogImport plan = Plan({}, {first, second, TopicEntry("topics/a")});
  EXPECT_THAT(OutcomesOf(plan), ElementsAre(v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_UPDATED,
                                            v1::IMPORT_OUTCOME_CREATED));
  EXPECT_THAT(plan.changes.back().topic().parent(), IsEmpty());
}

TEST(CatalogImport, RefusesMoreEntriesThanACatalogHolds) {
  std::vector<v1::CatalogEntry> many;
  for (size_t i = 0; i < kCatalogEntries; ++i) {
    many.push_back(TopicEntry(absl::StrCat("topics/t", i)));
  }
  v1::CatalogEntry changed = many[0];
  changed.mutable_topic()->set_title("Another title");
  EXPECT_THAT(OutcomesOf(Plan(CatalogOf(many), {changed, TopicEntry("topics/one-more")})),
              ElementsAre(v1::IMPORT_OUTCOME_UPDATED, v1::IMPORT_OUTCOME_REFUSED));
  many.pop_back();
  EXPECT_THAT(OutcomesOf(Plan(CatalogOf(many), {TopicEntry("topics/one-more")})),
              ElementsAre(v1::IMPORT_OUTCOME_CREATED));
}

// ---- State

TEST(Catalog, StaysSortedAndChangesItsEtag) {
  v1::Catalog catalog;
  std::vector<std::string> etags = {catalog.etag()};
  for (const char* name : {"topics/b", "topics/c", "topics/a", "topics/b"}) {
    SetCatalogEntry(TopicEntry(name), catalog);
    etags.push_back(catalog.etag());
  }
  ASSERT_EQ(catalog.entries_size(), 3);
  EXPECT_EQ(catalog.entries(0).name(), "topics/a");
  EXPECT_EQ(catalog.entries(2).name(), "topics/c");
  std::sort(etags.begin(), etags.end());
  EXPECT_EQ(std::unique(etags.begin(), etags.end()), etags.end());
}

}  // namespace
}  // namespace critac::intake
