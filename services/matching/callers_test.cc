#include "services/matching/callers.h"

#include "gtest/gtest.h"

namespace critac::matching {
namespace {

TEST(Callers, APersonIsTheSameInWhateverRole) {
  EXPECT_TRUE(IsSamePerson("coordinator:dana", "coordinator:dana"));
  EXPECT_TRUE(IsSamePerson("coordinator:dana", "program-manager:dana"));
  EXPECT_TRUE(IsSamePerson("coordinator:Dana@x.org", "partner:partners/iacp#dana@x.org"));
  EXPECT_TRUE(IsSamePerson("coordinator:dana@x.org", "coordinator:dana@x.org#2"));
  EXPECT_FALSE(IsSamePerson("coordinator:dana", "program-manager:okafor"));
  EXPECT_TRUE(IsSamePerson("partner:partners/iacp", "partner:partners/iacp"));
  EXPECT_FALSE(IsSamePerson("partner:partners/iacp", "partner:partners/nsa"));
  EXPECT_FALSE(IsSamePerson("partner:partners/iacp", "coordinator:partners/iacp"));
}

}  // namespace
}  // namespace critac::matching
