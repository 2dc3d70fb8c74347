#include "common/journal/chain.h"

#include "absl/strings/str_cat.h"
#include "common/journal/event_time.h"

namespace critac::journal {
namespace {

// What does not fit between an event and the one before; empty where all does.
std::string ProblemOf(const Event& event, const Position& before) {
  if (event.sequence() != before.sequence + 1) {
    return absl::StrCat("event ", event.sequence(), " follows event ", before.sequence);
  }
  if (FromTimestamp(event.record_time()) < before.time)
    return "it was recorded before the event it follows";
  if (HashEvent(event, before.hash) != event.hash()) return "its hash is not that of its content";
  return "";
}

}  // namespace

std::string ChainCheck::Add(const Event& event) {
  std::string problem = ProblemOf(event, head_);
  if (problem.empty()) {
    head_ = {event.sequence(), event.hash(), FromTimestamp(event.record_time())};
  }
  return problem;
}

}  // namespace critac::journal
