// What the engagements were to achieve, and by when.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "services/cli/sample/sample_parts.h"

namespace critac::cli {
namespace {

using intake::v1::RequestAction;
using matching::v1::PastMilestone;
using matching::v1::PastPlan;

// The last step of an action; null: it was not taken.
const intake::v1::PastAction* LastStep(const SampleRequest& request, RequestAction action) {
  const intake::v1::PastAction* last = nullptr;
  for (const auto& step : request.past.actions()) {
    if (step.action() == action) last = &step;
  }
  return last;
}

absl::CivilDay DayOfStep(const intake::v1::PastAction& step) {
  return DayOf(absl::FromUnixSeconds(step.time().seconds()));
}

// The day on which both had approved the plan; none where they have not.
std::optional<absl::CivilDay> DayApproved(const SampleRequest& request) {
  const auto& steps = request.past.actions();
  const auto approvals = std::count_if(steps.begin(), steps.end(), [](const auto& step) {
    return step.action() == intake::v1::REQUEST_ACTION_APPROVE_PLAN;
  });
  if (approvals < 2) return std::nullopt;
  return DayOfStep(*LastStep(request, intake::v1::REQUEST_ACTION_APPROVE_PLAN));
}

const Subject& SubjectOf(const intake::v1::Slot& slot) {
  return *std::find_if(Subjects().begin(), Subjects().end(),
                       [&](const Subject& subject) { return TopicName(subject) == slot.topic(); });
}

// `De-escalation: in-person training is held`, `School safety: policy review memorandum is with the chief`.
std::string DeliveredTitle(const SampleSlot& slot) {
  const std::string topic = absl::StrCat(SubjectOf(slot.slot).title, ": ");
  return slot.way->attended
             ? absl::StrCat(topic, absl::AsciiStrToLower(slot.way->title), " is held")
             : absl::StrCat(topic, slot.way->product, " is with the chief");
}

PastMilestone& AddMilestone(std::string title, absl::CivilDay due, PastPlan& plan) {
  PastMilestone& milestone = *plan.add_milestones();
  milestone.set_title(std::move(title));
  milestone.set_due_date(FormatDate(due));
  return milestone;
}

// Each slot's topic has an objective, in the words of what the agency hoped for.
void AddObjectives(const SampleRequest& request, PastPlan& plan) {
  for (const SampleSlot& slot : request.slots) {
    const std::string objective(SubjectOf(slot.slot).desired_outcome);
    const auto& known = plan.objectives();
    if (std::find(known.begin(), known.end(), objective) == known.end()) {
      plan.add_objectives(objective);
    }
  }
}

// The agenda is agreed before the first session, where there is one by the last day, sometimes a little late.
void AddAgenda(const SampleDays& days, absl::CivilDay drawn_up,
               const std::optional<absl::CivilDay>& approved, Dice& dice,
               const SampleRequest& request, PastPlan& plan) {
  std::string first;
  for (const SampleSlot& slot : request.slots) {
    if (slot.deliveries.empty()) continue;
    const std::string& date = slot.deliveries.front().date();
    if (first.empty() || date < first) first = date;
  }
  PastMilestone& milestone =
      AddMilestone("Agenda, dates and participants are agreed with the agency",
                   drawn_up + dice.Between(7, 21), plan);
  const int late = dice.Between(-4, 3);
  if (!approved.has_value() || first.empty()) return;
  const absl::CivilDay last = std::min(*ParseDate(first), days.last);
  const absl::CivilDay reached = *ParseDate(milestone.due_date()) + late;
  milestone.set_reached_date(FormatDate(std::clamp(reached, *approved, last)));
}

}  // namespace

void MakePlan(const SampleDays& days, const std::string& drawn_up_by, Dice& dice,
              SampleRequest& request) {
  const auto* told = LastStep(request, intake::v1::REQUEST_ACTION_RECORD_PLAN);
  if (told == nullptr) return;
  PastPlan& plan = request.plan;
  plan.set_drawn_up_by(drawn_up_by);
  // Intake is told a moment later.
  plan.mutable_draw_up_time()->set_seconds(told->time().seconds() - 2);
  AddObjectives(request, plan);
  AddAgenda(days, DayOfStep(*told), DayApproved(request), dice, request, plan);
  absl::CivilDay last = DayOfStep(*told);
  for (const SampleSlot& slot : request.slots) {
    const absl::CivilDay due = *ParseDate(slot.slot.window_end());
    last = std::max(last, due);
    PastMilestone& milestone = AddMilestone(DeliveredTitle(slot), due, plan);
    milestone.set_slot(slot.slot.id());
    if (!slot.deliveries.empty() && slot.deliveries.back().completes_slot()) {
      milestone.set_reached_date(slot.deliveries.back().date());
    }
  }
  PastMilestone& review = AddMilestone("What was achieved is reviewed with the chief",
                                       last + dice.Between(7, 28), plan);
  const auto* complete = LastStep(request, intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY);
  if (complete != nullptr) review.set_reached_date(FormatDate(DayOfStep(*complete)));
}

}  // namespace critac::cli
