// Every gate from both sides of every boundary. The center of these tests lets everybody through;
// each test closes one gate and looks at the verdict and at its words.

#include "services/matching/eligibility.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

class Eligibility : public ::testing::Test {
 protected:
  Eligibility() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1");
    center_.AddDemand("r1");
  }

  v1::Expert& expert() { return center_.experts[0]; }
  v1::Partner& partner() { return center_.partners[0]; }
  v1::Demand& demand() { return center_.demands[0]; }
  intake::v1::Slot& slot() { return *center_.demands[0].mutable_slots(0); }

  ExplainedVerdict Verdict1() {
    const Pool pool = center_.Build();
    const int s = SlotIn(pool, "r1");
    const int e = ExpertIn(pool, "e1");
    ExplainedVerdict explained = ExplainGates(pool, s, e);
    const Verdict quick = CheckGates(pool, s, e);
    EXPECT_EQ(quick.gate, explained.verdict.gate);
    EXPECT_EQ(quick.periods, explained.verdict.periods);
    periods_ = pool.PeriodNames(pool.slots()[s], quick.periods);
    return explained;
  }

  // Out at the gate, for that reason, and the gates before it passed.
  void ExpectOut(v1::Gate gate, const std::string& why) {
    const ExplainedVerdict explained = Verdict1();
    EXPECT_EQ(explained.verdict.gate, gate) << v1::Gate_Name(explained.verdict.gate);
    ASSERT_EQ(explained.gates.size(), static_cast<size_t>(gate));
    for (size_t i = 0; i + 1 < explained.gates.size(); ++i)
      EXPECT_TRUE(explained.gates[i].passed());
    EXPECT_FALSE(explained.gates.back().passed());
    EXPECT_THAT(explained.gates.back().explanation(), HasSubstr(why));
  }

  // Eligible; the gate says why.
  void ExpectIn(v1::Gate gate, const std::string& why) {
    const ExplainedVerdict explained = Verdict1();
    EXPECT_TRUE(explained.verdict.eligible())
        << v1::Gate_Name(explained.verdict.gate) << ": " << explained.gates.back().explanation();
    ASSERT_EQ(explained.gates.size(), 8u);
    EXPECT_THAT(explained.gates[gate - 1].explanation(), HasSubstr(why));
  }

  // The gate up to conflicts of interest that an offer of a period does not pass, and why; nothing: none.
  std::optional<v1::GateResult> FailedIn(absl::string_view period) {
    const Pool pool = center_.Build();
    return FailedGateIn(pool, SlotIn(pool, "r1"), ExpertIn(pool, "e1"), *ParsePeriod(period));
  }
  void ExpectOutIn(absl::string_view period, v1::Gate gate, const std::string& why) {
    const std::optional<v1::GateResult> failed = FailedIn(period);
    ASSERT_TRUE(failed.has_value()) << period << ": passes";
    EXPECT_EQ(failed->gate(), gate) << period << ": " << failed->explanation();
    EXPECT_FALSE(failed->passed());
    EXPECT_THAT(failed->explanation(), HasSubstr(why)) << period;
  }
  void ExpectInFor(absl::string_view period) {
    const std::optional<v1::GateResult> failed = FailedIn(period);
    EXPECT_FALSE(failed.has_value()) << period << ": " << failed->explanation();
  }
  // The window is of a month of 2026Q4 and all of 2027Q1.
  void AskForTwoQuarters() { slot().set_window_end("2027-03-31"); }

  Center center_;
  std::vector<std::string> periods_;
};

TEST_F(Eligibility, WhoPassesEveryGateIsEligibleWithAReasonForEach) {
  const ExplainedVerdict explained = Verdict1();
  EXPECT_TRUE(explained.verdict.eligible());
  EXPECT_THAT(periods_, ::testing::ElementsAre("2026Q4"));
  ASSERT_EQ(explained.gates.size(), 8u);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(explained.gates[i].gate(), i + 1);
    EXPECT_TRUE(explained.gates[i].passed());
    EXPECT_NE(explained.gates[i].explanation(), "");
  }
}

TEST_F(Eligibility, AnInactiveExpertIsOut) {
  expert().set_active(false);
  ExpectOut(v1::GATE_MEMBERSHIP, "the expert is not active");
}

TEST_F(Eligibility, AnExpertOfAPartnerThatIsNotOnRecordIsOut) {
  expert().set_partner("partners/gone");
  ExpectOut(v1::GATE_MEMBERSHIP, "the partner partners/gone is not on record");
}

TEST_F(Eligibility, APartnerMustBeAMemberOnADayToStart) {
  *partner().mutable_memberships(0) = Dates("2017-01-01", "2026-11-30");
  ExpectOut(v1::GATE_MEMBERSHIP, "Partner nsa is not a member on 2026-12-01 to 2026-12-31");
  *partner().mutable_memberships(0) = Dates("2017-01-01", "2026-12-01");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01");
  *partner().mutable_memberships(0) = Dates("2027-01-01", "");
  ExpectOut(v1::GATE_MEMBERSHIP, "not a member");
  *partner().mutable_memberships(0) = Dates("2026-12-31", "");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-31");
}

