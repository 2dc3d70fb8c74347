#include "services/intake/request_lifecycle.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "services/intake/agency_rules.h"
#include "services/intake/proto_time.h"
#include "services/intake/request_clocks.h"
#include "services/intake/request_rules.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using google::protobuf::FieldDescriptor;
using type::v1::Role;
using v1::ActionDetails;
using v1::RequestAction;
using v1::RequestState;

template <typename T>
bool Contains(const std::vector<T>& values, T value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

std::vector<RequestState> StatesWhere(bool (*holds)(RequestState)) {
  std::vector<RequestState> states;
  std::copy_if(AllStates().begin(), AllStates().end(), std::back_inserter(states), holds);
  return states;
}

// `PROGRAM_MANAGER`.
std::string RoleText(Role role) {
  return std::string(absl::StripPrefix(type::v1::Role_Name(role), "ROLE_"));
}

// The person behind a principal: what stands after `#`, else the subject.
absl::string_view PersonOf(absl::string_view principal) {
  const size_t mark = principal.find('#');
  return principal.substr((mark == absl::string_view::npos ? principal.find(':') : mark) + 1);
}

bool IsAgency(absl::string_view principal) { return absl::StartsWith(principal, "agency:"); }

// ---- Role and state

absl::Status CheckRole(const LifecycleRule& rule, const Actor& who) {
  if (Contains(rule.roles, who.role)) return absl::OkStatus();
  const std::string roles = absl::StrJoin(
      rule.roles, ", ", [](std::string* out, Role role) { absl::StrAppend(out, RoleText(role)); });
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED",
               absl::StrCat(ActionText(rule.action), " is not for ", RoleText(who.role),
                            "; it is for ", roles))
      .Fact("action", ActionText(rule.action))
      .Fact("roles", roles)
      .ToStatus();
}

absl::Status CheckState(const LifecycleRule& rule, const v1::Request& request, const Actor& who) {
  if (Contains(rule.from, request.state())) return absl::OkStatus();
  std::string possible = absl::StrJoin(
      AvailableActions(request, who), ", ",
      [](std::string* out, RequestAction action) { absl::StrAppend(out, ActionText(action)); });
  const std::string description =
      absl::StrCat(ActionText(rule.action), " does not start from ", StateText(request.state()),
                   "; possible now: ", possible.empty() ? "nothing" : possible);
  return Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
               absl::StrCat(request.name(), ": ", description))
      .Precondition("WRONG_STATE", request.name(), description)
      .Fact("state", StateText(request.state()))
      .Fact("available_actions", possible)
      .ToStatus();
}

// ---- Details

bool IsThere(const ActionDetails& details, const FieldDescriptor& field) {
  return details.GetReflection()->HasField(details, &field);
}

// What the action takes, for people.
std::string TakenText(const LifecycleRule& rule) {
  std::vector<std::string> names;
  for (const auto* numbers : {&rule.needed_details, &rule.optional_details}) {
    for (const int number : *numbers) {
      names.push_back(ActionDetails::descriptor()->FindFieldByNumber(number)->name());
    }
  }
  return names.empty() ? "no details" : absl::StrJoin(names, ", ");
}

FieldProblems CheckDetails(const LifecycleRule& rule, const ActionDetails& details) {
  FieldProblems problems;
  const auto* descriptor = ActionDetails::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    const bool needed = Contains(rule.needed_details, field.number());
    if (IsThere(details, field)) {
      if (!needed && !Contains(rule.optional_details, field.number())) {
        problems.Add(field.name(), absl::StrCat(ActionText(rule.action),
                                                " does not take it; it takes ", TakenText(rule)));
      }
    } else if (needed) {
      problems.Add(field.name(),
                   absl::StrCat("is missing; ", ActionText(rule.action), " needs it"));
    }
  }
  return problems;
}

// ---- What an action needs besides

// The approvals of a plan, as one of the two who give them sees them. Null: not given.
struct Approvals {
  const v1::Approval* own = nullptr;
  const v1::Approval* other = nullptr;
};

Approvals ApprovalsFor(const v1::Request& request, const Actor& who) {
  const v1::Approval* agency = request.has_agency_approval() ? &request.agency_approval() : nullptr;
  const v1::Approval* program =
      request.has_program_approval() ? &request.program_approval() : nullptr;
  return who.role == type::v1::ROLE_AGENCY ? Approvals{agency, program}
                                           : Approvals{program, agency};
}

