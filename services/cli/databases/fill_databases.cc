#include "services/cli/databases/fill_databases.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "services/cli/number_text.h"

namespace critac::cli {
namespace {

using journal::v1::BackupRecord;
using journal::v1::JournalContent;

absl::Status CheckAllAreEmpty(CenterDatabases& databases) {
  return databases.ReadAll([&](absl::Span<store::Connection* const> connections) -> absl::Status {
    for (size_t i = 0; i < databases.size(); ++i) {
      RETURN_IF_ERROR(
          Annotate(journal::CheckTakesJournal(*connections[i], databases.database(i).backend(),
                                              databases.journal(i)),
                   databases.NameOf(i)));
    }
    return absl::OkStatus();
  });
}

// Each event is written, and then applied to derive the projections.
absl::Status FillOne(CenterDatabases& databases, size_t i, store::Connection& connection,
                     const JournalContent& content, const journal::DerivationObserver& observer,
                     RecordSource source,
                     absl::FunctionRef<void(int64_t done, absl::string_view note)> progress) {
  const std::string& name = content.journal();
  ASSIGN_OR_RETURN(journal::JournalLoader loader,
                   journal::JournalLoader::Begin(connection, content.head_sequence()));
  int64_t written = 0;
  RETURN_IF_ERROR(source(i, [&](const BackupRecord& record) {
    if (record.has_event()) written = std::min(record.event().sequence(), content.head_sequence());
    progress(written, absl::StrCat(name, ", ", WithThousands(written), " events"));
    return loader.Add(record);
  }));
  journal::JournalOptions options = databases.journal(i);
  options.derivation_observer = observer;
  return loader.Finish(options, content, databases.database(i).backend(), [&](int64_t sequence) {
    progress(written + sequence, absl::StrCat(name, ", deriving its records"));
  });
}

}  // namespace

absl::Status FillDatabases(CenterDatabases& databases, absl::Span<const JournalContent> contents,
                           ProgressBar& bar, const journal::DerivationObserver& observer,
                           RecordSource source, absl::FunctionRef<absl::Status()> before_commit) {
  RETURN_IF_ERROR(CheckAllAreEmpty(databases));
  int64_t all = 1;
  for (size_t i = 0; i < databases.size(); ++i) {
    all += 2 * contents[i].head_sequence();
    const auto steps =
        journal::AllMigrations(databases.journal(i), databases.database(i).backend());
    RETURN_IF_ERROR(Annotate(databases.database(i).Migrate(steps), databases.journal(i).name));
  }
  RETURN_IF_ERROR(
      databases.WriteAll([&](absl::Span<store::Connection* const> connections) -> absl::Status {
        int64_t before = 0;
        for (size_t i = 0; i < databases.size(); ++i) {
          RETURN_IF_ERROR(Annotate(
              FillOne(databases, i, *connections[i], contents[i], observer, source,
                      [&](int64_t done, absl::string_view note) {
                        bar.Update(static_cast<double>(before + done) / static_cast<double>(all),
                                   note);
                      }),
              databases.journal(i).name));
          before += 2 * contents[i].head_sequence();
        }
        return before_commit();
      }));
  databases.Keep();
  return absl::OkStatus();
}

}  // namespace critac::cli
