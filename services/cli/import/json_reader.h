#ifndef SERVICES_CLI_IMPORT_JSON_READER_H_
#define SERVICES_CLI_IMPORT_JSON_READER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/cli/import/byte_source.h"
#include "services/cli/import/row.h"

namespace critac::cli {

// How the rows stand in a JSON file.
enum class JsonShape {
  kLines,     // an object a line
  kArray,     // [{…}, {…}]
  kRegistry,  // {"UT": {"UT0270400": {…}, …}, …}: the FBI's registry of agencies by state
};

// The shape of a file by its first bytes: `[` begins an array, an object whose first key is two
// capital letters a registry (no field of ours has such a name), anything else is lines.
JsonShape ShapeOf(absl::string_view beginning);

// Reads the rows of a JSON file, one after the other, never holding more than one. A line that is
// no JSON object is handed on with its problem; in the two other shapes, broken JSON ends the
// reading. A row of more than kMaxRowBytes is handed on with its problem and without its text.
//
// BrokenFile: broken JSON, with the row it is in and the place; the file is damaged or cut short.
// All rows before were handed on. OK also where the sink stopped it.
absl::Status ReadJsonRows(ByteSource& source, JsonShape shape, const RowSink& sink);

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_JSON_READER_H_