absl::Status CheckSecondPerson(const v1::Request& request, const Actor& who) {
  const v1::Approval* other = ApprovalsFor(request, who).other;
  if (other == nullptr || PersonOf(other->actor()) != PersonOf(who.principal)) {
    return absl::OkStatus();
  }
  return FailedPrecondition("SAME_PERSON", request.name(),
                            absl::StrCat(other->actor(),
                                         " approved the plan; the second approval "
                                         "takes another person"));
}

// What is approved is the newest version of the plan, so that nobody approves one that they cannot
// have seen.
absl::Status CheckVersion(const v1::Request& request, int version) {
  const int newest = request.plan_version();
  if (newest == 0) {
    return FailedPrecondition(
        "PLAN_NOT_DRAWN_UP", request.name(),
        "has no plan to approve; a plan is drawn up for its engagement first (DrawUpPlan of "
        "matching), and known here a moment later");
  }
  if (version == newest) return absl::OkStatus();
  return FailedPrecondition(
      "PLAN_VERSION_NOT_NEWEST", request.name(),
      absl::StrCat("version ", version,
                   " of the plan cannot be approved; the newest known here is ", newest));
}

// A version of a plan is approved once by each.
absl::Status CheckApproval(const v1::Request& request, const ActionDetails& details,
                           const Actor& who, const LifecycleContext& context) {
  if (!context.past || request.plan_version() > 0) {
    RETURN_IF_ERROR(CheckVersion(request, details.plan_version()));
  }
  const v1::Approval* own = ApprovalsFor(request, who).own;
  if (own != nullptr && own->plan_version() == details.plan_version()) {
    return FailedPrecondition(
        "ALREADY_APPROVED", request.name(),
        absl::StrCat(who.role == type::v1::ROLE_AGENCY ? "the agency" : "the program office",
                     " approved ",
                     own->plan_version() == 0
                         ? std::string("the plan")
                         : absl::StrCat("version ", own->plan_version(), " of the plan"),
                     " already"));
  }
  return CheckSecondPerson(request, who);
}

// Whether an approval is asked of one of the two: there is a plan, and they have not approved it.
bool IsApprovalAwaited(const v1::Request& request, const Actor& who) {
  if (request.plan_version() == 0) return false;
  const v1::Approval* own = ApprovalsFor(request, who).own;
  const bool given = own != nullptr && own->plan_version() == request.plan_version();
  return !given && CheckSecondPerson(request, who).ok();
}

absl::Status CheckOriginal(const v1::Request& request, const ActionDetails& details,
                           const v1::Request* original) {
  if (details.duplicate_of() == request.name()) {
    return InvalidField("details.duplicate_of", "is the request itself");
  }
  if (original == nullptr) {
    return Annotate(
        ResourceNotFound(v1::Request::descriptor()->full_name(), details.duplicate_of()),
        "details.duplicate_of");
  }
  if (original->state() != v1::REQUEST_STATE_DUPLICATE) return absl::OkStatus();
  const std::string& of = original->duplicate_of();
  return FailedPrecondition(
      "ORIGINAL_IS_DUPLICATE", original->name(),
      of.empty() ? "is itself a duplicate" : absl::StrCat("is itself a duplicate of ", of));
}

absl::Status CheckFollowUp(const v1::Request& request, const ActionDetails& details,
                           absl::CivilDay day) {
  if (!details.reason().empty() || request.follow_up_date() <= FormatDate(day)) {
    return absl::OkStatus();
  }
  return FailedPrecondition("FOLLOW_UP_NOT_REACHED", request.name(),
                            absl::StrCat("its follow-up is on ", request.follow_up_date(),
                                         "; until then it is closed with details.reason only"));
}

absl::Status CheckNewScope(const v1::Scope& scope, absl::CivilDay day, const CatalogView& catalog) {
  RETURN_IF_ERROR(CheckScope(scope, day, catalog).ToInvalidArgument("details.scope"));
  return CheckScopeReferences(scope, day, catalog);
}

