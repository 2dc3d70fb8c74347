#include "services/cli/servers.h"

#include "critac/intake/v1/agency.pb.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/metrics/v1/report.pb.h"
#include "critac/queue/v1/queue.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kEach[] = "intake=127.0.0.1:1,matching=[::1]:2,metrics=unix:/run/m";

// What a call with `request` goes to; the error's text where there is none.
std::string Goes(absl::string_view text, const google::protobuf::Message& request) {
  const auto servers = Servers::Parse(text);
  if (!servers.ok()) return std::string(servers.status().message());
  const auto address = servers->AddressFor(request);
  return address.ok() ? *address : std::string(address.status().message());
}

template <typename Request>
std::string GoesForJournal(absl::string_view text, const std::string& journal) {
  Request request;
  request.set_journal(journal);
  return Goes(text, request);
}

std::string Refusal(absl::string_view text) {
  const auto servers = Servers::Parse(text);
  if (servers.ok()) return "accepted";
  EXPECT_EQ(ExitStatusOf(servers.status()), kUsage);
  return std::string(servers.status().message());
}

TEST(Servers, OneAddressIsThatOfEveryService) {
  for (const std::string address : {"127.0.0.1:7400", "[::1]:7400", "center:7400", "unix:/run/c"}) {
    EXPECT_EQ(Goes(address, intake::v1::GetAgencyRequest()), address);
    EXPECT_EQ(Goes(address, metrics::v1::CreateReportRequest()), address);
    EXPECT_EQ(GoesForJournal<journal::v1::GetHeadRequest>(address, "matching"), address);
    EXPECT_EQ(Goes(address, queue::v1::ListQueuesRequest()), address);
    EXPECT_THAT(Servers::Parse(address)->All(), ElementsAre(address));
  }
}

TEST(Servers, ACallGoesToTheServiceThatOwnsIt) {
  EXPECT_EQ(Goes(kEach, intake::v1::GetAgencyRequest()), "127.0.0.1:1");
  EXPECT_EQ(Goes(kEach, matching::v1::ListProposalsRequest()), "[::1]:2");
  EXPECT_EQ(Goes(kEach, metrics::v1::CreateReportRequest()), "unix:/run/m");
}

TEST(Servers, AJournalIsReadWhereItIsWritten) {
  EXPECT_EQ(GoesForJournal<journal::v1::GetHeadRequest>(kEach, "intake"), "127.0.0.1:1");
  EXPECT_EQ(GoesForJournal<journal::v1::ReadEventsRequest>(kEach, "matching"), "[::1]:2");
  EXPECT_EQ(GoesForJournal<journal::v1::VerifyChainRequest>(kEach, "metrics"), "unix:/run/m");
  EXPECT_EQ(GoesForJournal<journal::v1::GetHeadRequest>(kEach, "intaek"),
            "there is no journal \"intaek\"; there are: intake, matching, metrics");
}

TEST(Servers, TheOrderOfAListDoesNotMatterAndSpacesMayFollowItsCommas) {
  const auto servers =
      Servers::Parse("metrics=127.0.0.1:3, intake = 127.0.0.1:1 , matching=127.0.0.1:1");
  ASSERT_TRUE(servers.ok()) << servers.status();
  EXPECT_EQ(*servers->AddressFor(metrics::v1::CreateReportRequest()), "127.0.0.1:3");
  EXPECT_THAT(servers->All(), ElementsAre("127.0.0.1:1", "127.0.0.1:3")) << "each address once";
}

TEST(Servers, AServiceThatAListLeavesOutIsMissedWhenItIsNeeded) {
  EXPECT_EQ(Goes("intake=127.0.0.1:1", intake::v1::GetAgencyRequest()), "127.0.0.1:1");
  const std::string missed =
      "--server: \"intake=127.0.0.1:1\" does not say where matching is, and this command needs it; "
      "add matching=HOST:PORT";
  EXPECT_EQ(Goes("intake=127.0.0.1:1", matching::v1::ListProposalsRequest()), missed);
  EXPECT_EQ(GoesForJournal<journal::v1::GetHeadRequest>("intake=127.0.0.1:1", "matching"), missed);
  EXPECT_EQ(ExitStatusOf(Servers::Parse("intake=127.0.0.1:1")
                             ->AddressFor(matching::v1::ListProposalsRequest())
                             .status()),
            kUsage);
}

TEST(Servers, WhatIsNoListOfServicesIsRefusedWithWhatIsAccepted) {
  const auto accepted = HasSubstr(
      "; accepted: HOST:PORT, where all services are, or "
      "intake=HOST:PORT,matching=HOST:PORT,metrics=HOST:PORT");
  EXPECT_THAT(Refusal("intaek=127.0.0.1:1"),
              AllOf(HasSubstr("--server: there is no service \"intaek\""), accepted));
  EXPECT_THAT(Refusal("=127.0.0.1:1"), AllOf(HasSubstr("there is no service \"\""), accepted));
  EXPECT_THAT(Refusal("intake=127.0.0.1:1,"), AllOf(HasSubstr("no service \"\""), accepted));
  EXPECT_THAT(Refusal("127.0.0.1:7400,metrics=127.0.0.1:3"),
              AllOf(HasSubstr("there is no service \"127.0.0.1:7400\""), accepted));
  EXPECT_THAT(Refusal("intake=,matching=127.0.0.1:2"),
              AllOf(HasSubstr("--server: intake has no address"), accepted));
  EXPECT_THAT(Refusal("intake=127.0.0.1:1,intake=127.0.0.1:2"),
              AllOf(HasSubstr("--server: intake is given twice"), accepted));
}

TEST(Servers, WhatIsNoAddressIsRefusedWithWhatIsAccepted) {
  for (const std::string bad :
       {"", "7400", "127.0.0.1", "127.0.0.1:65536", "a:1,b:2", "unix:run"}) {
    EXPECT_THAT(Refusal(bad), AllOf(HasSubstr("--server: `" + bad + "` is not an address"),
                                    HasSubstr("HOST:PORT")));
  }
  EXPECT_THAT(Refusal("intake=127.0.0.1:1,metrics=7403"),
              AllOf(HasSubstr("--server: `7403` is not an address"), HasSubstr("HOST:PORT")));
}

TEST(FromServer, AnErrorRemembersTheAddressAndSuccessHasNothingToRemember) {
  const absl::Status status = FromServer(absl::UnavailableError("down"), "127.0.0.1:1");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "down");
  EXPECT_EQ(ServerOf(status), "127.0.0.1:1");
  EXPECT_EQ(ServerOf(absl::UnavailableError("down")), "");
  EXPECT_TRUE(FromServer(absl::OkStatus(), "127.0.0.1:1").ok());
}

}  // namespace
}  // namespace critac::cli
