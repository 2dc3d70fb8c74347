#include "common/server/span_exporter.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/collector.h"
#include "tests/support/eventually.h"

namespace critac::server {
namespace {

using critac::testing::Collector;
using critac::testing::Eventually;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";

Span NewSpan(int number, bool sampled = true) {
  Span span;
  span.trace = absl::StrCat("00-", kTraceId, "-00f067aa0ba902b7-", sampled ? "01" : "00");
  span.name = absl::StrCat("span ", number);
  span.start = absl::FromUnixSeconds(1'795'183'200);
  span.end = span.start;
  return span;
}

// An exporter over a clock that stands still unless a test moves it.
class SpanExporterTest : public ::testing::Test {
 protected:
  void Start(const std::string& endpoint) {
    Start(std::make_unique<HttpPoster>(OtlpTracesUrl(endpoint)));
  }
  void Start(std::unique_ptr<Poster> poster) {
    exporter_ = std::make_unique<SpanExporter>(
        OtlpResource{"critac-intake", "one", "0.1.0", "pod-1"}, std::move(poster), clock_, ids_,
        [this](absl::string_view problem) {
          absl::MutexLock lock(&mutex_);
          told_.emplace_back(problem);
        });
  }
  void Take(size_t count) {
    for (size_t i = 0; i < count; ++i) exporter_->Take(NewSpan(static_cast<int>(i)));
  }
  // Moves the clock until `so`, since it cannot be known when the thread begins to wait for it.
  template <typename Condition>
  void AdvanceUntil(Condition so, absl::Duration step) {
    ASSERT_TRUE(Eventually([&] {
      if (so()) return true;
      clock_.Advance(step);
      return false;
    }));
  }
  int64_t exported() const { return exporter_->figures().exported_count; }
  int64_t dropped() const { return exporter_->figures().dropped_count; }
  std::vector<std::string> told() {
    absl::MutexLock lock(&mutex_);
    return told_;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'795'183'200)};
  SeededIdSource ids_{9};
  absl::Mutex mutex_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
  Collector collector_;
  std::unique_ptr<SpanExporter> exporter_;
};

TEST_F(SpanExporterTest, AStopHandsInWhatWaits) {
  Start(collector_.endpoint());
  Take(3);
  exporter_->Stop(absl::Minutes(1));
  const std::vector<Collector::Request> requests = collector_.Await(1);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_THAT(requests[0].head, AllOf(StartsWith("post /v1/traces http/1.1\r\n"),
                                      HasSubstr("content-type: application/json")));
  const auto spans = collector_.SpansOf(kTraceId);
  ASSERT_THAT(spans, SizeIs(3));
  EXPECT_EQ(spans[2].service, "critac-intake");
  EXPECT_EQ(spans[2].span["name"], "span 2");
  EXPECT_EQ(exported(), 3);
  EXPECT_EQ(dropped(), 0);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(SpanExporterTest, EnoughForARequestGoAtOnce) {
  Start(collector_.endpoint());
  Take(limits::kSpansPerExport);
  EXPECT_THAT(collector_.Await(1), SizeIs(1));
  EXPECT_THAT(collector_.SpansOf(kTraceId), SizeIs(limits::kSpansPerExport));
}

TEST_F(SpanExporterTest, AFewGoWhenTheFirstHasWaited) {
  Start(collector_.endpoint());
  Take(2);
  AdvanceUntil([this] { return exported() == 2; }, kOtlpDelay / 2);
  EXPECT_THAT(collector_.Await(1), SizeIs(1));
}

TEST_F(SpanExporterTest, ManyGoInSeveralRequestsOverOneConnection) {
  Start(collector_.endpoint());
  Take(2 * limits::kSpansPerExport + 1);
  exporter_->Stop(absl::Minutes(1));
  EXPECT_EQ(exported(), static_cast<int64_t>(2 * limits::kSpansPerExport + 1));
  EXPECT_EQ(collector_.SpansOf(kTraceId).size(), 2 * limits::kSpansPerExport + 1);
}

TEST_F(SpanExporterTest, OneOfATraceThatIsNotSampledIsPassedOver) {
  Start(collector_.endpoint());
  exporter_->Take(NewSpan(1, /*sampled=*/false));
  exporter_->Stop(absl::Minutes(1));
  EXPECT_THAT(collector_.Await(0), IsEmpty());
  EXPECT_EQ(exported(), 0);
  EXPECT_EQ(dropped(), 0);
}

TEST_F(SpanExporterTest, WhatACollectorCannotTakeNowIsHandedInAgain) {
  collector_.AnswerNext({{.status = 503}, {.status = 429, .headers = "Retry-After: 7\r\n"}});
  Start(collector_.endpoint());
  Take(1);
  AdvanceUntil([this] { return exported() == 1; }, absl::Seconds(1));
  const std::vector<Collector::Request> requests = collector_.Await(3);
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_EQ(requests[0].body, requests[2].body);
  EXPECT_EQ(dropped(), 0);
  // Once a change, and when all is well again.
  EXPECT_THAT(told(), ElementsAre(HasSubstr("503"), HasSubstr("429"), ""));
}

TEST_F(SpanExporterTest, TheSameTroubleIsToldOnce) {
  collector_.AnswerNext({{.status = 503}, {.status = 503}, {.status = 503}});
  Start(collector_.endpoint());
  Take(1);
  AdvanceUntil([this] { return exported() == 1; }, absl::Seconds(5));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("503"), ""));
}

TEST_F(SpanExporterTest, WhatACollectorWillNeverTakeIsDropped) {
  collector_.AnswerNext({{.status = 400}});
  Start(collector_.endpoint());
  Take(limits::kSpansPerExport);
  collector_.Await(1);
  exporter_->Take(NewSpan(1));
  exporter_->Stop(absl::Minutes(1));
  EXPECT_EQ(dropped(), static_cast<int64_t>(limits::kSpansPerExport));
  EXPECT_EQ(exported(), 1);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("400"), ""));
}

TEST_F(SpanExporterTest, WhatACollectorRefusesOfARequestIsCountedAsDropped) {
  collector_.AnswerNext({{.body = R"({"partialSuccess":{"rejectedSpans":"2"}})"}});
  Start(collector_.endpoint());
  Take(5);
  exporter_->Stop(absl::Minutes(1));
  EXPECT_EQ(exported(), 3);
  EXPECT_EQ(dropped(), 2);
}

TEST_F(SpanExporterTest, OneThatIsNotThereIsToldAndTriedOnceMoreAtAStop) {
  std::string nobody;
  {
    const Collector gone;
    nobody = gone.endpoint();
  }
  Start(nobody);
  Take(2);
  exporter_->Stop(absl::Minutes(1));
  EXPECT_EQ(dropped(), 2);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("connect")));
}

