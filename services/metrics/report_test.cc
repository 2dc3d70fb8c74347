#include "services/metrics/report.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "services/metrics/disclosure.h"
#include "services/metrics/render.h"
#include "services/metrics/svg_chart.h"
#include "services/metrics/testing/sample_events.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

using testing::Answer;
using testing::At;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Profile;
using testing::Program;
using testing::SampleProgram;

ReportScope FiscalYear2026(v1::ReportKind kind = v1::REPORT_KIND_ANNUAL_REVIEW) {
  ReportScope scope;
  scope.kind = kind;
  scope.start = absl::CivilDay(2025, 10, 1);
  scope.end = absl::CivilDay(2026, 9, 30);
  for (const char* journal : {"intake", "matching", "metrics"}) {
    v1::Snapshot::Position& position = *scope.snapshot.add_positions();
    position.set_journal(journal);
    position.set_sequence(1234);
    position.set_hash(std::string(64, 'a'));
    position.mutable_record_time()->set_seconds(1'790'000'000);
  }
  return scope;
}

Document Made(const Facts& facts, const ReportScope& scope) {
  const auto document = MakeReport(facts, scope);
  EXPECT_TRUE(document.ok()) << document.status();
  return document.ok() ? *document : Document();
}

const Facts& SampleFacts() {
  static const Facts& facts = *new Facts(SampleProgram(7).Taken());
  return facts;
}

const ReportFigure* FigureIn(const Document& document, absl::string_view id) {
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      const auto* figure = std::get_if<ReportFigure>(&block);
      if (figure != nullptr && figure->id == id) return figure;
    }
  }
  return nullptr;
}

std::string TextOf(const TableRow& row) {
  std::vector<std::string> cells;
  for (const TableCell& cell : row.cells) cells.push_back(cell.text);
  return absl::StrJoin(cells, " | ");
}

std::vector<std::string> RowsOf(const Document& document, absl::string_view id) {
  std::vector<std::string> rows;
  const ReportFigure* figure = FigureIn(document, id);
  if (figure == nullptr) return {"no such figure"};
  for (const TableRow& row : figure->table.rows) rows.push_back(TextOf(row));
  return rows;
}

std::vector<std::string> Headings(const Document& document) {
  std::vector<std::string> headings;
  for (const Section& section : document.sections) headings.push_back(section.heading);
  return headings;
}

// ---- What a report says ----

TEST(Report, AnAnnualReviewHasItsSections) {
  const Document document = Made(SampleFacts(), FiscalYear2026());
  EXPECT_EQ(document.title, "Annual review, fiscal year 2026");
  EXPECT_THAT(
      Headings(document),
      ElementsAre("The program at a glance", "What agencies asked for", "Who asked",
                  "Where requests came from", "How soon help came", "What was delivered",
                  "What people say of it", "Who helped", "Methods and definitions", "Snapshot"));
}

TEST(Report, AnExecutiveSummaryIsShorter) {
  const Document review = Made(SampleFacts(), FiscalYear2026());
  const Document summary = Made(SampleFacts(), FiscalYear2026(v1::REPORT_KIND_EXECUTIVE_SUMMARY));
  EXPECT_EQ(summary.title, "Executive summary, fiscal year 2026");
  EXPECT_LT(RenderMarkdown(summary).size(), RenderMarkdown(review).size() / 3);
  EXPECT_EQ(FigureIn(summary, "requests-by-state"), nullptr);
  EXPECT_NE(FigureIn(summary, "requests-by-region"), nullptr);
}

TEST(Report, ATitleOfItsOwnIsKept) {
  ReportScope scope = FiscalYear2026();
  scope.title = "Third annual review";
  EXPECT_EQ(Made(SampleFacts(), scope).title, "Third annual review");
}

