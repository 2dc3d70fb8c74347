#include "services/matching/recusal_reader.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/matching_states.h"
#include "services/matching/recusal_notice.h"

namespace critac::matching {
namespace {

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

RecusalReader::Caller RecusalReader::CallerOf(const rpc::Call& call) {
  return {rpc::PersonKey(call.principal), PartnerOf(call)};
}

absl::Status RecusalReader::Follow(int64_t revision, RecusalFollower::Scope scope) {
  if (followed_.IsAt(revision, scope)) return absl::OkStatus();
  return followed_.Update(journal_, scope);
}

absl::StatusOr<KnownPerson> RecusalReader::WhoIs(const rpc::Call& call) {
  KnownPerson known;
  const std::string key = CallerOf(call).key;
  if (key.empty()) return known;
  ASSIGN_OR_RETURN(const int64_t revision, InputsRevision(journal_));
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(Follow(revision, RecusalFollower::Scope::kAll));
    known.records = followed_.RecordsOf(key);
  }
  // What is kept has no addresses.
  journal::Records records(journal_);
  RETURN_IF_ERROR(records.ReadAhead(known.records));
  for (const std::string& name : known.records) {
    ASSIGN_OR_RETURN(const v1::Expert expert, records.Get<v1::Expert>(name));
    for (std::string& party : PartiesOf(expert)) known.keys.push_back(std::move(party));
    for (std::string& address : AddressesOf(expert)) known.keys.push_back(std::move(address));
  }
  absl::c_sort(known.keys);
  known.keys.erase(std::unique(known.keys.begin(), known.keys.end()), known.keys.end());
  return known;
}

absl::StatusOr<absl::flat_hash_set<std::string>> RecusalReader::RecusedFrom(const Caller& caller,
                                                                            int64_t revision) {
  absl::flat_hash_set<std::string> agencies;
  RETURN_IF_ERROR(Follow(revision, RecusalFollower::Scope::kRecusals));
  if (followed_.recusals().empty()) return agencies;
  RETURN_IF_ERROR(Follow(followed_.revision(), RecusalFollower::Scope::kAll));
  std::vector<std::string> own;
  if (!caller.key.empty()) own = followed_.RecordsOf(caller.key);
  const absl::CivilDay today = DayOf(clock_.Now());
  for (const auto& [name, recusal] : followed_.recusals()) {
    const bool is_callers = recusal.partner().empty() ? absl::c_binary_search(own, recusal.expert())
                                                      : recusal.partner() == caller.partner;
    if (is_callers && Holds(recusal, today)) {
      agencies.emplace(followed_.FirstOf(recusal.agency()));
    }
  }
  return agencies;
}

absl::StatusOr<std::vector<std::string>> RecusalReader::HiddenFrom(const rpc::Call& call) {
  std::vector<std::string> hidden;
  const Caller caller = CallerOf(call);
  if (caller.is_nobody()) return hidden;
  ASSIGN_OR_RETURN(const int64_t revision, InputsRevision(journal_));
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const auto agencies, RecusedFrom(caller, revision));
  if (!agencies.empty()) hidden = followed_.RequestsOf(agencies);
  return hidden;
}

absl::Status RecusalReader::CheckMayFollow(const rpc::Call& call) {
  const Caller caller = CallerOf(call);
  if (caller.is_nobody()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t revision, InputsRevision(journal_));
  {
    absl::MutexLock lock(&mutex_);
    ASSIGN_OR_RETURN(const auto agencies, RecusedFrom(caller, revision));
    if (agencies.empty()) return absl::OkStatus();
  }
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
