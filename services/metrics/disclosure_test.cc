#include "services/metrics/disclosure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace critac::metrics {
namespace {

using ::testing::IsEmpty;

DisclosureCell Count(int64_t value) { return {value, value, CellKind::kPublished}; }
DisclosureCell Fixed(int64_t value) { return {value, value, CellKind::kFixed}; }

// A one-way table: its total, then its cells.
DisclosureTables OneWay(const std::vector<int64_t>& values, CellKind total_kind) {
  DisclosureTables tables;
  int64_t sum = 0;
  std::vector<int> parts;
  tables.Add({0, 0, total_kind});
  for (const int64_t value : values) {
    parts.push_back(tables.Add(Count(value)));
    sum += value;
  }
  tables.cells[0].value = tables.cells[0].agencies = sum;
  tables.sums.push_back({0, parts});
  return tables;
}

std::string Shape(const DisclosurePlan& plan) {
  std::string shape;
  for (const Disposition disposition : plan.cells) {
    shape += disposition == Disposition::kShown     ? '.'
             : disposition == Disposition::kPrimary ? 'P'
                                                    : 'c';
  }
  return shape + (plan.safe ? "" : "!");
}

std::string ShapeOf(const DisclosureTables& tables) {
  const auto plan = Protect(tables);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? Shape(*plan) : "";
}

TEST(Disclosure, OneWayTables) {
  struct Row {
    std::vector<int64_t> values;
    // The total first.
    const char* shape;
  };
  const Row rows[] = {
      {{10, 20, 30}, "...."},
      // Five is shown, four is not.
      {{5, 20, 30}, "...."},
      // One small cell takes the smallest other with it.
      {{4, 20, 30}, ".Pc."},
      {{30, 4, 20}, "..Pc"},
      // Two small cells hide each other.
      {{4, 3, 30}, ".PP."},
      // Two ones do not: their sum is two, and neither is zero.
      {{1, 1, 30}, ".PPc"},
      {{1, 2, 30}, ".PP."},
      // Zeros are shown, and do not hide anything.
      {{0, 4, 20}, "..Pc"},
      {{0, 20, 30}, "...."},
      // Nothing but zeros beside it: then they are withheld too.
      {{4, 0, 0}, ".Pc."},
      // The only cell follows from the total, whatever is done.
      {{4}, ".P!"},
      {{}, "."},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ShapeOf(OneWay(row.values, CellKind::kFixed)), row.shape)
        << ::testing::PrintToString(row.values);
  }
}

TEST(Disclosure, ATotalThatIsPublishedAndSmallIsWithheldItself) {
  EXPECT_EQ(ShapeOf(OneWay({4}, CellKind::kPublished)), "PP");
  EXPECT_EQ(ShapeOf(OneWay({1, 2}, CellKind::kPublished)), "PPP");
  EXPECT_EQ(ShapeOf(OneWay({0, 0}, CellKind::kPublished)), "...");
}

TEST(Disclosure, ACellOfManyRecordsAndFewAgenciesIsSmall) {
  DisclosureTables tables = OneWay({40, 20, 30}, CellKind::kFixed);
  tables.cells[1].agencies = 4;
  EXPECT_EQ(ShapeOf(tables), ".Pc.");
  tables.cells[1].agencies = 5;
  EXPECT_EQ(ShapeOf(tables), "....");
}

// A two-way table with its margins and its total, which is fixed.
struct TwoWay {
  DisclosureTables tables;
  std::vector<std::vector<int>> inner;
  std::vector<int> rows;
  std::vector<int> columns;
};

TwoWay MakeTwoWay(const std::vector<std::vector<int64_t>>& values) {
  TwoWay table;
  DisclosureTables& tables = table.tables;
  const int total = tables.Add(Fixed(0));
  const auto set = [&](int cell, int64_t value) {
    tables.cells[cell].value += value;
    tables.cells[cell].agencies += value;
  };
  for (size_t j = 0; j < values[0].size(); ++j) table.columns.push_back(tables.Add(Count(0)));
  for (const std::vector<int64_t>& row : values) {
    table.rows.push_back(tables.Add(Count(0)));
    table.inner.emplace_back();
    for (size_t j = 0; j < row.size(); ++j) {
      table.inner.back().push_back(tables.Add(Count(row[j])));
      set(table.rows.back(), row[j]);
      set(table.columns[j], row[j]);
      set(total, row[j]);
    }
    tables.sums.push_back({table.rows.back(), table.inner.back()});
  }
  for (size_t j = 0; j < table.columns.size(); ++j) {
    std::vector<int> parts;
    for (const std::vector<int>& row : table.inner) parts.push_back(row[j]);
    tables.sums.push_back({table.columns[j], parts});
  }
  tables.sums.push_back({total, table.rows});
  tables.sums.push_back({total, table.columns});
  return table;
}

