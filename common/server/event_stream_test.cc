#include "common/server/event_stream.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/server/testing/fake_journal.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using journal::v1::ReadEventsRequest;
using journal::v1::ReadEventsResponse;
using testing::FakeJournal;

class EventStreamTest : public ::testing::Test {
 protected:
  // Reads until the stream ends by itself or has sent `most_batches`.
  absl::Status Read(const ReadEventsRequest& request, size_t most_batches = 1000) {
    batches_.clear();
    return StreamEvents(
        journal_, request, clock_, [this] { return stopping_; },
        [this, most_batches](const ReadEventsResponse& batch) {
          batches_.push_back(batch);
          return batches_.size() < most_batches;
        });
  }

  std::vector<int64_t> Sequences() const {
    std::vector<int64_t> sequences;
    for (const ReadEventsResponse& batch : batches_) {
      for (const auto& event : batch.events()) sequences.push_back(event.sequence());
    }
    return sequences;
  }
  std::vector<int64_t> Heads() const {
    std::vector<int64_t> heads;
    for (const ReadEventsResponse& batch : batches_) heads.push_back(batch.head_sequence());
    return heads;
  }

  static ReadEventsRequest From(int64_t sequence) {
    ReadEventsRequest request;
    request.set_from_sequence(sequence);
    return request;
  }
  static ReadEventsRequest Following(int64_t sequence) {
    ReadEventsRequest request = From(sequence);
    request.set_follow(true);
    return request;
  }

  FakeJournal journal_{"intake"};
  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  bool stopping_ = false;
  std::vector<ReadEventsResponse> batches_;
};

using ::testing::ElementsAre;

TEST_F(EventStreamTest, SendsEveryEventInOrder) {
  journal_.AppendMany(3);
  for (int64_t from : {0, 1}) {
    ASSERT_TRUE(Read(From(from)).ok());
    EXPECT_THAT(Sequences(), ElementsAre(1, 2, 3));
    EXPECT_THAT(Heads(), ElementsAre(3));
  }
  ASSERT_TRUE(Read(From(2)).ok());
  EXPECT_THAT(Sequences(), ElementsAre(2, 3));
}

TEST_F(EventStreamTest, AnEmptyJournalAndTheEndOfOneGiveOneEmptyBatch) {
  ASSERT_TRUE(Read(From(0)).ok());
  EXPECT_THAT(Heads(), ElementsAre(0));
  journal_.AppendMany(2);
  ASSERT_TRUE(Read(From(3)).ok());
  EXPECT_THAT(Heads(), ElementsAre(2));
  EXPECT_TRUE(Sequences().empty());
}

TEST_F(EventStreamTest, BeyondTheHeadIsOutOfRangeByMoreThanOne) {
  journal_.AppendMany(2);
  EXPECT_TRUE(Read(From(3)).ok());
  for (bool follow : {false, true}) {
    ReadEventsRequest request = From(4);
    request.set_follow(follow);
    const absl::Status status = Read(request);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(ReasonOf(status), "SEQUENCE_BEYOND_HEAD");
    EXPECT_EQ(ErrorInfoOf(status).metadata().at("head_sequence"), "2");
    EXPECT_TRUE(batches_.empty());
  }
}

TEST_F(EventStreamTest, LongReadsComeInBatches) {
  journal_.AppendMany(limits::kEventsPerMessage + 1);
  ASSERT_TRUE(Read(From(0)).ok());
  ASSERT_EQ(batches_.size(), 2u);
  EXPECT_EQ(batches_[0].events_size(), limits::kEventsPerMessage);
  EXPECT_EQ(batches_[1].events_size(), 1);
  EXPECT_THAT(Heads(), ElementsAre(limits::kEventsPerMessage + 1, limits::kEventsPerMessage + 1));
}

