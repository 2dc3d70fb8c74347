#include "services/metrics/follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"
#include "critac/journal/v1/journal.grpc.pb.h"

namespace critac::metrics {
namespace {

// Questions to other journals: short, and several callers may ask at once.
constexpr int kTaskThreads = 2;
constexpr int kWaitingTasks = 256;

// Most that may wait for the facts to follow. Past it callers are told to come back.
constexpr size_t kWaiters = 4096;

// How long a journal is asked for its head.
constexpr absl::Duration kAskHead = absl::Seconds(5);

absl::Status TooMany() {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_WAITING",
               "too many calls wait for the facts; come back in a moment")
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

absl::Status Stopping() {
  return Error(absl::StatusCode::kUnavailable, "STOPPING", "metrics stops").ToStatus();
}

absl::Status CheckPositions(absl::Span<const Position> positions) {
  for (size_t i = 0; i < positions.size(); ++i) {
    const std::string& name = positions[i].journal();
    const std::string field = absl::StrCat("at_least[", i, "].journal");
    if (std::find(std::begin(kJournals), std::end(kJournals), name) == std::end(kJournals)) {
      return InvalidField(field, absl::StrCat("`", name, "` is no journal; there are ",
                                              absl::StrJoin(kJournals, ", ")));
    }
    for (size_t j = 0; j < i; ++j) {
      if (positions[j].journal() == name) {
        return InvalidField(field, absl::StrCat("`", name, "` is named twice"));
      }
    }
  }
  return absl::OkStatus();
}

Position* Find(v1::Snapshot& snapshot, const std::string& journal) {
  for (Position& position : *snapshot.mutable_positions()) {
    if (position.journal() == journal) return &position;
  }
  return nullptr;
}

}  // namespace

Follower::Follower(Channels channels, store::Database& database, const Clock& clock)
    : channels_(std::move(channels)),
      database_(database),
      clock_(clock),
      tasks_("metrics-ask", kTaskThreads, kWaitingTasks) {
  for (const char* name : kJournals) {
    positions_.add_positions()->set_journal(name);
    journals_.emplace_back().name = name;
  }
  for (Followee& journal : journals_) {
    journal.feed = std::make_unique<rpc::JournalFeed>(
        journal.name, "metrics", [this, &journal] { return channels_(journal.name); },
        [this, &journal](const rpc::FeedPosition& position,
                         absl::Span<const journal::v1::Event> events) {
          return TakeIn(journal, PositionOf(position), events);
        },
        clock_);
  }
  reached_ = positions_;
}

Follower::~Follower() { Stop(); }

void Follower::Start() {
  LoadPositions();
  for (Followee& journal : journals_) journal.feed->Start();
  caller_ = std::thread([this] { CallWaiters(); });
}

void Follower::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  for (Followee& journal : journals_) journal.feed->Stop();
  if (caller_.joinable()) caller_.join();
  tasks_.Stop();
  std::vector<Waiter> left;
  {
    absl::MutexLock lock(&mutex_);
    left.swap(waiters_);
  }
  for (Waiter& waiter : left) waiter.done(Stopping());
  StorePositions(Read([](const Facts&) {}));
}

v1::Snapshot Follower::Read(absl::FunctionRef<void(const Facts&)> look) const {
  absl::ReaderMutexLock lock(&facts_mutex_);
  look(facts_);
  return positions_;
}

absl::Status Follower::Health() const {
  for (const Followee& journal : journals_) RETURN_IF_ERROR(journal.feed->Health());
  return absl::OkStatus();
}

std::vector<std::pair<std::string, absl::Status>> Follower::Followed() const {
  std::vector<std::pair<std::string, absl::Status>> all;
  for (const Followee& journal : journals_) {
    all.emplace_back(journal.name, journal.feed->Health());
  }
  return all;
}

// ---- Following ----