TEST_F(Eligibility, APartnerWithoutMembershipOrWithOneThatCannotBeReadIsNoMember) {
  partner().clear_memberships();
  ExpectOut(v1::GATE_MEMBERSHIP, "not a member");
  *partner().add_memberships() = Dates("soon", "");
  ExpectOut(v1::GATE_MEMBERSHIP, "not a member");
  *partner().mutable_memberships(0) = Dates("2027-12-31", "2020-01-01");
  ExpectOut(v1::GATE_MEMBERSHIP, "not a member");
}

TEST_F(Eligibility, MembershipsThatTouchAreOne) {
  *partner().mutable_memberships(0) = Dates("2026-12-16", "");
  *partner().add_memberships() = Dates("", "2026-12-15");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01 to 2026-12-31");
}

TEST_F(Eligibility, TheTopicMustBeHeldAtTheLevelAsked) {
  slot().set_minimum_level(intake::v1::LEVEL_EXPERT);
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  ExpectOut(v1::GATE_TOPIC, "holds De-escalation as practitioner; the slot asks for expert");
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_EXPERT);
  ExpectIn(v1::GATE_TOPIC, "holds De-escalation as expert; the slot asks for expert");
  slot().set_minimum_level(intake::v1::LEVEL_AWARENESS);
  ExpectIn(v1::GATE_TOPIC, "the slot asks for awareness");
  slot().set_minimum_level(intake::v1::LEVEL_UNSPECIFIED);
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_AWARENESS);
  ExpectIn(v1::GATE_TOPIC, "the slot asks for any level");
}

TEST_F(Eligibility, WhoDoesNotHoldTheTopicIsOut) {
  expert().mutable_topics(0)->set_topic("topics/other");
  ExpectOut(v1::GATE_TOPIC, "does not hold De-escalation");
  expert().clear_topics();
  ExpectOut(v1::GATE_TOPIC, "does not hold De-escalation");
}

TEST_F(Eligibility, AnUnknownTopicGoesByItsName) {
  slot().set_topic("topics/nobody-knows");
  ExpectOut(v1::GATE_TOPIC, "does not hold topics/nobody-knows");
}

TEST_F(Eligibility, OfATopicHeldTwiceTheHigherLevelCounts) {
  v1::HeldTopic* again = expert().add_topics();
  again->set_topic(std::string(kTopic));
  again->set_level(intake::v1::LEVEL_AWARENESS);
  slot().set_minimum_level(intake::v1::LEVEL_EXPERT);
  ExpectIn(v1::GATE_TOPIC, "as expert");
}

TEST_F(Eligibility, TheCredentialMustBeValidOnADayToStart) {
  slot().set_credential("ICAT instructor");
  ExpectOut(v1::GATE_DEMAND, "does not hold the credential ICAT instructor");
  v1::Credential* credential = expert().add_credentials();
  credential->set_title(" icat Instructor ");
  ExpectIn(v1::GATE_DEMAND, "credential ICAT instructor");
  credential->set_valid_to("2026-11-30");
  ExpectOut(v1::GATE_DEMAND, "holds the credential");
  credential->set_valid_to("2026-12-01");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01");
  credential->set_valid_to("whenever");
  ExpectOut(v1::GATE_DEMAND, "does not hold the credential");
}

TEST_F(Eligibility, OfACredentialHeldTwiceTheLongerCounts) {
  slot().set_credential("ICAT instructor");
  for (const char* valid_to : {"2026-11-30", "2027-11-30"}) {
    v1::Credential* credential = expert().add_credentials();
    credential->set_title("ICAT instructor");
    credential->set_valid_to(valid_to);
  }
  ExpectIn(v1::GATE_DEMAND, "ICAT instructor");
}

TEST_F(Eligibility, TheLanguageMustBeSpoken) {
  slot().set_language("es");
  ExpectOut(v1::GATE_DEMAND, "does not speak es");
  expert().add_languages("est");
  ExpectOut(v1::GATE_DEMAND, "does not speak es");
  expert().set_languages(0, "ES-MX");
  ExpectIn(v1::GATE_DEMAND, "es");
  slot().set_language("es-MX");
  ExpectIn(v1::GATE_DEMAND, "es-mx");
  expert().set_languages(0, "es");
  ExpectOut(v1::GATE_DEMAND, "does not speak es-mx");
  slot().set_language("en");
  ExpectIn(v1::GATE_DEMAND, "en");
}

TEST_F(Eligibility, TheAgencyTypeAndSizeAskedForMustHaveBeenServedIn) {
  slot().set_served_in_type(type::v1::AGENCY_TYPE_TRIBAL);
  slot().set_served_in_size_band(type::v1::SIZE_BAND_2_9);
  ExpectOut(v1::GATE_DEMAND, "has not served in an agency of type tribal police");
  v1::Service* service = expert().add_services();
  service->set_type(type::v1::AGENCY_TYPE_TRIBAL);
  service->set_size_band(type::v1::SIZE_BAND_10_24);
  ExpectOut(v1::GATE_DEMAND, "has not served in an agency of 2 to 9 sworn officers");
  expert().add_services()->set_size_band(type::v1::SIZE_BAND_2_9);
  ExpectIn(v1::GATE_DEMAND, "served in tribal police, served with 2 to 9 sworn officers, virtual");
}

