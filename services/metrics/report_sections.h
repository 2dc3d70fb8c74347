#ifndef SERVICES_METRICS_REPORT_SECTIONS_H_
#define SERVICES_METRICS_REPORT_SECTIONS_H_

#include "services/metrics/document.h"
#include "services/metrics/report_source.h"

namespace critac::metrics {

// The sections of reports, each a function of its source. Words stand here, figures come from the
// measures.

// How much of a section a report takes.
enum class Detail {
  kFull,
  // What fits an executive summary.
  kBrief,
};

Section GlanceSection(ReportSource& source, Detail detail);
Section TopicSection(ReportSource& source, Detail detail);
Section AgencySection(ReportSource& source);
Section StateSection(ReportSource& source, Detail detail);
Section TimelinessSection(ReportSource& source, Detail detail);
Section DeliverySection(ReportSource& source);
Section SatisfactionSection(ReportSource& source, Detail detail);
Section PartnerSection(ReportSource& source, Detail detail);
Section MethodSection(Detail detail);
Section SnapshotSection(const v1::Snapshot& snapshot);

// ---- Shared by the sections ----

// A figure of a group together with what it is called.
struct NamedFigure {
  std::string label;
  Figure figure;
};

// Figures with their labels, the greatest first and then by label; what is not known comes last.
std::vector<NamedFigure> Ranked(const Facts& facts, v1::Dimension dimension,
                                const MeasureAnswer& answer);

// The figure of a group in another answer. One without a value where it has none.
Figure FigureOf(const MeasureAnswer& answer, const std::vector<std::string>& group);

// How much of the whole, as a cell in percent; nothing where the whole is nothing.
TableCell ShareCell(const Figure& part, const Figure& whole);

TableCell CountCell(int64_t count);

// What stands in place of tables that would give small numbers away whatever was withheld in them.
Paragraph LeftOut(absl::string_view what);

inline constexpr char kWithheldNote[] =
    "Withheld: the number rests on fewer than five records or agencies, or would give such a "
    "number "
    "away by subtraction.";

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_REPORT_SECTIONS_H_
