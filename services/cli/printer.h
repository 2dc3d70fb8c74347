#ifndef SERVICES_CLI_PRINTER_H_
#define SERVICES_CLI_PRINTER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "services/cli/message_text.h"
#include "services/cli/world.h"

namespace critac::cli {

// Forms in which a command prints what it got.
enum class OutputFormat {
  kTable,  // for people
  kJson,   // one document of proto3 JSON
  kCsv,    // RFC 4180, with a header line
  kName,   // the resource's name alone, one a line: for scripts
};

// A column of a noun's list.
struct Column {
  // In a table as it is; in CSV lower case with `_` for spaces.
  std::string header;
  std::function<std::string(const google::protobuf::Message&, TextStyle)> text;
  bool right = false;
  bool may_be_cut = true;
};
using Columns = std::vector<Column>;

// A column of the field at `path` (see FieldText).
Column Field(std::string header, std::string path);
// The same for a number.
Column Number(std::string header, std::string path);
// The same for a name that one copies into the next command: never cut.
Column Name(std::string header, std::string path);
// The same for a date or time: of a time, only the day in a table.
Column Day(std::string header, std::string path);
// The same for the name of a resource, or a list of them: in a table without its collection,
// `de-escalation` for `topics/de-escalation`.
Column Brief(std::string header, std::string path);
// A column computed from a message of type T.
template <typename T>
Column Computed(std::string header, std::function<std::string(const T&, TextStyle)> text) {
  return {std::move(header),
          [text = std::move(text)](const google::protobuf::Message& message, TextStyle style) {
            return text(static_cast<const T&>(message), style);
          }};
}

// Prints messages to the output of a run.
class Printer {
 public:
  Printer(World& world, OutputFormat format) : world_(world), format_(format) {}

  OutputFormat format() const { return format_; }

  // One resource: a table shows every field that is set; CSV a line of the columns.
  absl::Status Show(const google::protobuf::Message& message, const Columns& columns);

  // The list `field` of `response`: JSON prints the whole response.
  absl::Status List(const google::protobuf::Message& response, absl::string_view field,
                    const Columns& columns);

  // Messages that came one by one: JSON prints `{"list_name": [...]}`.
  absl::Status Documents(const std::vector<const google::protobuf::Message*>& rows,
                         absl::string_view list_name, const Columns& columns);

  // A message of figures: as a row, so that zeros are seen too; as JSON by itself.
  absl::Status Row(const google::protobuf::Message& message, const Columns& columns);

  // The rows alone, in any form but JSON.
  absl::Status Rows(const std::vector<const google::protobuf::Message*>& rows,
                    const Columns& columns);

  // Rows that go on where others ended: without the headers.
  absl::Status MoreRows(const std::vector<const google::protobuf::Message*>& rows,
                        const Columns& columns);

  // A message as proto3 JSON, in lines.
  absl::Status Json(const google::protobuf::Message& message);

 private:
  // What Rows prints.
  absl::StatusOr<std::string> FormatRows(const std::vector<const google::protobuf::Message*>& rows,
                                         const Columns& columns) const;

  World& world_;
  const OutputFormat format_;
};

// Proto3 JSON of a message in one line. INTERNAL: it has text that is not UTF-8.
absl::StatusOr<std::string> JsonLine(const google::protobuf::Message& message);

}  // namespace critac::cli

#endif  // SERVICES_CLI_PRINTER_H_