TEST(Report, RefusesDaysOutOfOrderAndAnUnknownKind) {
  ReportScope scope = FiscalYear2026();
  scope.end = scope.start - 1;
  EXPECT_EQ(MakeReport(Facts(), scope).status().code(), absl::StatusCode::kInvalidArgument);
  scope.end = scope.start;
  EXPECT_TRUE(MakeReport(Facts(), scope).ok());
  scope.kind = v1::REPORT_KIND_UNSPECIFIED;
  EXPECT_EQ(MakeReport(Facts(), scope).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Report, AProgramWithoutAnyRecordHasAReportToo) {
  for (const v1::ReportKind kind :
       {v1::REPORT_KIND_ANNUAL_REVIEW, v1::REPORT_KIND_EXECUTIVE_SUMMARY}) {
    const Document document = Made(Facts(), FiscalYear2026(kind));
    for (const FormatWords& format : kFormats) {
      EXPECT_FALSE(format.render(document).empty());
    }
    EXPECT_THAT(document.withheld, IsEmpty());
    EXPECT_THAT(RenderMarkdown(document), HasSubstr("took in 0 requests"));
  }
}

TEST(Report, FiguresAreThoseOfThePeriodBesideTheYearBefore) {
  Program program;
  const auto agency = [](int i) {
    return Profile(absl::StrCat("agencies/", i), type::v1::AGENCY_TYPE_MUNICIPAL,
                   type::v1::SIZE_BAND_25_49, "UT", 30);
  };
  for (int i = 0; i < 7; ++i) {
    program.Request(absl::StrCat("requests/", i), agency(i), At(2025, 10, 1));
  }
  program.Request("requests/before", agency(1), At(2024, 10, 1));
  program.Request("requests/after", agency(1), At(2026, 10, 1));
  const Document document = Made(program.Taken(), FiscalYear2026());
  EXPECT_THAT(RowsOf(document, "program-figures"),
              ::testing::IsSupersetOf({"Requests | 7 | 1 | 7 | 0", "Agencies | 7 | 1 | 7 | 0",
                                       "Repeat agencies | 1 | 0 | 1 | 0",
                                       "Officers in agencies served | 210 | 30 | 7 | 0",
                                       "Met its goals | none | none | 0 | 0"}));
  EXPECT_THAT(RowsOf(document, "requests-by-agency-type"),
              ElementsAre("Municipal police | 7 | 100% | 7", "All types | 7 | 100% | 7"));
  EXPECT_THAT(RowsOf(document, "requests-by-state"),
              ElementsAre("Utah | 7 | 100% | 7", "All | 7 | 100% | 7"));
}

TEST(Report, TheYearBeforeAFebruary29EndsOnFebruary28) {
  Program program;
  const auto agency =
      Profile("agencies/a", type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, "UT", 30);
  program.Request("requests/1", agency, At(2023, 2, 28));
  program.Request("requests/2", agency, At(2023, 3, 1));
  ReportScope scope = FiscalYear2026();
  scope.start = absl::CivilDay(2024, 2, 1);
  scope.end = absl::CivilDay(2024, 2, 29);
  EXPECT_THAT(RowsOf(Made(program.Taken(), scope), "program-figures"),
              ::testing::Contains("Requests | 0 | 1 | 0 | 0"));
}

TEST(Report, MonthsWithoutARequestAreShown) {
  Program program;
  program.Request(
      "requests/1",
      Profile("agencies/a", type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, "UT", 30),
      At(2025, 11, 3));
  const std::vector<std::string> rows =
      RowsOf(Made(program.Taken(), FiscalYear2026()), "requests-by-month");
  ASSERT_EQ(rows.size(), 13u);
  EXPECT_EQ(rows[0], "Oct 2025 | 0");
  EXPECT_EQ(rows[1], "Nov 2025 | 1");
  EXPECT_EQ(rows[12], "All months | 1");
}

// ---- What a report withholds ----

// A program of one engagement, with so many participants and responses of so many points.
Facts SurveyedProgram(int people, const std::vector<int>& points) {
  Program program;
  const auto agency =
      Profile("agencies/a", type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, "UT", 30);
  program.Request("requests/1", agency, At(2025, 11, 1));
  program.Engage("engagements/1", "requests/1", agency, At(2025, 12, 1),
                 {{"s1", "experts/1", "partners/a"}});
  program.Deliver("engagements/1", "d1", "s1", "deliveryTypes/web", type::v1::DELIVERY_MODE_VIRTUAL,
                  absl::CivilDay(2026, 1, 1), 8, people);
  for (size_t i = 0; i < points.size(); ++i) {
    program.Survey(Answer(absl::StrCat("surveyResponses/", i), "engagements/1", "2026-01-03",
                          points[i], v1::YES_NO_YES));
  }
  return program.Taken();
}

TEST(Report, FourAnswersAreWithheldAndFiveAreShown) {
  const Document four = Made(SurveyedProgram(20, {5, 5, 5, 5}), FiscalYear2026());
  EXPECT_THAT(RowsOf(four, "program-figures"),
              ::testing::IsSupersetOf({"Satisfaction | withheld | none | withheld | 0",
                                       "Met its goals | withheld | none | withheld | 0"}));
  EXPECT_THAT(RenderMarkdown(four), HasSubstr("Fewer than five people answered"));
  EXPECT_EQ(FigureIn(four, "satisfaction"), nullptr);
  EXPECT_THAT(RowsOf(four, "partners")[0], HasSubstr("| withheld"));

  const Document five = Made(SurveyedProgram(20, {5, 5, 5, 5, 5}), FiscalYear2026());
  EXPECT_THAT(RowsOf(five, "program-figures"),
              ::testing::IsSupersetOf(
                  {"Satisfaction | 5.0 | none | 5 | 0", "Met its goals | 100% | none | 5 | 0"}));
  EXPECT_NE(FigureIn(five, "satisfaction"), nullptr);
}

TEST(Report, FourParticipantsAreWithheldAndFiveAreShown) {
  const Document four = Made(SurveyedProgram(4, {}), FiscalYear2026());
  EXPECT_THAT(RowsOf(four, "program-figures"),
              ::testing::Contains("Participants | withheld | 0 | 1 | 0"));
  EXPECT_THAT(
      RowsOf(four, "deliveries-by-mode"),
      ElementsAre("Virtual | 1 | 2 | withheld | 0", "All deliveries | 1 | 2 | withheld | 0"));
  const Document five = Made(SurveyedProgram(5, {}), FiscalYear2026());
  EXPECT_THAT(RowsOf(five, "program-figures"), ::testing::Contains("Participants | 5 | 0 | 1 | 0"));
  EXPECT_THAT(RowsOf(five, "deliveries-by-mode"),
              ElementsAre("Virtual | 1 | 2 | 5 | 0", "All deliveries | 1 | 2 | 5 | 0"));
}

TEST(Report, LowPointsArePutTogetherUntilNoneIsFew) {
  const Document document =
      Made(SurveyedProgram(20, {1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5}), FiscalYear2026());
  EXPECT_THAT(RowsOf(document, "satisfaction"),
              ElementsAre("1 to 3 points | 5 | 31%", "4 points | 5 | 31%", "5 points | 6 | 38%",
                          "All responses | 16 | 100%"));
  // Where even that leaves one that is few, there is no table.
  EXPECT_EQ(
      FigureIn(Made(SurveyedProgram(20, {1, 5, 5, 5, 5, 5}), FiscalYear2026()), "satisfaction"),
      nullptr);
}

TEST(Report, AStateOfFewAgenciesIsWithheldWithAnother) {
  Program program;
  int number = 0;
  const auto request = [&](absl::string_view state, int count, bool same_agency) {
    for (int i = 0; i < count; ++i) {
      ++number;
      program.Request(
          absl::StrCat("requests/", number),
          Profile(
              same_agency ? absl::StrCat("agencies/", state) : absl::StrCat("agencies/", number),
              type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, state, 30),
          At(2025, 11, 1));
    }
  };
  request("UT", 9, true);  // nine requests of one agency
  request("NV", 6, false);
  request("CA", 20, false);
  const Document document = Made(program.Taken(), FiscalYear2026());
  EXPECT_THAT(RowsOf(document, "requests-by-state"),
              ElementsAre("California | 20 | 57% | 20", "Nevada | withheld | withheld | withheld",
                          "Utah | withheld | withheld | withheld", "All | 35 | 100% | 27"));
  ASSERT_EQ(document.withheld.size(), 4u);
  EXPECT_EQ(document.withheld[0].figure, "requests-by-state");
  EXPECT_EQ(document.withheld[0].row, "NV");
  EXPECT_EQ(document.withheld[0].column, "Requests");
  EXPECT_EQ(document.withheld[0].value, 6);
  EXPECT_FALSE(document.withheld[0].primary);
  EXPECT_EQ(document.withheld[2].row, "UT");
  EXPECT_TRUE(document.withheld[2].primary);
}

TEST(Report, OneStateOfFewAgenciesAloneLeavesTheTableOut) {
  Program program;
  program.Request(
      "requests/1",
      Profile("agencies/a", type::v1::AGENCY_TYPE_TRIBAL, type::v1::SIZE_BAND_25_49, "UT", 30),
      At(2025, 11, 1));
  const Document document = Made(program.Taken(), FiscalYear2026());
  EXPECT_EQ(FigureIn(document, "requests-by-state"), nullptr);
  EXPECT_EQ(FigureIn(document, "requests-by-agency-type"), nullptr);
  EXPECT_THAT(RenderMarkdown(document), HasSubstr("and so are left out"));
}

// The requests shown in the tables by agencies' attributes, and every sum that a reader can form
// from them, as equations.
class ReadersEquations {
 public:
  explicit ReadersEquations(const Document& document) {
    total_ = tables_.Add({});
    const std::vector<int> types = ReadColumn(document, "requests-by-agency-type", "type", 1);
    if (!types.empty()) tables_.sums.push_back({total_, types});
    ReadSizes(document);
    ReadTypesAndSizes(document);
    ReadPlaces(document);
  }

  std::vector<std::string> GivenAway() const {
    std::vector<std::string> given;
    for (const int cell : SolvableCells(tables_, hidden_)) given.push_back(names_.at(cell));
    return given;
  }
  int hidden_count() const {
    return static_cast<int>(std::count(hidden_.begin(), hidden_.end(), true));
  }

 private:
  int Cell(const std::string& name, const TableCell& cell) {
    const auto [known, added] = cells_.emplace(name, 0);
    if (added) {
      known->second = tables_.Add({});
      names_[known->second] = name;
    }
    hidden_.resize(tables_.cells.size(), false);
    hidden_[known->second] = cell.kind == TableCell::Kind::kWithheld;
    return known->second;
  }

  std::vector<int> ReadColumn(const Document& document, absl::string_view id,
                              const std::string& what, size_t column) {
    std::vector<int> cells;
    const ReportFigure* figure = FigureIn(document, id);
    if (figure == nullptr) return cells;
    for (const TableRow& row : figure->table.rows) {
      if (row.kind != TableRow::Kind::kPlain) continue;
      cells.push_back(Cell(absl::StrCat(what, " ", row.cells[0].text), row.cells[column]));
    }
    return cells;
  }

  void ReadSizes(const Document& document) {
    const ReportFigure* figure = FigureIn(document, "requests-by-agency-size");
    if (figure == nullptr) return;
    std::vector<int> bands;
    std::vector<int> classes;
    for (const TableRow& row : figure->table.rows) {
      if (row.kind == TableRow::Kind::kPlain) {
        bands.push_back(Cell("band " + row.cells[0].text, row.cells[1]));
      } else if (row.kind == TableRow::Kind::kSubtotal) {
        classes.push_back(Cell("class " + row.cells[0].text, row.cells[1]));
        if (!bands.empty()) tables_.sums.push_back({classes.back(), bands});
        bands.clear();
      }
    }
    tables_.sums.push_back({total_, classes});
  }

  void ReadTypesAndSizes(const Document& document) {
    const ReportFigure* figure = FigureIn(document, "requests-by-type-and-size");
    if (figure == nullptr) return;
    const auto& columns = figure->table.columns;
    std::map<int, std::vector<int>> by_class;
    for (const TableRow& row : figure->table.rows) {
      if (row.kind == TableRow::Kind::kTotal) continue;
      std::vector<int> parts;
      for (size_t i = 1; i + 1 < columns.size(); ++i) {
        parts.push_back(
            Cell(absl::StrCat(row.cells[0].text, " of ", columns[i].title), row.cells[i]));
        by_class[cells_.at("class " + columns[i].title)].push_back(parts.back());
      }
      tables_.sums.push_back({Cell("type " + row.cells[0].text, row.cells.back()), parts});
    }
    for (const auto& [cell, parts] : by_class) tables_.sums.push_back({cell, parts});
  }

  void ReadPlaces(const Document& document) {
    const std::vector<int> regions = ReadColumn(document, "requests-by-region", "region", 1);
    const ReportFigure* states = FigureIn(document, "requests-by-state");
    if (states == nullptr) return;
    tables_.sums.push_back({total_, regions});
    std::map<std::string, std::string> region_of;
    for (const StateTile& tile : StateTiles()) {
      region_of[std::string(tile.name)] = std::string(tile.region);
    }
    std::map<std::string, std::vector<int>> parts;
    for (const TableRow& row : states->table.rows) {
      if (row.kind != TableRow::Kind::kPlain) continue;
      parts[region_of.at(row.cells[0].text)].push_back(
          Cell("state " + row.cells[0].text, row.cells[1]));
    }
    for (const auto& [region, of_region] : parts) {
      tables_.sums.push_back({cells_.at("region " + region), of_region});
    }
  }

  DisclosureTables tables_;
  std::vector<bool> hidden_ = {false};
  std::map<std::string, int> cells_;
  std::map<int, std::string> names_;
  int total_ = 0;
};

// Goal: a reader of the whole report, who puts all its tables together, works out no withheld
// number. Method: annual reviews of many made-up programs, read back from the finished document
// alone.
TEST(Report, AReaderOfAllItsTablesWorksOutNoWithheldNumber) {
  int hidden = 0;
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    const Facts facts = SampleProgram(seed).Taken();
    for (const auto& [start, end] :
         {std::pair(absl::CivilDay(2025, 10, 1), absl::CivilDay(2026, 9, 30)),
          std::pair(absl::CivilDay(2024, 10, 1), absl::CivilDay(2026, 9, 30)),
          std::pair(absl::CivilDay(2026, 1, 1), absl::CivilDay(2026, 1, 31))}) {
      ReportScope scope = FiscalYear2026();
      scope.start = start;
      scope.end = end;
      const ReadersEquations equations(Made(facts, scope));
      hidden += equations.hidden_count();
      EXPECT_THAT(equations.GivenAway(), IsEmpty());
    }
  }
  EXPECT_GT(hidden, 500);
}