TEST(Disclosure, ATwoWayTableHidesASmallCellInARectangle) {
  const TwoWay table = MakeTwoWay({{3, 20, 30}, {40, 9, 60}, {70, 80, 90}});
  const DisclosurePlan plan = *Protect(table.tables);
  EXPECT_EQ(plan.cells[table.inner[0][0]], Disposition::kPrimary);
  EXPECT_EQ(plan.cells[table.inner[0][1]], Disposition::kComplementary);
  EXPECT_EQ(plan.cells[table.inner[1][0]], Disposition::kComplementary);
  EXPECT_EQ(plan.cells[table.inner[1][1]], Disposition::kComplementary);
  EXPECT_EQ(std::count(plan.cells.begin(), plan.cells.end(), Disposition::kShown),
            static_cast<std::ptrdiff_t>(plan.cells.size()) - 4);
}

TEST(Disclosure, SumsThatDoNotAddUpAreRefused) {
  DisclosureTables tables = OneWay({10, 20}, CellKind::kFixed);
  tables.cells[0].value = 31;
  EXPECT_EQ(Protect(tables).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Disclosure, ACellInThreeSumsIsRefused) {
  DisclosureTables tables;
  const int cell = tables.Add(Count(10));
  for (int i = 0; i < 3; ++i) tables.sums.push_back({tables.Add(Count(10)), {cell}});
  EXPECT_EQ(Protect(tables).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Disclosure, SumsThatFormNoNetworkAreRefused) {
  // Three cells, each pair of them in a sum: a triangle, which no orientation makes a network.
  DisclosureTables tables;
  const int a = tables.Add(Count(10));
  const int b = tables.Add(Count(10));
  const int c = tables.Add(Count(10));
  for (const auto& pair : {std::pair(a, b), std::pair(b, c), std::pair(c, a)}) {
    tables.sums.push_back({tables.Add(Count(20)), {pair.first, pair.second}});
  }
  EXPECT_EQ(Protect(tables).status().code(), absl::StatusCode::kInvalidArgument);
}

// ---- What an attacker learns ----

std::vector<bool> HiddenBy(const DisclosureTables& tables, const DisclosurePlan& plan) {
  std::vector<bool> hidden;
  for (size_t i = 0; i < tables.cells.size(); ++i) {
    hidden.push_back(plan.cells[i] != Disposition::kShown ||
                     tables.cells[i].kind == CellKind::kInternal);
  }
  return hidden;
}

// Withheld cells that linear algebra gives away.
std::vector<int> GivenAway(const DisclosureTables& tables, const DisclosurePlan& plan) {
  std::vector<int> given;
  for (const int cell : SolvableCells(tables, HiddenBy(tables, plan))) {
    if (tables.cells[cell].kind != CellKind::kInternal) given.push_back(cell);
  }
  return given;
}

TEST(Disclosure, TheAttackerSolvesWhatIsNotProtected) {
  const DisclosureTables one_way = OneWay({3, 20, 30}, CellKind::kFixed);
  EXPECT_EQ(SolvableCells(one_way, {false, true, false, false}), std::vector<int>{1});
  EXPECT_THAT(SolvableCells(one_way, {false, true, true, false}), IsEmpty());
  // Three corners of a rectangle give themselves away, four do not.
  const TwoWay table = MakeTwoWay({{3, 20}, {40, 9}});
  std::vector<bool> hidden(table.tables.cells.size(), false);
  hidden[table.inner[0][0]] = hidden[table.inner[0][1]] = hidden[table.inner[1][0]] = true;
  EXPECT_EQ(SolvableCells(table.tables, hidden).size(), 3u);
  hidden[table.inner[1][1]] = true;
  EXPECT_THAT(SolvableCells(table.tables, hidden), IsEmpty());
}

// Small counts, many zeros: where disclosure lurks.
int64_t RandomCount(std::mt19937_64& random) {
  const uint64_t kind = random() % 10;
  if (kind < 3) return 0;
  if (kind < 7) return 1 + static_cast<int64_t>(random() % 6);
  return static_cast<int64_t>(random() % 60);
}

// Goal: no withheld cell follows by subtraction, in one-way tables, in two-way tables and in two
// tables joined by their total. Method: random tables, and an attacker who solves the equations by
// elimination and knows nothing of how the cells were chosen.
TEST(Disclosure, AnAttackerWhoSolvesTheEquationsLearnsNoWithheldCell) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    DisclosureTables tables;
    if (seed % 3 == 0) {
      std::vector<int64_t> values(1 + random() % 12);
      for (int64_t& value : values) value = RandomCount(random);
      tables = OneWay(values, seed % 2 == 0 ? CellKind::kFixed : CellKind::kPublished);
    } else {
      std::vector<std::vector<int64_t>> values(1 + random() % 7,
                                               std::vector<int64_t>(1 + random() % 6));
      for (std::vector<int64_t>& row : values) {
        for (int64_t& value : row) value = RandomCount(random);
      }
      tables = MakeTwoWay(values).tables;
    }
    const auto plan = Protect(tables);
    ASSERT_TRUE(plan.ok()) << plan.status();
    for (size_t i = 0; i < tables.cells.size(); ++i) {
      const DisclosureCell& cell = tables.cells[i];
      if (cell.kind == CellKind::kFixed) EXPECT_EQ(plan->cells[i], Disposition::kShown);
      if (cell.kind == CellKind::kPublished && cell.value > 0 && cell.value < 5) {
        EXPECT_EQ(plan->cells[i], Disposition::kPrimary);
      } else {
        EXPECT_NE(plan->cells[i], Disposition::kPrimary);
      }
    }
    if (plan->safe) EXPECT_THAT(GivenAway(tables, *plan), IsEmpty());
  }
}

