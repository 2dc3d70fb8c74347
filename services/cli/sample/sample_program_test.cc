// Holds the sample program to its word for several seeds and years: figures, references, and a
// lifecycle of its own that is read from the field's table, not from the code that writes the steps.
#include "services/cli/sample/sample_program.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/calendar.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/sample/sample_parts.h"
#include "services/cli/sample/write_sample.h"

namespace critac::cli {
namespace {

using intake::v1::PastAction;
using intake::v1::PastRequest;
using intake::v1::RequestAction;
using matching::v1::PastEngagement;

std::string AliasOf(const intake::v1::Agency& agency) { return agency.aliases(0).value(); }

int SwornOf(const intake::v1::Agency& agency) {
  return agency.sworn_full_time().count() + agency.sworn_part_time().count();
}

absl::CivilDay DayOfStep(const PastAction& step) {
  return DayOf(absl::FromUnixSeconds(step.time().seconds()));
}

// The program of some options, made once for all tests that look at it.
const SampleProgram& ProgramOf(const SampleOptions& options) {
  static auto* const programs = new std::map<std::pair<uint64_t, int>, SampleProgram>;
  const std::pair key(options.seed, options.first_fiscal_year);
  const auto found = programs->find(key);
  if (found != programs->end()) return found->second;
  return programs->emplace(key, MakeSampleProgram(options)).first->second;
}

class SampleProgramTest : public ::testing::TestWithParam<SampleOptions> {
 protected:
  const SampleProgram& program_ = ProgramOf(GetParam());
  const SampleDays days_{GetParam()};

  // Agencies that ask, each once.
  std::vector<const intake::v1::Agency*> Askers() const {
    std::set<std::string> aliases;
    for (const PastRequest& request : program_.requests) aliases.insert(request.agency_alias());
    std::vector<const intake::v1::Agency*> askers;
    for (const auto& agency : program_.agencies) {
      if (aliases.contains(AliasOf(agency))) askers.push_back(&agency);
    }
    return askers;
  }

  std::map<std::string, const PastRequest*> RequestsById() const {
    std::map<std::string, const PastRequest*> requests;
    for (const PastRequest& request : program_.requests) {
      requests[request.external_id()] = &request;
    }
    return requests;
  }

  std::map<std::string, const matching::v1::Expert*> ExpertsByName() const {
    std::map<std::string, const matching::v1::Expert*> experts;
    for (const auto& expert : program_.experts) experts[expert.name()] = &expert;
    return experts;
  }