absl::Status CheckNeeds(const v1::Request& request, RequestAction action,
                        const ActionDetails& details, const Actor& who, absl::CivilDay day,
                        const LifecycleContext& context) {
  switch (action) {
    case v1::REQUEST_ACTION_SUBMIT:
      RETURN_IF_ERROR(CheckEligible(request.agency(), context.agency_type));
      return CheckSubmission(request, day)
          .ToFailedPrecondition("REQUEST_INCOMPLETE", request.name(), "cannot be submitted yet");
    case v1::REQUEST_ACTION_REOPEN:
      return MissingForSubmission(request).ToFailedPrecondition(
          "REQUEST_INCOMPLETE", request.name(), "cannot be reopened yet");
    case v1::REQUEST_ACTION_ACCEPT:
      return CheckEligible(request.agency(), context.agency_type);
    case v1::REQUEST_ACTION_COMPLETE_SCOPING:
      return CheckNewScope(details.scope(), day, context.catalog);
    case v1::REQUEST_ACTION_APPROVE_PLAN:
      return CheckApproval(request, details, who, context);
    case v1::REQUEST_ACTION_COMPLETE_DELIVERY:
      if (details.follow_up_date() < FormatDate(day)) {
        return InvalidField("details.follow_up_date",
                            absl::StrCat(details.follow_up_date(), " is before ", FormatDate(day)));
      }
      return absl::OkStatus();
    case v1::REQUEST_ACTION_CLOSE:
      return CheckFollowUp(request, details, day);
    case v1::REQUEST_ACTION_DECLINE:
      if (details.decline_code() == v1::DECLINE_CODE_OTHER && details.reason().empty()) {
        return InvalidField("details.reason", "is missing; DECLINE_CODE_OTHER is said in words");
      }
      return absl::OkStatus();
    case v1::REQUEST_ACTION_MARK_DUPLICATE:
      return CheckOriginal(request, details, context.original);
    default:
      return absl::OkStatus();
  }
}

// ---- What follows

// The details with what the server adds.
ActionDetails Completed(const v1::Request& request, const ActionDetails& given,
                        RequestAction action, absl::CivilDay day) {
  ActionDetails details = given;
  if (action == v1::REQUEST_ACTION_APPROVE_PLAN && details.plan_version() == 0) {
    details.set_plan_version(request.plan_version());
  }
  if (action == v1::REQUEST_ACTION_COMPLETE_SCOPING) NormalizeScope(*details.mutable_scope());
  if (action == v1::REQUEST_ACTION_COMPLETE_DELIVERY && details.follow_up_date().empty()) {
    details.set_follow_up_date(FormatDate(day + kFollowUpDays));
  }
  return details;
}

RequestState StateAfter(const LifecycleRule& rule, const v1::Request& request,
                        const ActionDetails& details, const Actor& who) {
  switch (rule.action) {
    case v1::REQUEST_ACTION_PROVIDE_INFORMATION:
      return request.information_return_state();
    case v1::REQUEST_ACTION_RESUME:
      return request.hold_return_state();
    case v1::REQUEST_ACTION_APPROVE_PLAN: {
      const v1::Approval* other = ApprovalsFor(request, who).other;
      const bool both = other != nullptr && other->plan_version() == details.plan_version();
      return both ? rule.to : request.state();
    }
    default:
      return rule.to;
  }
}

void ForgetPlan(v1::Request& request) {
  request.clear_plan_version();
  request.clear_agency_approval();
  request.clear_program_approval();
}

// Forgets how the request ended and how far it had come.
void BeginAfresh(v1::Request& request) {
  request.clear_duplicate_of();
  request.clear_referred_to();
  request.clear_decline_code();
  request.clear_follow_up_date();
  ForgetPlan(request);
}

void ApplyApproval(const v1::RequestTransitioned& taken, v1::Request& request) {
  v1::Approval& approval = IsAgency(taken.actor()) ? *request.mutable_agency_approval()
                                                   : *request.mutable_program_approval();
  approval.set_actor(taken.actor());
  *approval.mutable_time() = taken.occur_time();
  approval.set_plan_version(taken.details().plan_version());
}

// Takes over the newest version of the plan; what was approved of another is void.
void ApplyPlan(int version, v1::Request& request) {
  request.set_plan_version(version);
  if (request.agency_approval().plan_version() != version) request.clear_agency_approval();
  if (request.program_approval().plan_version() != version) request.clear_program_approval();
}

