// RequestService over gRPC, with production wiring and SQLite.
#include <algorithm>

#include "services/intake/proto_time.h"
#include "services/intake/request_state.h"
#include "services/intake/service_testing.h"

namespace critac::intake {
namespace {

using ::testing::AllOf;
using testing::DetailsFor;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IntakeServer;
using ::testing::IsEmpty;
using testing::kAlex;
using testing::kDana;
using testing::kLakeChief;
using testing::kMatching;
using testing::kMorgan;
using testing::kSummitChief;
using ::testing::Not;
using testing::Succeeds;

class RequestServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { intake_.MakeWorld(); }

  // Name of a new request.
  std::string Create(bool submit = false, const std::string& who = kLakeChief,
                     const std::string& agency = "agencies/ag-000001") {
    const auto created = intake_.CreateRequest(IntakeServer::Wanted(agency), who, submit);
    EXPECT_THAT(created, Succeeds());
    return created.ok() ? created->name() : "";
  }

  absl::StatusOr<v1::Request> Update(const std::string& name, const v1::Request& wanted,
                                     const std::vector<std::string>& paths,
                                     const std::string& who = kLakeChief,
                                     const std::string& etag = "") {
    v1::UpdateRequestRequest request;
    request.set_name(name);
    *request.mutable_request() = wanted;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    request.set_etag(etag);
    request.set_request_id(intake_.NewId());
    return intake_.Call(intake_.requests, &v1::RequestService::Stub::UpdateRequest, request, who);
  }

  std::vector<std::string> Names(const std::string& filter, const std::string& who = kDana) {
    std::vector<std::string> names;
    const auto page = intake_.ListRequests(filter, who);
    EXPECT_THAT(page, Succeeds()) << filter;
    if (page.ok()) {
      for (const v1::Request& request : page->requests()) names.push_back(request.name());
    }
    return names;
  }

  int64_t HeadSequence() { return intake_.journal().Head()->sequence; }

