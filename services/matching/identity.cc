#include "services/matching/identity.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/ids.h"
#include "services/matching/distance.h"
#include "services/matching/person_name.h"

namespace critac::matching {
namespace {

constexpr int32_t kSameHomeKm = 2;

// Sets of rows, the first row standing for all.
class Sets {
 public:
  explicit Sets(size_t count) : leader_(count) { std::iota(leader_.begin(), leader_.end(), 0); }
  int Find(int row) {
    while (leader_[row] != row) row = leader_[row] = leader_[leader_[row]];
    return row;
  }
  void Join(int a, int b) {
    a = Find(a);
    b = Find(b);
    leader_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<int> leader_;
};

// What of an expert's record tells who it is.
struct Record {
  const v1::Expert* expert = nullptr;
  PersonName name;
  absl::btree_set<std::string> addresses;
  absl::btree_set<std::string> mailboxes;
  absl::btree_set<std::string> agencies;
  std::optional<SpherePoint> home;
};

Record RecordOf(const v1::Expert& expert, const SameAgencies& agencies) {
  Record record;
  record.expert = &expert;
  record.name = ReadPersonName(expert.full_name());
  for (const std::string& email : expert.emails()) {
    if (email.empty()) continue;
    record.addresses.insert(AddressIdentity(email));
    record.mailboxes.insert(ProbableMailbox(email));
  }
  for (const v1::Service& service : expert.services()) {
    if (!service.agency().empty()) {
      record.agencies.insert(std::string(agencies.First(service.agency())));
    }
  }
  if (expert.has_home()) {
    record.home = PointAt(expert.home().latitude_e6(), expert.home().longitude_e6());
  }
  return record;
}

bool Meet(const absl::btree_set<std::string>& a, const absl::btree_set<std::string>& b) {
  return absl::c_any_of(a, [&](const std::string& one) { return b.contains(one); });
}

std::vector<v1::IdentityEvidence> Evidence(const Record& a, const Record& b) {
  std::vector<v1::IdentityEvidence> evidence;
  if (Meet(a.addresses, b.addresses)) {
    evidence.push_back(v1::IDENTITY_EVIDENCE_SAME_ADDRESS);
  } else if (Meet(a.mailboxes, b.mailboxes)) {
    evidence.push_back(v1::IDENTITY_EVIDENCE_SAME_MAILBOX);
  }
  const NameMatch names = CompareNames(a.name, b.name);
  if (names == NameMatch::kSame) evidence.push_back(v1::IDENTITY_EVIDENCE_SAME_NAME);
  if (names == NameMatch::kVariant) evidence.push_back(v1::IDENTITY_EVIDENCE_NAME_VARIANT);
  if (Meet(a.agencies, b.agencies)) evidence.push_back(v1::IDENTITY_EVIDENCE_SAME_AGENCY);
  if (a.home.has_value() && b.home.has_value() && IsWithinKm(*a.home, *b.home, kSameHomeKm)) {
    evidence.push_back(v1::IDENTITY_EVIDENCE_SAME_HOME);
  }
  return evidence;
}

// Finds the records that can make a suspicion with one: names that agree have a word or the whole
// family name in common, so only records with a word *and* a place in common are compared.
class Index {
 public:
  void Add(const Record& record, int row) {
    for (const std::string& key : Keys(record, {{0, 0}})) rows_[key].push_back(row);
  }

  absl::btree_set<int> Near(const Record& record) const {
    static const std::vector<std::pair<int, int>> kAround = {
        {-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 0}, {0, 1}, {1, -1}, {1, 0}, {1, 1}};
    absl::btree_set<int> near;
    for (const std::string& key : Keys(record, kAround)) {
      const auto found = rows_.find(key);
      if (found != rows_.end()) near.insert(found->second.begin(), found->second.end());
    }
    return near;
  }