void ApplyDetails(const v1::RequestTransitioned& taken, v1::Request& request) {
  const ActionDetails& details = taken.details();
  if (!details.reason().empty()) request.set_reason(details.reason());
  switch (taken.action()) {
    case v1::REQUEST_ACTION_SUBMIT:
      *request.mutable_submit_time() = taken.occur_time();
      break;
    case v1::REQUEST_ACTION_ACKNOWLEDGE:
      request.set_coordinator(taken.actor());
      break;
    case v1::REQUEST_ACTION_ASK_FOR_INFORMATION:
      request.set_information_return_state(taken.from());
      request.set_question(details.question());
      request.clear_answer();
      break;
    case v1::REQUEST_ACTION_PROVIDE_INFORMATION:
      request.clear_information_return_state();
      request.set_answer(details.answer());
      break;
    case v1::REQUEST_ACTION_COMPLETE_SCOPING:
      *request.mutable_scope() = details.scope();
      *request.mutable_ready_time() = taken.occur_time();
      break;
    case v1::REQUEST_ACTION_RECORD_PLAN:
      ApplyPlan(details.plan_version(), request);
      break;
    case v1::REQUEST_ACTION_APPROVE_PLAN:
      ApplyApproval(taken, request);
      break;
    case v1::REQUEST_ACTION_COMPLETE_DELIVERY:
      request.set_follow_up_date(details.follow_up_date());
      break;
    case v1::REQUEST_ACTION_HOLD:
      request.set_hold_return_state(taken.from());
      break;
    case v1::REQUEST_ACTION_RESUME:
      request.clear_hold_return_state();
      break;
    case v1::REQUEST_ACTION_REMATCH:
      ForgetPlan(request);
      *request.mutable_ready_time() = taken.occur_time();
      break;
    case v1::REQUEST_ACTION_REFER:
      request.set_referred_to(details.referred_to());
      break;
    case v1::REQUEST_ACTION_DECLINE:
      request.set_decline_code(details.decline_code());
      break;
    case v1::REQUEST_ACTION_MARK_DUPLICATE:
      request.set_duplicate_of(details.duplicate_of());
      break;
    case v1::REQUEST_ACTION_REOPEN:
      BeginAfresh(request);
      *request.mutable_submit_time() = taken.occur_time();
      if (request.coordinator().empty()) request.set_coordinator(taken.actor());
      break;
    default:
      break;
  }
}

