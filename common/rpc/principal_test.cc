#include "common/rpc/principal.h"

#include <string>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::rpc {
namespace {

using ::testing::HasSubstr;

struct GoodPrincipal {
  const char* text;
  type::v1::Role role;
  const char* resource;
};

TEST(Principal, EveryRoleIsReadAndWrittenTheSameWay) {
  const GoodPrincipal good[] = {
      {"agency:agencies/ag-000001#chief", type::v1::ROLE_AGENCY, "agencies/ag-000001"},
      {"agency:agencies/ag-000001", type::v1::ROLE_AGENCY, "agencies/ag-000001"},
      {"coordinator:dana", type::v1::ROLE_COORDINATOR, "dana"},
      {"partner:partners/iacp", type::v1::ROLE_PARTNER, "partners/iacp"},
      {"partner:partners/iacp#lee", type::v1::ROLE_PARTNER, "partners/iacp"},
      {"program-manager:kim@cops.gov", type::v1::ROLE_PROGRAM_MANAGER, "kim@cops.gov"},
      {"auditor:a_1+b", type::v1::ROLE_AUDITOR, "a_1+b"},
      {"operator:ops", type::v1::ROLE_OPERATOR, "ops"},
      {"service:matching", type::v1::ROLE_SERVICE, "matching"},
  };
  for (const GoodPrincipal& expected : good) {
    const absl::StatusOr<Principal> principal = ParsePrincipal(expected.text);
    ASSERT_TRUE(principal.ok()) << principal.status();
    EXPECT_EQ(principal->role, expected.role);
    EXPECT_EQ(principal->ToString(), expected.text);
    EXPECT_EQ(principal->resource(), expected.resource);
  }
}

TEST(Principal, ASubjectHasOneToTwoHundredCharacters) {
  EXPECT_TRUE(ParsePrincipal("coordinator:" + std::string(1, 'd')).ok());
  EXPECT_TRUE(ParsePrincipal("coordinator:" + std::string(200, 'd')).ok());
  EXPECT_FALSE(ParsePrincipal("coordinator:").ok());
  EXPECT_FALSE(ParsePrincipal("coordinator:" + std::string(201, 'd')).ok());
}

TEST(Principal, WhatIsNotAPrincipalIsRefusedWithAnExample) {
  for (const char* text : {"",
                           "dana",
                           ":dana",
                           "chief:dana",
                           "Coordinator:dana",
                           "role_agency:agencies/x",
                           "unspecified:dana",
                           "coordinator:da na",
                           "coordinator:da\nna",
                           "coordinator:d\xc3\xa4na",
                           "coordinator:a:b",
                           "agency:dana",
                           "agency:agencies/",
                           "agency:agencies/#chief",
                           "agency:agencies/a/b",
                           "agency:partners/iacp",
                           "agency:xagencies/a",
                           "partner:agencies/a",
                           "partner:iacp",
                           "partner:partners/iacp#",
                           "agency:agencies/a#",
                           "coordinator:a@b#x",
                           "coordinator:dana#",
                           "coordinator:#dana",
                           "program-manager:kim#1",
                           "auditor:a#b",
                           "operator:ops#2",
                           "service:matching#1",
                           "partner:partners/iacp#a@b#x",
                           "partner:partners/iacp##ana",
                           "agency:agencies/a#chief#2"}) {
    const absl::Status status = ParsePrincipal(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << text;
    EXPECT_EQ(ReasonOf(status), "PRINCIPAL_INVALID") << text;
    EXPECT_THAT(status.message(), HasSubstr("for example agency:agencies/ag-000001#chief"));
  }
}

TEST(Principal, TheErrorSaysWhatIsWrong) {
  EXPECT_THAT(ParsePrincipal("chief:dana").status().message(),
              HasSubstr("\"chief\" is not a role; the roles are agency, coordinator, partner, "
                        "program-manager, auditor, operator, service"));
  EXPECT_THAT(ParsePrincipal("agency:dana").status().message(),
              HasSubstr("is not agencies/ID, with or without #PERSON"));
  EXPECT_THAT(ParsePrincipal("coordinator:a@b#x").status().message(),
              HasSubstr("the subject \"a@b#x\" of role coordinator has a #, which only those of "
                        "agencies and partners have"));
}

TEST(Principal, AHostileTextIsCutAndEscapedInTheError) {
  const absl::Status status = ParsePrincipal(std::string(1 << 20, '\x01')).status();
  EXPECT_LT(status.message().size(), 500U);
  EXPECT_THAT(status.message(), HasSubstr("\\001"));
}

TEST(Principal, ThePersonInAPrincipal) {
  EXPECT_EQ(PersonIn("coordinator:dana"), "dana");
  EXPECT_EQ(PersonIn("program-manager:okafor@center.org"), "okafor@center.org");
  EXPECT_EQ(PersonIn("partner:partners/iacp#ana"), "ana");
  EXPECT_EQ(PersonIn("agency:agencies/ag-000001#chief"), "chief");
  EXPECT_EQ(PersonIn("partner:partners/iacp"), "") << "an organization";
  EXPECT_EQ(PersonIn("agency:agencies/ag-000001"), "");
  EXPECT_EQ(PersonIn(""), "");
}

// Also where nobody parsed it, as in what was written down before `#` was refused.
TEST(Principal, NoHashMakesAnotherPerson) {
  const struct {
    std::vector<Principal> written;
    const char* person;
    const char* key;
  } people[] = {
      {{{type::v1::ROLE_COORDINATOR, "ana@x.org"},
        {type::v1::ROLE_COORDINATOR, "ana@x.org#"},
        {type::v1::ROLE_COORDINATOR, "ana@x.org#x"},
        {type::v1::ROLE_COORDINATOR, "ana@x.org##x"},
        {type::v1::ROLE_COORDINATOR, "ana@x.org#bo@x.org"},
        {type::v1::ROLE_PROGRAM_MANAGER, "ana@x.org#2"},
        {type::v1::ROLE_PARTNER, "partners/elm#ana@x.org"},
        {type::v1::ROLE_PARTNER, "partners/elm#ana@x.org#x"},
        {type::v1::ROLE_AGENCY, "agencies/a#ana@x.org#x"}},
       "ana@x.org",
       "ana@x.org"},
      {{{type::v1::ROLE_AUDITOR, "experts/e1"}, {type::v1::ROLE_AUDITOR, "experts/e1#x"}},
       "experts/e1",
       "experts/e1"},
      {{{type::v1::ROLE_PARTNER, "partners/elm#e1"}, {type::v1::ROLE_PARTNER, "partners/elm#e1#x"}},
       "e1",
       "partners/elm#e1"},
      {{{type::v1::ROLE_COORDINATOR, "dana"}, {type::v1::ROLE_COORDINATOR, "dana#ana@x.org"}},
       "dana",
       ""},
      {{{type::v1::ROLE_PARTNER, "partners/elm"},
        {type::v1::ROLE_PARTNER, "partners/elm#"},
        {type::v1::ROLE_PARTNER, "partners/elm##ana@x.org"}},
       "",
       ""}};
  for (const auto& [written, person, key] : people) {
    for (const Principal& principal : written) {
      EXPECT_EQ(PersonIn(principal.ToString()), person) << principal.ToString();
      EXPECT_EQ(PersonKey(principal), key) << principal.ToString();
    }
  }
}

TEST(Principal, WhatAPersonMayBeOnRecordBy) {
  const std::pair<const char*, const char*> keys[] = {
      {"coordinator:dana", ""},
      {"coordinator:Ana.Ortiz@FallsPD.gov", "ana.ortiz@fallspd.gov"},
      {"program-manager:a.na+x@gmail.com", "ana@gmail.com"},
      {"auditor:experts/e012", "experts/e012"},
      {"coordinator:partners/iacp", ""},
      {"partner:partners/iacp", ""},
      {"partner:partners/iacp#e012", "partners/iacp#e012"},
      {"partner:partners/iacp#experts/e012", "partners/iacp#e012"},
      {"partner:partners/iacp#Ana@FallsPD.gov", "ana@fallspd.gov"},
      {"agency:agencies/ag-000001", ""},
      {"agency:agencies/ag-000001#chief", ""},
      {"agency:agencies/ag-000001#ana@fallspd.gov", "ana@fallspd.gov"},
      {"service:matching", ""}};
  for (const auto& [text, key] : keys) {
    const absl::StatusOr<Principal> principal = ParsePrincipal(text);
    ASSERT_TRUE(principal.ok()) << principal.status();
    EXPECT_EQ(PersonKey(*principal), key) << text;
    EXPECT_EQ(PersonKey(text), key) << text;
  }
}

}  // namespace
}  // namespace critac::rpc
