#include "services/intake/request_clocks.h"

#include "services/intake/intake_testing.h"
#include "services/intake/proto_time.h"

namespace critac::intake {
namespace {

using testing::After;
using testing::At;
using testing::CatalogOf;
using testing::CompleteDraft;
using testing::HolidayEntry;
using testing::RequestIn;
using testing::SmallCatalog;
using testing::TargetEntry;

const v1::Clock* Find(const v1::Request& request, v1::ClockType type) {
  for (const v1::Clock& clock : request.clocks()) {
    if (clock.type() == type) return &clock;
  }
  return nullptr;
}

bool Runs(const v1::Request& request, v1::ClockType type) {
  const v1::Clock* clock = Find(request, type);
  return clock != nullptr && !clock->has_stop_time();
}

bool Stopped(const v1::Request& request, v1::ClockType type) {
  const v1::Clock* clock = Find(request, type);
  return clock != nullptr && clock->has_stop_time();
}

TEST(Clocks, EveryClockHasARule) {
  ASSERT_EQ(ClockRules().size(), static_cast<size_t>(v1::ClockType_ARRAYSIZE - 1));
  for (size_t i = 0; i < ClockRules().size(); ++i) {
    EXPECT_EQ(ClockRules()[i].clock, static_cast<v1::ClockType>(i + 1));
  }
}

TEST(Clocks, StartAndStopAlongALife) {
  v1::Request request = CompleteDraft();
  EXPECT_EQ(request.clocks_size(), 0);

  request = After(request, v1::REQUEST_ACTION_SUBMIT, "2026-10-05");
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_ACKNOWLEDGE));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_FIRST_CONTACT));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_CLOSE));
  EXPECT_EQ(request.clocks_size(), 3);

  request = After(request, v1::REQUEST_ACTION_ACKNOWLEDGE, "2026-10-06");
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_ACKNOWLEDGE));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_FIRST_CONTACT));

  request = After(request, v1::REQUEST_ACTION_ACCEPT, "2026-10-07");
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_FIRST_CONTACT));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_SCOPE));

  request = After(request, v1::REQUEST_ACTION_COMPLETE_SCOPING, "2026-10-08");
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_SCOPE));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_MATCH));

  request = After(request, v1::REQUEST_ACTION_RECORD_MATCH, "2026-10-09");
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_MATCH));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_PLAN));

  request = After(request, v1::REQUEST_ACTION_RECORD_PLAN, "2026-10-12");
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_PLAN)) << "drawn up is not approved";
  request =
      After(request, v1::REQUEST_ACTION_APPROVE_PLAN, testing::Manager(), At("2026-10-13"), {});
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_PLAN)) << "one approval is not a plan";
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_FIRST_DELIVERY), nullptr);
  request = After(request, v1::REQUEST_ACTION_APPROVE_PLAN, testing::Chief(), At("2026-10-14"), {});
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_PLAN));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_FIRST_DELIVERY));

  request = After(request, v1::REQUEST_ACTION_START_DELIVERY, "2026-10-15");
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_FIRST_DELIVERY));
  request = After(request, v1::REQUEST_ACTION_COMPLETE_DELIVERY, "2026-10-16");
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_CLOSE));
  request = After(request, v1::REQUEST_ACTION_CLOSE, "2026-10-19");
  EXPECT_EQ(request.clocks_size(), 7);
  for (const v1::Clock& clock : request.clocks()) EXPECT_TRUE(clock.has_stop_time());
}

TEST(Clocks, TheFirstQuestionIsAFirstContact) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_NEEDS_INFORMATION);
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_FIRST_CONTACT));
}

TEST(Clocks, TheDueDateIsTheTargetInBusinessDays) {
  // 2026-10-08 is a Thursday; Monday the 12th is Columbus Day.
  const v1::Request request = After(CompleteDraft(), v1::REQUEST_ACTION_SUBMIT, "2026-10-08T23:59");
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_ACKNOWLEDGE)->target_business_days(), 2);
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_ACKNOWLEDGE)->due_date(), "2026-10-13");
}

TEST(Clocks, TheCentersHolidaysMoveTheDueDate) {
  const CatalogView catalog(CatalogOf({HolidayEntry("holidays/move", "2026-10-13"),
                                       TargetEntry("targets/a", v1::CLOCK_TYPE_ACKNOWLEDGE, 2)}));
  const Clocks clocks = ClocksAfter({}, v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_STATE_DRAFT,
                                    v1::REQUEST_STATE_SUBMITTED, At("2026-10-08"), catalog);
  EXPECT_EQ(clocks[0].due_date(), "2026-10-14");
}

TEST(Clocks, WithoutATargetThereIsNoDueDateAndNothingIsLate) {
  const CatalogView catalog(CatalogOf({}));
  const Clocks clocks = ClocksAfter({}, v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_STATE_DRAFT,
                                    v1::REQUEST_STATE_SUBMITTED, At("2026-10-08"), catalog);
  ASSERT_EQ(clocks.size(), 3);
  EXPECT_EQ(clocks[0].due_date(), "");
  EXPECT_FALSE(IsPastTarget(clocks[0], absl::CivilDay(2036, 1, 1), catalog.calendar()));
}

