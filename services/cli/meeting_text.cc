#include "services/cli/meeting_text.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "services/cli/display_width.h"
#include "services/cli/message_text.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;
using matching::v1::DecidedExpert;
using matching::v1::Meeting;
using matching::v1::MeetingItem;
using matching::v1::ShortlistCandidate;
using matching::v1::ShortlistSlot;
using matching::v1::Vote;

// Columns that all but the headings of a meeting is set in.
constexpr int kIndent = 3;
// Votes take at least as many, however wide what stands before them is.
constexpr int kLeastVotesWidth = 24;

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

// Candidates, or those who were decided on, as a table that begins with `first`: who they are.
template <typename People>
Table TableOf(const People& people, const std::string& first,
              const std::function<std::string(const typename People::value_type&)>& first_of) {
  const bool named = std::any_of(people.begin(), people.end(),
                                 [](const auto& one) { return !one.full_name().empty(); });
  Table table;
  table.columns.push_back({first, false, false});
  if (named) table.columns.push_back({"NAME", false, false});
  table.columns.push_back({"EXPERT", false, false});
  table.columns.push_back({"PARTNER", false, false});
  for (const auto& one : people) {
    std::vector<std::string>& row = table.rows.emplace_back();
    row.push_back(first_of(one));
    if (named) row.push_back(one.full_name().empty() ? "-" : one.full_name());
    row.push_back(WithoutCollection(one.expert()));
    row.push_back(WithoutCollection(one.partner()));
  }
  return table;
}

void AddTable(const Table& table, std::string& out) {
  for (const absl::string_view line : absl::StrSplit(FormatTable(table, 0), '\n')) {
    if (!line.empty()) absl::StrAppend(&out, std::string(kIndent, ' '), line, "\n");
  }
}

// Columns that a table takes whose last column stands right, so that all lines are as long.
int WidthOf(const Table& table) {
  const std::string text = FormatTable(table, 0);
  return DisplayWidth(absl::string_view(text).substr(0, text.find('\n')));
}

// Adds the votes as the last column, broken at words to what is left of `width`.
void AddVotes(const ShortlistSlot& slot, int width, Table& table) {
  constexpr int kGap = 2;
  const int left =
      width == 0 ? 0 : std::max(width - kIndent - WidthOf(table) - kGap, kLeastVotesWidth);
  const size_t columns = table.columns.size();
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < slot.candidates_size(); ++i) {
    const std::string votes = WrapText(VotesText(slot.candidates(i)), left);
    std::vector<std::string> row = std::move(table.rows[i]);
    for (const absl::string_view line : absl::StrSplit(votes, '\n', absl::SkipEmpty())) {
      row.emplace_back(line);
      rows.push_back(std::move(row));
      row.assign(columns, "");
    }
    if (votes == "\n") rows.push_back(std::move(row));
  }
  table.columns.push_back({"VOTES", false, false});
  table.rows = std::move(rows);
}

// `De-escalation (de-escalation)`, or the id alone.
std::string Titled(const std::string& title, const std::string& id) {
  return title.empty() ? id : absl::StrCat(title, " (", id, ")");
}

// `in-person training (training), 16 hours each, 2027-01-11 to 2027-03-26`; of what is known.
std::string DeliveryText(const ShortlistSlot& slot) {
  std::vector<std::string> parts;
  if (!slot.delivery_type().empty()) {
    parts.push_back(Titled(slot.delivery_type_title(), WithoutCollection(slot.delivery_type())));
  }
  if (slot.hours() > 0) {
    parts.push_back(absl::StrCat(slot.hours(), slot.hours() == 1 ? " hour" : " hours",
                                 slot.people() == 1 ? "" : " each"));
  }
  if (!slot.window_start().empty()) {
    parts.push_back(absl::StrCat(slot.window_start(), " to ", slot.window_end()));
  }
  return absl::StrJoin(parts, ", ");
}

void AddSlot(const ShortlistSlot& slot, int width, std::string& out) {
  out += "\n";
  AddIndented(out, kIndent,
              absl::StrCat("slot ", slot.slot(), ": ",
                           Titled(slot.topic_title(), WithoutCollection(slot.topic())), ", ",
                           slot.people(), slot.people() == 1 ? " person" : " people", " missing, ",
                           slot.eligible_count(), " eligible"),
              width);
  if (const std::string delivery = DeliveryText(slot); !delivery.empty()) {
    AddIndented(out, kIndent, delivery, width);
  }
  if (!slot.open_because().empty()) AddIndented(out, kIndent, slot.open_because(), width);
  if (slot.candidates().empty()) return;
  const bool scores = std::any_of(slot.candidates().begin(), slot.candidates().end(),
                                  [](const auto& one) { return one.score_e6() != 0; });
  Table table = TableOf(slot.candidates(), "", [](const ShortlistCandidate& one) {
    return std::string(one.proposed() ? "proposed" : "alternate");
  });
  table.columns.push_back({"RANK", true});
  if (scores) table.columns.push_back({"SCORE", true});
  for (int i = 0; i < slot.candidates_size(); ++i) {
    const ShortlistCandidate& one = slot.candidates(i);
    table.rows[i].push_back(absl::StrCat(one.rank()));
    if (scores) table.rows[i].push_back(one.score_e6() == 0 ? "-" : Short(one, "score_e6"));
  }
  AddVotes(slot, width, table);
  AddTable(table, out);
  for (const ShortlistCandidate& one : slot.candidates()) {
    for (const matching::v1::SuspectedConflict& suspected : one.suspected_conflicts()) {
      AddIndented(out, kIndent,
                  absl::StrCat(WithoutCollection(one.expert()), " ", suspected.explanation()),
                  width);
    }
  }
}

