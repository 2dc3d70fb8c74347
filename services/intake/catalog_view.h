#ifndef SERVICES_INTAKE_CATALOG_VIEW_H_
#define SERVICES_INTAKE_CATALOG_VIEW_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "common/base/calendar.h"
#include "critac/intake/v1/catalog.pb.h"

namespace critac::intake {

// A catalog made ready to decide by: entries by name, the calendar, targets by clock. Made once for
// each change of the catalog and shared by all commands. Immutable.
class CatalogView {
 public:
  explicit CatalogView(v1::Catalog catalog);
  CatalogView(const CatalogView&) = delete;
  CatalogView& operator=(const CatalogView&) = delete;

  const std::string& etag() const { return catalog_.etag(); }

  // An entry of any date. Null: none of this name.
  const v1::CatalogEntry* Find(absl::string_view name) const;

  // OK where the entry can be used on `day`. NOT_FOUND: no entry of this name; FAILED_PRECONDITION,
  // reason CATALOG_ENTRY_NOT_VALID: not on this day. The message begins with `path`, the field that
  // names it.
  absl::Status CheckUsable(absl::string_view path, absl::string_view name,
                           absl::CivilDay day) const;

  // Names of the programs that can be used on `day`, in order.
  std::vector<std::string> ProgramsOn(absl::CivilDay day) const;

  // Business days a clock that begins on `day` may run. 0: there is no target.
  int TargetOn(v1::ClockType clock, absl::CivilDay day) const;

  // Weekends, federal holidays and the center's own holidays are left out.
  const BusinessCalendar& calendar() const { return calendar_; }

 private:
  v1::Catalog catalog_;
  absl::flat_hash_map<absl::string_view, const v1::CatalogEntry*> entries_;
  std::vector<const v1::CatalogEntry*> targets_;
  BusinessCalendar calendar_;
};

// Whether an entry can be used on a day.
bool IsValidOn(const v1::CatalogEntry& entry, absl::CivilDay day);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_CATALOG_VIEW_H_