TEST_F(EventStreamTest, ABatchCutShortByBytesDoesNotEndTheStream) {
  journal_.AppendMany(7);
  journal_.LimitReads(3);
  ASSERT_TRUE(Read(From(0)).ok());
  EXPECT_EQ(batches_.size(), 3u);
  EXPECT_THAT(Sequences(), ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

TEST_F(EventStreamTest, WithoutFollowItEndsAtTheHeadOfItsBeginning) {
  journal_.AppendMany(2);
  journal_.LimitReads(1);
  const absl::Status status = StreamEvents(
      journal_, From(0), clock_, [] { return false; },
      [this](const ReadEventsResponse& batch) {
        batches_.push_back(batch);
        journal_.AppendMany(1);
        return batches_.size() < 100;
      });
  ASSERT_TRUE(status.ok());
  EXPECT_THAT(Sequences(), ElementsAre(1, 2));
}

TEST_F(EventStreamTest, MaxEventsEndsTheStream) {
  journal_.AppendMany(5);
  const struct {
    int64_t max_events;
    size_t sent;
  } cases[] = {{1, 1}, {4, 4}, {5, 5}, {6, 5}, {0, 5}};
  for (const auto& c : cases) {
    ReadEventsRequest request = From(0);
    request.set_max_events(c.max_events);
    ASSERT_TRUE(Read(request).ok());
    EXPECT_EQ(Sequences().size(), c.sent) << c.max_events;
  }
  ReadEventsRequest request = Following(0);
  request.set_max_events(5);
  ASSERT_TRUE(Read(request).ok());
  EXPECT_EQ(Sequences().size(), 5u);
}

TEST_F(EventStreamTest, AFilteredStreamSaysHowFarItHasCome) {
  journal_.Append("critac.a.Made", "things/1");
  journal_.Append("critac.a.Changed", "things/1");
  journal_.Append("critac.a.Made", "things/2");
  journal_.Append("critac.a.Changed", "things/2");

  ReadEventsRequest made = From(0);
  made.add_types("critac.a.Made");
  ASSERT_TRUE(Read(made).ok());
  EXPECT_THAT(Sequences(), ElementsAre(1, 3));
  EXPECT_THAT(Heads(), ElementsAre(3, 4));

  ReadEventsRequest second = From(0);
  second.set_subject("things/2");
  ASSERT_TRUE(Read(second).ok());
  EXPECT_THAT(Sequences(), ElementsAre(3, 4));
  EXPECT_THAT(Heads(), ElementsAre(4));

  ReadEventsRequest both = From(0);
  both.add_types("critac.a.Made");
  both.add_types("critac.a.Changed");
  both.set_subject("things/1");
  ASSERT_TRUE(Read(both).ok());
  EXPECT_THAT(Sequences(), ElementsAre(1, 2));

  ReadEventsRequest none = From(0);
  none.add_types("critac.a.Lost");
  ASSERT_TRUE(Read(none).ok());
  EXPECT_TRUE(Sequences().empty());
  EXPECT_THAT(Heads(), ElementsAre(4));
}

TEST_F(EventStreamTest, FollowedItSendsWhatIsRecordedLater) {
  journal_.AppendMany(1);
  int waits = 0;
  journal_.OnWait([&](absl::Duration) {
    if (++waits == 3) journal_.AppendMany(2);
  });
  ASSERT_TRUE(Read(Following(0), 2).ok());
  EXPECT_THAT(Sequences(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Heads(), ElementsAre(1, 3));
}

TEST_F(EventStreamTest, FollowedWithAFilterItPassesOverWhatDoesNotMatch) {
  int waits = 0;
  journal_.OnWait([&](absl::Duration) {
    journal_.Append(++waits % 2 == 0 ? "critac.a.Made" : "critac.a.Changed", "things/1");
  });
  ReadEventsRequest request = Following(0);
  request.add_types("critac.a.Made");
  ASSERT_TRUE(Read(request, 5).ok());
  EXPECT_THAT(Heads(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Sequences(), ElementsAre(2, 4));
}

TEST_F(EventStreamTest, AFollowedStreamWithoutNewsGivesASignOfLife) {
  journal_.AppendMany(1);
  absl::Duration waited;
  std::vector<absl::Duration> waited_at_batch;
  journal_.OnWait([&](absl::Duration timeout) {
    clock_.Advance(timeout);
    waited += timeout;
  });
  const absl::Status status = StreamEvents(
      journal_, Following(0), clock_, [] { return false; },
      [&](const ReadEventsResponse& batch) {
        batches_.push_back(batch);
        waited_at_batch.push_back(waited);
        return batches_.size() < 3;
      });
  ASSERT_TRUE(status.ok());
  EXPECT_THAT(waited_at_batch, ElementsAre(absl::ZeroDuration(), limits::kFollowKeepAlive,
                                           2 * limits::kFollowKeepAlive));
  EXPECT_THAT(Heads(), ElementsAre(1, 1, 1));
  EXPECT_EQ(batches_[1].events_size(), 0);
}

TEST_F(EventStreamTest, AFollowedStreamNoticesSoonThatItHasToEnd) {
  absl::Duration waited;
  journal_.OnWait([&](absl::Duration timeout) {
    clock_.Advance(timeout);
    waited += timeout;
    stopping_ = true;
  });
  ASSERT_TRUE(Read(Following(0)).ok());
  EXPECT_LE(waited, absl::Milliseconds(200));
}

// A connection of a pool may still be one to a server that another has taken the place of.
TEST_F(EventStreamTest, WhatADatabaseThatIsBehindDoesNotHaveIsNotPassedOver) {
  journal_.AppendMany(2);
  journal_.TellOnce(3);
  EXPECT_EQ(ReasonOf(Read(Following(0))), "JOURNAL_BEHIND");
  EXPECT_THAT(Heads(), ElementsAre(2)) << "what lies beyond was not said to be read";

  ReadEventsRequest filtered = Following(0);
  filtered.add_types("critac.a.Lost");
  journal_.TellOnce(3);
  EXPECT_EQ(ReasonOf(Read(filtered)), "JOURNAL_BEHIND");
  EXPECT_THAT(Heads(), ElementsAre(2));

  journal_.AppendMany(1);
  ASSERT_TRUE(Read(From(3)).ok());
  EXPECT_THAT(Sequences(), ElementsAre(3));
}

TEST_F(EventStreamTest, AReaderThatIsGoneEndsTheStream) {
  journal_.AppendMany(3);
  journal_.LimitReads(1);
  ASSERT_TRUE(Read(Following(0), 2).ok());
  EXPECT_THAT(Sequences(), ElementsAre(1, 2));
}

TEST_F(EventStreamTest, AJournalThatCannotBeReadEndsTheStreamWithItsError) {
  journal_.AppendMany(1);
  journal_.OnWait([&](absl::Duration) {
    journal_.AppendMany(1);
    journal_.Fail(absl::UnavailableError("disk"));
  });
  EXPECT_EQ(Read(Following(0)).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Sequences(), ElementsAre(1));
  EXPECT_EQ(Read(From(0)).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace critac::server