 private:
  // A place is an agency, a mailbox, or a cell of the map. Cells are wider than homes are apart as
  // far north as 75 degrees.
  static std::vector<std::string> Keys(const Record& record,
                                       absl::Span<const std::pair<int, int>> cells) {
    std::vector<std::string> places(record.agencies.begin(), record.agencies.end());
    places.insert(places.end(), record.mailboxes.begin(), record.mailboxes.end());
    if (record.home.has_value()) {
      constexpr int kAroundTheGlobe = 3600;
      const int latitude = (record.expert->home().latitude_e6() + 90'000'000) / 50'000;
      const int longitude = (record.expert->home().longitude_e6() + 180'000'000) / 100'000;
      for (const auto& [north, east] : cells) {
        places.push_back(absl::StrCat(latitude + north, "/",
                                      (longitude + east + kAroundTheGlobe) % kAroundTheGlobe));
      }
    }
    absl::btree_set<std::string> words(record.name.given.begin(), record.name.given.end());
    words.insert(record.name.family.begin(), record.name.family.end());
    words.insert(absl::StrJoin(record.name.family, ""));
    std::vector<std::string> keys;
    for (const std::string& place : places) {
      for (const std::string& word : words) keys.push_back(absl::StrCat(place, " ", word));
    }
    return keys;
  }