absl::Status Follower::TakeIn(const Followee& journal, const Position& position,
                              absl::Span<const journal::v1::Event> events) {
  const int64_t known = journal.before.sequence();
  if (events.front().sequence() <= known && known <= events.back().sequence()) {
    const journal::v1::Event& event = events[known - events.front().sequence()];
    if (event.hash() != journal.before.hash()) {
      return Error(absl::StatusCode::kDataLoss, "CHAIN_REWRITTEN",
                   absl::StrCat("event ", known, " is another than before the start: its hash was ",
                                journal.before.hash(), " and is ", event.hash()))
          .ToStatus();
    }
  }
  {
    absl::MutexLock lock(&facts_mutex_);
    RETURN_IF_ERROR(TakeEvents(facts_, events));
    *Find(positions_, journal.name) = position;
  }
  absl::MutexLock lock(&mutex_);
  *Find(reached_, journal.name) = position;
  changed_ = true;
  return absl::OkStatus();
}

// ---- Waiting ----

void Follower::WhenReached(std::vector<Position> positions, absl::Time deadline, Done done) {
  if (const absl::Status status = CheckPositions(positions); !status.ok()) return done(status);
  const bool hashes = std::any_of(positions.begin(), positions.end(),
                                  [](const Position& each) { return !each.hash().empty(); });
  if (hashes) {
    done = [this, positions, done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return done(status);
      RunTask([this, positions] { return CheckHashes(positions); }, std::move(done));
    };
  }
  absl::Status refused;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) {
      refused = Stopping();
    } else if (waiters_.size() >= kWaiters) {
      refused = TooMany();
    } else {
      waiters_.push_back({std::move(positions), deadline, std::move(done)});
      changed_ = true;
      return;
    }
  }
  done(refused);
}

void Follower::WhenCaughtUp(absl::Time deadline, Done done) {
  auto heads = std::make_shared<std::vector<Position>>();
  RunTask(
      [this, deadline, heads]() -> absl::Status {
        ASSIGN_OR_RETURN(*heads, Heads(deadline));
        return absl::OkStatus();
      },
      [this, deadline, heads, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return done(status);
        WhenReached(std::move(*heads), deadline, std::move(done));
      });
}

void Follower::CallWaiters() {
  absl::Time stored = clock_.Now();
  for (;;) {
    std::vector<Call> calls;
    v1::Snapshot to_store;
    {
      absl::MutexLock lock(&mutex_);
      absl::Time next = stored + kStoreEvery;
      for (const Waiter& waiter : waiters_) next = std::min(next, waiter.deadline);
      const auto due = [this]()
                           ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return changed_ || stopping_; };
      clock_.AwaitUntil(mutex_, absl::Condition(&due), next);
      if (stopping_) return;
      changed_ = false;
      calls = TakeCalls(clock_.Now());
      if (clock_.Now() >= stored + kStoreEvery) to_store = reached_;
    }
    for (Call& call : calls) call.waiter.done(call.outcome);
    if (!to_store.positions().empty()) {
      StorePositions(to_store);
      stored = clock_.Now();
    }
  }
}

std::vector<Follower::Call> Follower::TakeCalls(absl::Time now) {
  std::vector<Call> calls;
  std::vector<Waiter> left;
  for (Waiter& waiter : waiters_) {
    if (Reached(waiter)) {
      calls.push_back({std::move(waiter), absl::OkStatus()});
    } else if (waiter.deadline <= now) {
      calls.push_back(
          {std::move(waiter),
           Error(absl::StatusCode::kDeadlineExceeded, "NOT_REACHED",
                 absl::StrCat("the facts do not follow that far yet; they are at ", HowFar()))
               .ToStatus()});
    } else {
      left.push_back(std::move(waiter));
    }
  }
  waiters_ = std::move(left);
  return calls;
}

bool Follower::Reached(const Waiter& waiter) const {
  for (const Position& wanted : waiter.positions) {
    for (const Position& position : reached_.positions()) {
      if (position.journal() != wanted.journal()) continue;
      if (position.sequence() < wanted.sequence()) return false;
    }
  }
  return true;
}