TEST(Report, WhatIsWithheldIsInTheLogAndNowhereElse) {
  const Document document = Made(SampleFacts(), FiscalYear2026());
  ASSERT_FALSE(document.withheld.empty());
  for (const FormatWords& format : kFormats) {
    EXPECT_THAT(format.render(document), HasSubstr("withheld"));
  }
  for (const Section& section : document.sections) {
    for (const Block& block : section.blocks) {
      const auto* figure = std::get_if<ReportFigure>(&block);
      if (figure == nullptr) continue;
      for (const TableRow& row : figure->table.rows) {
        ASSERT_EQ(row.cells.size(), figure->table.columns.size()) << figure->id;
        for (const TableCell& cell : row.cells) {
          if (cell.kind == TableCell::Kind::kNumber) continue;
          EXPECT_EQ(cell.value, 0);
        }
      }
    }
  }
}

TEST(Report, NamesNoAgency) {
  const Document document = Made(SampleFacts(), FiscalYear2026());
  for (const FormatWords& format : kFormats) {
    EXPECT_THAT(format.render(document), Not(HasSubstr("agencies/"))) << format.name;
  }
}

// ---- Forms ----

TEST(Render, TheSameDocumentGivesTheSameBytes) {
  for (const v1::ReportKind kind :
       {v1::REPORT_KIND_ANNUAL_REVIEW, v1::REPORT_KIND_EXECUTIVE_SUMMARY}) {
    const Document one = Made(SampleProgram(7).Taken(), FiscalYear2026(kind));
    const Document other = Made(SampleProgram(7).Taken(), FiscalYear2026(kind));
    for (const FormatWords& format : kFormats) {
      EXPECT_EQ(format.render(one), format.render(other)) << format.name;
    }
  }
}

