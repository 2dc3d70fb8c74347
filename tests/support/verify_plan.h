#ifndef TESTS_SUPPORT_VERIFY_PLAN_H_
#define TESTS_SUPPORT_VERIFY_PLAN_H_

#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// What tests/verify_plan.py says of a certificate as JSON: `optimal: …`, `within 5 of the best: …`, or `wrong: …`.
// Empty, and the test fails, where it could not read it.
inline std::string VerifyPlan(absl::string_view json) {
  const TempFolder folder;
  const std::string file = folder.file("certificate.json");
  std::ofstream(file) << json;
  const std::string command =
      absl::StrCat("python3 '", CRITAC_SOURCE_DIR, "/tests/verify_plan.py' '", file, "'");
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  char line[1000] = "";
  const bool said = fgets(line, sizeof(line), pipe) != nullptr;
  const int ended = pclose(pipe);
  EXPECT_TRUE(said) << command;
  const std::string text(absl::StripSuffix(line, "\n"));
  const int wanted = absl::StartsWith(text, "wrong: ") ? 1 : 0;
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == wanted) << text;
  return text;
}

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_VERIFY_PLAN_H_
