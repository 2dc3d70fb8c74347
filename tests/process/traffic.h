#ifndef TESTS_PROCESS_TRAFFIC_H_
#define TESTS_PROCESS_TRAFFIC_H_

#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "tests/process/any_center.h"
#include "tests/process/ledger.h"
#include "tests/process/small_program.h"

namespace critac::testing {

// What people do all day in a center: they bring requests, decide proposals, answer offers or leave
// without an answer, approve plans, record deliveries, answer surveys, ask for reports. Whatever comes of a call that
// may be made again, it is made again, with its request id, until it is taken or refused. Some do
// what is refused. Remembers what was acknowledged. Thread-safe.
class Traffic {
 public:
  // Both must outlive it.
  Traffic(AnyCenter& center, const SmallProgram& program);
  // Ends, whatever is still to do.
  ~Traffic();

  // Brings so many requests more, and asks for one report: an annual review or its summary, in turn.
  void Bring(int requests);
  // Waits until so many more calls were acknowledged than when it is called. Brings as many requests
  // as it takes for that, whatever the center has stopped working on.
  void AwaitCalls(int more);

  Acknowledged acknowledged();
  // Everything that is on record.
  Journals ReadJournals();

 private:
  void Run(const std::function<bool()>& step);
  bool IsOver(absl::Duration wait);
  template <typename Invoke>
  auto Insist(Invoke invoke) -> decltype(invoke());

  bool BringOne();
  void BringRequest(int number);
  void ScopeBadly(const std::string& request);
  void Withdraw(const std::string& request);
  void AskForReport(int number);

  // Reads what was recorded since the last time, and does what follows for people; whether there
  // was anything.
  bool FollowMatching();
  bool FollowIntake();
  void Approve(const matching::v1::Proposal& proposal);
  void Answer(const matching::v1::Offer& offer);
  absl::Status Accept(const std::string& offer);
  absl::Status Decline(const std::string& offer);
  void Leave(const std::string& expert);
  void CarryOut(const std::string& request);
  absl::Status DrawUpPlan(const std::string& engagement);
  absl::Status ApprovePlan(const std::string& request, type::v1::Role role,
                           const std::string& subject);
  absl::StatusOr<matching::v1::Engagement> Deliver(const std::string& engagement,
                                                   const std::string& request_id);
  void AnswerSurvey(const std::string& engagement);
  absl::StatusOr<std::string> EngagementOf(const std::string& request);

  bool IsWithdrawn(const std::string& request);

  AnyCenter& center_;
  const SmallProgram& program_;

  absl::Mutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  int wanted_ ABSL_GUARDED_BY(mutex_) = 0;
  int brought_ ABSL_GUARDED_BY(mutex_) = 0;
  int reports_wanted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t call_count_ ABSL_GUARDED_BY(mutex_) = 0;
  Acknowledged acknowledged_ ABSL_GUARDED_BY(mutex_);
  // Requests whose first offer is to be declined, or whose first expert asked is to leave.
  std::set<std::string> to_decline_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> to_leave_ ABSL_GUARDED_BY(mutex_);

  // Each of one thread alone.
  int reports_ = 0;
  int64_t matching_read_ = 0;
  int64_t intake_read_ = 0;
  // Experts who left.
  std::set<std::string> left_;

  std::vector<std::thread> threads_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_TRAFFIC_H_
