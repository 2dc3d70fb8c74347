#ifndef SERVICES_MATCHING_SNAPSHOT_H_
#define SERVICES_MATCHING_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/civil_time.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/pool.h"

namespace critac::matching {

// The records a pool is made of, at one position of the journal, in hand: to be changed and tried.
struct Snapshot {
  // Event after which the records were like this, and the number of the solver's input then.
  int64_t sequence = 0;
  int64_t revision = 0;
  int64_t gates_revision = 0;
  absl::CivilDay today;
  v1::Policy policy;
  // Null: an empty one.
  std::shared_ptr<const intake::v1::Catalog> catalog;
  std::vector<v1::Partner> partners;
  std::vector<v1::Expert> experts;
  std::vector<v1::Conflict> conflicts;
  std::vector<v1::Identity> identities;
  // Those open for matching.
  std::vector<v1::Demand> demands;
  std::vector<v1::CapacityUse> uses;
  // Of open offers, each with its `offer`.
  std::vector<v1::Assignment> held;
  // Those that stand.
  std::vector<v1::Proposal> proposals;

  // Points into the snapshot.
  PoolInput Input() const;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SNAPSHOT_H_