// A document whose texts look like markup, formulas and more.
Document HostileDocument() {
  Program program;
  intake::v1::CatalogEntrySet set;
  set.mutable_entry()->set_name("topics/x");
  set.mutable_entry()->mutable_topic()->set_title(
      "=HYPERLINK(\"x\") | <script>alert('1')</script> & *y* \\");
  program.intake.Add("topics/x", set);
  for (int i = 0; i < 6; ++i) {
    program.Request(absl::StrCat("requests/", i),
                    Profile(absl::StrCat("agencies/", i), type::v1::AGENCY_TYPE_MUNICIPAL,
                            type::v1::SIZE_BAND_25_49, "UT", 30),
                    At(2025, 11, 1), "topics/x");
  }
  ReportScope scope = FiscalYear2026();
  scope.title = "A <b>title</b> & \"more\"";
  return Made(program.Taken(), scope);
}

// The tags of an HTML or SVG text, in order: `name`, `/name`, `name/`.
std::vector<std::string> Tags(const std::string& html) {
  std::vector<std::string> tags;
  size_t at = 0;
  while ((at = html.find('<', at)) != std::string::npos) {
    const size_t end = html.find('>', at);
    std::string tag = html.substr(at + 1, end - at - 1);
    const bool closed = !tag.empty() && tag.back() == '/';
    const size_t name_end = tag.find_first_of(" /\n", 1);
    tags.push_back(tag.substr(0, name_end) + (closed ? "/" : ""));
    if (tags.back() == "style") at = html.find("</style>", at) - 1;
    at = end + 1 > at ? std::max(at + 1, end + 1) : at + 1;
  }
  return tags;
}

