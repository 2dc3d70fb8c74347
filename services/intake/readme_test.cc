// The README shows the tables of the lifecycle and of the clocks. Goal: they are those of the code.
// Method: the tables are written out from the data and looked for in the README; a failure prints
// what belongs there.
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "services/intake/intake_testing.h"
#include "services/intake/request_clocks.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

// `program manager` of ROLE_PROGRAM_MANAGER.
std::string Words(absl::string_view name) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", " "}}));
}

std::string RoleWords(type::v1::Role role) {
  return Words(absl::StripPrefix(type::v1::Role_Name(role), "ROLE_"));
}

template <typename T>
std::string List(const std::vector<T>& values, std::string (*word)(T)) {
  return absl::StrJoin(values, ", ", [word](std::string* out, T value) {
    absl::StrAppend(out, Words(word(value)));
  });
}

// Sets of states that are said in a word.
std::string FromWords(const LifecycleRule& rule) {
  if (rule.from == RuleOf(v1::REQUEST_ACTION_WITHDRAW)->from) return "any open state";
  if (rule.from == RuleOf(v1::REQUEST_ACTION_HOLD)->from) return "any open state but on hold";
  if (rule.from == RuleOf(v1::REQUEST_ACTION_REFER)->from) return "any before matched";
  return List(rule.from, StateText);
}

std::string LifecycleInMarkdown() {
  std::string table = "| action | from | to | who | needs |\n|---|---|---|---|---|\n";
  for (const LifecycleRule& rule : LifecycleRules()) {
    const bool back = rule.to == v1::REQUEST_STATE_UNSPECIFIED;
    absl::StrAppend(&table, "| ", Words(ActionText(rule.action)), " | ", FromWords(rule), " | ",
                    back ? "where it was" : Words(StateText(rule.to)), " | ",
                    List(rule.roles, RoleWords), " | ", rule.needs, " |\n");
  }
  return table;
}

std::string ClocksInMarkdown() {
  std::string table = "| clock | starts with | stops with | given up with |\n|---|---|---|---|\n";
  for (const ClockRule& rule : ClockRules()) {
    absl::StrAppend(&table, "| ",
                    Words(absl::StripPrefix(v1::ClockType_Name(rule.clock), "CLOCK_TYPE_")), " | ",
                    List(rule.starts, ActionText), " | ", List(rule.stops, ActionText), " | ",
                    rule.cancels.empty() ? "–" : List(rule.cancels, ActionText), " |\n");
  }
  return table;
}

std::string Readme() {
  std::ifstream file(CRITAC_SOURCE_DIR "/services/intake/README.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Readme, ShowsTheLifecycleAsItIs) {
  EXPECT_TRUE(absl::StrContains(Readme(), LifecycleInMarkdown()))
      << "services/intake/README.md should have:\n"
      << LifecycleInMarkdown();
}

TEST(Readme, ShowsTheClocksAsTheyAre) {
  EXPECT_TRUE(absl::StrContains(Readme(), ClocksInMarkdown()))
      << "services/intake/README.md should have:\n"
      << ClocksInMarkdown();
}

}  // namespace
}  // namespace critac::intake
