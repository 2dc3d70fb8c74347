#include "services/cli/import/csv_reader.h"

#include <csv.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace critac::cli {
namespace {

constexpr size_t kMaxCells = 1000;
// By so much the room for a field grows; by 128 bytes, as it would by itself, a long one would be moved thousands of
// times. What a field may have at most is a multiple of it.
constexpr size_t kFieldGrowthBytes = 64 << 10;
static_assert(kMaxRowBytes % kFieldGrowthBytes == 0);

// What the parser's callbacks work on.
struct Reading {
  const RowSink& sink;
  int64_t number;
  Row row;
  int64_t row_bytes;
  bool stopped;
};

void TakeField(void* field, size_t length, void* data) {
  auto& reading = *static_cast<Reading*>(data);
  if (reading.stopped || !reading.row.problem.empty()) return;
  reading.row_bytes += static_cast<int64_t>(length);
  if (reading.row_bytes > kMaxRowBytes) {
    reading.row.problem = "the row is longer than 1 MiB";
  } else if (reading.row.cells.size() == kMaxCells) {
    reading.row.problem = absl::StrCat("the row has more than ", kMaxCells, " fields");
  }
  if (!reading.row.problem.empty()) {
    reading.row.cells.clear();
    return;
  }
  reading.row.cells.emplace_back(static_cast<const char*>(field), length);
}

void EndRecord(int, void* data) {
  auto& reading = *static_cast<Reading*>(data);
  if (reading.stopped) return;
  reading.row.number = reading.number++;
  reading.stopped = !reading.sink(std::move(reading.row));
  reading.row = Row();
  reading.row_bytes = 0;
}

absl::Status Broken(const Reading& reading, absl::string_view what) {
  const std::string where = reading.number == 0 ? "header" : absl::StrCat("row ", reading.number);
  return BrokenFile(absl::StrCat(where, ": ", what));
}

absl::Status Parse(ByteSource& source, csv_parser& parser, Reading& reading) {
  for (absl::string_view block = source.Peek(); !block.empty(); block = source.Peek()) {
    const size_t parsed =
        csv_parse(&parser, block.data(), block.size(), TakeField, EndRecord, &reading);
    if (reading.stopped) return absl::OkStatus();
    if (parsed < block.size()) {
      return Broken(
          reading, csv_error(&parser) == CSV_EPARSE
                       ? "broken CSV: a quote stands where none can; a field with quotes is put in "
                         "quotes, and the quotes in it doubled"
                       : csv_strerror(csv_error(&parser)));
    }
    if (csv_get_buffer_size(&parser) > static_cast<size_t>(kMaxRowBytes)) {
      return Broken(reading, "a field is longer than 1 MiB; reading ends here");
    }
    source.Skip(block.size());
  }
  if (!source.status().ok()) return source.status();
  if (csv_fini(&parser, TakeField, EndRecord, &reading) != 0) {
    return Broken(reading, "broken CSV: the file ends inside a quoted field");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadCsvRows(ByteSource& source, const RowSink& sink) {
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
    return absl::InternalError("the CSV parser cannot be set up");
  }
  csv_set_blk_size(&parser, kFieldGrowthBytes);
  Reading reading{sink, 0, Row(), 0, false};
  const absl::Status status = Parse(source, parser, reading);
  csv_free(&parser);
  return status;
}

}  // namespace critac::cli
