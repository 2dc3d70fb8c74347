#include "services/matching/recusal_reader.h"

#include <algorithm>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/identity.h"
#include "services/matching/matching_states.h"
#include "services/matching/recusal_notice.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;

// Rows whose column `request` names one of some requests, or with `comparison` NOT IN none of them.
store::Condition AndRequest(store::Condition rows, absl::string_view comparison,
                            const std::vector<std::string>& requests) {
  std::vector<std::string> names;
  for (const std::string& request : requests) {
    rows.parameters.emplace_back(request);
    names.push_back(absl::StrCat(":p", rows.parameters.size()));
  }
  absl::StrAppend(&rows.sql, rows.sql.empty() ? "" : " AND ", "request ", comparison, " (",
                  absl::StrJoin(names, ", "), ")");
  return rows;
}

}  // namespace

struct RecusalReader::People {
  int64_t revision = 0;
  // Names of the records, and who is which person.
  std::vector<std::string> names;
  std::vector<int> persons;
  // Rows by all that PersonKey may say of whoever is on record there.
  absl::flat_hash_map<std::string, int> rows;
};

struct RecusalReader::Recused {
  int64_t revision = 0;
  std::vector<v1::Conflict> recusals;
  // Agencies of every request; empty where there are no recusals. Names of one agency are the same.
  std::vector<std::pair<std::string, std::vector<std::string>>> requests;
  std::optional<SameAgencies> agencies;
};

absl::StatusOr<std::shared_ptr<const RecusalReader::People>> RecusalReader::ReadPeople() {
  ASSIGN_OR_RETURN(const int64_t revision, InputsRevision(journal_));
  {
    absl::MutexLock lock(&mutex_);
    if (people_ != nullptr && people_->revision == revision) return people_;
  }
  auto people = std::make_shared<People>();
  std::vector<v1::Expert> experts;
  std::vector<v1::Identity> identities;
  RETURN_IF_ERROR(journal_
                      .ReadAll({"solver", "experts", "identities"}, true,
                               [&](const std::string& collection, const Message& state) {
                                 if (collection == "solver") {
                                   people->revision =
                                       static_cast<const v1::SolverInputs&>(state).revision();
                                 } else if (collection == "experts") {
                                   experts.push_back(static_cast<const v1::Expert&>(state));
                                 } else {
                                   identities.push_back(static_cast<const v1::Identity&>(state));
                                 }
                               })
                      .status());
  std::vector<const v1::Expert*> sorted;
  for (const v1::Expert& expert : experts) sorted.push_back(&expert);
  absl::c_sort(sorted, [](const auto* a, const auto* b) { return a->name() < b->name(); });
  people->persons = PersonsOf(sorted, identities);
  for (const v1::Expert* expert : sorted) {
    const int row = static_cast<int>(people->names.size());
    people->names.push_back(expert->name());
    for (const std::string& party : PartiesOf(*expert)) people->rows[party] = row;
    for (const std::string& address : AddressesOf(*expert)) people->rows[address] = row;
  }
  absl::MutexLock lock(&mutex_);
  people_ = people;
  return people;
}

absl::StatusOr<std::shared_ptr<const RecusalReader::Recused>> RecusalReader::ReadRecused() {
  ASSIGN_OR_RETURN(const int64_t revision, InputsRevision(journal_));
  {
    absl::MutexLock lock(&mutex_);
    if (recused_ != nullptr && recused_->revision == revision) return recused_;
  }
  auto recused = std::make_shared<Recused>();
  std::vector<v1::Identity> identities;
  std::vector<std::pair<std::string, std::vector<std::string>>> requests;
  // One pass over all of them, so that they are of one position: conflicts are few, and where none
  // is a recusal the rest is not kept.
  RETURN_IF_ERROR(
      journal_
          .ReadAll({"solver", "conflicts", "identities", "demands", "engagements"}, false,
                   [&](const std::string& collection, const Message& state) {
                     if (collection == "solver") {
                       recused->revision = static_cast<const v1::SolverInputs&>(state).revision();
                     } else if (collection == "conflicts") {
                       const auto& conflict = static_cast<const v1::Conflict&>(state);
                       if (IsRecusal(conflict)) {
                         recused->recusals.push_back(conflict);
                       }
                     } else if (collection == "identities") {
                       identities.push_back(static_cast<const v1::Identity&>(state));
                     } else if (recused->recusals.empty()) {
                       return;
                     } else if (collection == "demands") {
                       const auto& demand = static_cast<const v1::Demand&>(state);
                       auto& [request, agencies] = requests.emplace_back();
                       request = demand.request();
                       agencies.assign(demand.co_served_agencies().begin(),
                                       demand.co_served_agencies().end());
                       agencies.push_back(demand.agency().agency());
                     } else {
                       // Past engagements were never a demand.
                       const auto& engagement = static_cast<const v1::Engagement&>(state);
                       requests.push_back({engagement.request(), {engagement.agency().agency()}});
                     }
                   })
          .status());
  recused->agencies.emplace(identities);
  recused->requests = std::move(requests);
  absl::MutexLock lock(&mutex_);
  recused_ = recused;
  return recused;
}

std::vector<int> RecusalReader::RowsOf(const People& people, const std::string& key) {
  std::vector<int> rows;
  const auto found = people.rows.find(key);
  if (found == people.rows.end()) return rows;
  const int person = people.persons[found->second];
  for (int row = 0; row < static_cast<int>(people.persons.size()); ++row) {
    if (people.persons[row] == person) rows.push_back(row);
  }
  return rows;
}

