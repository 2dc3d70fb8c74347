#include "common/rpc/trace.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace critac::rpc {
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

}  // namespace
}  // namespace critac::rpc