  IntakeServer intake_;
};

// ---- Writing down

TEST_F(RequestServiceTest, ADraftMayBeIncompleteAndASubmittedOneNot) {
  v1::Request wanted;
  wanted.set_agency("agencies/ag-000001");
  wanted.set_title("Fewer injuries");
  const auto draft = intake_.CreateRequest(wanted, kLakeChief);
  ASSERT_THAT(draft, Succeeds());
  EXPECT_EQ(draft->name(), "requests/fy27-000001");
  EXPECT_EQ(draft->state(), v1::REQUEST_STATE_DRAFT);
  EXPECT_EQ(draft->title(), "Fewer injuries");
  EXPECT_EQ(draft->program(), "programs/cri-tac");

  const auto refused = intake_.CreateRequest(wanted, kLakeChief, true);
  ASSERT_THAT(refused, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_EQ(BadRequestOf(refused.status()).field_violations_size(), 6);
  EXPECT_THAT(intake_.Act(draft->name(), v1::REQUEST_ACTION_SUBMIT, kLakeChief),
              FailsWith(absl::StatusCode::kFailedPrecondition, "REQUEST_INCOMPLETE"));
}

TEST_F(RequestServiceTest, ARequestIsWrittenDownAndSubmittedInOneCall) {
  const auto created = intake_.CreateRequest(IntakeServer::Wanted(), kLakeChief, true);
  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->state(), v1::REQUEST_STATE_SUBMITTED);
  EXPECT_EQ(created->clocks_size(), 3);
  EXPECT_TRUE(created->has_submit_time());
  EXPECT_THAT(created->available_actions(), ElementsAre(v1::REQUEST_ACTION_WITHDRAW));
  EXPECT_EQ(created->agency_profile().sworn_officers(), 40);
  EXPECT_EQ(created->contacts(0).full_name(), "Robin Example");
  const auto read = intake_.GetRequest(created->name(), kLakeChief);
  EXPECT_EQ(read->SerializeAsString(), created->SerializeAsString());
}

TEST_F(RequestServiceTest, ARepeatedCallGetsTheFirstAnswerAndHappensOnce) {
  const std::string id = intake_.NewId();
  const auto first = intake_.CreateRequest(IntakeServer::Wanted(), kLakeChief, true, id);
  ASSERT_THAT(first, Succeeds());
  ASSERT_THAT(intake_.Act(first->name(), v1::REQUEST_ACTION_ACKNOWLEDGE, kDana), Succeeds());
  const auto again = intake_.CreateRequest(IntakeServer::Wanted(), kLakeChief, true, id);
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(again->name(), first->name());
  EXPECT_EQ(again->etag(), first->etag());
  EXPECT_EQ(again->problem(), first->problem());
  EXPECT_EQ(again->agency_profile().sworn_officers(), 40);
  EXPECT_THAT(intake_.CreateRequest(IntakeServer::Wanted(), kLakeChief, false, id),
              FailsWith(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  EXPECT_EQ(Names("").size(), 1u);
}

TEST_F(RequestServiceTest, NumbersHaveNoGapsAlsoWhereCallsAreRefused) {
  v1::Request wrong = IntakeServer::Wanted();
  wrong.add_topics("topics/unheard-of");
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(intake_.CreateRequest(wrong, kLakeChief),
                FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
    names.push_back(Create());
  }
  EXPECT_THAT(names,
              ElementsAre("requests/fy27-000001", "requests/fy27-000002", "requests/fy27-000003"));
}

TEST_F(RequestServiceTest, AFederalAgencyIsRefusedWithAReason) {
  v1::Agency federal = testing::AgencyCalled("Bureau");
  federal.set_type(type::v1::AGENCY_TYPE_FEDERAL);
  const auto agency = intake_.CreateAgency(federal);
  ASSERT_THAT(agency, Succeeds()) << "it is kept on record";
  EXPECT_THAT(intake_.CreateRequest(IntakeServer::Wanted(agency->name()), kDana),
              FailsWith(absl::StatusCode::kFailedPrecondition, "AGENCY_NOT_ELIGIBLE"));
}

TEST_F(RequestServiceTest, AnAgencyAsksForItselfOnly) {
  EXPECT_THAT(intake_.CreateRequest(IntakeServer::Wanted("agencies/ag-000002"), kLakeChief),
              FailsWith(absl::StatusCode::kPermissionDenied, "NOT_YOUR_AGENCY"));
  EXPECT_THAT(intake_.CreateRequest(IntakeServer::Wanted("agencies/ag-000002"), kDana), Succeeds());
}

// ---- Seeing

TEST_F(RequestServiceTest, AnotherAgencysRequestIsNotThere) {
  const std::string name = Create(true);
  EXPECT_THAT(intake_.GetRequest(name, kLakeChief), Succeeds());
  const auto hidden = intake_.GetRequest(name, kSummitChief);
  ASSERT_THAT(hidden, FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  const auto missing = intake_.GetRequest("requests/fy27-000999", kSummitChief);
  EXPECT_EQ(hidden.status().message(), "there is no requests/fy27-000001");
  EXPECT_EQ(missing.status().message(), "there is no requests/fy27-000999") << "told alike";
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_WITHDRAW, kSummitChief),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Update(name, IntakeServer::Wanted(), {"title"}, kSummitChief),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_EQ(intake_.GetRequest(name)->state(), v1::REQUEST_STATE_SUBMITTED);
}

TEST_F(RequestServiceTest, AnAgencyListsItsOwnWhateverItFiltersBy) {
  const std::string lake = Create(true);
  const std::string summit = Create(true, kSummitChief, "agencies/ag-000002");
  EXPECT_THAT(Names("", kDana), ElementsAre(summit, lake));
  EXPECT_THAT(Names("", kLakeChief), ElementsAre(lake));
  EXPECT_THAT(Names("agency = \"agencies/ag-000002\"", kLakeChief), IsEmpty());
  EXPECT_THAT(
      Names("agency = \"agencies/ag-000001\" OR agency = \"agencies/ag-000002\"", kLakeChief),
      ElementsAre(lake));
}

TEST_F(RequestServiceTest, TheActionsAndTheProfileAreThoseOfCallerAndMoment) {
  const std::string name = Create(true);
  EXPECT_THAT(
      intake_.GetRequest(name, kDana)->available_actions(),
      ElementsAre(v1::REQUEST_ACTION_ACKNOWLEDGE, v1::REQUEST_ACTION_HOLD, v1::REQUEST_ACTION_REFER,
                  v1::REQUEST_ACTION_MARK_DUPLICATE, v1::REQUEST_ACTION_WITHDRAW));
  EXPECT_THAT(intake_.GetRequest(name, kAlex)->available_actions(), IsEmpty());

  v1::Agency grown;
  grown = *intake_.GetAgency("agencies/ag-000001");
  grown.mutable_sworn_full_time()->set_count(400);
  ASSERT_THAT(intake_.UpdateAgency("agencies/ag-000001", grown, {"sworn_full_time"}), Succeeds());
  EXPECT_EQ(intake_.GetRequest(name)->agency_profile().size_band(), type::v1::SIZE_BAND_250_999);
  const auto acted = intake_.Act(name, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana);
  EXPECT_EQ(acted->agency_profile().sworn_officers(), 400);
  EXPECT_THAT(acted->available_actions(), ::testing::Contains(v1::REQUEST_ACTION_ACCEPT));
  const auto listed = intake_.ListRequests("", kDana);
  EXPECT_EQ(listed->requests(0).agency_profile().sworn_officers(), 400);
  EXPECT_EQ(listed->requests(0).available_actions_size(), acted->available_actions_size());
}

TEST_F(RequestServiceTest, ListsNewestFirstInPages) {
  std::vector<std::string> created;
  for (int i = 0; i < 12; ++i) created.push_back(Create(i % 2 == 0));
  std::reverse(created.begin(), created.end());
  std::vector<std::string> seen;
  std::string token;
  do {
    const auto page = intake_.ListRequests("", kLakeChief, 5, token);
    ASSERT_THAT(page, Succeeds());
    for (const v1::Request& request : page->requests()) seen.push_back(request.name());
    token = page->next_page_token();
  } while (!token.empty());
  EXPECT_EQ(seen, created);
  const std::string mine = intake_.ListRequests("", kLakeChief, 5)->next_page_token();
  EXPECT_EQ(intake_.ListRequests("", kSummitChief, 5, mine).status().code(),
            absl::StatusCode::kInvalidArgument)
      << "a token is of one list, also where only the caller differs";
  EXPECT_EQ(intake_.ListRequests("", kDana, -1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RequestServiceTest, FiltersByWhatAQueueIsWorkedBy) {
  v1::Request urgent = IntakeServer::Wanted();
  urgent.set_urgency(v1::URGENCY_CRITICAL);
  urgent.set_needed_by("2026-11-01");
  urgent.mutable_topics()->Clear();
  urgent.add_topics("topics/officer-safety");
  const std::string plain = Create(true);
  intake_.clock.Advance(absl::Hours(24));
  const auto second = intake_.CreateRequest(urgent, kLakeChief, true);
  ASSERT_THAT(second, Succeeds());
  ASSERT_THAT(intake_.Act(plain, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana), Succeeds());
  EXPECT_THAT(Names("state = REQUEST_STATE_IN_REVIEW"), ElementsAre(plain));
  EXPECT_THAT(Names("urgency = URGENCY_CRITICAL"), ElementsAre(second->name()));
  EXPECT_THAT(Names("primary_topic = \"topics/officer-safety\""), ElementsAre(second->name()));
  EXPECT_THAT(Names("coordinator = \"coordinator:dana\""), ElementsAre(plain));
  EXPECT_THAT(Names("needed_by <= 2026-11-01"), ElementsAre(second->name()));
  EXPECT_THAT(Names("needed_by < 2026-11-01"), IsEmpty()) << "one without a day is not before it";
  EXPECT_THAT(Names("create_time < \"2026-10-06T00:00:00Z\""), ElementsAre(plain));
}

// ---- Changing

TEST_F(RequestServiceTest, AnUpdateChangesTheNamedFieldsAndKeepsTheTexts) {
  const std::string name = Create(true);
  v1::Request wanted;
  wanted.set_problem("Said in other words");
  const auto updated = Update(name, wanted, {"problem"});
  ASSERT_THAT(updated, Succeeds());
  EXPECT_EQ(updated->problem(), "Said in other words");
  EXPECT_EQ(updated->desired_outcome(), "A training plan that holds");
  EXPECT_EQ(updated->contacts(0).email(), "robin@lake.example.gov");
  EXPECT_EQ(updated->clocks_size(), 3);
  EXPECT_EQ(intake_.GetRequest(name)->problem(), "Said in other words");
}

TEST_F(RequestServiceTest, AChangeBasedOnAnOlderVersionIsAborted) {
  const std::string name = Create(true);
  const std::string etag = intake_.GetRequest(name)->etag();
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana, {}, etag), Succeeds());
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACCEPT, kDana, {}, etag),
              FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_THAT(Update(name, IntakeServer::Wanted(), {"title"}, kLakeChief, etag),
              FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_EQ(intake_.GetRequest(name)->state(), v1::REQUEST_STATE_IN_REVIEW);
}

TEST_F(RequestServiceTest, AMatchedRequestIsNotChanged) {
  const std::string name = intake_.ReadyRequest();
  EXPECT_THAT(Update(name, IntakeServer::Wanted(), {"urgency"}), Succeeds());
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_RECORD_MATCH, kMatching), Succeeds());
  EXPECT_THAT(Update(name, IntakeServer::Wanted(), {"urgency"}),
              FailsWith(absl::StatusCode::kFailedPrecondition, "REQUEST_NOT_CHANGEABLE"));
}

// ---- A life

TEST_F(RequestServiceTest, LeadsARequestFromADraftToAClosedRecord) {
  const std::string name = Create();
  const struct {
    v1::RequestAction action;
    const char* who;
    v1::RequestState state;
  } life[] = {{v1::REQUEST_ACTION_SUBMIT, kLakeChief, v1::REQUEST_STATE_SUBMITTED},
              {v1::REQUEST_ACTION_ACKNOWLEDGE, kDana, v1::REQUEST_STATE_IN_REVIEW},
              {v1::REQUEST_ACTION_ASK_FOR_INFORMATION, kDana, v1::REQUEST_STATE_NEEDS_INFORMATION},
              {v1::REQUEST_ACTION_HOLD, kDana, v1::REQUEST_STATE_ON_HOLD},
              {v1::REQUEST_ACTION_RESUME, kDana, v1::REQUEST_STATE_NEEDS_INFORMATION},
              {v1::REQUEST_ACTION_PROVIDE_INFORMATION, kLakeChief, v1::REQUEST_STATE_IN_REVIEW},
              {v1::REQUEST_ACTION_ACCEPT, kDana, v1::REQUEST_STATE_SCOPING},
              {v1::REQUEST_ACTION_COMPLETE_SCOPING, kDana, v1::REQUEST_STATE_READY},
              {v1::REQUEST_ACTION_RECORD_MATCH, kMatching, v1::REQUEST_STATE_MATCHED},
              {v1::REQUEST_ACTION_REMATCH, kMatching, v1::REQUEST_STATE_READY},
              {v1::REQUEST_ACTION_RECORD_MATCH, kMatching, v1::REQUEST_STATE_MATCHED},
              {v1::REQUEST_ACTION_RECORD_PLAN, kMatching, v1::REQUEST_STATE_MATCHED},
              {v1::REQUEST_ACTION_APPROVE_PLAN, kMorgan, v1::REQUEST_STATE_MATCHED},
              {v1::REQUEST_ACTION_APPROVE_PLAN, kLakeChief, v1::REQUEST_STATE_PLANNED},
              {v1::REQUEST_ACTION_START_DELIVERY, kMatching, v1::REQUEST_STATE_IN_DELIVERY},
              {v1::REQUEST_ACTION_COMPLETE_DELIVERY, kMatching, v1::REQUEST_STATE_DELIVERED},
              {v1::REQUEST_ACTION_CLOSE, kDana, v1::REQUEST_STATE_CLOSED},
              {v1::REQUEST_ACTION_REOPEN, kDana, v1::REQUEST_STATE_IN_REVIEW},
              {v1::REQUEST_ACTION_WITHDRAW, kLakeChief, v1::REQUEST_STATE_WITHDRAWN}};
  for (const auto& step : life) {
    intake_.clock.Advance(absl::Hours(20));
    const auto after = intake_.Act(name, step.action, step.who);
    ASSERT_THAT(after, Succeeds()) << ActionText(step.action);
    EXPECT_EQ(after->state(), step.state) << ActionText(step.action);
  }
  const auto request = intake_.GetRequest(name);
  EXPECT_EQ(request->question(), "How many officers?");
  EXPECT_EQ(request->answer(), "Forty");
  EXPECT_EQ(request->reason(), "Said in words");
  EXPECT_EQ(request->scope().agreed_needs(), "Two sessions");
  EXPECT_EQ(request->coordinator(), "coordinator:dana");
}

TEST_F(RequestServiceTest, APlanIsApprovedOnceItIsDrawnUpAndTheApprovalNamesItsVersion) {
  const std::string name = intake_.ReadyRequest();
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_RECORD_MATCH, kMatching), Succeeds());
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_APPROVE_PLAN, kLakeChief),
              FailsWith(absl::StatusCode::kFailedPrecondition, "PLAN_NOT_DRAWN_UP"));
  v1::ActionDetails second;
  second.set_plan_version(2);
  const auto told = intake_.Act(name, v1::REQUEST_ACTION_RECORD_PLAN, kMatching, second);
  ASSERT_THAT(told, Succeeds());
  EXPECT_EQ(told->plan_version(), 2);
  const auto approved = intake_.Act(name, v1::REQUEST_ACTION_APPROVE_PLAN, kLakeChief);
  ASSERT_THAT(approved, Succeeds());
  EXPECT_EQ(approved->agency_approval().plan_version(), 2);
  const auto events = intake_.journal().ReadEvents(1, 100, {}, name);
  ASSERT_TRUE(events.ok());
  EXPECT_THAT(events->back().payload(), HasSubstr("\"planVersion\":2"));
}

