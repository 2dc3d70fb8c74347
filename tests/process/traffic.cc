#include "tests/process/traffic.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "critac/metrics/v1/report.grpc.pb.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "google/protobuf/util/json_util.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using journal::v1::Event;
using matching::v1::EngagementService;
using matching::v1::MatchService;
using matching::v1::PartnerService;

// Of every six requests one is withdrawn, one is never scoped, one is declined by the first expert,
// and of one the first expert leaves before he answers.
enum Fate { kLeftOnce = 2, kDeclinedOnce = 3, kWithdrawn = 4, kNeverReady = 5 };
constexpr int kFates = 6;

// Between two looks, and before a call is made again.
constexpr absl::Duration kPause = absl::Milliseconds(10);

// Whether a call that ended so is to be made again.
bool MayBeMadeAgain(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kAborted ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

template <typename T>
bool Read(const Event& event, T& payload) {
  return event.type() == T::descriptor()->full_name() &&
         google::protobuf::util::JsonStringToMessage(event.payload(), &payload).ok();
}

}  // namespace

Traffic::Traffic(AnyCenter& center, const SmallProgram& program)
    : center_(center), program_(program) {
  threads_.emplace_back([this] { Run([this] { return BringOne(); }); });
  threads_.emplace_back([this] { Run([this] { return FollowMatching(); }); });
  threads_.emplace_back([this] { Run([this] { return FollowIntake(); }); });
}

Traffic::~Traffic() {
  {
    absl::MutexLock lock(&mutex_);
    over_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Traffic::Bring(int requests) {
  absl::MutexLock lock(&mutex_);
  wanted_ += requests;
  ++reports_wanted_;
}

void Traffic::AwaitCalls(int more) {
  absl::MutexLock lock(&mutex_);
  wanted_ = std::max(wanted_, brought_ + more);
  const int64_t enough = call_count_ + more;
  const auto made = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return call_count_ >= enough; };
  EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&made), absl::Minutes(1)));
}

Acknowledged Traffic::acknowledged() {
  absl::MutexLock lock(&mutex_);
  return acknowledged_;
}

Journals Traffic::ReadJournals() {
  return {center_.ReadEvents("intake", 1).value_or(std::vector<Event>()),
          center_.ReadEvents("matching", 1).value_or(std::vector<Event>()),
          center_.ReadEvents("metrics", 1).value_or(std::vector<Event>())};
}

void Traffic::Run(const std::function<bool()>& step) {
  // What only another process knows is looked for.
  for (bool did = true; !IsOver(did ? absl::ZeroDuration() : kPause);) did = step();
}

bool Traffic::IsOver(absl::Duration wait) {
  absl::MutexLock lock(&mutex_);
  return SystemClock::Instance().AwaitFor(mutex_, absl::Condition(&over_), wait);
}

template <typename Invoke>
auto Traffic::Insist(Invoke invoke) -> decltype(invoke()) {
  auto result = invoke();
  while (MayBeMadeAgain(StatusOf(result)) && !IsOver(kPause)) result = invoke();
  if (result.ok()) {
    absl::MutexLock lock(&mutex_);
    ++call_count_;
  }
  return result;
}

// ---- Requests and reports -----------------------------------------------------------------------

bool Traffic::BringOne() {
  std::optional<int> request;
  bool report = false;
  {
    absl::MutexLock lock(&mutex_);
    if (brought_ < wanted_) request = brought_++;
    report = reports_ < reports_wanted_;
  }
  if (report) AskForReport(reports_++);
  if (request) BringRequest(*request);
  return request || report;
}

void Traffic::BringRequest(int number) {
  const auto created = Insist([&] {
    return center_.AsCoordinator<RequestService>(&RequestService::Stub::CreateRequest,
                                                 program_.Submission(number));
  });
  ASSERT_TRUE(created.ok()) << created.status();
  const std::string& name = created->name();
  if (number % kFates == kNeverReady) return ScopeBadly(name);
  {
    absl::MutexLock lock(&mutex_);
    if (number % kFates == kWithdrawn) acknowledged_.withdrawn.insert(name);
    if (number % kFates == kDeclinedOnce) to_decline_.insert(name);
    if (number % kFates == kLeftOnce) to_leave_.insert(name);
  }
  const absl::Status ready = Insist([&] { return SmallProgram::MakeReady(center_, name); });
  ASSERT_TRUE(ready.ok()) << ready;
  {
    absl::MutexLock lock(&mutex_);
    acknowledged_.ready.insert(name);
  }
  if (number % kFates == kWithdrawn) Withdraw(name);
}

void Traffic::ScopeBadly(const std::string& request) {
  const auto ready = SmallProgram::MakeReady(center_, request, 0);
  EXPECT_EQ(ready.code(), absl::StatusCode::kInvalidArgument) << ready;
}

void Traffic::Withdraw(const std::string& request) {
  intake::v1::ActOnRequestRequest act;
  act.set_name(request);
  act.set_action(intake::v1::REQUEST_ACTION_WITHDRAW);
  act.set_request_id(UuidFromName(absl::StrCat("withdraw ", request)));
  const auto done = Insist([&] {
    return center_.AsCoordinator<RequestService>(&RequestService::Stub::ActOnRequest, act);
  });
  EXPECT_TRUE(done.ok()) << done.status();
}

