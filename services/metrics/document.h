#ifndef SERVICES_METRICS_DOCUMENT_H_
#define SERVICES_METRICS_DOCUMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "critac/metrics/v1/measure.pb.h"

namespace critac::metrics {

// A report before it takes a form: what it says, in which order. The renderers (HTML, Markdown,
// CSV, JSON) write one each and decide nothing about content; what is withheld is not in here.

// A cell of a table.
struct TableCell {
  enum class Kind {
    kText,
    kNumber,
    kWithheld,  // a number that is not shown
    kNothing,   // nothing to compute it from
  };
  Kind kind = Kind::kText;
  // As people read it, `1,234` or `93%`; for kWithheld and kNothing, the word for it.
  std::string text;
  // kNumber only.
  double value = 0;

  static TableCell Text(std::string text) { return {Kind::kText, std::move(text), 0}; }
  static TableCell Number(double value, std::string text) {
    return {Kind::kNumber, std::move(text), value};
  }
  static TableCell Withheld() { return {Kind::kWithheld, "withheld", 0}; }
  static TableCell Nothing() { return {Kind::kNothing, "none", 0}; }
};

struct TableColumn {
  std::string title;
  // Empty for text.
  std::string unit;
};

struct TableRow {
  enum class Kind { kPlain, kSubtotal, kTotal };
  Kind kind = Kind::kPlain;
  // The first cell names the row.
  std::vector<TableCell> cells;
};

struct Table {
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
};

// One mark of a chart: a cell of its table, drawn.
struct Mark {
  std::string label;
  TableCell cell;
  // Marks of another group are drawn with another pattern.
  int group = 0;
};

// Bars side by side: for names.
struct BarChart {
  std::vector<Mark> bars;
  // What each group's pattern means; empty where there is one group.
  std::vector<std::string> groups;
};

// Columns in order: for time and for steps of a scale.
struct ColumnChart {
  std::vector<Mark> columns;
};

// A square a state, labelled, placed about where the state is.
struct TileMap {
  // Labelled with the state's USPS code.
  std::vector<Mark> tiles;
};

// Two points on a line each: median and 90th percentile.
struct SpanChart {
  struct Span {
    std::string label;
    TableCell low;
    TableCell high;
  };
  std::vector<Span> spans;
  std::string low_name;
  std::string high_name;
  std::string unit;
};

using Chart = std::variant<std::monostate, BarChart, ColumnChart, TileMap, SpanChart>;

// A chart with its table, or a table alone.
struct ReportFigure {
  // In links and file rows, `requests-by-topic`.
  std::string id;
  std::string title;
  // What the chart shows, in a sentence or two: also for those who do not see it.
  std::string summary;
  Chart chart;
  Table table;
  std::vector<std::string> notes;
};

struct Paragraph {
  std::string text;
};

// A figure to be seen first.
struct KeyFigure {
  std::string label;
  TableCell cell;
  std::string note;
};
struct KeyFigures {
  std::vector<KeyFigure> figures;
};

// Terms, each with what it means.
struct Definitions {
  std::vector<std::pair<std::string, std::string>> terms;
};

using Block = std::variant<Paragraph, KeyFigures, ReportFigure, Definitions>;

struct Section {
  std::string id;
  std::string heading;
  std::vector<Block> blocks;
};

// One cell that was withheld. The log stays inside the center.
struct WithheldCell {
  std::string figure;
  std::string row;
  std::string column;
  int64_t value = 0;
  // It rested on too little itself; otherwise it would have given another away.
  bool primary = false;
};

struct Document {
  std::string kind;  // `Annual review`
  std::string title;
  // The days it covers, in words.
  std::string period;
  std::string start_date;
  std::string end_date;
  v1::Snapshot snapshot;
  std::vector<Section> sections;
  std::vector<WithheldCell> withheld;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_DOCUMENT_H_
