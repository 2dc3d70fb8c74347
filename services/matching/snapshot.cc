#include "services/matching/snapshot.h"

namespace critac::matching {

PoolInput Snapshot::Input() const {
  PoolInput input;
  input.today = today;
  input.policy = &policy;
  input.catalog = catalog.get();
  input.partners = partners;
  input.experts = experts;
  input.conflicts = conflicts;
  input.identities = identities;
  input.demands = demands;
  input.uses = uses;
  input.held = held;
  input.proposals = proposals;
  return input;
}

}  // namespace critac::matching
