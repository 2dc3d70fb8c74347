#ifndef SERVICES_MATCHING_ELIGIBILITY_H_
#define SERVICES_MATCHING_ELIGIBILITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "critac/matching/v1/match.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/matching/pool.h"

// The gates: hard conditions for an expert in a slot, checked in the order of v1::Gate. An expert
// is out at the first gate that is not passed.
//
// Several gates are about dates. They narrow one set: the days on which the expert could start. At
// first these are the slot's `dates`; MEMBERSHIP leaves the days on which the partner is a member,
// DEMAND those on which the credential is valid, CONFLICT those after the last conflict has
// expired, AVAILABILITY those on which the expert is not unavailable. The gate that leaves no day
// is the one that is not passed. CAPACITY then looks at the periods in which a day is left. Where
// the slot itself has no day to start, every expert who passes the gates before is out at
// AVAILABILITY, and those gates look at the days of the window that are not past instead (at all of
// them where all are past; where the window is empty, at today).
//
// What each gate asks:
//   MEMBERSHIP    expert active; partner on record, and a member on such a day
//   TOPIC         topic held, at the slot's level or above it
//   DEMAND        credential (titles compared without regard to case), language (`es-MX` also
//                 speaks `es`; English is taken for granted), served in an agency of the type, of
//                 the size band; offers the mode. Where the slot asks for the same size band as the
//                 agency's, that is the one of the agency which asks, as the demand has it: of
//                 agencies served with it no more than the names are known here. Nobody passes
//                 while it is unknown.
//   CONFLICT      none with the agency or one served with it: served there now, or left it less
//                 than `recent_agency_years` years before, or declared. A conflict holds through
//                 its last day. It is a person's: it counts for every record of the person, by a
//                 shared e-mail address or a confirmed identity; one of a partner counts for the
//                 records it has. Names of one agency count as one. An overridden one is passed;
//                 overriding a declared OWN_AGENCY or RECENT_AGENCY also passes what follows from a
//                 service in the same agency.
//   AVAILABILITY  today and the lead time leave a day in the window, not after the day by which
//                 help is needed, on which the expert is not unavailable
//   CAPACITY      not in the slot already; assignments open at once left; in some period with a
//                 day to start, assignments of the expert and of the partner left
//   TRAVEL        where on site: travels anywhere, or lives within the radius. Where the distance
//                 is not known, lives in the agency's state and travels at all.
//   DECLINED      has not declined this slot before
namespace critac::matching {

struct Verdict {
  // The gate at which the expert is out. GATE_UNSPECIFIED: eligible.
  v1::Gate gate = v1::GATE_UNSPECIFIED;
  // Where eligible: periods in which the expert could start.
  PeriodSet periods = 0;

  bool eligible() const { return gate == v1::GATE_UNSPECIFIED; }
};

// Whether an expert is eligible for a slot. Rows of `pool`.
Verdict CheckGates(const Pool& pool, int slot, int expert);

// A set of gates: bit n for gate n.
using GateSet = uint32_t;
constexpr GateSet SetOf(v1::Gate gate) { return GateSet{1} << static_cast<uint32_t>(gate); }

// The same with some gates left out, and for rows that need not be in the pool as they are. Without
// CAPACITY, the periods are those in which the expert could start whatever room there is.
Verdict CheckGatesWithout(const Pool& pool, const SlotRow& slot, const ExpertRow& expert,
                          GateSet left_out);

struct ExplainedVerdict {
  Verdict verdict;
  // Every gate up to the first that is not passed, each with its reason in plain sentences.
  std::vector<v1::GateResult> gates;
};

// The same verdict, with the reasons.
ExplainedVerdict ExplainGates(const Pool& pool, int slot, int expert);

// The same, with the gates added to `gates`, whose memory is used again.
Verdict ExplainGates(const Pool& pool, int slot, int expert,
                     google::protobuf::RepeatedPtrField<v1::GateResult>& gates);

// In words, what of the conflicts of an expert's person leaves no day to start in the slot; nothing: they leave one.
// What else would keep the expert out, and conflicts of the partner, are not looked at.
std::optional<std::string> HoldingConflict(const Pool& pool, int slot, int expert);

// The first gate up to CONFLICT that is not passed in one period: MEMBERSHIP, TOPIC, DEMAND and CONFLICT in turn, on
// the days of the period on which the slot can start. Where none is left, on the days of its window in the period up to
// the day by which help is needed that are not past, or on all of these where all are past. AVAILABILITY, where help is
// needed before the first of these. Nothing: all are passed, or the window has no day in the period.
std::optional<v1::GateResult> FailedGateIn(const Pool& pool, int slot, int expert, Period period);

// Appends the reason of the gate at which the expert is out, as ExplainGates has it.
void AppendReason(const Pool& pool, int slot, int expert, v1::Gate gate, std::string& text);

// Kilometers between the expert's home and the agency; nothing where one of them is not known.
std::optional<int32_t> DistanceBetween(const DemandRow& demand, const ExpertRow& expert);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ELIGIBILITY_H_
