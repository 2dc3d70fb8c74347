#ifndef COMMON_JOURNAL_JOURNAL_H_
#define COMMON_JOURNAL_JOURNAL_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/command.h"
#include "common/journal/record_cache.h"
#include "common/journal/states.h"
#include "common/store/database.h"
#include "common/store/filter.h"
#include "common/store/wait.h"
#include "critac/journal/v1/journal.pb.h"
#include "google/protobuf/message.h"

namespace critac::journal {

using v1::Event;

// An event that was committed, and its payload as a message, with references in its vault fields.
struct CommittedEvent {
  Event event;
  std::shared_ptr<const google::protobuf::Message> payload;
  // That of the command.
  std::string trace = {};
};
using Listener = std::function<void(absl::Span<const CommittedEvent>)>;

// Changes states by what an event says. `payload` is the event's, parsed, with references in its
// vault fields. Must be a function of its arguments alone: a rebuild calls it again for every
// event.
using Apply = std::function<void(MutableStates& states, const Event& event,
                                 const google::protobuf::Message& payload)>;

// How a derivation of all records goes: it begins, is told of again every limits::kWaitTold, and ends.
struct DerivationRecord {
  enum class Stage { kBegins, kGoesOn, kEnded };

  Stage stage = Stage::kBegins;
  // Name of the journal.
  std::string journal;
  // How many events were applied, of how many.
  int64_t events = 0;
  int64_t all_events = 0;
  absl::Duration elapsed;
  // Once it ended: why the records were not derived. OK: they were, and count once their transaction is committed.
  absl::Status status;
};
// Called on the thread that derives, which waits for it.
using DerivationObserver = std::function<void(const DerivationRecord&)>;

struct JournalOptions {
  // Name of the journal: `intake`, `matching`, `metrics`.
  std::string name;
  std::vector<Projection> projections;
  Apply apply;
  // Steps of the service's own tables, applied after the journal's.
  std::vector<store::Migration> migrations;
  // Where processes of an older version, which know other columns or fields, went on writing after a newer one
  // had opened the journal: how long after their last commit a newer one derives the projections anew.
  absl::Duration repair_after = absl::Minutes(1);
  // How Journal::Open waits for a process that has the records, and who is told of it; what its migrations wait for the
  // database tells (store::DatabaseOptions::migration_wait).
  store::WaitOptions opening_wait = {};
  // Told of each derivation of the records. Null: nobody is.
  DerivationObserver derivation_observer = nullptr;
};

// Where a page of a list begins and what is in it.
struct ListQuery {
  std::string collection;
  // Conditions of the caller, and the fields it may use.
  std::string filter;
  const absl::flat_hash_map<std::string, store::FilterField>* filter_fields = nullptr;
  // Conditions of the service, for example that an agency sees its own; SQL with `:pN` from 1.
  store::Condition condition;
  // Which of these the caller may see at this moment; `:pN` from where `condition` ends. A page token is
  // not bound to it: between two pages it may become another.
  store::Condition visible = {};
  int page_size = 0;
  std::string page_token;
  // Newest name first; otherwise by name.
  bool descending = false;
};

// Of a collection, the states that meet a condition of the service; SQL with `:pN` from 1.
struct Selection {
  std::string collection;
  store::Condition condition = {};
};

// Who keeps states in step with the journal (Journal::ReadChanged), under the names that they have there.
class StateKeeper {
 public:
  virtual ~StateKeeper() = default;

  // Drops all that is kept: every state that is selected follows.
  virtual void StartOver() = 0;
  // Keeps a state, in the place of that of before if there was one.
  virtual void Keep(const std::string& collection, const std::string& name,
                    const google::protobuf::Message& state) = 0;
  // Drops a state, which is gone or not selected any more. It may not be kept.
  virtual void Drop(const std::string& collection, const std::string& name) = 0;
};

struct Position {
  int64_t sequence = 0;
  std::string hash;
  absl::Time time;
};

// Asked now and then in the middle of a long work whether it is still wanted.
using IsWanted = absl::FunctionRef<bool()>;
inline bool AlwaysWanted() { return true; }

// What VerifyChain found.
struct Verification {
  int64_t event_count = 0;
  // 0: intact.
  int64_t broken_sequence = 0;
  std::string problem;
  std::string head_hash;
};

// A service's journal: every command goes through it, every event is in it, every state is derived
// from it. Thread-safe.
class Journal {
 public:
  // Brings the schema up to date and opens the journal; where a projection has other columns, or fields
  // of its messages, than its rows were written with, all are derived anew. Processes that have it open
  // already go on, and those of the version before that open it later do too, on the rows as they are: what
  // they write lacks the new columns and fields, until it is derived anew. FAILED_PRECONDITION: see
  // Database::Migrate. `clock` and `ids` must outlive it.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(JournalOptions options,
                                                       std::unique_ptr<store::Database> database,
                                                       const Clock& clock, IdSource& ids);
  virtual ~Journal() = default;

