// What recusals hide at intake from whom, method by method; and how matching tells of them.
#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/intake/proto_time.h"
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
using testing::kDana;
using testing::kLakeChief;
using testing::kMatching;
using testing::kMorgan;
using ::testing::Not;
using ::testing::SizeIs;
using testing::Succeeds;

constexpr char kAna[] = "coordinator:Ana@X.org";
constexpr char kLake[] = "agencies/ag-000001";
constexpr char kSummit[] = "agencies/ag-000002";

// Ana, a coordinator, is an expert of partner elm, too.
class RecusalServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { intake_.MakeWorld(); }

  // Ana's recusal from an agency.
  static v1::Recusal Recusal(const std::string& agency = kLake, const std::string& valid_to = "") {
    v1::Recusal recusal;
    recusal.set_name(absl::StrCat("conflicts/c-", agency.substr(9)));
    recusal.add_agencies(agency);
    recusal.set_valid_to(valid_to);
    recusal.add_parties("experts/e1");
    recusal.add_parties("partners/elm#e1");
    recusal.add_addresses("ana@x.org");
    return recusal;
  }

  // Tells all recusals anew, as who has just read what was told before.
  void Tell(const std::vector<v1::Recusal>& recusals) {
    const auto known = intake_.GetRecusals();
    ASSERT_THAT(known, Succeeds());
    ASSERT_THAT(intake_.SetRecusals(recusals, known->etag()), Succeeds());
  }

  std::string Create(const std::string& agency = kLake, const std::string& served = "") {
    v1::Request wanted = IntakeServer::Wanted(agency);
    if (!served.empty()) wanted.add_co_served_agencies(served);
    const auto created = intake_.CreateRequest(wanted, kDana, true);
    EXPECT_THAT(created, Succeeds());
    return created.ok() ? created->name() : "";
  }

  absl::StatusOr<v1::Request> Update(const std::string& name, const v1::Request& wanted,
                                     const std::string& path, const std::string& who) {
    v1::UpdateRequestRequest request;
    request.set_name(name);
    *request.mutable_request() = wanted;
    request.mutable_update_mask()->add_paths(path);
    request.set_request_id(intake_.NewId());
    return intake_.Call(intake_.requests, &v1::RequestService::Stub::UpdateRequest, request, who);
  }

  absl::StatusOr<v1::ImportRequestsResponse> Import(const v1::PastRequest& row,
                                                    const std::string& who) {
    return ImportAll({row}, who, intake_.NewId());
  }
  absl::StatusOr<v1::ImportRequestsResponse> ImportAll(const std::vector<v1::PastRequest>& rows,
                                                       const std::string& who,
                                                       const std::string& request_id) {
    v1::ImportRequestsRequest request;
    request.mutable_requests()->Assign(rows.begin(), rows.end());
    request.set_request_id(request_id);
    return intake_.Call(intake_.requests, &v1::RequestService::Stub::ImportRequests, request, who);
  }
  static v1::PastRequest Past(const std::string& external_id, const std::string& alias) {
    v1::PastRequest row;
    row.set_external_id(external_id);
    *row.mutable_request() = IntakeServer::Wanted();
    row.mutable_request()->clear_agency();
    row.set_agency_alias(alias);
    *row.mutable_create_time() = ToProto(testing::At("2024-02-01"));
    return row;
  }

  // A row of Summit that was a duplicate: of a request by its name, or by its past record.
  static v1::PastRequest PastDuplicate(const std::string& external_id, const std::string& original,
                                       const std::string& original_external_id = "") {
    v1::PastRequest row = Past(external_id, "UT0220000");
    for (const auto action : {v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_ACTION_MARK_DUPLICATE}) {
      v1::PastAction& step = *row.add_actions();
      step.set_action(action);
      *step.mutable_time() = ToProto(testing::At("2024-02-02"));
      step.set_actor(kDana);
    }
    row.mutable_actions(1)->mutable_details()->set_duplicate_of(original);
    row.mutable_actions(1)->set_duplicate_of_external_id(original_external_id);
    return row;
  }

  std::vector<std::string> Names(const std::string& who, const std::string& filter = "") {
    std::vector<std::string> names;
    const auto page = intake_.ListRequests(filter, who);
    EXPECT_THAT(page, Succeeds());
    if (page.ok()) {
      for (const v1::Request& request : page->requests()) names.push_back(request.name());
    }
    return names;
  }

  bool Sees(const std::string& who, const std::string& request) {
    const auto read = intake_.GetRequest(request, who);
    if (!read.ok()) {
      EXPECT_THAT(read, FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
    }
    return read.ok();
  }

  int64_t Head() { return intake_.journal().Head()->sequence; }

  IntakeServer intake_;
};

