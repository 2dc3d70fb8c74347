#include "services/matching/suspected_conflict.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "services/matching/eligibility.h"
#include "services/matching/identity.h"

namespace critac::matching {
namespace {

// Records that a conflict of interest with an agency of its request keeps out of a slot, ascending.
std::vector<int> KeptOutOf(const Pool& pool, int slot) {
  std::vector<int> records;
  for (const int agency : pool.demands()[pool.slots()[slot].demand].agencies) {
    for (const int person : pool.persons_with(agency)) {
      for (const int record : pool.RecordsOf(person)) {
        if (HoldingConflict(pool, slot, record).has_value()) records.push_back(record);
      }
    }
  }
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());
  return records;
}

// `name variant`.
std::string EvidenceWord(v1::IdentityEvidence evidence) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(
      absl::StripPrefix(v1::IdentityEvidence_Name(evidence), "IDENTITY_EVIDENCE_"), {{"_", " "}}));
}

v1::SuspectedConflict SuspicionOf(const Pool& pool, const RecordComparison& one,
                                  absl::Span<const v1::IdentityEvidence> evidence) {
  const std::string& own = pool.experts()[one.own].name;
  const std::string& other = pool.experts()[one.other].name;
  v1::SuspectedConflict message;
  message.set_expert(other);
  message.set_own_record(own);
  std::vector<std::string> words;
  for (const v1::IdentityEvidence each : evidence) {
    message.add_evidence(each);
    words.push_back(EvidenceWord(each));
  }
  const auto [slot, expert] = one.pair;
  message.set_explanation(absl::StrCat(
      one.own == expert ? "" : absl::StrCat("is ", own, " as well, who "), "may be ", other, " (",
      absl::StrJoin(words, ", "),
      "), who is out: ", HoldingConflict(pool, slot, one.other).value_or("conflict of interest"),
      "; not decided yet: critac identity confirm, or reject, ", absl::StripPrefix(own, "experts/"),
      " ", absl::StripPrefix(other, "experts/")));
  return message;
}

using PersonPair = std::pair<int, int>;

PersonPair PersonsOfRecords(const Pool& pool, int a, int b) {
  return std::minmax({pool.experts()[a].person, pool.experts()[b].person});
}

// Persons of whom it was said that they are two.
absl::flat_hash_set<PersonPair> Rejected(const Pool& pool,
                                         absl::Span<const v1::Identity> identities) {
  absl::flat_hash_set<PersonPair> rejected;
  for (const v1::Identity& identity : identities) {
    if (identity.state() != v1::IDENTITY_STATE_REJECTED) continue;
    const std::optional<int> first = pool.FindExpert(identity.first());
    const std::optional<int> second = pool.FindExpert(identity.second());
    if (first.has_value() && second.has_value()) {
      rejected.insert(PersonsOfRecords(pool, *first, *second));
    }
  }
  return rejected;
}

}  // namespace

std::vector<RecordComparison> RecordsToCompare(const Pool& pool,
                                               absl::Span<const SlotExpert> pairs) {
  std::vector<RecordComparison> comparisons;
  // By slot.
  absl::flat_hash_map<int, std::vector<int>> kept_out;
  for (const SlotExpert& pair : pairs) {
    const auto [slot, expert] = pair;
    const auto [entry, is_new] = kept_out.try_emplace(slot);
    if (is_new) entry->second = KeptOutOf(pool, slot);
    if (entry->second.empty()) continue;
    const int person = pool.experts()[expert].person;
    const std::vector<int> records = pool.RecordsOf(person);
    for (const int other : entry->second) {
      if (pool.experts()[other].person == person) continue;
      for (const int own : records) comparisons.push_back({pair, own, other});
    }
  }
  std::sort(comparisons.begin(), comparisons.end());
  comparisons.erase(std::unique(comparisons.begin(), comparisons.end()), comparisons.end());
  return comparisons;
}

SuspectedConflicts FindSuspectedConflicts(const Pool& pool,
                                          absl::Span<const RecordComparison> comparisons,
                                          const absl::flat_hash_map<int, v1::Expert>& records,
                                          absl::Span<const v1::Identity> identities) {
  SuspectedConflicts suspected;
  if (comparisons.empty()) return suspected;
  const SameAgencies agencies(identities);
  const absl::flat_hash_set<PersonPair> rejected = Rejected(pool, identities);
  // Of each pair the persons of whom something is said.
  absl::flat_hash_set<std::pair<SlotExpert, int>> said;
  for (const RecordComparison& one : comparisons) {
    const auto own = records.find(one.own);
    const auto other = records.find(one.other);
    if (own == records.end() || other == records.end()) continue;
    if (rejected.contains(PersonsOfRecords(pool, one.own, one.other))) continue;
    if (said.contains({one.pair, pool.experts()[one.other].person})) continue;
    const std::vector<v1::IdentityEvidence> evidence =
        EvidenceBetween(own->second, other->second, agencies);
    if (!IsSuspicion(evidence)) continue;
    std::vector<v1::SuspectedConflict>& of_pair = suspected[one.pair];
    if (of_pair.size() == kMostSuspectedConflicts) continue;
    said.insert({one.pair, pool.experts()[one.other].person});
    of_pair.push_back(SuspicionOf(pool, one, evidence));
  }
  return suspected;
}

void SetSuspectedConflicts(const Pool& pool, absl::string_view request,
                           const SuspectedConflicts& suspected, v1::Assignment& assignment) {
  assignment.clear_suspected_conflicts();
  const std::optional<int> slot = pool.FindSlot(request, assignment.slot());
  const std::optional<int> expert = pool.FindExpert(assignment.expert());
  if (!slot.has_value() || !expert.has_value()) return;
  const auto found = suspected.find({*slot, *expert});
  if (found == suspected.end()) return;
  assignment.mutable_suspected_conflicts()->Assign(found->second.begin(), found->second.end());
}

void SetSuspectedConflicts(absl::Span<const v1::SuspectedConflict> suspected,
                           v1::ExplainMatchResponse& response) {
  for (const v1::SuspectedConflict& one : suspected) {
    *response.add_suspected_conflicts() = one;
    absl::StrAppend(response.mutable_summary(), " The expert ", one.explanation(), ".");
    for (v1::GateResult& gate : *response.mutable_gates()) {
      if (gate.gate() != v1::GATE_CONFLICT) continue;
      absl::StrAppend(gate.mutable_explanation(), "; but ", one.explanation());
    }
  }
}

}  // namespace critac::matching