  std::set<std::string> CatalogNames() const {
    std::set<std::string> names;
    for (const auto& entry : program_.catalog) names.insert(entry.name());
    return names;
  }
};

INSTANTIATE_TEST_SUITE_P(SeedsAndYears, SampleProgramTest,
                         ::testing::Values(SampleOptions{1, 2019}, SampleOptions{2, 2019},
                                           SampleOptions{20261124, 2020}, SampleOptions{7, 2025}),
                         [](const auto& info) {
                           return absl::StrCat("Seed", info.param.seed, "Year",
                                               info.param.first_fiscal_year);
                         });

// --- Figures ----------------------------------------------------------------------------------------

TEST_P(SampleProgramTest, HasALittleOver300RequestsInTwoFiscalYears) {
  EXPECT_EQ(program_.requests.size(), 312u);
  for (const PastRequest& request : program_.requests) {
    const absl::CivilDay day = DayOf(absl::FromUnixSeconds(request.create_time().seconds()));
    EXPECT_GE(day, days_.first);
    EXPECT_LE(day, days_.last);
  }
}

TEST_P(SampleProgramTest, TheAskingAgenciesHaveALittleOver125000OfficersTogether) {
  int officers = 0;
  int unknown = 0;
  for (const auto* agency : Askers()) {
    officers += SwornOf(*agency);
    unknown += agency->has_sworn_full_time() ? 0 : 1;
  }
  EXPECT_GT(officers, 125000);
  EXPECT_LT(officers, 126000);
  EXPECT_EQ(unknown, 3);
}

TEST_P(SampleProgramTest, FiftyTwoPercentOfTheAskingAgenciesHaveFewerThan50Sworn) {
  const auto askers = Askers();
  EXPECT_EQ(askers.size(), 280u);
  double small = 0;
  double known = 0;
  for (const auto* agency : askers) {
    if (!agency->has_sworn_full_time()) continue;
    ++known;
    if (SwornOf(*agency) < 50) ++small;
  }
  EXPECT_EQ(std::lround(100 * small / known), 52);
  EXPECT_EQ(std::lround(100 * small / static_cast<double>(askers.size())), 52);
}

TEST_P(SampleProgramTest, NinetyThreePercentOfParticipantsSayTheTrainingMetItsGoals) {
  std::map<int, std::pair<double, double>> by_year;  // yes, answered
  double yes = 0;
  double answered = 0;
  for (const auto& response : program_.surveys) {
    if (response.met_goals() == metrics::v1::YES_NO_UNSPECIFIED) continue;
    ASSERT_EQ(response.instrument(), metrics::v1::INSTRUMENT_PARTICIPANT);
    const bool is_yes = response.met_goals() == metrics::v1::YES_NO_YES;
    auto& [year_yes, year_answered] = by_year[FiscalYear(*ParseDate(response.date()))];
    year_yes += is_yes;
    yes += is_yes;
    ++year_answered;
    ++answered;
  }
  EXPECT_GT(answered, 1000);
  EXPECT_EQ(std::lround(100 * yes / answered), 93);
  EXPECT_EQ(by_year.size(), 2u);
  for (const auto& [year, counts] : by_year) {
    EXPECT_EQ(std::lround(100 * counts.first / counts.second), 93) << year;
  }
}

TEST_P(SampleProgramTest, OutcomesSpreadAsInARealProgram) {
  std::map<RequestAction, int> last;
  for (const PastRequest& request : program_.requests) {
    ++last[request.actions().rbegin()->action()];
  }
  EXPECT_GT(last[intake::v1::REQUEST_ACTION_CLOSE], 170);
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_WITHDRAW], 15);
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_REFER], 10);
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_DECLINE], 6);
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_MARK_DUPLICATE], 1);
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_START_DELIVERY], 4) << "in delivery";
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY], 5) << "delivered";
  EXPECT_GE(last[intake::v1::REQUEST_ACTION_ACCEPT], 3) << "in scoping";
}

// --- The field --------------------------------------------------------------------------------------

TEST_P(SampleProgramTest, HasTheTenPartnersOf2020WithTheDatesThatArePublished) {
  std::map<std::string, std::pair<std::string, std::string>> memberships;
  for (const auto& partner : program_.partners) {
    ASSERT_EQ(partner.memberships_size(), 1);
    memberships[partner.name()] = {partner.memberships(0).start(), partner.memberships(0).end()};
  }
  EXPECT_EQ(memberships.size(), 10u);
  int in_2017 = 0;
  int in_2020 = 0;
  for (const auto& [name, span] : memberships) {
    in_2017 += span.first <= "2017-12-31";
    in_2020 += span.first <= "2020-06-30" && (span.second.empty() || span.second >= "2020-06-30");
  }
  EXPECT_EQ(in_2017, 8);
  EXPECT_EQ(in_2020, 10);
  EXPECT_TRUE(absl::StartsWith(memberships["partners/noble"].first, "2018"));
  EXPECT_LE(memberships["partners/nsa"].first, "2020-12-31");
  EXPECT_LT(memberships["partners/mcca"].second, "2022-01-01");
}

