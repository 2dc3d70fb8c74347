#ifndef TESTS_PROCESS_LEDGER_H_
#define TESTS_PROCESS_LEDGER_H_

#include <set>
#include <string>
#include <vector>

#include "critac/journal/v1/journal.pb.h"

namespace critac::testing {

// What callers of a center were told is on record. Each of these has consequences that jobs bring
// about; what is not here was refused, and has none.
struct Acknowledged {
  // Requests led to ready, and those of them that were withdrawn again. All others are taken to the
  // end: matched, delivered.
  std::set<std::string> ready;
  std::set<std::string> withdrawn;
  // Offers.
  std::set<std::string> accepted;
  std::set<std::string> declined;
  // Offers that nobody answered, or could answer any more, since their expert had left.
  std::set<std::string> taken_back;
  // Engagements with the one delivery of theirs.
  std::set<std::string> delivered;
  // Engagements of which one who took part has answered the survey.
  std::set<std::string> surveyed;
  // Reports asked for.
  std::set<std::string> reports;
  // External ids of past requests that were imported.
  std::set<std::string> imported;
};

// All events of each service, in order.
struct Journals {
  std::vector<journal::v1::Event> intake;
  std::vector<journal::v1::Event> matching;
  std::vector<journal::v1::Event> metrics;
};

// Compares what must have happened with what has: one sentence for each thing that is missing, there
// twice, or there without a cause. Empty: every effect is on record exactly once.
//
// - Every number of a journal from 1 on is there once, in order.
// - What was acknowledged is on record once, and nothing else of its kind is.
// - Matching follows each ready request once, and none that never was. One that is withdrawn it
//   follows at most once, and then lets go once.
// - A request has one standing proposal at a time; a proposal is decided at most once; nobody is
//   asked twice at once for the same place.
// - An offer whose expert left is taken back once, unless its request was withdrawn before.
// - Each request taken to the end is agreed once, and recorded as matched, begun and delivered by
//   matching once; its engagement is settled once.
// - Each report is finished once, and done.
// - Each past request that was imported is on record once, however often its import was begun.
std::vector<std::string> Amiss(const Acknowledged& acknowledged, const Journals& journals);

}  // namespace critac::testing

#endif  // TESTS_PROCESS_LEDGER_H_
