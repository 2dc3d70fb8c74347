#include "services/intake/recusals.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "common/status/etag.h"

namespace critac::intake {
namespace {

// The agency of a request from which somebody is recused, by `agencies`, sorted. Empty: none is.
std::string AgencyAmong(const v1::Request& request, absl::Span<const std::string> agencies) {
  const auto among = [&](const std::string& agency) {
    return std::binary_search(agencies.begin(), agencies.end(), agency);
  };
  if (among(request.agency())) return request.agency();
  for (const std::string& agency : request.co_served_agencies()) {
    if (among(agency)) return agency;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::optional<v1::RecusalsChanged>> DecideRecusals(
    const v1::Recusals& known, const google::protobuf::RepeatedPtrField<v1::Recusal>& told,
    absl::string_view seen) {
  std::map<std::string, const v1::Recusal*> by_name;
  for (int i = 0; i < told.size(); ++i) {
    if (!by_name.emplace(told[i].name(), &told[i]).second) {
      return InvalidField(absl::StrCat("recusals[", i, "].name"),
                          absl::StrCat(told[i].name(), " is named twice"));
    }
  }
  v1::RecusalsChanged changed;
  for (const v1::Recusal& before : known.recusals()) {
    const auto now = by_name.find(before.name());
    if (now == by_name.end()) {
      changed.add_removed(before.name());
    } else if (now->second->SerializeAsString() == before.SerializeAsString()) {
      by_name.erase(now);
    }
  }
  for (const auto& [name, recusal] : by_name) *changed.add_set() = *recusal;
  if (changed.set().empty() && changed.removed().empty()) return std::nullopt;
  RETURN_IF_ERROR(CheckEtag("the recusals", seen, known.etag()));
  return changed;
}

void ApplyRecusals(const v1::RecusalsChanged& changed, int64_t sequence, v1::Recusals& recusals) {
  std::map<std::string, v1::Recusal> by_name;
  for (const v1::Recusal& recusal : recusals.recusals()) by_name[recusal.name()] = recusal;
  for (const std::string& name : changed.removed()) by_name.erase(name);
  for (const v1::Recusal& recusal : changed.set()) by_name[recusal.name()] = recusal;
  recusals.clear_recusals();
  for (auto& [name, recusal] : by_name) *recusals.add_recusals() = std::move(recusal);
  // By its event, so that what is told again later has another; by what it says, so that it has another
  // also where a transaction was undone and another took its place.
  recusals.set_etag(
      absl::StrCat(sequence, "-", Sha256Hex(changed.SerializeAsString()).substr(0, 16)));
}

RecusalView::RecusalView(const v1::Recusals& recusals) : etag_(recusals.etag()) {
  for (const v1::Recusal& recusal : recusals.recusals()) {
    for (const auto* parties : {&recusal.parties(), &recusal.addresses()}) {
      for (const std::string& party : *parties) {
        if (!party.empty()) by_party_[party].push_back(entries_.size());
      }
    }
    entries_.push_back(
        {{recusal.agencies().begin(), recusal.agencies().end()}, ParseDate(recusal.valid_to())});
  }
}

std::vector<std::string> RecusalView::AgenciesOf(absl::Span<const std::string> parties,
                                                 absl::CivilDay day) const {
  std::set<std::string> agencies;
  for (const std::string& party : parties) {
    const auto found = by_party_.find(party);
    if (found == by_party_.end()) continue;
    for (const size_t index : found->second) {
      const Entry& entry = entries_[index];
      if (entry.last_day.has_value() && *entry.last_day < day) continue;
      agencies.insert(entry.agencies.begin(), entry.agencies.end());
    }
  }
  return {agencies.begin(), agencies.end()};
}

bool IsOfAny(const v1::Request& request, absl::Span<const std::string> agencies) {
  return !agencies.empty() && !AgencyAmong(request, agencies).empty();
}

absl::Status CheckNotRecused(absl::string_view who, const v1::Request& request,
                             absl::Span<const std::string> agencies) {
  const std::string agency = AgencyAmong(request, agencies);
  if (agency.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "RECUSED",
               absl::StrCat("request: ", who, " is recused from ", agency))
      .Fact("agency", agency)
      .ToStatus();
}

}  // namespace critac::intake