std::vector<std::string> Attributes(const std::string& html, const std::string& name) {
  std::vector<std::string> values;
  const std::string start = " " + name + "=\"";
  for (size_t at = html.find(start); at != std::string::npos; at = html.find(start, at + 1)) {
    const size_t begin = at + start.size();
    values.push_back(html.substr(begin, html.find('"', begin) - begin));
  }
  return values;
}

TEST(RenderHtml, IsWellFormed) {
  const std::set<std::string> empty = {"meta", "!DOCTYPE"};
  for (const Document& document :
       {Made(SampleFacts(), FiscalYear2026()),
        Made(SampleFacts(), FiscalYear2026(v1::REPORT_KIND_EXECUTIVE_SUMMARY)),
        Made(Facts(), FiscalYear2026()), HostileDocument()}) {
    std::vector<std::string> open;
    for (const std::string& tag : Tags(RenderHtml(document))) {
      if (tag.back() == '/' || empty.contains(tag)) continue;
      if (tag[0] != '/') {
        open.push_back(tag);
        continue;
      }
      ASSERT_FALSE(open.empty()) << tag;
      ASSERT_EQ("/" + open.back(), tag);
      open.pop_back();
    }
    EXPECT_THAT(open, IsEmpty());
  }
}

TEST(RenderHtml, IsAccessible) {
  const std::string html = RenderHtml(Made(SampleFacts(), FiscalYear2026()));
  EXPECT_THAT(html, HasSubstr("<html lang=\"en-US\">"));
  EXPECT_THAT(html, HasSubstr("<title>Annual review, fiscal year 2026</title>"));
  EXPECT_THAT(html, HasSubstr("<a class=\"skip\" href=\"#main\">"));
  EXPECT_THAT(html, HasSubstr("@media print"));
  EXPECT_THAT(html, HasSubstr("name=\"viewport\""));

  // Headings in order, none left out, one h1.
  int level = 0;
  int h1 = 0;
  int charts = 0;
  int tables = 0;
  int figures = 0;
  int captions = 0;
  int tables_in_figure = 0;
  for (const std::string& tag : Tags(html)) {
    if (tag.size() == 2 && tag[0] == 'h' && tag[1] >= '1' && tag[1] <= '6') {
      const int next = tag[1] - '0';
      EXPECT_LE(next, level + 1);
      level = next;
      if (next == 1) ++h1;
    }
    if (tag == "figure") tables_in_figure = 0;
    if (tag == "table") ++tables_in_figure;
    if (tag == "/figure") EXPECT_EQ(tables_in_figure, 1);
    charts += tag == "svg" ? 1 : 0;
    tables += tag == "table" ? 1 : 0;
    figures += tag == "figure" ? 1 : 0;
    captions += tag == "figcaption" ? 1 : 0;
  }
  EXPECT_EQ(h1, 1);
  EXPECT_GE(charts, 10);
  EXPECT_EQ(tables, figures);
  EXPECT_EQ(captions, figures);

  // Ids are unique, and what refers to one finds it.
  std::set<std::string> ids;
  for (const std::string& id : Attributes(html, "id")) {
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
  for (const std::string& target : Attributes(html, "href")) {
    EXPECT_TRUE(ids.contains(target.substr(1))) << target;
  }
  for (const std::string& names : Attributes(html, "aria-labelledby")) {
    for (const absl::string_view name : absl::StrSplit(names, ' ')) {
      EXPECT_TRUE(ids.contains(std::string(name))) << name;
    }
  }
}

TEST(RenderHtml, NeedsNothingFromElsewhere) {
  const std::string html = RenderHtml(Made(SampleFacts(), FiscalYear2026()));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("@import")));
  EXPECT_THAT(html, Not(HasSubstr("https:")));
  size_t links = 0;
  for (size_t at = html.find("http:"); at != std::string::npos; at = html.find("http:", at + 1)) {
    EXPECT_EQ(html.substr(at, 26), "http://www.w3.org/2000/svg");
    ++links;
  }
  EXPECT_GT(links, 0u);
}

