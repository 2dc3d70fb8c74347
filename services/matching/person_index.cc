#include "services/matching/person_index.h"

#include <algorithm>
#include <utility>

namespace critac::matching {

void PersonIndex::Set(const std::string& name, std::vector<std::string> addresses) {
  Remove(name);
  for (const std::string& address : addresses) records_[address].push_back(name);
  addresses_[name] = std::move(addresses);
}

void PersonIndex::Remove(const std::string& name) {
  const auto record = addresses_.find(name);
  if (record == addresses_.end()) return;
  for (const std::string& address : record->second) {
    const auto with_it = records_.find(address);
    std::erase(with_it->second, name);
    if (with_it->second.empty()) records_.erase(with_it);
  }
  addresses_.erase(record);
}

void PersonIndex::Join(const std::string& decision, const std::string& first,
                       const std::string& second) {
  Part(decision);
  joined_[decision] = {first, second};
  decisions_[first].insert(decision);
  decisions_[second].insert(decision);
}

void PersonIndex::Part(const std::string& decision) {
  const auto joined = joined_.find(decision);
  if (joined == joined_.end()) return;
  for (const std::string& name : {joined->second.first, joined->second.second}) {
    const auto of_record = decisions_.find(name);
    if (of_record == decisions_.end()) continue;
    of_record->second.erase(decision);
    if (of_record->second.empty()) decisions_.erase(of_record);
  }
  joined_.erase(joined);
}

void PersonIndex::Clear() {
  addresses_.clear();
  records_.clear();
  joined_.clear();
  decisions_.clear();
}

absl::Span<const std::string> PersonIndex::WithAddress(absl::string_view address) const {
  const auto found = records_.find(address);
  return found == records_.end() ? absl::Span<const std::string>() : found->second;
}

std::vector<std::string> PersonIndex::AllOf(absl::Span<const std::string> records) const {
  std::vector<std::string> all;
  absl::flat_hash_set<std::string> known;
  // An address that many have is looked at once.
  absl::flat_hash_set<absl::string_view> looked_at;
  const auto add = [&](const std::string& name) {
    if (Has(name) && known.insert(name).second) all.push_back(name);
  };
  for (const std::string& name : records) add(name);
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string name = all[i];
    for (const std::string& address : addresses_.at(name)) {
      if (!looked_at.insert(address).second) continue;
      for (const std::string& other : records_.at(address)) add(other);
    }
    const auto decisions = decisions_.find(name);
    if (decisions == decisions_.end()) continue;
    for (const std::string& decision : decisions->second) {
      const Joined& joined = joined_.at(decision);
      add(joined.first);
      add(joined.second);
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace critac::matching
