#ifndef SERVICES_MATCHING_MEMORY_NEED_H_
#define SERVICES_MATCHING_MEMORY_NEED_H_

#include <cstdint>

// How much memory matching needs for a solve. Bytes of pairs are computed from the data structures; those of slots and
// experts are estimates, made by hand from the fields of their rows and messages, until they are measured.
// deploy/README.md has the table under "Capacity", tests/kustomize/policy_test.py compares it and the limit of the
// manifests with these numbers, and `matching_bench memory` compares what is measured.
namespace critac::matching {

// Of an eligible pair, in a plan that is kept: its Pair (40), and in the network its room (4), kept arc (4), arc (8),
// entry and cost (4 each), and the way back from its entry (4).
inline constexpr int64_t kPlanBytesPerPair = 68;

// Of an eligible pair while it is solved, at most: the plan's; its place in a second network, where limits overlap, of
// the best bound so far (28); its place in the order that MakeCanonical is given (8); and there, where all pairs cost
// alike, its TightArc (40), twice while the vector of them grows. The check comes after that and needs less: it prices
// each pair (32), also twice, beside the plan, and keeps what gates and score say of it (24) where there are cases.
inline constexpr int64_t kSolveBytesPerPair = 184;

// Of a slot, an estimate: its list of 256 cheapest pairs (24 each) at the longest, its record, its rows and its rooms.
inline constexpr int64_t kBytesPerSlot = 10 << 10;

// Of an expert with six topics and three services, an estimate: the record that is kept, some 1.7 KiB with its
// messages and texts; a row of the pool, half a KiB, twice where all are made anew beside those of before; and eight
// rooms of a network for periods and starts, a quarter of a KiB each, twice as well where limits overlap.
inline constexpr int64_t kBytesPerExpert = 7 << 10;

// A replica without pool and plan: 48 MiB at most in the main job, 16 MiB of remembered records, and five times
// limits::kCachedStateBytes.
inline constexpr int64_t kBaseBytes = 84 << 20;

// Of a replica that solves so much, one solve at a time.
constexpr int64_t SolveBytes(int64_t slots, int64_t experts, int64_t pairs) {
  return kBaseBytes + slots * kBytesPerSlot + experts * kBytesPerExpert +
         pairs * kSolveBytesPerPair;
}

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MEMORY_NEED_H_
