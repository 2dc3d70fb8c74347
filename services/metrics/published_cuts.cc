#include "services/metrics/published_cuts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "common/status/error.h"
#include "services/metrics/wording.h"

namespace critac::metrics {
namespace {

// Numbers of people are judged by the people alone.
constexpr int64_t kManyAgencies = std::numeric_limits<int64_t>::max();

int64_t CountOf(const Figure& figure) {
  return static_cast<int64_t>(std::llround(figure.value.value_or(0)));
}

DisclosureCell CellOf(const Figure& figure, CellKind kind) {
  return {CountOf(figure), figure.agency_count, kind};
}

using CellsByGroup = std::map<std::vector<std::string>, int>;

CellsByGroup AddCells(const MeasureAnswer& answer, CellKind kind, DisclosureTables& tables) {
  CellsByGroup cells;
  for (const Figure& figure : answer.figures) {
    cells[figure.group] = tables.Add(CellOf(figure, kind));
  }
  return cells;
}

std::vector<int> All(const CellsByGroup& cells) {
  std::vector<int> all;
  for (const auto& [unused, cell] : cells) all.push_back(cell);
  return all;
}

PublishedCut CutOf(const CellsByGroup& cells, const DisclosurePlan& plan) {
  PublishedCut cut;
  for (const auto& [group, cell] : cells) cut.groups[group] = plan.cells[cell];
  cut.safe = plan.safe;
  return cut;
}

}  // namespace

Disposition PublishedCut::Of(const std::vector<std::string>& group) const {
  const auto found = groups.find(group);
  return found == groups.end() ? Disposition::kShown : found->second;
}

std::map<std::string, Figure> RegionFigures(const MeasureAnswer& by_state) {
  std::map<std::string, Figure> regions;
  for (const Figure& state : by_state.figures) {
    const std::string name = RegionOf(state.group[0]);
    Figure& region = regions[name];
    region.group = {name};
    region.value = region.value.value_or(0) + state.value.value_or(0);
    region.record_count += state.record_count;
    region.agency_count += state.agency_count;
  }
  return regions;
}

absl::StatusOr<PlaceCuts> ProtectPlaces(const MeasureAnswer& by_state) {
  DisclosureTables tables;
  const int total = tables.Add(CellOf(by_state.total, CellKind::kFixed));
  const CellsByGroup states = AddCells(by_state, CellKind::kPublished, tables);
  CellsByGroup regions;
  std::map<std::string, std::vector<int>> parts;
  for (const auto& [group, cell] : states) parts[RegionOf(group[0])].push_back(cell);
  for (const auto& [name, figure] : RegionFigures(by_state)) {
    regions[{name}] = tables.Add(CellOf(figure, CellKind::kPublished));
    tables.sums.push_back({regions[{name}], parts[name]});
  }
  tables.sums.push_back({total, All(regions)});
  ASSIGN_OR_RETURN(const DisclosurePlan plan, Protect(tables));
  return PlaceCuts{CutOf(states, plan), CutOf(regions, plan)};
}

absl::StatusOr<AgencyProfileCuts> ProtectAgencyProfile(const AgencyProfileAnswers& answers) {
  DisclosureTables tables;
  const int total = tables.Add(CellOf(answers.by_type.total, CellKind::kFixed));
  const CellsByGroup types = AddCells(answers.by_type, CellKind::kPublished, tables);
  const CellsByGroup bands = AddCells(answers.by_band, CellKind::kPublished, tables);
  const CellsByGroup classes = AddCells(answers.by_under_50, CellKind::kPublished, tables);
  const CellsByGroup inner = AddCells(answers.by_type_and_under_50, CellKind::kPublished, tables);

  // Every record is in one innermost group, so each sum is over the groups that agree with it.
  std::map<int, std::vector<int>> parts;
  std::map<int, std::vector<int>> classes_of_bands;
  for (const Figure& figure : answers.by_all.figures) {
    const std::string& type = figure.group[0];
    const std::string& band = figure.group[1];
    const std::string& under_50 = figure.group[2];
    const int cell = tables.Add(CellOf(figure, CellKind::kInternal));
    parts[inner.at({type, under_50})].push_back(cell);
    parts[bands.at({band})].push_back(cell);
    std::vector<int>& of_class = classes_of_bands[classes.at({under_50})];
    if (std::find(of_class.begin(), of_class.end(), bands.at({band})) == of_class.end()) {
      of_class.push_back(bands.at({band}));
    }
  }
  for (const auto& [group, cell] : inner) parts[types.at({group[0]})].push_back(cell);
  for (const auto& [cell, of_class] : classes_of_bands) parts[cell] = of_class;
  for (const auto& [cell, of_cell] : parts) tables.sums.push_back({cell, of_cell});
  tables.sums.push_back({total, All(types)});
  tables.sums.push_back({total, All(classes)});

  ASSIGN_OR_RETURN(const DisclosurePlan plan, Protect(tables));
  return AgencyProfileCuts{CutOf(types, plan), CutOf(bands, plan), CutOf(classes, plan),
                           CutOf(inner, plan)};
}

absl::StatusOr<std::vector<PublishedCut>> ProtectPeople(
    const std::vector<const MeasureAnswer*>& cuts) {
  DisclosureTables tables;
  if (cuts.empty()) return std::vector<PublishedCut>();
  const int total = tables.Add({CountOf(cuts[0]->total), kManyAgencies, CellKind::kPublished});
  std::vector<CellsByGroup> cells;
  for (const MeasureAnswer* cut : cuts) {
    cells.push_back(AddCells(*cut, CellKind::kPublished, tables));
    int64_t sum = 0;
    for (const auto& [unused, cell] : cells.back()) {
      tables.cells[cell].agencies = kManyAgencies;
      sum += tables.cells[cell].value;
    }
    if (sum == tables.cells[total].value && !cells.back().empty()) {
      tables.sums.push_back({total, All(cells.back())});
    }
  }
  ASSIGN_OR_RETURN(const DisclosurePlan plan, Protect(tables));
  std::vector<PublishedCut> published;
  for (const CellsByGroup& of_cut : cells) {
    published.push_back(CutOf(of_cut, plan));
    published.back().total = plan.cells[total];
  }
  return published;
}

}  // namespace critac::metrics
