#ifndef SERVICES_MATCHING_PROOF_SEARCH_H_
#define SERVICES_MATCHING_PROOF_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/matching/assign.h"
#include "services/matching/network.h"
#include "services/matching/plan_round.h"
#include "services/matching/pool.h"

namespace critac::matching {

// What no plan costs less than, and the prices that prove it.
struct ProvedBound {
  int64_t bound = 0;
  Prices prices;
};

// Looks for a cheapest plan, and for a proof that it is one, where an expert exceeds what they have open at once in the
// network that keeps all other limits. README.md says how ("The plan as a flow", 4. to 6.), and why what it finds is
// proved. It is a function of what it is given, as is how far it goes: time is counted in steps.
class ProofSearch {
 public:
  // The pool must outlive it. `limits`: those of the network to begin with, nothing allotted; prices in them are where
  // the search for better ones begins. `proved`: what is proved so far. `plan`: the cheapest known, or nothing.
  ProofSearch(const Pool& pool, SharedPairs pairs, NetworkLimits limits, ProvedBound proved,
              std::optional<Plan> plan);

  // Searches, once. `steps`: what it may take (Transport::steps, and what it takes to build a network), and then what
  // is left of that; the last network may pass it.
  absl::Status Run(int64_t& steps);

  // Whether every case was looked at, so that the plan is a cheapest, and there is none where none was found.
  bool complete() const { return complete_; }
  // The cheapest known, with the cases of its proof where it needs them and there is one; nothing: none was found. Who
  // asked gives it its network.
  std::optional<Plan>& plan() { return plan_; }
  // As without cases.
  ProvedBound& proved() { return proved_; }

 private:
  // A case, and what came of its networks.
  struct Node {
    // With the prices of room open at once that prove most.
    NetworkLimits limits;
    int64_t bound = std::numeric_limits<int64_t>::min();
    std::optional<Prices> prices;
    // No plan of the case has the pair that it must have.
    bool none_has_forced = false;
    // How it can be divided: by whom (-1: not known), of which the solution that proved most of those in which anybody
    // exceeds their limit has more than they can have together; and all periods in which they could start.
    int expert = -1;
    std::vector<std::pair<int32_t, int64_t>> fewer_than;
    std::vector<int32_t> periods;
    int64_t bound_of_division = 0;
    // Into which it is divided.
    std::vector<size_t> parts;
    bool is_written = false;
  };

  absl::Status Search();
  absl::Status Explore();
  absl::Status RaiseBound(Node& node, int most_networks);
  absl::Status Look(const Round& round, const std::vector<OpenUse>& uses, Node& node,
                    NetworkLimits& limits);
  bool MovePrices(const std::vector<OpenUse>& uses, int64_t bound, int halvings,
                  OpenPrices& prices) const;
  absl::Status Dive(NetworkLimits limits);
  absl::Status Divide(Node& node);
  void LeaveOutDearPairs();
  void Write(size_t index, std::vector<ProofCase>& cases);

  absl::StatusOr<Round> Solve(const NetworkLimits& limits);
  bool MayGoOn() const { return steps_left_ > 0 && networks_left_ > 0; }
  // Whether no plan of the case is cheaper than the cheapest known.
  bool IsProved(const Node& node) const;
  bool IsLimitKept(int expert, const std::vector<int32_t>& periods, const Allotted& allotted) const;
  void OfferFilled(Plan plan);

  const Pool& pool_;
  SharedPairs pairs_;
  ProvedBound proved_;
  std::optional<Plan> plan_;
  // More than room open at once is ever worth.
  int64_t most_open_price_ = 0;
  // Of which references are kept while there come more.
  std::deque<Node> nodes_;
  std::map<Allotted, size_t> known_;
  // Bounds and cases that are neither proved nor divided.
  std::set<std::pair<int64_t, size_t>> undecided_;
  int64_t steps_left_ = 0;
  int networks_left_ = 0;
  int dives_left_ = 0;
  bool complete_ = true;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PROOF_SEARCH_H_
