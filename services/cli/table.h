#ifndef SERVICES_CLI_TABLE_H_
#define SERVICES_CLI_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace critac::cli {

// A column of a table.
struct TableColumn {
  std::string header;
  // Numbers stand right, so that their digits line up.
  bool right = false;
  // Whether it may be cut where the table is wider than the terminal. Names never are: they are
  // what one copies into the next command.
  bool may_be_cut = true;
};

// Rows of text under headers.
struct Table {
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;
};

// The table as lines: columns aligned by what they take on a terminal, two spaces between, none at
// the end of a line. Wider than `width`: the widest columns that may be cut are cut, to no less
// than eight columns each; what still does not fit is left to the terminal. `width` 0: nothing is
// cut.
std::string FormatTable(const Table& table, int width);

// The table as RFC 4180: a header line, CRLF line ends, fields with commas, quotes or line breaks
// in double quotes. Nothing is cut.
std::string FormatCsv(const Table& table);

// One record of RFC 4180, with its CRLF.
std::string FormatCsvRecord(const std::vector<std::string>& fields);

}  // namespace critac::cli

#endif  // SERVICES_CLI_TABLE_H_