TEST_F(RequestServiceTest, ANewVersionOfThePlanIsNotToldOverWhatChangedMeanwhile) {
  const std::string name = intake_.ReadyRequest();
  const auto matched = intake_.Act(name, v1::REQUEST_ACTION_RECORD_MATCH, kMatching);
  ASSERT_THAT(matched, Succeeds());
  v1::ActionDetails version;
  version.set_plan_version(2);
  ASSERT_THAT(
      intake_.Act(name, v1::REQUEST_ACTION_RECORD_PLAN, kMatching, version, matched->etag()),
      Succeeds());
  version.set_plan_version(1);
  EXPECT_THAT(
      intake_.Act(name, v1::REQUEST_ACTION_RECORD_PLAN, kMatching, version, matched->etag()),
      FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_EQ(intake_.GetRequest(name)->plan_version(), 2);
}

TEST_F(RequestServiceTest, ASlotAsksForTheSizeOfTheAgencyOrForOneItNamesNotForBoth) {
  const std::string name = Create(true);
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana), Succeeds());
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACCEPT, kDana), Succeeds());
  v1::ActionDetails details = DetailsFor(v1::REQUEST_ACTION_COMPLETE_SCOPING);
  v1::Slot& slot = *details.mutable_scope()->mutable_slots(0);
  slot.set_served_in_same_size_band(true);
  slot.set_served_in_size_band(type::v1::SIZE_BAND_2_9);
  const auto refused = intake_.Act(name, v1::REQUEST_ACTION_COMPLETE_SCOPING, kDana, details);
  ASSERT_THAT(refused, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  const auto bad = BadRequestOf(refused.status());
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "details.scope.slots[0].served_in_same_size_band");
  EXPECT_EQ(bad.field_violations(0).description(),
            "contradicts served_in_size_band, SIZE_BAND_2_9; one of the two");

  slot.clear_served_in_size_band();
  const auto ready = intake_.Act(name, v1::REQUEST_ACTION_COMPLETE_SCOPING, kDana, details);
  ASSERT_THAT(ready, Succeeds());
  EXPECT_TRUE(ready->scope().slots(0).served_in_same_size_band());
}