TEST_F(Eligibility, TheSizeBandOfTheAgencyMustHaveBeenServedInWhereTheSlotAsksForTheSame) {
  slot().set_served_in_same_size_band(true);
  ExpectOut(v1::GATE_DEMAND,
            "has not served in an agency of 25 to 49 sworn officers, as the agency has");
  v1::Service* service = expert().add_services();
  const struct {
    type::v1::SizeBand served;
    type::v1::SizeBand agency;
    bool in;
    const char* why;
  } cases[] = {
      {type::v1::SIZE_BAND_10_24, type::v1::SIZE_BAND_25_49, false, "of 25 to 49 sworn officers"},
      {type::v1::SIZE_BAND_25_49, type::v1::SIZE_BAND_25_49, true,
       "served with 25 to 49 sworn officers as the agency has, virtual"},
      {type::v1::SIZE_BAND_50_99, type::v1::SIZE_BAND_25_49, false, "of 25 to 49 sworn officers"},
      {type::v1::SIZE_BAND_50_99, type::v1::SIZE_BAND_50_99, true, "with 50 to 99 sworn officers"},
      {type::v1::SIZE_BAND_2_9, type::v1::SIZE_BAND_0_1, false, "of 0 or 1 sworn officers"},
      {type::v1::SIZE_BAND_0_1, type::v1::SIZE_BAND_0_1, true, "with 0 or 1 sworn officers"},
      {type::v1::SIZE_BAND_250_999, type::v1::SIZE_BAND_1000_PLUS, false, "of 1,000 or more"},
      {type::v1::SIZE_BAND_1000_PLUS, type::v1::SIZE_BAND_1000_PLUS, true, "with 1,000 or more"},
      {type::v1::SIZE_BAND_UNKNOWN, type::v1::SIZE_BAND_25_49, false, "has not served in"},
      {type::v1::SIZE_BAND_UNSPECIFIED, type::v1::SIZE_BAND_25_49, false, "has not served in"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(absl::StrCat(type::v1::SizeBand_Name(one.served), " for ",
                              type::v1::SizeBand_Name(one.agency)));
    service->set_size_band(one.served);
    demand().mutable_agency()->set_size_band(one.agency);
    if (one.in) ExpectIn(v1::GATE_DEMAND, one.why);
    if (!one.in) ExpectOut(v1::GATE_DEMAND, one.why);
  }
}

TEST_F(Eligibility, NobodyHasServedInTheSizeOfAnAgencyWhoseSizeIsNotKnown) {
  slot().set_served_in_same_size_band(true);
  v1::Service* service = expert().add_services();
  for (const auto band : {type::v1::SIZE_BAND_UNSPECIFIED, type::v1::SIZE_BAND_UNKNOWN}) {
    service->set_size_band(band);
    demand().mutable_agency()->set_size_band(band);
    ExpectOut(v1::GATE_DEMAND,
              "the size band of the agency is not known; the slot asks for service in the same");
  }
  slot().set_served_in_same_size_band(false);
  ExpectIn(v1::GATE_DEMAND, "has what the slot demands: virtual");
}

TEST_F(Eligibility, TheSameSizeIsThatOfTheAgencyWhichAsksNotOfOneServedWithIt) {
  center_.AddDemand("r2").mutable_agency()->set_size_band(type::v1::SIZE_BAND_50_99);
  demand().add_co_served_agencies("agencies/r2");
  slot().set_served_in_same_size_band(true);
  v1::Service* service = expert().add_services();
  service->set_size_band(type::v1::SIZE_BAND_50_99);
  ExpectOut(v1::GATE_DEMAND, "25 to 49 sworn officers, as the agency has");
  service->set_size_band(type::v1::SIZE_BAND_25_49);
  ExpectIn(v1::GATE_DEMAND, "25 to 49 sworn officers as the agency has");
}

TEST_F(Eligibility, TheModeMustBeOffered) {
  expert().add_modes(type::v1::DELIVERY_MODE_ON_SITE);
  ExpectOut(v1::GATE_DEMAND, "works on site only");
  expert().set_modes(0, type::v1::DELIVERY_MODE_VIRTUAL);
  ExpectIn(v1::GATE_DEMAND, "virtual");
  slot().set_on_site(true);
  ExpectOut(v1::GATE_DEMAND, "does not work on site");
  expert().add_modes(type::v1::DELIVERY_MODE_ON_SITE);
  expert().set_travels_anywhere(true);
  ExpectIn(v1::GATE_DEMAND, "on site");
}

TEST_F(Eligibility, ADeliveryTypeThatReachesTheAgencyOnSiteIsOnSite) {
  slot().set_delivery_type("deliveryTypes/training");
  expert().add_modes(type::v1::DELIVERY_MODE_VIRTUAL);
  ExpectOut(v1::GATE_DEMAND, "does not work on site");
}

TEST_F(Eligibility, TheOwnAgencyIsAConflict) {
  expert().add_services()->set_agency("agencies/r1");
  ExpectOut(v1::GATE_CONFLICT, "own agency: conflict with agencies/r1");
  expert().mutable_services(0)->set_agency("agencies/r2");
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest");
}

TEST_F(Eligibility, AnAgencyIsRecentForTheYearsOfThePolicy) {
  center_.policy.set_recent_agency_years(3);
  v1::Service* service = expert().add_services();
  service->set_agency("agencies/r1");
  service->set_end("2024-01-01");
  ExpectOut(v1::GATE_CONFLICT, "recent agency: conflict with agencies/r1 until 2026-12-31");
  service->set_end("2023-12-31");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-31");
  service->set_end("2023-12-01");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01 to 2026-12-31");
  service->set_end("2024-01-01");
  center_.policy.set_recent_agency_years(0);
  ExpectIn(v1::GATE_CONFLICT, "");
}

TEST_F(Eligibility, AServiceWhoseEndCannotBeReadGoesOn) {
  v1::Service* service = expert().add_services();
  service->set_agency("agencies/r1");
  service->set_end("long ago");
  ExpectOut(v1::GATE_CONFLICT, "own agency");
}

TEST_F(Eligibility, EveryDeclaredConflictCountsThroughItsLastDay) {
  for (const v1::ConflictKind kind :
       {v1::CONFLICT_KIND_UNSPECIFIED, v1::CONFLICT_KIND_OWN_AGENCY,
        v1::CONFLICT_KIND_RECENT_AGENCY, v1::CONFLICT_KIND_RECUSAL, v1::CONFLICT_KIND_LITIGATION,
        v1::CONFLICT_KIND_VENDOR_INTEREST}) {
    center_.conflicts.clear();
    center_.AddConflict("e1", "r1", kind);
    ExpectOut(v1::GATE_CONFLICT, "conflict with agencies/r1");
    center_.conflicts[0].set_valid_to("2026-12-31");
    ExpectOut(v1::GATE_CONFLICT, "until 2026-12-31");
    center_.conflicts[0].set_valid_to("2026-12-30");
    ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-31");
    center_.conflicts[0].set_valid_to("2026-11-30");
    ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01 to 2026-12-31");
    ExpectIn(v1::GATE_CONFLICT, "no conflict of interest any more; there was ");
    center_.conflicts[0].set_valid_to("when settled");
    ExpectOut(v1::GATE_CONFLICT, "conflict with agencies/r1");
  }
}

TEST_F(Eligibility, AConflictWithAnAgencyServedTooCounts) {
  center_.AddConflict("e1", "neighbor", v1::CONFLICT_KIND_LITIGATION);
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest");
  demand().add_co_served_agencies("agencies/neighbor");
  ExpectOut(v1::GATE_CONFLICT, "litigation: conflict with agencies/neighbor");
}

TEST_F(Eligibility, AConflictOfAnotherExpertDoesNotCountUnlessItIsTheSamePerson) {
  center_.AddExpert("e2");
  center_.AddConflict("e2", "r1", v1::CONFLICT_KIND_RECUSAL);
  center_.experts[1].add_emails("Dana@Example.org");
  expert().add_emails("dana@example.com");
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest");
  expert().add_emails("dana@example.org");
  ExpectOut(v1::GATE_CONFLICT, "declared recusal: conflict with agencies/r1");
}

TEST_F(Eligibility, AConflictCountsForEveryRecordOfAPersonOnceItIsConfirmedToBeOne) {
  center_.AddExpert("e2").add_services()->set_agency("agencies/r1");
  v1::Identity& identity =
      center_.AddIdentity("experts/e1", "experts/e2", v1::IDENTITY_STATE_REJECTED);
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest");
  identity.set_state(v1::IDENTITY_STATE_CONFIRMED);
  ExpectOut(v1::GATE_CONFLICT, "own agency");
}

TEST_F(Eligibility, AConflictCountsUnderEveryNameOfTheAgency) {
  expert().add_services()->set_agency("agencies/old");
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest");
  center_.AddIdentity("agencies/old", "agencies/r1");
  ExpectOut(v1::GATE_CONFLICT, "own agency");
  // Overridden under one name, overridden under the other.
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_OWN_AGENCY).set_overridden_by("x");
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest; overridden");
}