absl::StatusOr<std::vector<std::string>> RecusalReader::OwnRecords(const rpc::Call& call) {
  std::vector<std::string> own;
  const std::string key = rpc::PersonKey(call.principal);
  if (key.empty()) return own;
  ASSIGN_OR_RETURN(const auto people, ReadPeople());
  for (const int row : RowsOf(*people, key)) own.push_back(people->names[row]);
  return own;
}

absl::StatusOr<KnownPerson> RecusalReader::WhoIs(const rpc::Call& call) {
  KnownPerson known;
  const std::string key = rpc::PersonKey(call.principal);
  if (key.empty()) return known;
  ASSIGN_OR_RETURN(const auto people, ReadPeople());
  const std::vector<int> own = RowsOf(*people, key);
  for (const int row : own) known.records.push_back(people->names[row]);
  if (own.empty()) return known;
  for (const auto& [one, row] : people->rows) {
    if (absl::c_binary_search(own, row)) known.keys.push_back(one);
  }
  absl::c_sort(known.keys);
  return known;
}

absl::StatusOr<RecusalReader::Agencies> RecusalReader::RecusedFrom(const rpc::Call& call) {
  Agencies agencies;
  const std::string partner = PartnerOf(call);
  if (partner.empty() && rpc::PersonKey(call.principal).empty()) return agencies;
  ASSIGN_OR_RETURN(agencies.recused, ReadRecused());
  if (agencies.recused->recusals.empty()) return agencies;
  ASSIGN_OR_RETURN(const std::vector<std::string> own, OwnRecords(call));
  const absl::CivilDay today = DayOf(clock_.Now());
  for (const v1::Conflict& recusal : agencies.recused->recusals) {
    const bool callers = recusal.partner().empty() ? absl::c_linear_search(own, recusal.expert())
                                                   : recusal.partner() == partner;
    if (callers && Holds(recusal, today)) {
      agencies.names.emplace(agencies.recused->agencies->First(recusal.agency()));
    }
  }
  return agencies;
}

absl::StatusOr<std::vector<std::string>> RecusalReader::HiddenFrom(const rpc::Call& call) {
  std::vector<std::string> hidden;
  ASSIGN_OR_RETURN(const Agencies agencies, RecusedFrom(call));
  if (agencies.names.empty()) return hidden;
  for (const auto& [request, of] : agencies.recused->requests) {
    if (absl::c_any_of(of, [&](const std::string& agency) {
          return agencies.names.contains(agencies.recused->agencies->First(agency));
        })) {
      hidden.push_back(request);
    }
  }
  absl::c_sort(hidden);
  hidden.erase(std::unique(hidden.begin(), hidden.end()), hidden.end());
  return hidden;
}

absl::Status RecusalReader::CheckMayFollow(const rpc::Call& call) {
  ASSIGN_OR_RETURN(const Agencies agencies, RecusedFrom(call));
  if (agencies.names.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "RECUSED",
               absl::StrCat(call.principal.ToString(),
                            " is recused from an agency; journals, jobs and certificates are not "
                            "shown in part"))
      .ToStatus();
}

absl::StatusOr<Hidden> RecusalReader::HiddenWithProposals(const rpc::Call& call) {
  Hidden hidden;
  ASSIGN_OR_RETURN(hidden.requests, HiddenFrom(call));
  if (hidden.requests.empty()) return hidden;
  journal::ListQuery query{.collection = "proposals",
                           .condition = AndRequest({}, "IN", hidden.requests),
                           .page_size = limits::kMaxPageSize};
  do {
    ASSIGN_OR_RETURN(const auto page, journal_.List<v1::Proposal>(query));
    for (const v1::Proposal& one : page.items) hidden.proposals.push_back(one.name());
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  absl::c_sort(hidden.proposals);
  return hidden;
}

absl::Status RecusalReader::CheckSeen(const rpc::Call& call, absl::string_view request,
                                      absl::string_view type, absl::string_view name) {
  ASSIGN_OR_RETURN(const std::vector<std::string> hidden, HiddenFrom(call));
  if (!absl::c_binary_search(hidden, request)) return absl::OkStatus();
  return ResourceNotFound(type, name);
}

absl::StatusOr<store::Condition> RecusalReader::SeenRows(const rpc::Call& call,
                                                         store::Condition rows) {
  ASSIGN_OR_RETURN(const std::vector<std::string> hidden, HiddenFrom(call));
  if (hidden.empty()) return rows;
  return AndRequest(std::move(rows), "NOT IN", hidden);
}

journal::Decide RecusalReader::GuardBy(
    absl::StatusOr<std::vector<std::string>> hidden, const std::string& type,
    const std::string& name, journal::Decide decide,
    std::function<std::string(journal::Draft&, const std::string&)> request_of) {
  return [hidden = std::move(hidden), type, name, decide = std::move(decide),
          request_of = std::move(request_of)](journal::Draft& draft) mutable -> absl::Status {
    RETURN_IF_ERROR(hidden.status());
    if (absl::c_binary_search(*hidden, request_of(draft, name))) {
      return ResourceNotFound(type, name);
    }
    return decide(draft);
  };
}

}  // namespace critac::matching