TEST_F(RequestServiceTest, EveryStepIsInTheJournalWithWhoAndWhat) {
  const std::string name = Create(true);
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana), Succeeds());
  const auto events = intake_.journal().ReadEvents(1, 100, {}, name);
  ASSERT_TRUE(events.ok());
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].type(), "critac.intake.v1.RequestCreated");
  EXPECT_EQ((*events)[0].actor(), kLakeChief);
  EXPECT_EQ((*events)[2].actor(), kDana);
  EXPECT_THAT((*events)[2].payload(), HasSubstr("REQUEST_ACTION_ACKNOWLEDGE"));
  EXPECT_TRUE(intake_.journal().VerifyChain()->problem.empty());
}

TEST_F(RequestServiceTest, NothingPersonalAndNoFreeTextIsInTheJournal) {
  const std::string name = intake_.ReadyRequest();
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_HOLD, kDana), Succeeds());
  const auto events = intake_.journal().ReadEvents(1, 500);
  for (const auto& event : *events) {
    for (const char* text : {"Robin", "robin@", "injuries", "get hurt", "training plan",
                             "Two sessions", "Said in words"}) {
      EXPECT_THAT(event.payload(), Not(HasSubstr(text))) << event.type();
    }
  }
  EXPECT_EQ(intake_.GetRequest(name)->reason(), "Said in words");
}

