#include "services/matching/record_follower.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "common/base/mail_address.h"
#include "common/journal/vault.h"
#include "common/status/error.h"
#include "services/matching/matching_states.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;

// Without those that were purged.
absl::flat_hash_set<std::string> FingerprintsOf(const v1::Expert* expert) {
  absl::flat_hash_set<std::string> fingerprints;
  if (expert == nullptr) return fingerprints;
  for (const std::string& fingerprint : expert->emails()) {
    if (!fingerprint.empty()) fingerprints.insert(fingerprint);
  }
  return fingerprints;
}

}  // namespace

const std::vector<std::string>& PoolCollections() {
  static const auto& collections =
      *new std::vector<std::string>{"policies",   "solver",     "partners", "experts", "conflicts",
                                    "identities", "capacities", "demands",  "offers",  "proposals"};
  return collections;
}

const std::vector<journal::Selection>& PresentRecords() {
  static const auto& selections = *[] {
    auto* const all = new std::vector<journal::Selection>();
    for (const std::string& collection : PoolCollections()) all->push_back({collection});
    for (journal::Selection& one : *all) {
      if (one.collection == "demands") {
        one.condition = {"state IN (:p1, :p2)",
                         {int64_t{v1::DEMAND_STATE_OPEN}, int64_t{v1::DEMAND_STATE_OFFERED}}};
      } else if (one.collection == "offers") {
        one.condition = {"state = :p1", {int64_t{v1::OFFER_STATE_OPEN}}};
      } else if (one.collection == "proposals") {
        one.condition = {"state = :p1", {int64_t{v1::PROPOSAL_STATE_OPEN}}};
      }
    }
    return all;
  }();
  return selections;
}

bool IsInForce(const v1::Policy& policy) {
  return policy.state() == v1::POLICY_STATE_IN_FORCE ||
         policy.state() == v1::POLICY_STATE_UNSPECIFIED;
}

absl::Status RecordFollower::Update(journal::Journal& journal) {
  const journal::Mark since = std::exchange(mark_, journal::Mark());
  // With the texts of the vault: two records of experts with an address in common are one person.
  ASSIGN_OR_RETURN(mark_, journal.ReadChanged(since, PresentRecords(), true, *this));
  held_.clear();
  for (const v1::Offer& offer : offers_.states()) held_.push_back(offer.assignment());
  return absl::OkStatus();
}

PoolInput RecordFollower::Input() const {
  PoolInput input;
  input.policy = &policy();
  input.partners = partners_.states();
  input.experts = experts_.states();
  input.conflicts = conflicts_.states();
  input.identities = identities_.states();
  input.demands = demands_.states();
  input.uses = capacities_.states();
  input.held = held_;
  input.proposals = proposals_.states();
  return input;
}

absl::Span<const v1::CapacityUse> RecordFollower::UsesOf(absl::string_view owner) const {
  // Up to the sign after the `@` that comes before the period.
  const std::string first = CapacityName(owner, "");
  std::string last = first;
  ++last.back();
  return capacities_.Between(first, last);
}

void RecordFollower::ForgetChanges() {
  changes_ = RecordChanges();
  changes_.is_whole = changes_.demands = changes_.proposals = false;
}

const v1::Policy& RecordFollower::policy() const {
  const v1::Policy* in_force = &v1::Policy::default_instance();
  for (const v1::Policy& policy : policies_.states()) {
    if (IsInForce(policy)) in_force = &policy;
  }
  return *in_force;
}

const v1::SolverInputs& RecordFollower::inputs() const {
  const absl::Span<const v1::SolverInputs> all = solver_.states();
  return all.empty() ? v1::SolverInputs::default_instance() : all.back();
}

void RecordFollower::StartOver() {
  for (const std::string& collection : PoolCollections()) TableOf(collection).Clear();
  address_counts_.clear();
  changes_ = RecordChanges();
}

void RecordFollower::Keep(const std::string& collection, const std::string& name,
                          const Message& state) {
  // Of a copy, so that the memory of what is kept never held a text.
  const std::unique_ptr<Message> bare(state.New());
  bare->CopyFrom(state);
  journal::VisitVaultFields(*bare, [](std::string& text) { text.clear(); });
  if (collection == "experts") {
    const auto& expert = static_cast<const v1::Expert&>(state);
    auto& without = static_cast<v1::Expert&>(*bare);
    without.clear_emails();
    for (const std::string& address : expert.emails()) without.add_emails(FingerprintOf(address));
  }
  Table& table = TableOf(collection);
  NoteChange(collection, table.Find(name), bare.get());
  table.Place(name).CopyFrom(*bare);
}

bool RecordFollower::CountAddresses(const v1::Expert* before, const v1::Expert* after) {
  const absl::flat_hash_set<std::string> was = FingerprintsOf(before), is = FingerprintsOf(after);
  bool are_own = true;
  for (const std::string& address : was) {
    if (is.contains(address)) continue;
    const auto count = address_counts_.find(address);
    are_own &= --count->second == 0;
    if (count->second == 0) address_counts_.erase(count);
  }
  for (const std::string& address : is) {
    if (!was.contains(address)) are_own &= ++address_counts_[address] == 1;
  }
  return are_own;
}

void RecordFollower::Drop(const std::string& collection, const std::string& name) {
  Table& table = TableOf(collection);
  NoteChange(collection, table.Find(name), nullptr);
  table.Drop(name);
}

void RecordFollower::NoteChange(const std::string& collection, const Message* before,
                                const Message* after) {
  if (before == nullptr && after == nullptr) return;
  if (collection == "experts") {
    const auto* const was = static_cast<const v1::Expert*>(before);
    const auto* const is = static_cast<const v1::Expert*>(after);
    // Others are one person, or rows have another order.
    changes_.is_whole |= !CountAddresses(was, is);
    changes_.is_whole |= was == nullptr || is == nullptr || was->name() != is->name();
  }
  if (changes_.is_whole) return;
  changes_.is_whole |= collection == "identities";
  changes_.demands |= collection == "demands";
  changes_.proposals |= collection == "proposals";
  for (const Message* const state : {before, after}) {
    if (state == nullptr) continue;
    if (collection == "experts") {
      changes_.owners.insert(static_cast<const v1::Expert&>(*state).name());
    } else if (collection == "conflicts") {
      changes_.owners.insert(static_cast<const v1::Conflict&>(*state).expert());
    } else if (collection == "capacities") {
      changes_.owners.insert(static_cast<const v1::CapacityUse&>(*state).owner());
    } else if (collection == "offers") {
      changes_.owners.insert(static_cast<const v1::Offer&>(*state).assignment().expert());
    }
  }
}

RecordFollower::Table& RecordFollower::TableOf(const std::string& collection) {
  const std::pair<absl::string_view, Table&> tables[] = {
      {"policies", policies_},     {"solver", solver_},       {"partners", partners_},
      {"experts", experts_},       {"conflicts", conflicts_}, {"identities", identities_},
      {"capacities", capacities_}, {"demands", demands_},     {"offers", offers_},
      {"proposals", proposals_}};
  for (const auto& [name, table] : tables) {
    if (name == collection) return table;
  }
  std::fprintf(stderr, "pool: nothing is made of the collection '%s'\n", collection.c_str());
  std::abort();
}

// A purged address stays empty: it is nobody's. To AddressIdentity, which compares them, a fingerprint is a text in
// lower case without a host, and stays as it is.
std::string RecordFollower::FingerprintOf(const std::string& address) const {
  if (address.empty()) return address;
  return fingerprints_.Of(AddressIdentity(address));
}

}  // namespace critac::matching
