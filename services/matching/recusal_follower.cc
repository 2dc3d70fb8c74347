#include "services/matching/recusal_follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/mail_address.h"
#include "common/status/error.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/recusal_notice.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;

const std::vector<journal::Selection>& FollowedIn(RecusalFollower::Scope scope) {
  static const auto& recusals =
      *new std::vector<journal::Selection>{{"solver"}, {"conflicts"}, {"identities"}};
  static const auto& all = *new std::vector<journal::Selection>{
      {"solver"}, {"conflicts"}, {"identities"}, {"experts"}, {"demands"}, {"engagements"}};
  return scope == RecusalFollower::Scope::kAll ? all : recusals;
}

}  // namespace

absl::Status RecusalFollower::Update(journal::Journal& journal, Scope scope) {
  journal::Mark since = std::exchange(mark_, journal::Mark());
  revision_.reset();
  if (scope > scope_) {
    scope_ = scope;
    since = journal::Mark();
  }
  // Experts are known by their addresses, which are in the vault.
  ASSIGN_OR_RETURN(mark_,
                   journal.ReadChanged(since, FollowedIn(scope_), scope_ == Scope::kAll, *this));
  if (std::exchange(agencies_changed_, false)) {
    std::vector<v1::Identity> identities;
    for (const auto& [name, identity] : agency_identities_) identities.push_back(identity);
    same_agencies_ = SameAgencies(identities);
  }
  revision_ = read_revision_;
  return absl::OkStatus();
}

std::vector<std::string> RecusalFollower::RecordsOf(const std::string& key) const {
  std::vector<std::string> known = {key};
  if (absl::StrContains(key, '@')) {
    const auto with_it = persons_.WithAddress(fingerprints_.Of(key));
    known.insert(known.end(), with_it.begin(), with_it.end());
  }
  const std::pair<std::string, std::string> parts = absl::StrSplit(key, absl::MaxSplits('#', 1));
  const std::string own = absl::StrCat("experts/", parts.second);
  const auto partner = partners_.find(own);
  if (partner != partners_.end() && partner->second == parts.first) known.push_back(own);
  return persons_.AllOf(known);
}

std::vector<std::string> RecusalFollower::RequestsOf(
    const absl::flat_hash_set<std::string>& agencies) const {
  std::vector<std::string> requests;
  for (const auto& [agency, names] : served_by_agency_) {
    if (!agencies.contains(FirstOf(agency))) continue;
    for (const std::string& name : names) requests.push_back(served_.at(name).request);
  }
  std::sort(requests.begin(), requests.end());
  requests.erase(std::unique(requests.begin(), requests.end()), requests.end());
  return requests;
}

void RecusalFollower::StartOver() {
  read_revision_ = 0;
  recusals_.clear();
  agency_identities_.clear();
  agencies_changed_ = true;
  persons_.Clear();
  partners_.clear();
  served_.clear();
  served_by_agency_.clear();
}

void RecusalFollower::Keep(const std::string& collection, const std::string& name,
                           const Message& state) {
  if (collection == "solver") {
    read_revision_ = static_cast<const v1::SolverInputs&>(state).revision();
  } else if (collection == "conflicts") {
    const auto& conflict = static_cast<const v1::Conflict&>(state);
    recusals_.erase(name);
    if (!IsRecusal(conflict)) return;
    v1::Conflict& kept = recusals_[name];
    kept.set_expert(conflict.expert());
    kept.set_partner(conflict.partner());
    kept.set_agency(conflict.agency());
    kept.set_valid_to(conflict.valid_to());
  } else if (collection == "identities") {
    KeepIdentity(name, static_cast<const v1::Identity&>(state));
  } else if (collection == "experts") {
    KeepExpert(name, static_cast<const v1::Expert&>(state));
  } else if (collection == "demands") {
    const auto& demand = static_cast<const v1::Demand&>(state);
    Served served{demand.request(),
                  {demand.co_served_agencies().begin(), demand.co_served_agencies().end()}};
    served.agencies.push_back(demand.agency().agency());
    KeepServed(name, std::move(served));
  } else if (collection == "engagements") {
    // Past engagements were never a demand.
    const auto& engagement = static_cast<const v1::Engagement&>(state);
    KeepServed(name, {engagement.request(), {engagement.agency().agency()}});
  }
}

void RecusalFollower::Drop(const std::string& collection, const std::string& name) {
  if (collection == "solver") {
    read_revision_ = 0;
  } else if (collection == "conflicts") {
    recusals_.erase(name);
  } else if (collection == "identities") {
    agencies_changed_ |= agency_identities_.erase(name) > 0;
    persons_.Part(name);
  } else if (collection == "experts") {
    persons_.Remove(name);
    partners_.erase(name);
  } else {
    DropServed(name);
  }
}

void RecusalFollower::KeepIdentity(const std::string& name, const v1::Identity& identity) {
  if (absl::StartsWith(identity.first(), "agencies/")) {
    v1::Identity& kept = agency_identities_[name];
    kept.set_first(identity.first());
    kept.set_second(identity.second());
    kept.set_state(identity.state());
    agencies_changed_ = true;
  } else if (identity.state() == v1::IDENTITY_STATE_CONFIRMED) {
    persons_.Join(name, identity.first(), identity.second());
  } else {
    persons_.Part(name);
  }
}

void RecusalFollower::KeepExpert(const std::string& name, const v1::Expert& expert) {
  std::vector<std::string> addresses;
  for (const std::string& email : expert.emails()) {
    // A purged one is nobody's.
    if (!email.empty()) addresses.push_back(fingerprints_.Of(AddressIdentity(email)));
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  persons_.Set(name, std::move(addresses));
  partners_.erase(name);
  if (!expert.partner().empty()) partners_[name] = expert.partner();
}

void RecusalFollower::KeepServed(const std::string& name, Served served) {
  DropServed(name);
  for (const std::string& agency : served.agencies) served_by_agency_[agency].insert(name);
  served_[name] = std::move(served);
}

void RecusalFollower::DropServed(const std::string& name) {
  const auto served = served_.find(name);
  if (served == served_.end()) return;
  for (const std::string& agency : served->second.agencies) {
    const auto names = served_by_agency_.find(agency);
    // An agency may be there twice.
    if (names == served_by_agency_.end()) continue;
    names->second.erase(name);
    if (names->second.empty()) served_by_agency_.erase(names);
  }
  served_.erase(served);
}

}  // namespace critac::matching