TEST(RenderHtml, TextOnItsBackgroundHasContrast) {
  const std::pair<const char*, const char*> pairs[] = {
      {"#12233f", "#ffffff"}, {"#4a5a73", "#ffffff"}, {"#12233f", "#f4f7fb"},
      {"#4a5a73", "#f4f7fb"}, {"#1f5497", "#ffffff"}, {"#1f5497", "#f4f7fb"},
      {"#ffffff", "#12294b"}, {"#c9d9f0", "#12294b"}};
  const std::string html = RenderHtml(Made(Facts(), FiscalYear2026()));
  for (const auto& [text, ground] : pairs) {
    EXPECT_GE(ContrastRatio(text, ground), 4.5) << text << " on " << ground;
    EXPECT_TRUE(absl::StrContains(html, text) || std::string(text) == "#ffffff") << text;
  }
}

TEST(RenderHtml, TakesTextForText) {
  const std::string html = RenderHtml(HostileDocument());
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; *y*"));
  EXPECT_THAT(html, HasSubstr("<title>A &lt;b&gt;title&lt;/b&gt; &amp; &quot;more&quot;</title>"));
}

TEST(RenderMarkdown, TakesTextForText) {
  const std::string markdown = RenderMarkdown(HostileDocument());
  EXPECT_THAT(markdown, HasSubstr("# A \\<b\\>title\\</b\\> \\& \"more\"\n"));
  EXPECT_THAT(markdown, HasSubstr("| =HYPERLINK(\"x\") \\| \\<script\\>alert('1')\\</script\\> "
                                  "\\& \\*y\\* \\\\ | 6 | 100% | 6 |\n"));
  EXPECT_THAT(markdown, HasSubstr("| Topic | Requests | Share | Agencies |\n|---|--:|--:|--:|\n"));
}

