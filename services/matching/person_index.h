#ifndef SERVICES_MATCHING_PERSON_INDEX_H_
#define SERVICES_MATCHING_PERSON_INDEX_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace critac::matching {

// Which records of experts are one person, by the same rules as PersonsOf: those with an address in common, those of
// which it was decided, and whoever is one with one of these. A change takes as long as what changed, a question as
// long as the answer, however many records there are. Not thread-safe.
class PersonIndex {
 public:
  // Takes a record, in the place of the one of this name. `addresses` are texts that are equal where the addresses are
  // (AddressIdentity), each once.
  void Set(const std::string& name, std::vector<std::string> addresses);
  // A record, or nothing, is gone.
  void Remove(const std::string& name);

  // Takes a decision by its name, in the place of that of before: that two records are one person, be they there or
  // not.
  void Join(const std::string& decision, const std::string& first, const std::string& second);
  // A decision, or nothing, says that no more.
  void Part(const std::string& decision);

  // Nothing is there.
  void Clear();

  bool Has(const std::string& name) const { return addresses_.contains(name); }
  // Records that have an address, in no order.
  absl::Span<const std::string> WithAddress(absl::string_view address) const;
  // All records of the persons whose records these are, by name, sorted. What is not on record is left out.
  std::vector<std::string> AllOf(absl::Span<const std::string> records) const;

 private:
  struct Joined {
    std::string first;
    std::string second;
  };

  // Of every record.
  absl::flat_hash_map<std::string, std::vector<std::string>> addresses_;
  absl::flat_hash_map<std::string, std::vector<std::string>> records_;
  // By decision, and decisions by record.
  absl::flat_hash_map<std::string, Joined> joined_;
  absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> decisions_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PERSON_INDEX_H_