// Every table of whole numbers that shows what the plan shows, with withheld cells that were not
// zero at least one: counts the values that each cell takes in them.
class Enumerator {
 public:
  Enumerator(const std::vector<std::vector<int64_t>>& truth, const TwoWay& table,
             const DisclosurePlan& plan)
      : truth_(truth), table_(table), plan_(plan), current_(truth) {
    seen_.resize(truth.size(), std::vector<std::set<int64_t>>(truth[0].size()));
    Fill(0);
  }

  const std::vector<std::vector<std::set<int64_t>>>& seen() const { return seen_; }

 private:
  bool Withheld(int cell) const { return plan_.cells[cell] != Disposition::kShown; }

  void Fill(size_t at) {
    const size_t width = truth_[0].size();
    if (at > 0 && at % width == 0 && !RowAgrees(at / width - 1)) return;
    if (at == truth_.size() * width) {
      if (!ColumnsAgree()) return;
      for (size_t i = 0; i < current_.size(); ++i) {
        for (size_t j = 0; j < width; ++j) seen_[i][j].insert(current_[i][j]);
      }
      return;
    }
    const size_t i = at / width;
    const size_t j = at % width;
    if (!Withheld(table_.inner[i][j])) {
      Fill(at + 1);
      return;
    }
    for (int64_t value = 1; value <= kMost; ++value) {
      current_[i][j] = value;
      Fill(at + 1);
    }
    current_[i][j] = truth_[i][j];
  }

  // Asked as soon as the row is full, so that no table is made of one that does not.
  bool RowAgrees(size_t i) const {
    if (Withheld(table_.rows[i])) return true;
    int64_t now = 0;
    int64_t then = 0;
    for (size_t j = 0; j < truth_[i].size(); ++j) {
      now += current_[i][j];
      then += truth_[i][j];
    }
    return now == then;
  }

  // And the total.
  bool ColumnsAgree() const {
    int64_t total = 0;
    int64_t true_total = 0;
    for (size_t j = 0; j < truth_[0].size(); ++j) {
      int64_t now = 0;
      int64_t then = 0;
      for (size_t i = 0; i < truth_.size(); ++i) {
        now += current_[i][j];
        then += truth_[i][j];
      }
      if (!Withheld(table_.columns[j]) && now != then) return false;
      total += now;
      true_total += then;
    }
    return total == true_total;
  }

  static constexpr int64_t kMost = 11;
  const std::vector<std::vector<int64_t>>& truth_;
  const TwoWay& table_;
  const DisclosurePlan& plan_;
  std::vector<std::vector<int64_t>> current_;
  std::vector<std::vector<std::set<int64_t>>> seen_;
};

// Goal: the attacker who also knows that counts are whole and withheld ones not zero learns no cell
// exactly. Method: small random tables without zeros, and every table that could be behind what is
// shown.
TEST(Disclosure, NorDoesOneWhoKnowsThatCountsAreWholeAndNotZero) {
  int withheld = 0;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<std::vector<int64_t>> truth(2, std::vector<int64_t>(2 + seed % 2));
    for (std::vector<int64_t>& row : truth) {
      for (int64_t& value : row) value = 1 + static_cast<int64_t>(random() % 7);
    }
    const TwoWay table = MakeTwoWay(truth);
    const DisclosurePlan plan = *Protect(table.tables);
    if (!plan.safe) continue;
    const Enumerator enumerator(truth, table, plan);
    for (size_t i = 0; i < truth.size(); ++i) {
      for (size_t j = 0; j < truth[i].size(); ++j) {
        if (plan.cells[table.inner[i][j]] == Disposition::kShown) continue;
        ++withheld;
        EXPECT_GE(enumerator.seen()[i][j].size(), 2u) << i << "," << j;
      }
    }
  }
  EXPECT_GT(withheld, 100);
}

TEST(Disclosure, TheSameTablesGiveTheSamePlan) {
  const TwoWay table = MakeTwoWay({{3, 20, 20}, {20, 9, 9}, {20, 9, 9}});
  EXPECT_EQ(Shape(*Protect(table.tables)), Shape(*Protect(table.tables)));
}

}  // namespace
}  // namespace critac::metrics
