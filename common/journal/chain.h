#ifndef COMMON_JOURNAL_CHAIN_H_
#define COMMON_JOURNAL_CHAIN_H_

#include <string>

#include "absl/time/time.h"
#include "common/journal/journal.h"

namespace critac::journal {

// Checks events one after the other, from the first of a journal on.
class ChainCheck {
 public:
  ChainCheck() { head_.time = absl::InfinitePast(); }

  // Takes the next event. Returns what does not fit between it and the one before, and the event is not
  // taken; empty where all does.
  std::string Add(const Event& event);

  // Of the last event that was taken; sequence 0 and a time of the infinite past where none was.
  const Position& head() const { return head_; }

 private:
  Position head_;
};

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_CHAIN_H_
