#include "services/intake/catalog_import.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/sha256.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/intake/agency_rules.h"

namespace critac::intake {
namespace {

using Entries = std::map<std::string, v1::CatalogEntry>;

// Collection that holds entries of a kind.
absl::string_view CollectionOf(v1::CatalogEntry::KindCase kind) {
  switch (kind) {
    case v1::CatalogEntry::kTopic:
      return "topics";
    case v1::CatalogEntry::kDeliveryType:
      return "deliveryTypes";
    case v1::CatalogEntry::kInitiative:
      return "initiatives";
    case v1::CatalogEntry::kTarget:
      return "targets";
    case v1::CatalogEntry::kHoliday:
      return "holidays";
    case v1::CatalogEntry::kProgram:
      return "programs";
    case v1::CatalogEntry::KIND_NOT_SET:
      return "";
  }
  return "";
}

// What is wrong with an entry by itself; empty: nothing.
std::string ProblemAlone(const v1::CatalogEntry& entry) {
  const absl::string_view collection = CollectionOf(entry.kind_case());
  if (collection.empty()) {
    return "kind: is missing; one of topic, delivery_type, initiative, target, holiday, program";
  }
  const absl::string_view name = entry.name();
  if (name.substr(0, name.find('/')) != collection) {
    return absl::StrCat("name: ", name, " does not fit its kind, whose names are ", collection,
                        "/ID");
  }
  if (!entry.valid_from().empty() && !entry.valid_to().empty() &&
      entry.valid_from() > entry.valid_to()) {
    return absl::StrCat("valid_to: ", entry.valid_to(), " is before valid_from, ",
                        entry.valid_from());
  }
  return "";
}

std::string TargetProblem(const v1::CatalogEntry& entry, const Entries& entries) {
  if (!entry.has_target()) return "";
  for (const auto& [name, other] : entries) {
    if (name != entry.name() && other.has_target() &&
        other.target().clock() == entry.target().clock() &&
        DatesOverlap(entry.valid_from(), entry.valid_to(), other.valid_from(), other.valid_to())) {
      return absl::StrCat("target.clock: ", name, " is a target of this clock on some of the days");
    }
  }
  return "";
}

// Whether `name` is `below` or stands above it.
bool IsAtOrAbove(absl::string_view name, absl::string_view below, const Entries& entries) {
  // Chains of parents have no loops, because no entry that would close one is accepted.
  std::string at(below);
  while (!at.empty()) {
    if (at == name) return true;
    const auto found = entries.find(at);
    at = found == entries.end() ? "" : found->second.topic().parent();
  }
  return false;
}

class CatalogPlanner {
 public:
  CatalogPlanner(const v1::Catalog& catalog,
                 const google::protobuf::RepeatedPtrField<v1::CatalogEntry>& rows)
      : rows_(rows) {
    for (const v1::CatalogEntry& entry : catalog.entries()) entries_[entry.name()] = entry;
    plan_.results.resize(rows.size());
    for (int i = 0; i < rows.size(); ++i) plan_.results[i].set_index(i);
  }

  CatalogImport Run(absl::Span<const std::string> problems) {
    std::vector<int> waiting;
    for (int i = 0; i < rows_.size(); ++i) {
      std::string problem = problems[i].empty() ? ProblemAlone(rows_[i]) : problems[i];
      if (problem.empty()) {
        waiting.push_back(i);
      } else {
        Refuse(i, std::move(problem));
      }
    }
    // A row whose parent comes later waits for it; when no row moves any more, the parents of the
    // rest do not come.
    for (size_t before = waiting.size() + 1; waiting.size() < before;) {
      before = waiting.size();
      waiting = TakeWhatCanBe(waiting);
    }
    for (const int i : waiting) {
      Refuse(i, absl::StrCat("topic.parent: ", rows_[i].topic().parent(),
                             " is not in the catalog, nor among the accepted rows"));
    }
    return std::move(plan_);
  }

 private:
  // Returns those that still wait.
  std::vector<int> TakeWhatCanBe(const std::vector<int>& waiting) {
    std::vector<int> still;
    std::set<absl::string_view> passed;
    for (const int i : waiting) {
      const std::string& parent = rows_[i].topic().parent();
      if (passed.count(rows_[i].name()) > 0 ||
          (!parent.empty() && parent != rows_[i].name() && entries_.count(parent) == 0)) {
        passed.insert(rows_[i].name());
        still.push_back(i);
      } else {
        Take(i);
      }
    }
    return still;
  }

  void Take(int i) {
    const v1::CatalogEntry& row = rows_[i];
    if (const std::string problem = TargetProblem(row, entries_); !problem.empty()) {
      return Refuse(i, problem);
    }
    if (IsAtOrAbove(row.name(), row.topic().parent(), entries_)) {
      return Refuse(i, absl::StrCat("topic.parent: ", row.topic().parent(),
                                    " is the topic itself, or below it"));
    }
    if (entries_.size() >= kCatalogEntries && entries_.count(row.name()) == 0) {
      return Refuse(i, absl::StrCat("name: the catalog has ", kCatalogEntries,
                                    " entries already, and no room for more"));
    }
    const auto [known, added] = entries_.try_emplace(row.name(), row);
    v1::ImportResult& result = plan_.results[i];
    result.set_name(row.name());
    if (added) {
      result.set_outcome(v1::IMPORT_OUTCOME_CREATED);
    } else if (google::protobuf::util::MessageDifferencer::Equals(known->second, row)) {
      result.set_outcome(v1::IMPORT_OUTCOME_UNCHANGED);
      return;
    } else {
      result.set_outcome(v1::IMPORT_OUTCOME_UPDATED);
      known->second = row;
    }
    plan_.changes.push_back(row);
  }

  void Refuse(int i, std::string problem) {
    plan_.results[i].set_outcome(v1::IMPORT_OUTCOME_REFUSED);
    plan_.results[i].set_problem(std::move(problem));
  }

  const google::protobuf::RepeatedPtrField<v1::CatalogEntry>& rows_;
  Entries entries_;
  CatalogImport plan_;
};

}  // namespace

CatalogImport PlanCatalogImport(const v1::Catalog& catalog,
                                const google::protobuf::RepeatedPtrField<v1::CatalogEntry>& rows,
                                absl::Span<const std::string> problems) {
  return CatalogPlanner(catalog, rows).Run(problems);
}

void SetCatalogEntry(const v1::CatalogEntry& entry, v1::Catalog& catalog) {
  auto& entries = *catalog.mutable_entries();
  auto place = std::lower_bound(
      entries.begin(), entries.end(), entry,
      [](const v1::CatalogEntry& a, const v1::CatalogEntry& b) { return a.name() < b.name(); });
  if (place != entries.end() && place->name() == entry.name()) {
    *place = entry;
  } else {
    const auto index = place - entries.begin();
    *entries.Add() = entry;
    std::rotate(entries.pointer_begin() + index, entries.pointer_end() - 1, entries.pointer_end());
  }
  // The etag stands for all that was ever set: no two contents share one, also where a transaction
  // was undone and another took its place.
  catalog.set_etag(
      Sha256Hex(absl::StrCat(catalog.etag(), "\n", entry.SerializeAsString())).substr(0, 16));
}

}  // namespace critac::intake