// Reads RFC 4180.
std::vector<std::vector<std::string>> ReadCsv(const std::string& csv) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (quoted) {
      if (c != '"') {
        rows.back().back() += c;
      } else if (i + 1 < csv.size() && csv[i + 1] == '"') {
        rows.back().back() += csv[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      EXPECT_EQ(rows.back().back(), "");
      quoted = true;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\r') {
      EXPECT_EQ(csv[++i], '\n');
      rows.push_back({""});
    } else {
      EXPECT_NE(c, '\n');
      rows.back().back() += c;
    }
  }
  EXPECT_EQ(rows.back(), std::vector<std::string>{""});
  rows.pop_back();
  return rows;
}

TEST(RenderCsv, IsRfc4180WithAHeaderAndAFigureARow) {
  const auto rows = ReadCsv(RenderCsv(Made(SampleFacts(), FiscalYear2026())));
  ASSERT_GT(rows.size(), 200u);
  EXPECT_THAT(rows[0],
              ElementsAre("section", "figure", "row", "column", "unit", "value", "status"));
  std::set<std::string> statuses;
  for (size_t i = 1; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), 7u);
    EXPECT_FALSE(rows[i][4].empty());
    EXPECT_EQ(rows[i][5].empty(), rows[i][6] != "shown");
    statuses.insert(rows[i][6]);
  }
  EXPECT_TRUE(statuses.contains("shown"));
  EXPECT_TRUE(statuses.contains("withheld"));
}

