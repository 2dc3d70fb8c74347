#include "services/cli/import/json_reader.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/cli/display_width.h"

namespace critac::cli {
namespace {

constexpr absl::string_view kTooLong = "the row is longer than 1 MiB";
constexpr absl::string_view kNoObject = "the row is not a JSON object";
constexpr size_t kMaxReasonBytes = 200;

absl::string_view SkipSpace(absl::string_view text) {
  return absl::StripLeadingAsciiWhitespace(text);
}

// Takes `character` and the space after it off `text`; whether it stood there.
bool Take(absl::string_view& text, char character) {
  if (text.empty() || text[0] != character) return false;
  text = SkipSpace(text.substr(1));
  return true;
}

// --- Lines
// ----------------------------------------------------------------------------------------

// Reads up to the next line end, which is taken. What goes beyond kMaxRowBytes is dropped and
// `too_long` set. False at the end of the file.
bool ReadLine(ByteSource& source, std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  bool any = false;
  for (absl::string_view block = source.Peek(); !block.empty(); block = source.Peek()) {
    any = true;
    const size_t end = block.find('\n');
    const absl::string_view part = block.substr(0, end);
    if (line.size() + part.size() > static_cast<size_t>(kMaxRowBytes)) too_long = true;
    if (!too_long) line.append(part.data(), part.size());
    source.Skip(part.size() + (end == absl::string_view::npos ? 0 : 1));
    if (end != absl::string_view::npos) break;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return any;
}

absl::Status ReadLines(ByteSource& source, const RowSink& sink) {
  int64_t number = 0;
  std::string line;
  bool too_long = false;
  while (ReadLine(source, line, too_long)) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() && !too_long) continue;
    Row row;
    row.number = ++number;
    if (too_long) {
      row.problem = std::string(kTooLong);
    } else {
      row.json = std::string(text);
      if (text[0] != '{') row.problem = std::string(kNoObject);
    }
    if (!sink(std::move(row))) return absl::OkStatus();
  }
  // The line that the damage cut off was handed on, and is refused as the broken JSON it is.
  return source.status();
}

// --- Arrays and registries
// ------------------------------------------------------------------------

// Follows the parser and cuts rows out of what it reads. A row is written anew as it is read, so
// that no more than one is held.
class RowCutter : public nlohmann::json_sax<nlohmann::json> {
 public:
  // Rows stand `row_depth` levels deep.
  RowCutter(ByteSource& source, int row_depth, const RowSink& sink)
      : source_(source), row_depth_(row_depth), sink_(sink), keys_(row_depth) {
    source_.AllowFromHere(kMaxRowBytes);
  }

  bool null() override { return Scalar("null"); }
  bool boolean(bool value) override { return Scalar(value ? "true" : "false"); }
  bool number_integer(int64_t value) override { return Scalar(absl::StrCat(value)); }
  bool number_unsigned(uint64_t value) override { return Scalar(absl::StrCat(value)); }
  bool number_float(double, const std::string& text) override { return Scalar(text); }
  bool string(std::string& value) override { return Scalar(Quoted(value)); }
  bool binary(binary_t&) override { return false; }  // JSON text has none

  bool start_object(size_t) override { return Open('{'); }
  bool end_object() override { return Close('}'); }
  bool start_array(size_t) override { return Open('['); }
  bool end_array() override { return Close(']'); }

  bool key(std::string& value) override {
    source_.AllowFromHere(kMaxRowBytes);
    if (depth_ <= row_depth_) {
      keys_[depth_ - 1] = value;
    } else {
      Write(Quoted(value) + ":");
    }
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    // `[json.exception.parse_error.101] parse error at line 1, column 7: …`
    absl::string_view text = error.what();
    const size_t bracket = text.find("] ");
    if (bracket != absl::string_view::npos) text.remove_prefix(bracket + 2);
    error_ = Printable(text.substr(0, kMaxReasonBytes));
    return false;
  }