  absl::flat_hash_map<std::string, std::vector<int>> rows_;
};

std::vector<const v1::Expert*> ByName(absl::Span<const v1::Expert> experts) {
  std::vector<const v1::Expert*> sorted;
  for (const v1::Expert& expert : experts) sorted.push_back(&expert);
  absl::c_sort(sorted, [](const auto* a, const auto* b) { return a->name() < b->name(); });
  return sorted;
}

// Rows of the experts by name.
absl::flat_hash_map<absl::string_view, int> RowsOf(absl::Span<const v1::Expert* const> experts) {
  absl::flat_hash_map<absl::string_view, int> rows;
  for (size_t i = 0; i < experts.size(); ++i) rows[experts[i]->name()] = static_cast<int>(i);
  return rows;
}

// Calls `each` with the rows of every decision of that state about two experts that are there.
template <typename Each>
void ForDecided(absl::Span<const v1::Identity> identities, v1::IdentityState state,
                const absl::flat_hash_map<absl::string_view, int>& rows, const Each& each) {
  for (const v1::Identity& identity : identities) {
    const auto first = rows.find(identity.first());
    const auto second = rows.find(identity.second());
    if (identity.state() == state && first != rows.end() && second != rows.end()) {
      each(first->second, second->second);
    }
  }
}

}  // namespace

std::vector<int> PersonsOf(absl::Span<const v1::Expert* const> experts,
                           absl::Span<const v1::Identity> identities) {
  Sets persons(experts.size());
  absl::flat_hash_map<std::string, int> owners;
  for (size_t i = 0; i < experts.size(); ++i) {
    const int row = static_cast<int>(i);
    for (const std::string& email : experts[i]->emails()) {
      if (email.empty()) continue;
      const auto [owner, added] = owners.try_emplace(AddressIdentity(email), row);
      if (!added) persons.Join(owner->second, row);
    }
  }
  if (!identities.empty()) {
    ForDecided(identities, v1::IDENTITY_STATE_CONFIRMED, RowsOf(experts),
               [&](int first, int second) { persons.Join(first, second); });
  }
  std::vector<int> leaders;
  for (size_t i = 0; i < experts.size(); ++i) leaders.push_back(persons.Find(static_cast<int>(i)));
  return leaders;
}

SameAgencies::SameAgencies(absl::Span<const v1::Identity> identities) {
  absl::btree_set<std::string> names;
  std::vector<const v1::Identity*> confirmed;
  for (const v1::Identity& identity : identities) {
    if (identity.state() != v1::IDENTITY_STATE_CONFIRMED) continue;
    if (!absl::StartsWith(identity.first(), "agencies/")) continue;
    confirmed.push_back(&identity);
    names.insert({identity.first(), identity.second()});
  }
  const std::vector<std::string> sorted(names.begin(), names.end());
  const auto row = [&](const std::string& name) {
    return static_cast<int>(absl::c_lower_bound(sorted, name) - sorted.begin());
  };
  Sets sets(sorted.size());
  for (const v1::Identity* one : confirmed) sets.Join(row(one->first()), row(one->second()));
  for (const std::string& name : sorted) first_[name] = sorted[sets.Find(row(name))];
}

absl::string_view SameAgencies::First(absl::string_view agency) const {
  const auto found = first_.find(agency);
  return found == first_.end() ? agency : absl::string_view(found->second);
}

std::vector<v1::IdentityEvidence> EvidenceBetween(const v1::Expert& a, const v1::Expert& b,
                                                  const SameAgencies& agencies) {
  return Evidence(RecordOf(a, agencies), RecordOf(b, agencies));
}

bool IsSuspicion(absl::Span<const v1::IdentityEvidence> evidence) {
  const auto has = [&](v1::IdentityEvidence one) { return absl::c_linear_search(evidence, one); };
  const bool name = has(v1::IDENTITY_EVIDENCE_SAME_NAME) || has(v1::IDENTITY_EVIDENCE_NAME_VARIANT);
  return name && (has(v1::IDENTITY_EVIDENCE_SAME_MAILBOX) ||
                  has(v1::IDENTITY_EVIDENCE_SAME_AGENCY) || has(v1::IDENTITY_EVIDENCE_SAME_HOME));
}

std::vector<v1::Identity> SuspectedIdentities(absl::Span<const v1::Expert> experts,
                                              absl::Span<const v1::Identity> identities) {
  const std::vector<const v1::Expert*> sorted = ByName(experts);
  const std::vector<int> persons = PersonsOf(sorted, identities);
  const SameAgencies agencies(identities);
  // Pairs of persons that are decided, or found.
  absl::flat_hash_set<std::pair<int, int>> known;
  const auto pair_of = [&](int a, int b) {
    return std::make_pair(std::min(persons[a], persons[b]), std::max(persons[a], persons[b]));
  };
  ForDecided(identities, v1::IDENTITY_STATE_REJECTED, RowsOf(sorted),
             [&](int first, int second) { known.insert(pair_of(first, second)); });
  std::vector<Record> records;
  std::vector<v1::Identity> suspected;
  Index index;
  for (int row = 0; row < static_cast<int>(sorted.size()); ++row) {
    records.push_back(RecordOf(*sorted[row], agencies));
    for (const int other : index.Near(records[row])) {
      if (persons[row] == persons[other] || known.contains(pair_of(row, other))) continue;
      const std::vector<v1::IdentityEvidence> evidence = Evidence(records[other], records[row]);
      if (!IsSuspicion(evidence)) continue;
      known.insert(pair_of(row, other));
      v1::Identity& identity = suspected.emplace_back();
      identity.set_first(sorted[other]->name());
      identity.set_second(sorted[row]->name());
      identity.set_first_full_name(sorted[other]->full_name());
      identity.set_second_full_name(sorted[row]->full_name());
      identity.set_state(v1::IDENTITY_STATE_SUSPECTED);
      for (const v1::IdentityEvidence one : evidence) identity.add_evidence(one);
    }
    index.Add(records[row], row);
  }
  absl::c_sort(suspected, [](const v1::Identity& a, const v1::Identity& b) {
    return std::tie(a.first(), a.second()) < std::tie(b.first(), b.second());
  });
  return suspected;
}

std::string IdentityName(absl::string_view a, absl::string_view b) {
  if (b < a) std::swap(a, b);
  return absl::StrCat(
      "identities/",
      absl::StrReplaceAll(UuidFromName(absl::StrCat("identity ", a, " ", b)), {{"-", ""}}));
}

}  // namespace critac::matching
