#ifndef COMMON_STORE_DATABASE_H_
#define COMMON_STORE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/store/commit_watch.h"
#include "common/store/wait.h"

// SQL behind one handle: SQLite on one machine, PostgreSQL past it, one dialect. SOCI is seen in
// this folder only.
namespace critac::store {

// What is bound to a statement: NULL, a 64-bit integer, a floating-point number, or UTF-8 text, its
// own or one that stands elsewhere, is not copied, and must outlive the call it is given to.
using Value = std::variant<std::nullptr_t, int64_t, double, std::string, const std::string*>;

// One row of a result. Columns count from 0; an index past the last aborts.
class Row {
 public:
  struct Column {
    bool null = false;
    std::string text;
  };
  explicit Row(std::vector<Column> columns) : columns_(std::move(columns)) {}

  size_t size() const { return columns_.size(); }
  bool IsNull(size_t column) const { return columns_.at(column).null; }
  // The text of a column; of a number, its decimal form; empty for NULL.
  const std::string& Text(size_t column) const { return columns_.at(column).text; }
  // The integer in a column; 0 for NULL and for text that is none.
  int64_t Int(size_t column) const;
  // The number in a column, of which SQLite gives 15 significant digits; 0 for NULL and for text
  // that is none.
  double Real(size_t column) const;

 private:
  // Fills one row over and over.
  friend class PreparedStatement;

  std::vector<Column> columns_;
};

// What an insert does with a row whose primary key is there already.
enum class OnConflict {
  kFail,     // ALREADY_EXISTS, and the transaction is lost
  kReplace,  // the new row's columns take the old one's place; each key comes once in a call
  kIgnore,   // the old row stays
};

// Rows of a table, as many as come at a time though their texts may be long. Its texts are the program's, never a
// caller's.
struct PageQuery {
  // What comes of each row.
  std::vector<std::string> columns;
  // The place in `columns` of the text that may be long.
  size_t long_column = 0;
  std::string table;
  // Condition that chooses the rows, with parameters `:p1`, `:p2`, …; empty: all.
  std::string where;
  // Columns, of those above, in whose order the rows come: each has others than every other. `DESC` may follow one.
  std::string order;
  // At most so many rows, from 1, and so many bytes of their long texts together; but the first row whatever it has.
  int64_t rows = 1;
  int64_t bytes = 0;
};

// A connection inside a transaction. Used by one thread at a time; never outlives the function it
// was handed to.
//
// Statements name their parameters `:p1`, `:p2`, … in order; each is used once, 32,766 at most.
// Prepared statements are kept by their text, so texts must not be made of values.
//
// Errors: ALREADY_EXISTS (a unique key), FAILED_PRECONDITION (another constraint), ABORTED
// (serialization, deadlock), UNAVAILABLE (busy past the timeout, connection lost),
// RESOURCE_EXHAUSTED (disk full), PERMISSION_DENIED (read-only), DATA_LOSS (corrupt),
// INVALID_ARGUMENT (text with a NUL byte), INTERNAL (anything else, for example wrong SQL). After
// an error the transaction is lost: whatever it is asked next gives the same error, and it is
// undone, whatever `body` returns.
class Connection {
 public:
  virtual ~Connection() = default;

  // Runs a statement and returns how many rows it changed.
  virtual absl::StatusOr<int64_t> Execute(absl::string_view sql,
                                          absl::Span<const Value> parameters = {}) = 0;

  // Runs a statement whose outcome nothing that follows depends on. Where a server would be waited for, it is sent
  // together with what comes next, and its failure shows there, with the commit at the latest.
  virtual absl::Status ExecuteLater(absl::string_view sql,
                                    absl::Span<const Value> parameters = {}) = 0;

  // Runs a query and hands over each row, which holds until `each` returns; stops at the first
  // error of `each`, which it returns and which leaves the transaction whole. `each` may use the
  // connection.
  virtual absl::Status Query(absl::string_view sql, absl::Span<const Value> parameters,
                             absl::FunctionRef<absl::Status(const Row&)> each) = 0;

  // The first rows that `page` asks for; `parameters` are those of its condition. `each` as above; it may be given a
  // column more than asked for. No more is in memory at once than the page, which may end before the rows do. Whether
  // it ended for its bytes, before a row that its number of rows has room for.
  virtual absl::StatusOr<bool> QueryPage(const PageQuery& page, absl::Span<const Value> parameters,
                                         absl::FunctionRef<absl::Status(const Row&)> each) = 0;

  // Runs a query by itself within a write transaction, and keeps other processes from changing or
  // locking its rows until the transaction ends; waits for those who have.
  virtual absl::Status QueryForUpdate(absl::string_view sql, absl::Span<const Value> parameters,
                                      absl::FunctionRef<absl::Status(const Row&)> each) = 0;

  // Tells the watches of all processes (Database::Watch) of this transaction, when it is committed.
  virtual absl::Status Announce() = 0;

  // The whole result.
  absl::StatusOr<std::vector<Row>> QueryAll(absl::string_view sql,
                                            absl::Span<const Value> parameters = {});

