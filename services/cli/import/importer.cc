#include "services/cli/import/importer.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/cli/exit_status.h"
#include "services/cli/import/batch_queue.h"
#include "services/cli/import/byte_source.h"
#include "services/cli/import/csv_reader.h"
#include "services/cli/import/json_reader.h"
#include "services/cli/import/refused_file.h"
#include "services/cli/import/registry.h"
#include "services/cli/import/row_mapper.h"
#include "services/cli/import/send_rows.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;

// Bytes of a batch; with what encoding adds, well under the largest message.
constexpr size_t kBatchBytes = 1 << 20;

constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

// Takes the byte-order mark and the comments at the front of a file.
void SkipPreamble(ByteSource& source) {
  if (absl::StartsWith(source.Peek(), kByteOrderMark)) source.Skip(kByteOrderMark.size());
  while (absl::StartsWith(source.Peek(), "#")) {
    for (int c = source.sbumpc(); c != '\n' && c != ByteSource::traits_type::eof();) {
      c = source.sbumpc();
    }
  }
}

bool LooksLikeJson(absl::string_view beginning) {
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(beginning);
  return absl::StartsWith(text, "{") || absl::StartsWith(text, "[");
}

// One import, from file to summary.
class Import {
 public:
  Import(const ImportKind& kind, const ImportOptions& options, Client& client, const Clock& clock,
         const ImportProgress& progress, ImportSummary& summary)
      : kind_(kind),
        options_(options),
        client_(client),
        clock_(clock),
        progress_(progress),
        summary_(summary),
        start_(clock.Now()),
        refused_(options.refused_path.empty() ? options.path + ".refused.csv"
                                              : options.refused_path) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(source_, ByteSource::Open(options_.path));
    queue_.emplace(
        kind_.in_flight, [this](Batch& batch) { return Send(batch); },
        [this](const Batch& batch) { Count(batch); });
    absl::Status read = Read();
    if (!batch_.empty()) SubmitBatch();
    absl::Status sent = queue_->Finish();
    summary_.refused_file_status = refused_.Finish();
    if (summary_.refused > 0) summary_.refused_path = refused_.path();
    summary_.duration = clock_.Now() - start_;
    RETURN_IF_ERROR(sent);
    RETURN_IF_ERROR(read);
    if (summary_.refused == 0) refused_.RemoveOld();
    return absl::OkStatus();
  }

 private:
  // --- Reading, on the caller's thread ---

  absl::Status Read() {
    SkipPreamble(*source_);
    if (LooksLikeJson(source_->Peek())) return ReadJson();
    return ReadCsv();
  }

  absl::Status ReadJson() {
    const JsonShape shape = ShapeOf(source_->Peek());
    const bool agencies = kind_.prototype->GetDescriptor() == intake::v1::Agency::descriptor();
    if (shape == JsonShape::kRegistry && !agencies) {
      return BrokenFile(absl::StrCat("a registry by state holds agencies, not ", kind_.name));
    }
    return ReadJsonRows(*source_, shape, [&](Row row) {
      PendingRow pending = Begin(row, absl::StrJoin(row.keys, " "), row.json);
      if (row.problem.empty()) {
        Map(pending, [&](Message& message) {
          return shape == JsonShape::kRegistry
                     ? AgencyFromRegistry(row, static_cast<intake::v1::Agency&>(message))
                     : MessageFromJson(row, message);
        });
      }
      return Add(std::move(pending));
    });
  }

  absl::Status ReadCsv() {
    absl::Status header_status;
    std::optional<CsvMapper> mapper;
    const absl::Status read = ReadCsvRows(*source_, [&](Row row) {
      if (row.number == 0) {
        absl::StatusOr<CsvMapper> created = CsvMapper::Create(kind_, row.cells);
        header_status = created.status();
        if (created.ok()) mapper = *std::move(created);
        return header_status.ok();
      }
      std::string text = FormatCsvRecord(row.cells);
      text.resize(text.size() - 2);  // the line end is none of the row
      PendingRow pending = Begin(row, "", std::move(text));
      if (row.problem.empty()) {
        Map(pending, [&](Message& message) { return mapper->Map(row, message); });
      }
      return Add(std::move(pending));
    });
    RETURN_IF_ERROR(header_status);
    if (read.ok() && !mapper.has_value()) {
      return UsageError(absl::StrCat(options_.path, ": is empty: there is no header and no row"));
    }
    return read;
  }

  static PendingRow Begin(const Row& row, std::string key, std::string text) {
    PendingRow pending;
    pending.number = row.number;
    pending.text = std::move(text);
    pending.problem = row.problem;
    if (!key.empty()) pending.keys.push_back(std::move(key));
    return pending;
  }

  template <typename MapMessage>
  void Map(PendingRow& pending, MapMessage map) {
    std::unique_ptr<Message> message(kind_.prototype->New());
    if (const absl::Status status = map(*message); !status.ok()) {
      pending.problem = std::string(status.message());
      return;
    }
    pending.keys = kind_.keys(*message);
    pending.message = std::move(message);
  }

  bool Add(PendingRow row) {
    batch_bytes_ += row.text.size();
    batch_.push_back(std::move(row));
    const bool full =
        batch_.size() == static_cast<size_t>(kind_.batch_rows) || batch_bytes_ >= kBatchBytes;
    return !full || SubmitBatch();
  }

  bool SubmitBatch() {
    batch_bytes_ = 0;
    fraction_ = source_->Fraction();
    return queue_->Submit(std::exchange(batch_, {}));
  }

  // --- Sending, on the queue's threads ---

  absl::Status Send(Batch& batch) const {
    std::vector<const Message*> rows;
    std::vector<PendingRow*> sent;
    for (PendingRow& row : batch) {
      if (row.message == nullptr) {
        row.outcome = intake::v1::IMPORT_OUTCOME_REFUSED;
        continue;
      }
      rows.push_back(row.message.get());
      sent.push_back(&row);
    }
    const std::string run = absl::StrCat(options_.run, options_.validate_only ? " dry" : "");
    ASSIGN_OR_RETURN(const auto results,
                     SendRows(
                         [this](absl::Span<const Message* const> some, const std::string& id) {
                           return kind_.call(client_, some, options_.validate_only, id);
                         },
                         kind_.list_field, run, rows));
    for (size_t i = 0; i < results.size(); ++i) {
      sent[i]->outcome = results[i].outcome();
      sent[i]->problem = results[i].problem();
    }
    return absl::OkStatus();
  }

  // --- Counting, one batch at a time, in the order of the file ---

  void Count(const Batch& batch) {
    for (const PendingRow& row : batch) {
      ++summary_.rows;
      switch (row.outcome) {
        case intake::v1::IMPORT_OUTCOME_CREATED:
          ++summary_.created;
          break;
        case intake::v1::IMPORT_OUTCOME_UPDATED:
          ++summary_.updated;
          break;
        case intake::v1::IMPORT_OUTCOME_UNCHANGED:
          ++summary_.unchanged;
          break;
        default:
          ++summary_.refused;
          refused_.Add(row);
      }
    }
    summary_.duration = clock_.Now() - start_;
    if (progress_) progress_(fraction_, summary_);
  }

  const ImportKind& kind_;
  const ImportOptions& options_;
  Client& client_;
  const Clock& clock_;
  const ImportProgress& progress_;
  ImportSummary& summary_;
  const absl::Time start_;
  RefusedFile refused_;
  std::unique_ptr<ByteSource> source_;
  Batch batch_;
  size_t batch_bytes_ = 0;
  std::atomic<double> fraction_ = 0;
  std::optional<BatchQueue> queue_;
};

}  // namespace

double ImportSummary::RowsPerSecond() const {
  const double seconds = absl::ToDoubleSeconds(duration);
  return seconds > 0 ? static_cast<double>(rows) / seconds : 0;
}

absl::Status ImportFile(const ImportKind& kind, const ImportOptions& options, Client& client,
                        const Clock& clock, const ImportProgress& progress,
                        ImportSummary& summary) {
  summary = ImportSummary();
  return Import(kind, options, client, clock, progress, summary).Run();
}

}  // namespace critac::cli