std::vector<LifecycleRule> MakeRules() {
  using type::v1::ROLE_AGENCY;
  using type::v1::ROLE_COORDINATOR;
  using type::v1::ROLE_PARTNER;
  using type::v1::ROLE_PROGRAM_MANAGER;
  using type::v1::ROLE_SERVICE;
  constexpr int kQuestion = ActionDetails::kQuestionFieldNumber;
  constexpr int kAnswer = ActionDetails::kAnswerFieldNumber;
  constexpr int kScope = ActionDetails::kScopeFieldNumber;
  constexpr int kReason = ActionDetails::kReasonFieldNumber;
  constexpr int kReferredTo = ActionDetails::kReferredToFieldNumber;
  constexpr int kDeclineCode = ActionDetails::kDeclineCodeFieldNumber;
  constexpr int kDuplicateOf = ActionDetails::kDuplicateOfFieldNumber;
  constexpr int kFollowUpDate = ActionDetails::kFollowUpDateFieldNumber;
  constexpr int kPlanVersion = ActionDetails::kPlanVersionFieldNumber;
  const std::vector<RequestState> open = StatesWhere([](RequestState s) { return !IsEnded(s); });
  const std::vector<RequestState> open_not_held =
      StatesWhere([](RequestState s) { return !IsEnded(s) && s != v1::REQUEST_STATE_ON_HOLD; });
  const std::vector<RequestState> before_matched = StatesWhere(IsBeforeMatched);
  return {
      {v1::REQUEST_ACTION_SUBMIT,
       {v1::REQUEST_STATE_DRAFT},
       v1::REQUEST_STATE_SUBMITTED,
       {ROLE_AGENCY, ROLE_COORDINATOR},
       {},
       {},
       "a complete request of an eligible agency"},
      {v1::REQUEST_ACTION_ACKNOWLEDGE,
       {v1::REQUEST_STATE_SUBMITTED},
       v1::REQUEST_STATE_IN_REVIEW,
       {ROLE_COORDINATOR},
       {},
       {},
       "nothing; who acknowledges becomes the named coordinator"},
      {v1::REQUEST_ACTION_ASK_FOR_INFORMATION,
       {v1::REQUEST_STATE_IN_REVIEW, v1::REQUEST_STATE_SCOPING, v1::REQUEST_STATE_READY},
       v1::REQUEST_STATE_NEEDS_INFORMATION,
       {ROLE_COORDINATOR},
       {kQuestion},
       {},
       "a question; clocks pause"},
      {v1::REQUEST_ACTION_PROVIDE_INFORMATION,
       {v1::REQUEST_STATE_NEEDS_INFORMATION},
       v1::REQUEST_STATE_UNSPECIFIED,
       {ROLE_AGENCY, ROLE_COORDINATOR},
       {kAnswer},
       {},
       "an answer; clocks run on"},
      {v1::REQUEST_ACTION_ACCEPT,
       {v1::REQUEST_STATE_IN_REVIEW},
       v1::REQUEST_STATE_SCOPING,
       {ROLE_COORDINATOR},
       {},
       {},
       "an eligible agency"},
      {v1::REQUEST_ACTION_COMPLETE_SCOPING,
       {v1::REQUEST_STATE_SCOPING},
       v1::REQUEST_STATE_READY,
       {ROLE_COORDINATOR},
       {kScope},
       {},
       "a scope with at least one slot"},
      {v1::REQUEST_ACTION_RECORD_MATCH,
       {v1::REQUEST_STATE_READY},
       v1::REQUEST_STATE_MATCHED,
       {ROLE_SERVICE},
       {},
       {},
       "every slot accepted"},
      {v1::REQUEST_ACTION_RECORD_PLAN,
       {v1::REQUEST_STATE_MATCHED},
       v1::REQUEST_STATE_MATCHED,
       {ROLE_SERVICE},
       {kPlanVersion},
       {},
       "the version of the plan that was drawn up; an approval of another is void"},
      {v1::REQUEST_ACTION_APPROVE_PLAN,
       {v1::REQUEST_STATE_MATCHED},
       v1::REQUEST_STATE_PLANNED,
       {ROLE_AGENCY, ROLE_PROGRAM_MANAGER},
       {},
       {kPlanVersion},
       "both approvals of the newest version of the plan, in either order, by two different "
       "people"},
      {v1::REQUEST_ACTION_START_DELIVERY,
       {v1::REQUEST_STATE_PLANNED},
       v1::REQUEST_STATE_IN_DELIVERY,
       {ROLE_SERVICE},
       {},
       {},
       "the first delivery recorded"},
      {v1::REQUEST_ACTION_COMPLETE_DELIVERY,
       {v1::REQUEST_STATE_IN_DELIVERY},
       v1::REQUEST_STATE_DELIVERED,
       {ROLE_PARTNER, ROLE_COORDINATOR, ROLE_SERVICE},
       {},
       {kFollowUpDate, kReason},
       "every slot delivered or waived with a reason"},
      {v1::REQUEST_ACTION_CLOSE,
       {v1::REQUEST_STATE_DELIVERED},
       v1::REQUEST_STATE_CLOSED,
       {ROLE_COORDINATOR},
       {},
       {kReason},
       "the follow-up date reached, or a reason"},
      {v1::REQUEST_ACTION_HOLD,
       open_not_held,
       v1::REQUEST_STATE_ON_HOLD,
       {ROLE_COORDINATOR},
       {kReason},
       {},
       "a reason; clocks pause"},
      {v1::REQUEST_ACTION_RESUME,
       {v1::REQUEST_STATE_ON_HOLD},
       v1::REQUEST_STATE_UNSPECIFIED,
       {ROLE_COORDINATOR},
       {kReason},
       {},
       "a reason; clocks run on"},
      {v1::REQUEST_ACTION_REMATCH,
       {v1::REQUEST_STATE_MATCHED, v1::REQUEST_STATE_PLANNED, v1::REQUEST_STATE_IN_DELIVERY},
       v1::REQUEST_STATE_READY,
       {ROLE_COORDINATOR, ROLE_SERVICE},
       {kReason},
       {},
       "a reason: a declined or lost expert"},
      {v1::REQUEST_ACTION_REFER,
       before_matched,
       v1::REQUEST_STATE_REFERRED,
       {ROLE_COORDINATOR},
       {kReferredTo},
       {},
       "the program it is referred to"},
      {v1::REQUEST_ACTION_DECLINE,
       {v1::REQUEST_STATE_IN_REVIEW, v1::REQUEST_STATE_SCOPING},
       v1::REQUEST_STATE_INELIGIBLE,
       {ROLE_COORDINATOR},
       {kDeclineCode},
       {kReason},
       "a reason code"},
      {v1::REQUEST_ACTION_MARK_DUPLICATE,
       before_matched,
       v1::REQUEST_STATE_DUPLICATE,
       {ROLE_COORDINATOR},
       {kDuplicateOf},
       {},
       "the other request, which is no duplicate itself"},
      {v1::REQUEST_ACTION_WITHDRAW,
       open,
       v1::REQUEST_STATE_WITHDRAWN,
       {ROLE_AGENCY, ROLE_COORDINATOR},
       {},
       {},
       "nothing: it is voluntary"},
      {v1::REQUEST_ACTION_REOPEN,
       StatesWhere(IsEnded),
       v1::REQUEST_STATE_IN_REVIEW,
       {ROLE_COORDINATOR},
       {kReason},
       {},
       "a reason and a complete request; clocks start afresh"},
  };
}

}  // namespace

