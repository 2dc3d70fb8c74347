#include "services/matching/callers.h"

#include "gtest/gtest.h"

namespace critac::matching {
namespace {

// Who is on two records, as RecusalReader::WhoIs has it.
KnownPerson Ana() {
  return {{"experts/e1", "experts/e2"},
          {"ana@gmail.com", "ana@iacp.org", "experts/e1", "experts/e2", "partners/iacp#e1",
           "partners/nsa#e2"}};
}

TEST(Callers, APersonIsTheSameInWhateverRoleAddressOrRecord) {
  const struct {
    const char* principal;
    const char* caller;
    KnownPerson known;
    bool same;
  } kCases[] = {
      // On no record of an expert.
      {"coordinator:dana", "coordinator:dana", {}, true},
      {"coordinator:dana", "program-manager:dana", {}, true},
      {"coordinator:Dana@x.org", "partner:partners/iacp#dana@x.org", {}, true},
      {"coordinator:dana@x.org", "coordinator:dana@x.org#2", {}, true},
      {"coordinator:dana", "program-manager:okafor", {}, false},
      {"coordinator:ana@iacp.org", "program-manager:ana@gmail.com", {}, false},
      {"partner:partners/iacp", "partner:partners/iacp", {}, true},
      {"partner:partners/iacp", "partner:partners/nsa", {}, false},
      {"partner:partners/iacp", "coordinator:partners/iacp", {}, false},
      {"", "program-manager:okafor", {}, false},
      // On two.
      {"coordinator:ana@iacp.org", "program-manager:ana@gmail.com", Ana(), true},
      {"coordinator:Ana@IACP.org", "program-manager:a.n.a+x@gmail.com", Ana(), true},
      {"coordinator:ana@iacp.org#2", "program-manager:ana@gmail.com", Ana(), true},
      {"partner:partners/nsa#e2", "program-manager:experts/e1", Ana(), true},
      {"partner:partners/nsa#experts/e2", "program-manager:ana@gmail.com", Ana(), true},
      {"agency:agencies/ag-000001#ana@iacp.org", "program-manager:ana@gmail.com", Ana(), true},
      {"program-manager:ana@gmail.com", "program-manager:ana@gmail.com", Ana(), true},
      {"coordinator:ben@iacp.org", "program-manager:ana@gmail.com", Ana(), false},
      // A name counts for the record's own partner only.
      {"partner:partners/nsa#e1", "program-manager:ana@gmail.com", Ana(), false},
      {"coordinator:ana", "program-manager:ana@gmail.com", Ana(), false},
      {"partner:partners/iacp", "program-manager:ana@gmail.com", Ana(), false},
      {"", "program-manager:ana@gmail.com", Ana(), false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(IsSamePerson(c.principal, c.caller, c.known), c.same)
        << c.principal << ", " << c.caller;
  }
}

}  // namespace
}  // namespace critac::matching