  virtual const std::string& name() const = 0;
  virtual store::Database& database() = 0;

  // ---- Commands ---------------------------------------------------------------------------------

  // Hands a command to the loop; `done` is called exactly once, when it is durable or refused, on a
  // thread of the journal: it must not block. RESOURCE_EXHAUSTED with RetryInfo: too many wait.
  // FAILED_PRECONDITION, EVENT_TOO_LARGE: an event of it would pass limits::kEventBytes. UNAVAILABLE: the commit
  // failed, or the journal stops; whether it took effect is settled by the same call with the same request id.
  virtual void Submit(Command command, Done done) = 0;
  // The same, waiting for the outcome.
  absl::StatusOr<Answer> Execute(Command command);
  // What a command with this request id and fingerprint was answered before; none: it was not given yet. Nothing
  // happens, neither `guard` nor `decide` is asked. For who would wait or compute before it gives the command. Errors
  // as of Submit, and INVALID_ARGUMENT, REQUEST_ID_REUSED.
  absl::StatusOr<std::optional<Answer>> FindAnswer(Command command);

  // Called after each commit with its events, in order, on a thread of the journal. Must not block.
  // For edges only: what is missed here is found by a reconciler. A listener hears of the commits after it
  // was added; it must not add another.
  virtual void AddListener(Listener listener) = 0;

  // Answers what waits, refuses what comes. Called by the destructor too.
  virtual void Stop() = 0;

  // ---- Records ----------------------------------------------------------------------------------

  // The state of a resource, with the text of its vault fields. NOT_FOUND: none of this name.
  template <typename T>
  absl::StatusOr<T> Get(absl::string_view name) {
    T state;
    if (absl::Status status = GetInto(name, state); !status.ok()) return status;
    return state;
  }
  virtual absl::Status GetInto(absl::string_view name, google::protobuf::Message& state) = 0;
  // Looks at the journal: what is remembered at this look is what a read that begins now would find.
  virtual absl::StatusOr<Look> LookNow() { return Look{}; }
  // As GetInto, of what is remembered. None: it is not, or the journal has moved on since.
  virtual std::optional<absl::Status> GetRemembered(const Look& look, absl::string_view name,
                                                    google::protobuf::Message& state) {
    return std::nullopt;
  }
  // As GetInto, as the state is at `look` or later. Sets `look` to when that is; one that is not set is now.
  virtual absl::Status GetSince(Look& look, absl::string_view name,
                                google::protobuf::Message& state) {
    return GetInto(name, state);
  }
  // Reads these at once, so that GetSince finds them remembered; whether there is one of each, it tells. Sets `look`
  // likewise.
  virtual absl::Status ReadAhead(Look& look, absl::Span<const std::string> names) {
    return absl::OkStatus();
  }

  // A page of states, with the text of their vault fields; `next_page_token` is empty after the
  // last. A page ends early where its states would pass limits::kPageBytes, as JSON without their texts or as
  // messages with them; a state that does so alone is a page of its own. What a page has no bytes for is not fetched.
  template <typename T>
  struct Page {
    std::vector<T> items;
    std::string next_page_token;
  };
  template <typename T>
  absl::StatusOr<Page<T>> List(const ListQuery& query) {
    Page<T> page;
    absl::Status status = ListInto(
        query, [&]() -> google::protobuf::Message& { return page.items.emplace_back(); },
        page.next_page_token);
    if (!status.ok()) return status;
    return page;
  }
  virtual absl::Status ListInto(const ListQuery& query,
                                absl::FunctionRef<google::protobuf::Message&()> add,
                                std::string& next_page_token) = 0;

  // All states of some collections, as they are at one position, which is returned: collection
  // after collection, each by name. Vault fields hold references (`with_vault` false) or text.
  absl::StatusOr<Position> ReadAll(
      absl::Span<const std::string> collections, bool with_vault,
      absl::FunctionRef<void(const std::string& collection, const google::protobuf::Message& state)>
          each);
  // The same of those selected. What a condition leaves out is not read, so that what is over, and grows with the
  // years, takes no time.
  virtual absl::StatusOr<Position> ReadSelected(
      absl::Span<const Selection> selections, bool with_vault,
      absl::FunctionRef<void(const std::string& collection, const google::protobuf::Message& state)>
          each) = 0;
  // The same for who keeps what was read: tells `keeper` which of the selected states changed after `since`, as they
  // are at one position, which is returned, to be given the next time. Where that is not known, `keeper` starts over:
  // `since` is not of this journal, as Mark() is not, or too long ago; texts were purged, or the projections derived
  // anew; a version that does not say what it changed has written. Selections are of different collections. After an
  // error what is kept is good for nothing: begin with Mark().
  virtual absl::StatusOr<Mark> ReadChanged(const Mark& since,
                                           absl::Span<const Selection> selections, bool with_vault,
                                           StateKeeper& keeper) = 0;

