#ifndef TESTS_SUPPORT_VERIFY_PLAN_H_
#define TESTS_SUPPORT_VERIFY_PLAN_H_

#include <sys/wait.h>

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// What tests/verify_plan.py says of each of these certificates as JSON, in their order: `optimal: …`,
// `within 5 of the best: …`, or `wrong: …`. One run of it for all, since Python takes longer to start than to check a
// small one. Where it could not read one, or its exit status is not that of the worst, the test fails.
inline std::vector<std::string> VerifyPlans(const std::vector<std::string>& certificates) {
  const TempFolder folder;
  std::string command = absl::StrCat("python3 '", CRITAC_SOURCE_DIR, "/tests/verify_plan.py'");
  std::vector<std::string> prefixes;
  for (size_t i = 0; i < certificates.size(); ++i) {
    const std::string file = folder.file(absl::StrCat(i, ".json"));
    std::ofstream(file) << certificates[i];
    absl::StrAppend(&command, " '", file, "'");
    prefixes.push_back(certificates.size() > 1 ? absl::StrCat(file, ": ") : "");
  }
  std::vector<std::string> texts(certificates.size());
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << command;
    return texts;
  }
  int wanted = 0;
  char line[2000];
  for (size_t i = 0; i < texts.size() && fgets(line, sizeof(line), pipe) != nullptr; ++i) {
    absl::string_view text = absl::StripSuffix(line, "\n");
    EXPECT_TRUE(absl::ConsumePrefix(&text, prefixes[i])) << text;
    if (absl::StartsWith(text, "wrong: ")) wanted = 1;
    texts[i] = std::string(text);
  }
  const int ended = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == wanted) << command;
  EXPECT_TRUE(texts.empty() || !texts.back().empty()) << command;
  return texts;
}

// The same of one certificate.
inline std::string VerifyPlan(absl::string_view certificate) {
  return VerifyPlans({std::string(certificate)})[0];
}

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_VERIFY_PLAN_H_