void Traffic::AskForReport(int number) {
  using metrics::v1::ReportService;
  metrics::v1::CreateReportRequest create;
  create.mutable_report()->set_kind(number % 2 == 0 ? metrics::v1::REPORT_KIND_ANNUAL_REVIEW
                                                    : metrics::v1::REPORT_KIND_EXECUTIVE_SUMMARY);
  create.mutable_report()->set_start_date("2025-10-01");
  create.mutable_report()->set_end_date("2025-09-30");
  create.set_request_id(UuidFromName(absl::StrCat("report ", number)));
  const auto ask = [&] {
    return center_.Call<ReportService>(&ReportService::Stub::CreateReport, create,
                                       type::v1::ROLE_PROGRAM_MANAGER, "morgan");
  };
  const auto refused = Insist(ask);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << refused.status();
  create.mutable_report()->set_end_date("2026-09-30");
  const auto created = Insist(ask);
  ASSERT_TRUE(created.ok()) << created.status();
  absl::MutexLock lock(&mutex_);
  acknowledged_.reports.insert(created->name());
}

// ---- What follows -------------------------------------------------------------------------------

bool Traffic::FollowMatching() {
  const auto events = center_.ReadEvents("matching", matching_read_ + 1);
  if (!events.ok() || events->empty()) return false;
  for (const Event& event : *events) {
    matching::v1::ProposalMade made;
    matching::v1::ProposalDecided decided;
    if (Read(event, made) && made.proposal().assignments_size() > 0) Approve(made.proposal());
    if (Read(event, decided)) {
      for (const matching::v1::Offer& offer : decided.offers()) Answer(offer);
    }
    matching_read_ = event.sequence();
  }
  return true;
}

bool Traffic::FollowIntake() {
  const auto events = center_.ReadEvents("intake", intake_read_ + 1);
  if (!events.ok() || events->empty()) return false;
  for (const Event& event : *events) {
    intake::v1::RequestTransitioned taken;
    if (Read(event, taken) && taken.action() == intake::v1::REQUEST_ACTION_RECORD_MATCH) {
      CarryOut(event.subject());
    }
    intake_read_ = event.sequence();
  }
  return true;
}

void Traffic::Approve(const matching::v1::Proposal& proposal) {
  matching::v1::ApproveProposalRequest approve;
  approve.set_name(proposal.name());
  approve.set_request_id(UuidFromName(absl::StrCat("approve ", proposal.name())));
  const auto approved = Insist([&] {
    return center_.AsCoordinator<MatchService>(&MatchService::Stub::ApproveProposal, approve);
  });
  // A plan made since may have replaced it, or will, as it names one who left: then that is approved.
  if (!approved.ok()) {
    EXPECT_THAT(ReasonOf(approved.status()), ::testing::AnyOf("PROPOSAL_NOT_OPEN", "NOT_ELIGIBLE"));
  }
}

void Traffic::Answer(const matching::v1::Offer& offer) {
  const std::string& expert = offer.assignment().expert();
  bool declines = false;
  bool leaves = false;
  {
    absl::MutexLock lock(&mutex_);
    declines = to_decline_.erase(offer.request()) > 0;
    leaves = to_leave_.erase(offer.request()) > 0;
  }
  if (leaves) Leave(expert);
  const absl::Status status = leaves ? absl::CancelledError("the expert left without an answer")
                                     : (declines ? Decline(offer.name()) : Accept(offer.name()));
  if (!status.ok() && !left_.contains(expert)) {
    EXPECT_TRUE(IsWithdrawn(offer.request())) << offer.name() << ": " << status;
    return;
  }
  absl::MutexLock lock(&mutex_);
  if (!status.ok()) {
    acknowledged_.taken_back.insert(offer.name());
  } else {
    (declines ? acknowledged_.declined : acknowledged_.accepted).insert(offer.name());
  }
}

absl::Status Traffic::Accept(const std::string& offer) {
  matching::v1::AcceptOfferRequest accept;
  accept.set_name(offer);
  accept.set_request_id(UuidFromName(absl::StrCat("answer ", offer)));
  return Insist([&] {
    return center_
        .Call<EngagementService>(&EngagementService::Stub::AcceptOffer, accept,
                                 type::v1::ROLE_PARTNER, "partners/elm")
        .status();
  });
}

absl::Status Traffic::Decline(const std::string& offer) {
  matching::v1::DeclineOfferRequest decline;
  decline.set_name(offer);
  decline.set_code(matching::v1::OFFER_DECLINE_CODE_WORKLOAD);
  decline.set_request_id(UuidFromName(absl::StrCat("answer ", offer)));
  return Insist([&] {
    return center_
        .Call<EngagementService>(&EngagementService::Stub::DeclineOffer, decline,
                                 type::v1::ROLE_PARTNER, "partners/elm")
        .status();
  });
}

