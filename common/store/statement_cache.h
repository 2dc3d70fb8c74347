#ifndef COMMON_STORE_STATEMENT_CACHE_H_
#define COMMON_STORE_STATEMENT_CACHE_H_

#include <list>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/store/prepared_statement.h"

namespace critac::store {

// The statements of one connection that were used last, by a key; the one not used for the longest
// goes first.
class StatementCache {
 public:
  explicit StatementCache(size_t capacity) : capacity_(capacity) {}

  using Make = absl::FunctionRef<absl::StatusOr<std::unique_ptr<PreparedStatement>>()>;

  // Takes the statement of `key` out, or makes it. While it is out, the same key gives another one,
  // so that a query may run within itself.
  absl::StatusOr<std::unique_ptr<PreparedStatement>> Take(absl::string_view key, Make make);

  // Puts a statement in, to be taken again.
  void Put(absl::string_view key, std::unique_ptr<PreparedStatement> statement);

  size_t size() const { return statements_.size(); }

 private:
  struct Entry {
    std::string key;
    std::unique_ptr<PreparedStatement> statement;
  };

  const size_t capacity_;
  // The one used last is at the front.
  std::list<Entry> statements_;
  absl::flat_hash_map<absl::string_view, std::list<Entry>::iterator> by_key_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_STATEMENT_CACHE_H_
