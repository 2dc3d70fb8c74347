#include "common/journal/projections.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/journal/json_text.h"
#include "common/journal/sql_list.h"
#include "common/status/error.h"

namespace critac::journal {
namespace {

[[noreturn]] void AbortUnknownCollection(absl::string_view collection) {
  std::fprintf(stderr, "journal: no projection keeps the collection '%s'\n",
               std::string(collection).c_str());
  std::abort();
}

// The tables and columns of a shape, each as one text.
absl::flat_hash_set<std::string> PartsOf(absl::string_view shape) {
  absl::flat_hash_set<std::string> parts;
  for (const absl::string_view line : absl::StrSplit(shape, '\n', absl::SkipEmpty())) {
    const auto [table, columns] = std::pair<absl::string_view, absl::string_view>(
        absl::StrSplit(line, absl::MaxSplits(':', 1)));
    parts.emplace(table);
    for (const absl::string_view column : absl::StrSplit(columns, ' ', absl::SkipEmpty())) {
      parts.insert(absl::StrCat(table, " ", column));
    }
  }
  return parts;
}

}  // namespace

absl::string_view CollectionOf(absl::string_view name) { return name.substr(0, name.find('/')); }

Projections::Projections(std::vector<Projection> projections)
    : projections_(std::move(projections)) {
  for (size_t i = 0; i < projections_.size(); ++i) {
    const Projection& projection = projections_[i];
    by_collection_[projection.collection] = i;
    absl::StrAppend(&shape_, projection.collection, " ", projection.table, ":");
    for (const Projection::Column& column : projection.columns) {
      absl::StrAppend(&shape_, " ", column.name);
    }
    absl::StrAppend(&shape_, "\n");
  }
}

bool Projections::Cover(absl::string_view shape) const {
  const absl::flat_hash_set<std::string> own = PartsOf(shape_);
  for (const std::string& part : PartsOf(shape)) {
    if (!own.contains(part)) return false;
  }
  return true;
}

const Projection& Projections::OfCollection(absl::string_view collection) const {
  const auto found = by_collection_.find(collection);
  if (found == by_collection_.end()) AbortUnknownCollection(collection);
  return projections_[found->second];
}

const Projection& Projections::Of(absl::string_view name) const {
  return OfCollection(CollectionOf(name));
}

absl::Status Projections::Load(
    store::Connection& connection, const Projection& projection,
    absl::Span<const std::string> names,
    absl::FunctionRef<void(const std::string& name,
                           std::unique_ptr<google::protobuf::Message> state, size_t text_bytes)>
        each) const {
  const std::vector<store::Value> values(names.begin(), names.end());
  return QueryInList(
      connection, absl::StrCat("SELECT name, body FROM ", projection.table, " WHERE name IN "),
      values, [&](const store::Row& row) -> absl::Status {
        std::unique_ptr<google::protobuf::Message> state(projection.prototype->New());
        const std::string& text = row.Text(1);
        RETURN_IF_ERROR(Annotate(FromJsonText(text, *state), row.Text(0)));
        each(row.Text(0), std::move(state), text.size());
        return absl::OkStatus();
      });
}

absl::Status Projections::SaveTable(store::Connection& connection, const Projection& projection,
                                    absl::Span<const std::vector<store::Value>> rows) const {
  std::vector<std::string> columns = {"name", "body"};
  for (const Projection::Column& column : projection.columns) columns.push_back(column.name);
  return connection.InsertRows(projection.table, columns, rows, store::OnConflict::kReplace,
                               {"name"});
}

absl::Status Projections::Save(
    store::Connection& connection,
    const absl::flat_hash_map<std::string, std::shared_ptr<const google::protobuf::Message>>&
        states,
    absl::flat_hash_map<const google::protobuf::Message*, std::string> texts) const {
  // In order of names, so that rows land side by side, and the same on every run.
  using Entry = std::pair<const std::string*, const google::protobuf::Message*>;
  std::vector<Entry> sorted;
  sorted.reserve(states.size());
  for (const auto& [name, state] : states) sorted.emplace_back(&name, state.get());
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry& a, const Entry& b) { return *a.first < *b.first; });

  std::map<const Projection*, std::vector<std::vector<store::Value>>> rows;
  for (const auto& [name, state] : sorted) {
    const Projection& projection = Of(*name);
    if (state == nullptr) {
      RETURN_IF_ERROR(connection.ExecuteLater(
          absl::StrCat("DELETE FROM ", projection.table, " WHERE name = :p1"),
          {store::Value(name)}));
      continue;
    }
    const auto text = texts.find(state);
    std::vector<store::Value> row;
    row.reserve(2 + projection.columns.size());
    row.emplace_back(name);
    row.emplace_back(text != texts.end() ? std::move(text->second) : ToJsonText(*state));
    for (const Projection::Column& column : projection.columns) row.push_back(column.value(*state));
    rows[&projection].push_back(std::move(row));
  }
  for (const auto& [projection, table_rows] : rows)
    RETURN_IF_ERROR(SaveTable(connection, *projection, table_rows));
  return absl::OkStatus();
}

absl::Status Projections::Clear(store::Connection& connection) const {
  for (const Projection& projection : projections_) {
    RETURN_IF_ERROR(connection.Execute(absl::StrCat("DELETE FROM ", projection.table)).status());
  }
  return absl::OkStatus();
}

}  // namespace critac::journal
