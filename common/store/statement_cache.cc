#include "common/store/statement_cache.h"

#include <utility>

namespace critac::store {

absl::StatusOr<std::unique_ptr<PreparedStatement>> StatementCache::Take(absl::string_view key,
                                                                        Make make) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return make();
  const auto entry = found->second;
  std::unique_ptr<PreparedStatement> statement = std::move(entry->statement);
  by_key_.erase(found);
  statements_.erase(entry);
  return statement;
}

void StatementCache::Put(absl::string_view key, std::unique_ptr<PreparedStatement> statement) {
  if (by_key_.contains(key)) return;
  statements_.push_front({std::string(key), std::move(statement)});
  by_key_[statements_.front().key] = statements_.begin();
  if (statements_.size() <= capacity_) return;
  by_key_.erase(statements_.back().key);
  statements_.pop_back();
}

}  // namespace critac::store
