#ifndef SERVICES_CLI_IMPORT_CSV_READER_H_
#define SERVICES_CLI_IMPORT_CSV_READER_H_

#include "absl/status/status.h"
#include "services/cli/import/byte_source.h"
#include "services/cli/import/row.h"

namespace critac::cli {

// Reads the records of a CSV file (RFC 4180; LF or CRLF line ends), one after the other, never
// holding more than one. The first is the header and has number 0. Empty lines are skipped; spaces
// around a field that is not quoted are no part of it. A record of more than kMaxRowBytes or 1,000
// fields is handed on with its problem and without its cells.
//
// BrokenFile: a quote out of place or never closed, a field of more than kMaxRowBytes, with the
// row; the file is damaged or cut short. All rows before were handed on. OK also where the sink
// stopped it.
absl::Status ReadCsvRows(ByteSource& source, const RowSink& sink);

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_CSV_READER_H_
