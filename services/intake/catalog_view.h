#ifndef SERVICES_INTAKE_CATALOG_VIEW_H_
#define SERVICES_INTAKE_CATALOG_VIEW_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
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

  // The day on which what begins on `start` is due in so many business days: calendar().AddDays,
  // remembered, because every request of a day asks for the same few and the longest targets take
  // hundreds of days to count.
  absl::CivilDay DueDay(absl::CivilDay start, int business_days) const;

 private:
  // Due days remembered at once; past it all are forgotten.
  static constexpr size_t kDueDays = 1000;

  v1::Catalog catalog_;
  absl::flat_hash_map<absl::string_view, const v1::CatalogEntry*> entries_;
  std::vector<const v1::CatalogEntry*> targets_;
  BusinessCalendar calendar_;
  mutable absl::Mutex mutex_;
  mutable absl::flat_hash_map<std::pair<absl::CivilDay, int>, absl::CivilDay> due_days_
      ABSL_GUARDED_BY(mutex_);
};

// Whether an entry can be used on a day.
bool IsValidOn(const v1::CatalogEntry& entry, absl::CivilDay day);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_CATALOG_VIEW_H_
