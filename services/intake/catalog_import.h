#ifndef SERVICES_INTAKE_CATALOG_IMPORT_H_
#define SERVICES_INTAKE_CATALOG_IMPORT_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "critac/intake/v1/catalog.pb.h"

namespace critac::intake {

// Most entries of a catalog. It is read whole and is one state: some hundred bytes each, so that this
// many fit a message with room to spare; a center has a few hundred.
inline constexpr size_t kCatalogEntries = 5000;

// What an import of catalog entries comes to.
struct CatalogImport {
  // One a row, in order.
  std::vector<v1::ImportResult> results;
  // Entries to set, in an order in which each one's parent is there before it.
  std::vector<v1::CatalogEntry> changes;
};

// Decides an import of `rows` into `catalog`. Pure.
//
// `problems`, one a row, says which rows break the rules of their fields; empty for those that do
// not. A row is refused, with the reason, when it breaks them, when its name does not fit its kind,
// when it ends before it begins, when it is a target for days on which the same clock has another,
// when its parent is neither in the catalog nor among the rows that are accepted, or is below it, or
// when it would be one entry more than kCatalogEntries. Rows may stand in any order. A later row
// for the same name is taken after the earlier one.
CatalogImport PlanCatalogImport(const v1::Catalog& catalog,
                                const google::protobuf::RepeatedPtrField<v1::CatalogEntry>& rows,
                                absl::Span<const std::string> problems);

// Puts an entry in its place in a catalog, which stays sorted by name, and changes the etag.
void SetCatalogEntry(const v1::CatalogEntry& entry, v1::Catalog& catalog);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_CATALOG_IMPORT_H_
