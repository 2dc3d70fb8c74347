#include <atomic>
#include <thread>

#include "common/base/calendar.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/sha1.h"
#include "common/base/sha256.h"
#include "common/base/task_pool.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac {
namespace {

using ::testing::Eq;
using ::testing::MatchesRegex;

TEST(Sha1, IsThatOfTheStandard) {  // FIPS 180-2, appendix A
  EXPECT_EQ(Sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1Hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(Sha256, OfPiecesIsThatOfTheWhole) {
  Sha256Stream pieces;
  for (const char* piece : {"a", "", "bc"}) pieces.Add(piece);
  EXPECT_EQ(pieces.Hex(), Sha256Hex("abc"));
  EXPECT_EQ(Sha256Stream().Hex(), Sha256Hex(""));
}

TEST(Sha256, GivesThePublishedDigests) {
  // FIPS 180-4, examples.
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Ids, AUuidHasTheFormOfItsVersion) {
  RandomIdSource ids;
  const std::string uuid = ids.NewUuid();
  EXPECT_THAT(uuid,
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_TRUE(IsUuid(uuid));
  EXPECT_NE(uuid, ids.NewUuid());
}

TEST(Ids, TheSameSeedGivesTheSameIds) {
  SeededIdSource a(7), b(7), c(8);
  const std::string first = a.NewUuid();
  EXPECT_EQ(first, b.NewUuid());
  EXPECT_NE(first, c.NewUuid());
}

TEST(Ids, AShortIdHasItsLengthAndNoLetterThatIsMistakenForAnother) {
  SeededIdSource ids(1);
  for (int length = 1; length <= 26; ++length) {
    EXPECT_THAT(ids.NewShortId(length),
                MatchesRegex(absl::StrFormat("[0-9a-hjkmnp-tv-z]{%d}", length)));
  }
}

TEST(Ids, AUuidFromANameIsTheNamesOwn) {
  EXPECT_EQ(UuidFromName("a"), UuidFromName("a"));
  EXPECT_NE(UuidFromName("a"), UuidFromName("b"));
  EXPECT_TRUE(IsUuid(UuidFromName("a")));
}

TEST(Ids, WhatIsNotAUuidIsNotTakenForOne) {
  EXPECT_TRUE(IsUuid("01234567-89AB-cdef-0123-456789abcdef"));
  for (const char* text :
       {"", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdefa",
        "0123456789ab-cdef-0123-456789abcdef-", "g1234567-89ab-cdef-0123-456789abcdef"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(Dates, OnlyDaysThatExistAreRead) {
  EXPECT_THAT(ParseDate("2026-10-01"), Eq(absl::CivilDay(2026, 10, 1)));
  EXPECT_THAT(ParseDate("2024-02-29"), Eq(absl::CivilDay(2024, 2, 29)));
  EXPECT_THAT(ParseDate("1900-01-01"), Eq(absl::CivilDay(1900, 1, 1)));
  EXPECT_THAT(ParseDate("2199-12-31"), Eq(absl::CivilDay(2199, 12, 31)));
  for (const char* text :
       {"", "2026-10-1", "2025-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "1899-12-31",
        "2200-01-01", "2026/10/01", "2026-10-01Z", "+026-10-01", "20 6-10-01"}) {
    EXPECT_EQ(ParseDate(text), std::nullopt) << text;
  }
  EXPECT_EQ(FormatDate(absl::CivilDay(2026, 3, 4)), "2026-03-04");
}

TEST(Dates, AFiscalYearBeginsOnTheFirstOfOctober) {
  EXPECT_EQ(FiscalYear(absl::CivilDay(2026, 9, 30)), 2026);
  EXPECT_EQ(FiscalYear(absl::CivilDay(2026, 10, 1)), 2027);
}

TEST(Dates, ADayEndsAtMidnightUtc) {
  const absl::Time midnight = absl::FromCivil(absl::CivilDay(2026, 1, 2), absl::UTCTimeZone());
  EXPECT_EQ(DayOf(midnight), absl::CivilDay(2026, 1, 2));
  EXPECT_EQ(DayOf(midnight - absl::Nanoseconds(1)), absl::CivilDay(2026, 1, 1));
}

// The observed days that the Office of Personnel Management published for these years.
TEST(Holidays, AreObservedAsPublished) {
  for (const char* day : {"2021-01-01", "2021-06-18", "2021-07-05", "2021-12-24", "2021-12-31",
                          "2022-06-20", "2022-12-26", "2023-01-02", "2023-11-10", "2026-01-19",
                          "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07",
                          "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25"}) {
    EXPECT_TRUE(IsFederalHoliday(*ParseDate(day))) << day;
  }
  for (const char* day :
       {"2020-06-19", "2021-06-19", "2022-01-01", "2026-07-04", "2026-11-27", "2026-05-18"}) {
    EXPECT_FALSE(IsFederalHoliday(*ParseDate(day))) << day;
  }
}

TEST(BusinessDays, WeekendsHolidaysAndTheCentersOwnDaysDoNotCount) {
  const BusinessCalendar calendar({absl::CivilDay(2026, 11, 27)});
  const absl::CivilDay wednesday(2026, 11,
                                 25);  // Thursday is Thanksgiving, Friday the center is closed
  EXPECT_EQ(calendar.AddDays(wednesday, 1), absl::CivilDay(2026, 11, 30));
  EXPECT_EQ(calendar.DaysBetween(wednesday, absl::CivilDay(2026, 11, 29)), 0);
  EXPECT_EQ(calendar.DaysBetween(wednesday, absl::CivilDay(2026, 11, 30)), 1);
  EXPECT_EQ(calendar.AddDays(wednesday, 0), wednesday);
  EXPECT_EQ(calendar.DaysBetween(wednesday, wednesday), 0);
  EXPECT_EQ(calendar.DaysBetween(wednesday, wednesday - 10), 0);
}

TEST(BusinessDays, AddingAndCountingAgree) {
  const BusinessCalendar calendar;
  const absl::CivilDay start(2026, 6, 30);
  for (int days = 0; days < 600; days += 7) {
    EXPECT_EQ(calendar.DaysBetween(start, calendar.AddDays(start, days)), days);
  }
}

TEST(Clock, AManualClockWakesAWaiterWhenItsTimeIsPast) {
  ManualClock clock(absl::UnixEpoch());
  absl::Mutex mutex;
  bool never = false;
  bool held = true;
  std::thread waiter([&] {
    absl::MutexLock lock(&mutex);
    held = clock.AwaitFor(mutex, absl::Condition(&never), absl::Seconds(10));
  });
  clock.Advance(absl::Seconds(60));
  // The waiter may begin after the clock has moved; then its time begins there.
  while (true) {
    clock.Advance(absl::Seconds(60));
    absl::MutexLock lock(&mutex);
    if (!held) break;
  }
  waiter.join();
  EXPECT_FALSE(held);
}

TEST(Clock, AWaitForATimeEndsWhenTheClockReadsIt) {
  ManualClock clock(absl::UnixEpoch());
  const absl::Time deadline = clock.Now() + absl::Seconds(10);
  absl::Time ended;
  std::thread waiter([&] {
    clock.WaitUntil(deadline);
    ended = clock.Now();
  });
  clock.Advance(absl::Seconds(9));
  clock.Advance(absl::Seconds(1));
  waiter.join();
  EXPECT_GE(ended, deadline);
  clock.WaitUntil(deadline);  // it is past
}

TEST(Clock, AWaitWhoseDeadlineIsPastSaysWhetherTheConditionHolds) {
  ManualClock manual(absl::UnixEpoch());
  for (const Clock* clock :
       {static_cast<const Clock*>(&manual), static_cast<const Clock*>(&SystemClock::Instance())}) {
    absl::Mutex mutex;
    absl::MutexLock lock(&mutex);
    bool done = false;
    EXPECT_FALSE(clock->AwaitUntil(mutex, absl::Condition(&done), clock->Now()));
    EXPECT_FALSE(clock->AwaitUntil(mutex, absl::Condition(&done), absl::InfinitePast()));
    done = true;
    EXPECT_TRUE(clock->AwaitUntil(mutex, absl::Condition(&done), clock->Now()));
  }
}

TEST(Clock, AManualClockReturnsAtOnceWhenTheConditionHolds) {
  ManualClock clock(absl::UnixEpoch());
  absl::Mutex mutex;
  bool done = true;
  absl::MutexLock lock(&mutex);
  EXPECT_TRUE(clock.AwaitFor(mutex, absl::Condition(&done), absl::InfiniteDuration()));
}

TEST(TaskPool, RunsWhatItTookAlsoWhenItIsStopped) {
  std::atomic<int> ran = 0;
  TaskPool pool("test", 2, 100);
  for (int i = 0; i < 50; ++i) {
    TaskPool::Task task = [&] { ++ran; };
    EXPECT_TRUE(pool.TryRun(task));
  }
  pool.Stop();
  EXPECT_EQ(ran, 50);
  TaskPool::Task late = [&] { ++ran; };
  EXPECT_FALSE(pool.TryRun(late));
  late();  // it was left to the caller
  EXPECT_EQ(ran, 51);
}

TEST(TaskPool, TakesNoMoreThanMayWait) {
  absl::Mutex mutex;
  bool entered = false, go_on = false;
  TaskPool pool("test", 1, 2);
  TaskPool::Task first = [&] {
    absl::MutexLock lock(&mutex);
    entered = true;
    mutex.Await(absl::Condition(&go_on));
  };
  ASSERT_TRUE(pool.TryRun(first));
  {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&entered));
  }
  for (const bool taken : {true, true, false}) {
    TaskPool::Task task = [] {};
    EXPECT_EQ(pool.TryRun(task), taken);
  }
  absl::MutexLock lock(&mutex);
  go_on = true;
}

}  // namespace
}  // namespace critac
