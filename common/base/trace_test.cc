#include "common/base/trace.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
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

// Members k10 to k41, each of `bytes`.
std::string StateOf(int members, size_t bytes) {
  std::string state;
  for (int i = 0; i < members; ++i) {
    absl::StrAppend(&state, i == 0 ? "" : ",", "k", 10 + i, "=", std::string(bytes - 4, 'v'));
  }
  return state;
}

TEST(Trace, AValidTracestateIsKept) {
  const std::string longest_key(256, 'k');
  const std::string longest_tenant = absl::StrCat(std::string(241, 't'), "@", std::string(14, 'v'));
  const struct {
    std::string text;
    std::string kept;
  } cases[] = {
      {"", ""},
      {"a=1", "a=1"},
      {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"},
      {"a_-*/0=1,9t@v=2", "a_-*/0=1,9t@v=2"},
      // Space around members is left off, within a value kept.
      {" a=1 , b=2\t,\tc=  of a kind  ", "a=1,b=2,c=  of a kind"},
      {"a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~", "a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"},
      {",a=1,, ,b=2,", "a=1,b=2"},
      {", ,", ""},
      // The first is the latest.
      {"a=1,b=2,a=3", "a=1,b=2"},
      {longest_key + "=1", longest_key + "=1"},
      {longest_tenant + "=1", longest_tenant + "=1"},
      {"a=" + std::string(256, 'v'), "a=" + std::string(256, 'v')},
      {StateOf(32, 8), StateOf(32, 8)},
  };
  for (const auto& [text, kept] : cases) EXPECT_EQ(ParseTraceState(text), kept) << text;
}

TEST(Trace, ATracestateOfWhichAMemberIsNotValidIsNotTaken) {
  for (const std::string& member : {
           std::string("b"),
           std::string("b="),
           std::string("b= "),
           std::string("=2"),
           std::string("B=2"),
           std::string("b =2"),
           std::string("b.c=2"),
           std::string("_b=2"),
           std::string("@v=2"),
           std::string("b@=2"),
           std::string("b@@v=2"),
           std::string("b@v@v=2"),
           std::string("b@1=2"),
           std::string("b=2=3"),
           std::string("b=\x1f"),
           std::string("b=\x7f"),
           std::string("b=2\tc"),
           std::string("b=\xc3\xa4"),
           std::string(257, 'k') + "=2",
           std::string(242, 't') + "@v=2",
           "t@" + std::string(15, 'v') + "=2",
           "b=" + std::string(257, 'v'),
       }) {
    EXPECT_EQ(ParseTraceState(absl::StrCat("a=1,", member)), "") << member;
  }
  EXPECT_EQ(ParseTraceState(StateOf(33, 8)), "");
}

TEST(Trace, OfATracestateThatIsTooLongAsMuchIsKeptAsFits) {
  // 32 members of 15 bytes and 31 commas are 511.
  EXPECT_EQ(ParseTraceState(StateOf(32, 15)), StateOf(32, 15));
  EXPECT_EQ(ParseTraceState(StateOf(32, 16)), StateOf(30, 16));
  const std::string full = absl::StrCat("a=", std::string(253, 'v'), ",b=", std::string(254, 'w'));
  ASSERT_EQ(full.size(), size_t{limits::kTraceStateBytes});
  EXPECT_EQ(ParseTraceState(full), full);
}

TEST(Trace, OfATracestateLargeMembersAreLeftOffFirstThenTheLast) {
  const std::string large = absl::StrCat("l=", std::string(127, 'v'));
  const std::string other_large = absl::StrCat("m=", std::string(127, 'v'));
  const std::string not_large = absl::StrCat("n=", std::string(126, 'v'));
  EXPECT_EQ(FitTraceState("a=1,b=2,c=3", 11), "a=1,b=2,c=3");
  EXPECT_EQ(FitTraceState("a=1,b=2,c=3", 10), "a=1,b=2");
  EXPECT_EQ(FitTraceState("a=1,b=2,c=3", 7), "a=1,b=2");
  EXPECT_EQ(FitTraceState("a=1,b=2,c=3", 6), "a=1");
  EXPECT_EQ(FitTraceState("a=1,b=2,c=3", 2), "");
  EXPECT_EQ(FitTraceState("", 0), "");
  EXPECT_EQ(FitTraceState(absl::StrCat(large, ",a=1,b=2"), 130), "a=1,b=2");
  EXPECT_EQ(FitTraceState(absl::StrCat(large, ",a=1,", other_large), 140),
            absl::StrCat(large, ",a=1"));
  EXPECT_EQ(FitTraceState(absl::StrCat(not_large, ",a=1,b=2"), 130), not_large);
}

TEST(Trace, ATracestateGoesWithAValidTraceparentAlone) {
  EXPECT_EQ(ParseTrace(kParent, " a=1, b=2"), absl::StrCat(kParent, " a=1,b=2"));
  EXPECT_EQ(ParseTrace(kParent, "A=1"), kParent);
  EXPECT_EQ(ParseTrace("00-nonsense", "a=1"), std::nullopt);
  EXPECT_EQ(ParseTrace("", "a=1"), std::nullopt);
  // What comes as a traceparent is no whole trace.
  EXPECT_EQ(ParseTrace(absl::StrCat(kParent, " a=1")), std::nullopt);
}

TEST(Trace, IsTakenApartIntoTraceparentAndTracestate) {
  const std::string trace = JoinTrace(kParent, "a=1,b=x y");
  EXPECT_EQ(trace, absl::StrCat(kParent, " a=1,b=x y"));
  EXPECT_EQ(TraceParentOf(trace), kParent);
  EXPECT_EQ(TraceStateOf(trace), "a=1,b=x y");
  EXPECT_EQ(JoinTrace(kParent, ""), kParent);
  EXPECT_EQ(TraceParentOf(kParent), kParent);
  EXPECT_EQ(TraceStateOf(kParent), "");
  EXPECT_EQ(TraceParentOf(""), "");
  EXPECT_EQ(TraceStateOf(""), "");
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
    EXPECT_TRUE(IsSampled(std::string(kParent).substr(0, 53) + sampled + " a=0")) << sampled;
  }
  for (const char* not_sampled : {"00", "02", "0a", "fe"}) {
    EXPECT_FALSE(IsSampled(std::string(kParent).substr(0, 53) + not_sampled)) << not_sampled;
    EXPECT_FALSE(IsSampled(std::string(kParent).substr(0, 53) + not_sampled + " a=1"))
        << not_sampled;
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

TEST(Trace, AStepHasTheTracestateOfItsParent) {
  SeededIdSource ids(7);
  TraceSource source(ids);
  const std::string step = source.NewStep(absl::StrCat(kParent, " a=1,b=2"));
  EXPECT_EQ(TraceIdOf(step), TraceIdOf(kParent));
  EXPECT_NE(SpanIdOf(step), SpanIdOf(kParent));
  EXPECT_EQ(TraceStateOf(step), "a=1,b=2");
  EXPECT_EQ(TraceStateOf(source.NewStep(absl::StrCat(kParent, " A=1"))), "");
  EXPECT_EQ(TraceStateOf(source.NewStep("00-nonsense a=1")), "");
  EXPECT_EQ(TraceStateOf(source.NewTrace()), "");
  const std::string not_sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00 a=1,b=2";
  EXPECT_EQ(source.NewStep(not_sampled), not_sampled);
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
