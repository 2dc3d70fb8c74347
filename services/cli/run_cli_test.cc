// The command line from arguments to output and exit status, against a center that a test plays.
#include "services/cli/run_cli.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/certificate.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/meeting.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "critac/metrics/v1/report.pb.h"
#include "critac/queue/v1/queue.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "services/cli/testing/cli_run.h"
#include "services/cli/testing/fake_agencies.h"
#include "services/cli/testing/fake_center.h"
#include "services/cli/testing/temp_file.h"
#include "tests/support/verify_plan.h"

namespace critac::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() {
    unsetenv("CRITAC_SERVER");
    unsetenv("CRITAC_AS");
    unsetenv("CRITAC_OUTPUT");
  }

  // Runs words as one types them, as a coordinator, against the fake center.
  CliRun Run(const std::string& words, std::vector<std::string> more = {}, int out_width = 0,
             bool progress = false) {
    std::vector<std::string> arguments = absl::StrSplit(words, ' ', absl::SkipEmpty());
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.push_back("--server=" + center_.address());
    if (!absl::StrContains(words, "--as")) arguments.push_back("--as=coordinator:dana");
    return CliRun(arguments, out_width, progress);
  }

  void AnswerAgency(const std::string& method, const intake::v1::Agency& agency) {
    if (method == "GetAgency") {
      center_.On<intake::v1::GetAgencyRequest, intake::v1::Agency>(
          "critac.intake.v1.AgencyService/GetAgency", [agency](const auto&, auto& response) {
            response = agency;
            return absl::OkStatus();
          });
    } else {
      center_.On<intake::v1::LookupAgencyRequest, intake::v1::Agency>(
          "critac.intake.v1.AgencyService/LookupAgency", [agency](const auto&, auto& response) {
            response = agency;
            return absl::OkStatus();
          });
    }
  }

  static intake::v1::Agency Umberholt() {
    intake::v1::Agency agency;
    agency.set_name("agencies/ag-1");
    agency.set_display_name("Umberholt Police, \"UPD\"");
    agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
    agency.set_state("UT");
    agency.mutable_sworn_full_time()->set_count(42);
    agency.set_etag("e1");
    auto& alias = *agency.add_aliases();
    alias.set_type(intake::v1::ALIAS_TYPE_ORI9);
    alias.set_value("UTZZ00100");
    return agency;
  }

  TempFolder folder_;
  FakeCenter center_;
};

// --- Help and usage ---------------------------------------------------------------------------------

// Every command of the program, as words.
std::vector<std::string> AllCommands(const std::string& prefix = "") {
  std::vector<std::string> arguments = absl::StrSplit(prefix, ' ', absl::SkipEmpty());
  arguments.push_back("--help");
  const std::string help = CliRun(arguments).out();
  const size_t list = help.find("\nSubcommands:\n");
  if (list == std::string::npos) return {prefix};
  std::vector<std::string> commands;
  for (const absl::string_view line : absl::StrSplit(help.substr(list + 14), '\n')) {
    if (!absl::StartsWith(line, "  ") || absl::StartsWith(line, "   ")) break;
    const std::string name(line.substr(2, line.find(' ', 2) - 2));
    for (const std::string& command : AllCommands(prefix + (prefix.empty() ? "" : " ") + name)) {
      commands.push_back(command);
    }
  }
  return commands;
}

TEST_F(CommandLine, EveryCommandHasHelpWithAnExampleOfItself) {
  const std::vector<std::string> commands = AllCommands();
  EXPECT_GE(commands.size(), 50u);
  for (const std::string& command : commands) {
    std::vector<std::string> arguments = absl::StrSplit(command, ' ');
    arguments.push_back("--help");
    const CliRun run(arguments);
    EXPECT_EQ(run.status(), kDone) << command;
    EXPECT_THAT(run.out(), HasSubstr(absl::StrCat("Usage: critac ", command, " "))) << command;
    EXPECT_THAT(run.out(), HasSubstr(absl::StrCat("\n  critac ", command))) << command;
    EXPECT_EQ(run.err(), "") << command;
  }
}

TEST_F(CommandLine, TheVersionCanBeAskedFor) {
  const CliRun run({"--version"});
  EXPECT_EQ(run.status(), kDone);
  EXPECT_THAT(run.out(), StartsWith("critac "));
}

TEST_F(CommandLine, ACommandThatThereIsNotListsThoseThereAre) {
  const CliRun top({"agencies"});
  EXPECT_EQ(top.status(), kUsage);
  EXPECT_THAT(top.err(), HasSubstr("\"agencies\" is no command of critac; there are: "));
  EXPECT_THAT(top.err(), HasSubstr("agency"));
  const CliRun noun({"request", "approve"});
  EXPECT_EQ(noun.status(), kUsage);
  EXPECT_THAT(noun.err(),
              HasSubstr("\"approve\" is no command of critac request; there are: create"));
  EXPECT_THAT(noun.err(), HasSubstr("critac request --help"));
}

TEST_F(CommandLine, UpIsNotRunWithOptionsOfTheClientBeforeIt) {
  const CliRun run({"--output", "json", "up", "--data", "x"});
  EXPECT_EQ(run.status(), kUsage);
  EXPECT_THAT(run.err(), HasSubstr("`up` comes first"));
}

TEST_F(CommandLine, WithoutACommandItIsAUsageError) {
  EXPECT_EQ(CliRun({}).status(), kUsage);
  EXPECT_EQ(CliRun({"request"}).status(), kUsage);
}

TEST_F(CommandLine, WrongOptionsAreUsageErrorsAndNothingIsCalled) {
  EXPECT_EQ(Run("agency get").status(), kUsage);
  EXPECT_EQ(Run("agency get ag-1 ag-2").status(), kUsage);
  EXPECT_EQ(Run("agency get ag-1 --colour blue").status(), kUsage);
  EXPECT_EQ(Run("agency list --limit 0").status(), kUsage);
  EXPECT_EQ(Run("agency list --type police").status(), kUsage);
  EXPECT_EQ(Run("request act fy27-000001 approve").status(), kUsage);
  EXPECT_EQ(Run("request act fy27-000001 acknowledge --request-id 7").status(), kUsage);
  EXPECT_EQ(Run("delivery record en-1 --slot s1 --type analysis --hours 1.3").status(), kUsage);
  EXPECT_EQ(Run("report create annual-review").status(), kUsage);
  EXPECT_EQ(Run("report create annual-review --fiscal-year 2020 --from 2019-10-01").status(),
            kUsage);
  EXPECT_EQ(Run("agency lookup").status(), kUsage);
  EXPECT_EQ(Run("agency lookup UTZZ00100 --name Umberholt").status(), kUsage);
  EXPECT_EQ(Run("agency create").status(), kUsage);
  EXPECT_EQ(Run("agency update ag-1").status(), kUsage);
  EXPECT_EQ(Run("agency update ag-1 --sworn-full-time many").status(), kUsage);
  EXPECT_EQ(Run("request update fy27-000001").status(), kUsage);
  EXPECT_EQ(Run("request update fy27-000001 --urgency asap").status(), kUsage);
  EXPECT_EQ(Run("policy set offer_days").status(), kUsage);
  EXPECT_EQ(Run("proposal override pr-1 --assign e012 --reason x").status(), kUsage);
}

TEST_F(CommandLine, AnOutputFormThatThereIsNotIsAUsageError) {
  const CliRun run = Run("agency get ag-1 --output xml");
  EXPECT_EQ(run.status(), kUsage);
  EXPECT_THAT(run.err(), HasSubstr("\"xml\" is none of: table, json, csv, name"));
}

TEST_F(CommandLine, WhoOneIsMustBeSaid) {
  const CliRun run({"agency", "get", "ag-1", "--server", center_.address()});
  EXPECT_EQ(run.status(), kUsage);
  EXPECT_THAT(run.err(), HasSubstr("--as coordinator:dana"));
  EXPECT_EQ(Run("agency get ag-1 --as dana").status(), kUsage);
  EXPECT_EQ(Run("agency get ag-1", {"--as", "coordinator:da\nna"}).status(), kUsage);
}

TEST_F(CommandLine, TheCommandLineMustBeUtf8) {
  const CliRun run({"agency", "get",
                    "N\xfa\xf1"
                    "ez"});
  EXPECT_EQ(run.status(), kUsage);
}

TEST_F(CommandLine, TheEnvironmentSaysWhatTheCommandLineDoesNot) {
  AnswerAgency("GetAgency", Umberholt());
  setenv("CRITAC_SERVER", center_.address().c_str(), 1);
  setenv("CRITAC_AS", "auditor:ines", 1);
  setenv("CRITAC_OUTPUT", "name", 1);
  const CliRun run({"agency", "get", "ag-1"});
  EXPECT_EQ(run.out(), "agencies/ag-1\n");
  EXPECT_EQ(CliRun({"agency", "get", "ag-1", "--as", "coordinator:dana"}).status(), kDone);
  const auto calls = center_.CallsOf("critac.intake.v1.AgencyService/GetAgency");
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_EQ(calls[0].principal, "auditor:ines");
  EXPECT_EQ(calls[1].principal, "coordinator:dana");
}

// --- Exit status and errors ---------------------------------------------------------------------------

TEST_F(CommandLine, NobodyThereIsUnreachable) {
  const CliRun run(
      {"agency", "get", "ag-1", "--server", "127.0.0.1:1", "--as", "coordinator:dana"});
  EXPECT_EQ(run.status(), kUnreachable);
  EXPECT_THAT(run.err(), HasSubstr("nothing answers at 127.0.0.1:1"));
  EXPECT_THAT(run.slept(), SizeIs(4));
  EXPECT_EQ(run.out(), "");
}

TEST_F(CommandLine, ARefusalShowsWhatIsWrongFieldByField) {
  center_.On<intake::v1::CreateAgencyRequest, intake::v1::Agency>(
      "critac.intake.v1.AgencyService/CreateAgency", [](const auto&, auto&) {
        return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "2 fields are wrong")
            .Field("agency.state", "must be present")
            .Field("agency.type", "must be given")
            .ToStatus();
      });
  const CliRun run = Run("agency create --name Umberholt");
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_EQ(run.out(), "");
  EXPECT_EQ(run.err(),
            "error: 2 fields are wrong\n"
            "  agency.state: must be present\n"
            "  agency.type: must be given\n"
            "  reason: INVALID_FIELD\n"
            "  hint: mend the fields named above and give the command again\n");
}

TEST_F(CommandLine, AnAmbiguousNameListsTheCandidates) {
  center_.On<intake::v1::LookupAgencyRequest, intake::v1::Agency>(
      "critac.intake.v1.AgencyService/LookupAgency", [](const auto&, auto&) {
        return Error(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_AGENCY",
                     "2 agencies in PA are called Perry Township Police Department")
            .Fact("candidate_1", "agencies/ag-1, PA0200100")
            .Fact("candidate_2", "agencies/ag-2, PA0300200")
            .ToStatus();
      });
  const CliRun run = Run("request create --state PA --title x --topic de-escalation",
                         {"--agency-name", "Perry Township Police Department"});
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("candidate_1: agencies/ag-1"),
                               HasSubstr("candidate_2: agencies/ag-2")));
}

// --- Output -------------------------------------------------------------------------------------------

TEST_F(CommandLine, AResourceIsShownInEveryForm) {
  AnswerAgency("GetAgency", Umberholt());
  EXPECT_THAT(Run("agency get ag-1").out(),
              AllOf(HasSubstr("display name     Umberholt Police, \"UPD\"\n"),
                    HasSubstr("sworn full time  42\n")));
  EXPECT_EQ(Run("agency get ag-1 --output csv").out(),
            "name,display_name,type,state,ori,sworn,size\r\n"
            "agencies/ag-1,\"Umberholt Police, \"\"UPD\"\"\",MUNICIPAL,UT,UTZZ00100,42,\r\n");
  EXPECT_EQ(Run("agency get ag-1 --output name").out(), "agencies/ag-1\n");
  intake::v1::Agency read;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(Run("agency get ag-1 --output json").out(), &read)
          .ok());
  EXPECT_EQ(read.SerializeAsString(), Umberholt().SerializeAsString());
}

TEST_F(CommandLine, GlobalOptionsMayStandBeforeOrAfterTheCommand) {
  AnswerAgency("GetAgency", Umberholt());
  EXPECT_EQ(Run("--output name agency get ag-1").out(), "agencies/ag-1\n");
  EXPECT_EQ(Run("agency --output name get ag-1").out(), "agencies/ag-1\n");
}

class Lists : public CommandLine {
 protected:
  // A center with this many agencies, in pages.
  void AnswerList(int count) {
    center_.On<intake::v1::ListAgenciesRequest, intake::v1::ListAgenciesResponse>(
        kList, [count](const auto& request, auto& response) {
          int from = 0;
          if (!request.page_token().empty()) from = std::stoi(request.page_token());
          const int to = std::min(count, from + std::min(request.page_size(), 1000));
          for (int i = from; i < to; ++i) {
            response.add_agencies()->set_name(absl::StrCat("agencies/ag-", i));
          }
          if (to < count) response.set_next_page_token(absl::StrCat(to));
          return absl::OkStatus();
        });
  }

  static constexpr char kList[] = "critac.intake.v1.AgencyService/ListAgencies";
};

TEST_F(Lists, ShowFiftyUnlessMoreAreAskedForAndSayThatThereAreMore) {
  AnswerList(120);
  const CliRun run = Run("agency list");
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(run.out(), '\n')).size(), 52u);  // header, end
  EXPECT_THAT(run.err(), HasSubstr("there are more"));
  EXPECT_THAT(Run("agency list --limit 120").err(), Not(HasSubstr("more")));
  EXPECT_THAT(Run("agency list --limit 119").err(), HasSubstr("more"));
}

TEST_F(Lists, FetchAllPagesAndAskForThemAlike) {
  AnswerList(2500);
  const CliRun run = Run("agency list --all --output name");
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(run.out(), '\n', absl::SkipEmpty())).size(),
            2500u);
  for (const auto& request : center_.RequestsOf<intake::v1::ListAgenciesRequest>(kList)) {
    EXPECT_EQ(request.page_size(), 1000);
  }
}

TEST_F(Lists, AsJsonAreOneDocument) {
  AnswerList(70);
  intake::v1::ListAgenciesResponse response;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(
                  Run("agency list --limit 60 --output json").out(), &response)
                  .ok());
  EXPECT_EQ(response.agencies_size(), 60);
}

TEST_F(Lists, WithoutEntriesSaySoBesideTheOutput) {
  AnswerList(0);
  const CliRun run = Run("agency list");
  EXPECT_EQ(run.status(), kDone);
  EXPECT_EQ(run.err(), "(none)\n");
}

TEST_F(Lists, FlagsBecomeAFilter) {
  AnswerList(0);
  Run("agency list --state UT --type state-police",
      {"--filter", "display_name : \"a\" OR size_band = SIZE_BAND_2_9"});
  Run("agency list", {"--state", "U\"T\\"});
  const auto requests = center_.RequestsOf<intake::v1::ListAgenciesRequest>(kList);
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].filter(),
            "state = \"UT\" AND type = AGENCY_TYPE_STATE_POLICE AND "
            "(display_name : \"a\" OR size_band = SIZE_BAND_2_9)");
  EXPECT_EQ(requests[1].filter(), "state = \"U\\\"T\\\\\"") << "a value cannot leave its quotes";
}

