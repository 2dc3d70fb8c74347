#include "common/journal/replay.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/journal/json_text.h"
#include "common/journal/tables.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace critac::journal {
namespace {

using google::protobuf::Message;

absl::StatusOr<std::unique_ptr<Message>> ParsePayload(const Event& event) {
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
  if (type == nullptr) {
    return absl::DataLossError(
        absl::StrCat("event ", event.sequence(), " has the unknown type ", event.type()));
  }
  std::unique_ptr<Message> payload(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  RETURN_IF_ERROR(
      Annotate(FromJsonText(event.payload(), *payload), absl::StrCat("event ", event.sequence())));
  return payload;
}

}  // namespace

absl::Status ApplyEvents(store::Connection& connection, int64_t after, int64_t until,
                         const Apply& apply, MutableStates& states,
                         absl::FunctionRef<absl::Status(const Event& event)> applied) {
  return ReadAllEvents(connection, after, until, [&](const Event& event) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const std::unique_ptr<Message> payload, ParsePayload(event));
    apply(states, event, *payload);
    RETURN_IF_ERROR(applied(event));
    return true;
  });
}

absl::Status Replay::Apply(store::Connection& connection, int64_t after, int64_t until,
                           const journal::Apply& apply, IsWanted is_wanted) {
  return ApplyEvents(connection, after, until, apply, *this, [&](const Event& event) {
    if (event.sequence() % kProgressEvents != 0 || is_wanted()) return absl::OkStatus();
    return NotWanted();
  });
}

absl::Status NotWanted() { return absl::CancelledError("not wanted any more"); }

const Message* Replay::FindMessage(absl::string_view name) {
  const auto found = states_.find(name);
  return found == states_.end() ? nullptr : found->second.get();
}

Message& Replay::MutableMessage(absl::string_view name) {
  std::unique_ptr<Message>& state = states_[name];
  if (state == nullptr) state.reset(projections_.Of(name).prototype->New());
  return *state;
}

void Replay::Erase(absl::string_view name) { states_.erase(name); }

std::vector<std::pair<std::string, const Message*>> Replay::Of(absl::string_view collection) const {
  std::vector<std::pair<std::string, const Message*>> found;
  for (const auto& [name, state] : states_) {
    if (CollectionOf(name) == collection) found.emplace_back(name, state.get());
  }
  std::sort(found.begin(), found.end());
  return found;
}

absl::StatusOr<std::string> ReadShape(store::Connection& connection) {
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                   connection.QueryAll("SELECT shape FROM journal_shape WHERE id = 1"));
  return rows.empty() ? std::string() : rows[0].Text(0);
}

absl::Status NoteShape(store::Connection& connection, const std::string& shape) {
  RETURN_IF_ERROR(WriteShape(connection, Sha256Hex(shape)));
  return connection.InsertRows("journal_shape", {"id", "shape"}, {{int64_t{1}, shape}},
                               store::OnConflict::kReplace, {"id"});
}

}  // namespace critac::journal
