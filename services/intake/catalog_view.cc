#include "services/intake/catalog_view.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::intake {
namespace {

// `from 2024-10-01`, `to 2026-09-30`, or both.
std::string SpanText(const v1::CatalogEntry& entry) {
  std::string text;
  if (!entry.valid_from().empty()) absl::StrAppend(&text, "from ", entry.valid_from());
  if (!entry.valid_to().empty()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "to ", entry.valid_to());
  }
  return text;
}

}  // namespace

bool IsValidOn(const v1::CatalogEntry& entry, absl::CivilDay day) {
  if (entry.valid_from().empty() && entry.valid_to().empty()) return true;
  const std::string date = FormatDate(day);
  return (entry.valid_from().empty() || entry.valid_from() <= date) &&
         (entry.valid_to().empty() || date <= entry.valid_to());
}

CatalogView::CatalogView(v1::Catalog catalog) : catalog_(std::move(catalog)) {
  absl::flat_hash_set<absl::CivilDay> closed;
  for (const v1::CatalogEntry& entry : catalog_.entries()) {
    entries_[entry.name()] = &entry;
    if (entry.has_target()) targets_.push_back(&entry);
    if (!entry.has_holiday()) continue;
    const auto day = ParseDate(entry.holiday().date());
    if (day.has_value() && IsValidOn(entry, *day)) closed.insert(*day);
  }
  calendar_ = BusinessCalendar(std::move(closed));
}

const v1::CatalogEntry* CatalogView::Find(absl::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

absl::Status CatalogView::CheckUsable(absl::string_view path, absl::string_view name,
                                      absl::CivilDay day) const {
  const v1::CatalogEntry* entry = Find(name);
  if (entry == nullptr) {
    return Annotate(ResourceNotFound(v1::CatalogEntry::descriptor()->full_name(), name), path);
  }
  if (IsValidOn(*entry, day)) return absl::OkStatus();
  return Annotate(FailedPrecondition("CATALOG_ENTRY_NOT_VALID", name,
                                     absl::StrCat("cannot be used on ", FormatDate(day), ", but ",
                                                  SpanText(*entry))),
                  path);
}

std::vector<std::string> CatalogView::ProgramsOn(absl::CivilDay day) const {
  std::vector<std::string> programs;
  for (const v1::CatalogEntry& entry : catalog_.entries()) {
    if (entry.has_program() && IsValidOn(entry, day)) programs.push_back(entry.name());
  }
  return programs;
}

int CatalogView::TargetOn(v1::ClockType clock, absl::CivilDay day) const {
  for (const v1::CatalogEntry* entry : targets_) {
    if (entry->target().clock() == clock && IsValidOn(*entry, day)) {
      return entry->target().business_days();
    }
  }
  return 0;
}

absl::CivilDay CatalogView::DueDay(absl::CivilDay start, int business_days) const {
  absl::MutexLock lock(&mutex_);
  const std::pair<absl::CivilDay, int> key(start, business_days);
  if (const auto known = due_days_.find(key); known != due_days_.end()) return known->second;
  if (due_days_.size() >= kDueDays) due_days_.clear();
  return due_days_[key] = calendar_.AddDays(start, business_days);
}

}  // namespace critac::intake
