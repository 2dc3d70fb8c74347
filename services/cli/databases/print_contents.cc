#include "services/cli/databases/print_contents.h"

#include "services/cli/printer.h"

namespace critac::cli {

absl::Status PrintContents(Context& context,
                           const std::vector<journal::v1::JournalContent>& contents) {
  std::vector<const google::protobuf::Message*> rows;
  for (const journal::v1::JournalContent& content : contents) rows.push_back(&content);
  return context.printer().Documents(
      rows, "journals",
      {Name("journal", "journal"), Number("events", "head_sequence"),
       Name("last recorded", "head_time"), Number("texts", "vault_text_count"),
       Number("answers", "answer_count"), Name("head hash", "head_hash")});
}

}  // namespace critac::cli
