#include "services/cli/meeting_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "services/cli/message_text.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;
using matching::v1::Meeting;
using matching::v1::MeetingItem;
using matching::v1::ShortlistCandidate;
using matching::v1::ShortlistSlot;
using matching::v1::Vote;

std::string Short(const Message& message, absl::string_view path) {
  return FieldText(message, path, TextStyle::kShort);
}

void AddIndented(std::string& out, int indent, absl::string_view text, int width) {
  const int left = width == 0 ? 0 : std::max(width - indent, 20);
  for (const absl::string_view line : absl::StrSplit(WrapText(text, left), '\n')) {
    if (!line.empty()) absl::StrAppend(&out, std::string(indent, ' '), line, "\n");
  }
}

// `for: nsa, iacp; against: ncai (away in May)`.
std::string VotesText(const ShortlistCandidate& candidate) {
  std::vector<std::string> texts;
  for (const matching::v1::VoteChoice choice :
       {matching::v1::VOTE_CHOICE_FOR, matching::v1::VOTE_CHOICE_AGAINST,
        matching::v1::VOTE_CHOICE_ABSTAIN}) {
    std::vector<std::string> partners;
    std::string label;
    for (const Vote& vote : candidate.votes()) {
      if (vote.choice() != choice) continue;
      label = Short(vote, "choice");
      partners.push_back(
          absl::StrCat(WithoutCollection(vote.partner()),
                       vote.reason().empty() ? "" : absl::StrCat(" (", vote.reason(), ")")));
    }
    if (!partners.empty())
      texts.push_back(absl::StrCat(label, ": ", absl::StrJoin(partners, ", ")));
  }
  return absl::StrJoin(texts, "; ");
}

void AddSlot(const ShortlistSlot& slot, int width, std::string& out) {
  absl::StrAppend(&out, "\n   slot ", slot.slot(), ": ", WithoutCollection(slot.topic()), ", ",
                  slot.people(), slot.people() == 1 ? " person" : " people", " missing, ",
                  slot.eligible_count(), " eligible\n");
  if (!slot.open_because().empty()) AddIndented(out, 3, slot.open_because(), width);
  if (slot.candidates().empty()) return;
  const bool scores = std::any_of(slot.candidates().begin(), slot.candidates().end(),
                                  [](const auto& one) { return one.score_e6() != 0; });
  Table table;
  table.columns = {
      {"", false, false}, {"EXPERT", false, false}, {"PARTNER", false, false}, {"RANK", true}};
  if (scores) table.columns.push_back({"SCORE", true});
  table.columns.push_back({"VOTES", false, false});
  for (const ShortlistCandidate& one : slot.candidates()) {
    std::vector<std::string> row = {one.proposed() ? "proposed" : "alternate",
                                    WithoutCollection(one.expert()),
                                    WithoutCollection(one.partner()), absl::StrCat(one.rank())};
    if (scores) row.push_back(one.score_e6() == 0 ? "-" : Short(one, "score_e6"));
    row.push_back(VotesText(one));
    table.rows.push_back(std::move(row));
  }
  for (const absl::string_view line : absl::StrSplit(FormatTable(table, 0), '\n')) {
    if (!line.empty()) absl::StrAppend(&out, "   ", line, "\n");
  }
}

// `agencies/ag-1, municipal, 25-49 sworn, UT`.
std::string AgencyText(const type::v1::AgencyProfile& agency) {
  std::vector<std::string> parts = {agency.agency()};
  if (agency.type() != 0) parts.push_back(Short(agency, "type"));
  if (agency.size_band() != 0) parts.push_back(absl::StrCat(Short(agency, "size_band"), " sworn"));
  if (!agency.state().empty()) parts.push_back(agency.state());
  return absl::StrJoin(parts, ", ");
}

void AddItem(int number, const MeetingItem& item, int width, std::string& out) {
  absl::StrAppend(&out, "\n", number, ". ", item.request(), "\n");
  if (item.has_agency()) AddIndented(out, 3, AgencyText(item.agency()), width);
  for (const ShortlistSlot& slot : item.slots()) AddSlot(slot, width, out);
  if (!item.notes().empty()) out += "\n   notes\n";
  for (const auto& note : item.notes()) {
    AddIndented(out, 5, absl::StrCat(Short(note, "time"), " ", note.actor(), ": ", note.text()),
                width);
  }
  out += "\n";
  if (!item.has_decision()) {
    out += "   not decided\n";
    return;
  }
  const auto& decision = item.decision();
  AddIndented(
      out, 3,
      absl::StrCat(Short(decision, "kind"), " by ", decision.actor(), " on ",
                   Short(decision, "time"),
                   decision.proposal().empty() ? "" : absl::StrCat(", ", decision.proposal()),
                   decision.reason().empty() ? "" : absl::StrCat(": ", decision.reason())),
      width);
}

}  // namespace

std::string MeetingItemText(const MeetingItem& item, int number, int width) {
  std::string out;
  AddItem(number, item, width, out);
  return out.substr(1);  // without the empty line before it
}

std::string MeetingText(const Meeting& meeting, int width) {
  std::string out = absl::StrCat(meeting.title(), "\n", std::string(meeting.title().size(), '='),
                                 "\n", meeting.name(), ", ", meeting.date(), ", ",
                                 Short(meeting, "state"), "; called by ", meeting.called_by(),
                                 "; policy version ", meeting.policy_version(), "\n");
  if (meeting.items().empty()) out += "\nno request that you may see\n";
  int number = 0;
  for (const MeetingItem& item : meeting.items()) AddItem(++number, item, width, out);
  return out;
}

}  // namespace critac::cli