TEST_F(Lists, FitATerminal) {
  center_.On<intake::v1::ListAgenciesRequest, intake::v1::ListAgenciesResponse>(
      kList, [](const auto&, auto& response) {
        auto& agency = *response.add_agencies();
        agency.set_name("agencies/ag-1");
        agency.set_display_name(std::string(200, 'x'));
        return absl::OkStatus();
      });
  for (const absl::string_view line : absl::StrSplit(Run("agency list", {}, 80).out(), '\n')) {
    EXPECT_LE(line.size(), 82u) << line;  // the ellipsis has three bytes and one column
  }
  EXPECT_THAT(Run("agency list").out(), HasSubstr(std::string(200, 'x'))) << "a pipe cuts nothing";
}

// --- Changes ------------------------------------------------------------------------------------------

class Changes : public CommandLine {
 protected:
  static constexpr char kAct[] = "critac.intake.v1.RequestService/ActOnRequest";
  static constexpr char kCreate[] = "critac.intake.v1.RequestService/CreateRequest";

  void AnswerRequests() {
    center_.On<intake::v1::ActOnRequestRequest, intake::v1::Request>(
        kAct, [](const auto& call, auto& response) {
          response.set_name(call.name());
          response.set_state(intake::v1::REQUEST_STATE_IN_REVIEW);
          response.set_coordinator("coordinator:dana");
          response.add_available_actions(intake::v1::REQUEST_ACTION_ACCEPT);
          response.add_available_actions(intake::v1::REQUEST_ACTION_ASK_FOR_INFORMATION);
          return absl::OkStatus();
        });
    center_.On<intake::v1::CreateRequestRequest, intake::v1::Request>(
        kCreate, [](const auto& call, auto& response) {
          response = call.request();
          response.set_name("requests/fy27-000001");
          return absl::OkStatus();
        });
  }

  intake::v1::ActOnRequestRequest Acted() {
    return center_.RequestsOf<intake::v1::ActOnRequestRequest>(kAct).back();
  }
  intake::v1::CreateRequestRequest Created() {
    return center_.RequestsOf<intake::v1::CreateRequestRequest>(kCreate).back();
  }
};

TEST_F(Changes, AnActionSaysWhereTheRequestStandsAndWhatCanBeDoneNow) {
  AnswerRequests();
  EXPECT_EQ(Run("request act fy27-000001 acknowledge").out(),
            "requests/fy27-000001  in review\n"
            "  coordinator  coordinator:dana\n"
            "  next         accept, ask-for-information\n");
  EXPECT_EQ(Acted().name(), "requests/fy27-000001");
  EXPECT_EQ(Acted().action(), intake::v1::REQUEST_ACTION_ACKNOWLEDGE);
  EXPECT_FALSE(Acted().has_details());
}

TEST_F(Changes, AnActionSaysWhichVersionOfThePlanIsTheNewest) {
  center_.On<intake::v1::ActOnRequestRequest, intake::v1::Request>(
      kAct, [](const auto& call, auto& response) {
        response.set_name(call.name());
        response.set_state(intake::v1::REQUEST_STATE_MATCHED);
        response.set_plan_version(2);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("request act fy27-000001 approve-plan --plan-version 2").out(),
            "requests/fy27-000001  matched\n"
            "  plan         version 2\n");
  EXPECT_EQ(Acted().action(), intake::v1::REQUEST_ACTION_APPROVE_PLAN);
  EXPECT_EQ(Acted().details().plan_version(), 2);
}

TEST_F(Changes, CarryAnIdOfTheirOwnOrTheOneGiven) {
  AnswerRequests();
  Run("request act fy27-000001 acknowledge");
  EXPECT_TRUE(IsUuid(Acted().request_id()));
  Run("request act fy27-000001 acknowledge --request-id 11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(Acted().request_id(), "11111111-2222-4333-8444-555555555555");
}

TEST_F(Changes, AScopeIsGivenBySlots) {
  AnswerRequests();
  const CliRun run = Run(
      "request act fy27-000001 complete-scoping --etag e7 --participant Moss "
      "--slot topic=de-escalation,delivery=in-person-training,people=2,hours=16,from=2027-01-11,"
      "to=2027-03-26,level=expert,on-site "
      "--slot topic=school-safety,delivery=policy-review,hours=8,from=2027-01-11,to=2027-02-01,"
      "served-in-type=tribal,served-in-same-size-band");
  ASSERT_EQ(run.status(), kDone) << run.err();
  const intake::v1::Scope scope = Acted().details().scope();
  EXPECT_EQ(Acted().etag(), "e7");
  EXPECT_EQ(scope.date(), "2026-11-24") << "today, by the clock";
  EXPECT_EQ(scope.participants(0), "Moss");
  ASSERT_EQ(scope.slots_size(), 2);
  EXPECT_EQ(scope.slots(0).topic(), "topics/de-escalation");
  EXPECT_EQ(scope.slots(0).delivery_type(), "deliveryTypes/in-person-training");
  EXPECT_EQ(scope.slots(0).people(), 2);
  EXPECT_EQ(scope.slots(0).window_start(), "2027-01-11");
  EXPECT_EQ(scope.slots(0).window_end(), "2027-03-26");
  EXPECT_EQ(scope.slots(0).minimum_level(), intake::v1::LEVEL_EXPERT);
  EXPECT_TRUE(scope.slots(0).on_site());
  EXPECT_FALSE(scope.slots(0).served_in_same_size_band());
  EXPECT_FALSE(scope.slots(1).on_site());
  EXPECT_EQ(scope.slots(1).served_in_type(), type::v1::AGENCY_TYPE_TRIBAL);
  EXPECT_TRUE(scope.slots(1).served_in_same_size_band());
}

TEST_F(Changes, AScopeCanComeFromAFile) {
  AnswerRequests();
  const std::string path =
      folder_.Write("scope.json", R"({"date":"2026-11-02","slots":[{"id":"a"}]})");
  ASSERT_EQ(Run("request act fy27-000001 complete-scoping", {"--scope", path}).status(), kDone);
  EXPECT_EQ(Acted().details().scope().date(), "2026-11-02");
  EXPECT_EQ(Acted().details().scope().slots(0).id(), "a");
  EXPECT_EQ(Run("request act fy27-000001 complete-scoping --scope none.json").status(), kUsage);
  const std::string broken = folder_.Write("broken.json", "{\"date\":");
  EXPECT_EQ(Run("request act fy27-000001 complete-scoping", {"--scope", broken}).status(), kUsage);
}

TEST_F(Changes, DetailsGoWithTheirAction) {
  AnswerRequests();
  Run("request act fy27-000001 decline --decline-code out-of-scope --reason grant");
  EXPECT_EQ(Acted().details().decline_code(), intake::v1::DECLINE_CODE_OUT_OF_SCOPE);
  EXPECT_EQ(Acted().details().reason(), "grant");
  Run("request act fy27-000001 mark-duplicate --duplicate-of fy26-000007");
  EXPECT_EQ(Acted().details().duplicate_of(), "requests/fy26-000007");
}

TEST_F(Changes, ARequestIsWrittenDownFromFlagsForTheAgencyLookedUp) {
  AnswerRequests();
  AnswerAgency("LookupAgency", Umberholt());
  const CliRun run =
      Run("request create --ori UTZZ00100 --topic de-escalation --topic school-safety "
          "--delivery-type in-person-training --urgency elevated --audience-size 40 "
          "--authority-confirmed --submit --set identity_consent.granted=true",
          {"--title", "De-escalation for patrol", "--contact",
           "role=point-of-contact,full-name=Lt. Rae Moss,email=moss@example.org"});
  ASSERT_EQ(run.status(), kDone) << run.err();
  const auto call = Created();
  EXPECT_TRUE(call.submit());
  EXPECT_EQ(call.request().agency(), "agencies/ag-1");
  EXPECT_EQ(call.request().topics(1), "topics/school-safety");
  EXPECT_EQ(call.request().urgency(), intake::v1::URGENCY_ELEVATED);
  EXPECT_EQ(call.request().contacts(0).full_name(), "Lt. Rae Moss");
  EXPECT_TRUE(call.request().identity_consent().granted());
  EXPECT_TRUE(call.request().authority_confirmed());
}

TEST_F(Changes, AnAgencyThatAsksForItselfNeedNotSayWhoItIs) {
  AnswerRequests();
  ASSERT_EQ(Run("request create --title x --as agency:agencies/ag-7#chief").status(), kDone);
  EXPECT_EQ(Created().request().agency(), "agencies/ag-7");
  EXPECT_EQ(Run("request create --title x").status(), kUsage) << "a coordinator must";
}

TEST_F(Changes, FlagsGoOnTopOfAFile) {
  AnswerRequests();
  const std::string path = folder_.Write(
      "request.json", R"({"agency":"agencies/ag-9","title":"Old","topics":["topics/a"]})");
  ASSERT_EQ(Run("request create --title New", {"--file", path}).status(), kDone);
  EXPECT_EQ(Created().request().title(), "New");
  EXPECT_EQ(Created().request().agency(), "agencies/ag-9");
  EXPECT_EQ(Created().request().topics(0), "topics/a");
}

TEST_F(Changes, AnUpdateIsBasedOnWhatWasRead) {
  AnswerAgency("GetAgency", Umberholt());
  center_.On<intake::v1::UpdateAgencyRequest, intake::v1::Agency>(
      "critac.intake.v1.AgencyService/UpdateAgency", [](const auto& call, auto& response) {
        response = call.agency();
        return absl::OkStatus();
      });
  ASSERT_EQ(Run("agency update ag-1 --sworn-full-time 44").status(), kDone);
  const auto calls = center_.RequestsOf<intake::v1::UpdateAgencyRequest>(
      "critac.intake.v1.AgencyService/UpdateAgency");
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].etag(), "e1");
  EXPECT_EQ(calls[0].agency().sworn_full_time().count(), 44);
  EXPECT_EQ(calls[0].agency().display_name(), Umberholt().display_name());
  ASSERT_EQ(Run("agency update ag-1 --set sworn_full_time=").status(), kDone);
  EXPECT_FALSE(center_
                   .RequestsOf<intake::v1::UpdateAgencyRequest>(
                       "critac.intake.v1.AgencyService/UpdateAgency")
                   .back()
                   .agency()
                   .has_sworn_full_time())
      << "unknown again";
}

TEST_F(Changes, APolicyIsProposedOnTopOfTheOneInForce) {
  center_.On<matching::v1::GetPolicyRequest, matching::v1::Policy>(
      "critac.matching.v1.MatchService/GetPolicy", [](const auto&, auto& policy) {
        policy.set_version(3);
        policy.mutable_weights()->set_topic_fit(400000);
        policy.set_offer_business_days(5);
        return absl::OkStatus();
      });
  center_.On<matching::v1::ProposePolicyRequest, matching::v1::Policy>(
      "critac.matching.v1.MatchService/ProposePolicy", [](const auto& call, auto& policy) {
        policy = call.policy();
        return absl::OkStatus();
      });
  ASSERT_EQ(
      Run("policy propose weights.distance=50000 period=month", {"--reason", "too far"}).status(),
      kDone);
  const auto call = center_.RequestsOf<matching::v1::ProposePolicyRequest>(
      "critac.matching.v1.MatchService/ProposePolicy")[0];
  EXPECT_EQ(call.base_version(), 3);
  EXPECT_EQ(call.policy().weights().topic_fit(), 400000);
  EXPECT_EQ(call.policy().weights().distance(), 50000);
  EXPECT_EQ(call.policy().period(), matching::v1::PERIOD_MONTH);
  EXPECT_EQ(call.policy().offer_business_days(), 5);
  EXPECT_EQ(call.reason(), "too far");
}

TEST_F(Changes, APolicyIsApprovedOrRejectedByItsNumberOrName) {
  center_.On<matching::v1::ApprovePolicyRequest, matching::v1::Policy>(
      "critac.matching.v1.MatchService/ApprovePolicy",
      [](const auto&, auto&) { return absl::OkStatus(); });
  center_.On<matching::v1::RejectPolicyRequest, matching::v1::Policy>(
      "critac.matching.v1.MatchService/RejectPolicy",
      [](const auto&, auto&) { return absl::OkStatus(); });
  for (const char* version : {"3", "v00000003", "policies/v00000003"}) {
    ASSERT_EQ(Run("policy approve", {version}).status(), kDone);
    EXPECT_EQ(center_
                  .RequestsOf<matching::v1::ApprovePolicyRequest>(
                      "critac.matching.v1.MatchService/ApprovePolicy")
                  .back()
                  .name(),
              "policies/v00000003");
  }
  EXPECT_EQ(Run("policy reject 3").status(), kUsage) << "needs a reason";
  ASSERT_EQ(Run("policy reject 3 --reason no").status(), kDone);
  EXPECT_EQ(center_
                .RequestsOf<matching::v1::RejectPolicyRequest>(
                    "critac.matching.v1.MatchService/RejectPolicy")[0]
                .reason(),
            "no");
}

TEST_F(Changes, AConflictIsOfAnExpertOrOfAPartner) {
  constexpr char kMethod[] = "critac.matching.v1.PartnerService/CreateConflict";
  center_.On<matching::v1::CreateConflictRequest, matching::v1::Conflict>(
      kMethod, [](const auto& call, auto& conflict) {
        conflict = call.conflict();
        return absl::OkStatus();
      });
  ASSERT_EQ(Run("conflict create --partner nsa --agency ag-000001 --kind litigation --reason suit "
                "--valid-to 2027-12-31")
                .status(),
            kDone);
  const auto conflict =
      center_.RequestsOf<matching::v1::CreateConflictRequest>(kMethod)[0].conflict();
  EXPECT_EQ(conflict.partner(), "partners/nsa");
  EXPECT_EQ(conflict.expert(), "");
  EXPECT_EQ(conflict.kind(), matching::v1::CONFLICT_KIND_LITIGATION);
  EXPECT_EQ(conflict.valid_to(), "2027-12-31");
  EXPECT_EQ(Run("conflict create --partner nsa --expert e012 --agency ag-000001 --kind recusal "
                "--reason both")
                .status(),
            kUsage);
}

TEST_F(Changes, AnOverrideIsAskedForAndThenGiven) {
  constexpr char kAsk[] = "critac.matching.v1.PartnerService/AskConflictOverride";
  constexpr char kOverride[] = "critac.matching.v1.PartnerService/OverrideConflict";
  const auto answer = [](const auto& call, auto& conflict) {
    conflict.set_name(call.name());
    return absl::OkStatus();
  };
  center_.On<matching::v1::AskConflictOverrideRequest, matching::v1::Conflict>(kAsk, answer);
  center_.On<matching::v1::OverrideConflictRequest, matching::v1::Conflict>(kOverride, answer);
  ASSERT_EQ(Run("conflict ask-override c00000042 --reason needed").status(), kDone);
  ASSERT_EQ(Run("conflict override c00000042 --reason retired").status(), kDone);
  const auto asked = center_.RequestsOf<matching::v1::AskConflictOverrideRequest>(kAsk)[0];
  EXPECT_EQ(asked.name(), "conflicts/c00000042");
  EXPECT_EQ(asked.reason(), "needed");
  const auto given = center_.RequestsOf<matching::v1::OverrideConflictRequest>(kOverride)[0];
  EXPECT_EQ(given.name(), "conflicts/c00000042");
  EXPECT_EQ(given.reason(), "retired");
}