TEST_F(Eligibility, AConflictOfAPartnerCountsForThoseItSendsOnly) {
  center_.AddPartner("iacp");
  center_.AddExpert("e0", "iacp").add_emails("a@example.org");
  center_.experts[0].add_emails("a@example.org");
  v1::Conflict& conflict = center_.AddConflict("e9", "r1", v1::CONFLICT_KIND_LITIGATION);
  conflict.clear_expert();
  conflict.set_partner("partners/iacp");
  ExpectIn(v1::GATE_CONFLICT, "no conflict of interest");
  conflict.set_partner("partners/nsa");
  ExpectOut(v1::GATE_CONFLICT, "Partner nsa: litigation: conflict with agencies/r1");
  conflict.set_valid_to("2026-12-30");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-31");
  conflict.clear_valid_to();
  conflict.set_overridden_by("x");
  ExpectIn(v1::GATE_CONFLICT, "overridden: Partner nsa: litigation");
}

TEST_F(Eligibility, PersonsAreJoinedThroughAThirdRecord) {
  center_.AddExpert("e2").add_emails("b@example.org");
  v1::Expert& third = center_.AddExpert("e3");
  third.add_emails("a@example.org");
  third.add_emails("b@example.org");
  expert().add_emails("a@example.org");
  center_.AddConflict("e2", "r1", v1::CONFLICT_KIND_RECUSAL);
  ExpectOut(v1::GATE_CONFLICT, "declared recusal");
}

TEST_F(Eligibility, AnOverriddenConflictIsPassedAndSaid) {
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_RECUSAL)
      .set_overridden_by("program_manager:lee");
  ExpectIn(v1::GATE_CONFLICT,
           "no conflict of interest; overridden: declared recusal: conflict with agencies/r1");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_LITIGATION);
  ExpectOut(v1::GATE_CONFLICT, "litigation: conflict with agencies/r1; overridden: declared");
}