const std::vector<LifecycleRule>& LifecycleRules() {
  static const auto& rules = *new std::vector<LifecycleRule>(MakeRules());
  return rules;
}

const LifecycleRule* RuleOf(RequestAction action) {
  for (const LifecycleRule& rule : LifecycleRules()) {
    if (rule.action == action) return &rule;
  }
  return nullptr;
}

v1::Lifecycle LifecycleTable() {
  v1::Lifecycle table;
  for (const LifecycleRule& rule : LifecycleRules()) {
    v1::LifecycleRow& row = *table.add_rows();
    row.set_action(rule.action);
    for (const RequestState state : rule.from) row.add_from(state);
    row.set_to(rule.to);
    for (const Role role : rule.roles) row.add_roles(role);
    row.set_needs(rule.needs);
  }
  return table;
}

absl::StatusOr<v1::RequestTransitioned> DecideAction(const v1::Request& request,
                                                     RequestAction action,
                                                     const ActionDetails& given, const Actor& who,
                                                     absl::Time now,
                                                     const LifecycleContext& context) {
  const LifecycleRule* rule = RuleOf(action);
  if (rule == nullptr) return InvalidField("action", "is none of the lifecycle's");
  RETURN_IF_ERROR(CheckRole(*rule, who));
  RETURN_IF_ERROR(CheckState(*rule, request, who));
  RETURN_IF_ERROR(CheckDetails(*rule, given).ToInvalidArgument("details"));
  const absl::CivilDay day = DayOf(now);
  const ActionDetails details = Completed(request, given, action, day);
  RETURN_IF_ERROR(CheckNeeds(request, action, details, who, day, context));

  v1::RequestTransitioned taken;
  taken.set_action(action);
  taken.set_from(request.state());
  taken.set_to(StateAfter(*rule, request, details, who));
  if (details.ByteSizeLong() > 0) *taken.mutable_details() = details;
  *taken.mutable_occur_time() = ToProto(now);
  taken.set_actor(who.principal);
  *taken.mutable_clocks() =
      ClocksAfter(request.clocks(), action, taken.from(), taken.to(), now, context.catalog);
  taken.set_seen_etag(request.etag());
  return taken;
}

std::vector<RequestAction> AvailableActions(const v1::Request& request, const Actor& who) {
  std::vector<RequestAction> actions;
  for (const LifecycleRule& rule : LifecycleRules()) {
    if (!Contains(rule.roles, who.role) || !Contains(rule.from, request.state())) continue;
    if (rule.action == v1::REQUEST_ACTION_APPROVE_PLAN && !IsApprovalAwaited(request, who)) {
      continue;
    }
    actions.push_back(rule.action);
  }
  return actions;
}

void ApplyAction(const v1::RequestTransitioned& taken, v1::Request& request) {
  ApplyDetails(taken, request);
  request.set_state(taken.to());
  *request.mutable_clocks() = taken.clocks();
  if (IsEnded(taken.to())) {
    request.clear_information_return_state();
    request.clear_hold_return_state();
  }
}

}  // namespace critac::intake