  // Rows begun.
  int64_t rows() const { return number_; }
  // Why the parser gave up; empty where it did not.
  const std::string& error() const { return error_; }
  bool inside_row() const { return depth_ > row_depth_; }

 private:
  static std::string Quoted(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  // Adds to the row in hand; a comma goes first where a value ended before.
  void Write(absl::string_view text) {
    if (static_cast<int64_t>(row_.json.size() + text.size()) >= kMaxRowBytes) {
      row_.problem = std::string(kTooLong);
      row_.json.clear();
    }
    if (!row_.problem.empty()) return;
    const char last = row_.json.empty() ? '[' : row_.json.back();
    if (last != '{' && last != '[' && last != ':') row_.json += ',';
    row_.json.append(text.data(), text.size());
  }

  void BeginRow() {
    row_ = Row();
    row_.number = ++number_;
    if (row_depth_ > 1) row_.keys = keys_;
  }

  bool EndRow() { return sink_(std::move(row_)); }

  // A value that cannot be a row, where a row should stand.
  bool NotARow(std::string json) {
    BeginRow();
    row_.json = std::move(json);
    row_.problem = std::string(kNoObject);
    return EndRow();
  }

  bool Scalar(std::string text) {
    source_.AllowFromHere(kMaxRowBytes);
    if (depth_ <= row_depth_) return NotARow(std::move(text));
    Write(text);
    return true;
  }

  bool Open(char bracket) {
    source_.AllowFromHere(kMaxRowBytes);
    if (depth_ == row_depth_) {
      BeginRow();
      if (bracket == '[') row_.problem = std::string(kNoObject);
    }
    // What stands deeper has not met its keys yet.
    for (int level = depth_; level < row_depth_; ++level) keys_[level].clear();
    if (depth_ >= row_depth_) Write(std::string(1, bracket));
    ++depth_;
    return true;
  }

  bool Close(char bracket) {
    source_.AllowFromHere(kMaxRowBytes);
    --depth_;
    if (depth_ < row_depth_) return true;
    if (row_.problem.empty()) row_.json += bracket;
    return depth_ > row_depth_ || EndRow();
  }

  ByteSource& source_;
  const int row_depth_;
  const RowSink& sink_;
  std::vector<std::string> keys_;
  int depth_ = 0;
  int64_t number_ = 0;
  Row row_;
  std::string error_;
};

absl::Status CutRows(ByteSource& source, int row_depth, const RowSink& sink) {
  RowCutter cutter(source, row_depth, sink);
  std::istream stream(&source);
  if (nlohmann::json::sax_parse(stream, &cutter)) return absl::OkStatus();
  if (!source.status().ok()) return source.status();
  const int64_t row = cutter.inside_row() ? cutter.rows() : cutter.rows() + 1;
  if (source.exceeded()) {
    return BrokenFile(
        absl::StrCat("row ", row, ": a value is longer than 1 MiB; reading ends here"));
  }
  if (cutter.error().empty()) return absl::OkStatus();  // the sink stopped it
  return BrokenFile(absl::StrCat("row ", row, ": broken JSON: ", cutter.error()));
}

}  // namespace

JsonShape ShapeOf(absl::string_view beginning) {
  absl::string_view text = SkipSpace(beginning);
  if (absl::StartsWith(text, "[")) return JsonShape::kArray;
  const bool registry = Take(text, '{') && text.size() > 4 && text[0] == '"' &&
                        absl::ascii_isupper(static_cast<unsigned char>(text[1])) &&
                        absl::ascii_isupper(static_cast<unsigned char>(text[2])) && text[3] == '"';
  return registry ? JsonShape::kRegistry : JsonShape::kLines;
}

absl::Status ReadJsonRows(ByteSource& source, JsonShape shape, const RowSink& sink) {
  switch (shape) {
    case JsonShape::kLines:
      return ReadLines(source, sink);
    case JsonShape::kArray:
      return CutRows(source, 1, sink);
    case JsonShape::kRegistry:
      return CutRows(source, 2, sink);
  }
  return absl::OkStatus();
}

}  // namespace critac::cli