TEST(Clocks, PauseInNeedsInformationAndMoveTheDueDate) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING, "2026-10-05");
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_SCOPE)->due_date(), "2026-10-20");
  request = After(request, v1::REQUEST_ACTION_ASK_FOR_INFORMATION, "2026-10-07");
  EXPECT_TRUE(Find(request, v1::CLOCK_TYPE_SCOPE)->has_pause_time());
  EXPECT_TRUE(Find(request, v1::CLOCK_TYPE_CLOSE)->has_pause_time());
  EXPECT_FALSE(Find(request, v1::CLOCK_TYPE_ACKNOWLEDGE)->has_pause_time()) << "it had stopped";
  EXPECT_EQ(ElapsedBusinessDays(*Find(request, v1::CLOCK_TYPE_SCOPE), absl::CivilDay(2026, 12, 1),
                                SmallCatalog().calendar()),
            2);

  request = After(request, v1::REQUEST_ACTION_PROVIDE_INFORMATION, "2026-10-09");
  const v1::Clock& scope = *Find(request, v1::CLOCK_TYPE_SCOPE);
  EXPECT_FALSE(scope.has_pause_time());
  EXPECT_EQ(scope.paused_business_days(), 2);
  EXPECT_EQ(scope.due_date(), "2026-10-22");
}

TEST(Clocks, StayPausedWhenAHoldEndsInNeedsInformation) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING, "2026-10-05");
  request = After(request, v1::REQUEST_ACTION_ASK_FOR_INFORMATION, "2026-10-06");
  request = After(request, v1::REQUEST_ACTION_HOLD, "2026-10-07");
  request = After(request, v1::REQUEST_ACTION_RESUME, "2026-10-08");
  EXPECT_TRUE(Find(request, v1::CLOCK_TYPE_SCOPE)->has_pause_time());
  request = After(request, v1::REQUEST_ACTION_PROVIDE_INFORMATION, "2026-10-09");
  EXPECT_FALSE(Find(request, v1::CLOCK_TYPE_SCOPE)->has_pause_time());
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_SCOPE)->paused_business_days(), 3);
}

TEST(Clocks, SeveralPausesAddUp) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING, "2026-10-05");
  for (const char* day : {"2026-10-06", "2026-10-14"}) {
    const absl::Time time = At(day);
    request = After(request, v1::REQUEST_ACTION_HOLD, testing::Coordinator(), time,
                    testing::DetailsFor(v1::REQUEST_ACTION_HOLD));
    request = After(request, v1::REQUEST_ACTION_RESUME, testing::Coordinator(),
                    time + absl::Hours(24), testing::DetailsFor(v1::REQUEST_ACTION_RESUME));
  }
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_SCOPE)->paused_business_days(), 2);
}

TEST(Clocks, ThatCannotReachTheirGoalAnyMoreAreTakenOff) {
  const v1::Request withdrawn = RequestIn(v1::REQUEST_STATE_WITHDRAWN);
  ASSERT_EQ(withdrawn.clocks_size(), 1);
  EXPECT_EQ(withdrawn.clocks(0).type(), v1::CLOCK_TYPE_ACKNOWLEDGE);
  EXPECT_TRUE(withdrawn.clocks(0).has_stop_time());
}

TEST(Clocks, RematchStartsTheMatchClockAfreshAndCancelsWhatFollows) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_PLANNED, "2026-10-05");
  request = After(request, v1::REQUEST_ACTION_REMATCH, "2026-11-02");
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_MATCH));
  EXPECT_EQ(FromProto(Find(request, v1::CLOCK_TYPE_MATCH)->start_time()), At("2026-11-02"));
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_FIRST_DELIVERY), nullptr);
  EXPECT_TRUE(Stopped(request, v1::CLOCK_TYPE_PLAN)) << "the plan before had been approved";
  request = After(RequestIn(v1::REQUEST_STATE_MATCHED), v1::REQUEST_ACTION_REMATCH, "2026-11-02");
  EXPECT_EQ(Find(request, v1::CLOCK_TYPE_PLAN), nullptr);
}

TEST(Clocks, ReopenStartsAfreshAndNothingIsLateAtOnce) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_CLOSED, "2026-10-05");
  request = After(request, v1::REQUEST_ACTION_REOPEN, "2029-10-05");
  ASSERT_EQ(request.clocks_size(), 2);
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_FIRST_CONTACT));
  EXPECT_TRUE(Runs(request, v1::CLOCK_TYPE_CLOSE));
  for (const v1::Clock& clock : request.clocks()) {
    EXPECT_EQ(FromProto(clock.start_time()), At("2029-10-05"));
    EXPECT_FALSE(IsPastTarget(clock, absl::CivilDay(2029, 10, 5), SmallCatalog().calendar()));
  }
}

TEST(Clocks, AreLateOnTheDayAfterTheDueDate) {
  const v1::Request request = After(CompleteDraft(), v1::REQUEST_ACTION_SUBMIT, "2026-10-05");
  const v1::Clock& clock = *Find(request, v1::CLOCK_TYPE_ACKNOWLEDGE);
  ASSERT_EQ(clock.due_date(), "2026-10-07");
  EXPECT_FALSE(IsPastTarget(clock, absl::CivilDay(2026, 10, 7), SmallCatalog().calendar()));
  EXPECT_TRUE(IsPastTarget(clock, absl::CivilDay(2026, 10, 8), SmallCatalog().calendar()));
}

TEST(Clocks, AStoppedClockKeepsWhatItRan) {
  v1::Request request = After(CompleteDraft(), v1::REQUEST_ACTION_SUBMIT, "2026-10-05");
  request = After(request, v1::REQUEST_ACTION_ACKNOWLEDGE, "2026-10-08");
  const v1::Clock& clock = *Find(request, v1::CLOCK_TYPE_ACKNOWLEDGE);
  const absl::CivilDay later(2030, 1, 1);
  EXPECT_EQ(ElapsedBusinessDays(clock, later, SmallCatalog().calendar()), 3);
  EXPECT_TRUE(IsPastTarget(clock, later, SmallCatalog().calendar()));
}

}  // namespace
}  // namespace critac::intake