std::string Follower::HowFar() const {
  return absl::StrJoin(reached_.positions(), ", ", [](std::string* out, const Position& position) {
    absl::StrAppend(out, position.journal(), " ", position.sequence());
  });
}

// ---- Asking ----

absl::StatusOr<std::vector<Position>> Follower::Heads(absl::Time deadline) const {
  std::vector<Position> heads;
  for (const char* name : kJournals) {
    journal::v1::GetHeadRequest request;
    request.set_journal(name);
    const auto stub = journal::v1::JournalService::NewStub(channels_(name));
    const auto head = rpc::Invoke(*stub, &journal::v1::JournalService::Stub::GetHead, request,
                                  {.principal = {type::v1::ROLE_SERVICE, "metrics"},
                                   .timeout = std::min(kAskHead, deadline - clock_.Now())});
    RETURN_IF_ERROR(Annotate(head.status(), absl::StrCat("the journal ", name)));
    Position& position = heads.emplace_back();
    position.set_journal(name);
    position.set_sequence(head->sequence());
  }
  return heads;
}

absl::Status Follower::CheckHashes(const std::vector<Position>& positions) const {
  for (const Position& wanted : positions) {
    if (wanted.hash().empty() || wanted.sequence() == 0) continue;
    journal::v1::ReadEventsRequest request;
    request.set_journal(wanted.journal());
    request.set_from_sequence(wanted.sequence());
    request.set_max_events(1);
    grpc::ClientContext context;
    rpc::Prepare(context, {.principal = {type::v1::ROLE_SERVICE, "metrics"}, .timeout = kAskHead});
    const auto stub = journal::v1::JournalService::NewStub(channels_(wanted.journal()));
    const auto reader = stub->ReadEvents(&context, request);
    std::string hash;
    for (journal::v1::ReadEventsResponse batch; reader->Read(&batch);) {
      if (!batch.events().empty()) hash = batch.events(0).hash();
    }
    RETURN_IF_ERROR(
        Annotate(FromGrpcStatus(reader->Finish()), absl::StrCat("the journal ", wanted.journal())));
    if (hash == wanted.hash()) continue;
    return FailedPrecondition(
        "SNAPSHOT_MISMATCH", wanted.journal(),
        absl::StrCat("has the hash ", hash, " at event ", wanted.sequence(), ", not ",
                     wanted.hash(), ": the snapshot is of another journal"));
  }
  return absl::OkStatus();
}

void Follower::RunTask(absl::AnyInvocable<absl::Status()> task, Done done) {
  auto shared = std::make_shared<Done>(std::move(done));
  TaskPool::Task run = [task = std::move(task), shared]() mutable { (*shared)(task()); };
  if (!tasks_.TryRun(run)) (*shared)(TooMany());
}

// ---- Positions between starts ----

void Follower::LoadPositions() {
  // What cannot be read is not checked: the positions serve a check only.
  database_
      .Read([this](store::Connection& connection) {
        return connection.Query("SELECT journal, sequence, hash FROM metrics_position", {},
                                [this](const store::Row& row) {
                                  for (Followee& journal : journals_) {
                                    if (journal.name != row.Text(0)) continue;
                                    journal.before.set_sequence(row.Int(1));
                                    journal.before.set_hash(row.Text(2));
                                  }
                                  return absl::OkStatus();
                                });
      })
      .IgnoreError();
}

void Follower::StorePositions(const v1::Snapshot& snapshot) {
  std::vector<std::vector<store::Value>> rows;
  for (const Position& position : snapshot.positions()) {
    if (position.sequence() == 0) continue;
    rows.push_back({position.journal(), position.sequence(), position.hash()});
  }
  if (rows.empty()) return;
  database_
      .Write([&](store::Connection& connection) {
        return connection.InsertRows("metrics_position", {"journal", "sequence", "hash"}, rows,
                                     store::OnConflict::kReplace, {"journal"});
      })
      .IgnoreError();
}

}  // namespace critac::metrics
