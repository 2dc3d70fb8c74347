#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"
#include "services/metrics/render.h"

namespace critac::metrics {
namespace {

std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// A JSON value already written, or a list or object of them.
class Json {
 public:
  static Json Text(absl::string_view text) { return Json(Quoted(text)); }
  static Json Number(double value) { return Json(PlainNumber(value)); }
  static Json Null() { return Json("null"); }
  static Json List() { return Json('['); }
  static Json Object() { return Json('{'); }

  Json& Add(Json item) {
    items_.emplace_back("", std::move(item));
    return *this;
  }
  Json& Add(absl::string_view key, Json item) {
    items_.emplace_back(Quoted(key), std::move(item));
    return *this;
  }
  Json& Add(absl::string_view key, absl::string_view text) { return Add(key, Text(text)); }

  void Write(int indent, std::string& out) const {
    if (open_ == 0) {
      out += scalar_;
      return;
    }
    out += open_;
    for (size_t i = 0; i < items_.size(); ++i) {
      absl::StrAppend(&out, i == 0 ? "\n" : ",\n", std::string(2 * (indent + 1), ' '));
      if (open_ == '{') absl::StrAppend(&out, items_[i].first, ": ");
      items_[i].second.Write(indent + 1, out);
    }
    if (!items_.empty()) absl::StrAppend(&out, "\n", std::string(2 * indent, ' '));
    out += open_ == '{' ? '}' : ']';
  }

 private:
  explicit Json(std::string scalar) : scalar_(std::move(scalar)) {}
  explicit Json(char open) : open_(open) {}

  std::string scalar_;
  char open_ = 0;
  std::vector<std::pair<std::string, Json>> items_;
};

// A cell that names something is its text; a number its value, with what became of it.
Json CellJson(const TableCell& cell) {
  switch (cell.kind) {
    case TableCell::Kind::kText:
      return Json::Text(cell.text);
    case TableCell::Kind::kNumber:
      return std::move(
          Json::Object().Add("value", Json::Number(cell.value)).Add("text", cell.text));
    case TableCell::Kind::kWithheld:
      return std::move(Json::Object().Add("value", Json::Null()).Add("status", "withheld"));
    case TableCell::Kind::kNothing:
      break;
  }
  return std::move(Json::Object().Add("value", Json::Null()).Add("status", "none"));
}

absl::string_view RowKind(TableRow::Kind kind) {
  switch (kind) {
    case TableRow::Kind::kPlain:
      return "plain";
    case TableRow::Kind::kSubtotal:
      return "subtotal";
    case TableRow::Kind::kTotal:
      return "total";
  }
  return "";
}

Json TableJson(const Table& table) {
  Json columns = Json::List();
  for (const TableColumn& column : table.columns) {
    columns.Add(std::move(Json::Object().Add("title", column.title).Add("unit", column.unit)));
  }
  Json rows = Json::List();
  for (const TableRow& row : table.rows) {
    Json cells = Json::List();
    for (const TableCell& cell : row.cells) cells.Add(CellJson(cell));
    rows.Add(
        std::move(Json::Object().Add("kind", RowKind(row.kind)).Add("cells", std::move(cells))));
  }
  return std::move(Json::Object().Add("columns", std::move(columns)).Add("rows", std::move(rows)));
}

Json BlockJson(const Paragraph& block) {
  return std::move(Json::Object().Add("paragraph", block.text));
}

Json BlockJson(const KeyFigures& block) {
  Json figures = Json::List();
  for (const KeyFigure& figure : block.figures) {
    figures.Add(std::move(Json::Object()
                              .Add("label", figure.label)
                              .Add("cell", CellJson(figure.cell))
                              .Add("note", figure.note)));
  }
  return std::move(Json::Object().Add("key_figures", std::move(figures)));
}

Json BlockJson(const ReportFigure& block) {
  Json notes = Json::List();
  for (const std::string& note : block.notes) notes.Add(Json::Text(note));
  Json figure = Json::Object();
  figure.Add("id", block.id)
      .Add("title", block.title)
      .Add("summary", block.summary)
      .Add("table", TableJson(block.table))
      .Add("notes", std::move(notes));
  return std::move(Json::Object().Add("figure", std::move(figure)));
}

Json BlockJson(const Definitions& block) {
  Json terms = Json::List();
  for (const auto& [term, meaning] : block.terms) {
    terms.Add(std::move(Json::Object().Add("term", term).Add("meaning", meaning)));
  }
  return std::move(Json::Object().Add("definitions", std::move(terms)));
}

Json SnapshotJson(const v1::Snapshot& snapshot) {
  Json positions = Json::List();
  for (const v1::Snapshot::Position& position : snapshot.positions()) {
    positions.Add(
        std::move(Json::Object()
                      .Add("journal", position.journal())
                      .Add("sequence", Json::Number(static_cast<double>(position.sequence())))
                      .Add("hash", position.hash())
                      .Add("record_time",
                           google::protobuf::util::TimeUtil::ToString(position.record_time()))));
  }
  return positions;
}

}  // namespace

std::string RenderJson(const Document& document) {
  Json sections = Json::List();
  for (const Section& section : document.sections) {
    Json blocks = Json::List();
    for (const Block& block : section.blocks) {
      blocks.Add(std::visit([](const auto& each) { return BlockJson(each); }, block));
    }
    sections.Add(std::move(Json::Object()
                               .Add("id", section.id)
                               .Add("heading", section.heading)
                               .Add("blocks", std::move(blocks))));
  }
  Json root = Json::Object();
  root.Add("kind", document.kind)
      .Add("title", document.title)
      .Add("start_date", document.start_date)
      .Add("end_date", document.end_date)
      .Add("snapshot", SnapshotJson(document.snapshot))
      .Add("sections", std::move(sections));
  std::string out;
  root.Write(0, out);
  return out + "\n";
}

}  // namespace critac::metrics