TEST_F(RequestServiceTest, APartnerThatCompletesADeliveryIsNotShownWhatTheAgencyWrote) {
  const std::string name = intake_.ReadyRequest();
  for (const auto& [action, who] : std::vector<std::pair<v1::RequestAction, const char*>>{
           {v1::REQUEST_ACTION_RECORD_MATCH, kMatching},
           {v1::REQUEST_ACTION_RECORD_PLAN, kMatching},
           {v1::REQUEST_ACTION_APPROVE_PLAN, kLakeChief},
           {v1::REQUEST_ACTION_APPROVE_PLAN, kMorgan},
           {v1::REQUEST_ACTION_START_DELIVERY, kMatching}}) {
    ASSERT_THAT(intake_.Act(name, action, who), Succeeds());
  }
  const auto done =
      intake_.Act(name, v1::REQUEST_ACTION_COMPLETE_DELIVERY, "partner:partners/iacp");
  ASSERT_THAT(done, Succeeds());
  EXPECT_EQ(done->name(), name);
  EXPECT_EQ(done->state(), v1::REQUEST_STATE_DELIVERED);
  EXPECT_NE(done->follow_up_date(), "");
  EXPECT_EQ(done->problem(), "");
  EXPECT_EQ(done->contacts_size(), 0);
  EXPECT_EQ(done->agency(), "");
}

