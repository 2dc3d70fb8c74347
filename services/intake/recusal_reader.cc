#include "services/intake/recusal_reader.h"

#include "common/base/calendar.h"
#include "common/journal/vault.h"
#include "common/status/error.h"

namespace critac::intake {
namespace {

// What recusals may know a caller by. Empty: by nothing.
std::vector<std::string> CallersParties(const rpc::Principal& who) {
  std::vector<std::string> parties;
  if (who.role == type::v1::ROLE_AGENCY || who.role == type::v1::ROLE_SERVICE) return parties;
  if (who.role == type::v1::ROLE_PARTNER) parties.push_back(who.resource());
  if (std::string person = rpc::PersonKey(who); !person.empty()) {
    parties.push_back(std::move(person));
  }
  return parties;
}

// Whether the texts of the vault could be read.
bool HasTexts(const v1::Recusals& recusals) {
  for (const v1::Recusal& recusal : recusals.recusals()) {
    for (const std::string& address : recusal.addresses()) {
      if (journal::IsVaultReference(address)) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<std::string> RecusalReader::HiddenFrom(const rpc::Principal& who,
                                                   journal::Draft& draft) {
  const std::vector<std::string> parties = CallersParties(who);
  if (parties.empty()) return {};
  const v1::Recusals* head = draft.Find<v1::Recusals>(kRecusalsHeadName);
  if (head == nullptr) return {};
  std::shared_ptr<const RecusalView> view = Known(head->etag());
  if (view == nullptr) {
    const v1::Recusals* found = draft.Find<v1::Recusals>(kRecusalsName);
    // It stands beside the head: where it cannot be read, the command, with all of its batch, fails.
    if (found == nullptr) return {};
    v1::Recusals recusals = *found;
    draft.ReadTexts(recusals);
    if (!HasTexts(recusals)) return {};
    view = Keep(recusals);
  }
  return view->AgenciesOf(parties, DayOf(draft.now()));
}

absl::StatusOr<std::vector<std::string>> RecusalReader::HiddenFrom(const rpc::Principal& who,
                                                                   journal::Records& records,
                                                                   absl::CivilDay today) {
  const std::vector<std::string> parties = CallersParties(who);
  if (parties.empty()) return std::vector<std::string>();
  const auto head = records.Get<v1::Recusals>(kRecusalsHeadName);
  if (absl::IsNotFound(head.status())) return std::vector<std::string>();
  RETURN_IF_ERROR(head.status());
  std::shared_ptr<const RecusalView> view = Known(head->etag());
  if (view == nullptr) {
    // It may be newer than the head that was read.
    ASSIGN_OR_RETURN(const auto recusals, records.Get<v1::Recusals>(kRecusalsName));
    view = Keep(recusals);
  }
  return view->AgenciesOf(parties, today);
}

std::shared_ptr<const RecusalView> RecusalReader::Known(const std::string& etag) {
  absl::MutexLock lock(&mutex_);
  return view_ != nullptr && view_->etag() == etag ? view_ : nullptr;
}

std::shared_ptr<const RecusalView> RecusalReader::Keep(const v1::Recusals& recusals) {
  auto view = std::make_shared<const RecusalView>(recusals);
  absl::MutexLock lock(&mutex_);
  view_ = view;
  return view;
}

}  // namespace critac::intake