  // As ReadAll, as they were right after each of some events, ascending; 0 is before the first event.
  // All events up to the last of these are applied anew, once, so it takes as long as that many
  // events do. Texts purged since are empty. INVALID_ARGUMENT: they do not ascend, or the journal
  // does not reach so far. CANCELLED: `is_wanted`, asked before each of these events and at every
  // kProgressEvents-th, said no.
  virtual absl::Status ReadAllAsOf(
      absl::Span<const int64_t> sequences, absl::Span<const std::string> collections,
      bool with_vault,
      absl::FunctionRef<void(int64_t sequence, const std::string& collection,
                             const google::protobuf::Message& state)>
          each,
      IsWanted is_wanted) = 0;

  // ---- Events -----------------------------------------------------------------------------------

  // The last event's position.
  virtual absl::StatusOr<Position> Head() = 0;

  // Up to `limit` events from `from_sequence` on (1 is the first), with at most
  // limits::kEventBytesPerMessage together, but for one that passes them alone; only of `types` and `subject` where
  // given.
  virtual absl::StatusOr<std::vector<Event>> ReadEvents(int64_t from_sequence, int limit,
                                                        absl::Span<const std::string> types = {},
                                                        absl::string_view subject = "") = 0;

  // Waits until the head is beyond `sequence`, or `timeout` has passed, or Stop; returns the head.
  virtual int64_t AwaitBeyond(int64_t sequence, absl::Duration timeout) = 0;

  // Recomputes every hash from the first event on.
  virtual absl::StatusOr<Verification> VerifyChain() = 0;

  // Derives every projection anew from the events and puts it in the old one's place, in one
  // transaction.
  virtual absl::Status Rebuild() = 0;
};

// Reads the records that one call needs: each as it is when it is read, or as it was when the one before was. So where
// all are remembered, the database is asked once, whatever their number; and none is older than one that was read
// before it. Not thread-safe.
class Records {
 public:
  explicit Records(Journal& journal) : journal_(journal) {}
  // Gives what is remembered at `look`, and nothing else: see is_wanting.
  Records(Journal& journal, Look look)
      : journal_(journal), look_(std::move(look)), remembered_only_(true) {}

  // As Journal::Get and GetInto.
  template <typename T>
  absl::StatusOr<T> Get(absl::string_view name) {
    T state;
    if (absl::Status status = GetInto(name, state); !status.ok()) return status;
    return state;
  }
  absl::Status GetInto(absl::string_view name, google::protobuf::Message& state) {
    if (!remembered_only_) return journal_.GetSince(look_, name, state);
    if (const std::optional<absl::Status> known = journal_.GetRemembered(look_, name, state)) {
      return *known;
    }
    is_wanting_ = true;
    return absl::UnavailableError("the record is not remembered");
  }

  // For who is about to Get all of these: reads what is not remembered of them at once, not one by one.
  absl::Status ReadAhead(absl::Span<const std::string> names) {
    return remembered_only_ ? absl::OkStatus() : journal_.ReadAhead(look_, names);
  }

  // Whether something was asked for that is not remembered: then what was made of the rest counts for nothing.
  bool is_wanting() const { return is_wanting_; }

 private:
  Journal& journal_;
  Look look_;
  const bool remembered_only_ = false;
  bool is_wanting_ = false;
};

// Told of how far a long work on events is: the sequence of one that was done.
using Progress = absl::FunctionRef<void(int64_t sequence)>;
inline void NoProgress(int64_t) {}
// How many events are between two calls.
inline constexpr int64_t kProgressEvents = 256;

// Does what Journal::Rebuild does to the database of a journal that is not open, brought up to date
// before; returns its head. Processes that have it open remember states: they are to be started anew.
absl::StatusOr<Position> RebuildProjections(store::Database& database,
                                            const JournalOptions& options,
                                            Progress progress = NoProgress);

// All steps of a journal's database, in order: those of the journal's tables and of the service's own.
std::vector<store::Migration> AllMigrations(const JournalOptions& options, store::Backend backend);

// SHA-256 of an event and of the hash before it, as `common/journal/README.md` describes,
// lower-case hexadecimal. The first event's hash before it is empty.
std::string HashEvent(const Event& event, absl::string_view previous_hash);

// The tables that Journal::Open makes: for tests and tools.
std::vector<store::Migration> JournalMigrations(store::Backend backend);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_JOURNAL_H_