TEST_F(RequestServiceTest, ARefusedActionSaysWhyAndChangesNothing) {
  const std::string name = Create(true);
  const int64_t head = HeadSequence();
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACCEPT, kDana),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_ACKNOWLEDGE, kMorgan),
              FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_HOLD, kDana, {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_THAT(
      intake_.Act(name, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana, DetailsFor(v1::REQUEST_ACTION_HOLD)),
      FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_THAT(intake_.Act("requests/fy27-000999", v1::REQUEST_ACTION_ACCEPT, kDana),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(intake_.Act(name, v1::REQUEST_ACTION_MARK_DUPLICATE, kDana),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_EQ(HeadSequence(), head);
}

TEST_F(RequestServiceTest, ADuplicateNamesARequestOnRecord) {
  const std::string first = Create(true);
  const std::string second = Create(true);
  v1::ActionDetails details;
  details.set_duplicate_of(first);
  const auto marked = intake_.Act(second, v1::REQUEST_ACTION_MARK_DUPLICATE, kDana, details);
  ASSERT_THAT(marked, Succeeds());
  EXPECT_EQ(marked->duplicate_of(), first);
  details.set_duplicate_of(second);
  EXPECT_THAT(intake_.Act(first, v1::REQUEST_ACTION_MARK_DUPLICATE, kDana, details),
              FailsWith(absl::StatusCode::kFailedPrecondition, "ORIGINAL_IS_DUPLICATE"));
}

TEST_F(RequestServiceTest, TheLifecycleIsThereForAllToRead) {
  const auto table = intake_.Call(intake_.requests, &v1::RequestService::Stub::GetLifecycle,
                                  v1::GetLifecycleRequest(), "partner:partners/iacp");
  ASSERT_THAT(table, Succeeds());
  EXPECT_EQ(table->SerializeAsString(), LifecycleTable().SerializeAsString());
}

// ---- Hostile input

TEST_F(RequestServiceTest, HostileInputIsRefusedAndNothingHappens) {
  const int64_t head = HeadSequence();
  const auto refuse = [&](const char* what, auto spoil) {
    v1::Request wanted = IntakeServer::Wanted();
    spoil(wanted);
    const auto refused = intake_.CreateRequest(wanted, kLakeChief);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument)
        << what << ": " << refused.status();
  };
  refuse("a reference into the vault", [](v1::Request& r) {
    r.set_title("vault:1.1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  });
  refuse("a title that is too long", [](v1::Request& r) { r.set_title(std::string(201, 'x')); });
  refuse("no title", [](v1::Request& r) { r.clear_title(); });
  refuse("no agency", [](v1::Request& r) { r.clear_agency(); });
  refuse("a control character", [](v1::Request& r) { r.set_title(std::string("a\0b", 3)); });
  refuse("an unknown enum", [](v1::Request& r) { r.set_urgency(static_cast<v1::Urgency>(77)); });
  refuse("another kind of resource", [](v1::Request& r) { r.add_topics("agencies/ag-000001"); });
  refuse("a path", [](v1::Request& r) { r.set_agency("agencies/../requests"); });
  refuse("a topic twice", [](v1::Request& r) { r.add_topics(r.topics(0)); });
  refuse("too many topics", [](v1::Request& r) {
    for (int i = 0; i < 11; ++i) r.add_topics(absl::StrCat("topics/t", i));
  });
  refuse("a day that does not exist", [](v1::Request& r) { r.set_needed_by("2026-02-30"); });
  refuse("a negative count", [](v1::Request& r) { r.set_audience_size(-1); });
  refuse("no e-mail address", [](v1::Request& r) { r.mutable_contacts(0)->set_email("nobody"); });
  refuse("a consent of tomorrow", [](v1::Request& r) {
    r.mutable_identity_consent()->mutable_time()->set_seconds(4'000'000'000);
  });
  v1::CreateRequestRequest no_id;
  *no_id.mutable_request() = IntakeServer::Wanted();
  EXPECT_THAT(
      intake_.Call(intake_.requests, &v1::RequestService::Stub::CreateRequest, no_id, kLakeChief),
      FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELDS"));
  EXPECT_EQ(HeadSequence(), head);
}

TEST_F(RequestServiceTest, WhatACallerSendsInTheServersFieldsIsDropped) {
  v1::Request wanted = IntakeServer::Wanted();
  wanted.set_name("requests/fy99-000001");
  wanted.set_state(v1::REQUEST_STATE_CLOSED);
  wanted.set_coordinator("coordinator:mallory");
  wanted.set_external_id("legacy:1");
  wanted.mutable_program_approval()->set_actor("program-manager:mallory");
  *wanted.mutable_scope() = testing::TwoSlots();
  const auto created = intake_.CreateRequest(wanted, kLakeChief);
  ASSERT_THAT(created, Succeeds());
  EXPECT_EQ(created->name(), "requests/fy27-000001");
  EXPECT_EQ(created->state(), v1::REQUEST_STATE_DRAFT);
  EXPECT_EQ(created->coordinator(), "");
  EXPECT_EQ(created->external_id(), "");
  EXPECT_FALSE(created->has_program_approval());
  EXPECT_FALSE(created->has_scope());
}

// ---- Import

class RequestImportServiceTest : public RequestServiceTest {
 protected:
  static v1::PastRequest Past(const std::string& external_id) {
    v1::PastRequest row;
    row.set_external_id(external_id);
    *row.mutable_request() = IntakeServer::Wanted();
    row.mutable_request()->clear_agency();
    row.set_agency_alias("UT0180100");
    *row.mutable_create_time() = ToProto(testing::At("2024-02-01"));
    const std::pair<v1::RequestAction, const char*> steps[] = {
        {v1::REQUEST_ACTION_SUBMIT, "agency:agencies/-#chief"},
        {v1::REQUEST_ACTION_ACKNOWLEDGE, "coordinator:eli"},
        {v1::REQUEST_ACTION_REFER, "coordinator:eli"}};
    int day = 1;
    for (const auto& [action, actor] : steps) {
      v1::PastAction& past = *row.add_actions();
      past.set_action(action);
      past.set_actor(actor);
      *past.mutable_time() = ToProto(testing::At(absl::StrCat("2024-02-0", ++day)));
      *past.mutable_details() = DetailsFor(action);
    }
    return row;
  }

  absl::StatusOr<v1::ImportRequestsResponse> Import(const std::vector<v1::PastRequest>& rows,
                                                    bool validate_only = false) {
    v1::ImportRequestsRequest request;
    for (const v1::PastRequest& row : rows) *request.add_requests() = row;
    request.set_validate_only(validate_only);
    request.set_request_id(intake_.NewId());
    return intake_.Call(intake_.requests, &v1::RequestService::Stub::ImportRequests, request,
                        kDana);
  }
};

TEST_F(RequestImportServiceTest, RecordsThePastWithItsTimesAndWhenItWasRecorded) {
  const auto imported = Import({Past("legacy:1")});
  ASSERT_THAT(imported, Succeeds());
  ASSERT_EQ(imported->results(0).problem(), "");
  const auto request = intake_.GetRequest("requests/fy24-000001");
  ASSERT_THAT(request, Succeeds());
  EXPECT_EQ(request->state(), v1::REQUEST_STATE_REFERRED);
  EXPECT_EQ(request->agency(), "agencies/ag-000001");
  EXPECT_EQ(request->external_id(), "legacy:1");
  EXPECT_EQ(request->coordinator(), "coordinator:eli");
  EXPECT_EQ(request->referred_to(), "Another program");
  EXPECT_THAT(Names("external_id = \"legacy:1\""), ElementsAre(request->name()));
  EXPECT_THAT(Names("external_id = \"legacy:2\""), IsEmpty());
  EXPECT_EQ(FromProto(request->create_time()), testing::At("2024-02-01"));
  EXPECT_EQ(FromProto(request->update_time()), intake_.clock.Now()) << "recorded now";
  const auto events = intake_.journal().ReadEvents(1, 100, {}, request->name());
  ASSERT_EQ(events->size(), 4u);
  EXPECT_EQ((*events)[3].actor(), kDana) << "who imported";
  EXPECT_THAT((*events)[3].payload(), HasSubstr("coordinator:eli"));
}

TEST_F(RequestImportServiceTest, TheSameRowsAgainChangeNothing) {
  ASSERT_THAT(Import({Past("legacy:1"), Past("legacy:2")}), Succeeds());
  const int64_t head = HeadSequence();
  intake_.Restart();
  const auto again = Import({Past("legacy:1"), Past("legacy:2"), Past("legacy:3")});
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(again->results(0).outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_EQ(again->results(0).name(), "requests/fy24-000001");
  EXPECT_EQ(again->results(1).outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_EQ(again->results(2).name(), "requests/fy24-000003");
  EXPECT_EQ(HeadSequence(), head + 4);
}

TEST_F(RequestImportServiceTest, RefusedRowsNameTheStepOrTheFieldAndDoNotStopTheOthers) {
  v1::PastRequest broken = Past("legacy:1");
  broken.mutable_actions(1)->set_action(v1::REQUEST_ACTION_CLOSE);
  v1::PastRequest malformed = Past("no colon");
  v1::PastRequest vault = Past("legacy:3");
  vault.mutable_request()->set_problem("vault:1.1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  v1::PastRequest nobody = Past("legacy:4");
  nobody.mutable_actions(0)->set_actor("wizard:merlin");
  const auto imported = Import({broken, malformed, vault, nobody, Past("legacy:5")});
  ASSERT_THAT(imported, Succeeds());
  EXPECT_THAT(imported->results(0).problem(),
              AllOf(HasSubstr("actions[1], CLOSE"), HasSubstr("does not start from SUBMITTED")));
  EXPECT_THAT(imported->results(1).problem(), HasSubstr("external_id"));
  EXPECT_THAT(imported->results(2).problem(), HasSubstr("request.problem"));
  EXPECT_THAT(imported->results(3).problem(), HasSubstr("actions[0], SUBMIT"));
  EXPECT_EQ(imported->results(4).name(), "requests/fy24-000001");
  EXPECT_EQ(Names("").size(), 1u);
}

TEST_F(RequestImportServiceTest, ACheckedImportChangesNothing) {
  const auto before = intake_.Tables();
  const int64_t head = HeadSequence();
  const auto checked = Import({Past("legacy:1"), Past("legacy:1")}, true);
  ASSERT_THAT(checked, Succeeds());
  EXPECT_EQ(checked->results(0).outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(checked->results(0).name(), "");
  EXPECT_EQ(checked->results(1).outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_EQ(intake_.Tables(), before);
  EXPECT_EQ(HeadSequence(), head);
}

}  // namespace
}  // namespace critac::intake
