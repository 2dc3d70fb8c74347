#include "services/cli/import/row_mapper.h"

#include <algorithm>
#include <functional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "google/protobuf/util/json_util.h"
#include "services/cli/display_width.h"
#include "services/cli/exit_status.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsPath(const Descriptor& type, absl::string_view path) {
  const Descriptor* current = &type;
  for (const absl::string_view name : absl::StrSplit(path, '.')) {
    if (current == nullptr) return false;
    const FieldDescriptor* field = current->FindFieldByName(std::string(name));
    if (field == nullptr) return false;
    current = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()
                  ? field->message_type()
                  : nullptr;
  }
  return true;
}

const CsvShorthand* FindShorthand(const ImportKind& kind, absl::string_view header) {
  for (const CsvShorthand& shorthand : kind.shorthands) {
    if (shorthand.header == header) return &shorthand;
  }
  return nullptr;
}

absl::Status UnknownColumn(const ImportKind& kind, absl::string_view header) {
  std::vector<std::string> names;
  const Descriptor& type = *kind.prototype->GetDescriptor();
  for (const CsvShorthand& shorthand : kind.shorthands) names.push_back(shorthand.header);
  for (int i = 0; i < type.field_count(); ++i) {
    if (FindShorthand(kind, type.field(i)->name()) == nullptr)
      names.push_back(type.field(i)->name());
  }
  return UsageError(absl::StrCat("header: \"", header, "\" is no column of ", kind.name,
                                 "; there are: ", absl::StrJoin(names, ", ")));
}

}  // namespace

absl::Status MessageFromJson(const Row& row, Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(row.json, &message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(status.message()));
}

absl::StatusOr<CsvMapper> CsvMapper::Create(const ImportKind& kind,
                                            const std::vector<std::string>& header) {
  CsvMapper mapper;
  mapper.cells_ = header.size();
  std::set<std::string> seen;
  for (size_t i = 0; i < header.size(); ++i) {
    const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(header[i]));
    if (name.empty()) return UsageError(absl::StrCat("header: column ", i + 1, " has no name"));
    if (!seen.insert(name).second) {
      return UsageError(absl::StrCat("header: \"", name, "\" stands there twice"));
    }
    const CsvShorthand* shorthand = FindShorthand(kind, name);
    if (shorthand == nullptr && !IsPath(*kind.prototype->GetDescriptor(), name)) {
      return UnknownColumn(kind, Printable(header[i]));
    }
    mapper.targets_.push_back({i, name, shorthand});
  }
  // Shorthands go last, in the order in which the kind lists them: what is said of all strengths is
  // said once they are known.
  std::stable_sort(
      mapper.targets_.begin(), mapper.targets_.end(),
      [](const Target& a, const Target& b) { return std::less<>()(a.shorthand, b.shorthand); });
  return mapper;
}

absl::Status CsvMapper::Map(const Row& row, Message& message) const {
  message.Clear();
  return Apply(row, message);
}

absl::Status CsvMapper::Apply(const Row& row, Message& message) const {
  if (row.cells.size() != cells_) {
    return absl::InvalidArgumentError(
        absl::StrCat("the row has ", row.cells.size(), " fields, the header ", cells_));
  }
  for (const Target& target : targets_) {
    const std::string& text = row.cells[target.cell];
    if (text.empty()) continue;
    if (!IsUtf8(text)) return InvalidField(target.path, "the text is not UTF-8");
    if (target.shorthand == nullptr) {
      RETURN_IF_ERROR(SetField(message, target.path, text));
    } else if (const absl::Status status = target.shorthand->set(text, message); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace critac::cli
