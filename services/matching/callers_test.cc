#include "services/matching/callers.h"

#include "gtest/gtest.h"

namespace critac::matching {
namespace {

TEST(Callers, ThePersonInAPrincipal) {
  EXPECT_EQ(PersonIn("coordinator:dana"), "dana");
  EXPECT_EQ(PersonIn("program-manager:okafor@center.org"), "okafor@center.org");
  EXPECT_EQ(PersonIn("partner:partners/iacp#ana"), "ana");
  EXPECT_EQ(PersonIn("agency:agencies/ag-000001#chief"), "chief");
  EXPECT_EQ(PersonIn("partner:partners/iacp"), "") << "an organization";
  EXPECT_EQ(PersonIn("agency:agencies/ag-000001"), "");
  EXPECT_EQ(PersonIn(""), "");
}

TEST(Callers, APersonIsTheSameInWhateverRole) {
  EXPECT_TRUE(IsSamePerson("coordinator:dana", "coordinator:dana"));
  EXPECT_TRUE(IsSamePerson("coordinator:dana", "program-manager:dana"));
  EXPECT_TRUE(IsSamePerson("coordinator:Dana@x.org", "partner:partners/iacp#dana@x.org"));
  EXPECT_FALSE(IsSamePerson("coordinator:dana", "program-manager:okafor"));
  EXPECT_TRUE(IsSamePerson("partner:partners/iacp", "partner:partners/iacp"));
  EXPECT_FALSE(IsSamePerson("partner:partners/iacp", "partner:partners/nsa"));
  EXPECT_FALSE(IsSamePerson("partner:partners/iacp", "coordinator:partners/iacp"));
}

}  // namespace
}  // namespace critac::matching
