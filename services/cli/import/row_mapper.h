#ifndef SERVICES_CLI_IMPORT_ROW_MAPPER_H_
#define SERVICES_CLI_IMPORT_ROW_MAPPER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "services/cli/import/import_kind.h"
#include "services/cli/import/row.h"

namespace critac::cli {

// Turns the JSON of a row into the kind's message. INVALID_ARGUMENT: says what is not as it must
// be, for example a field that there is not.
absl::Status MessageFromJson(const Row& row, google::protobuf::Message& message);

// Turns CSV rows under a header into messages. A header names fields of the kind's message, by path
// (`coordinates.latitude_e6`, see SetField), or the kind's shorthands (`ori9`), which are put in
// after the fields. Case and spaces around a header do not matter.
class CsvMapper {
 public:
  // UsageError: a column that is neither, stands twice, or has no name; it lists what there is.
  static absl::StatusOr<CsvMapper> Create(const ImportKind& kind,
                                          const std::vector<std::string>& header);

  // INVALID_ARGUMENT: not as many cells as the header has, text that is not UTF-8, or a cell that
  // its field does not take.
  absl::Status Map(const Row& row, google::protobuf::Message& message) const;

  // The same into a message that has something in it already, which stays where the row says
  // nothing.
  absl::Status Apply(const Row& row, google::protobuf::Message& message) const;

 private:
  struct Target {
    size_t cell;
    std::string path;               // a field, or
    const CsvShorthand* shorthand;  // a shorthand
  };

  CsvMapper() = default;

  size_t cells_ = 0;
  std::vector<Target> targets_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_IMPORT_ROW_MAPPER_H_
