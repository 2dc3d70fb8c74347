#ifndef SERVICES_MATCHING_DETOUR_H_
#define SERVICES_MATCHING_DETOUR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "services/matching/canonical.h"
#include "services/matching/transport.h"

namespace critac::matching {

// A pair or an arc that carries one unit more, or one less.
struct UnitChange {
  UnitArc unit;
  int by = 1;
};

// What it would cost to have a pair in a cheapest transport that does not have it, and who would go
// where. A unit forced through a pair comes back to its row along the shortest way of the residual
// graph; so the cost is exact: the pair's reduced cost and the length of that way. One search from a
// row gives the costs of all its pairs.
class Detours {
 public:
  // No way: where no transport has the pair.
  static constexpr int64_t kNone = INT64_MAX;

  // The problem and the transport, a cheapest one, must outlive it. Not for several threads at once.
  Detours(const TransportProblem& problem, const Transport& transport);
  ~Detours();
  Detours(const Detours&) = delete;
  Detours& operator=(const Detours&) = delete;

  // How much dearer the cheapest transport with the pair is; 0 where it carries a unit. It is quick for
  // further pairs of the same row.
  int64_t CostOf(int32_t pair);
  // What such a transport does otherwise: first this pair, then what makes place for it, along the way
  // back to its row. Nothing where it carries a unit, or no transport has it.
  std::vector<UnitChange> ChangesFor(int32_t pair);

  // What a unit more costs at the least, others making way, from a row, a room, or done (one that is done
  // or open comes back) to a room; kNone: it cannot come there. Quick for further ones to the same room.
  int64_t CostFromRow(int32_t row, int32_t to_room);
  int64_t CostFromRoom(int32_t room, int32_t to_room);
  int64_t CostFromDone(int32_t to_room);
  // The same from a room to done; quick for further rooms.
  int64_t CostToDone(int32_t room);

 private:
  class Search;
  std::unique_ptr<Search> search_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_DETOUR_H_
