#include "common/journal/record_cache.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "critac/intake/v1/agency.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::journal {
namespace {

constexpr int64_t kRoom = 1 << 20;

Mark At(int64_t sequence, int64_t generation = 0) {
  return {sequence, absl::StrCat("hash of ", sequence), generation};
}

RecordPtr Named(const std::string& display_name) {
  auto agency = std::make_shared<intake::v1::Agency>();
  agency->set_display_name(display_name);
  return agency;
}

class RecordCacheTest : public ::testing::Test {
 protected:
  // Looks at the head, which is there, and follows it; others changed these records, if that is known.
  Look See(const Mark& head, const std::optional<std::vector<std::string>>& changed = {}) {
    const Look place = cache_.Place();
    const Look look{head, place.ticket};
    if (!cache_.Follow(look)) cache_.Follow(place, look, changed);
    return look;
  }
  // "unknown", "none", or the name that is displayed.
  std::string NameOf(const Look& look, const std::string& name) {
    const std::optional<RecordPtr> found = cache_.Find(look, name);
    if (!found.has_value()) return "unknown";
    if (*found == nullptr) return "none";
    return static_cast<const intake::v1::Agency&>(**found).display_name();
  }

  RecordCache cache_{kRoom};
};

TEST_F(RecordCacheTest, RecordsHoldWhileTheHeadIsTheSame) {
  const Look look = See(At(1));
  EXPECT_EQ(NameOf(look, "agencies/a"), "unknown");
  cache_.Put(look, "agencies/a", Named("A"));
  cache_.Put(look, "agencies/b", nullptr);
  EXPECT_EQ(NameOf(look, "agencies/a"), "A");
  EXPECT_EQ(NameOf(See(At(1)), "agencies/a"), "A");
  EXPECT_EQ(NameOf(See(At(1)), "agencies/b"), "none");
}

TEST_F(RecordCacheTest, WhatAnotherProcessWroteMakesAllUnknown) {
  for (const Mark& moved : {At(2), At(1, 1), Mark{1, "another event of this number", 0}}) {
    const Look look = See(At(1));
    cache_.Put(look, "agencies/a", Named("A"));
    const Look later = See(moved);
    EXPECT_EQ(NameOf(later, "agencies/a"), "unknown");
    EXPECT_EQ(NameOf(look, "agencies/a"), "unknown");
  }
}

TEST_F(RecordCacheTest, WhereItIsKnownWhatAnotherProcessChangedTheRestIsKept) {
  const Look look = See(At(1));
  cache_.Put(look, "agencies/a", Named("A"));
  cache_.Put(look, "agencies/b", Named("B"));
  const Look later = See(At(4), {{"agencies/a", "agencies/c"}});
  EXPECT_EQ(NameOf(later, "agencies/a"), "unknown");
  EXPECT_EQ(NameOf(later, "agencies/b"), "B");
  EXPECT_EQ(NameOf(look, "agencies/b"), "unknown") << "it may have been another one then";
}

TEST_F(RecordCacheTest, WhatThisProcessWroteMakesUnknownWhatItChanged) {
  const Look look = See(At(1));
  cache_.Put(look, "agencies/a", Named("A"));
  cache_.Put(look, "agencies/b", Named("B"));
  cache_.Put(look, "agencies/c", nullptr);
  cache_.Expect(At(1), At(3), {"agencies/a", "agencies/c"});
  EXPECT_EQ(NameOf(See(At(1)), "agencies/a"), "A") << "it is not committed yet";
  const Look later = See(At(3));
  EXPECT_EQ(NameOf(later, "agencies/a"), "unknown");
  EXPECT_EQ(NameOf(later, "agencies/b"), "B");
  EXPECT_EQ(NameOf(later, "agencies/c"), "unknown");
}

TEST_F(RecordCacheTest, CommitsThatNobodySawAreFollowedOneByOne) {
  const Look look = See(At(1));
  for (const char* name : {"agencies/a", "agencies/b", "agencies/c", "agencies/d"}) {
    cache_.Put(look, name, Named(name));
  }
  cache_.Expect(At(1), At(2), {"agencies/a"});
  cache_.Expect(At(2), At(3), {"agencies/b"});
  cache_.Expect(At(3), At(4), {"agencies/c"});
  const Look later = See(At(4));
  EXPECT_EQ(NameOf(later, "agencies/a"), "unknown");
  EXPECT_EQ(NameOf(later, "agencies/b"), "unknown");
  EXPECT_EQ(NameOf(later, "agencies/c"), "unknown");
  EXPECT_EQ(NameOf(later, "agencies/d"), "agencies/d");
}

TEST_F(RecordCacheTest, ACommitThatFailedChangesNothing) {
  const Look look = See(At(1));
  cache_.Put(look, "agencies/a", Named("A"));
  cache_.Put(look, "agencies/b", Named("B"));
  cache_.Expect(At(1), {2, "of a commit that failed", 0}, {"agencies/a"});
  cache_.Expect(At(1), At(2), {"agencies/b"});
  const Look later = See(At(2));
  EXPECT_EQ(NameOf(later, "agencies/a"), "A");
  EXPECT_EQ(NameOf(later, "agencies/b"), "unknown");
}

TEST_F(RecordCacheTest, ACommitAfterThatOfAnotherProcessSavesNothing) {
  const Look look = See(At(1));
  cache_.Put(look, "agencies/a", Named("A"));
  cache_.Expect(At(2), At(3), {"agencies/b"});
  EXPECT_EQ(NameOf(See(At(3)), "agencies/a"), "unknown");
}

TEST_F(RecordCacheTest, WhoLookedBeforeItMovedNeitherMovesItNorPutsAnything) {
  const Look place = cache_.Place();
  const Look old{At(1), place.ticket};
  const Look look = See(At(2));
  cache_.Put(look, "agencies/a", Named("A"));
  EXPECT_FALSE(cache_.Follow(old));
  cache_.Follow(place, old, std::nullopt);
  cache_.Follow(place, old, {{"agencies/a"}});
  cache_.Put(old, "agencies/a", Named("of before"));
  EXPECT_EQ(NameOf(old, "agencies/a"), "unknown");
  EXPECT_EQ(NameOf(look, "agencies/a"), "A");
}

TEST_F(RecordCacheTest, WhatWasAskedForLatelyStaysWhereRoomIsScarce) {
  const Look look = See(At(1));
  cache_.Put(look, "agencies/asked-for", Named("A"));
  cache_.Put(look, "agencies/forgotten", Named("B"));
  const std::string long_name(1000, 'x');
  for (int i = 0; i < 3 * kRoom / 1000; ++i) {
    cache_.Put(look, absl::StrCat("agencies/", i), Named(long_name));
    ASSERT_LE(cache_.bytes(), kRoom);
    ASSERT_EQ(NameOf(look, "agencies/asked-for"), "A") << i;
  }
  EXPECT_EQ(NameOf(look, "agencies/forgotten"), "unknown");
}

TEST_F(RecordCacheTest, ARecordThatIsPutAgainTakesTheOldOnesPlace) {
  const Look look = See(At(1));
  cache_.Put(look, "agencies/a", Named("A"));
  const int64_t bytes = cache_.bytes();
  cache_.Put(look, "agencies/a", Named("B"));
  EXPECT_EQ(cache_.bytes(), bytes);
  EXPECT_EQ(NameOf(look, "agencies/a"), "B");
}

}  // namespace
}  // namespace critac::journal