TEST_F(Changes, RecordsAreConfirmedToBeOneOrRejected) {
  constexpr char kDecide[] = "critac.matching.v1.IdentityService/DecideIdentity";
  center_.On<matching::v1::DecideIdentityRequest, matching::v1::Identity>(
      kDecide, [](const auto&, auto&) { return absl::OkStatus(); });
  ASSERT_EQ(Run("identity confirm e012 experts/e340 --reason asked").status(), kDone);
  ASSERT_EQ(Run("identity reject agencies/a agencies/b --reason two").status(), kDone);
  const auto calls = center_.RequestsOf<matching::v1::DecideIdentityRequest>(kDecide);
  EXPECT_EQ(calls[0].first(), "experts/e012");
  EXPECT_EQ(calls[0].second(), "experts/e340");
  EXPECT_TRUE(calls[0].same());
  EXPECT_EQ(calls[1].first(), "agencies/a");
  EXPECT_FALSE(calls[1].same());
}

TEST_F(CommandLine, SuspectedIdentitiesAreShownWithWhatSpeaksForThem) {
  center_.On<matching::v1::FindSuspectedIdentitiesRequest,
             matching::v1::FindSuspectedIdentitiesResponse>(
      "critac.matching.v1.IdentityService/FindSuspectedIdentities",
      [](const auto& call, auto& response) {
        EXPECT_EQ(call.top(), 1);
        auto& identity = *response.add_identities();
        identity.set_first("experts/e012");
        identity.set_second("experts/e340");
        identity.set_second_full_name("ORTIZ, Ana");
        identity.add_evidence(matching::v1::IDENTITY_EVIDENCE_SAME_AGENCY);
        response.set_count(7);
        return absl::OkStatus();
      });
  const CliRun run = Run("identity suspected --top 1");
  EXPECT_EQ(run.status(), kDone);
  EXPECT_THAT(run.out(), HasSubstr("experts/e340"));
  EXPECT_THAT(run.out(), HasSubstr("ORTIZ, Ana"));
  EXPECT_THAT(run.out(), HasSubstr("same agency"));
  EXPECT_THAT(run.out(), HasSubstr("(1 of 7: --top N shows more)"));
}

TEST_F(Changes, ALostExpertIsReleasedWithACode) {
  center_.On<matching::v1::ReleaseExpertRequest, matching::v1::Engagement>(
      "critac.matching.v1.EngagementService/ReleaseExpert",
      [](const auto&, auto&) { return absl::OkStatus(); });
  ASSERT_EQ(Run("engagement release en-1 --slot s1 --expert e012 --code agency-asked --reason late")
                .status(),
            kDone);
  const auto call = center_.RequestsOf<matching::v1::ReleaseExpertRequest>(
      "critac.matching.v1.EngagementService/ReleaseExpert")[0];
  EXPECT_EQ(call.name(), "engagements/en-1");
  EXPECT_EQ(call.slot(), "s1");
  EXPECT_EQ(call.expert(), "experts/e012");
  EXPECT_EQ(call.code(), matching::v1::EXPERT_LOSS_CODE_AGENCY_ASKED);
  EXPECT_EQ(call.reason(), "late");
}

TEST_F(Changes, APlanHasObjectivesAndMilestonesWhoseTitlesMayHaveCommas) {
  center_.On<matching::v1::DrawUpPlanRequest, matching::v1::Engagement>(
      "critac.matching.v1.EngagementService/DrawUpPlan", [](const auto&, auto& engagement) {
        matching::v1::EngagementPlan& plan = *engagement.add_plans();
        plan.add_objectives("calm");
        plan.add_milestones()->set_reached_date("2027-01-12");
        plan.add_milestones();
        return absl::OkStatus();
      });
  const std::string command =
      "engagement plan en-1 --objective calm --milestone due=2027-01-15,slot=s1,title=draft,done";
  EXPECT_THAT(Run(absl::StrCat(command, " --output csv")).out(), HasSubstr("1 of 2"));
  const CliRun run = Run(command);
  ASSERT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("calm"));
  const auto call = center_.RequestsOf<matching::v1::DrawUpPlanRequest>(
      "critac.matching.v1.EngagementService/DrawUpPlan")[0];
  EXPECT_EQ(call.name(), "engagements/en-1");
  EXPECT_EQ(call.plan().objectives(0), "calm");
  EXPECT_EQ(call.plan().milestones(0).due_date(), "2027-01-15");
  EXPECT_EQ(call.plan().milestones(0).slot(), "s1");
  EXPECT_EQ(call.plan().milestones(0).title(), "draft,done");
}

