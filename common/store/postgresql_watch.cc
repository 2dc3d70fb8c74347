#include "common/store/postgresql_watch.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/time/clock.h"
#include "common/store/postgresql_back_end.h"
#include "common/store/sql_connection.h"

namespace critac::store {
namespace {

constexpr char kListen[] = "LISTEN critac_commit";
constexpr char kNotify[] = "NOTIFY critac_commit";

class PostgresqlWatch final : public CommitWatch {
 public:
  PostgresqlWatch(std::string connect_string, std::string database,
                  std::shared_ptr<const std::atomic<int>> own)
      : connect_string_(std::move(connect_string)),
        database_(std::move(database)),
        own_(std::move(own)),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~PostgresqlWatch() override { close(wake_); }

  void Await(absl::Duration timeout) override {
    if (connection_ == nullptr) {
      if (!Connect()) AwaitInput(-1, timeout);
      return;
    }
    PGconn* const server = PostgresqlHandle(*connection_->session().soci);
    const absl::Time end = absl::Now() + timeout;
    // What came with an answer before stands in memory already.
    bool ended = TakeNotices(server);
    while (!ended) {
      const absl::Duration left = std::max(end - absl::Now(), absl::ZeroDuration());
      ended = AwaitInput(PQsocket(server), left) || left == absl::ZeroDuration();
      if (PQconsumeInput(server) == 0) {
        connection_ = nullptr;
        return;
      }
      ended |= TakeNotices(server);
    }
  }

  void Wake() override {
    const uint64_t one = 1;
    if (write(wake_, &one, sizeof(one)) < 0) return;  // it is set already
  }

 private:
  bool Connect() {
    auto session = Session::Connect(PostgresqlBackEnd(), connect_string_, database_);
    if (!session.ok()) return false;
    auto connection = std::make_unique<SqlConnection>(*std::move(session));
    if (!connection->Execute(kListen).ok()) return false;
    connection_ = std::move(connection);
    return true;
  }

  // Waits for something to read, from the server (-1: none) or from Wake. Whether there was a Wake.
  bool AwaitInput(int server, absl::Duration timeout) {
    pollfd inputs[] = {{wake_, POLLIN, 0}, {server, POLLIN, 0}};
    const absl::Duration whole = absl::Ceil(timeout, absl::Milliseconds(1));
    poll(inputs, server < 0 ? 1 : 2, static_cast<int>(absl::ToInt64Milliseconds(whole)));
    uint64_t woken = 0;
    return read(wake_, &woken, sizeof(woken)) > 0;
  }

  // Whether there were any of others.
  bool TakeNotices(PGconn* server) const {
    bool any = false;
    while (PGnotify* const notice = PQnotifies(server)) {
      any |= notice->be_pid != *own_;
      PQfreemem(notice);
    }
    return any;
  }

  const std::string connect_string_;
  const std::string database_;
  const std::shared_ptr<const std::atomic<int>> own_;
  const int wake_;
  std::unique_ptr<SqlConnection> connection_;
};

}  // namespace

absl::string_view PostgresqlAnnouncement() { return kNotify; }

std::unique_ptr<CommitWatch> WatchPostgresql(std::string connect_string, std::string database,
                                             std::shared_ptr<const std::atomic<int>> own) {
  return std::make_unique<PostgresqlWatch>(std::move(connect_string), std::move(database),
                                           std::move(own));
}

}  // namespace critac::store
