#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/sha256.h"
#include "common/journal/event_time.h"
#include "common/journal/journal.h"

namespace critac::journal {
namespace {

// A netstring: nothing in a field can be taken for the end of it.
void AppendNetstring(absl::string_view field, std::string& out) {
  absl::StrAppend(&out, field.size(), ":", field, ",");
}

}  // namespace

std::string HashEvent(const Event& event, absl::string_view previous_hash) {
  std::string text;
  text.reserve(event.payload().size() + 512);
  AppendNetstring(previous_hash, text);
  AppendNetstring(absl::StrCat(event.sequence()), text);
  AppendNetstring(absl::StrCat(RecordMicros(event)), text);
  AppendNetstring(event.actor(), text);
  AppendNetstring(event.subject(), text);
  AppendNetstring(event.type(), text);
  AppendNetstring(event.payload(), text);
  AppendNetstring(event.request_id(), text);
  return Sha256Hex(text);
}

}  // namespace critac::journal
