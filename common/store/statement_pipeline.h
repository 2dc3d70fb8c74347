#ifndef COMMON_STORE_STATEMENT_PIPELINE_H_
#define COMMON_STORE_STATEMENT_PIPELINE_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/database.h"

namespace critac::store {

// Sends statements to a server one after the other, without waiting for what becomes of each: a transaction that
// writes to several tables waits once. Used by one thread at a time.
class StatementPipeline {
 public:
  virtual ~StatementPipeline() = default;

  // Sends a statement with its values, which are copied. `key` tells its text from all others of the session; `sql`
  // makes the text where it was not sent before. Its failure shows in Await. INVALID_ARGUMENT: a text holds a NUL byte;
  // INTERNAL, reason WRONG_STATEMENT: the text, or the number of values.
  virtual absl::Status Send(absl::string_view key, absl::FunctionRef<std::string()> sql,
                            absl::Span<const Value* const> values) = 0;

  // Waits for all that was sent since the last call. The first failure, after which nothing took effect that was sent
  // later. Nothing was sent: OK, at once.
  virtual absl::Status Await() = 0;

  // Whether the session must not be used any more, though its connection stands: it did not end what was sent.
  virtual bool is_broken() const = 0;
};

}  // namespace critac::store

#endif  // COMMON_STORE_STATEMENT_PIPELINE_H_
