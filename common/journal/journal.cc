#include "common/journal/journal.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "common/base/sha256.h"
#include "common/base/together.h"
#include "common/journal/batch.h"
#include "common/journal/command_loop.h"
#include "common/journal/derivation.h"
#include "common/journal/json_text.h"
#include "common/journal/projections.h"
#include "common/journal/record_cache.h"
#include "common/journal/replay.h"
#include "common/journal/sql_list.h"
#include "common/journal/tables.h"
#include "common/journal/vault.h"
#include "common/status/error.h"
#include "common/store/migrate.h"
#include "google/protobuf/descriptor.h"

namespace critac::journal {
namespace {

using google::protobuf::Message;
using store::Row;
using store::Value;

// Adds `condition`, whose parameters are numbered from 1, to `sql` and `parameters`.
void And(const store::Condition& condition, std::string& sql, std::vector<Value>& parameters) {
  if (condition.sql.empty()) return;
  absl::StrAppend(&sql, sql.empty() ? "(" : " AND (", condition.sql, ")");
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
}

// What a page token is bound to.
std::string ArgumentsOf(const ListQuery& query) {
  std::string text = absl::StrCat(query.collection, "\n", query.filter, "\n",
                                  query.descending ? "-" : "+", "\n", query.condition.sql);
  for (const Value& value : query.condition.parameters) {
    if (const auto* bound = std::get_if<std::string>(&value)) absl::StrAppend(&text, "\n", *bound);
    if (const auto* number = std::get_if<int64_t>(&value)) absl::StrAppend(&text, "\n", *number);
  }
  return text;
}

// How many of the first messages have at most `bytes` together; the first always counts.
size_t CountWithin(int64_t bytes, absl::Span<const std::unique_ptr<Message>> messages) {
  size_t count = 0;
  for (const auto& message : messages) {
    bytes -= static_cast<int64_t>(message->ByteSizeLong());
    if (bytes < 0 && count > 0) break;
    ++count;
  }
  return count;
}

// How often the head is looked at though nobody announced anything: a connection may have been lost.
constexpr absl::Duration kWatchInterval = absl::Seconds(1);

// Between two tries to fit the projections; those that waited before them pass.
constexpr absl::Duration kRestOfFit = absl::Milliseconds(50);

// Why a command is refused that only asks what was answered before.
constexpr absl::string_view kNotGiven = "NOT_GIVEN";

// Of the database's connections for reading, those that single states are read by.
constexpr int kReadingLanes = 2;

class SqlJournal final : public Journal {
 public:
  SqlJournal(JournalOptions options, std::unique_ptr<store::Database> database, const Clock& clock,
             IdSource& ids, int64_t head)
      : name_(std::move(options.name)),
        clock_(clock),
        repair_after_(options.repair_after),
        opening_wait_(std::move(options.opening_wait)),
        audience_{name_, &clock, std::move(options.derivation_observer)},
        projections_(std::move(options.projections)),
        shape_(Sha256Hex(projections_.shape())),
        apply_(std::move(options.apply)),
        database_(std::move(database)),
        records_(limits::kRememberedRecordBytes),
        loop_(*database_, projections_, apply_, records_, clock, ids, head),
        watch_(database_->Watch()) {
    if (watch_ != nullptr) watcher_ = std::thread([this] { WatchOthers(); });
  }
  ~SqlJournal() override { Stop(); }

  const std::string& name() const override { return name_; }
  store::Database& database() override { return *database_; }

  void Submit(Command command, Done done) override {
    loop_.Submit(std::move(command), std::move(done));
  }
  void AddListener(Listener listener) override { loop_.AddListener(std::move(listener)); }
  void Stop() override {
    loop_.Stop();
    if (!watcher_.joinable()) return;
    stopping_ = true;
    watch_->Wake();
    watcher_.join();
  }
  int64_t AwaitBeyond(int64_t sequence, absl::Duration timeout) override {
    return loop_.AwaitBeyond(sequence, timeout);
  }

