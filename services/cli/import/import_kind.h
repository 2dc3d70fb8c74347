#ifndef SERVICES_CLI_IMPORT_IMPORT_KIND_H_
#define SERVICES_CLI_IMPORT_IMPORT_KIND_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/intake/v1/agency.pb.h"
#include "google/protobuf/message.h"
#include "services/cli/client.h"

namespace critac::cli {

// A column of a CSV file that stands for more than a field of its own name.
struct CsvShorthand {
  std::string header;
  std::string help;
  // Puts the cell's text, which is not empty, into the row's message.
  std::function<absl::Status(absl::string_view text, google::protobuf::Message& message)> set;
};

// What can be imported, and how.
struct ImportKind {
  // `agencies`, as on the command line.
  std::string name;
  // What a row becomes.
  const google::protobuf::Message* prototype;
  // List of the import call that takes the rows.
  std::string list_field;
  // Rows in a call, at most what the call takes.
  int batch_rows;
  // Calls on their way at once. One, where the order in which rows arrive is visible afterwards
  // (requests are numbered in it) or where a row may name one before it.
  int in_flight;
  // What tells a row from another, for the file of refused rows and for the order of calls that
  // touch the same record.
  std::function<std::vector<std::string>(const google::protobuf::Message&)> keys;
  std::vector<CsvShorthand> shorthands;
  // Makes the call with these rows.
  std::function<absl::StatusOr<std::vector<intake::v1::ImportResult>>(
      Client& client, absl::Span<const google::protobuf::Message* const> rows, bool validate_only,
      const std::string& request_id)>
      call;
};

// All kinds, in the order in which a center is filled: each refers only to those before it.
const std::vector<ImportKind>& ImportKinds();

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_IMPORT_KIND_H_
