// What intake is told of recusals, as tables.
#include "services/matching/recusal_notice.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::CivilDay kNoticeDay(2026, 11, 20);

class RecusalNoticeTest : public ::testing::Test {
 protected:
  v1::Expert& Expert(const std::string& id, const std::string& partner,
                     const std::vector<std::string>& emails = {}) {
    v1::Expert& expert = experts_.emplace_back();
    expert.set_name(absl::StrCat("experts/", id));
    expert.set_partner(absl::StrCat("partners/", partner));
    for (const std::string& email : emails) expert.add_emails(email);
    return expert;
  }

  // A recusal of an expert from agency a1.
  v1::Conflict& Recusal(const std::string& id, const std::string& expert) {
    v1::Conflict& conflict = conflicts_.emplace_back();
    conflict.set_name(absl::StrCat("conflicts/", id));
    if (!expert.empty()) conflict.set_expert(absl::StrCat("experts/", expert));
    conflict.set_agency("agencies/a1");
    conflict.set_kind(v1::CONFLICT_KIND_RECUSAL);
    return conflict;
  }

  void Decided(const std::string& first, const std::string& second,
               v1::IdentityState state = v1::IDENTITY_STATE_CONFIRMED) {
    v1::Identity& identity = identities_.emplace_back();
    identity.set_first(first);
    identity.set_second(second);
    identity.set_state(state);
  }

  std::vector<intake::v1::Recusal> Notice() const {
    return RecusalNotice(conflicts_, experts_, identities_, kNoticeDay);
  }

  std::vector<v1::Conflict> conflicts_;
  std::vector<v1::Expert> experts_;
  std::vector<v1::Identity> identities_;
};

TEST_F(RecusalNoticeTest, NamesARecusedExpertByAllItIsKnownBy) {
  Expert("e1", "elm", {"Ana.Ortiz@FallsPD.gov", "a.na+x@gmail.com"});
  Expert("e2", "elm", {"bo@x.org"});
  Recusal("c1", "e1").set_valid_to("2026-12-31");
  const auto notice = Notice();
  ASSERT_THAT(notice, SizeIs(1));
  EXPECT_EQ(notice[0].name(), "conflicts/c1");
  EXPECT_EQ(notice[0].valid_to(), "2026-12-31");
  EXPECT_THAT(notice[0].agencies(), ElementsAre("agencies/a1"));
  EXPECT_THAT(notice[0].parties(), ElementsAre("experts/e1", "partners/elm#e1"));
  EXPECT_THAT(notice[0].addresses(), ElementsAre("ana.ortiz@fallspd.gov", "ana@gmail.com"));
}

TEST_F(RecusalNoticeTest, NamesAllRecordsOfOnePersonAndAllNamesOfTheAgency) {
  Expert("e1", "elm", {"ana@home.org"});
  Expert("e2", "oak", {"ANA@home.org", "ana@work.org"});
  Expert("e3", "oak", {"ortiz@work.org"});
  Expert("e4", "oak", {"other@work.org"});
  Decided("experts/e2", "experts/e3");
  Decided("experts/e3", "experts/e4", v1::IDENTITY_STATE_REJECTED);
  Decided("agencies/a1", "agencies/a2");
  Decided("agencies/a0", "agencies/a2");
  Decided("agencies/a1", "agencies/a3", v1::IDENTITY_STATE_REJECTED);
  Recusal("c1", "e3");
  const auto notice = Notice();
  ASSERT_THAT(notice, SizeIs(1));
  EXPECT_THAT(notice[0].parties(),
              ElementsAre("experts/e1", "experts/e2", "experts/e3", "partners/elm#e1",
                          "partners/oak#e2", "partners/oak#e3"));
  EXPECT_THAT(notice[0].addresses(), ElementsAre("ana@home.org", "ana@work.org", "ortiz@work.org"));
  EXPECT_THAT(notice[0].agencies(), ElementsAre("agencies/a0", "agencies/a1", "agencies/a2"));
}

TEST_F(RecusalNoticeTest, OfPurgedAddressesThereIsTheRecordAlone) {
  Expert("e1", "elm", {"ana@home.org", "ana@x.org"});
  Expert("e2", "oak", {"ana@home.org"});
  Recusal("c1", "e1");
  ASSERT_THAT(Notice()[0].parties(),
              ElementsAre("experts/e1", "experts/e2", "partners/elm#e1", "partners/oak#e2"));
  for (std::string& email : *experts_[0].mutable_emails()) email.clear();
  const auto notice = Notice();
  ASSERT_THAT(notice, SizeIs(1));
  EXPECT_THAT(notice[0].parties(), ElementsAre("experts/e1", "partners/elm#e1"));
  EXPECT_THAT(notice[0].addresses(), IsEmpty());
}

TEST_F(RecusalNoticeTest, NamesARecusedPartnerAlone) {
  Expert("e1", "elm", {"ana@home.org"});
  Recusal("c1", "").set_partner("partners/elm");
  const auto notice = Notice();
  ASSERT_THAT(notice, SizeIs(1));
  EXPECT_THAT(notice[0].parties(), ElementsAre("partners/elm"));
  EXPECT_THAT(notice[0].addresses(), IsEmpty());
}

TEST_F(RecusalNoticeTest, LeavesOutWhatDoesNotHold) {
  Expert("e1", "elm");
  Recusal("overridden", "e1").set_overridden_by("program-manager:okafor");
  Recusal("other", "e1").set_kind(v1::CONFLICT_KIND_UNSPECIFIED);
  Recusal("expired", "e1").set_valid_to("2026-11-19");
  Recusal("last-day", "e1").set_valid_to("2026-11-20");
  Recusal("asked-only", "e1").set_override_asked_by("coordinator:dana");
  std::vector<std::string> names;
  for (const auto& recusal : Notice()) names.push_back(recusal.name());
  EXPECT_THAT(names, ElementsAre("conflicts/asked-only", "conflicts/last-day"));
}

TEST_F(RecusalNoticeTest, IsTheSameInWhateverOrder) {
  Expert("e1", "elm", {"ana@home.org"});
  Expert("e2", "oak", {"ana@home.org", "ana@work.org"});
  Recusal("c2", "e1");
  Recusal("c1", "e2");
  const auto notice = Notice();
  std::reverse(conflicts_.begin(), conflicts_.end());
  std::reverse(experts_.begin(), experts_.end());
  const auto again = Notice();
  ASSERT_THAT(notice, SizeIs(2));
  ASSERT_THAT(again, SizeIs(2));
  EXPECT_EQ(notice[0].name(), "conflicts/c1");
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(notice[i].SerializeAsString(), again[i].SerializeAsString());
  }
}

TEST_F(RecusalNoticeTest, TellsOfARecusalWhoseExpertIsNotThere) {
  Recusal("c1", "gone");
  const auto notice = Notice();
  ASSERT_THAT(notice, SizeIs(1));
  EXPECT_THAT(notice[0].parties(), ElementsAre("experts/gone"));
}

}  // namespace
}  // namespace critac::matching