TEST_F(SpanExporterTest, AStopDoesNotWaitLongForACollectorThatIsSilent) {
  collector_.AnswerNext({{.status = Collector::kSilence}});
  Start(collector_.endpoint());
  Take(limits::kSpansPerExport);
  collector_.Await(1);
  EXPECT_EQ(exporter_->Stop(absl::ZeroDuration()), static_cast<int64_t>(limits::kSpansPerExport));
  EXPECT_EQ(exported(), 0);
  EXPECT_EQ(dropped(), static_cast<int64_t>(limits::kSpansPerExport));
  EXPECT_THAT(told(), IsEmpty()) << "the stop ended it, and nothing is wrong with the collector";
  EXPECT_EQ(exporter_->Stop(absl::ZeroDuration()), 0) << "what was dropped is told of once";
}

TEST_F(SpanExporterTest, WhatIsTakenAfterAStopIsDropped) {
  Start(collector_.endpoint());
  exporter_->Stop(absl::Minutes(1));
  exporter_->Stop(absl::Minutes(1));
  Take(1);
  EXPECT_EQ(dropped(), 1);
  EXPECT_THAT(collector_.Await(0), IsEmpty());
}

// A collector that holds up every request until it is let go.
class HeldPoster final : public Poster {
 public:
  struct Held {
    absl::Notification entered;
    absl::Notification go_on;
  };
  explicit HeldPoster(std::shared_ptr<Held> held) : held_(std::move(held)) {}

  OtlpAnswer Post(const std::string&) override {
    if (!held_->entered.HasBeenNotified()) held_->entered.Notify();
    held_->go_on.WaitForNotification();
    return {.status = 200};
  }
  void Cancel() override {}

 private:
  const std::shared_ptr<Held> held_;
};

// Goal: who makes spans is never held up, however slow the collector is. Method: one request is in
// its hands and stays there, while more spans come than may wait.
TEST_F(SpanExporterTest, WhatComesPastTheLimitIsDroppedAndHoldsUpNobody) {
  const auto held = std::make_shared<HeldPoster::Held>();
  Start(std::make_unique<HeldPoster>(held));
  Take(limits::kSpansPerExport);
  held->entered.WaitForNotification();
  Take(limits::kWaitingSpans + 3);
  EXPECT_EQ(dropped(), 3);
  held->go_on.Notify();
  exporter_->Stop(absl::Minutes(1));
  EXPECT_EQ(dropped(), 3);
  EXPECT_EQ(exported(), static_cast<int64_t>(limits::kSpansPerExport + limits::kWaitingSpans));
}

}  // namespace
}  // namespace critac::server
