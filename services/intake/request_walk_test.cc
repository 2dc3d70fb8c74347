// Random walks through the lifecycle. Goal: whatever sequence of actions people try, the rules hold
// together. Method: seeded walks of many tries each, most of them refused; after each the invariants
// are checked. A failure prints its seed.
#include <random>
#include <set>

#include "services/intake/intake_testing.h"
#include "services/intake/proto_time.h"
#include "services/intake/request_clocks.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using testing::SmallCatalog;

class Walk {
 public:
  explicit Walk(uint32_t seed) : random_(seed), request_(testing::CompleteDraft()) {}

  void Run(int tries) {
    for (int i = 0; i < tries && !::testing::Test::HasFailure(); ++i) {
      time_ += absl::Minutes(std::uniform_int_distribution<int>(0, 2 * 24 * 60)(random_));
      const int before = taken_;
      Try();
      if (taken_ > before) CheckInvariants();
      if (::testing::Test::HasFailure()) ADD_FAILURE() << request_.ShortDebugString();
    }
  }

  const std::set<v1::RequestState>& visited() const { return visited_; }
  int taken() const { return taken_; }

 private:
  template <typename T>
  T AnyOf(const std::vector<T>& values) {
    return values[std::uniform_int_distribution<size_t>(0, values.size() - 1)(random_)];
  }

  v1::ActionDetails DetailsOn(v1::RequestAction action) {
    v1::ActionDetails details = testing::DetailsFor(action, FormatDate(DayOf(time_)));
    for (v1::Slot& slot : *details.mutable_scope()->mutable_slots()) {
      slot.set_window_end(FormatDate(DayOf(time_) + 100));
    }
    if (action != v1::REQUEST_ACTION_COMPLETE_SCOPING) details.clear_scope();
    if (action == v1::REQUEST_ACTION_RECORD_PLAN) {
      details.set_plan_version(request_.plan_version() + AnyOf(std::vector<int>{0, 0, 0, 1}));
      if (details.plan_version() == 0) details.set_plan_version(1);
    }
    return details;
  }

  // What is offered, mostly, and then mostly what leads on: the table's rows up to CLOSE. A plan that
  // is drawn up leads on, too.
  v1::RequestAction Choose(const std::vector<v1::RequestAction>& offered) {
    if (offered.empty() || AnyOf(std::vector<int>{1, 2, 3, 4}) == 1) return AnyOf(AllActions());
    const bool leads_on = offered.front() <= v1::REQUEST_ACTION_CLOSE ||
                          offered.front() == v1::REQUEST_ACTION_RECORD_PLAN;
    return leads_on && AnyOf(std::vector<int>{1, 2}) == 1 ? offered.front() : AnyOf(offered);
  }

  void Try() {
    const std::vector<Actor> people = {testing::Chief(), testing::Coordinator(), testing::Manager(),
                                       testing::Matching(), testing::Partner()};
    const Actor who = AnyOf(people);
    const std::vector<v1::RequestAction> offered = AvailableActions(request_, who);
    const v1::RequestAction action = Choose(offered);
    // Most walks would end early otherwise.
    if (IsEnded(RuleOf(action)->to) && AnyOf(std::vector<int>{1, 2, 3, 4, 5, 6}) > 1) return;
    const bool is_offered = std::count(offered.begin(), offered.end(), action) > 0;
    const auto step =
        DecideAction(request_, action, DetailsOn(action), who, time_, testing::Context());
    EXPECT_EQ(step.ok(), is_offered) << step.status();
    if (!step.ok()) return;
    EXPECT_EQ(step->from(), request_.state());
    ApplyAction(*step, request_);
    EXPECT_EQ(request_.state(), step->to());
    ++taken_;
    visited_.insert(request_.state());
  }

  void CheckInvariants() {
    const v1::RequestState state = request_.state();
    EXPECT_NE(state, v1::REQUEST_STATE_UNSPECIFIED);
    EXPECT_EQ(state == v1::REQUEST_STATE_ON_HOLD,
              request_.hold_return_state() != v1::REQUEST_STATE_UNSPECIFIED);
    const bool asked = state == v1::REQUEST_STATE_NEEDS_INFORMATION ||
                       request_.hold_return_state() == v1::REQUEST_STATE_NEEDS_INFORMATION;
    EXPECT_EQ(asked, request_.information_return_state() != v1::REQUEST_STATE_UNSPECIFIED);
    const bool planned = state == v1::REQUEST_STATE_PLANNED ||
                         state == v1::REQUEST_STATE_IN_DELIVERY ||
                         state == v1::REQUEST_STATE_DELIVERED || state == v1::REQUEST_STATE_CLOSED;
    if (planned) {
      EXPECT_GT(request_.plan_version(), 0);
      EXPECT_EQ(request_.agency_approval().plan_version(), request_.plan_version());
      EXPECT_EQ(request_.program_approval().plan_version(), request_.plan_version());
    }
    if (InterestOf(state) != MatchingInterest::kNone) EXPECT_GT(request_.scope().slots_size(), 0);
    EXPECT_FALSE(AvailableActions(request_, testing::Coordinator()).empty() &&
                 AvailableActions(request_, testing::Matching()).empty() &&
                 AvailableActions(request_, testing::Manager()).empty())
        << "a dead end";
    CheckClocks();
  }

  void CheckClocks() {
    std::set<v1::ClockType> types;
    for (const v1::Clock& clock : request_.clocks()) {
      EXPECT_TRUE(types.insert(clock.type()).second) << "twice";
      const bool stopped = clock.has_stop_time();
      EXPECT_EQ(clock.has_pause_time(), !stopped && IsPaused(request_.state()));
      if (IsEnded(request_.state())) EXPECT_TRUE(stopped);
      if (stopped) EXPECT_GE(FromProto(clock.stop_time()), FromProto(clock.start_time()));
      EXPECT_GE(clock.paused_business_days(), 0);
      const absl::CivilDay start = DayOf(FromProto(clock.start_time()));
      const BusinessCalendar& calendar = SmallCatalog().calendar();
      const absl::CivilDay end = stopped ? DayOf(FromProto(clock.stop_time())) : DayOf(time_);
      EXPECT_LE(clock.paused_business_days(), calendar.DaysBetween(start, end));
      EXPECT_LE(ElapsedBusinessDays(clock, DayOf(time_), calendar),
                calendar.DaysBetween(start, end));
      EXPECT_EQ(clock.due_date(),
                FormatDate(calendar.AddDays(
                    start, clock.target_business_days() + clock.paused_business_days())));
    }
  }

  std::mt19937 random_;
  v1::Request request_;
  absl::Time time_ = testing::At("2026-10-05");
  std::set<v1::RequestState> visited_;
  int taken_ = 0;
};

TEST(RequestWalk, TheRulesHoldTogetherWhateverIsTried) {
  std::set<v1::RequestState> visited;
  for (uint32_t seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Walk walk(seed);
    walk.Run(600);
    ASSERT_FALSE(HasFailure());
    EXPECT_GT(walk.taken(), 40);
    visited.insert(walk.visited().begin(), walk.visited().end());
  }
  visited.insert(v1::REQUEST_STATE_DRAFT);
  EXPECT_EQ(visited.size(), AllStates().size()) << "every state is reached";
}

}  // namespace
}  // namespace critac::intake
