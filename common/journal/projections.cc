#include "common/journal/projections.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/limits.h"
#include "common/journal/json_text.h"
#include "common/journal/sql_list.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace critac::journal {
namespace {

[[noreturn]] void AbortUnknownCollection(absl::string_view collection) {
  std::fprintf(stderr, "journal: no projection keeps the collection '%s'\n",
               std::string(collection).c_str());
  std::abort();
}

// The messages and enums that rows hold, by full name: each with its fields, or values, as JSON names them. In order,
// so that a shape does not depend on that in which a .proto lists them.
using Types = std::map<std::string, std::set<std::string>>;

void AddEnum(const google::protobuf::EnumDescriptor& type, Types& types) {
  std::set<std::string>& values = types[type.full_name()];
  for (int i = 0; i < type.value_count(); ++i) values.insert(type.value(i)->name());
}

void AddMessage(const google::protobuf::Descriptor& type, Types& types) {
  const auto [place, added] = types.try_emplace(type.full_name());
  // It may be within itself.
  if (!added) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    place->second.insert(field.json_name());
    if (field.message_type() != nullptr) AddMessage(*field.message_type(), types);
    if (field.enum_type() != nullptr) AddEnum(*field.enum_type(), types);
  }
}

// What is in a shape, each as one text.
struct Parts {
  // And tables.
  absl::flat_hash_set<std::string> columns;
  // And messages, enums and their values.
  absl::flat_hash_set<std::string> fields;
};

Parts PartsOf(absl::string_view shape) {
  Parts parts;
  for (const absl::string_view line : absl::StrSplit(shape, '\n', absl::SkipEmpty())) {
    const auto [owner, names] = std::pair<absl::string_view, absl::string_view>(
        absl::StrSplit(line, absl::MaxSplits(':', 1)));
    // That of a table names the collection too.
    absl::flat_hash_set<std::string>& of_kind =
        absl::StrContains(owner, ' ') ? parts.columns : parts.fields;
    of_kind.emplace(owner);
    for (const absl::string_view name : absl::StrSplit(names, ' ', absl::SkipEmpty())) {
      of_kind.insert(absl::StrCat(owner, " ", name));
    }
  }
  return parts;
}

bool AreAmong(const absl::flat_hash_set<std::string>& some,
              const absl::flat_hash_set<std::string>& all) {
  return std::all_of(some.begin(), some.end(),
                     [&](const std::string& part) { return all.contains(part); });
}

}  // namespace

absl::string_view CollectionOf(absl::string_view name) { return name.substr(0, name.find('/')); }

Projections::Projections(std::vector<Projection> projections)
    : projections_(std::move(projections)) {
  Types types;
  for (size_t i = 0; i < projections_.size(); ++i) {
    const Projection& projection = projections_[i];
    by_collection_[projection.collection] = i;
    absl::StrAppend(&shape_, projection.collection, " ", projection.table, ":");
    for (const Projection::Column& column : projection.columns) {
      absl::StrAppend(&shape_, " ", column.name);
    }
    absl::StrAppend(&shape_, "\n");
    AddMessage(*projection.prototype->GetDescriptor(), types);
  }
  for (const auto& [type, names] : types) {
    absl::StrAppend(&shape_, type, ": ", absl::StrJoin(names, " "), "\n");
  }
}

bool Projections::Cover(absl::string_view shape) const {
  const Parts own = PartsOf(shape_);
  const Parts other = PartsOf(shape);
  return AreAmong(other.columns, own.columns) && AreAmong(other.fields, own.fields);
}

bool Projections::HaveFewerFieldsThan(absl::string_view shape) const {
  const Parts own = PartsOf(shape_);
  const Parts other = PartsOf(shape);
  return own.fields.size() < other.fields.size() && AreAmong(own.fields, other.fields);
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

  struct Waiting {
    std::vector<std::vector<store::Value>> rows;
    size_t bytes = 0;
  };
  std::map<const Projection*, Waiting> tables;
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
    std::string body = text != texts.end() ? std::move(text->second) : ToJsonText(*state);
    Waiting& waiting = tables[&projection];
    waiting.bytes += body.size();
    row.emplace_back(std::move(body));
    for (const Projection::Column& column : projection.columns) row.push_back(column.value(*state));
    waiting.rows.push_back(std::move(row));
    // Where all records are saved, their texts would take more memory than the records.
    if (waiting.bytes < limits::kJournalPageBytes) continue;
    RETURN_IF_ERROR(SaveTable(connection, projection, waiting.rows));
    waiting = {};
  }
  for (const auto& [projection, waiting] : tables)
    RETURN_IF_ERROR(SaveTable(connection, *projection, waiting.rows));
  return absl::OkStatus();
}

absl::Status Projections::Clear(store::Connection& connection) const {
  for (const Projection& projection : projections_) {
    RETURN_IF_ERROR(connection.Execute(absl::StrCat("DELETE FROM ", projection.table)).status());
  }
  return absl::OkStatus();
}

}  // namespace critac::journal
