#ifndef COMMON_STORE_PREPARED_STATEMENT_H_
#define COMMON_STORE_PREPARED_STATEMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/back_end.h"
#include "common/store/database.h"

namespace critac::store {

// A session with a database, through SOCI.
struct Session {
  const BackEnd* back_end;
  // What messages call the database.
  std::string database;
  std::unique_ptr<soci::details::session_backend> soci;

  static absl::StatusOr<std::unique_ptr<Session>> Connect(const BackEnd& back_end,
                                                          const std::string& connect_string,
                                                          std::string database);
  ~Session();
};

// A statement as the database has prepared it, run any number of times, one run at a time. It goes
// through the interface that SOCI keeps between its front end and its back ends: there a parameter
// takes a value of any type at each run, and errors carry no values.
class PreparedStatement {
 public:
  // `session` must outlive it.
  static absl::StatusOr<std::unique_ptr<PreparedStatement>> Prepare(Session& session,
                                                                    absl::string_view sql);
  ~PreparedStatement();
  PreparedStatement(const PreparedStatement&) = delete;
  PreparedStatement& operator=(const PreparedStatement&) = delete;

  int parameter_count() const;

  // Binds parameter `index`, from 0, for the next run. `value` must outlive that run.
  void Bind(int index, const Value& value);

  // Runs it with what is bound. For a query, row() is the first row where there is one.
  // INVALID_ARGUMENT: a text holds a NUL byte.
  absl::StatusOr<bool> Run();
  // Steps to the next row; returns whether there is one.
  absl::StatusOr<bool> Next();
  const Row& row() const;
  // Ends the run, so that nothing of its result is held. To be called after each run.
  void End();

  // Rows that an INSERT, UPDATE or DELETE changed; 0 of any other statement. After Run.
  int64_t changed_rows() const;

 private:
  class Soci;
  explicit PreparedStatement(std::unique_ptr<Soci> soci);

  const std::unique_ptr<Soci> soci_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_PREPARED_STATEMENT_H_
