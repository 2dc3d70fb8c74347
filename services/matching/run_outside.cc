#include "services/matching/run_outside.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace critac::matching {
namespace {

using intake::v1::CatalogEntry;

// Of the entry what Pool::Build makes use of; null: the catalog has none of the name.
CatalogEntry UsedOf(absl::string_view name, const CatalogEntry* entry) {
  CatalogEntry used;
  used.set_name(std::string(name));
  if (entry == nullptr) return used;
  if (entry->has_topic()) used.mutable_topic()->set_title(entry->topic().title());
  if (entry->has_delivery_type()) {
    const intake::v1::DeliveryType& type = entry->delivery_type();
    used.mutable_delivery_type()->set_title(type.title());
    used.mutable_delivery_type()->set_mode(type.mode());
    used.mutable_delivery_type()->set_lead_time_days(type.lead_time_days());
  }
  return used;
}

}  // namespace

v1::ProofOutside OutsideOf(const Pool& pool, absl::Span<const v1::Demand> demands,
                           const intake::v1::Catalog& catalog) {
  v1::ProofOutside outside;
  absl::btree_map<absl::string_view, const CatalogEntry*> entries;
  for (const v1::Demand& demand : demands) {
    for (const intake::v1::Slot& slot : demand.slots()) {
      if (!slot.topic().empty()) entries[slot.topic()] = nullptr;
      if (!slot.delivery_type().empty()) entries[slot.delivery_type()] = nullptr;
    }
  }
  for (const CatalogEntry& entry : catalog.entries()) {
    const auto found = entries.find(entry.name());
    if (found != entries.end()) found->second = &entry;
  }
  for (const auto& [name, entry] : entries) *outside.add_catalog() = UsedOf(name, entry);

  std::map<int, v1::ProofPerson> persons;
  for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
    const int first = pool.experts()[e].person;
    if (first == e) continue;
    v1::ProofPerson& person = persons[first];
    if (person.experts().empty()) person.add_experts(pool.experts()[first].name);
    person.add_experts(pool.experts()[e].name);
  }
  for (auto& [first, person] : persons) *outside.add_persons() = std::move(person);
  return outside;
}

void TakeOutside(const v1::ProofOutside& outside, Snapshot& snapshot) {
  auto catalog = std::make_shared<intake::v1::Catalog>();
  absl::flat_hash_set<absl::string_view> kept;
  for (const CatalogEntry& entry : outside.catalog()) {
    kept.insert(entry.name());
    *catalog->add_entries() = entry;
  }
  if (snapshot.catalog != nullptr) {
    for (const CatalogEntry& entry : snapshot.catalog->entries()) {
      if (!kept.contains(entry.name())) *catalog->add_entries() = entry;
    }
  }
  snapshot.catalog = std::move(catalog);
  for (const v1::ProofPerson& person : outside.persons()) {
    for (int i = 1; i < person.experts_size(); ++i) {
      v1::Identity& identity = snapshot.identities.emplace_back();
      identity.set_first(person.experts(0));
      identity.set_second(person.experts(i));
      identity.set_state(v1::IDENTITY_STATE_CONFIRMED);
    }
  }
}

}  // namespace critac::matching
