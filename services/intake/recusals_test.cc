// Who is recused, as tables: what changes when it is told anew, and whom it hides what from.
#include "services/intake/recusals.h"

#include "absl/strings/str_split.h"
#include "services/intake/intake_testing.h"

namespace critac::intake {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::Succeeds;

constexpr absl::CivilDay kRecusalDay(2026, 10, 5);

v1::Recusal RecusalOf(const std::string& id, const std::string& agencies,
                      const std::string& parties, const std::string& valid_to = "") {
  v1::Recusal recusal;
  recusal.set_name(absl::StrCat("conflicts/", id));
  for (const auto agency : absl::StrSplit(agencies, ' ')) {
    recusal.add_agencies(absl::StrCat("agencies/", agency));
  }
  for (const absl::string_view party : absl::StrSplit(parties, ' ')) {
    (absl::StrContains(party, '@') ? recusal.add_addresses() : recusal.add_parties())
        ->assign(party.data(), party.size());
  }
  recusal.set_valid_to(valid_to);
  return recusal;
}

google::protobuf::RepeatedPtrField<v1::Recusal> AsTold(const std::vector<v1::Recusal>& recusals) {
  return {recusals.begin(), recusals.end()};
}

v1::Recusals KnownBy(const std::vector<v1::Recusal>& recusals) {
  v1::Recusals known;
  known.set_etag("7-seven");
  *known.mutable_recusals() = AsTold(recusals);
  return known;
}

std::vector<std::string> NamesOf(const google::protobuf::RepeatedPtrField<v1::Recusal>& recusals) {
  std::vector<std::string> names;
  for (const v1::Recusal& recusal : recusals) names.push_back(recusal.name());
  return names;
}

TEST(DecideRecusals, SaysWhatIsNewOtherAndGone) {
  const auto changed = DecideRecusals(
      KnownBy({RecusalOf("same", "a", "experts/e1"), RecusalOf("gone", "a", "experts/e1"),
               RecusalOf("other", "a", "experts/e1 ana@x.org")}),
      AsTold({RecusalOf("other", "a", "experts/e1 ana@x.org ana@y.org"),
              RecusalOf("new", "b", "partners/elm"), RecusalOf("same", "a", "experts/e1")}),
      "7-seven");
  ASSERT_THAT(changed, Succeeds());
  ASSERT_TRUE(changed->has_value());
  EXPECT_THAT(NamesOf((*changed)->set()), ElementsAre("conflicts/new", "conflicts/other"));
  EXPECT_THAT((*changed)->removed(), ElementsAre("conflicts/gone"));
}

TEST(DecideRecusals, NothingChangesByWhatIsKnownWhoeverSaysIt) {
  const auto known = KnownBy({RecusalOf("c1", "a", "experts/e1")});
  for (const char* seen : {"7-seven", "6-six", "0"}) {
    const auto changed = DecideRecusals(known, known.recusals(), seen);
    ASSERT_THAT(changed, Succeeds()) << seen;
    EXPECT_FALSE(changed->has_value());
  }
}

TEST(DecideRecusals, WhoSawSomethingElseIsTooLate) {
  const auto known = KnownBy({RecusalOf("c1", "a", "experts/e1")});
  for (const char* seen : {"6-six", "0"}) {
    EXPECT_THAT(DecideRecusals(known, {}, seen),
                FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  }
}

TEST(DecideRecusals, ANameIsToldOnce) {
  EXPECT_THAT(
      DecideRecusals({}, AsTold({RecusalOf("c1", "a", "x"), RecusalOf("c1", "b", "x")}), "0"),
      FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
}

TEST(ApplyRecusals, KeepsThoseThatDidNotChangeAndAnotherEtag) {
  v1::Recusals recusals;
  v1::RecusalsChanged changed;
  *changed.mutable_set() = AsTold({RecusalOf("c2", "a", "x"), RecusalOf("c3", "a", "x")});
  ApplyRecusals(changed, 5, recusals);
  const std::string first = recusals.etag();
  v1::RecusalsChanged again;
  *again.mutable_set() = AsTold({RecusalOf("c1", "a", "x")});
  again.add_removed("conflicts/c3");
  ApplyRecusals(again, 9, recusals);
  EXPECT_THAT(NamesOf(recusals.recusals()), ElementsAre("conflicts/c1", "conflicts/c2"));
  EXPECT_NE(recusals.etag(), first);
  v1::Recusals undone;
  ApplyRecusals(again, 5, undone);
  EXPECT_NE(undone.etag(), first) << "another took the place of an event that was undone";
}

TEST(RecusalView, FindsTheAgenciesOfWhoCallsUntilTheLastDay) {
  const RecusalView view(KnownBy(
      {RecusalOf("c1", "b a", "experts/e1 ana@x.org"), RecusalOf("c2", "c", "partners/elm"),
       RecusalOf("c3", "d", "ana@x.org", "2026-10-05"), RecusalOf("c4", "a", "ana@x.org")}));
  EXPECT_EQ(view.etag(), "7-seven");
  EXPECT_THAT(view.AgenciesOf({"ana@x.org"}, kRecusalDay),
              ElementsAre("agencies/a", "agencies/b", "agencies/d"));
  EXPECT_THAT(view.AgenciesOf({"ana@x.org"}, kRecusalDay + 1),
              ElementsAre("agencies/a", "agencies/b"))
      << "its last day is over";
  EXPECT_THAT(view.AgenciesOf({"partners/elm", "experts/e1"}, kRecusalDay),
              ElementsAre("agencies/a", "agencies/b", "agencies/c"));
  EXPECT_THAT(view.AgenciesOf({"partners/elm#e1", "bo@x.org"}, kRecusalDay), IsEmpty());
  EXPECT_THAT(view.AgenciesOf({}, kRecusalDay), IsEmpty());
}

TEST(RecusalView, OfAPurgedAddressNobodyIsKnown) {
  v1::Recusal recusal = RecusalOf("c1", "a", "ana@x.org");
  recusal.set_addresses(0, "");
  EXPECT_THAT(RecusalView(KnownBy({recusal})).AgenciesOf({""}, kRecusalDay), IsEmpty());
}

TEST(Recused, ARequestIsOfWhoAsksAndOfWhoIsServedToo) {
  v1::Request request;
  request.set_agency("agencies/b");
  request.add_co_served_agencies("agencies/d");
  const std::vector<std::pair<std::vector<std::string>, bool>> cases = {
      {{}, false},
      {{"agencies/b"}, true},
      {{"agencies/d"}, true},
      {{"agencies/a", "agencies/d", "agencies/e"}, true},
      {{"agencies/a", "agencies/c"}, false}};
  for (const auto& [agencies, of] : cases) {
    EXPECT_EQ(IsOfAny(request, agencies), of) << agencies.size();
    const absl::Status status = CheckNotRecused("coordinator:ana@x.org", request, agencies);
    if (of) {
      EXPECT_THAT(status, FailsWith(absl::StatusCode::kPermissionDenied, "RECUSED"));
    } else {
      EXPECT_THAT(status, Succeeds());
    }
  }
}

}  // namespace
}  // namespace critac::intake
