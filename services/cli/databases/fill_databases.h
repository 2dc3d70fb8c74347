#ifndef SERVICES_CLI_DATABASES_FILL_DATABASES_H_
#define SERVICES_CLI_DATABASES_FILL_DATABASES_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "critac/journal/v1/backup.pb.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/progress_bar.h"

namespace critac::cli {

// Hands the records of the database with this number to `add`, in the order of journal::ReadRecords.
using RecordSource = absl::FunctionRef<absl::Status(
    size_t i, absl::FunctionRef<absl::Status(const journal::v1::BackupRecord&)> add)>;

// Puts journals into databases that are empty, and refuses others before it changes any. Makes the tables, then in
// one transaction of each writes what `source` gives up to the heads of `contents`, derives the projections,
// verifies the chains and compares them with `contents`. `bar` shows how far it is, and `observer` is told how records
// are derived. `before_commit` is asked last. Where anything fails, the databases stay empty; but for those whose
// transaction was committed already when the server of another is lost in the very moment of its commit.
absl::Status FillDatabases(CenterDatabases& databases,
                           absl::Span<const journal::v1::JournalContent> contents, ProgressBar& bar,
                           const journal::DerivationObserver& observer, RecordSource source,
                           absl::FunctionRef<absl::Status()> before_commit);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_FILL_DATABASES_H_
