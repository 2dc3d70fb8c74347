#include "common/base/trace.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace critac {
namespace {

constexpr char kParent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, AValidOneIsKept) {
  EXPECT_EQ(ParseTrace(kParent), kParent);
  EXPECT_EQ(ParseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
}

TEST(Trace, OfALaterVersionTheKnownPartsAreKept) {
  EXPECT_EQ(ParseTrace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"), kParent);
  EXPECT_EQ(ParseTrace("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), kParent);
  EXPECT_EQ(ParseTrace("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more"),
            std::nullopt);
}

TEST(Trace, AnInvalidOneIsNotTaken) {
  for (const char* text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
                           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01"}) {
    EXPECT_EQ(ParseTrace(text), std::nullopt) << text;
  }
}

TEST(Trace, NewOnesAreValidAndDiffer) {
  SeededIdSource ids(7);
  TraceSource first(ids);
  TraceSource second(ids);
  std::set<std::string> trace_ids;
  for (int i = 0; i < 1000; ++i) {
    for (TraceSource* source : {&first, &second}) {
      const std::string trace = source->NewTrace();
      ASSERT_EQ(ParseTrace(trace), trace);
      trace_ids.insert(trace.substr(3, 32));
    }
  }
  EXPECT_EQ(trace_ids.size(), 2000U);
}

TEST(Trace, ItsPartsAreReadFromTheirPlaces) {
  EXPECT_EQ(TraceIdOf(kParent), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(SpanIdOf(kParent), "00f067aa0ba902b7");
}

TEST(Trace, IsSampledWhereTheLastBitOfTheFlagsIsSet) {
  for (const char* sampled : {"01", "03", "0b", "ff"}) {
    EXPECT_TRUE(IsSampled(std::string(kParent).substr(0, 53) + sampled)) << sampled;
  }
  for (const char* not_sampled : {"00", "02", "0a", "fe"}) {
    EXPECT_FALSE(IsSampled(std::string(kParent).substr(0, 53) + not_sampled)) << not_sampled;
  }
}

TEST(Trace, TheLastSevenBytesOfTheIdDecideWhetherItIsInTheSample) {
  constexpr char kLeast[] = "ffffffffffffffffff00000000000000";
  constexpr char kBelowHalf[] = "0000000000000000017fffffffffff00";
  constexpr char kHalf[] = "00000000000000000180000000000000";
  constexpr char kMost[] = "000000000000000001ffffffffffff00";
  EXPECT_FALSE(IsInSample(kLeast, 0));
  EXPECT_TRUE(IsInSample(kLeast, 0.000001));
  EXPECT_TRUE(IsInSample(kBelowHalf, 0.5));
  EXPECT_FALSE(IsInSample(kHalf, 0.5));
  EXPECT_FALSE(IsInSample(kMost, 0.999));
  EXPECT_TRUE(IsInSample(kMost, 1));
}

TEST(Trace, OfThoseBegunAShareIsSampled) {
  SeededIdSource ids(7);
  TraceSource none(ids, 0);
  TraceSource some(ids, 0.25);
  int sampled_count = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(IsSampled(none.NewTrace()));
    const std::string trace = some.NewTrace();
    EXPECT_EQ(IsSampled(trace), IsInSample(TraceIdOf(trace), 0.25));
    if (IsSampled(trace)) ++sampled_count;
  }
  EXPECT_GT(sampled_count, 180);
  EXPECT_LT(sampled_count, 320);
}

TEST(Trace, AStepHasTheTraceOfItsParentAndAnIdOfItsOwn) {
  SeededIdSource ids(7);
  TraceSource source(ids);
  std::set<std::string> steps = {kParent};
  for (int i = 0; i < 1000; ++i) {
    const std::string step = source.NewStep(kParent);
    ASSERT_EQ(ParseTrace(step), step);
    EXPECT_EQ(TraceIdOf(step), TraceIdOf(kParent));
    EXPECT_TRUE(IsSampled(step));
    steps.insert(step);
  }
  EXPECT_EQ(steps.size(), 1001U);
}

TEST(Trace, AStepOfOneThatIsNotSampledIsNotTakenNoteOf) {
  SeededIdSource ids(7);
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  EXPECT_EQ(TraceSource(ids).NewStep(parent), parent);
}

TEST(Trace, AStepWithoutAValidParentBeginsATrace) {
  SeededIdSource ids(7);
  TraceSource source(ids);
  for (const char* parent : {"", "00-nonsense"}) {
    const std::string step = source.NewStep(parent);
    EXPECT_EQ(ParseTrace(step), step);
  }
  EXPECT_FALSE(IsSampled(TraceSource(ids, 0).NewStep("")));
}

}  // namespace
}  // namespace critac