TEST(RenderCsv, DisarmsFormulas) {
  bool found = false;
  for (const auto& row : ReadCsv(RenderCsv(HostileDocument()))) {
    for (const std::string& field : row) {
      if (field.empty()) continue;
      EXPECT_EQ(absl::string_view("=+-@\t\r").find(field[0]), absl::string_view::npos) << field;
    }
    found = found || absl::StartsWith(row[2], "'=HYPERLINK(\"x\") | <script>");
  }
  EXPECT_TRUE(found);
}

TEST(RenderJson, IsJsonWithFiguresAndText) {
  for (const Document& document : {Made(SampleFacts(), FiscalYear2026()),
                                   Made(Facts(), FiscalYear2026()), HostileDocument()}) {
    google::protobuf::Struct json;
    const auto status = google::protobuf::util::JsonStringToMessage(RenderJson(document), &json);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(json.fields().at("title").string_value(), document.title);
    EXPECT_EQ(json.fields().at("start_date").string_value(), "2025-10-01");
    EXPECT_EQ(json.fields().at("snapshot").list_value().values_size(), 3);
    EXPECT_EQ(json.fields().at("sections").list_value().values_size(),
              static_cast<int>(document.sections.size()));
  }
}

TEST(Render, PlainNumbersAreShort) {
  EXPECT_EQ(PlainNumber(0), "0");
  EXPECT_EQ(PlainNumber(125314), "125314");
  EXPECT_EQ(PlainNumber(4.6), "4.6");
  EXPECT_EQ(PlainNumber(-2.75), "-2.75");
}

}  // namespace
}  // namespace critac::metrics
