#include "services/metrics/measures.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/metrics/measure_filter.h"

namespace critac::metrics {
namespace {

// What is gathered for one group: values by key, in order, so that sums do not depend on the order
// of rows.
struct Gathered {
  std::map<std::string, std::optional<double>> values;
  std::set<std::string> names;
  std::set<std::string> agencies;

  void Add(const Row& row) {
    std::optional<double>& value = values[row.key];
    if (row.value.has_value() && (!value.has_value() || *value < *row.value)) value = row.value;
    names.insert(row.name);
    if (!row.agency.empty()) agencies.insert(row.agency);
  }
};

double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

Figure Aggregated(const Gathered& gathered, Aggregation aggregation, int lineage_limit) {
  Figure figure;
  std::vector<double> values;
  for (const auto& [unused, value] : gathered.values) {
    if (value.has_value()) values.push_back(*value);
  }
  figure.record_count = static_cast<int64_t>(values.size());
  figure.missing_count = static_cast<int64_t>(gathered.values.size() - values.size());
  figure.agency_count = static_cast<int64_t>(gathered.agencies.size());
  for (const std::string& name : gathered.names) {
    if (static_cast<int>(figure.records.size()) >= lineage_limit) break;
    figure.records.push_back(name);
  }
  if (aggregation == Aggregation::kCount) {
    figure.value = static_cast<double>(values.size());
    return figure;
  }
  if (values.empty()) {
    if (aggregation == Aggregation::kSum && figure.missing_count == 0) figure.value = 0;
    return figure;
  }
  const double count = static_cast<double>(values.size());
  switch (aggregation) {
    case Aggregation::kCount:
      break;
    case Aggregation::kSum:
      figure.value = Sum(values);
      break;
    case Aggregation::kMean:
      figure.value = Sum(values) / count;
      break;
    case Aggregation::kShare:
      figure.value = 100 * Sum(values) / count;
      break;
    case Aggregation::kDistribution:
      std::sort(values.begin(), values.end());
      figure.value = Percentile(values, 50);
      figure.percentile_90 = Percentile(values, 90);
      break;
  }
  return figure;
}

// Every group that a row stands in: one value of each dimension asked for.
void VisitGroups(const Row& row, absl::Span<const v1::Dimension> group_by,
                 std::vector<std::string>& group,
                 absl::FunctionRef<void(const std::vector<std::string>&)> visit) {
  if (group.size() == group_by.size()) {
    visit(group);
    return;
  }
  static const auto& unknown = *new std::vector<std::string>{kUnknownValue};
  const std::vector<std::string>& has = row.dimensions[group_by[group.size()]];
  for (const std::string& value : has.empty() ? unknown : has) {
    group.push_back(value);
    VisitGroups(row, group_by, group, visit);
    group.pop_back();
  }
}

absl::Status CheckGroupBy(const MeasureDefinition& measure,
                          absl::Span<const v1::Dimension> group_by) {
  for (size_t i = 0; i < group_by.size(); ++i) {
    const auto& has = measure.dimensions;
    if (std::find(has.begin(), has.end(), group_by[i]) != has.end()) continue;
    return InvalidField(
        absl::StrCat("group_by[", i, "]"),
        absl::StrCat(DimensionName(group_by[i]), " is no dimension of ", measure.id, "; it has ",
                     absl::StrJoin(has, ", ", [](std::string* out, v1::Dimension dimension) {
                       absl::StrAppend(out, DimensionName(dimension));
                     })));
  }
  return absl::OkStatus();
}

}  // namespace

const MeasureDefinition* FindMeasure(absl::string_view id) {
  const auto& all = Measures();
  const auto found = std::lower_bound(
      all.begin(), all.end(), id, [](const MeasureDefinition& measure, absl::string_view wanted) {
        return measure.id < wanted;
      });
  return found == all.end() || found->id != id ? nullptr : &*found;
}

v1::Measure ToProto(const MeasureDefinition& definition) {
  v1::Measure measure;
  measure.set_id(definition.id);
  measure.set_title(definition.title);
  measure.set_definition(definition.definition);
  measure.set_unit(definition.unit);
  measure.set_numerator(definition.numerator);
  measure.set_denominator(definition.denominator);
  for (const std::string& type : definition.source_events) measure.add_source_events(type);
  measure.set_version(definition.version);
  measure.set_owner(definition.owner);
  for (const v1::Dimension dimension : definition.dimensions) measure.add_dimensions(dimension);
  return measure;
}

v1::MeasureValue ToProto(const Figure& figure) {
  v1::MeasureValue value;
  for (const std::string& part : figure.group) value.add_group(part);
  if (figure.value.has_value()) value.set_value(*figure.value);
  if (figure.percentile_90.has_value()) value.set_percentile_90(*figure.percentile_90);
  value.set_record_count(figure.record_count);
  value.set_missing_count(figure.missing_count);
  for (const std::string& name : figure.records) value.add_records(name);
  return value;
}

absl::StatusOr<MeasureAnswer> Evaluate(const Facts& facts, const MeasureQuery& query) {
  const MeasureDefinition* measure = FindMeasure(query.measure);
  if (measure == nullptr) {
    return InvalidField(
        "measure", absl::StrCat("`", query.measure, "` is no measure; there are ",
                                absl::StrJoin(Measures(), ", ",
                                              [](std::string* out, const MeasureDefinition& each) {
                                                absl::StrAppend(out, each.id);
                                              })));
  }
  RETURN_IF_ERROR(CheckGroupBy(*measure, query.group_by));
  if (query.start.has_value() && query.end.has_value() && *query.end < *query.start) {
    return InvalidField("end_date", absl::StrCat(FormatDate(*query.end), " is before start_date ",
                                                 FormatDate(*query.start)));
  }
  ASSIGN_OR_RETURN(const MeasureFilter filter,
                   MeasureFilter::Parse(query.filter, measure->dimensions));

  Gathered total;
  std::map<std::vector<std::string>, Gathered> groups;
  measure->rows(facts, [&](const Row& row) {
    if (row.day.has_value() && query.start.has_value() && *row.day < *query.start) return;
    if (row.day.has_value() && query.end.has_value() && *query.end < *row.day) return;
    if (!filter.Passes(row.dimensions)) return;
    total.Add(row);
    if (query.group_by.empty()) return;
    std::vector<std::string> group;
    VisitGroups(row, query.group_by, group,
                [&](const std::vector<std::string>& values) { groups[values].Add(row); });
  });

  MeasureAnswer answer;
  answer.measure = measure;
  answer.total = Aggregated(total, measure->aggregation, query.lineage_limit);
  for (const auto& [group, gathered] : groups) {
    answer.figures.push_back(Aggregated(gathered, measure->aggregation, query.lineage_limit));
    answer.figures.back().group = group;
  }
  return answer;
}

double Percentile(absl::Span<const double> sorted, int percent) {
  // ceil(percent * n / 100) in whole numbers.
  const size_t rank = (static_cast<size_t>(percent) * sorted.size() + 99) / 100;
  return sorted[rank - 1];
}

}  // namespace critac::metrics