// Does not come back: a plan that names the expert is made anew.
void Traffic::Leave(const std::string& expert) {
  if (!left_.insert(expert).second) return;
  matching::v1::GetExpertRequest get;
  get.set_name(expert);
  const auto known = Insist(
      [&] { return center_.AsCoordinator<PartnerService>(&PartnerService::Stub::GetExpert, get); });
  ASSERT_TRUE(known.ok()) << known.status();
  matching::v1::ImportExpertsRequest import;
  matching::v1::Expert& row = *import.add_experts();
  row = *known;
  row.clear_etag();
  row.set_active(false);
  import.set_request_id(UuidFromName(absl::StrCat("leave ", expert)));
  const auto imported = Insist([&] {
    return center_.AsCoordinator<PartnerService>(&PartnerService::Stub::ImportExperts, import);
  });
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->results(0).outcome(), intake::v1::IMPORT_OUTCOME_UPDATED)
      << imported->results(0).problem();
}

void Traffic::CarryOut(const std::string& request) {
  const auto engagement = EngagementOf(request);
  ASSERT_TRUE(engagement.ok()) << engagement.status();
  const auto early = Deliver(*engagement, UuidFromName(absl::StrCat("early ", *engagement)));
  EXPECT_EQ(early.status().code(), absl::StatusCode::kFailedPrecondition) << early.status();
  absl::Status status = DrawUpPlan(*engagement);
  if (status.ok()) {
    status = ApprovePlan(request, type::v1::ROLE_AGENCY, absl::StrCat(program_.agency(), "#chief"));
  }
  if (status.ok()) status = ApprovePlan(request, type::v1::ROLE_PROGRAM_MANAGER, "morgan");
  if (status.ok()) {
    const auto delivered = Deliver(*engagement, UuidFromName(absl::StrCat("late ", *engagement)));
    status = delivered.status();
  }
  if (!status.ok()) {
    EXPECT_TRUE(IsWithdrawn(request)) << request << ": " << status;
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    acknowledged_.delivered.insert(*engagement);
  }
  AnswerSurvey(*engagement);
}

// Someone who took part says how satisfied they are, as soon as metrics knows of the engagement.
void Traffic::AnswerSurvey(const std::string& engagement) {
  using metrics::v1::SurveyService;
  const auto record =
      SmallProgram::SurveyAnswer(engagement, 4, UuidFromName(absl::StrCat("survey ", engagement)));
  const auto answer = [&] {
    return center_.AsCoordinator<SurveyService>(&SurveyService::Stub::RecordSurveyResponse, record);
  };
  auto recorded = Insist(answer);
  while (absl::IsNotFound(recorded.status()) && !IsOver(kPause)) recorded = Insist(answer);
  if (!recorded.ok()) {
    EXPECT_TRUE(IsOver(absl::ZeroDuration())) << recorded.status();
    return;
  }
  absl::MutexLock lock(&mutex_);
  acknowledged_.surveyed.insert(engagement);
}

absl::Status Traffic::DrawUpPlan(const std::string& engagement) {
  const auto plan =
      SmallProgram::Plan(engagement, UuidFromName(absl::StrCat("draw up ", engagement)));
  return Insist([&] {
    return center_
        .Call<EngagementService>(&EngagementService::Stub::DrawUpPlan, plan, type::v1::ROLE_PARTNER,
                                 "partners/elm")
        .status();
  });
}

// As soon as intake knows of the plan.
absl::Status Traffic::ApprovePlan(const std::string& request, type::v1::Role role,
                                  const std::string& subject) {
  intake::v1::ActOnRequestRequest act;
  act.set_name(request);
  act.set_action(intake::v1::REQUEST_ACTION_APPROVE_PLAN);
  act.set_request_id(UuidFromName(absl::StrCat("plan ", request, " ", subject)));
  const auto approve = [&] {
    return center_.Call<RequestService>(&RequestService::Stub::ActOnRequest, act, role, subject)
        .status();
  };
  absl::Status approved = Insist(approve);
  while (ReasonOf(approved) == "PLAN_NOT_DRAWN_UP" && !IsOver(kPause)) approved = Insist(approve);
  return approved;
}

absl::StatusOr<matching::v1::Engagement> Traffic::Deliver(const std::string& engagement,
                                                          const std::string& request_id) {
  const auto record = SmallProgram::Delivery(engagement, request_id);
  return Insist([&] {
    return center_.AsCoordinator<EngagementService>(&EngagementService::Stub::RecordDelivery,
                                                    record);
  });
}

absl::StatusOr<std::string> Traffic::EngagementOf(const std::string& request) {
  matching::v1::ListEngagementsRequest list;
  list.set_filter(absl::StrCat("request = \"", request, "\""));
  const auto page = Insist([&] {
    return center_.AsCoordinator<EngagementService>(&EngagementService::Stub::ListEngagements,
                                                    list);
  });
  if (!page.ok()) return page.status();
  if (page->engagements_size() == 1) return page->engagements(0).name();
  return absl::InternalError(
      absl::StrCat(request, " has ", page->engagements_size(), " engagements"));
}

bool Traffic::IsWithdrawn(const std::string& request) {
  absl::MutexLock lock(&mutex_);
  return acknowledged_.withdrawn.contains(request);
}

}  // namespace critac::testing