TEST_F(Eligibility, OverridingADeclaredOwnAgencyPassesWhatFollowsFromTheService) {
  expert().add_services()->set_agency("agencies/r1");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_VENDOR_INTEREST).set_overridden_by("x");
  ExpectOut(v1::GATE_CONFLICT, "own agency");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_OWN_AGENCY).set_overridden_by("x");
  ExpectIn(v1::GATE_CONFLICT, "overridden: own agency: conflict with agencies/r1");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_OWN_AGENCY);
  ExpectOut(v1::GATE_CONFLICT, "own agency");
}

TEST_F(Eligibility, TheLeadTimeMustLeaveADayInTheWindow) {
  slot().set_delivery_type("deliveryTypes/training");
  expert().set_travels_anywhere(true);
  center_.today = absl::CivilDay(2026, 12, 1);
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-31");
  center_.today = absl::CivilDay(2026, 12, 2);
  ExpectOut(
      v1::GATE_AVAILABILITY,
      "with 30 days of lead time from 2026-12-02 it can start on 2027-01-01, after the window "
      "ends on 2026-12-31");
}

TEST_F(Eligibility, ItMustStartByTheDayHelpIsNeeded) {
  slot().set_delivery_type("deliveryTypes/training");
  expert().set_travels_anywhere(true);
  demand().set_needed_by("2026-12-20");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-20");
  demand().set_needed_by("2026-12-19");
  ExpectOut(v1::GATE_AVAILABILITY,
            "it can start on 2026-12-20, after the day by which help is needed, 2026-12-19");
  demand().set_needed_by("tomorrow");
  ExpectOut(v1::GATE_AVAILABILITY, "after the day by which help is needed");
}

TEST_F(Eligibility, AWindowThatIsReversedOrCannotBeReadHasNoDay) {
  slot().set_window_end("2026-11-30");
  ExpectOut(v1::GATE_AVAILABILITY, "the slot's window has no day");
  slot().set_window_end("2026-12-01");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01");
  slot().set_window_end("christmas");
  ExpectOut(v1::GATE_AVAILABILITY, "the slot's window has no day");
  slot().set_window_end("");
  ExpectOut(v1::GATE_AVAILABILITY, "the slot's window has no day");
}

TEST_F(Eligibility, AWindowThatIsOverStillSaysTheGatesBefore) {
  slot().set_window_start("2026-01-01");
  slot().set_window_end("2026-01-31");
  ExpectOut(v1::GATE_AVAILABILITY, "after the window ends on 2026-01-31");
  *partner().mutable_memberships(0) = Dates("2026-02-01", "");
  ExpectOut(v1::GATE_MEMBERSHIP, "not a member on 2026-01-01 to 2026-01-31");
}

TEST_F(Eligibility, OneDayOfTheWindowThatIsFreeIsEnough) {
  *expert().add_unavailable() = Dates("2026-12-01", "2026-12-31");
  ExpectOut(v1::GATE_AVAILABILITY, "not available on 2026-12-01 to 2026-12-31");
  *expert().mutable_unavailable(0) = Dates("2026-12-02", "2026-12-31");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-01");
  *expert().mutable_unavailable(0) = Dates("", "2026-12-30");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-31");
  *expert().mutable_unavailable(0) = Dates("2026-12-10", "2026-12-20");
  ExpectIn(v1::GATE_AVAILABILITY,
           "can start on 2026-12-01 to 2026-12-09, 2026-12-21 to 2026-12-31");
  *expert().add_unavailable() = Dates("2026-12-21", "");
  *expert().add_unavailable() = Dates("", "2026-12-09");
  ExpectOut(v1::GATE_AVAILABILITY, "not available");
}

TEST_F(Eligibility, AnUnavailabilityThatCannotBeReadIsAlways) {
  *expert().add_unavailable() = Dates("2026-08-01", "summer");
  ExpectOut(v1::GATE_AVAILABILITY, "not available");
  *expert().mutable_unavailable(0) = Dates("2026-08-31", "2026-08-01");
  ExpectOut(v1::GATE_AVAILABILITY, "not available");
}

TEST_F(Eligibility, TheDaysThatGatesLeaveAddUp) {
  // Membership leaves the first half, the conflict the second half of the window.
  *partner().mutable_memberships(0) = Dates("", "2026-12-15");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_RECUSAL).set_valid_to("2026-12-14");
  ExpectIn(v1::GATE_AVAILABILITY, "can start on 2026-12-15");
  center_.conflicts[0].set_valid_to("2026-12-15");
  ExpectOut(v1::GATE_CONFLICT, "until 2026-12-15");
}

// ---- In the period of an offer