  // Inserts rows, many with one statement, in order; as with ExecuteLater, a failure may show
  // later. `table` and `columns` are identifiers of the program, never of a caller. With kReplace
  // and kIgnore, `key` names the columns of the primary key. Every row has a value for each column;
  // INTERNAL where one has not, and no row is in.
  virtual absl::Status InsertRows(absl::string_view table, absl::Span<const std::string> columns,
                                  absl::Span<const std::vector<Value>> rows,
                                  OnConflict on_conflict = OnConflict::kFail,
                                  absl::Span<const std::string> key = {}) = 0;
};

// A step of the schema. Never edited after it shipped; a new step is added instead.
struct Migration {
  // 1, 2, 3, … within `component`.
  int number;
  // Who owns the tables: `journal`, `intake`, …
  std::string component;
  // Statements, separated by semicolons.
  std::string sql;
  // 0: it expands. Programs that do not know it go on: tables and columns that they use stay as they were, and a row
  // that they write is complete, since each new column has a default.
  // Otherwise it contracts: it takes away or changes what programs used that know fewer steps of `component` than
  // this many. These must not run any more, and are refused. 1 to `number`.
  int needs = 0;
};

enum class Backend { kSqlite, kPostgresql };

struct DatabaseOptions {
  // `sqlite:PATH`, or `postgresql://[USER[:PASSWORD]@]HOST[:PORT][,…]/NAME[?PARAMETER=VALUE&…]` as
  // libpq takes it; of several hosts, the one that takes writes.
  std::string url;
  // Connections that read beside the writer, 1 to 64; whoever reads when all are in use waits.
  int readers = 4;
  // How long a statement waits for a lock of another process.
  absl::Duration busy_timeout = absl::Seconds(5);
  // How long a write may leave its transaction alone before a server undoes it (PostgreSQL): a process that is
  // frozen would otherwise keep what it locked from all others. Longer than any decision takes.
  // absl::InfiniteDuration(): for as long as it likes, and a read too, whatever the server is set to.
  absl::Duration longest_pause = absl::Seconds(30);
  // How long a commit of any process of this user may be under way before CheckWritable says that the database
  // takes no writes (PostgreSQL): it then waits for a disk that hangs, or for a standby that is away.
  absl::Duration longest_commit = absl::Seconds(10);
  // Dates the migrations.
  const Clock* clock = &SystemClock::Instance();
  // How Migrate waits for what other processes hold (PostgreSQL), and who is told of it.
  WaitOptions migration_wait = {};
};

// A database. Thread-safe.
//
// On SQLite: WAL, synchronous=FULL, one writing connection, readers beside it that never wait for
// the writer.
//
// On PostgreSQL: the same connections, writes at READ COMMITTED: where several processes write, those
// that depend on each other lock a row first (QueryForUpdate). A connection that is lost is made anew by
// the next call, also to another host of the URL. UNAVAILABLE after `body` ran may be a transaction that
// was committed: nobody can tell.
class Database {
 public:
  // Opens, or creates, the database; its folder must be there. INVALID_ARGUMENT: the options;
  // UNAVAILABLE or PERMISSION_DENIED: it cannot be opened for writing; DATA_LOSS: the file is no
  // database; FAILED_PRECONDITION (DATABASE_LOCALE): its texts are not ordered by their bytes; with
  // the path or address and the cause.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  virtual ~Database() = default;

  virtual Backend backend() const = 0;

  // Runs `body` in a read-only transaction, which sees one state of the database throughout.
  // PERMISSION_DENIED: `body` wrote. `body` must not call Read of the same database: with all
  // connections in use, it would wait for itself.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Connection&)> body) = 0;

  // As Read, but each query may see a later state than the one before: for one query, or where that does not matter.
  // Saves a server two round trips. `body` is run once more where the connection turns out to be lost.
  virtual absl::Status ReadLoosely(absl::FunctionRef<absl::Status(Connection&)> body) {
    return Read(body);
  }

  // Runs `body` in a write transaction: committed durably when `body` returns OK and this returns
  // OK; undone otherwise. Writers of this process take turns; INTERNAL: `body` called Write or
  // Migrate. On SQLite the write lock is held from the start.
  virtual absl::Status Write(absl::FunctionRef<absl::Status(Connection&)> body) = 0;

  // Applies those steps that are not yet applied, in the order given, each in a transaction, under
  // a lock against other processes; steps of components that are not given are left alone.
  // FAILED_PRECONDITION, and nothing is applied: a step that was applied has another text now
  // (MIGRATION_CHANGED), or a step of a later version contracted and needs steps that the program does not
  // know (DATABASE_NEWER); steps of later versions that expand are left alone. INVALID_ARGUMENT: the
  // numbers of a component are not 1, 2, 3, … in order, or a step needs one after it.
  virtual absl::Status Migrate(absl::Span<const Migration> migrations) = 0;

  // Tells of announced commits of other processes. Null where only one process can have the database.
  virtual std::unique_ptr<CommitWatch> Watch() = 0;

  // Whether it can be written to now, for readiness: a write that is undone, on SQLite as far as to the
  // disk. OK, or why not. On PostgreSQL it waits for no other write, of this process or another, nor for
  // what these wait for; but where a commit does not end (DatabaseOptions::longest_commit): UNAVAILABLE.
  virtual absl::Status CheckWritable() = 0;
};

}  // namespace critac::store

#endif  // COMMON_STORE_DATABASE_H_