TEST_F(Changes, AnEngagementIsShownWithItsPlanAndOneOfThePastAlsoWhereNoneIsOnFile) {
  center_.On<matching::v1::GetEngagementRequest, matching::v1::Engagement>(
      "critac.matching.v1.EngagementService/GetEngagement", [](const auto& call, auto& engagement) {
        engagement.set_name(call.name());
        if (call.name() != "engagements/en-3") engagement.set_external_id("legacy:E-1");
        if (call.name() != "engagements/en-1") return absl::OkStatus();
        matching::v1::EngagementPlan& plan = *engagement.add_plans();
        plan.set_version(1);
        plan.add_objectives("a policy on\033[2J foot pursuits");
        plan.set_drawn_up_by("coordinator:dana");
        plan.mutable_draw_up_time()->set_seconds(1'795'506'190);
        auto& milestone = *plan.add_milestones();
        milestone.set_id("m1");
        milestone.set_title("a draft");
        milestone.set_due_date("2026-12-01");
        milestone.set_reached_date("2026-12-02");
        return absl::OkStatus();
      });
  const std::string planned = Run("engagement get en-1 --output table").out();
  EXPECT_THAT(planned, HasSubstr("\nplan 1, drawn up by coordinator:dana on 2026-11-24\n"));
  EXPECT_THAT(planned, HasSubstr("\n  - a policy on\uFFFD[2J foot pursuits\n"));
  EXPECT_THAT(planned, HasSubstr("\nmilestones of plan 1\n"));
  EXPECT_THAT(planned, HasSubstr("2026-12-02"));
  EXPECT_THAT(planned, Not(HasSubstr("on file")));
  EXPECT_THAT(Run("engagement get en-2 --output table").out(),
              HasSubstr("\nno plan is on file: imported without one\n"));
  EXPECT_THAT(Run("engagement get en-3 --output table").out(), Not(HasSubstr("on file")))
      << "one may still be drawn up";
  EXPECT_THAT(Run("engagement get en-2 --output json").out(), Not(HasSubstr("on file")));
}

TEST_F(Changes, ASlotIsReducedByTheIdOfItsRequest) {
  center_.On<matching::v1::ReduceSlotRequest, matching::v1::Demand>(
      "critac.matching.v1.MatchService/ReduceSlot", [](const auto&, auto& demand) {
        demand.set_name("demands/fy27-000001");
        auto& refusals = *demand.add_refusals();
        refusals.set_slot("s2");
        refusals.set_count(3);
        refusals.mutable_escalate_time()->set_seconds(1);
        return absl::OkStatus();
      });
  const CliRun run = Run("demand reduce fy27-000001 --slot s1 --reason enough --output csv");
  ASSERT_EQ(run.status(), kDone);
  EXPECT_THAT(run.out(), HasSubstr("s2 3"));
  const auto call = center_.RequestsOf<matching::v1::ReduceSlotRequest>(
      "critac.matching.v1.MatchService/ReduceSlot")[0];
  EXPECT_EQ(call.name(), "demands/fy27-000001");
  EXPECT_EQ(call.slot(), "s1");
  EXPECT_EQ(call.reason(), "enough");
}

TEST_F(Changes, ADeliveryIsRecordedInQuartersOfAnHour) {
  center_.On<matching::v1::RecordDeliveryRequest, matching::v1::Engagement>(
      "critac.matching.v1.EngagementService/RecordDelivery",
      [](const auto&, auto&) { return absl::OkStatus(); });
  ASSERT_EQ(
      Run("delivery record en-1 --slot s1 --type in-person-training --hours 6.25 --on-site 34 "
          "--agencies 3 --completes-slot")
          .status(),
      kDone);
  const auto delivery = center_
                            .RequestsOf<matching::v1::RecordDeliveryRequest>(
                                "critac.matching.v1.EngagementService/RecordDelivery")[0]
                            .delivery();
  EXPECT_EQ(delivery.quarter_hours(), 25);
  EXPECT_EQ(delivery.date(), "2026-11-24");
  EXPECT_EQ(delivery.mode(), type::v1::DELIVERY_MODE_ON_SITE);
  EXPECT_EQ(delivery.attendance().on_site(), 34);
  EXPECT_EQ(delivery.attendance().agencies_represented(), 3);
  EXPECT_TRUE(delivery.completes_slot());
}

TEST_F(Changes, ADeliveryIsAmendedInWhatIsSaidOfIt) {
  constexpr char kGet[] = "critac.matching.v1.EngagementService/GetEngagement";
  constexpr char kAmend[] = "critac.matching.v1.EngagementService/AmendDelivery";
  center_.On<matching::v1::GetEngagementRequest, matching::v1::Engagement>(
      kGet, [](const auto& call, auto& engagement) {
        engagement.set_name(call.name());
        engagement.set_etag("41");
        auto& delivery = *engagement.add_deliveries();
        delivery.set_id("d1");
        delivery.set_slot("s1");
        delivery.set_delivery_type("deliveryTypes/coaching");
        delivery.set_mode(type::v1::DELIVERY_MODE_ON_SITE);
        delivery.set_date("2026-11-20");
        delivery.set_quarter_hours(25);
        delivery.set_place("Fallspd hall");
        delivery.set_completes_slot(true);
        auto& amendment = *engagement.add_amendments();
        amendment.set_delivery("d1");
        amendment.set_actor("coordinator:dana");
        amendment.set_reason("misread");
        amendment.mutable_amend_time()->set_seconds(1'795'506'190);
        return absl::OkStatus();
      });
  center_.On<matching::v1::AmendDeliveryRequest, matching::v1::Engagement>(
      kAmend, [](const auto&, auto&) { return absl::OkStatus(); });
  const CliRun run =
      Run("delivery amend en-1 d1 --date 2026-11-19 --on-site 31 --rank rank=command,people=3 "
          "--completes-slot false --reason late");
  ASSERT_EQ(run.status(), kDone) << run.err();
  const auto call = center_.RequestsOf<matching::v1::AmendDeliveryRequest>(kAmend)[0];
  EXPECT_EQ(call.name(), "engagements/en-1");
  EXPECT_EQ(call.delivery_id(), "d1");
  EXPECT_EQ(call.etag(), "41");
  EXPECT_EQ(call.reason(), "late");
  EXPECT_EQ(call.delivery().date(), "2026-11-19");
  EXPECT_EQ(call.delivery().attendance().on_site(), 31);
  EXPECT_EQ(call.delivery().attendance().by_rank(0).people(), 3);
  EXPECT_FALSE(call.delivery().completes_slot());
  EXPECT_EQ(call.delivery().quarter_hours(), 25) << "as it was";
  EXPECT_EQ(call.delivery().place(), "Fallspd hall") << "as it was";
  EXPECT_THAT(Run("delivery amend en-1 d2 --on-site 31 --reason late").err(),
              HasSubstr("\"d2\" is none of engagements/en-1, which has d1"));

  const CliRun shown = Run("engagement get en-1 --output table");
  ASSERT_EQ(shown.status(), kDone) << shown.err();
  EXPECT_THAT(shown.out(), HasSubstr("6.25"));
  EXPECT_THAT(shown.out(), HasSubstr("corrections of deliveries"));
  EXPECT_THAT(shown.out(), HasSubstr("misread"));
}

// --- Proposals, offers, meetings ------------------------------------------------------------------------

TEST_F(Changes, AProposalIsApprovedAsItWasSeen) {
  constexpr char kApprove[] = "critac.matching.v1.MatchService/ApproveProposal";
  center_.On<matching::v1::ApproveProposalRequest, matching::v1::Proposal>(
      kApprove, [](const auto& call, auto& proposal) {
        proposal.set_name(call.name());
        proposal.set_request("requests/fy27-000001");
        proposal.set_state(matching::v1::PROPOSAL_STATE_APPROVED);
        for (const char* expert : {"experts/e012", "experts/e034"}) {
          auto& assignment = *proposal.add_assignments();
          assignment.set_slot("s1");
          assignment.set_expert(expert);
        }
        auto& suspected = *proposal.mutable_assignments(0)->add_suspected_conflicts();
        suspected.set_expert("experts/e340");
        suspected.set_explanation("may be experts/e340 (same name), who is out");
        proposal.add_open_slots()->set_slot("s2");
        proposal.mutable_create_time()->set_seconds(1'795'506'190);
        proposal.set_decided_by("coordinator:dana");
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("proposal approve pr-7k2m --etag 41 --output csv").out(),
            "name,request,state,experts,open_slots,made,decided_by\r\n"
            "proposals/pr-7k2m,requests/fy27-000001,APPROVED,s1 e012;s1 e034,s2,"
            "2026-11-24T07:43:10Z,coordinator:dana\r\n");
  const auto call = center_.RequestsOf<matching::v1::ApproveProposalRequest>(kApprove)[0];
  EXPECT_EQ(call.name(), "proposals/pr-7k2m");
  EXPECT_EQ(call.etag(), "41");
  EXPECT_TRUE(IsUuid(call.request_id()));
  EXPECT_THAT(Run("proposal approve pr-7k2m").out(),
              HasSubstr("\ns1 experts/e012 may be experts/e340 (same name), who is out\n"));
  EXPECT_EQ(Run("proposal approve").status(), kUsage);
}

TEST_F(Changes, AProposalIsShownWithWhatIsSuspectedOfWhomItNames) {
  const auto fill = [](auto& proposal) {
    proposal.set_name("proposals/pr-7k2m");
    for (const char* expert : {"experts/e012", "experts/e034"}) {
      auto& assignment = *proposal.add_assignments();
      assignment.set_slot("s1");
      assignment.set_expert(expert);
    }
    auto& suspected = *proposal.mutable_assignments(0)->add_suspected_conflicts();
    suspected.set_expert("experts/e340");
    suspected.set_explanation("may be experts/e340 (same name), who is out");
  };
  center_.On<matching::v1::GetProposalRequest, matching::v1::Proposal>(
      "critac.matching.v1.MatchService/GetProposal", [&](const auto& call, auto& proposal) {
        EXPECT_EQ(call.name(), "proposals/pr-7k2m");
        fill(proposal);
        return absl::OkStatus();
      });
  center_.On<matching::v1::ListProposalsRequest, matching::v1::ListProposalsResponse>(
      "critac.matching.v1.MatchService/ListProposals", [&](const auto&, auto& page) {
        fill(*page.add_proposals());
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("proposal get pr-7k2m").out(),
              HasSubstr("\ns1 experts/e012 may be experts/e340 (same name), who is out\n"));
  EXPECT_THAT(Run("proposal get pr-7k2m --output csv").out(),
              AllOf(HasSubstr(",s1 e012;s1 e034,"), Not(HasSubstr("e340"))));
  EXPECT_THAT(Run("proposal list").out(),
              HasSubstr("s1 e012 (may be e340, who has a conflict), s1 e034"));
}

class Offers : public CommandLine {
 protected:
  // A center that takes this answer to an offer.
  template <typename Request>
  void AnswerOffer(const std::string& method, matching::v1::OfferState state) {
    center_.On<Request, matching::v1::Offer>(method, [state](const auto& call, auto& offer) {
      offer.set_name(call.name());
      offer.set_request("requests/fy27-000001");
      offer.mutable_assignment()->set_slot("s1");
      offer.mutable_assignment()->set_expert("experts/e012");
      offer.mutable_assignment()->set_partner("partners/iacp");
      offer.set_state(state);
      offer.set_answer_by("2026-12-01");
      return absl::OkStatus();
    });
  }
};

TEST_F(Offers, AreAcceptedByTheirPartner) {
  constexpr char kAccept[] = "critac.matching.v1.EngagementService/AcceptOffer";
  AnswerOffer<matching::v1::AcceptOfferRequest>(kAccept, matching::v1::OFFER_STATE_ACCEPTED);
  EXPECT_THAT(Run("offer accept of-3p9q --as partner:partners/iacp --output csv").out(),
              HasSubstr("\r\noffers/of-3p9q,requests/fy27-000001,s1,experts/e012,partners/iacp,"
                        "ACCEPTED,2026-12-01,"));
  EXPECT_EQ(center_.CallsOf(kAccept)[0].principal, "partner:partners/iacp");
  const auto call = center_.RequestsOf<matching::v1::AcceptOfferRequest>(kAccept)[0];
  EXPECT_EQ(call.name(), "offers/of-3p9q");
  EXPECT_TRUE(IsUuid(call.request_id()));
}

TEST_F(Offers, AreListedWithTheirReminders) {
  constexpr char kList[] = "critac.matching.v1.EngagementService/ListOffers";
  center_.On<matching::v1::ListOffersRequest, matching::v1::ListOffersResponse>(
      kList, [](const auto&, auto& page) {
        auto& reminded = *page.add_offers();
        reminded.set_name("offers/o00000431-1");
        reminded.set_request("requests/fy27-000001");
        reminded.mutable_assignment()->set_slot("s1");
        reminded.mutable_assignment()->set_expert("experts/e012");
        reminded.mutable_assignment()->set_partner("partners/iacp");
        reminded.set_state(matching::v1::OFFER_STATE_OPEN);
        reminded.set_answer_by("2026-12-01");
        reminded.set_reminder_count(1);
        reminded.mutable_reminder_time()->set_seconds(1'795'506'190);
        reminded.set_next_reminder_date("2026-11-27");
        auto& other = *page.add_offers();
        other = reminded;
        other.set_name("offers/o00000431-2");
        other.clear_reminder_count();
        other.clear_reminder_time();
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("offer list").out(),
            "NAME                REQUEST               SLOT  EXPERT  PARTNER  STATE  ANSWER BY   "
            "REMINDERS  LAST REMINDER  NEXT REMINDER  SCORE\n"
            "offers/o00000431-1  requests/fy27-000001  s1    e012    iacp     open   2026-12-01  "
            "        1  2026-11-24     2026-11-27     0.000\n"
            "offers/o00000431-2  requests/fy27-000001  s1    e012    iacp     open   2026-12-01  "
            "        0  -              2026-11-27     0.000\n");
  EXPECT_THAT(
      Run("offer list --output csv").out(),
      StartsWith("name,request,slot,expert,partner,state,answer_by,reminders,last_reminder,"
                 "next_reminder,score\r\n"
                 "offers/o00000431-1,requests/fy27-000001,s1,experts/e012,partners/iacp,OPEN,"
                 "2026-12-01,1,2026-11-24T07:43:10Z,2026-11-27,"));
}

TEST_F(Offers, ThatWereRemindedOfAndAreNotAnsweredAreASwitchOfTheList) {
  constexpr char kList[] = "critac.matching.v1.EngagementService/ListOffers";
  center_.On<matching::v1::ListOffersRequest, matching::v1::ListOffersResponse>(
      kList, [](const auto&, auto&) { return absl::OkStatus(); });
  const struct {
    const char* flags;
    const char* filter;
  } table[] = {{"", ""},
               {"--reminded", "state = OFFER_STATE_OPEN AND reminder_count > 0"},
               {"--reminded --partner iacp",
                "partner = \"partners/iacp\" AND state = OFFER_STATE_OPEN AND reminder_count > 0"},
               {"--reminded --filter slot=\"s1\"",
                "state = OFFER_STATE_OPEN AND reminder_count > 0 AND (slot=\"s1\")"}};
  for (const auto& row : table) {
    EXPECT_EQ(Run(absl::StrCat("offer list ", row.flags)).status(), kDone) << row.flags;
    EXPECT_EQ(center_.RequestsOf<matching::v1::ListOffersRequest>(kList).back().filter(),
              row.filter);
  }
}

TEST_F(Offers, AreDeclinedWithACode) {
  constexpr char kDecline[] = "critac.matching.v1.EngagementService/DeclineOffer";
  AnswerOffer<matching::v1::DeclineOfferRequest>(kDecline, matching::v1::OFFER_STATE_DECLINED);
  EXPECT_THAT(Run("offer decline of-3p9q --code not-available --output csv",
                  {"--reason", "two deployments in May"})
                  .out(),
              HasSubstr(",DECLINED,"));
  EXPECT_EQ(Run("offer decline of-3p9q").status(), kUsage) << "needs a code";
  EXPECT_EQ(Run("offer decline of-3p9q --code tired").status(), kUsage);
  const auto calls = center_.RequestsOf<matching::v1::DeclineOfferRequest>(kDecline);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].name(), "offers/of-3p9q");
  EXPECT_EQ(calls[0].code(), matching::v1::OFFER_DECLINE_CODE_NOT_AVAILABLE);
  EXPECT_EQ(calls[0].reason(), "two deployments in May");
  EXPECT_TRUE(IsUuid(calls[0].request_id()));
}

class Meetings : public CommandLine {
 protected:
  static constexpr char kCall[] = "critac.matching.v1.MeetingService/CallMeeting";
  static constexpr char kNote[] = "critac.matching.v1.MeetingService/AddNote";
  static constexpr char kVote[] = "critac.matching.v1.MeetingService/CastVote";
  static constexpr char kDecide[] = "critac.matching.v1.MeetingService/DecideItem";
  static constexpr char kClose[] = "critac.matching.v1.MeetingService/CloseMeeting";
};

TEST_F(Meetings, AreCalledForSomeRequestsOrForAll) {
  center_.On<matching::v1::CallMeetingRequest, matching::v1::Meeting>(
      kCall, [](const auto& call, auto& meeting) {
        meeting.set_name("meetings/m00000012");
        meeting.set_title(call.title());
        meeting.set_date(call.date());
        meeting.set_state(matching::v1::MEETING_STATE_OPEN);
        for (const std::string& request : call.requests()) {
          meeting.add_items()->set_request(request);
        }
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("meeting call --request fy27-000001 --request requests/fy27-000004 "
                "--title November --date 2026-12-03 --alternates 5 --output csv")
                .out(),
            "name,date,title,state,requests,decided\r\n"
            "meetings/m00000012,2026-12-03,November,OPEN,2,0\r\n");
  EXPECT_EQ(Run("meeting call").status(), kDone);
  EXPECT_EQ(Run("meeting call --alternates 21").status(), kUsage);
  const auto calls = center_.RequestsOf<matching::v1::CallMeetingRequest>(kCall);
  ASSERT_THAT(calls, SizeIs(2));
  ASSERT_THAT(calls[0].requests(), SizeIs(2));
  EXPECT_EQ(calls[0].requests(0), "requests/fy27-000001");
  EXPECT_EQ(calls[0].requests(1), "requests/fy27-000004");
  EXPECT_EQ(calls[0].alternates(), 5);
  EXPECT_TRUE(IsUuid(calls[0].request_id()));
  EXPECT_THAT(calls[1].requests(), SizeIs(0));
  EXPECT_EQ(calls[1].date(), "") << "the center knows which day it is";
  EXPECT_EQ(calls[1].alternates(), 3);
}

TEST_F(Meetings, AreShownWithWhatIntakeTellsTheCaller) {
  constexpr char kGet[] = "critac.matching.v1.MeetingService/GetMeeting";
  constexpr char kRequest[] = "critac.intake.v1.RequestService/GetRequest";
  constexpr char kAgency[] = "critac.intake.v1.AgencyService/GetAgency";
  center_.On<matching::v1::GetMeetingRequest, matching::v1::Meeting>(
      kGet, [](const auto& call, auto& meeting) {
        meeting.set_name(call.name());
        for (const char* id : {"fy27-000001", "fy27-000002"}) {
          auto& item = *meeting.add_items();
          item.set_request(absl::StrCat("requests/", id));
          item.mutable_agency()->set_agency("agencies/ag-1");
        }
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("meeting get m00000012").out(),
              HasSubstr("1. requests/fy27-000001\n   agencies/ag-1\n"));
  EXPECT_THAT(center_.CallsOf(kRequest), SizeIs(1)) << "who gets no answer asks no more";
  EXPECT_THAT(center_.CallsOf(kAgency), SizeIs(1));

  center_.On<intake::v1::GetRequestRequest, intake::v1::Request>(
      kRequest, [](const auto& call, auto& request) -> absl::Status {
        if (call.name() == "requests/fy27-000001") return absl::NotFoundError("no such request");
        request.set_title("Foot pursuits");
        return absl::OkStatus();
      });
  center_.On<intake::v1::GetAgencyRequest, intake::v1::Agency>(
      kAgency, [](const auto&, auto& agency) {
        agency.set_display_name("Perry Police Department");
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("meeting get m00000012").out(),
              AllOf(HasSubstr("1. requests/fy27-000001\n"
                              "   Perry Police Department (agencies/ag-1)\n"),
                    HasSubstr("2. requests/fy27-000002\n   Foot pursuits\n"
                              "   Perry Police Department (agencies/ag-1)\n")));
  EXPECT_THAT(center_.CallsOf(kAgency), SizeIs(2)) << "an agency is asked for once";
  EXPECT_EQ(Run("meeting get m00000012 --output json").status(), kDone);
  EXPECT_THAT(center_.CallsOf(kAgency), SizeIs(2)) << "programs join for themselves";
}

TEST_F(Meetings, TakeNotesOnARequestAndShowWhatIsSaidOfIt) {
  center_.On<matching::v1::AddNoteRequest, matching::v1::MeetingItem>(
      kNote, [](const auto& call, auto& item) {
        item.set_request(call.request());
        auto& note = *item.add_notes();
        note.set_actor("coordinator:dana");
        note.mutable_time()->set_seconds(1'795'506'190);
        note.set_text(call.text());
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("meeting note m00000012 fy27-000001", {"rather somebody near"}).out(),
            "1. requests/fy27-000001\n"
            "\n"
            "   notes\n"
            "     2026-11-24 07:43 coordinator:dana: rather somebody near\n"
            "\n"
            "   not decided\n");
  EXPECT_EQ(Run("meeting note m00000012 fy27-000001").status(), kUsage);
  const auto call = center_.RequestsOf<matching::v1::AddNoteRequest>(kNote)[0];
  EXPECT_EQ(call.name(), "meetings/m00000012");
  EXPECT_EQ(call.request(), "requests/fy27-000001");
  EXPECT_EQ(call.text(), "rather somebody near");
  EXPECT_TRUE(IsUuid(call.request_id()));
}

TEST_F(Meetings, TakeVotesOnTheFirstSlotOrTheOneGiven) {
  center_.On<matching::v1::CastVoteRequest, matching::v1::MeetingItem>(
      kVote, [](const auto& call, auto& item) {
        item.set_request(call.request());
        return absl::OkStatus();
      });
  const std::string vote = "meeting vote m00000012 fy27-000001 e012 --as partner:partners/iacp ";
  EXPECT_EQ(Run(absl::StrCat(vote, "for --output csv")).out(),
            "request,decision\r\nrequests/fy27-000001,\r\n");
  EXPECT_EQ(Run(absl::StrCat(vote, "against --slot s2"), {"--reason", "away in May"}).status(),
            kDone);
  EXPECT_EQ(Run(absl::StrCat(vote, "perhaps")).status(), kUsage);
  const auto calls = center_.RequestsOf<matching::v1::CastVoteRequest>(kVote);
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_EQ(center_.CallsOf(kVote)[0].principal, "partner:partners/iacp");
  EXPECT_EQ(calls[0].name(), "meetings/m00000012");
  EXPECT_EQ(calls[0].request(), "requests/fy27-000001");
  EXPECT_EQ(calls[0].slot(), "s1");
  EXPECT_EQ(calls[0].expert(), "experts/e012");
  EXPECT_EQ(calls[0].choice(), matching::v1::VOTE_CHOICE_FOR);
  EXPECT_EQ(calls[0].reason(), "");
  EXPECT_TRUE(IsUuid(calls[0].request_id()));
  EXPECT_EQ(calls[1].slot(), "s2");
  EXPECT_EQ(calls[1].choice(), matching::v1::VOTE_CHOICE_AGAINST);
  EXPECT_EQ(calls[1].reason(), "away in May");
}

TEST_F(Meetings, DecideOnARequestAsProposedOrForOthers) {
  center_.On<matching::v1::DecideItemRequest, matching::v1::MeetingItem>(
      kDecide, [](const auto& call, auto& item) {
        item.set_request(call.request());
        item.mutable_decision()->set_kind(call.kind());
        return absl::OkStatus();
      });
  const std::string decide = "meeting decide m00000012 fy27-000001 ";
  EXPECT_EQ(Run(absl::StrCat(decide, "approved --output csv")).out(),
            "request,decision\r\nrequests/fy27-000001,APPROVED\r\n");
  EXPECT_EQ(Run(absl::StrCat(decide, "overridden"), {"--assign", "s1=e034", "--assign", "s2=e012",
                                                     "--reason", "asked for by the chief"})
                .status(),
            kDone);
  EXPECT_EQ(Run(absl::StrCat(decide, "deferred"), {"--reason", "no quorum"}).status(), kDone);
  EXPECT_EQ(Run(absl::StrCat(decide, "later")).status(), kUsage);
  EXPECT_EQ(Run(absl::StrCat(decide, "overridden"), {"--assign", "e034"}).status(), kUsage);
  const auto calls = center_.RequestsOf<matching::v1::DecideItemRequest>(kDecide);
  ASSERT_THAT(calls, SizeIs(3));
  EXPECT_EQ(calls[0].name(), "meetings/m00000012");
  EXPECT_EQ(calls[0].request(), "requests/fy27-000001");
  EXPECT_EQ(calls[0].kind(), matching::v1::ITEM_DECISION_KIND_APPROVED);
  EXPECT_THAT(calls[0].assignments(), SizeIs(0));
  EXPECT_TRUE(IsUuid(calls[0].request_id()));
  EXPECT_EQ(calls[1].kind(), matching::v1::ITEM_DECISION_KIND_OVERRIDDEN);
  ASSERT_THAT(calls[1].assignments(), SizeIs(2));
  EXPECT_EQ(calls[1].assignments(0).slot(), "s1");
  EXPECT_EQ(calls[1].assignments(0).expert(), "experts/e034");
  EXPECT_EQ(calls[1].assignments(1).slot(), "s2");
  EXPECT_EQ(calls[1].assignments(1).expert(), "experts/e012");
  EXPECT_EQ(calls[1].reason(), "asked for by the chief");
  EXPECT_EQ(calls[2].kind(), matching::v1::ITEM_DECISION_KIND_DEFERRED);
  EXPECT_EQ(calls[2].reason(), "no quorum");
}

TEST_F(Meetings, SayWhatIsWrongWithACommandBeforeTheyAskTheCenter) {
  const struct {
    std::vector<std::string> words;
    const char* error;
  } table[] = {
      {{"call", "--date", "3 December"}, "--date: \"3 December\" is not a day as 2026-12-03"},
      {{"call", "--date", "2026-02-30"}, "--date: \"2026-02-30\" is not a day"},
      {{"decide", "m1", "fy27-1", "overridden", "--reason", "so"}, "--assign is missing"},
      {{"decide", "m1", "fy27-1", "overridden", "--assign", "s1=e1"}, "--reason is missing"},
      {{"decide", "m1", "fy27-1", "deferred"}, "--reason is missing"},
      {{"decide", "m1", "fy27-1", "approved", "--assign", "s1=e1"},
       "--assign is for overridden only"},
      {{"decide", "m1", "fy27-1", "overridden", "--reason", "so", "--assign", "e1"},
       "--assign: \"e1\" is not SLOT=EXPERT"},
      {{"decide", "m1", "fy27-1", "later"}, "\"later\" is none of: approved, overridden, deferred"},
      {{"vote", "m1", "fy27-1", "e1", "perhaps"}, "\"perhaps\" is none of: for, against, abstain"}};
  for (const auto& row : table) {
    const CliRun run = Run("meeting", row.words);
    EXPECT_EQ(run.status(), kUsage) << row.error;
    EXPECT_THAT(run.err(), HasSubstr(row.error));
  }
  for (const char* method : {kCall, kVote, kDecide}) {
    EXPECT_THAT(center_.CallsOf(method), SizeIs(0)) << method;
  }
}

TEST_F(Meetings, AreClosed) {
  center_.On<matching::v1::CloseMeetingRequest, matching::v1::Meeting>(kClose, [](const auto& call,
                                                                                  auto& meeting) {
    meeting.set_name(call.name());
    meeting.set_state(matching::v1::MEETING_STATE_CLOSED);
    meeting.set_title("November");
    meeting.set_date("2026-12-03");
    meeting.add_items()->mutable_decision()->set_kind(matching::v1::ITEM_DECISION_KIND_APPROVED);
    meeting.add_items();
    return absl::OkStatus();
  });
  EXPECT_EQ(Run("meeting close m00000012 --output csv").out(),
            "name,date,title,state,requests,decided\r\n"
            "meetings/m00000012,2026-12-03,November,CLOSED,2,1\r\n");
  const auto call = center_.RequestsOf<matching::v1::CloseMeetingRequest>(kClose)[0];
  EXPECT_EQ(call.name(), "meetings/m00000012");
  EXPECT_TRUE(IsUuid(call.request_id()));
}

// --- What-if ------------------------------------------------------------------------------------------

class WhatIf : public CommandLine {
 protected:
  WhatIf() {
    center_.On<matching::v1::SimulateRequest, matching::v1::SimulateResponse>(
        "critac.matching.v1.MatchService/Simulate", [](const auto&, auto& response) {
          response = Answer();
          return absl::OkStatus();
        });
  }

  static matching::v1::SimulateResponse Answer() {
    matching::v1::SimulateResponse answer;
    answer.set_sequence(123);
    answer.set_date("2026-11-20");
    answer.mutable_before()->set_policy_version(2);
    answer.mutable_before()->set_assigned_count(13);
    answer.mutable_after()->set_assigned_count(12);
    auto& difference = *answer.mutable_difference();
    difference.set_summary("1 request changes: 1 drops out. People missing: 0 before, 1 after.");
    difference.set_missing_after(1);
    auto& change = *difference.add_changes();
    change.set_request("requests/fy27-000001");
    change.set_slot("s1");
    change.set_expert("experts/e012");
    change.set_partner("partners/iacp");
    change.set_period_before("2026Q4");
    change.set_score_before_e6(834512);
    auto& partner = *difference.add_partners();
    partner.set_partner("partners/iacp");
    partner.set_assigned_before(4);
    partner.set_assigned_after(3);
    auto& request = *answer.add_requests();
    request.set_request("requests/fy27-000001");
    auto& open = *request.add_open_slots();
    open.set_slot("s1");
    open.set_explanation("1 of 1 person is missing. No expert is eligible");
    auto& assigned = *answer.add_requests();
    assigned.set_request("requests/fy27-000002");
    assigned.add_assignments()->set_expert("experts/e034");
    return answer;
  }

  // The changes of the last call, each as text.
  std::vector<std::string> Sent() {
    std::vector<std::string> texts;
    const auto requests = center_.RequestsOf<matching::v1::SimulateRequest>(
        "critac.matching.v1.MatchService/Simulate");
    for (const auto& change : requests.back().changes()) texts.push_back(change.ShortDebugString());
    return texts;
  }
};

TEST_F(WhatIf, FlagsAreChanges) {
  const CliRun run =
      Run("match simulate --set policy weights.distance=7 --set experts/e1 languages=es;nv "
          "--set requests/fy27-1 urgency=critical --capacity experts/e2=3 --capacity "
          "partners/iacp=9 --capacity-open e2=5 --deactivate e3 --without fy27-2 --policy 4");
  ASSERT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(
      Sent(),
      ::testing::ElementsAre(
          R"(policy_version: "policies/v00000004")",
          R"(policy { weights { distance: 7 } } fields: "weights.distance")",
          R"(expert { name: "experts/e1" languages: "es" languages: "nv" } fields: "languages")",
          R"(request { request: "requests/fy27-1" urgency: URGENCY_CRITICAL } fields: "urgency")",
          R"(expert { name: "experts/e2" capacity_per_period: 3 } fields: "capacity_per_period")",
          R"(partner { name: "partners/iacp" capacity_per_period: 9 } fields: "capacity_per_period")",
          R"(expert { name: "experts/e2" capacity_open: 5 } fields: "capacity_open")",
          R"(expert { name: "experts/e3" } fields: "active")",
          R"(without_request: "requests/fy27-2")"));
}

TEST_F(WhatIf, AFileHoldsChangesAndFlagsAddToThem) {
  const std::string path = folder_.Write(
      "changes.json",
      R"({"run": "runs/r00000004", "changes": [{"expert": {"name": "experts/e1", "capacityOpen": 9},
          "fields": ["capacity_open"]}]})");
  ASSERT_EQ(Run("match simulate --without fy27-2 --file", {path}).status(), kDone);
  EXPECT_THAT(Sent(),
              ::testing::ElementsAre(
                  R"(expert { name: "experts/e1" capacity_open: 9 } fields: "capacity_open")",
                  R"(without_request: "requests/fy27-2")"));
}

TEST_F(WhatIf, WhatIsWrongIsSaidBeforeAnythingIsCalled) {
  const std::pair<std::string, std::string> cases[] = {
      {"--set policy distance", "--set: \"distance\" is not FIELD=VALUE"},
      {"--set policy distance=3", "distance: there is no such field in Policy; it has: version"},
      {"--set agencies/x a=1", "--set: \"agencies/x\" is none of policy, experts/ID"},
      {"--capacity experts/e1", "is not experts/ID=N or partners/ID=N"},
      {"--capacity e1=3", "--capacity: \"e1\" is neither experts/ID nor partners/ID"},
      {"--capacity experts/e1=many", "\"many\" is not a whole number"},
  };
  for (const auto& [flags, message] : cases) {
    const CliRun run = Run("match simulate " + flags);
    EXPECT_NE(run.status(), kDone) << flags;
    EXPECT_THAT(run.err(), HasSubstr(message));
  }
  EXPECT_THAT(center_.CallsOf("critac.matching.v1.MatchService/Simulate"), SizeIs(0));
}

TEST_F(WhatIf, IsToldInFiguresAndWords) {
  const std::string out = Run("match simulate --deactivate e012").out();
  EXPECT_THAT(out, HasSubstr("after event 123, as of 2026-11-20\n"));
  EXPECT_THAT(out, HasSubstr("policy version         2  changed\n"));
  EXPECT_THAT(out, HasSubstr("people assigned       13       12\n"));
  EXPECT_THAT(out, HasSubstr("1 request changes: 1 drops out."));
  EXPECT_THAT(out, HasSubstr("requests/fy27-000001  s1    experts/e012  iacp     2026Q4  -"));
  EXPECT_THAT(out, HasSubstr("iacp          4      3\n"));
  EXPECT_THAT(out, HasSubstr("open slots\nrequests/fy27-000001 s1\n1 of 1 person is missing."));
  EXPECT_THAT(out, Not(HasSubstr("experts/e034")));
  EXPECT_THAT(Run("match simulate --plan").out(), HasSubstr("experts/e034"));
}

TEST_F(WhatIf, IsToldToPrograms) {
  EXPECT_THAT(Run("match simulate --output json").out(),
              AllOf(HasSubstr("\"assignedCount\": 13"), HasSubstr("experts/e034")));
  EXPECT_THAT(Run("match simulate --output csv").out(),
              HasSubstr("requests/fy27-000001,s1,experts/e012,partners/iacp,2026Q4,,0.834512,"));
}

TEST_F(WhatIf, APolicyIsTriedOnThePresentAndThePast) {
  center_.On<matching::v1::TryPolicyRequest, matching::v1::TryPolicyResponse>(
      "critac.matching.v1.MatchService/TryPolicy", [](const auto& call, auto& response) {
        EXPECT_EQ(call.name(), "policies/v00000003");
        EXPECT_EQ(call.past_runs(), 2);
        response.mutable_policy()->set_name(call.name());
        response.mutable_policy()->set_state(matching::v1::POLICY_STATE_DRAFT);
        *response.mutable_present() = Answer();
        auto& trial = *response.add_past();
        trial.mutable_recorded()->set_name("runs/r00000412");
        trial.mutable_recorded()->set_policy_version(2);
        trial.mutable_before()->set_assigned_count(13);
        trial.mutable_after()->set_assigned_count(11);
        trial.mutable_difference()->set_missing_after(2);
        trial.set_reproduced(true);
        return absl::OkStatus();
      });
  const std::string out = Run("policy try 3 --past 2").out();
  EXPECT_THAT(out, HasSubstr("policies/v00000003, draft: on the present records, after event 123"));
  EXPECT_THAT(out, HasSubstr("1 request changes: 1 drops out."));
  EXPECT_THAT(out, AllOf(HasSubstr("runs/r00000412"), HasSubstr("13 > 11"), HasSubstr("0 > 2")));
  EXPECT_THAT(out, Not(HasSubstr("not counted")));
}

TEST_F(WhatIf, ATrialHasItsCertificatesAsJsonOnly) {
  center_.On<matching::v1::TryPolicyRequest, matching::v1::TryPolicyResponse>(
      "critac.matching.v1.MatchService/TryPolicy", [](const auto& call, auto& response) {
        response.mutable_policy()->set_name(call.name());
        *response.mutable_present() = Answer();
        auto& trial = *response.add_past();
        trial.mutable_recorded()->set_name("runs/r00000412");
        if (call.omit_certificates()) return absl::OkStatus();
        trial.mutable_before()->mutable_certificate()->set_objective(-1'234'567);
        trial.mutable_after()->set_no_certificate(matching::v1::NO_CERTIFICATE_ANSWER_FULL);
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("policy try 3 --output json").out(),
              AllOf(HasSubstr("\"certificate\""), HasSubstr("\"objective\": \"-1234567\""),
                    HasSubstr("NO_CERTIFICATE_ANSWER_FULL")));
  for (const char* format : {"table", "csv"}) {
    EXPECT_THAT(Run(absl::StrCat("policy try 3 --output ", format)).out(),
                AllOf(HasSubstr("runs/r00000412"), Not(HasSubstr("1234567"))));
  }
  std::vector<bool> omitted;
  for (const auto& request : center_.RequestsOf<matching::v1::TryPolicyRequest>(
           "critac.matching.v1.MatchService/TryPolicy")) {
    omitted.push_back(request.omit_certificates());
  }
  EXPECT_THAT(omitted, ::testing::ElementsAre(false, true, true));
}

TEST_F(WhatIf, ATrialThatDoesNotCountSaysSo) {
  center_.On<matching::v1::TryPolicyRequest, matching::v1::TryPolicyResponse>(
      "critac.matching.v1.MatchService/TryPolicy", [](const auto& call, auto& response) {
        response.mutable_policy()->set_name(call.name());
        *response.mutable_present() = Answer();
        response.add_past()->mutable_recorded()->set_name("runs/r00000412");
        response.set_not_counted("the past run does not come out as recorded");
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("policy try 3").out(),
              HasSubstr("\nnot counted as a trial: the past run does not come out as recorded\n"));
  EXPECT_THAT(Run("policy try 3 --output json").out(), HasSubstr("notCounted"));
}

TEST_F(WhatIf, AnAuditorsTrialSaysThatItDoesNotCountWhereThereIsNoPastRunEither) {
  center_.On<matching::v1::TryPolicyRequest, matching::v1::TryPolicyResponse>(
      "critac.matching.v1.MatchService/TryPolicy", [](const auto& call, auto& response) {
        EXPECT_NE(call.request_id(), "");
        response.mutable_policy()->set_name(call.name());
        *response.mutable_present() = Answer();
        response.set_not_counted("an auditor reads and changes nothing");
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("policy try 3 --as auditor:ines").out(),
              HasSubstr("no past runs to try it on\n"
                        "\nnot counted as a trial: an auditor reads and changes nothing\n"));
}

TEST_F(CommandLine, ARunIsShownWithWhatItChangedAndWhy) {
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [](const auto& call, auto& response) {
        response.set_name(call.name());
        response.set_objective(-7);
        response.set_bound(-7);
        response.set_certified(true);
        auto& change = *response.add_changes();
        change.set_request("requests/fy27-000001");
        change.set_slot("s1");
        change.set_from_expert("experts/e012");
        change.set_period_before("2026Q4");
        change.set_to_expert("experts/e012");
        change.set_period_after("2027Q1");
        change.set_reason("experts/e012 cannot start in 2026Q4 any more");
        change.set_kind(matching::v1::RUN_CHANGE_KIND_CANNOT_START);
        auto& disparity = *response.mutable_fairness()->add_disparities();
        disparity.set_ratio_e6(800'000);
        disparity.set_previous_ratio_e6(750'000);
        for (const int unmet : {0, 3}) {
          auto& load = *response.mutable_fairness()->add_partners();
          load.set_partner(absl::StrCat("partners/p", unmet));
          load.set_minimum_count(7);
          load.set_planned_count(7 - unmet);
          load.set_unmet_count(unmet);
        }
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("run get r00000042").out(),
              AllOf(HasSubstr("runs/r00000042"), HasSubstr("bound"),
                    HasSubstr("\noptimal: no plan is better\n"),
                    HasSubstr("changed from the standing proposals"), HasSubstr("2027Q1"),
                    HasSubstr("\nminimum shares that are not met, in people\nPARTNER"),
                    HasSubstr("\npartners/p3 "), Not(HasSubstr("\npartners/p0 ")),
                    HasSubstr("cannot start in 2026Q4 any more"), HasSubstr("0.75")));
  EXPECT_THAT(Run("run get r00000042 --output json").out(),
              AllOf(HasSubstr("\"bound\": \"-7\""), HasSubstr("RUN_CHANGE_KIND_CANNOT_START")));
}

TEST_F(CommandLine, ARunThatWasOvertakenIsShownWithTheRequestsThatItIsNotFor) {
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [](const auto& call, auto& response) {
        response.set_name(call.name());
        response.set_base_sequence(4711);
        auto& dropped = *response.add_dropped();
        dropped.set_request("requests/fy27-000007");
        dropped.set_slot("s1");
        dropped.set_expert("experts/e013");
        dropped.set_reason(matching::v1::DROP_REASON_NO_ROOM);
        return absl::OkStatus();
      });
  EXPECT_THAT(
      Run("run get r00000042").out(),
      AllOf(HasSubstr("\nnot proposed, since records changed after event 4711, of which the "
                      "plan is; the next run decides\nREQUEST"),
            HasSubstr("fy27-000007"), HasSubstr("e013")));
  EXPECT_THAT(Run("run get r00000042 --output json").out(), HasSubstr("DROP_REASON_NO_ROOM"));
}

TEST_F(CommandLine, TheChangesOfARunAreNarrowedToAKind) {
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [](const auto& call, auto& response) {
        response.set_name(call.name());
        for (const auto kind :
             {matching::v1::RUN_CHANGE_KIND_PRICE, matching::v1::RUN_CHANGE_KIND_OUT}) {
          auto& change = *response.add_changes();
          change.set_request(absl::StrCat("requests/fy27-", kind));
          change.set_kind(kind);
        }
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("run get r00000042 --kind out").out(),
              AllOf(HasSubstr("requests/fy27-5 "), Not(HasSubstr("requests/fy27-6"))));
  EXPECT_THAT(Run("run get r00000042 --kind PRICE --output json").out(),
              AllOf(HasSubstr("RUN_CHANGE_KIND_PRICE"), Not(HasSubstr("RUN_CHANGE_KIND_OUT"))));
  EXPECT_THAT(Run("run get r00000042 --kind cannot-start").err(),
              HasSubstr("(no change of this kind)"));
  const CliRun wrong = Run("run get r00000042 --kind whim");
  EXPECT_NE(wrong.status(), kDone);
  EXPECT_THAT(wrong.err(), AllOf(HasSubstr("--kind"), HasSubstr("cannot-start")));
}

TEST_F(CommandLine, TheCertificateOfARunIsShownOrGivenAsOneDocument) {
  // One person, whom the one expert's only assignment is for; a second request gets nobody.
  center_.OnStream<matching::v1::GetCertificateRequest, matching::v1::GetCertificateResponse>(
      "critac.matching.v1.MatchService/GetCertificate", [](const auto& call, auto& parts) {
        auto& first = parts.emplace_back();
        first.set_run(call.name());
        first.set_date("2026-11-20");
        first.set_policy_version(3);
        first.set_objective(1'500'000);
        first.set_bound(1'500'000);
        first.set_people_count(2);
        first.set_pair_count(2);
        first.add_partners()->set_name("partners/elm");
        auto& expert = *first.add_experts();
        expert.set_name("experts/e1");
        expert.set_partner("partners/elm");
        expert.set_capacity_open(5);
        expert.set_capacity_per_period(1);
        auto& price = *expert.add_period_prices();
        price.set_period("2026Q4");
        price.set_price(2'500'000);
        auto& second = parts.emplace_back();
        for (const int i : {0, 1}) {
          auto& slot = *second.add_slots();
          slot.set_request(absl::StrCat("requests/fy27-", i));
          slot.set_slot("s1");
          slot.set_missing_count(1);
          slot.set_open_count(i);
          slot.set_open_price(2'000'000);
          slot.set_price(2'000'000);
          auto& pair = *second.add_pairs();
          pair.set_slot(i);
          pair.set_cost(-500'000);
          pair.add_periods("2026Q4");
        }
        second.add_units()->set_period("2026Q4");
        return absl::OkStatus();
      });
  const CliRun run = Run("run certificate r00000042 --as auditor:ines");
  EXPECT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(),
              AllOf(HasSubstr("runs/r00000042 of 2026-11-20, policy version 3\n"),
                    HasSubstr("1 of 2 people placed in 2 slots"), HasSubstr("no plan is better"),
                    HasSubstr("requests/fy27-1"), HasSubstr("2026Q4 2500000")));
  const CliRun json = Run("run certificate r00000042 --output json --as auditor:ines");
  EXPECT_EQ(critac::testing::VerifyPlan(json.out()),
            "optimal: runs/r00000042, objective 1500000, bound 1500000 over 2 pairs");
}

TEST_F(CommandLine, ACertificateSaysByHowManyCasesThePlanIsProved) {
  center_.OnStream<matching::v1::GetCertificateRequest, matching::v1::GetCertificateResponse>(
      "critac.matching.v1.MatchService/GetCertificate", [](const auto& call, auto& parts) {
        auto& only = parts.emplace_back();
        only.set_run(call.name());
        only.set_objective(500'000);
        only.set_bound(100'000);
        only.set_case_count(call.name() == "runs/r00000044" ? 0 : 3);
        const int recorded = call.name() == "runs/r00000042" ? only.case_count() : 0;
        for (int i = 0; i < recorded; ++i) only.add_cases();
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("run certificate r00000042").out(),
              HasSubstr("bound 100000: no plan is better, proved by 3 cases\n"));
  EXPECT_THAT(Run("run certificate r00000043").out(),
              AllOf(HasSubstr("the plan is within 400000 of the best"),
                    HasSubstr("the 3 cases that proved it the best were not recorded")));
  EXPECT_THAT(Run("run certificate r00000044").out(),
              HasSubstr("a better plan may exist, by no more than 400000\n"));
}

TEST_F(CommandLine, ARunIsShownWithHowItTreatsPartnersAndAgencies) {
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [](const auto& call, auto& response) {
        response.set_name(call.name());
        matching::v1::Fairness& fairness = *response.mutable_fairness();
        const auto add_partner = [&](const std::string& name, int open, int planned) {
          matching::v1::PartnerLoad& load = *fairness.add_partners();
          load.set_partner(name);
          load.set_open_count(open);
          load.set_planned_count(planned);
        };
        add_partner("partners/alpha", 2, 4);
        add_partner("partners/beta", 0, 2);
        fairness.set_partner_gini_e6(250'000);
        fairness.set_previous_partner_gini_e6(125'000);
        const auto add_group = [&](matching::v1::GroupDimension dimension, const std::string& name,
                                   int asked, int placed, int days) {
          matching::v1::GroupOutcome& group = *fairness.add_groups();
          group.set_dimension(dimension);
          group.set_group(name);
          group.set_people_count(asked);
          group.set_placed_count(placed);
          if (placed > 0) group.set_mean_score_e6(913'250);
          group.set_mean_waited_days(days);
        };
        add_group(matching::v1::GROUP_DIMENSION_AGENCY_TYPE, "AGENCY_TYPE_SHERIFF", 1, 0, 0);
        add_group(matching::v1::GROUP_DIMENSION_AGENCY_TYPE, "AGENCY_TYPE_TRIBAL", 6, 3, 12);
        add_group(matching::v1::GROUP_DIMENSION_SIZE_BAND, "SIZE_BAND_25_49", 7, 3, 10);
        add_group(matching::v1::GROUP_DIMENSION_STATE, "UT", 7, 3, 10);
        matching::v1::Disparity& disparity = *fairness.add_disparities();
        disparity.set_dimension(matching::v1::GROUP_DIMENSION_SIZE_BAND);
        disparity.set_lowest("SIZE_BAND_25_49");
        disparity.set_highest("SIZE_BAND_1000_PLUS");
        disparity.set_ratio_e6(600'000);
        matching::v1::Disparity& waiting = *fairness.add_waiting_disparities();
        waiting = disparity;
        waiting.set_previous_ratio_e6(0);
        *fairness.add_score_disparities() = disparity;
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("run get r00000042").out(), R"(name  runs/r00000042

partners: people agreed or offered, people that the plan adds
PARTNER  OPEN  PLANNED  LOAD  SHARE
alpha       2        4     6  0.750
beta        0        2     2  0.250
Gini coefficient of the load (0: all have the same) 0.250, before 0.125

agencies: people asked for and placed, mean score, mean days waited
BY           GROUP    ASKED  PLACED  SHARE  SCORE  DAYS WAITED
agency type  sheriff      1       0  0.000      -            0
agency type  tribal       6       3  0.500  0.913           12
size band    25-49        7       3  0.429  0.913           10
state        UT           7       3  0.429  0.913           10

share of people placed (0.8: four fifths), lowest as a part of the highest
BY         LOWEST  HIGHEST  RATIO  BEFORE  BELOW THRESHOLD
size band  25-49   1000+    0.600       -  -

mean days waited, lowest as a part of the highest
BY         LOWEST  HIGHEST  RATIO  BEFORE  BELOW THRESHOLD
size band  25-49   1000+    0.600   0.000  -

mean score of those placed, lowest as a part of the highest
BY         LOWEST  HIGHEST  RATIO  BEFORE  BELOW THRESHOLD
size band  25-49   1000+    0.600       -  -
)");
}

TEST_F(CommandLine, ARunSaysFromWhereOnGroupsAreTooFarApartByItsPolicy) {
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [](const auto&, auto& run) {
        run.set_name("runs/r00000042");
        matching::v1::Fairness& fairness = *run.mutable_fairness();
        fairness.set_disparity_threshold_e6(750'000);
        fairness.add_disparities()->set_ratio_e6(600'000);
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("run get r00000042").out(),
              HasSubstr("share of people placed (too far apart below 0.750), lowest as a part of"));
}

TEST_F(CommandLine, ARunSaysOfEachDisparityWhetherItIsBelowTheThreshold) {
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [](const auto&, auto& run) {
        run.set_name("runs/r00000042");
        matching::v1::Fairness& fairness = *run.mutable_fairness();
        fairness.set_disparity_threshold_e6(750'000);
        const auto fill = [](const std::string& lowest, int64_t ratio_e6,
                             matching::v1::Disparity& disparity) {
          disparity.set_dimension(matching::v1::GROUP_DIMENSION_STATE);
          disparity.set_lowest(lowest);
          disparity.set_highest("UT");
          disparity.set_ratio_e6(ratio_e6);
          disparity.set_below_threshold(ratio_e6 < 750'000);
        };
        fill("MT", 749'999, *fairness.add_disparities());
        fill("NV", 750'000, *fairness.add_waiting_disparities());
        fill("OR", 0, *fairness.add_score_disparities());
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("run get r00000042").out(), R"(name  runs/r00000042

share of people placed (too far apart below 0.750), lowest as a part of the highest
BY     LOWEST  HIGHEST  RATIO  BEFORE  BELOW THRESHOLD
state  MT      UT       0.750       -  yes

mean days waited, lowest as a part of the highest
BY     LOWEST  HIGHEST  RATIO  BEFORE  BELOW THRESHOLD
state  NV      UT       0.750       -  no

mean score of those placed, lowest as a part of the highest
BY     LOWEST  HIGHEST  RATIO  BEFORE  BELOW THRESHOLD
state  OR      UT       0.000       -  yes
)");
}

TEST_F(CommandLine, WhereTheDisparitiesGoIsShownAsBarsWithTheTestOfThem) {
  const auto fill = [](matching::v1::SolveRun& run) {
    run.set_name("runs/r00000042");
    matching::v1::Fairness& fairness = *run.mutable_fairness();
    for (int i = 38; i <= 42; ++i) fairness.add_trend_runs(absl::StrCat("runs/r000000", i));
    matching::v1::FairnessTrend& load = *fairness.add_trends();
    load.set_measure(matching::v1::FAIRNESS_MEASURE_PARTNER_GINI);
    for (const int value : {500'000, 400'000, 300'000, 200'000, 0}) load.add_values_e6(value);
    load.set_direction(matching::v1::FAIRNESS_DIRECTION_MORE_EVEN);
    load.set_mann_kendall_s(-10);
    load.set_p_value_e6(16'667);
    matching::v1::FairnessTrend& placed = *fairness.add_trends();
    placed.set_measure(matching::v1::FAIRNESS_MEASURE_SHARE_PLACED);
    placed.set_dimension(matching::v1::GROUP_DIMENSION_STATE);
    for (const int value : {-1, 500'000, -1, -1, 1'000'000}) placed.add_values_e6(value);
    placed.set_direction(matching::v1::FAIRNESS_DIRECTION_TOO_FEW_RUNS);
  };
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [fill](const auto&, auto& response) {
        fill(response);
        return absl::OkStatus();
      });
  bool recorded = true;
  center_.On<matching::v1::ListRunsRequest, matching::v1::ListRunsResponse>(
      "critac.matching.v1.MatchService/ListRuns", [&](const auto& call, auto& response) {
        EXPECT_EQ(call.page_size(), 1);
        if (recorded) fill(*response.add_runs());
        return absl::OkStatus();
      });
  const std::string shown =
      R"(from runs/r00000038 to runs/r00000042, oldest first: bars from 0 to 1, · not measured
MEASURE       BY     RUNS   OLDEST  NEWEST  DIRECTION       S      P
partner gini  -      ▅▄▃▂▁   0.500   0.000  more even     -10  0.017
share placed  state  ·▅··█       -   1.000  too few runs    -      -
direction by the Mann-Kendall test (s, p) at 5 %, of five runs or more
)";
  EXPECT_EQ(Run("run trend r00000042").out(), shown);
  EXPECT_EQ(Run("run trend").out(), shown) << "the newest";
  EXPECT_THAT(Run("run get r00000042").out(), HasSubstr("\n\ntrend " + shown));
  EXPECT_THAT(Run("run trend --output csv").out(),
              HasSubstr("SHARE_PLACED,STATE,;0.500000;;;1.000000,,1.000,TOO_FEW_RUNS,,\r\n"));
  EXPECT_THAT(Run("run trend --output json").out(),
              AllOf(HasSubstr("\"trendRuns\""), HasSubstr("FAIRNESS_DIRECTION_MORE_EVEN")));
  recorded = false;
  const CliRun none = Run("run trend");
  EXPECT_EQ(none.status(), kRefused);
  EXPECT_THAT(none.err(), HasSubstr("no run is recorded yet"));
}

TEST_F(CommandLine, ACertifiedRunIsCalledOptimalOnlyWhereItsObjectiveIsItsBoundOrCasesProveIt) {
  const auto fill = [](matching::v1::SolveRun& run) {
    run.set_name("runs/r00000042");
    run.set_objective(-7);
    run.set_bound(-8);
    run.set_certified(true);
  };
  center_.On<matching::v1::GetRunRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/GetRun", [fill](const auto&, auto& response) {
        fill(response);
        return absl::OkStatus();
      });
  center_.On<matching::v1::ListRunsRequest, matching::v1::ListRunsResponse>(
      "critac.matching.v1.MatchService/ListRuns", [fill](const auto&, auto& response) {
        fill(*response.add_runs());
        fill(*response.add_runs());
        response.mutable_runs(1)->set_bound(-7);
        fill(*response.add_runs());
        response.mutable_runs(2)->set_bound(-9);
        response.mutable_runs(2)->set_case_count(3);
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("run get r00000042").out(),
              AllOf(HasSubstr("feasible, not proved optimal"), Not(HasSubstr("optimal: no plan"))));
  EXPECT_THAT(Run("run list --output csv").out(),
              AllOf(HasSubstr("objective,bound,certified,optimal,"), HasSubstr("-7,-8,true,false,"),
                    HasSubstr("-7,-7,true,true,"), HasSubstr("-7,-9,true,true,")));
  for (const char* command : {"run get --help", "run list --help"}) {
    EXPECT_THAT(Run(command).out(), HasSubstr("optimal only where its objective equals the bound"));
  }
}

// As `critac match solve` while another solves, longer than one call may wait.
TEST_F(CommandLine, ASolveThatWaitsSaysAtOnceAndOnceWhoSolves) {
  constexpr char kSolve[] = "critac.matching.v1.MatchService/SolveMatches";
  std::atomic<int> calls = 0;
  center_.On<matching::v1::SolveMatchesRequest, matching::v1::SolveRun>(
      kSolve, [&](const auto&, auto& response) -> absl::Status {
        response.set_name("runs/r00000042");
        if (++calls > 8) return absl::OkStatus();
        return Error(absl::StatusCode::kResourceExhausted, "SOLVE_UNDER_WAY", "another solves")
            .Fact("holder", "coordinator:kim")
            .Fact("since", "2026-11-24T09:29:00Z")
            .RetryAfter(absl::Seconds(13))
            .ToStatus();
      });
  const CliRun run = Run("match solve");
  EXPECT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("r00000042"));
  EXPECT_EQ(run.err(),
            "coordinator:kim solves since 2026-11-24T09:29:00Z, and one solves at a time; waiting "
            "for a turn\n");
  const auto requests = center_.RequestsOf<matching::v1::SolveMatchesRequest>(kSolve);
  ASSERT_THAT(requests, SizeIs(9));
  EXPECT_EQ(requests[0].wait_seconds(), 1) << "it is to be told soon";
  for (const auto& request : requests) {
    EXPECT_EQ(request.request_id(), requests[0].request_id());
    if (&request != &requests[0]) EXPECT_EQ(request.wait_seconds(), 0);
  }
}

TEST_F(CommandLine, ASolveThatIsTheNextOfManyDoesNotSayWhoSolves) {
  std::atomic<int> calls = 0;
  center_.On<matching::v1::SolveMatchesRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/SolveMatches",
      [&](const auto&, auto& response) -> absl::Status {
        response.set_name("runs/r00000042");
        if (++calls > 1) return absl::OkStatus();
        return Error(absl::StatusCode::kResourceExhausted, "SOLVE_UNDER_WAY",
                     "others are to solve first")
            .RetryAfter(absl::Seconds(1))
            .ToStatus();
      });
  EXPECT_EQ(Run("match solve").err(),
            "others are to solve first, and one solves at a time; waiting for a turn\n");
}

TEST_F(CommandLine, ASolveThatDoesNotWaitSaysNothingOfOthers) {
  center_.On<matching::v1::SolveMatchesRequest, matching::v1::SolveRun>(
      "critac.matching.v1.MatchService/SolveMatches", [](const auto& request, auto& response) {
        EXPECT_EQ(request.wait_seconds(), request.validate_only() ? 0 : 1);
        response.set_name("runs/r00000042");
        return absl::OkStatus();
      });
  for (const char* command : {"match solve", "match solve --dry-run"}) {
    EXPECT_EQ(Run(command).err(), "") << command;
  }
}

TEST_F(CommandLine, RunsAreListed) {
  center_.On<matching::v1::ListRunsRequest, matching::v1::ListRunsResponse>(
      "critac.matching.v1.MatchService/ListRuns", [](const auto& call, auto& response) {
        EXPECT_EQ(call.page_size(), 2);
        response.add_runs()->set_name("runs/r00000002");
        response.add_runs()->set_name("runs/r00000001");
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("run list --limit 2").out(),
              AllOf(HasSubstr("r00000002"), HasSubstr("r00000001")));
}

// --- Imports ------------------------------------------------------------------------------------------

class Imports : public CommandLine {
 protected:
  FakeAgencies agencies_{center_};
};

TEST_F(Imports, SumUpAndExitWithOneWhereRowsWereRefused) {
  const std::string good = folder_.Write("good.csv", "ori9,display_name\nUTZZ00100,A\n");
  const CliRun run = Run("import agencies", {good});
  EXPECT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(), AllOf(StartsWith("agencies: 1 rows of good.csv in 0.0 s\n"),
                               HasSubstr("  created    1\n"), HasSubstr("  refused    0\n")));
  const std::string bad = folder_.Write("bad.csv", "ori9,display_name\nUTZZ00100,7\nUTZZ00200,B\n");
  const CliRun refused = Run("import agencies", {bad});
  EXPECT_EQ(refused.status(), kRefused);
  EXPECT_THAT(refused.out(), HasSubstr(absl::StrCat("  refused    1  ", bad, ".refused.csv\n")));
  EXPECT_EQ(refused.err(), "") << "the summary has told it";
  EXPECT_EQ(Run("import agencies --allow-refused", {bad}).status(), kDone);
}

TEST_F(Imports, SumUpForProgramsToo) {
  const std::string path = folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,A\n");
  EXPECT_EQ(Run("import agencies --output csv", {path}).out(),
            "kind,rows,created,updated,unchanged,refused,refused_file,seconds,rows_per_second\r\n"
            "agencies,1,1,0,0,0,,0.000,0\r\n");
  const std::string more = folder_.Write("b.csv", "ori9,display_name\nUTZZ00100,A\nUTZZ00200,B\n");
  EXPECT_THAT(Run("import agencies --output json", {more}).out(),
              AllOf(HasSubstr("\"unchanged\": 1"), HasSubstr("\"created\": 1")));
}

TEST_F(Imports, ADryRunSaysSoAndChangesNothing) {
  const std::string path = folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,A\n");
  const CliRun run = Run("import agencies --dry-run", {path});
  EXPECT_THAT(run.out(), HasSubstr("a dry run: nothing was changed"));
  EXPECT_THAT(agencies_.agencies(), SizeIs(0));
}

TEST_F(Imports, ShowProgressOnATerminalOnly) {
  const std::string path = folder_.Write("a.csv", "ori9,display_name\nUTZZ00100,A\n");
  EXPECT_EQ(Run("import agencies", {path}).err(), "");
  const CliRun run = Run("import agencies", {path}, 0, true);
  EXPECT_THAT(run.err(), AllOf(HasSubstr("importing agencies ["), HasSubstr("1 rows")));
  EXPECT_TRUE(absl::EndsWith(run.err(), "\r\x1b[K")) << "the line is taken away at the end";
}

TEST_F(Imports, AFileThatBreaksOffTellsHowFarItCame) {
  const std::string path =
      folder_.Write("a.json", R"([{"aliases":[{"value":"A"}],"displayName":"A"},{)");
  const CliRun run = Run("import agencies", {path});
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_THAT(run.out(), HasSubstr("created    1"));
  EXPECT_THAT(run.err(),
              AllOf(HasSubstr("the import ended early, after 1 rows: row 2: broken JSON"),
                    HasSubstr("reason: BROKEN_FILE")));
}

TEST_F(Imports, WithoutACenterAreUnreachable) {
  const std::string path = folder_.Write("a.csv", "ori9\nUTZZ00100\n");
  const CliRun run(
      {"import", "agencies", path, "--server", "127.0.0.1:1", "--as", "coordinator:d"});
  EXPECT_EQ(run.status(), kUnreachable);
}

// --- The sample -----------------------------------------------------------------------------------------

TEST_F(CommandLine, TheSampleIsWrittenInFilesThatTheImportTakes) {
  FakeAgencies agencies(center_);
  const CliRun run = Run("sample", {folder_.Path("sample")});
  ASSERT_EQ(run.status(), kDone) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("All of it is fictional"));
  const CliRun import = Run("import agencies", {folder_.Path("sample/agencies.csv")});
  EXPECT_EQ(import.status(), kDone) << import.out();
  EXPECT_THAT(import.out(), HasSubstr("created    320"));
  EXPECT_THAT(agencies.agencies(), SizeIs(320));
}

TEST_F(CommandLine, AFolderThatCannotBeMadeIsAUsageError) {
  const std::string file = folder_.Write("file", "");
  EXPECT_EQ(Run("sample", {file + "/sample"}).status(), kUsage);
}

// --- Matching, metrics, reports, journals, queues -------------------------------------------------------

TEST_F(CommandLine, ARankingShowsScoresWithTheirPartsAndWhoIsOutWhere) {
  center_.On<matching::v1::RankCandidatesRequest, matching::v1::RankCandidatesResponse>(
      "critac.matching.v1.MatchService/RankCandidates", [](const auto& request, auto& response) {
        response.set_slot("s1");
        response.set_eligible_count(1);
        response.set_excluded_count(1);
        response.set_policy_version(2);
        auto& candidate = *response.add_candidates();
        candidate.set_rank(1);
        candidate.set_expert("experts/e012");
        candidate.set_partner("partners/iacp");
        candidate.set_score_e6(834512);
        auto& part = *candidate.add_parts();
        part.set_kind(matching::v1::SCORE_PART_KIND_TOPIC_FIT);
        part.set_value_e6(1000000);
        auto& suspected = *candidate.add_suspected_conflicts();
        suspected.set_expert("experts/e340");
        suspected.set_explanation("may be experts/e340 (same name), who is out");
        if (!request.omit_excluded()) {
          auto& out = *response.add_excluded();
          out.set_expert("experts/e044");
          out.set_gate(matching::v1::GATE_MEMBERSHIP);
          out.set_explanation("MCCA is no member on the dates");
        }
        return absl::OkStatus();
      });
  const CliRun brief = Run("match rank fy27-000001");
  EXPECT_THAT(brief.out(), AllOf(StartsWith("slot s1: 1 eligible, 1 not; policy version 2\n"),
                                 HasSubstr("experts/e012  iacp"), HasSubstr("0.835  1.000"),
                                 HasSubstr("\nexperts/e012 may be experts/e340 (same name), who is "
                                           "out\n"),
                                 Not(HasSubstr("experts/e044"))));
  EXPECT_THAT(Run("match rank fy27-000001 --excluded").out(),
              HasSubstr("experts/e044  -        membership  MCCA is no member on the dates"));
}

TEST_F(CommandLine, WhyNotShowsTheGatesUpToTheOneThatFailed) {
  center_.On<matching::v1::ExplainMatchRequest, matching::v1::ExplainMatchResponse>(
      "critac.matching.v1.MatchService/ExplainMatch", [](const auto&, auto& response) {
        response.set_summary("out at the gate of travel: 900 km, travels 300");
        auto& gate = *response.add_gates();
        gate.set_gate(matching::v1::GATE_TRAVEL);
        gate.set_explanation("900 km, travels 300");
        return absl::OkStatus();
      });
  const CliRun run = Run("match why fy27-000001 e012");
  EXPECT_THAT(run.out(), AllOf(StartsWith("out at the gate of travel"),
                               HasSubstr("travel  no      900 km, travels 300")));
}

TEST_F(CommandLine, WhatWouldFillAnOpenSlotIsShownSmallestFirst) {
  center_.On<matching::v1::ExplainOpenSlotsRequest, matching::v1::ExplainOpenSlotsResponse>(
      "critac.matching.v1.MatchService/ExplainOpenSlots", [](const auto& call, auto& response) {
        EXPECT_EQ(call.request(), "requests/fy27-000001");
        EXPECT_EQ(call.slot(), "s2");
        response.set_summary("The plan leaves 1 of 2 slots of requests/fy27-000001 open.");
        auto& slot = *response.add_slots();
        slot.mutable_open()->set_slot("s2");
        slot.mutable_open()->set_people(1);
        slot.mutable_open()->set_explanation("1 of 1 person is missing.");
        slot.set_summary("With experts/e012 active: it would be filled.");
        auto& gate = *slot.add_gates();
        gate.set_gate(matching::v1::GATE_MEMBERSHIP);
        gate.set_count(3);
        gate.set_alone_count(2);
        auto& remedy = *slot.add_remedies();
        remedy.set_summary("With experts/e012 active: it would be filled.");
        auto& change = *remedy.add_changes();
        change.set_kind(matching::v1::REMEDY_KIND_ACTIVE);
        change.set_subject("experts/e012");
        change.set_field("active");
        change.set_from("false");
        change.set_to("true");
        change.set_amount(1);
        return absl::OkStatus();
      });
  const std::string out = Run("match open fy27-000001 --slot s2").out();
  EXPECT_THAT(out, StartsWith("The plan leaves 1 of 2 slots of requests/fy27-000001 open.\n"));
  EXPECT_THAT(out, HasSubstr("slot s2: 1 of 1 person is missing.\n\nexperts out"));
  EXPECT_THAT(out, HasSubstr("\nWith experts/e012 active: it would be filled.\nKIND"));
  EXPECT_THAT(out, HasSubstr("membership    3            2\n"));
  EXPECT_THAT(out, HasSubstr("active  experts/e012  active  false  true   1\n"));
  EXPECT_THAT(out, HasSubstr("not everything that might fill it was tried"));
  EXPECT_THAT(Run("match open fy27-000001 --slot s2 --output json").out(),
              HasSubstr("\"kind\": \"REMEDY_KIND_ACTIVE\""));
  EXPECT_THAT(Run("match open fy27-000001 --slot s2 --output csv").out(),
              HasSubstr("s2,1,With experts/e012 active: it would be filled.\r\n"));
}

TEST_F(CommandLine, AMeasureIsShownWithItsTotalAndDefinition) {
  center_.On<metrics::v1::QueryMeasureRequest, metrics::v1::QueryMeasureResponse>(
      "critac.metrics.v1.MeasureService/QueryMeasure", [](const auto&, auto& response) {
        response.mutable_measure()->set_title("Officers in agencies served");
        response.mutable_measure()->set_definition("Sworn officers over distinct agencies.");
        response.mutable_measure()->set_unit(metrics::v1::UNIT_COUNT);
        auto& value = *response.add_values();
        value.add_group("UT");
        value.set_value(125314);
        value.set_record_count(277);
        value.set_missing_count(3);
        *response.mutable_total() = value;
        response.mutable_total()->clear_group();
        auto& position = *response.mutable_snapshot()->add_positions();
        position.set_journal("intake");
        position.set_sequence(512);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("metrics query officers --by state").out(),
            "Officers in agencies served: Sworn officers over distinct agencies.\n\n"
            "STATE    VALUE  RECORDS  MISSING\n"
            "UT     125,314      277        3\n"
            "all    125,314      277        3\n"
            "\nas of intake 512\n");
  EXPECT_EQ(Run("metrics query officers --by state --output csv").out(),
            "state,value,records,missing\r\nUT,125314,277,3\r\n");
  EXPECT_THAT(Run("metrics query officers --by state,fiscal-year --output csv").out(),
              StartsWith("state,fiscal_year,value,"));
  const auto request = center_
                           .RequestsOf<metrics::v1::QueryMeasureRequest>(
                               "critac.metrics.v1.MeasureService/QueryMeasure")
                           .back();
  EXPECT_EQ(request.group_by_size(), 2);
  EXPECT_EQ(request.group_by(1), metrics::v1::DIMENSION_FISCAL_YEAR);
  EXPECT_EQ(Run("metrics query officers --by colour").status(), kUsage);
}

class Reports : public CommandLine {
 protected:
  // A center that needs a few looks to make a report.
  void AnswerReports(int looks, metrics::v1::ReportState end) {
    using metrics::v1::Report;
    center_.On<metrics::v1::CreateReportRequest, Report>(
        kCreate, [](const auto& request, Report& report) {
          report = request.report();
          report.set_name("reports/rp-1");
          report.set_state(metrics::v1::REPORT_STATE_PENDING);
          return absl::OkStatus();
        });
    center_.On<metrics::v1::GetReportRequest, Report>(
        kGet, [this, looks, end](const auto&, Report& report) {
          report.set_name("reports/rp-1");
          report.set_state(++looked_ < looks ? metrics::v1::REPORT_STATE_PENDING : end);
          report.set_problem(end == metrics::v1::REPORT_STATE_FAILED ? "no facts" : "");
          (*report.mutable_document_hashes())["html"] = Sha256Hex("<html>");
          return absl::OkStatus();
        });
  }

  void AnswerDocuments(const std::string& content, const std::string& name) {
    center_.On<metrics::v1::GetReportDocumentRequest, metrics::v1::GetReportDocumentResponse>(
        "critac.metrics.v1.ReportService/GetReportDocument",
        [content, name](const auto&, auto& document) {
          document.set_content(content);
          document.set_file_name(name);
          return absl::OkStatus();
        });
  }

  static constexpr char kCreate[] = "critac.metrics.v1.ReportService/CreateReport";
  static constexpr char kGet[] = "critac.metrics.v1.ReportService/GetReport";
  std::atomic<int> looked_ = 0;
};

TEST_F(Reports, AreWaitedForAndTheirDocumentsSaved) {
  AnswerReports(3, metrics::v1::REPORT_STATE_DONE);
  AnswerDocuments("<html>", "review.html");
  const CliRun run = Run("report create annual-review --fiscal-year 2020 --format html",
                         {"--out", folder_.Path("out")});
  ASSERT_EQ(run.status(), kDone) << run.err();
  EXPECT_EQ(ReadAll(folder_.Path("out/review.html")), "<html>");
  EXPECT_THAT(run.slept(), SizeIs(3));
  const auto wanted = center_.RequestsOf<metrics::v1::CreateReportRequest>(kCreate)[0].report();
  EXPECT_EQ(wanted.start_date(), "2019-10-01");
  EXPECT_EQ(wanted.end_date(), "2020-09-30");
  EXPECT_EQ(wanted.kind(), metrics::v1::REPORT_KIND_ANNUAL_REVIEW);
}

TEST_F(Reports, ThatCannotBeMadeAreRefusedWithTheirProblem) {
  AnswerReports(1, metrics::v1::REPORT_STATE_FAILED);
  const CliRun run = Run("report create executive-summary --from 2019-10-01 --to 2020-09-30");
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_THAT(run.err(), HasSubstr("reports/rp-1 could not be made: no facts"));
}

TEST_F(Reports, ThatTakeTooLongAreNotWaitedForWithoutEnd) {
  AnswerReports(1000000, metrics::v1::REPORT_STATE_DONE);
  const CliRun run = Run("report create annual-review --fiscal-year 2020 --wait 10");
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_THAT(run.err(), HasSubstr("reports/rp-1 is not done after 10s"));
  absl::Duration slept;
  for (const absl::Duration each : run.slept()) slept += each;
  EXPECT_GE(slept, absl::Seconds(10));
  EXPECT_LE(slept, absl::Seconds(11));
}

TEST_F(Reports, CanBeAskedForWithoutWaiting) {
  AnswerReports(1000000, metrics::v1::REPORT_STATE_DONE);
  const CliRun run = Run("report create annual-review --fiscal-year 2020 --no-wait --output name");
  EXPECT_EQ(run.status(), kDone);
  EXPECT_EQ(run.out(), "reports/rp-1\n");
  EXPECT_THAT(run.slept(), SizeIs(0));
}

TEST_F(Reports, ADocumentThatIsNotTheOneCitedIsNotSaved) {
  AnswerReports(1, metrics::v1::REPORT_STATE_DONE);
  AnswerDocuments("<html>altered", "review.html");
  const CliRun run = Run("report save rp-1 --format html", {"--out", folder_.Path("out")});
  EXPECT_EQ(run.status(), kRefused);
  EXPECT_THAT(run.err(), HasSubstr("its SHA-256 is another"));
  EXPECT_FALSE(folder_.Has("out/review.html"));
}

TEST_F(Reports, ADocumentCannotLeaveItsFolder) {
  AnswerReports(1, metrics::v1::REPORT_STATE_DONE);
  for (const char* name : {"../review.html", "/tmp/review.html", "", ".profile"}) {
    AnswerDocuments("<html>", name);
    EXPECT_EQ(Run("report save rp-1 --format html", {"--out", folder_.Path("out")}).status(),
              kRefused)
        << name;
  }
  EXPECT_FALSE(folder_.Has("review.html"));
}

class Journals : public CommandLine {
 protected:
  void AnswerVerify(const std::string& broken) {
    center_.On<journal::v1::VerifyChainRequest, journal::v1::VerifyChainResponse>(
        "critac.journal.v1.JournalService/VerifyChain",
        [broken](const auto& request, auto& response) {
          response.set_journal(request.journal());
          response.set_intact(request.journal() != broken);
          response.set_event_count(40);
          if (request.journal() == broken) {
            response.set_broken_sequence(17);
            response.set_problem("the payload was altered");
          }
          return absl::OkStatus();
        });
  }

  void AnswerEvents() {
    center_.On<journal::v1::GetHeadRequest, journal::v1::GetHeadResponse>(
        "critac.journal.v1.JournalService/GetHead", [](const auto& request, auto& response) {
          response.set_journal(request.journal());
          response.set_sequence(100);
          return absl::OkStatus();
        });
    center_.OnStream<journal::v1::ReadEventsRequest, journal::v1::ReadEventsResponse>(
        kRead, [](const auto& request, auto& responses) {
          for (int64_t i = request.from_sequence(); i <= 100; ++i) {
            auto& event = *responses.emplace_back().add_events();
            event.set_sequence(i);
            event.set_type("critac.intake.v1.RequestTransitioned");
            event.set_payload("{\"a\":1}");
          }
          return absl::OkStatus();
        });
  }

  static constexpr char kRead[] = "critac.journal.v1.JournalService/ReadEvents";
};

TEST_F(Journals, AreAllVerifiedAndABrokenOneIsARefusal) {
  AnswerVerify("");
  const CliRun intact = Run("journal verify --as auditor:ines");
  EXPECT_EQ(intact.status(), kDone);
  EXPECT_THAT(center_.CallsOf("critac.journal.v1.JournalService/VerifyChain"), SizeIs(3));
  AnswerVerify("matching");
  const CliRun broken = Run("journal verify --as auditor:ines");
  EXPECT_EQ(broken.status(), kRefused);
  EXPECT_THAT(broken.out(), HasSubstr("17         the payload was altered"));
  EXPECT_EQ(Run("journal verify intake --as auditor:ines").status(), kDone);
}

TEST_F(Journals, ShowTheirLastEvents) {
  AnswerEvents();
  const CliRun run = Run("journal show intake --limit 3 --as auditor:ines");
  EXPECT_EQ(run.status(), kDone) << run.err();
  const auto request = center_.RequestsOf<journal::v1::ReadEventsRequest>(kRead)[0];
  EXPECT_EQ(request.from_sequence(), 98);
  EXPECT_EQ(request.max_events(), 3);
  EXPECT_THAT(run.out(),
              AllOf(HasSubstr("RequestTransitioned"), Not(HasSubstr("critac.intake.v1"))));
  const std::vector<std::string> lines = absl::StrSplit(run.out(), '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, SizeIs(4)) << "one header, also over several batches";
}

TEST_F(Journals, AsJsonAreOneDocument) {
  AnswerEvents();
  const CliRun run = Run("journal show intake --from 99 --all --output json --as auditor:ines");
  journal::v1::ReadEventsResponse read;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(run.out(), &read).ok()) << run.out();
  EXPECT_EQ(read.events_size(), 2);
  const CliRun none = Run("journal show intake --from 101 --all --output json --as auditor:ines");
  EXPECT_EQ(none.out(), "{\"events\":[]}\n");
}

TEST_F(CommandLine, QueuesAreShown) {
  center_.On<queue::v1::ListQueuesRequest, queue::v1::ListQueuesResponse>(
      "critac.queue.v1.QueueService/ListQueues", [](const auto&, auto& response) {
        auto& stats = *response.add_queues();
        stats.set_queue("match");
        stats.set_ready(2);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("queue stats --output csv --as operator:ops").out(),
            "queue,ready,delayed,leased,dead,oldest_ms,paused,rate,done\r\n"
            "match,2,0,0,0,0,false,0,0\r\n");
  EXPECT_EQ(Run("queue list --output csv --as operator:ops").out(),
            Run("queue stats match --output csv --as operator:ops").out());
  const auto unknown = Run("queue stats mtach --as operator:ops");
  EXPECT_EQ(unknown.status(), 1);
  EXPECT_THAT(unknown.err(),
              HasSubstr("there is no queue `mtach` here; there are: match\n  resource: mtach\n  "
                        "reason: QUEUE_NOT_FOUND\n"));
}

TEST_F(CommandLine, DeadJobsComeBackByKeyOrAllWithAReason) {
  queue::v1::RedriveJobsRequest seen;
  center_.On<queue::v1::RedriveJobsRequest, queue::v1::RedriveJobsResponse>(
      "critac.queue.v1.QueueService/RedriveJobs", [&seen](const auto& request, auto& response) {
        seen = request;
        response.set_redriven_count(3);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("queue redrive match --all --reason again --output csv --as operator:ops").out(),
            "redriven\r\n3\r\n");
  EXPECT_EQ(seen.key(), "");
  EXPECT_EQ(seen.reason(), "again");
  EXPECT_THAT(Run("queue redrive match --all --reason again --as operator:ops").out(),
              HasSubstr("REDRIVEN"));
  Run("queue redrive match requests/a --reason again --as operator:ops");
  EXPECT_EQ(seen.key(), "requests/a");
  EXPECT_EQ(Run("queue redrive match --reason again --as operator:ops").status(), 2);
  EXPECT_EQ(Run("queue redrive match requests/a --all --reason again --as operator:ops").status(),
            2);
  EXPECT_EQ(Run("queue redrive match --all --as operator:ops").status(), 2) << "a reason is due";
}

TEST_F(CommandLine, JobsAreShownOfOneStateOrAll) {
  queue::v1::PeekQueueRequest seen;
  center_.On<queue::v1::PeekQueueRequest, queue::v1::PeekQueueResponse>(
      "critac.queue.v1.QueueService/PeekQueue", [&seen](const auto& request, auto& response) {
        seen = request;
        auto& job = *response.add_jobs();
        job.set_key("requests/a");
        job.set_state(queue::v1::JOB_STATE_DEAD);
        job.set_attempts(10);
        job.mutable_enqueue_time()->set_seconds(1'795'506'190);
        job.set_last_error("no such agency");
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("queue peek match --state dead --limit 5 --output csv --as operator:ops").out(),
            "key,state,attempts,put_in,due,last_error\r\n"
            "requests/a,DEAD,10,2026-11-24T07:43:10Z,,no such agency\r\n");
  EXPECT_EQ(seen.queue(), "match");
  EXPECT_EQ(seen.state(), queue::v1::JOB_STATE_DEAD);
  EXPECT_EQ(seen.limit(), 5);
  EXPECT_THAT(Run("queue peek match --as operator:ops").out(), HasSubstr("requests/a"));
  EXPECT_EQ(seen.state(), queue::v1::JOB_STATE_UNSPECIFIED);
  EXPECT_EQ(seen.limit(), 20);
  EXPECT_EQ(Run("queue peek match --state done --as operator:ops").status(), 2);
  EXPECT_EQ(Run("queue peek match --limit 201 --as operator:ops").status(), 2);
}

TEST_F(CommandLine, AQueueResumes) {
  queue::v1::ResumeQueueRequest seen;
  center_.On<queue::v1::ResumeQueueRequest, queue::v1::QueueStats>(
      "critac.queue.v1.QueueService/ResumeQueue", [&seen](const auto& request, auto& stats) {
        seen = request;
        stats.set_queue(request.queue());
        stats.set_ready(2);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("queue resume offers --output csv --as operator:ops").out(),
            "queue,ready,delayed,leased,dead,oldest_ms,paused,rate,done\r\n"
            "offers,2,0,0,0,0,false,0,0\r\n");
  EXPECT_EQ(seen.queue(), "offers");
}

TEST_F(CommandLine, AQueueIsLimitedAndTheLimitLifted) {
  queue::v1::LimitQueueRequest seen;
  center_.On<queue::v1::LimitQueueRequest, queue::v1::QueueStats>(
      "critac.queue.v1.QueueService/LimitQueue", [&seen](const auto& request, auto& stats) {
        seen = request;
        stats.set_queue(request.queue());
        stats.set_jobs_per_second(request.jobs_per_second());
        return absl::OkStatus();
      });
  EXPECT_THAT(Run("queue limit report --rate 5 --output csv --as operator:ops").out(),
              HasSubstr("\r\nreport,0,0,0,0,0,false,5,0\r\n"));
  EXPECT_EQ(seen.queue(), "report");
  EXPECT_EQ(seen.jobs_per_second(), 5);
  EXPECT_EQ(Run("queue limit report --rate 0 --as operator:ops").status(), 0);
  EXPECT_EQ(seen.jobs_per_second(), 0);
  EXPECT_EQ(Run("queue limit report --as operator:ops").status(), 2) << "a rate is due";
  EXPECT_EQ(Run("queue limit report --rate 1000001 --as operator:ops").status(), 2);
}

TEST_F(CommandLine, DeadJobsAreForgotten) {
  queue::v1::PurgeJobsRequest seen;
  center_.On<queue::v1::PurgeJobsRequest, queue::v1::PurgeJobsResponse>(
      "critac.queue.v1.QueueService/PurgeJobs", [&seen](const auto& request, auto& response) {
        seen = request;
        response.set_purged_count(3);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("queue purge match --output csv --as operator:ops").out(), "purged\r\n3\r\n");
  EXPECT_EQ(seen.queue(), "match");
}

TEST_F(CommandLine, TheCatalogIsShownByCollection) {
  center_.On<intake::v1::GetCatalogRequest, intake::v1::Catalog>(
      "critac.intake.v1.CatalogService/GetCatalog", [](const auto&, auto& catalog) {
        auto& topic = *catalog.add_entries();
        topic.set_name("topics/de-escalation");
        topic.mutable_topic()->set_title("De-escalation");
        topic.mutable_topic()->set_group(intake::v1::TOPIC_GROUP_GENERAL);
        auto& target = *catalog.add_entries();
        target.set_name("targets/match");
        target.mutable_target()->set_clock(intake::v1::CLOCK_TYPE_MATCH);
        target.mutable_target()->set_business_days(20);
        return absl::OkStatus();
      });
  EXPECT_EQ(Run("catalog list --output csv").out(),
            "name,title,detail,valid_from,valid_to\r\n"
            "topics/de-escalation,De-escalation,GENERAL,,\r\n"
            "targets/match,MATCH,20 business days,,\r\n");
  EXPECT_EQ(Run("catalog list topics --output name").out(), "topics/de-escalation\n");
  EXPECT_EQ(Run("catalog list subjects").status(), kUsage);
}

}  // namespace
}  // namespace critac::cli
