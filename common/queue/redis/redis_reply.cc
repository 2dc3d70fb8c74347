#include "common/queue/redis/redis_reply.h"

#include <hiredis/hiredis.h>

namespace critac::queue::redis {

bool Value::is_error() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }

bool Value::is_nil() const { return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL; }

int64_t Value::integer() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_INTEGER ? reply_->integer : 0;
}

absl::string_view Value::text() const {
  if (reply_ == nullptr || reply_->str == nullptr) return {};
  return {reply_->str, reply_->len};
}

size_t Value::size() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY ? reply_->elements : 0;
}

Value Value::operator[](size_t i) const { return Value(i < size() ? reply_->element[i] : nullptr); }

void FreeReply::operator()(redisReply* reply) const { freeReplyObject(reply); }

}  // namespace critac::queue::redis
