#ifndef TESTS_SUPPORT_VERIFY_JOURNAL_H_
#define TESTS_SUPPORT_VERIFY_JOURNAL_H_

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/support/postgresql_server.h"

namespace critac::testing {

// What tests/verify_journal.py says of the journal in a database of either kind: `intact: 2 events, head HASH`.
inline std::string VerifyJournal(const std::string& url) {
  std::string command = absl::StrCat("python3 '", CRITAC_SOURCE_DIR, "/tests/verify_journal.py' ");
  if (absl::string_view file = url; absl::ConsumePrefix(&file, "sqlite:")) {
    absl::StrAppend(&command, "'", file, "'");
  } else {
    command =
        absl::StrCat(PostgresqlServer::Program("psql"),
                     " --no-psqlrc --csv -c 'SELECT sequence, record_time, actor, subject, type, "
                     "payload, request_id, hash FROM journal_event ORDER BY sequence' '",
                     url, "' | ", command, "-");
  }
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  char line[200] = "";
  EXPECT_NE(fgets(line, sizeof(line), pipe), nullptr) << command;
  EXPECT_EQ(pclose(pipe), 0) << command;
  return std::string(absl::StripSuffix(line, "\n"));
}

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_VERIFY_JOURNAL_H_