TEST_P(SampleProgramTest, TheCatalogNamesWhatPublishedSourcesName) {
  const std::set<std::string> names = CatalogNames();
  EXPECT_EQ(names.size(), program_.catalog.size()) << "each once";
  for (const char* name :
       {"topics/de-escalation", "topics/border-sheriff-training", "topics/tribal-assistance",
        "deliveryTypes/in-person-training", "deliveryTypes/peer-to-peer-exchange",
        "initiatives/covid-19-response", "initiatives/operation-lady-justice", "programs/cri-tac",
        "targets/acknowledge"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  const auto count = [&](const char* collection) {
    return std::count_if(names.begin(), names.end(), [&](const std::string& name) {
      return absl::StartsWith(name, collection);
    });
  };
  EXPECT_EQ(count("topics/"), 15);
  EXPECT_EQ(count("deliveryTypes/"), 9);
  EXPECT_EQ(count("targets/"), 7) << "one for each clock";
}

TEST_P(SampleProgramTest, HasSomeEightyExpertsOfItsPartners) {
  EXPECT_EQ(program_.experts.size(), 80u);
  std::set<std::string> partners;
  for (const auto& partner : program_.partners) partners.insert(partner.name());
  std::set<std::string> names;
  for (const auto& expert : program_.experts) {
    EXPECT_TRUE(names.insert(expert.name()).second);
    EXPECT_TRUE(partners.contains(expert.partner()));
    EXPECT_GE(expert.topics_size(), 1);
    for (const auto& held : expert.topics()) {
      EXPECT_TRUE(CatalogNames().contains(held.topic()));
    }
    EXPECT_GE(expert.rating_sum(), expert.rating_count());
    EXPECT_LE(expert.rating_sum(), 5 * expert.rating_count());
  }
}

TEST_P(SampleProgramTest, AgenciesHaveIdentifiersOfTheirOwnThatNoRealOneHas) {
  std::set<std::string> aliases;
  std::set<std::string> names;
  for (const auto& agency : program_.agencies) {
    ASSERT_EQ(agency.aliases_size(), 1);
    EXPECT_TRUE(aliases.insert(AliasOf(agency)).second);
    EXPECT_TRUE(names.insert(absl::StrCat(agency.state(), agency.display_name())).second);
    EXPECT_TRUE(AliasOf(agency).substr(2, 2) == "ZZ" ||
                absl::StartsWith(AliasOf(agency), "SAMPLE:"))
        << AliasOf(agency);
  }
}

TEST_P(SampleProgramTest, NothingInItCanReachARealPerson) {
  for (const PastRequest& request : program_.requests) {
    for (const auto& contact : request.request().contacts()) {
      EXPECT_TRUE(absl::EndsWith(contact.email(), ".example")) << contact.email();
      EXPECT_TRUE(absl::StrContains(contact.phone(), "555-01")) << contact.phone();
    }
  }
  for (const auto& expert : program_.experts) {
    EXPECT_TRUE(absl::EndsWith(expert.emails(0), ".example"));
  }
}

TEST_P(SampleProgramTest, FederalAgenciesAreOnRecordButDoNotAsk) {
  int federal = 0;
  for (const auto& agency : program_.agencies) {
    federal += agency.type() == type::v1::AGENCY_TYPE_FEDERAL;
  }
  EXPECT_EQ(federal, 1);
  for (const auto* agency : Askers()) EXPECT_NE(agency->type(), type::v1::AGENCY_TYPE_FEDERAL);
}

// --- Lives ------------------------------------------------------------------------------------------

// The lifecycle as the field's table has it: from where, to where, by whom.
struct TableRow {
  std::set<std::string> from;
  std::string to;  // empty: back to where it was
  std::set<std::string> roles;
};

const std::map<RequestAction, TableRow>& LifeTable() {
  static const std::set<std::string> before_matched = {"draft",   "submitted", "review", "asked",
                                                       "scoping", "ready",     "hold"};
  static const std::set<std::string> open = {"draft",    "submitted", "review",  "asked",
                                             "scoping",  "ready",     "matched", "planned",
                                             "delivery", "delivered", "hold"};
  static const auto* const table = new std::map<RequestAction, TableRow>{
      {intake::v1::REQUEST_ACTION_SUBMIT, {{"draft"}, "submitted", {"agency", "coordinator"}}},
      {intake::v1::REQUEST_ACTION_ACKNOWLEDGE, {{"submitted"}, "review", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_ASK_FOR_INFORMATION,
       {{"review", "scoping", "ready"}, "asked", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_PROVIDE_INFORMATION, {{"asked"}, "", {"agency", "coordinator"}}},
      {intake::v1::REQUEST_ACTION_ACCEPT, {{"review"}, "scoping", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_COMPLETE_SCOPING, {{"scoping"}, "ready", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_RECORD_MATCH, {{"ready"}, "matched", {"service"}}},
      {intake::v1::REQUEST_ACTION_RECORD_PLAN, {{"matched"}, "matched", {"service"}}},
      {intake::v1::REQUEST_ACTION_APPROVE_PLAN,
       {{"matched"}, "planned", {"agency", "program-manager"}}},
      {intake::v1::REQUEST_ACTION_START_DELIVERY, {{"planned"}, "delivery", {"service"}}},
      {intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY,
       {{"delivery"}, "delivered", {"partner", "coordinator"}}},
      {intake::v1::REQUEST_ACTION_CLOSE, {{"delivered"}, "closed", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_HOLD, {open, "hold", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_RESUME, {{"hold"}, "", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_REMATCH,
       {{"matched", "planned", "delivery"}, "ready", {"coordinator", "service"}}},
      {intake::v1::REQUEST_ACTION_REFER, {before_matched, "referred", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_DECLINE, {{"review", "scoping"}, "ineligible", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_MARK_DUPLICATE, {before_matched, "duplicate", {"coordinator"}}},
      {intake::v1::REQUEST_ACTION_WITHDRAW, {open, "withdrawn", {"agency", "coordinator"}}},
      {intake::v1::REQUEST_ACTION_REOPEN,
       {{"closed", "withdrawn", "referred", "ineligible", "duplicate"}, "review", {"coordinator"}}},
  };
  return *table;
}

// Leads a request through the table and says where it ends; a test failure where it cannot go on.
std::string WalkThrough(const PastRequest& request) {
  std::string state = "draft";
  std::string before;
  std::map<std::string, std::string> approvals;  // role to actor
  int plan_version = 0;
  int64_t last = request.create_time().seconds();
  for (const PastAction& step : request.actions()) {
    const std::string where =
        absl::StrCat(request.external_id(), " ", intake::v1::RequestAction_Name(step.action()));
    const TableRow& row = LifeTable().at(step.action());
    const std::string role = step.actor().substr(0, step.actor().find(':'));
    EXPECT_TRUE(row.from.contains(state)) << where << " from " << state;
    EXPECT_TRUE(row.roles.contains(role)) << where << " by " << step.actor();
    EXPECT_GT(step.time().seconds(), last) << where;
    last = step.time().seconds();
    if (step.action() == intake::v1::REQUEST_ACTION_RECORD_PLAN) {
      plan_version = step.details().plan_version();
    }
    if (step.action() == intake::v1::REQUEST_ACTION_APPROVE_PLAN) {
      EXPECT_GT(plan_version, 0) << where << " of no plan";
      EXPECT_EQ(step.details().plan_version(), plan_version) << where;
      EXPECT_TRUE(approvals.emplace(role, step.actor()).second) << where << " twice by " << role;
      if (approvals.size() < 2) continue;
    }
    if (step.action() == intake::v1::REQUEST_ACTION_REMATCH) {
      approvals.clear();
      plan_version = 0;
    }
    const std::string next = row.to.empty() ? before : row.to;
    if (next == "asked" || next == "hold") before = state;
    state = next;
  }
  return state;
}

TEST_P(SampleProgramTest, EveryRequestFollowsTheLifecycle) {
  for (const PastRequest& request : program_.requests) WalkThrough(request);
}

TEST_P(SampleProgramTest, NoneWaitsForAMatch) {
  for (const PastRequest& request : program_.requests) {
    EXPECT_NE(WalkThrough(request), "ready") << request.external_id();
    EXPECT_NE(WalkThrough(request), "draft") << request.external_id();
  }
}

TEST_P(SampleProgramTest, EveryActionCarriesWhatItNeeds) {
  for (const PastRequest& request : program_.requests) {
    for (const PastAction& step : request.actions()) {
      const auto& details = step.details();
      const std::string where =
          absl::StrCat(request.external_id(), " ", intake::v1::RequestAction_Name(step.action()));
      switch (step.action()) {
        case intake::v1::REQUEST_ACTION_ASK_FOR_INFORMATION:
          EXPECT_NE(details.question(), "") << where;
          break;
        case intake::v1::REQUEST_ACTION_PROVIDE_INFORMATION:
          EXPECT_NE(details.answer(), "") << where;
          break;
        case intake::v1::REQUEST_ACTION_COMPLETE_SCOPING:
          EXPECT_GE(details.scope().slots_size(), 1) << where;
          break;
        case intake::v1::REQUEST_ACTION_HOLD:
        case intake::v1::REQUEST_ACTION_RESUME:
        case intake::v1::REQUEST_ACTION_REMATCH:
        case intake::v1::REQUEST_ACTION_REOPEN:
          EXPECT_NE(details.reason(), "") << where;
          break;
        case intake::v1::REQUEST_ACTION_REFER:
          EXPECT_NE(details.referred_to(), "") << where;
          break;
        case intake::v1::REQUEST_ACTION_DECLINE:
          EXPECT_NE(details.decline_code(), intake::v1::DECLINE_CODE_UNSPECIFIED) << where;
          break;
        case intake::v1::REQUEST_ACTION_MARK_DUPLICATE:
          EXPECT_NE(step.duplicate_of_external_id(), "") << where;
          break;
        default:
          break;
      }
    }
  }
}

TEST_P(SampleProgramTest, ARequestIsClosedAtItsFollowUpDateOrWithAReason) {
  for (const PastRequest& request : program_.requests) {
    std::string follow_up;
    for (const PastAction& step : request.actions()) {
      if (step.action() == intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY) {
        follow_up = step.details().follow_up_date();
      }
      if (step.action() != intake::v1::REQUEST_ACTION_CLOSE || step.has_details()) continue;
      EXPECT_GE(FormatDate(DayOfStep(step)), follow_up) << request.external_id();
    }
  }
}

TEST_P(SampleProgramTest, ADuplicateIsOfAnEarlierRequestOfTheSameAgency) {
  const auto requests = RequestsById();
  for (const PastRequest& request : program_.requests) {
    for (const PastAction& step : request.actions()) {
      if (step.duplicate_of_external_id().empty()) continue;
      const auto original = requests.find(step.duplicate_of_external_id());
      ASSERT_NE(original, requests.end());
      EXPECT_LT(original->first, request.external_id());
      EXPECT_EQ(original->second->agency_alias(), request.agency_alias());
      EXPECT_NE(WalkThrough(*original->second), "duplicate");
    }
  }
}

// --- References -------------------------------------------------------------------------------------

TEST_P(SampleProgramTest, RequestsNameAgenciesTopicsAndDeliveryTypesThatThereAre) {
  std::set<std::string> aliases;
  for (const auto& agency : program_.agencies) aliases.insert(AliasOf(agency));
  const std::set<std::string> catalog = CatalogNames();
  std::set<std::string> ids;
  for (const PastRequest& past : program_.requests) {
    EXPECT_TRUE(ids.insert(past.external_id()).second);
    EXPECT_TRUE(aliases.contains(past.agency_alias())) << past.external_id();
    const intake::v1::Request& request = past.request();
    EXPECT_GE(request.topics_size(), 1);
    for (const auto* names :
         {&request.topics(), &request.delivery_types(), &request.initiatives()}) {
      EXPECT_EQ(std::set<std::string>(names->begin(), names->end()).size(),
                static_cast<size_t>(names->size()));
      for (const std::string& name : *names) EXPECT_TRUE(catalog.contains(name)) << name;
    }
    EXPECT_TRUE(catalog.contains(request.program()));
  }
}

TEST_P(SampleProgramTest, TopicsAndInitiativesAreUsedOnlyWhileTheyAreValid) {
  std::map<std::string, const intake::v1::CatalogEntry*> entries;
  for (const auto& entry : program_.catalog) entries[entry.name()] = &entry;
  for (const PastRequest& past : program_.requests) {
    const std::string date = FormatDate(DayOf(absl::FromUnixSeconds(past.create_time().seconds())));
    for (const auto* names : {&past.request().topics(), &past.request().initiatives()}) {
      for (const std::string& name : *names) {
        EXPECT_LE(entries[name]->valid_from(), date) << name << " in " << past.external_id();
        if (!entries[name]->valid_to().empty()) EXPECT_GE(entries[name]->valid_to(), date) << name;
      }
    }
  }
}

const intake::v1::Scope& ScopeOf(const PastRequest& request) {
  for (auto step = request.actions().rbegin(); step != request.actions().rend(); ++step) {
    if (step->details().has_scope()) return step->details().scope();
  }
  return intake::v1::Scope::default_instance();
}

TEST_P(SampleProgramTest, ThereIsOneEngagementForEachRequestThatWasMatchedAndIsNotOver) {
  std::set<std::string> engaged;
  for (const PastEngagement& engagement : program_.engagements) {
    EXPECT_TRUE(engaged.insert(engagement.request_external_id()).second);
  }
  for (const PastRequest& request : program_.requests) {
    const bool matched =
        std::any_of(request.actions().begin(), request.actions().end(), [](const PastAction& step) {
          return step.action() == intake::v1::REQUEST_ACTION_RECORD_MATCH;
        });
    EXPECT_EQ(matched, engaged.contains(request.external_id())) << request.external_id();
  }
}

TEST_P(SampleProgramTest, EveryEngagementHasThePeopleThatItsScopeAsksFor) {
  const auto requests = RequestsById();
  for (const PastEngagement& engagement : program_.engagements) {
    const auto& scope = ScopeOf(*requests.at(engagement.request_external_id()));
    std::map<std::string, std::set<std::string>> people;
    for (const auto& assignment : engagement.assignments()) {
      EXPECT_TRUE(people[assignment.slot()].insert(assignment.expert()).second)
          << "a team is of different people";
    }
    EXPECT_EQ(people.size(), static_cast<size_t>(scope.slots_size()));
    for (const auto& slot : scope.slots()) {
      EXPECT_EQ(people[slot.id()].size(), static_cast<size_t>(slot.people()));
    }
  }
}

TEST_P(SampleProgramTest, ExpertsServeOnlyWhatTheyHoldAndWhileTheirPartnerIsAMember) {
  const auto requests = RequestsById();
  const auto experts = ExpertsByName();
  std::map<std::string, const matching::v1::Partner*> partners;
  for (const auto& partner : program_.partners) partners[partner.name()] = &partner;
  for (const PastEngagement& engagement : program_.engagements) {
    const auto& scope = ScopeOf(*requests.at(engagement.request_external_id()));
    const std::string agreed =
        FormatDate(DayOf(absl::FromUnixSeconds(engagement.create_time().seconds())));
    for (const auto& assignment : engagement.assignments()) {
      const auto& expert = *experts.at(assignment.expert());
      EXPECT_EQ(assignment.partner(), expert.partner());
      EXPECT_TRUE(expert.active());
      const auto& membership = partners.at(expert.partner())->memberships(0);
      EXPECT_LE(membership.start(), agreed);
      const auto slot = std::find_if(scope.slots().begin(), scope.slots().end(),
                                     [&](const auto& s) { return s.id() == assignment.slot(); });
      ASSERT_NE(slot, scope.slots().end());
      if (!membership.end().empty()) EXPECT_GE(membership.end(), agreed);
      EXPECT_TRUE(std::any_of(expert.topics().begin(), expert.topics().end(),
                              [&](const auto& held) {
                                return held.topic() == slot->topic() &&
                                       held.level() >= slot->minimum_level();
                              }))
          << expert.name() << " " << slot->topic();
    }
  }
}

TEST_P(SampleProgramTest, NobodyServesMoreThanTheyCanInAQuarter) {
  const auto experts = ExpertsByName();
  std::map<std::pair<std::string, int>, int> used;
  for (const PastEngagement& engagement : program_.engagements) {
    const absl::CivilDay day = DayOf(absl::FromUnixSeconds(engagement.create_time().seconds()));
    const int quarter = static_cast<int>(day.year()) * 4 + (day.month() - 1) / 3;
    for (const auto& assignment : engagement.assignments()) {
      EXPECT_LE(++used[std::pair(assignment.expert(), quarter)],
                experts.at(assignment.expert())->capacity_per_period());
    }
  }
}

TEST_P(SampleProgramTest, DeliveriesFallIntoTheirWindowsAndNotIntoTheFuture) {
  const auto requests = RequestsById();
  std::set<std::string> ids;
  for (const PastEngagement& engagement : program_.engagements) {
    const PastRequest& request = *requests.at(engagement.request_external_id());
    const auto& scope = ScopeOf(request);
    std::string before;
    std::set<std::string> completed;
    for (const auto& delivery : engagement.deliveries()) {
      EXPECT_TRUE(ids.insert(delivery.external_id()).second);
      const auto slot = std::find_if(scope.slots().begin(), scope.slots().end(),
                                     [&](const auto& s) { return s.id() == delivery.slot(); });
      ASSERT_NE(slot, scope.slots().end());
      EXPECT_GE(delivery.date(), slot->window_start());
      EXPECT_LE(delivery.date(), slot->window_end());
      EXPECT_LE(delivery.date(), FormatDate(days_.last));
      EXPECT_GE(delivery.date(), before);
      EXPECT_EQ(delivery.delivery_type(), slot->delivery_type());
      EXPECT_GE(delivery.quarter_hours(), 1);
      EXPECT_FALSE(completed.contains(delivery.slot())) << "nothing after the last of a slot";
      if (delivery.completes_slot()) completed.insert(delivery.slot());
      before = delivery.date();
    }
    const std::string state = WalkThrough(request);
    const bool all = completed.size() == static_cast<size_t>(scope.slots_size());
    EXPECT_EQ(all, state == "delivered" || state == "closed")
        << request.external_id() << " " << state;
    EXPECT_EQ(engagement.deliveries().empty(), state == "matched" || state == "planned");
  }
}

TEST_P(SampleProgramTest, AnEngagementHasThePlanThatItsRequestNames) {
  const auto requests = RequestsById();
  int without = 0;
  for (const PastEngagement& engagement : program_.engagements) {
    const PastRequest& request = *requests.at(engagement.request_external_id());
    const PastAction* told = nullptr;
    for (const PastAction& step : request.actions()) {
      if (step.action() == intake::v1::REQUEST_ACTION_RECORD_PLAN) told = &step;
    }
    EXPECT_EQ(engagement.plans_size(), told == nullptr ? 0 : 1) << engagement.external_id();
    if (told == nullptr) {
      EXPECT_EQ(WalkThrough(request), "matched") << "nothing was approved yet";
      ++without;
      continue;
    }
    EXPECT_EQ(told->details().plan_version(), 1);
    const auto& plan = engagement.plans(0);
    EXPECT_GE(plan.draw_up_time().seconds(), engagement.create_time().seconds());
    EXPECT_LE(plan.draw_up_time().seconds(), told->time().seconds());
    EXPECT_TRUE(absl::StartsWith(plan.drawn_up_by(), "coordinator:"));
    EXPECT_GE(plan.objectives_size(), 1);
  }
  EXPECT_LT(without, 10) << "those that were just matched";
}

TEST_P(SampleProgramTest, MilestonesAreOfSlotsAndReachedAsTheLifeTells) {
  const auto requests = RequestsById();
  int reached = 0;
  int open = 0;
  for (const PastEngagement& engagement : program_.engagements) {
    if (engagement.plans().empty()) continue;
    const PastRequest& request = *requests.at(engagement.request_external_id());
    const std::string agreed =
        FormatDate(DayOf(absl::FromUnixSeconds(engagement.create_time().seconds())));
    const std::string state = WalkThrough(request);
    std::set<std::string> slots;
    for (const auto& slot : ScopeOf(request).slots()) slots.insert(slot.id());
    std::map<std::string, std::string> completed;  // slot to day
    for (const auto& delivery : engagement.deliveries()) {
      if (delivery.completes_slot()) completed[delivery.slot()] = delivery.date();
    }
    std::set<std::string> planned;
    for (const auto& milestone : engagement.plans(0).milestones()) {
      const std::string where = absl::StrCat(engagement.external_id(), " ", milestone.title());
      EXPECT_NE(milestone.title(), "") << where;
      EXPECT_GE(milestone.due_date(), agreed) << where;
      milestone.reached_date().empty() ? ++open : ++reached;
      if (!milestone.reached_date().empty()) {
        EXPECT_GE(milestone.reached_date(), agreed) << where;
        EXPECT_LE(milestone.reached_date(), FormatDate(days_.last)) << where;
        EXPECT_NE(state, "matched") << where << ": a plan in force is approved";
      }
      if (milestone.slot().empty()) continue;
      EXPECT_TRUE(planned.insert(milestone.slot()).second) << where;
      EXPECT_EQ(milestone.reached_date(), completed[milestone.slot()]) << where;
    }
    EXPECT_EQ(planned, slots) << engagement.external_id();
  }
  EXPECT_GT(reached, 300);
  EXPECT_GT(open, 0);
}

TEST_P(SampleProgramTest, SurveysAreAboutEngagementsThatThereAreAndNameNobody) {
  std::set<std::string> engagements;
  for (const PastEngagement& engagement : program_.engagements) {
    engagements.insert(engagement.external_id());
  }
  std::set<std::string> ids;
  for (const auto& response : program_.surveys) {
    EXPECT_TRUE(ids.insert(response.external_id()).second);
    EXPECT_TRUE(engagements.contains(response.engagement_external_id()));
    EXPECT_LE(response.date(), FormatDate(days_.last));
    EXPECT_GE(response.satisfaction(), 0);
    EXPECT_LE(response.satisfaction(), 5);
    const bool test = response.instrument() == metrics::v1::INSTRUMENT_PRE ||
                      response.instrument() == metrics::v1::INSTRUMENT_POST;
    EXPECT_EQ(response.has_knowledge_percent(), test);
  }
}

// --- The seed ---------------------------------------------------------------------------------------

std::string AllOf(const SampleProgram& program) {
  std::string all;
  const auto files = FormatSample(program);
  EXPECT_TRUE(files.ok());
  for (const SampleFile& file : *files) all += file.content;
  return all;
}

TEST_P(SampleProgramTest, IsTheSameForTheSameSeed) {
  EXPECT_EQ(AllOf(MakeSampleProgram(GetParam())), AllOf(program_));
}

TEST_P(SampleProgramTest, IsAnotherForAnotherSeed) {
  SampleOptions other = GetParam();
  ++other.seed;
  const SampleProgram another = MakeSampleProgram(other);
  EXPECT_NE(another.requests[0].SerializeAsString(), program_.requests[0].SerializeAsString());
  EXPECT_NE(another.experts[0].full_name() + another.experts[1].full_name(),
            program_.experts[0].full_name() + program_.experts[1].full_name());
  EXPECT_NE(another.agencies[0].SerializeAsString(), program_.agencies[0].SerializeAsString());
}

// --- The files --------------------------------------------------------------------------------------

TEST_P(SampleProgramTest, EveryFileSaysThatItIsFictional) {
  const auto files = FormatSample(program_);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->size(), 7u);
  for (const SampleFile& file : *files) {
    EXPECT_TRUE(absl::StartsWith(file.content, "# Fictional")) << file.name;
  }
}

}  // namespace
}  // namespace critac::cli