TEST_F(Eligibility, InAPeriodThePartnerMustBeAMemberOnADayOfIt) {
  AskForTwoQuarters();
  *partner().mutable_memberships(0) = Dates("", "2026-12-31");
  ExpectInFor("2026Q4");
  ExpectOutIn("2027Q1", v1::GATE_MEMBERSHIP,
              "Partner nsa is not a member on 2027-01-01 to 2027-03-31");
  EXPECT_TRUE(Verdict1().verdict.eligible()) << "in the other";
  *partner().mutable_memberships(0) = Dates("", "2027-01-01");
  ExpectInFor("2026Q4");
  ExpectInFor("2027Q1");
  *partner().mutable_memberships(0) = Dates("2026-12-31", "");
  ExpectInFor("2026Q4");
  ExpectInFor("2027Q1");
  *partner().mutable_memberships(0) = Dates("2027-01-01", "");
  ExpectOutIn("2026Q4", v1::GATE_MEMBERSHIP,
              "Partner nsa is not a member on 2026-12-01 to 2026-12-31");
  ExpectInFor("2027Q1");
}

TEST_F(Eligibility, InAPeriodTheCredentialMustBeValidOnADayOfIt) {
  AskForTwoQuarters();
  slot().set_credential("ICAT instructor");
  v1::Credential* credential = expert().add_credentials();
  credential->set_title("ICAT instructor");
  credential->set_valid_to("2026-12-31");
  ExpectInFor("2026Q4");
  ExpectOutIn("2027Q1", v1::GATE_DEMAND,
              "holds the credential ICAT instructor until 2026-12-31; the slot asks for it on "
              "2027-01-01 to 2027-03-31");
  credential->set_valid_to("2027-01-01");
  ExpectInFor("2027Q1");
}

TEST_F(Eligibility, InAPeriodADayMustBeFreeOfConflicts) {
  AskForTwoQuarters();
  v1::Conflict& conflict = center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_LITIGATION);
  conflict.set_valid_to("2026-12-30");
  ExpectInFor("2026Q4");
  conflict.set_valid_to("2026-12-31");
  ExpectOutIn("2026Q4", v1::GATE_CONFLICT, "litigation: conflict with agencies/r1 until");
  ExpectInFor("2027Q1");
  conflict.clear_valid_to();
  ExpectOutIn("2027Q1", v1::GATE_CONFLICT, "litigation");
}

TEST_F(Eligibility, InAPeriodTheDaysThatGatesLeaveAddUp) {
  AskForTwoQuarters();
  *partner().mutable_memberships(0) = Dates("", "2027-02-15");
  v1::Conflict& conflict = center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_RECUSAL);
  conflict.set_valid_to("2027-02-14");
  ExpectInFor("2027Q1");
  conflict.set_valid_to("2027-02-15");
  ExpectOutIn("2027Q1", v1::GATE_CONFLICT, "until 2027-02-15");
  // The credential is over before the membership begins.
  center_.conflicts.clear();
  *partner().mutable_memberships(0) = Dates("2027-02-15", "");
  slot().set_credential("ICAT instructor");
  v1::Credential* credential = expert().add_credentials();
  credential->set_title("ICAT instructor");
  credential->set_valid_to("2027-02-15");
  ExpectInFor("2027Q1");
  credential->set_valid_to("2027-02-14");
  ExpectOutIn("2027Q1", v1::GATE_DEMAND, "until 2027-02-14");
}

TEST_F(Eligibility, InAPeriodADayMustBeThereUpToTheOneByWhichHelpIsNeeded) {
  AskForTwoQuarters();
  demand().set_needed_by("2027-01-01");
  ExpectInFor("2026Q4");
  ExpectInFor("2027Q1");
  *partner().mutable_memberships(0) = Dates("2027-01-02", "");
  ExpectOutIn("2027Q1", v1::GATE_MEMBERSHIP, "is not a member on 2027-01-01");
  *partner().mutable_memberships(0) = Dates("", "");
  demand().set_needed_by("2026-12-31");
  ExpectInFor("2026Q4");
  ExpectOutIn("2027Q1", v1::GATE_AVAILABILITY,
              "it can start on 2027-01-01, after the day by which help is needed, 2026-12-31");
  demand().set_needed_by("2026-11-30");
  ExpectOutIn("2026Q4", v1::GATE_AVAILABILITY,
              "it can start on 2026-12-01, after the day by which help is needed, 2026-11-30");
}

TEST_F(Eligibility, InAPeriodDaysThatArePastOrWithinTheLeadTimeCountOnlyWhereNoOtherIsLeft) {
  AskForTwoQuarters();
  center_.today = absl::CivilDay(2026, 12, 15);
  *partner().mutable_memberships(0) = Dates("", "2026-12-14");
  *partner().add_memberships() = Dates("2027-01-01", "");
  ExpectOutIn("2026Q4", v1::GATE_MEMBERSHIP, "not a member on 2026-12-15 to 2026-12-31");
  ExpectInFor("2027Q1");
  partner().mutable_memberships(0)->set_end("2026-12-15");
  ExpectInFor("2026Q4");
  // With 30 days of lead time none of the quarter is left to start on.
  slot().set_delivery_type("deliveryTypes/training");
  ExpectInFor("2026Q4");
  partner().mutable_memberships(0)->set_end("2026-12-14");
  ExpectOutIn("2026Q4", v1::GATE_MEMBERSHIP, "not a member on 2026-12-15 to 2026-12-31");
  // Past are all of its days from here on.
  center_.today = absl::CivilDay(2027, 1, 1);
  ExpectInFor("2026Q4");
  partner().mutable_memberships(0)->set_end("2026-12-01");
  ExpectInFor("2026Q4");
  partner().mutable_memberships(0)->set_end("2026-11-30");
  ExpectOutIn("2026Q4", v1::GATE_MEMBERSHIP, "not a member on 2026-12-01 to 2026-12-31");
}

