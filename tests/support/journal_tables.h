#ifndef TESTS_SUPPORT_JOURNAL_TABLES_H_
#define TESTS_SUPPORT_JOURNAL_TABLES_H_

#include <memory>
#include <utility>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "gtest/gtest.h"
#include "tests/support/test_databases.h"

namespace critac::testing {

// Has the databases of a journal begin with its tables, which are made once in a program.
inline void BeginWithTables(TestDatabases& databases, const journal::JournalOptions& options) {
  databases.BeginWith(options.name, [options](std::unique_ptr<store::Database> database) {
    SeededIdSource ids(1);
    const auto opened =
        journal::Journal::Open(options, std::move(database), SystemClock::Instance(), ids);
    EXPECT_TRUE(opened.ok()) << opened.status();
  });
}

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_JOURNAL_TABLES_H_
