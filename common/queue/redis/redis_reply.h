#ifndef COMMON_QUEUE_REDIS_REDIS_REPLY_H_
#define COMMON_QUEUE_REDIS_REDIS_REPLY_H_

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

struct redisReply;

namespace critac::queue::redis {

// A part of a reply. Reading it as what it is not gives nothing: 0, empty, no elements.
class Value {
 public:
  explicit Value(const redisReply* reply) : reply_(reply) {}

  bool is_error() const;
  bool is_nil() const;
  int64_t integer() const;
  // Also of an error or a status.
  absl::string_view text() const;
  size_t size() const;
  // The element at `i`, which may be past the end: then nil.
  Value operator[](size_t i) const;

 private:
  const redisReply* reply_;
};

struct FreeReply {
  void operator()(redisReply* reply) const;
};

// A reply of the server.
class Reply {
 public:
  explicit Reply(redisReply* reply) : reply_(reply) {}

  // As long as this lives.
  Value value() const { return Value(reply_.get()); }

 private:
  std::unique_ptr<redisReply, FreeReply> reply_;
};

}  // namespace critac::queue::redis

#endif  // COMMON_QUEUE_REDIS_REDIS_REPLY_H_
