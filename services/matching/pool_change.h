#ifndef SERVICES_MATCHING_POOL_CHANGE_H_
#define SERVICES_MATCHING_POOL_CHANGE_H_

#include <cstdint>
#include <tuple>

#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool.h"

namespace critac::matching {

// One change of what a pool rests on. `kind` says what the others mean:
//
//   EXPERT_PERIOD, EXPERT_OPEN    the expert has `to` assignments
//   PARTNER_PERIOD                the partner has `to` assignments a period
//   PARTNER_SHARE                 the partner's maximum share is `to` millionths; it has a share
//   WINDOW_END, NEEDED_BY         the slot's window ends, or its request needs help, on day `to`
//   AVAILABILITY                  the expert is free on day `to`
//   TRAVEL                        the expert travels `to` kilometers
//   MODE                          the expert works on site (`to` is 1) or virtually (0)
//   ACTIVE                        the expert takes part
//   LANGUAGE                      the expert speaks the slot's language
//   CREDENTIAL                    the expert holds the slot's credential through day `to`
//   TOPIC                         the expert holds the slot's topic at level `to`
//   URGENCY                       the urgency of the slot's request is `to`
//   UNASSIGNED_PRICE              the policy's price is `to`
//   PROGRAM_OPEN                  the program has `to` assignments open at once
struct PoolChange {
  v1::RemedyKind kind = v1::REMEDY_KIND_UNSPECIFIED;
  // How large it is, in the unit of v1::RemedyChange.
  int64_t amount = 0;
  // Rows; -1 where they are not meant. What is done to an expert for a slot's sake names both.
  int expert = -1;
  int partner = -1;
  int slot = -1;
  // The period in which the room is missing; it changes nothing by itself.
  int32_t period = 0;
  int64_t to = 0;

  // Changes of the same target set the same thing.
  auto target() const { return std::make_tuple(kind, expert, partner, slot); }
  friend auto operator<=>(const PoolChange&, const PoolChange&) = default;
};

// Makes the change of an expert in a row of the pool. Other kinds change nothing.
void ChangeExpert(const Pool& pool, const PoolChange& change, ExpertRow& expert);

// The pool as it would be built of messages so changed; rows keep their numbers.
Pool Changed(const Pool& pool, absl::Span<const PoolChange> changes);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POOL_CHANGE_H_