  absl::Status GetInto(absl::string_view name, Message& state) override {
    Look now;
    return GetSince(now, name, state);
  }
  absl::StatusOr<Look> LookNow() override;
  std::optional<absl::Status> GetRemembered(const Look& look, absl::string_view name,
                                            Message& state) override;
  absl::Status GetSince(Look& look, absl::string_view name, Message& state) override;
  absl::Status ReadAhead(Look& look, absl::Span<const std::string> names) override;
  absl::Status ListInto(const ListQuery& query, absl::FunctionRef<Message&()> add,
                        std::string& next_page_token) override;
  absl::StatusOr<Position> ReadSelected(
      absl::Span<const Selection> selections, bool with_vault,
      absl::FunctionRef<void(const std::string& collection, const Message& state)> each) override;
  absl::StatusOr<Mark> ReadChanged(const Mark& since, absl::Span<const Selection> selections,
                                   bool with_vault, StateKeeper& keeper) override;
  absl::Status ReadAllAsOf(
      absl::Span<const int64_t> sequences, absl::Span<const std::string> collections,
      bool with_vault,
      absl::FunctionRef<void(int64_t sequence, const std::string& collection, const Message& state)>
          each,
      IsWanted is_wanted) override;
  absl::StatusOr<Position> Head() override;
  absl::StatusOr<std::vector<Event>> ReadEvents(int64_t from_sequence, int limit,
                                                absl::Span<const std::string> types,
                                                absl::string_view subject) override;
  absl::StatusOr<Verification> VerifyChain() override;
  absl::Status Rebuild() override;

  // Derives the projections anew where their rows were written with another shape than they have now; not where a
  // later version wrote them with columns or fields that this one does not know. `migrations` are all that it knows.
  absl::Status FitProjections(absl::Span<const store::Migration> migrations);

 private:
  // Follows what other processes write, so that those who wait for news get theirs too.
  void WatchOthers() {
    while (!stopping_) {
      watch_->Await(kWatchInterval);
      HeadRow head;
      // A text that was purged is forgotten with it, though nobody asks for it.
      const absl::Status read =
          database_->ReadLoosely([&](store::Connection& connection) -> absl::Status {
            return LookAtHead(connection, head).status();
          });
      if (!read.ok()) continue;
      loop_.Advance(head.sequence);
      // Where it fails, it is tried again with the next look.
      if (IsBehind(head)) Repair().IgnoreError();
    }
  }
  bool IsBehind(const HeadRow& head) const;
  absl::Status Repair();
  absl::Status Derive(store::Connection& connection) {
    return DeriveAndTell(connection, projections_, apply_, audience_);
  }

  // A record that is asked for.
  struct Get {
    const std::string name;
    const Projection& projection;
    // When it was as it was found; unset where that is not known.
    Look look = {};
    RecordPtr record = nullptr;
    absl::Status status = {};
  };
  absl::StatusOr<Look> LookAtHead(store::Connection& connection, HeadRow& head);
  absl::Status GetTogether(absl::Span<Get* const> gets);
  absl::Status ReadRecords(store::Connection& connection, const Projection& projection,
                           const std::map<std::string, std::vector<Get*>>& gets);

  using EachState = absl::FunctionRef<void(const std::string& name, const Message& state)>;
  absl::Status ReadCollection(store::Connection& connection, const Selection& selection,
                              bool with_vault, EachState each);
  absl::Status ReadNamed(store::Connection& connection, const Selection& selection,
                         const std::set<std::string>& names, bool with_vault, EachState each);

