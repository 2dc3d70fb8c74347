#include "common/server/event_stream.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/status/error.h"

namespace critac::server {
namespace {

// How long a wait for news may keep a stream from noticing that it has to end.
constexpr absl::Duration kNotice = absl::Milliseconds(200);

// One reader on its way through a journal.
class Reader {
 public:
  Reader(journal::Journal& journal, const journal::v1::ReadEventsRequest& request,
         const Clock& clock, absl::FunctionRef<bool()> stopping,
         absl::FunctionRef<bool(const journal::v1::ReadEventsResponse&)> write)
      : journal_(journal),
        request_(request),
        types_(request.types().begin(), request.types().end()),
        filtered_(!types_.empty() || !request.subject().empty()),
        clock_(clock),
        stopping_(stopping),
        write_(write),
        next_(std::max<int64_t>(request.from_sequence(), 1)) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(const journal::Position head, journal_.Head());
    if (next_ > head.sequence + 1) return BeyondHead(head.sequence);
    RETURN_IF_ERROR(ReadUpTo(head.sequence));
    while (request_.follow() && !done_) {
      const int64_t known = AwaitNews();
      if (!done_) RETURN_IF_ERROR(ReadUpTo(known));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status BeyondHead(int64_t head) const {
    return Error(absl::StatusCode::kOutOfRange, "SEQUENCE_BEYOND_HEAD",
                 absl::StrCat("from_sequence: ", next_, " lies beyond the head of `",
                              journal_.name(), "`; accepted: 0 to ", head + 1))
        .Fact("head_sequence", absl::StrCat(head))
        .ToStatus();
  }

  // Sends the events up to `head`, which is in the journal.
  absl::Status ReadUpTo(int64_t head) {
    while (!done_ && next_ <= head) {
      ASSIGN_OR_RETURN(std::vector<journal::Event> events,
                       journal_.ReadEvents(next_, BatchLimit(), types_, request_.subject()));
      while (!events.empty() && events.back().sequence() > head) events.pop_back();
      if (events.empty()) {
        RETURN_IF_ERROR(CheckNoneMatches(head));
        next_ = head + 1;
        break;
      }
      next_ = events.back().sequence() + 1;
      sent_ += static_cast<int64_t>(events.size());
      Send(std::move(events), filtered_ ? next_ - 1 : head);
      if (request_.max_events() > 0 && sent_ >= request_.max_events()) done_ = true;
    }
    // A reader with a filter learns how far it has come, and every reader that the journal is read.
    if (!done_ && told_ < next_ - 1) Send({}, next_ - 1);
    return absl::OkStatus();
  }

  // Whether nothing up to `head` matches any more. Without a filter each event does: a database that does not
  // have one that was committed is behind, as one is that another has taken the place of. Nothing is passed over then:
  // whoever comes again, perhaps elsewhere, reads on where it was.
  absl::Status CheckNoneMatches(int64_t head) {
    int64_t known = next_ - 1;
    if (filtered_) {
      ASSIGN_OR_RETURN(const journal::Position position, journal_.Head());
      known = position.sequence;
    }
    if (known >= head) return absl::OkStatus();
    return Error(absl::StatusCode::kUnavailable, "JOURNAL_BEHIND",
                 absl::StrCat("the database has `", journal_.name(), "` up to event ", known,
                              " only, and event ", head, " was committed; read again from there"))
        .RetryAfter(absl::Seconds(1))
        .ToStatus();
  }

  int BatchLimit() const {
    if (request_.max_events() == 0) return limits::kEventsPerMessage;
    return static_cast<int>(
        std::min<int64_t>(limits::kEventsPerMessage, request_.max_events() - sent_));
  }

  // Waits for events from `next_` on, with a sign of life now and then; returns the head.
  int64_t AwaitNews() {
    const absl::Time sign_of_life = clock_.Now() + limits::kFollowKeepAlive;
    while (!stopping_()) {
      const absl::Duration left = sign_of_life - clock_.Now();
      if (left <= absl::ZeroDuration()) {
        Send({}, next_ - 1);
        return next_ - 1;
      }
      const int64_t head = journal_.AwaitBeyond(next_ - 1, std::min(left, kNotice));
      if (head >= next_) return head;
    }
    done_ = true;
    return next_ - 1;
  }

  void Send(std::vector<journal::Event> events, int64_t head) {
    journal::v1::ReadEventsResponse batch;
    for (journal::Event& event : events) *batch.add_events() = std::move(event);
    batch.set_head_sequence(head);
    told_ = head;
    if (!write_(batch)) done_ = true;
  }

  journal::Journal& journal_;
  const journal::v1::ReadEventsRequest& request_;
  const std::vector<std::string> types_;
  const bool filtered_;
  const Clock& clock_;
  const absl::FunctionRef<bool()> stopping_;
  const absl::FunctionRef<bool(const journal::v1::ReadEventsResponse&)> write_;

  // First event not yet looked at.
  int64_t next_;
  int64_t sent_ = 0;
  // The last `head_sequence` sent.
  int64_t told_ = -1;
  bool done_ = false;
};

}  // namespace

absl::Status StreamEvents(journal::Journal& journal, const journal::v1::ReadEventsRequest& request,
                          const Clock& clock, absl::FunctionRef<bool()> stopping,
                          absl::FunctionRef<bool(const journal::v1::ReadEventsResponse&)> write) {
  return Reader(journal, request, clock, stopping, write).Run();
}

}  // namespace critac::server