TEST_F(Eligibility, WhoIsOutOnTheDaysToComeIsOutThoughTheLeadTimeLeavesNoDay) {
  slot().set_delivery_type("deliveryTypes/training");
  slot().set_credential("ICAT instructor");
  v1::Credential* credential = expert().add_credentials();
  credential->set_title("ICAT instructor");
  credential->set_valid_to("2026-12-04");
  *partner().mutable_memberships(0) = Dates("", "2026-12-04");
  center_.today = absl::CivilDay(2026, 12, 4);
  ExpectInFor("2026Q4");
  ExpectOut(v1::GATE_AVAILABILITY, "after the window ends on 2026-12-31");
  credential->set_valid_to("2026-12-03");
  const std::string lapsed =
      "holds the credential ICAT instructor until 2026-12-03; the slot asks for it on 2026-12-04";
  ExpectOutIn("2026Q4", v1::GATE_DEMAND, lapsed);
  ExpectOut(v1::GATE_DEMAND, lapsed);
  *partner().mutable_memberships(0) = Dates("", "2026-12-03");
  const std::string left = "not a member on 2026-12-04 to 2026-12-31";
  ExpectOutIn("2026Q4", v1::GATE_MEMBERSHIP, left);
  ExpectOut(v1::GATE_MEMBERSHIP, left);
}

TEST_F(Eligibility, InAPeriodNothingIsAskedOfRoomOrAbsencesNorOfOneThatTheWindowDoesNotReach) {
  AskForTwoQuarters();
  *expert().add_unavailable() = Dates("", "");
  expert().set_capacity_open(0);
  demand().add_declined("s1 experts/e1");
  ExpectInFor("2027Q1");
  expert().set_active(false);
  ExpectOutIn("2027Q1", v1::GATE_MEMBERSHIP, "the expert is not active");
  ExpectInFor("2027Q2");
  ExpectOutIn("2027-03", v1::GATE_MEMBERSHIP, "the expert is not active");
}

TEST_F(Eligibility, PeriodsAreThoseWithADayToStart) {
  slot().set_window_start("2026-12-01");
  slot().set_window_end("2027-07-31");
  ExpectIn(v1::GATE_CAPACITY, "room in 2026Q4, 2027Q1, 2027Q2, 2027Q3");
  *expert().add_unavailable() = Dates("2027-01-01", "2027-06-29");
  ExpectIn(v1::GATE_CAPACITY, "room in 2026Q4, 2027Q2, 2027Q3");
  *expert().mutable_unavailable(0) = Dates("2027-01-01", "2027-06-30");
  ExpectIn(v1::GATE_CAPACITY, "room in 2026Q4, 2027Q3");
  center_.policy.set_period(v1::PERIOD_MONTH);
  ExpectIn(v1::GATE_CAPACITY, "room in 2026-12, 2027-07");
}

TEST_F(Eligibility, OpenAssignmentsMustBeLeft) {
  expert().set_capacity_open(2);
  center_.Use("experts/e1", "open", 1);
  ExpectIn(v1::GATE_CAPACITY, "1 of 2 assignments open at once left");
  center_.Use("experts/e1", "open", 1);
  ExpectOut(v1::GATE_CAPACITY, "no assignment left: 2 of 2 open at once");
  expert().set_capacity_open(0);
  center_.uses.clear();
  ExpectOut(v1::GATE_CAPACITY, "0 of 0 open at once");
}

TEST_F(Eligibility, AnAssignmentOfThePeriodMustBeLeft) {
  expert().set_capacity_per_period(2);
  center_.Use("experts/e1", "2026Q4", 1);
  center_.Use("experts/e1", "2027Q1", 7);
  ExpectIn(v1::GATE_CAPACITY, "room in 2026Q4");
  center_.Use("experts/e1", "2026-10", 1);
  ExpectOut(v1::GATE_CAPACITY, "no assignment left in 2026Q4: the expert's 2 a period are taken");
  slot().set_window_end("2027-04-01");
  ExpectIn(v1::GATE_CAPACITY, "room in 2027Q2");
}

TEST_F(Eligibility, AUseByQuarterCountsInEachMonthOfIt) {
  center_.policy.set_period(v1::PERIOD_MONTH);
  expert().set_capacity_per_period(1);
  center_.Use("experts/e1", "2026Q4", 1);
  ExpectOut(v1::GATE_CAPACITY, "no assignment left in 2026-12");
}

TEST_F(Eligibility, AnAssignmentOfThePartnersPeriodMustBeLeft) {
  partner().set_capacity_per_period(2);
  center_.Use("partners/nsa", "2026Q4", 1);
  ExpectIn(v1::GATE_CAPACITY, "room in 2026Q4");
  center_.Use("partners/nsa", "2026Q4", 1);
  ExpectOut(v1::GATE_CAPACITY, "no assignment left in 2026Q4: Partner nsa's 2 a period are taken");
  partner().set_capacity_per_period(0);
  ExpectIn(v1::GATE_CAPACITY, "room in 2026Q4");
}