  const std::string name_;
  const Clock& clock_;
  const absl::Duration repair_after_;
  const store::WaitOptions opening_wait_;
  const DerivationAudience audience_;
  const Projections projections_;
  // Digest of its shape.
  const std::string shape_;
  const Apply apply_;
  const std::unique_ptr<store::Database> database_;
  RecordCache records_;
  CommandLoop loop_;
  // Null: no other process writes.
  const std::unique_ptr<store::CommitWatch> watch_;
  // Records that several threads ask for at once are read from a server together.
  Together<Get> gets_{kReadingLanes, limits::kStatesReadTogether};
  std::atomic<bool> stopping_{false};
  std::thread watcher_;
};

absl::StatusOr<Look> SqlJournal::LookNow() {
  Look look;
  RETURN_IF_ERROR(database_->ReadLoosely([&](store::Connection& connection) -> absl::Status {
    HeadRow head;
    ASSIGN_OR_RETURN(look, LookAtHead(connection, head));
    return absl::OkStatus();
  }));
  return look;
}

absl::StatusOr<Look> SqlJournal::LookAtHead(store::Connection& connection, HeadRow& head) {
  const Look place = records_.Place();
  ASSIGN_OR_RETURN(head, ReadHead(connection));
  const Look look{MarkOf(head), place.ticket};
  if (records_.Follow(look)) return look;
  ASSIGN_OR_RETURN(const auto changed, ReadChanges(connection, place.head, look.head));
  records_.Follow(place, look, changed);
  return look;
}

// Hands out what was found.
absl::Status Give(const RecordPtr& record, absl::string_view name, Message& state) {
  state.Clear();
  if (record == nullptr) return ResourceNotFound(state.GetTypeName(), name);
  state.CopyFrom(*record);
  return absl::OkStatus();
}

std::optional<absl::Status> SqlJournal::GetRemembered(const Look& look, absl::string_view name,
                                                      Message& state) {
  const std::optional<RecordPtr> known = records_.Find(look, name);
  if (!known.has_value()) return std::nullopt;
  return Give(*known, name, state);
}

absl::Status SqlJournal::GetSince(Look& look, absl::string_view name, Message& state) {
  if (std::optional<absl::Status> known = GetRemembered(look, name, state)) {
    return *std::move(known);
  }
  Get get{std::string(name), projections_.Of(name)};
  if (database_->backend() == store::Backend::kSqlite) {
    RETURN_IF_ERROR(GetTogether({&get}));
  } else {
    gets_.Do(get, 1, [this](int, absl::Span<Get* const> gets) {
      const absl::Status status = GetTogether(gets);
      if (status.ok()) return;
      for (Get* const one : gets) one->status = status;
    });
  }
  RETURN_IF_ERROR(get.status);
  look = std::move(get.look);
  return Give(get.record, name, state);
}

absl::Status SqlJournal::ReadAhead(Look& look, absl::Span<const std::string> names) {
  std::deque<Get> gets;  // a Get stays where it is
  std::vector<Get*> unknown;
  for (const std::string& name : names) {
    if (records_.Find(look, name).has_value()) continue;
    unknown.push_back(&gets.emplace_back(Get{name, projections_.Of(name)}));
  }
  if (unknown.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(GetTogether(unknown));
  look = gets.front().look;
  return absl::OkStatus();
}

// Sets what was found of each, or why it cannot be read.
absl::Status SqlJournal::GetTogether(absl::Span<Get* const> gets) {
  return database_->ReadLoosely([&](store::Connection& connection) -> absl::Status {
    HeadRow head;
    ASSIGN_OR_RETURN(const Look look, LookAtHead(connection, head));
    std::map<const Projection*, std::map<std::string, std::vector<Get*>>> unknown;
    for (Get* const get : gets) {
      // It may run a second time, after a first that was cut short.
      get->look = look;
      get->status = absl::OkStatus();
      if (std::optional<RecordPtr> known = records_.Find(look, get->name)) {
        get->record = *std::move(known);
      } else {
        unknown[&get->projection][get->name].push_back(get);
      }
    }
    if (unknown.empty()) return absl::OkStatus();
    for (const auto& [projection, by_name] : unknown) {
      RETURN_IF_ERROR(ReadRecords(connection, *projection, by_name));
    }
    // If nothing was written meanwhile, this is how they are at the head; on SQLite all is read of one state.
    if (database_->backend() != store::Backend::kSqlite) {
      ASSIGN_OR_RETURN(const HeadRow after, ReadHead(connection));
      if (MarkOf(after) != look.head) {
        // They may be younger, and what is read after them must not be older than they are.
        for (Get* const get : gets) get->look = {};
        return absl::OkStatus();
      }
    }
    for (const auto& [projection, by_name] : unknown) {
      for (const auto& [name, of_name] : by_name) {
        const Get& get = *of_name.front();
        if (get.status.ok()) records_.Put(look, name, get.record);
      }
    }
    return absl::OkStatus();
  });
}

// Reads records of one collection for those who ask for them, by name.
absl::Status SqlJournal::ReadRecords(store::Connection& connection, const Projection& projection,
                                     const std::map<std::string, std::vector<Get*>>& gets) {
  std::vector<Value> names;
  for (const auto& [name, of_name] : gets) names.emplace_back(&name);
  std::map<std::string, std::unique_ptr<Message>> found;
  std::vector<Message*> messages;
  RETURN_IF_ERROR(QueryInList(
      connection, absl::StrCat("SELECT name, body FROM ", projection.table, " WHERE name IN "),
      names, [&](const Row& row) -> absl::Status {
        std::unique_ptr<Message> record(projection.prototype->New());
        const absl::Status status = FromJsonText(row.Text(1), *record);
        for (Get* const get : gets.at(row.Text(0))) get->status = status;
        messages.push_back(record.get());
        found[row.Text(0)] = std::move(record);
        return absl::OkStatus();
      }));
  // Texts were there before what refers to them, and do not change.
  RETURN_IF_ERROR(JoinVault(connection, messages));
  for (const auto& [name, of_name] : gets) {
    const auto at = found.find(name);
    const RecordPtr record = at == found.end() ? nullptr : RecordPtr(std::move(at->second));
    for (Get* const get : of_name) get->record = record;
  }
  return absl::OkStatus();
}

// The states that were read of a collection, in the order of their rows.
struct StatesRead {
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Message>> states;

  absl::Status Add(const Row& row, const Projection& projection) {
    names.push_back(row.Text(0));
    states.emplace_back(projection.prototype->New());
    return Annotate(FromJsonText(row.Text(1), *states.back()), row.Text(0));
  }
  absl::Status JoinTexts(store::Connection& connection) const {
    std::vector<Message*> messages;
    for (const auto& state : states) messages.push_back(state.get());
    return JoinVault(connection, messages);
  }
};

absl::Status SqlJournal::ListInto(const ListQuery& query, absl::FunctionRef<Message&()> add,
                                  std::string& next_page_token) {
  const Projection& projection = projections_.OfCollection(query.collection);
  const std::string arguments = ArgumentsOf(query);
  std::string where;
  std::vector<Value> parameters;
  And(query.condition, where, parameters);
  And(query.visible, where, parameters);
  if (query.filter_fields != nullptr || !query.filter.empty()) {
    static const absl::flat_hash_map<std::string, store::FilterField> kNoFields;
    ASSIGN_OR_RETURN(
        const store::Condition filter,
        store::ParseFilter(query.filter, query.filter_fields ? *query.filter_fields : kNoFields,
                           static_cast<int>(parameters.size()) + 1));
    And(filter, where, parameters);
  }
  if (!query.page_token.empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                     store::ReadPageToken(query.page_token, arguments, 1));
    And({absl::StrCat("name ", query.descending ? "<" : ">", " :p", parameters.size() + 1),
         {Value(keys[0])}},
        where, parameters);
  }
  const int size = store::PageSize(query.page_size);
  const store::PageQuery page{.columns = {"name", "body"},
                              .long_column = 1,
                              .table = projection.table,
                              .where = where,
                              .order = query.descending ? "name DESC" : "name",
                              // One more tells whether there is another page.
                              .rows = int64_t{size} + 1,
                              .bytes = limits::kPageBytes};

  next_page_token.clear();
  return database_->ReadLoosely([&](store::Connection& connection) -> absl::Status {
    StatesRead read;
    ASSIGN_OR_RETURN(const bool is_cut, connection.QueryPage(page, parameters, [&](const Row& row) {
      return read.Add(row, projection);
    }));
    RETURN_IF_ERROR(read.JoinTexts(connection));
    // With their texts they may have more bytes than in their rows.
    const size_t count =
        std::min(static_cast<size_t>(size), CountWithin(limits::kPageBytes, read.states));
    if (is_cut || count < read.states.size()) {
      next_page_token = store::MakePageToken(arguments, {read.names[count - 1]});
    }
    // By swapping after the last page entry is complete: `add` may move what it handed out before.
    for (size_t i = 0; i < count; ++i) {
      Message& place = add();
      place.GetReflection()->Swap(&place, read.states[i].get());
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<Position> SqlJournal::ReadSelected(
    absl::Span<const Selection> selections, bool with_vault,
    absl::FunctionRef<void(const std::string& collection, const Message& state)> each) {
  Position position;
  RETURN_IF_ERROR(database_->Read([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(position, ReadHead(connection));
    for (const Selection& selection : selections) {
      RETURN_IF_ERROR(ReadCollection(
          connection, selection, with_vault,
          [&](const std::string&, const Message& state) { each(selection.collection, state); }));
    }
    return absl::OkStatus();
  }));
  return position;
}

absl::StatusOr<Mark> SqlJournal::ReadChanged(const Mark& since,
                                             absl::Span<const Selection> selections,
                                             bool with_vault, StateKeeper& keeper) {
  Mark mark;
  Mark from = since;
  RETURN_IF_ERROR(database_->Read([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const HeadRow head, ReadHead(connection));
    mark = MarkOf(head);
    // After a first run that was cut short, whose states may be lost with a fail-over, it starts over.
    const Mark before = std::exchange(from, Mark());
    if (mark == before) return absl::OkStatus();
    ASSIGN_OR_RETURN(const auto changed, ReadChanges(connection, before, mark));
    std::map<std::string, std::set<std::string>> names;
    if (changed.has_value()) {
      for (const std::string& name : *changed) names[std::string(CollectionOf(name))].insert(name);
    } else {
      keeper.StartOver();
    }
    for (const Selection& selection : selections) {
      const std::string& collection = selection.collection;
      const auto keep = [&](const std::string& name, const Message& state) {
        keeper.Keep(collection, name, state);
      };
      if (!changed.has_value()) {
        RETURN_IF_ERROR(ReadCollection(connection, selection, with_vault, keep));
        continue;
      }
      std::set<std::string> found;
      RETURN_IF_ERROR(ReadNamed(connection, selection, names[collection], with_vault,
                                [&](const std::string& name, const Message& state) {
                                  found.insert(name);
                                  keep(name, state);
                                }));
      for (const std::string& name : names[collection]) {
        if (!found.contains(name)) keeper.Drop(collection, name);
      }
    }
    return absl::OkStatus();
  }));
  return mark;
}

absl::Status SqlJournal::ReadCollection(store::Connection& connection, const Selection& selection,
                                        bool with_vault, EachState each) {
  const Projection& projection = projections_.OfCollection(selection.collection);
  const store::Condition& condition = selection.condition;
  std::string sql = absl::StrCat("SELECT name, body FROM ", projection.table);
  if (!condition.sql.empty()) absl::StrAppend(&sql, " WHERE ", condition.sql);
  absl::StrAppend(&sql, " ORDER BY name");
  StatesRead read;
  RETURN_IF_ERROR(connection.Query(sql, condition.parameters,
                                   [&](const Row& row) { return read.Add(row, projection); }));
  if (with_vault) RETURN_IF_ERROR(read.JoinTexts(connection));
  for (size_t i = 0; i < read.names.size(); ++i) each(read.names[i], *read.states[i]);
  return absl::OkStatus();
}

// Of the selected states those of these names.
absl::Status SqlJournal::ReadNamed(store::Connection& connection, const Selection& selection,
                                   const std::set<std::string>& names, bool with_vault,
                                   EachState each) {
  const Projection& projection = projections_.OfCollection(selection.collection);
  std::string sql = absl::StrCat("SELECT name, body FROM ", projection.table, " WHERE ");
  if (!selection.condition.sql.empty())
    absl::StrAppend(&sql, "(", selection.condition.sql, ") AND ");
  absl::StrAppend(&sql, "name IN ");
  std::vector<Value> values;
  for (const std::string& name : names) values.emplace_back(&name);
  StatesRead read;
  RETURN_IF_ERROR(QueryInList(
      connection, sql, values, [&](const Row& row) { return read.Add(row, projection); },
      selection.condition.parameters));
  if (with_vault) RETURN_IF_ERROR(read.JoinTexts(connection));
  for (size_t i = 0; i < read.names.size(); ++i) each(read.names[i], *read.states[i]);
  return absl::OkStatus();
}

absl::Status CheckAscending(absl::Span<const int64_t> sequences, int64_t head) {
  int64_t before = -1;
  for (const int64_t sequence : sequences) {
    if (sequence <= before || sequence > head) {
      return absl::InvalidArgumentError(absl::StrCat("event ", sequence, " is not in ", before + 1,
                                                     "..", head, ", as far as the journal goes"));
    }
    before = sequence;
  }
  return absl::OkStatus();
}

absl::Status SqlJournal::ReadAllAsOf(
    absl::Span<const int64_t> sequences, absl::Span<const std::string> collections, bool with_vault,
    absl::FunctionRef<void(int64_t sequence, const std::string& collection, const Message& state)>
        each,
    IsWanted is_wanted) {
  return database_->Read([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const Position head, ReadHead(connection));
    RETURN_IF_ERROR(CheckAscending(sequences, head.sequence));
    Replay states(projections_);
    int64_t applied = 0;
    for (const int64_t sequence : sequences) {
      if (!is_wanted()) return NotWanted();
      if (sequence > applied) {
        RETURN_IF_ERROR(states.Apply(connection, applied, sequence, apply_, is_wanted));
        applied = sequence;
      }
      for (const std::string& collection : collections) {
        std::vector<std::unique_ptr<Message>> copies;
        std::vector<Message*> messages;
        for (const auto& [name, state] : states.Of(collection)) {
          messages.push_back(copies.emplace_back(state->New()).get());
          messages.back()->CopyFrom(*state);
        }
        if (with_vault) RETURN_IF_ERROR(JoinVault(connection, messages));
        for (const auto& state : copies) each(sequence, collection, *state);
      }
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<Position> SqlJournal::Head() {
  Position head;
  RETURN_IF_ERROR(database_->ReadLoosely([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(head, ReadHead(connection));
    return absl::OkStatus();
  }));
  return head;
}

absl::StatusOr<std::vector<Event>> SqlJournal::ReadEvents(int64_t from_sequence, int limit,
                                                          absl::Span<const std::string> types,
                                                          absl::string_view subject) {
  std::vector<Event> events;
  int64_t bytes = 0;
  RETURN_IF_ERROR(database_->Read([&](store::Connection& connection) {
    return journal::ReadEvents(connection, from_sequence, limit, limits::kEventBytesPerMessage,
                               types, subject, [&](Event event) -> absl::StatusOr<bool> {
                                 bytes += static_cast<int64_t>(event.ByteSizeLong());
                                 if (bytes > limits::kEventBytesPerMessage && !events.empty()) {
                                   return false;
                                 }
                                 events.push_back(std::move(event));
                                 return true;
                               });
  }));
  return events;
}

absl::StatusOr<Verification> SqlJournal::VerifyChain() {
  Verification result;
  RETURN_IF_ERROR(database_->Read([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(result, VerifyEvents(connection));
    return absl::OkStatus();
  }));
  return result;
}

absl::Status SqlJournal::Rebuild() {
  const absl::Status status =
      database_->Write([this](store::Connection& connection) -> absl::Status {
        ASSIGN_OR_RETURN(const HeadRow head, LockHead(connection));
        ASSIGN_OR_RETURN(const std::string shape, ReadShape(connection));
        RETURN_IF_ERROR(Derive(connection));
        if (head.shape == shape_) return absl::OkStatus();
        // Those of another version go on without what this one knows nothing of.
        RETURN_IF_ERROR(NoteShape(connection, shape));
        return WriteBehind(connection, std::max(clock_.Now(), head.time));
      });
  loop_.ForgetStates();
  return status;
}

absl::Status SqlJournal::FitProjections(absl::Span<const store::Migration> migrations) {
  const auto fit = [&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const HeadRow head, LockHead(connection));
    ASSIGN_OR_RETURN(const std::string shape, ReadShape(connection));
    const bool fits = shape == projections_.shape();
    if (fits && head.shape == shape_ && head.behind_micros == 0) return absl::OkStatus();
    if (!fits && !projections_.Cover(shape)) {
      ASSIGN_OR_RETURN(const bool has_later_steps, store::HasLaterSteps(connection, migrations));
      // They are a later version's, and stay that one's, which derives anew what this one writes. Were each to take
      // them, it would spoil the other's columns and fields whenever it starts.
      if (has_later_steps || projections_.HaveFewerFieldsThan(shape)) return absl::OkStatus();
    }
    if (head.sequence > 0 && (!fits || head.behind_micros != 0)) return Derive(connection);
    return NoteShape(connection, projections_.shape());
  };
  if (watch_ == nullptr) return database_->Write(fit);
  // Another process may be at it.
  return store::RunPatiently(
      kRestOfFit, [&] { return database_->Write(fit); }, opening_wait_);
}

// Whether rows that others wrote can be derived anew: they have not written for so long that they are
// gone.
bool SqlJournal::IsBehind(const HeadRow& head) const {
  return head.shape == shape_ && head.behind_micros != 0 &&
         clock_.Now() - absl::FromUnixMicros(head.behind_micros) >= repair_after_;
}

absl::Status SqlJournal::Repair() {
  return database_->Write([this](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const HeadRow head, LockHead(connection));
    // Another process may have done it.
    if (!IsBehind(head)) return absl::OkStatus();
    return Derive(connection);
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(JournalOptions options,
                                                       std::unique_ptr<store::Database> database,
                                                       const Clock& clock, IdSource& ids) {
  const std::vector<store::Migration> migrations = AllMigrations(options, database->backend());
  RETURN_IF_ERROR(Annotate(database->Migrate(migrations), absl::StrCat("journal ", options.name)));
  Position head;
  RETURN_IF_ERROR(database->Read([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(head, ReadHead(connection));
    return absl::OkStatus();
  }));
  auto journal = std::make_unique<SqlJournal>(std::move(options), std::move(database), clock, ids,
                                              head.sequence);
  RETURN_IF_ERROR(
      Annotate(journal->FitProjections(migrations), absl::StrCat("journal ", journal->name())));
  return std::unique_ptr<Journal>(std::move(journal));
}

std::vector<store::Migration> AllMigrations(const JournalOptions& options, store::Backend backend) {
  std::vector<store::Migration> migrations = JournalMigrations(backend);
  migrations.insert(migrations.end(), options.migrations.begin(), options.migrations.end());
  return migrations;
}

absl::StatusOr<Position> RebuildProjections(store::Database& database,
                                            const JournalOptions& options, Progress progress) {
  const Projections projections(options.projections);
  Position head;
  RETURN_IF_ERROR(database.Write([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(head, LockHead(connection));
    return DeriveAndTell(connection, projections, options.apply,
                         {.journal = options.name, .observer = options.derivation_observer},
                         progress);
  }));
  return head;
}

absl::StatusOr<Answer> Journal::Execute(Command command) {
  absl::StatusOr<Answer> outcome = absl::UnknownError("not answered");
  absl::Notification answered;
  Submit(std::move(command), [&](absl::StatusOr<Answer> answer) {
    outcome = std::move(answer);
    answered.Notify();
  });
  answered.WaitForNotification();
  return outcome;
}

absl::StatusOr<std::optional<Answer>> Journal::FindAnswer(Command command) {
  // The loop finds the answer of before first, whoever gave it, so a command that is refused otherwise asks for it.
  command.reads.clear();
  command.guard = nullptr;
  command.decide = [](Draft&) {
    return Error(absl::StatusCode::kNotFound, kNotGiven, "the command was not given yet")
        .ToStatus();
  };
  absl::StatusOr<Answer> answer = Execute(std::move(command));
  if (answer.ok()) return std::optional<Answer>(*std::move(answer));
  if (ReasonOf(answer.status()) == kNotGiven) return std::optional<Answer>();
  return answer.status();
}

absl::StatusOr<Position> Journal::ReadAll(
    absl::Span<const std::string> collections, bool with_vault,
    absl::FunctionRef<void(const std::string& collection, const Message& state)> each) {
  std::vector<Selection> selections;
  for (const std::string& collection : collections) selections.push_back({collection});
  return ReadSelected(selections, with_vault, each);
}

}  // namespace critac::journal
