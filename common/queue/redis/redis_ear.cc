#include "common/queue/redis/redis_ear.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "common/queue/backoff.h"
#include "common/status/error.h"

namespace critac::queue::redis {
namespace {

constexpr absl::Duration kQuiet = absl::Seconds(1);
constexpr absl::Duration kFirstRest = absl::Milliseconds(50);
constexpr absl::Duration kMostRest = absl::Seconds(2);

}  // namespace

Ear::Ear(Route& route, const SocketTimes& times, std::string channel,
         std::function<void(absl::string_view message)> heard, const Clock& clock, IdSource& ids)
    : route_(route),
      times_(times),
      channel_(std::move(channel)),
      heard_(std::move(heard)),
      clock_(clock),
      ids_(ids),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] {
        pthread_setname_np(pthread_self(), "queue-ear");
        Run();
      }) {}

Ear::~Ear() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_, 1);
  thread_.join();
  close(wake_);
}

bool Ear::IsStopping() {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

void Ear::Run() {
  int failures = 0;
  while (!IsStopping()) {
    const absl::Time began = clock_.Now();
    Listen().IgnoreError();  // the queue's calls meet the same error, and say it
    heard_("");
    failures = clock_.Now() - began > kMostRest ? 1 : failures + 1;
    Rest(failures);
  }
}

void Ear::Rest(int failures) {
  const absl::Time until = clock_.Now() + Backoff(kFirstRest, kMostRest, failures, ids_.NextBits());
  absl::MutexLock lock(&mutex_);
  clock_.AwaitUntil(mutex_, absl::Condition(&stopping_), until);
}

// Hears until the connection is of no use any more.
absl::Status Ear::Listen() {
  // Asked for first: a change while it connects is not missed.
  const int64_t generation = route_.generation();
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, route_.Connect());
  RETURN_IF_ERROR(connection->Ask({"SUBSCRIBE", channel_}).status());
  const std::string ping = Wire({"PING"});
  bool asked = false;
  heard_("");
  while (!IsStopping()) {
    if (connection->AwaitReadable(wake_, asked ? times_.reply : kQuiet)) {
      ASSIGN_OR_RETURN(const Reply reply, connection->Read());
      asked = false;
      if (reply.value()[0].text() == "message") heard_(reply.value()[2].text());
    } else if (asked) {
      return absl::UnavailableError("no answer");
    } else if (!IsStopping()) {
      if (route_.generation() != generation) return absl::OkStatus();
      RETURN_IF_ERROR(connection->Append(ping));
      RETURN_IF_ERROR(connection->Send());
      asked = true;
    }
  }
  return absl::OkStatus();
}

}  // namespace critac::queue::redis