std::string WithoutName(absl::string_view words, const std::string& name) {
  return absl::StrReplaceAll(words, {{name, "R"}});
}

// An error without the name of the request that it is about.
std::string WordsOf(const absl::Status& status, const std::string& request) {
  std::vector<std::string> parts;
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    parts.push_back(absl::StrCat(type, "=", absl::CHexEscape(std::string(payload))));
  });
  std::sort(parts.begin(), parts.end());  // they come in any order
  return WithoutName(absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message(),
                                  " ", absl::StrJoin(parts, " ")),
                     request);
}

// ---- What is hidden

TEST_F(RecusalServiceTest, ARequestIsHiddenFromTheRecusedWhateverTheyCallAs) {
  const std::string lake = Create();
  v1::Recusal of_partner = Recusal();
  of_partner.set_name("conflicts/c2");
  of_partner.clear_addresses();
  of_partner.clear_parties();
  of_partner.add_parties("partners/oak");
  Tell({Recusal(), of_partner});
  for (const char* who : {kAna, "program-manager:ana@x.org", "auditor:ana@x.org",
                          "coordinator:experts/e1", "program-manager:experts/e1"}) {
    EXPECT_FALSE(Sees(who, lake)) << who;
  }
  for (const char* who :
       {kDana, kMorgan, "coordinator:bo@x.org", "coordinator:experts/e2",
        "coordinator:partners/oak", kMatching, kLakeChief, "agency:agencies/ag-000001#ana@x.org"}) {
    EXPECT_TRUE(Sees(who, lake)) << who << "; an agency's own request is its people's";
  }
  const auto complete = [&](const std::string& who) {
    return intake_.Act(lake, v1::REQUEST_ACTION_COMPLETE_DELIVERY, who).status();
  };
  for (const char* who :
       {"partner:partners/oak", "partner:partners/oak#lee", "partner:partners/elm#e1",
        "partner:partners/elm#experts/e1", "partner:partners/ash#ana@x.org"}) {
    EXPECT_THAT(complete(who), FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND")) << who;
  }
  for (const char* who : {"partner:partners/elm", "partner:partners/ash#e1"}) {
    EXPECT_THAT(complete(who), FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"))
        << who;
  }
}

TEST_F(RecusalServiceTest, EveryMethodTellsTheRecusedTheSameAsOfARequestThatIsNotThere) {
  const std::string lake = Create();
  const std::string summit = Create(kSummit);
  Tell({Recusal()});
  const int64_t head = Head();
  const std::string absent = "requests/fy27-000999";
  const auto duplicate_of = [](const std::string& name) {
    v1::ActionDetails details;
    details.set_duplicate_of(name);
    return details;
  };
  const auto of = [&](const std::string& name) -> std::vector<absl::Status> {
    std::vector<absl::Status> all{
        intake_.GetRequest(name, kAna).status(),
        Update(name, IntakeServer::Wanted(), "title", kAna).status(),
        Update(name, v1::Request(), "no_such_field", kAna).status(),
        intake_.Act(summit, v1::REQUEST_ACTION_MARK_DUPLICATE, kAna, duplicate_of(name)).status()};
    for (int i = v1::RequestAction_MIN + 1; i <= v1::RequestAction_MAX; ++i) {
      const auto action = static_cast<v1::RequestAction>(i);
      if (!v1::RequestAction_IsValid(i)) continue;
      all.push_back(intake_.Act(name, action, kAna, DetailsFor(action), "an old etag").status());
    }
    return all;
  };
  const auto hidden = of(lake);
  const auto missing = of(absent);
  ASSERT_EQ(hidden.size(), missing.size());
  for (size_t i = 0; i < hidden.size(); ++i) {
    EXPECT_THAT(hidden[i], FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND")) << i;
    EXPECT_EQ(WordsOf(hidden[i], lake), WordsOf(missing[i], absent)) << i;
  }
  EXPECT_EQ(Head(), head) << "nothing happened";
  EXPECT_THAT(intake_.Act(lake, v1::REQUEST_ACTION_ACKNOWLEDGE, kDana), Succeeds());
}

TEST_F(RecusalServiceTest, ListsAndTheirPagesAreOfWhatIsSeen) {
  std::vector<std::string> summits;
  for (int i = 0; i < 4; ++i) {
    summits.push_back(Create(kSummit));
    Create();
    Create(kSummit, kLake);
  }
  std::reverse(summits.begin(), summits.end());
  Tell({Recusal()});
  EXPECT_THAT(Names(kDana), SizeIs(12));
  EXPECT_EQ(Names(kAna), summits);
  EXPECT_THAT(Names(kAna, "agency = \"agencies/ag-000001\""), IsEmpty());
  EXPECT_EQ(Names(kAna, "agency = \"agencies/ag-000001\" OR state = REQUEST_STATE_SUBMITTED"),
            summits);
  // Pages are full, and go on also where what is seen changes in between.
  const auto first = intake_.ListRequests("", kAna, 3);
  ASSERT_THAT(first, Succeeds());
  EXPECT_THAT(first->requests(), SizeIs(3));
  const auto last = intake_.ListRequests("", kAna, 3, first->next_page_token());
  ASSERT_THAT(last, Succeeds());
  ASSERT_THAT(last->requests(), SizeIs(1));
  EXPECT_EQ(last->requests(0).name(), summits.back());
  EXPECT_EQ(last->next_page_token(), "");
  Tell({});
  EXPECT_THAT(intake_.ListRequests("", kAna, 100, first->next_page_token())->requests(), SizeIs(3))
      << "with those that are seen now";
}

TEST_F(RecusalServiceTest, ARequestThatServesTheAgencyTooIsHidden) {
  const std::string both = Create(kSummit, kLake);
  const std::string summit = Create(kSummit);
  Tell({Recusal()});
  EXPECT_FALSE(Sees(kAna, both));
  EXPECT_THAT(Names(kAna), ElementsAre(summit));
  v1::Request served;
  served.add_co_served_agencies(kLake);
  EXPECT_THAT(Update(summit, served, "co_served_agencies", kAna),
              FailsWith(absl::StatusCode::kPermissionDenied, "RECUSED"));
  ASSERT_THAT(Update(summit, served, "co_served_agencies", kDana), Succeeds());
  EXPECT_FALSE(Sees(kAna, summit)) << "as soon as it serves it";
  ASSERT_THAT(Update(both, v1::Request(), "co_served_agencies", kDana), Succeeds());
  EXPECT_TRUE(Sees(kAna, both));
  EXPECT_THAT(Names(kAna), ElementsAre(both));
}

// Older processes that go on writing during an update leave the column by which rows are found empty.
TEST_F(RecusalServiceTest, AListShowsNothingHiddenWhereAColumnLacksIt) {
  const std::string summit = Create(kSummit);
  const std::string both = Create(kSummit, kLake);
  const std::string last = Create(kSummit);
  const absl::Status emptied =
      intake_.journal().database().Write([](store::Connection& connection) {
        return connection.Execute("UPDATE intake_request SET co_served = ''").status();
      });
  ASSERT_TRUE(emptied.ok()) << emptied;
  EXPECT_THAT(Names(kAna), ElementsAre(last, both, summit));
  Tell({Recusal()});
  EXPECT_THAT(Names(kAna), ElementsAre(last, summit));
  EXPECT_THAT(Names(kDana), ElementsAre(last, both, summit));
  // A page of which nothing is seen still leads to the next.
  std::vector<std::string> seen;
  std::string token;
  int pages = 0;
  do {
    const auto page = intake_.ListRequests("", kAna, 1, token);
    ASSERT_THAT(page, Succeeds());
    for (const v1::Request& request : page->requests()) seen.push_back(request.name());
    token = page->next_page_token();
    ASSERT_LT(++pages, 10);
  } while (!token.empty());
  EXPECT_THAT(seen, ElementsAre(last, summit));
}

TEST_F(RecusalServiceTest, TheRecusedWriteNoRequestOfTheAgencyDown) {
  Tell({Recusal()});
  const int64_t head = Head();
  EXPECT_THAT(intake_.CreateRequest(IntakeServer::Wanted(), kAna),
              FailsWith(absl::StatusCode::kPermissionDenied, "RECUSED"));
  v1::Request served = IntakeServer::Wanted(kSummit);
  served.add_co_served_agencies(kLake);
  EXPECT_THAT(intake_.CreateRequest(served, kAna),
              FailsWith(absl::StatusCode::kPermissionDenied, "RECUSED"));
  EXPECT_EQ(Head(), head);
  EXPECT_THAT(intake_.CreateRequest(IntakeServer::Wanted(kSummit), kAna), Succeeds());
}

TEST_F(RecusalServiceTest, AnAnswerOfBeforeIsNotGivenAgainToTheRecused) {
  const std::string lake = Create();
  const std::string id = intake_.NewId();
  const auto acknowledge = [&] {
    return intake_.Act(lake, v1::REQUEST_ACTION_ACKNOWLEDGE, kAna, {}, "", id);
  };
  ASSERT_THAT(acknowledge(), Succeeds());
  ASSERT_THAT(acknowledge(), Succeeds());
  Tell({Recusal()});
  EXPECT_THAT(acknowledge(), FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  Tell({});
  EXPECT_THAT(acknowledge(), Succeeds());
}

TEST_F(RecusalServiceTest, ADuplicateDoesNotNameTheHiddenOriginal) {
  const std::string lake = Create();
  const std::string summit = Create(kSummit);
  const std::string third = Create(kSummit);
  v1::ActionDetails details;
  details.set_duplicate_of(lake);
  ASSERT_THAT(intake_.Act(summit, v1::REQUEST_ACTION_MARK_DUPLICATE, kDana, details), Succeeds());
  Tell({Recusal()});
  EXPECT_EQ(intake_.GetRequest(summit, kDana)->duplicate_of(), lake);
  EXPECT_EQ(intake_.GetRequest(summit, kAna)->duplicate_of(), "");
  const auto listed = intake_.ListRequests("", kAna);
  ASSERT_THAT(listed, Succeeds());
  for (const v1::Request& request : listed->requests()) {
    EXPECT_EQ(request.duplicate_of(), "");
  }
  details.set_duplicate_of(summit);
  const auto refused = intake_.Act(third, v1::REQUEST_ACTION_MARK_DUPLICATE, kAna, details);
  EXPECT_THAT(refused, FailsWith(absl::StatusCode::kFailedPrecondition, "ORIGINAL_IS_DUPLICATE"));
  EXPECT_THAT(refused.status().ToString(), Not(HasSubstr(lake)));
}

TEST_F(RecusalServiceTest, ImportsOfTheRecusedSayNothingOfWhatIsHidden) {
  const v1::PastRequest known = Past("old:1", "UT0180100");
  const auto imported = Import(known, kDana);
  ASSERT_THAT(imported, Succeeds());
  const std::string name = imported->results(0).name();
  Tell({Recusal()});
  const auto problem = [&](const v1::PastRequest& row) {
    const auto answer = Import(row, kAna);
    EXPECT_THAT(answer, Succeeds());
    EXPECT_EQ(answer->results(0).outcome(), v1::IMPORT_OUTCOME_REFUSED);
    EXPECT_EQ(answer->results(0).name(), "");
    EXPECT_THAT(answer->results(0).problem(), Not(HasSubstr(name)));
    return answer->results(0).problem();
  };
  EXPECT_EQ(problem(known), problem(Past("old:2", "UT0180100"))) << "on record or not";
  EXPECT_THAT(problem(Past("old:1", "UT0220000")), HasSubstr("cannot be used"));
  const auto other = Import(Past("old:3", "UT0220000"), kAna);
  EXPECT_EQ(other->results(0).outcome(), v1::IMPORT_OUTCOME_CREATED);
}

TEST_F(RecusalServiceTest, AnImportedDuplicateTellsTheRecusedNothingOfAHiddenOriginal) {
  const std::string lake = Create();
  const std::string chained = Create(kSummit);
  v1::ActionDetails details;
  details.set_duplicate_of(lake);
  ASSERT_THAT(intake_.Act(chained, v1::REQUEST_ACTION_MARK_DUPLICATE, kDana, details), Succeeds());
  ASSERT_THAT(Import(Past("old:1", "UT0180100"), kDana), Succeeds());
  const std::string absent = "requests/fy27-000999";
  const auto problem = [&](const std::string& original, const std::string& external_id,
                           const std::string& who) {
    const auto answer = Import(PastDuplicate("old:2", original, external_id), who);
    EXPECT_THAT(answer, Succeeds());
    EXPECT_EQ(answer->results(0).outcome(), v1::IMPORT_OUTCOME_REFUSED);
    return answer->results(0).problem();
  };
  EXPECT_THAT(problem(chained, "", kDana), HasSubstr(absl::StrCat("a duplicate of ", lake)));
  Tell({Recusal()});
  const int64_t head = Head();
  EXPECT_THAT(problem(absent, "", kAna), HasSubstr(absent));
  EXPECT_EQ(WithoutName(problem(lake, "", kAna), lake),
            WithoutName(problem(absent, "", kAna), absent));
  EXPECT_EQ(WithoutName(problem("", "old:1", kAna), "old:1"),
            WithoutName(problem("", "old:9", kAna), "old:9"));
  EXPECT_THAT(problem(chained, "", kAna),
              AllOf(HasSubstr("is itself a duplicate"), Not(HasSubstr(lake))));
  EXPECT_EQ(Head(), head);
}

// An import is answered before its caller is recused, and asked for again after: what it says then of each
// row is what a new import of the same rows says, but for what is seen still.
TEST_F(RecusalServiceTest, AnImportsAnswerOfBeforeSaysNothingOfWhatIsHiddenSince) {
  const std::string lake = Create();
  const std::string chained = Create(kSummit);
  v1::ActionDetails details;
  details.set_duplicate_of(lake);
  ASSERT_THAT(intake_.Act(chained, v1::REQUEST_ACTION_MARK_DUPLICATE, kDana, details), Succeeds());
  ASSERT_THAT(Import(Past("old:known", "UT0180100"), kDana), Succeeds());
  v1::PastRequest other = Past("old:known", "UT0180100");
  *other.mutable_create_time() = ToProto(testing::At("2024-02-02"));
  const std::vector<v1::PastRequest> rows = {
      Past("old:lake", "UT0180100"),   Past("old:summit", "UT0220000"),
      Past("old:known", "UT0180100"),  other,
      PastDuplicate("old:1", chained), PastDuplicate("old:2", lake),
      Past("old:3", "nobody's")};
  const std::string id = intake_.NewId();
  const auto import = [&] { return ImportAll(rows, kAna, id); };
  const auto before = import();
  ASSERT_THAT(before, Succeeds());
  EXPECT_EQ(before->results(0).outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(before->results(1).outcome(), v1::IMPORT_OUTCOME_CREATED);
  EXPECT_EQ(before->results(2).outcome(), v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_THAT(before->results(3).problem(), HasSubstr("with other content"));
  EXPECT_THAT(before->results(4).problem(), HasSubstr(absl::StrCat("a duplicate of ", lake)));
  EXPECT_EQ(before->results(5).outcome(), v1::IMPORT_OUTCOME_CREATED);

  Tell({Recusal()});
  const int64_t head = Head();
  const auto after = import();
  ASSERT_THAT(after, Succeeds());
  const auto anew = ImportAll(rows, kAna, intake_.NewId());
  ASSERT_THAT(anew, Succeeds());
  for (int i = 0; i < after->results_size(); ++i) {
    if (i == 1) {
      EXPECT_EQ(after->results(i).DebugString(), before->results(i).DebugString()) << "seen";
    } else {
      EXPECT_EQ(after->results(i).outcome(), v1::IMPORT_OUTCOME_REFUSED) << i;
      EXPECT_EQ(after->results(i).DebugString(), anew->results(i).DebugString()) << i;
    }
  }
  EXPECT_THAT(after->DebugString(), Not(HasSubstr(before->results(0).name())));
  EXPECT_THAT(after->DebugString(), Not(HasSubstr(before->results(2).name())));
  EXPECT_THAT(after->DebugString(), Not(HasSubstr(lake)));
  EXPECT_EQ(Head(), head);
  Tell({});
  EXPECT_EQ(import()->DebugString(), before->DebugString()) << "kept as it was";
}

TEST_F(RecusalServiceTest, TheRecusedDoNotFollowTheJournal) {
  Create();
  rpc::Call call;
  const auto may_follow = [&](const std::string& who) {
    call.principal = testing::PrincipalOf(who);
    return intake_.bound().CheckMayFollow(call);
  };
  EXPECT_THAT(may_follow("auditor:ana@x.org"), Succeeds());
  Tell({Recusal()});
  EXPECT_THAT(may_follow("auditor:ana@x.org"),
              FailsWith(absl::StatusCode::kPermissionDenied, "RECUSED"));
  EXPECT_THAT(may_follow("program-manager:experts/e1"),
              FailsWith(absl::StatusCode::kPermissionDenied, "RECUSED"));
  for (const char* who : {testing::kAlex, kMorgan, kMatching, "operator:ops"}) {
    EXPECT_THAT(may_follow(who), Succeeds()) << who;
  }
}

// ---- How it is told

TEST_F(RecusalServiceTest, ARecusalHoldsThroughItsLastDay) {
  const std::string lake = Create();
  Tell({Recusal(kLake, "2026-10-06")});
  const int64_t head = Head();
  EXPECT_FALSE(Sees(kAna, lake));
  intake_.clock.Advance(testing::At("2026-10-06T23:59") - intake_.clock.Now());
  EXPECT_FALSE(Sees(kAna, lake));
  EXPECT_THAT(intake_.Act(lake, v1::REQUEST_ACTION_ACKNOWLEDGE, kAna),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  intake_.clock.Advance(absl::Minutes(1));
  EXPECT_TRUE(Sees(kAna, lake)) << "whether or not intake is told";
  EXPECT_THAT(Names(kAna), ElementsAre(lake));
  EXPECT_EQ(Head(), head);
  EXPECT_THAT(intake_.Act(lake, v1::REQUEST_ACTION_ACKNOWLEDGE, kAna), Succeeds());
}

TEST_F(RecusalServiceTest, BeforeMatchingToldOfAnyThereAreNone) {
  const auto none = intake_.GetRecusals();
  ASSERT_THAT(none, Succeeds());
  EXPECT_EQ(none->name(), "recusals/main");
  EXPECT_EQ(none->etag(), "0");
  EXPECT_THAT(none->recusals(), IsEmpty());
  const int64_t head = Head();
  EXPECT_THAT(intake_.SetRecusals({}, "0"), Succeeds());
  EXPECT_EQ(Head(), head);
}

TEST_F(RecusalServiceTest, TheSameAgainChangesNothing) {
  const std::string id = intake_.NewId();
  const auto first = intake_.SetRecusals({Recusal()}, "0", id);
  ASSERT_THAT(first, Succeeds());
  const int64_t head = Head();
  EXPECT_EQ(intake_.SetRecusals({Recusal()}, "0", id)->etag(), first->etag());
  EXPECT_EQ(intake_.SetRecusals({Recusal()}, "0")->etag(), first->etag());
  EXPECT_EQ(intake_.SetRecusals({Recusal()}, first->etag())->etag(), first->etag());
  EXPECT_EQ(Head(), head);
  EXPECT_EQ(intake_.GetRecusals()->recusals(0).addresses(0), "ana@x.org");
}

TEST_F(RecusalServiceTest, ALateCallUndoesNothing) {
  const std::string lake = Create();
  const auto first = intake_.SetRecusals({Recusal(kSummit)}, "0");
  ASSERT_THAT(first, Succeeds());
  ASSERT_THAT(intake_.SetRecusals({Recusal(), Recusal(kSummit)}, first->etag()), Succeeds());
  const int64_t head = Head();
  for (const std::string& seen : {std::string("0"), first->etag()}) {
    EXPECT_THAT(intake_.SetRecusals({Recusal(kSummit)}, seen),
                FailsWith(absl::StatusCode::kAborted, "ETAG_MISMATCH"));
  }
  EXPECT_EQ(Head(), head);
  EXPECT_FALSE(Sees(kAna, lake));
}

TEST_F(RecusalServiceTest, WhatChangesIsOneEventWithoutAddresses) {
  Tell({Recusal()});
  Tell({Recusal(), Recusal(kSummit)});
  Tell({Recusal(kSummit)});
  const auto events =
      intake_.journal().ReadEvents(1, 100, {"critac.intake.v1.RecusalsChanged"}, "recusals/main");
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_THAT(*events, SizeIs(3));
  for (const auto& event : *events) {
    EXPECT_EQ(event.actor(), kMatching);
    EXPECT_THAT(event.payload(), Not(HasSubstr("ana@")));
  }
  EXPECT_THAT((*events)[1].payload(), Not(HasSubstr("conflicts/c-ag-000001"))) << "the rest stays";
  EXPECT_THAT((*events)[2].payload(), HasSubstr("conflicts/c-ag-000001"));
  EXPECT_TRUE(intake_.journal().VerifyChain()->problem.empty());
}

TEST_F(RecusalServiceTest, AnAddressThatWasPurgedHereAloneIsToldAgain) {
  Tell({Recusal()});
  const absl::Status purged = intake_.journal().database().Write([](store::Connection& connection) {
    return connection.Execute("DELETE FROM journal_vault WHERE field LIKE '%addresses%'").status();
  });
  ASSERT_TRUE(purged.ok()) << purged;
  EXPECT_EQ(intake_.GetRecusals()->recusals(0).addresses(0), "");
  Tell({Recusal()});
  EXPECT_EQ(intake_.GetRecusals()->recusals(0).addresses(0), "ana@x.org");
}

TEST_F(RecusalServiceTest, ARestartAndARebuildForgetNothing) {
  const std::string lake = Create();
  const std::string both = Create(kSummit, kLake);
  Tell({Recusal(kSummit)});
  Tell({Recusal()});
  const auto before = intake_.Tables();
  intake_.Restart();
  EXPECT_FALSE(Sees(kAna, lake));
  ASSERT_TRUE(intake_.journal().Rebuild().ok());
  EXPECT_EQ(intake_.Tables(), before);
  EXPECT_FALSE(Sees(kAna, both));
  EXPECT_THAT(Names(kAna), IsEmpty());
  EXPECT_THAT(Names(kDana), SizeIs(2));
}

TEST_F(RecusalServiceTest, OnlyServicesTellAndAreTold) {
  for (const char* who : {kDana, kMorgan, "operator:ops", "partner:partners/elm", kLakeChief}) {
    EXPECT_THAT(intake_.GetRecusals(who),
                FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
    EXPECT_THAT(intake_.SetRecusals({}, "0", "", who),
                FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  }
}

}  // namespace
}  // namespace critac::intake