TEST_F(Eligibility, AHeldAssignmentCountsLikeAnAgreedOne) {
  expert().set_capacity_per_period(2);
  partner().set_capacity_per_period(1);
  v1::Assignment& held = center_.held.emplace_back();
  held.set_expert("experts/e1");
  held.set_period("2026Q4");
  ExpectOut(v1::GATE_CAPACITY, "Partner nsa's 1 a period are taken");
  partner().set_capacity_per_period(2);
  expert().set_capacity_open(1);
  ExpectOut(v1::GATE_CAPACITY, "1 of 1 open at once");
}

TEST_F(Eligibility, WhoIsInTheSlotAlreadyIsOutUnderAnyRecord) {
  v1::Assignment* committed = demand().add_committed();
  committed->set_slot("s2");
  committed->set_expert("experts/e1");
  ExpectIn(v1::GATE_CAPACITY, "");
  committed->set_slot("s1");
  ExpectOut(v1::GATE_CAPACITY, "is offered or accepted in this slot already");
  center_.AddExpert("e0").add_emails("a@example.org");
  expert().add_emails("a@example.org");
  committed->set_expert("experts/e0");
  ExpectOut(v1::GATE_CAPACITY, "is offered or accepted in this slot already");
}

TEST_F(Eligibility, OnSiteTheAgencyMustBeWithinTheRadius) {
  slot().set_on_site(true);
  demand().mutable_agency()->mutable_coordinates();
  expert().mutable_home()->set_latitude_e6(899320);  // 100 km
  expert().set_travel_radius_km(100);
  ExpectIn(v1::GATE_TRAVEL, "lives 100 km away and travels 100 km");
  expert().set_travel_radius_km(99);
  ExpectOut(v1::GATE_TRAVEL, "lives 100 km away and travels 99 km");
  expert().set_travels_anywhere(true);
  ExpectIn(v1::GATE_TRAVEL, "travels anywhere");
  expert().set_travels_anywhere(false);
  slot().set_on_site(false);
  ExpectIn(v1::GATE_TRAVEL, "not on site");
}

TEST_F(Eligibility, WhereTheDistanceIsNotKnownTheStateDecides) {
  slot().set_on_site(true);
  expert().set_travel_radius_km(1);
  expert().set_home_state("UT");
  ExpectIn(v1::GATE_TRAVEL, "the distance is not known; lives in UT, the agency is in UT");
  expert().set_travel_radius_km(0);
  ExpectOut(v1::GATE_TRAVEL, "travels 0 km");
  expert().set_travel_radius_km(20000);
  expert().set_home_state("NV");
  ExpectOut(v1::GATE_TRAVEL, "lives in NV, the agency is in UT");
  expert().set_home_state("");
  demand().mutable_agency()->set_state("");
  ExpectOut(v1::GATE_TRAVEL, "lives in unknown, the agency is in unknown");
}

TEST_F(Eligibility, WhoDeclinedTheSlotIsNotAskedAgainUnderAnyRecord) {
  demand().add_declined("s2 experts/e1");
  demand().add_declined("s1");
  demand().add_declined("");
  ExpectIn(v1::GATE_DECLINED, "has not declined this slot");
  demand().add_declined("s1 experts/e1");
  ExpectOut(v1::GATE_DECLINED, "declined this slot before");
  center_.AddExpert("e0").add_emails("a@example.org");
  expert().add_emails("a@example.org");
  demand().set_declined(3, "s1 experts/e0");
  ExpectOut(v1::GATE_DECLINED, "declined this slot before");
}

TEST_F(Eligibility, TheFirstGateNotPassedIsTheOneReported) {
  expert().set_active(false);
  expert().clear_topics();
  slot().set_language("es");
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_RECUSAL);
  *expert().add_unavailable() = Dates("", "");
  expert().set_capacity_open(0);
  slot().set_on_site(true);
  demand().add_declined("s1 experts/e1");
  ExpectOut(v1::GATE_MEMBERSHIP, "");
  expert().set_active(true);
  ExpectOut(v1::GATE_TOPIC, "");
  expert().add_topics()->set_topic(std::string(kTopic));
  ExpectOut(v1::GATE_DEMAND, "");
  slot().clear_language();
  ExpectOut(v1::GATE_CONFLICT, "");
  center_.conflicts.clear();
  ExpectOut(v1::GATE_AVAILABILITY, "");
  expert().clear_unavailable();
  ExpectOut(v1::GATE_CAPACITY, "");
  expert().set_capacity_open(1);
  ExpectOut(v1::GATE_TRAVEL, "");
  expert().set_travels_anywhere(true);
  ExpectOut(v1::GATE_DECLINED, "");
  demand().clear_declined();
  ExpectIn(v1::GATE_DECLINED, "");
}

TEST_F(Eligibility, TheReasonsDoNotDependOnTheOrderOfConflicts) {
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_RECUSAL);
  center_.AddConflict("e1", "other", v1::CONFLICT_KIND_LITIGATION);
  center_.AddConflict("e1", "r1", v1::CONFLICT_KIND_LITIGATION).set_valid_to("2027-01-01");
  demand().add_co_served_agencies("agencies/other");
  const std::string why = Verdict1().gates.back().explanation();
  std::swap(center_.conflicts[0], center_.conflicts[2]);
  EXPECT_EQ(Verdict1().gates.back().explanation(), why);
  std::swap(center_.conflicts[1], center_.conflicts[2]);
  EXPECT_EQ(Verdict1().gates.back().explanation(), why);
}

}  // namespace
}  // namespace critac::matching
