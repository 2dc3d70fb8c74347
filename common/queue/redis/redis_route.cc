#include "common/queue/redis/redis_route.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::queue::redis {

absl::StatusOr<std::unique_ptr<Connection>> Route::Connect() {
  switch (target_.kind) {
    case Target::Kind::kSingle:
      return ConnectTo(target_.endpoints.front());
    case Target::Kind::kSentinel:
      return ConnectToMaster();
    case Target::Kind::kCluster:
      break;
  }
  return ConnectTo(NodeToAsk());
}

Endpoint Route::NodeToAsk() {
  absl::MutexLock lock(&mutex_);
  return node_.has_value() ? *node_ : target_.endpoints[next_ % target_.endpoints.size()];
}

absl::StatusOr<std::unique_ptr<Connection>> Route::ConnectToMaster() {
  ASSIGN_OR_RETURN(const Endpoint master, AskSentinels());
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, ConnectTo(master));
  // Sentinels that have not heard of a fail-over yet name the old master, which may be back as a
  // replica.
  ASSIGN_OR_RETURN(const Reply role, connection->Ask({"ROLE"}));
  if (role.value()[0].text() != "master") {
    return absl::UnavailableError("whom the sentinels name is not the master any more");
  }
  absl::MutexLock lock(&mutex_);
  if (master_ != master) {
    master_ = master;
    ++generation_;
  }
  return connection;
}

absl::StatusOr<Endpoint> Route::AskSentinels() {
  size_t first = 0;
  {
    absl::MutexLock lock(&mutex_);
    first = sentinel_;
  }
  absl::Status last = absl::UnavailableError("no sentinel was asked");
  for (size_t i = 0; i < target_.endpoints.size(); ++i) {
    const size_t place = (first + i) % target_.endpoints.size();
    const Endpoint& sentinel = target_.endpoints[place];
    auto connection = Connection::OpenSentinel(sentinel, times_);
    if (!connection.ok()) {
      last = connection.status();
      continue;
    }
    const absl::StatusOr<Reply> reply =
        (*connection)->Ask({"SENTINEL", "get-master-addr-by-name", target_.master});
    if (!reply.ok()) {
      last = reply.status();
      continue;
    }
    Endpoint master = {.host = std::string(reply->value()[0].text()), .port = 0};
    if (absl::SimpleAtoi(reply->value()[1].text(), &master.port)) {
      absl::MutexLock lock(&mutex_);
      sentinel_ = place;
      return master;
    }
    last =
        absl::UnavailableError(absl::StrCat("a sentinel knows no master called ", target_.master));
  }
  return Annotate(last, "asking the sentinels for the master");
}

void Route::Moved(const Endpoint& endpoint) {
  absl::MutexLock lock(&mutex_);
  if (node_ == endpoint) return;
  node_ = endpoint;
  ++generation_;
}

void Route::Suspect() {
  absl::MutexLock lock(&mutex_);
  ++generation_;
  if (target_.kind != Target::Kind::kCluster) return;
  if (!node_.has_value()) ++next_;
  node_.reset();
}

int64_t Route::generation() const {
  absl::MutexLock lock(&mutex_);
  return generation_;
}

}  // namespace critac::queue::redis