// What the partners are called of whose experts a meeting speaks.
void AddPartners(const Meeting& meeting, std::string& out) {
  std::map<std::string, std::string> names;
  const auto take = [&names](const auto& people) {
    for (const auto& one : people) {
      if (!one.partner_name().empty()) names[WithoutCollection(one.partner())] = one.partner_name();
    }
  };
  for (const MeetingItem& item : meeting.items()) {
    for (const ShortlistSlot& slot : item.slots()) take(slot.candidates());
    take(item.decision().experts());
  }
  if (names.empty()) return;
  Table table;
  table.columns = {{"PARTNER", false, false}, {"NAME", false, false}};
  for (const auto& [id, name] : names) table.rows.push_back({id, name});
  out += "\n" + FormatTable(table, 0);
}

// What is called so, as it may stand on one line; empty where that is not known.
std::string TitleIn(const std::map<std::string, std::string>& titles, const std::string& name) {
  const auto found = titles.find(name);
  return found == titles.end() ? "" : Printable(found->second);
}

// `Perry Township Police Department (agencies/ag-1), municipal, 25-49 sworn, UT`.
std::string AgencyText(const type::v1::AgencyProfile& agency, const MeetingTitles& titles) {
  std::vector<std::string> parts = {
      Titled(TitleIn(titles.agencies, agency.agency()), agency.agency())};
  if (agency.type() != 0) parts.push_back(Short(agency, "type"));
  if (agency.size_band() != 0) parts.push_back(absl::StrCat(Short(agency, "size_band"), " sworn"));
  if (!agency.state().empty()) parts.push_back(agency.state());
  return absl::StrJoin(parts, ", ");
}

// `critical, needed by 2026-12-24, waiting since 2026-11-20`; of what is known.
std::string UrgencyText(const MeetingItem& item) {
  std::vector<std::string> parts;
  if (item.urgency() != 0) parts.push_back(Short(item, "urgency"));
  if (!item.needed_by().empty()) parts.push_back(absl::StrCat("needed by ", item.needed_by()));
  if (item.waiting_since().seconds() != 0) {
    constexpr size_t kDay = 10;  // of `2026-11-20 14:00`
    parts.push_back(absl::StrCat("waiting since ", Short(item, "waiting_since").substr(0, kDay)));
  }
  return absl::StrJoin(parts, ", ");
}

void AddItem(int number, const MeetingItem& item, int width, const MeetingTitles& titles,
             std::string& out) {
  absl::StrAppend(&out, "\n", number, ". ", item.request(), "\n");
  if (const std::string title = TitleIn(titles.requests, item.request()); !title.empty()) {
    AddIndented(out, kIndent, title, width);
  }
  if (item.has_agency()) AddIndented(out, kIndent, AgencyText(item.agency(), titles), width);
  if (const std::string urgency = UrgencyText(item); !urgency.empty()) {
    AddIndented(out, kIndent, urgency, width);
  }
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
      out, kIndent,
      absl::StrCat(Short(decision, "kind"), " by ", decision.actor(), " on ",
                   Short(decision, "time"),
                   decision.proposal().empty() ? "" : absl::StrCat(", ", decision.proposal()),
                   decision.reason().empty() ? "" : absl::StrCat(": ", decision.reason())),
      width);
  if (decision.experts().empty()) return;
  AddTable(TableOf(decision.experts(), "SLOT", [](const DecidedExpert& one) { return one.slot(); }),
           out);
}

}  // namespace

std::string MeetingItemText(const MeetingItem& item, int number, int width) {
  std::string out;
  AddItem(number, item, width, {}, out);
  return out.substr(1);  // without the empty line before it
}

std::string MeetingText(const Meeting& meeting, int width, const MeetingTitles& titles) {
  const std::string title = Printable(meeting.title());
  std::string out =
      absl::StrCat(title, "\n", std::string(DisplayWidth(title), '='), "\n", meeting.name(), ", ",
                   meeting.date(), ", ", Short(meeting, "state"), "; called by ",
                   meeting.called_by(), "; policy version ", meeting.policy_version(), "\n");
  if (meeting.items().empty()) out += "\nno request that you may see\n";
  AddPartners(meeting, out);
  int number = 0;
  for (const MeetingItem& item : meeting.items()) AddItem(++number, item, width, titles, out);
  return out;
}

}  // namespace critac::cli
