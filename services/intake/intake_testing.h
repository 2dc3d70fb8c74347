#ifndef SERVICES_INTAKE_INTAKE_TESTING_H_
#define SERVICES_INTAKE_INTAKE_TESTING_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/intake/agency_rules.h"
#include "services/intake/catalog_view.h"
#include "services/intake/planned_records.h"
#include "services/intake/records.h"
#include "services/intake/request_lifecycle.h"

// What the tests of intake share: a small catalog, agencies, requests, and the people who act.
namespace critac::intake::testing {

// Holds an absl::Status, or a StatusOr, against code and reason.
MATCHER_P2(FailsWith, code, reason,
           absl::StrCat("fails with ", absl::StatusCodeToString(code), " ", reason)) {
  const absl::Status status = [&] {
    if constexpr (std::is_convertible_v<decltype(arg), absl::Status>) {
      return absl::Status(arg);
    } else {
      return arg.status();
    }
  }();
  *result_listener << status << " with reason " << ReasonOf(status);
  return status.code() == code && ReasonOf(status) == reason;
}

MATCHER(Succeeds, "is OK") {
  if constexpr (std::is_convertible_v<decltype(arg), absl::Status>) {
    *result_listener << absl::Status(arg);
  } else {
    *result_listener << arg.status();
  }
  return arg.ok();
}

inline absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(text.size() == 10 ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M", text, &time, &error)) {
    ADD_FAILURE() << text << ": " << error;
  }
  return time;
}

inline Actor Chief() { return {type::v1::ROLE_AGENCY, "agency:agencies/ag-000001#chief"}; }
inline Actor Coordinator() { return {type::v1::ROLE_COORDINATOR, "coordinator:dana"}; }
inline Actor Manager() { return {type::v1::ROLE_PROGRAM_MANAGER, "program-manager:morgan"}; }
inline Actor Matching() { return {type::v1::ROLE_SERVICE, "service:matching"}; }
inline Actor Partner() { return {type::v1::ROLE_PARTNER, "partner:partners/iacp"}; }
inline Actor Auditor() { return {type::v1::ROLE_AUDITOR, "auditor:alex"}; }

// ---- Catalog

inline v1::CatalogEntry TopicEntry(const std::string& name, const std::string& valid_to = "") {
  v1::CatalogEntry entry;
  entry.set_name(name);
  entry.set_valid_to(valid_to);
  entry.mutable_topic()->set_title(name);
  entry.mutable_topic()->set_group(v1::TOPIC_GROUP_GENERAL);
  return entry;
}

inline v1::CatalogEntry TypeEntry(const std::string& name, type::v1::DeliveryMode mode) {
  v1::CatalogEntry entry;
  entry.set_name(name);
  entry.mutable_delivery_type()->set_title(name);
  entry.mutable_delivery_type()->set_mode(mode);
  return entry;
}

inline v1::CatalogEntry TargetEntry(const std::string& name, v1::ClockType clock, int days) {
  v1::CatalogEntry entry;
  entry.set_name(name);
  entry.mutable_target()->set_clock(clock);
  entry.mutable_target()->set_business_days(days);
  return entry;
}

inline v1::CatalogEntry HolidayEntry(const std::string& name, const std::string& date) {
  v1::CatalogEntry entry;
  entry.set_name(name);
  entry.mutable_holiday()->set_title(name);
  entry.mutable_holiday()->set_date(date);
  return entry;
}

inline v1::CatalogEntry ProgramEntry(const std::string& name) {
  v1::CatalogEntry entry;
  entry.set_name(name);
  entry.mutable_program()->set_title(name);
  return entry;
}

// Topics, one of them retired in 2024; two delivery types; a program; a target for each clock.
inline std::vector<v1::CatalogEntry> SmallCatalogEntries() {
  return {TopicEntry("topics/de-escalation"),
          TopicEntry("topics/officer-safety"),
          TopicEntry("topics/pandemic", "2024-12-31"),
          TypeEntry("deliveryTypes/in-person", type::v1::DELIVERY_MODE_ON_SITE),
          TypeEntry("deliveryTypes/web-based", type::v1::DELIVERY_MODE_VIRTUAL),
          ProgramEntry("programs/cri-tac"),
          TargetEntry("targets/acknowledge", v1::CLOCK_TYPE_ACKNOWLEDGE, 2),
          TargetEntry("targets/close", v1::CLOCK_TYPE_CLOSE, 180),
          TargetEntry("targets/first-contact", v1::CLOCK_TYPE_FIRST_CONTACT, 5),
          TargetEntry("targets/first-delivery", v1::CLOCK_TYPE_FIRST_DELIVERY, 60),
          TargetEntry("targets/match", v1::CLOCK_TYPE_MATCH, 15),
          TargetEntry("targets/plan", v1::CLOCK_TYPE_PLAN, 20),
          TargetEntry("targets/scope", v1::CLOCK_TYPE_SCOPE, 10)};
}

inline v1::Catalog CatalogOf(const std::vector<v1::CatalogEntry>& entries) {
  v1::Catalog catalog;
  for (const v1::CatalogEntry& entry : entries) *catalog.add_entries() = entry;
  catalog.set_etag("test");
  return catalog;
}

inline const CatalogView& SmallCatalog() {
  static const auto& view = *new CatalogView(CatalogOf(SmallCatalogEntries()));
  return view;
}

// ---- Agencies

inline v1::Alias Ori9(const std::string& value, const std::string& from = "",
                      const std::string& to = "") {
  v1::Alias alias;
  alias.set_type(v1::ALIAS_TYPE_ORI9);
  alias.set_value(value);
  alias.set_valid_from(from);
  alias.set_valid_to(to);
  return alias;
}

inline v1::Agency AgencyCalled(const std::string& display_name,
                               const std::vector<v1::Alias>& aliases = {}) {
  v1::Agency agency;
  agency.set_display_name(display_name);
  agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  agency.set_state("UT");
  for (const v1::Alias& alias : aliases) *agency.add_aliases() = alias;
  return agency;
}

// ---- Requests

// A draft that lacks nothing, of agencies/ag-000001.
inline v1::Request CompleteDraft() {
  v1::Request request;
  request.set_name("requests/fy27-000001");
  request.set_agency("agencies/ag-000001");
  request.set_program("programs/cri-tac");
  request.add_topics("topics/de-escalation");
  request.set_title("Fewer injuries");
  request.set_problem("Officers and residents get hurt in arrests");
  request.set_desired_outcome("A training plan that holds");
  request.set_urgency(v1::URGENCY_ROUTINE);
  request.set_authority_confirmed(true);
  v1::Contact& contact = *request.add_contacts();
  contact.set_role(v1::CONTACT_ROLE_POINT_OF_CONTACT);
  contact.set_full_name("Robin Example");
  contact.set_email("robin@lake.example.gov");
  request.set_state(v1::REQUEST_STATE_DRAFT);
  return request;
}

// A scope of two slots that can be recorded from 2026-10-01 to 2027-06-30.
inline v1::Scope TwoSlots(const std::string& date = "2026-10-01") {
  v1::Scope scope;
  scope.set_date(date);
  scope.set_agreed_needs("Two sessions");
  for (int i = 0; i < 2; ++i) {
    v1::Slot& slot = *scope.add_slots();
    slot.set_topic("topics/de-escalation");
    slot.set_delivery_type("deliveryTypes/in-person");
    slot.set_hours(16);
    slot.set_window_start("2026-10-01");
    slot.set_window_end("2027-06-30");
  }
  return scope;
}

// Details with all that `action` needs.
inline v1::ActionDetails DetailsFor(v1::RequestAction action,
                                    const std::string& scope_date = "2026-10-01") {
  v1::ActionDetails details;
  switch (action) {
    case v1::REQUEST_ACTION_ASK_FOR_INFORMATION:
      details.set_question("How many officers?");
      break;
    case v1::REQUEST_ACTION_PROVIDE_INFORMATION:
      details.set_answer("Forty");
      break;
    case v1::REQUEST_ACTION_COMPLETE_SCOPING:
      *details.mutable_scope() = TwoSlots(scope_date);
      break;
    case v1::REQUEST_ACTION_CLOSE:
    case v1::REQUEST_ACTION_HOLD:
    case v1::REQUEST_ACTION_RESUME:
    case v1::REQUEST_ACTION_REMATCH:
    case v1::REQUEST_ACTION_REOPEN:
      details.set_reason("Said in words");
      break;
    case v1::REQUEST_ACTION_REFER:
      details.set_referred_to("Another program");
      break;
    case v1::REQUEST_ACTION_DECLINE:
      details.set_decline_code(v1::DECLINE_CODE_OUT_OF_SCOPE);
      break;
    case v1::REQUEST_ACTION_MARK_DUPLICATE:
      details.set_duplicate_of("requests/fy27-000099");
      break;
    case v1::REQUEST_ACTION_RECORD_PLAN:
      details.set_plan_version(1);
      break;
    default:
      break;
  }
  return details;
}

// Someone who may take an action, as the table says.
inline Actor SomeoneFor(v1::RequestAction action) {
  const std::vector<type::v1::Role>& roles = RuleOf(action)->roles;
  for (const Actor& actor : {Coordinator(), Matching(), Chief(), Manager(), Partner()}) {
    if (std::find(roles.begin(), roles.end(), actor.role) != roles.end()) return actor;
  }
  ADD_FAILURE() << "nobody may take " << v1::RequestAction_Name(action);
  return Auditor();
}

// The request that duplicates name.
inline const v1::Request& Original() {
  static const auto& request = *[] {
    auto* made = new v1::Request(CompleteDraft());
    made->set_name("requests/fy27-000099");
    made->set_state(v1::REQUEST_STATE_IN_REVIEW);
    return made;
  }();
  return request;
}

inline LifecycleContext Context(type::v1::AgencyType type = type::v1::AGENCY_TYPE_MUNICIPAL) {
  return {SmallCatalog(), type, &Original()};
}

// Takes an action with all that it needs and returns the request after it.
inline v1::Request After(const v1::Request& request, v1::RequestAction action, const Actor& who,
                         absl::Time time, const v1::ActionDetails& details) {
  const auto taken = DecideAction(request, action, details, who, time, Context());
  EXPECT_THAT(taken, Succeeds()) << v1::RequestAction_Name(action);
  v1::Request after = request;
  if (taken.ok()) ApplyAction(*taken, after);
  return after;
}

inline v1::Request After(const v1::Request& request, v1::RequestAction action,
                         const std::string& time = "2026-10-05") {
  return After(request, action, SomeoneFor(action), At(time), DetailsFor(action));
}

// A request that came to `state` by the shortest way, all on one day; where it is matched, with a
// plan drawn up.
inline v1::Request RequestIn(v1::RequestState state, const std::string& time = "2026-10-05") {
  using Actions = std::vector<v1::RequestAction>;
  const Actions in_review = {v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_ACTION_ACKNOWLEDGE};
  const auto then = [](Actions actions, const Actions& more) {
    actions.insert(actions.end(), more.begin(), more.end());
    return actions;
  };
  const Actions ready =
      then(in_review, {v1::REQUEST_ACTION_ACCEPT, v1::REQUEST_ACTION_COMPLETE_SCOPING});
  const Actions matched =
      then(ready, {v1::REQUEST_ACTION_RECORD_MATCH, v1::REQUEST_ACTION_RECORD_PLAN});
  const Actions delivered =
      then(matched, {v1::REQUEST_ACTION_APPROVE_PLAN, v1::REQUEST_ACTION_APPROVE_PLAN,
                     v1::REQUEST_ACTION_START_DELIVERY, v1::REQUEST_ACTION_COMPLETE_DELIVERY});
  const std::map<v1::RequestState, Actions> ways = {
      {v1::REQUEST_STATE_DRAFT, {}},
      {v1::REQUEST_STATE_SUBMITTED, {v1::REQUEST_ACTION_SUBMIT}},
      {v1::REQUEST_STATE_IN_REVIEW, in_review},
      {v1::REQUEST_STATE_NEEDS_INFORMATION,
       then(in_review, {v1::REQUEST_ACTION_ASK_FOR_INFORMATION})},
      {v1::REQUEST_STATE_SCOPING, then(in_review, {v1::REQUEST_ACTION_ACCEPT})},
      {v1::REQUEST_STATE_READY, ready},
      {v1::REQUEST_STATE_MATCHED, matched},
      {v1::REQUEST_STATE_PLANNED, Actions(delivered.begin(), delivered.end() - 2)},
      {v1::REQUEST_STATE_IN_DELIVERY, Actions(delivered.begin(), delivered.end() - 1)},
      {v1::REQUEST_STATE_DELIVERED, delivered},
      {v1::REQUEST_STATE_CLOSED, then(delivered, {v1::REQUEST_ACTION_CLOSE})},
      {v1::REQUEST_STATE_ON_HOLD, then(in_review, {v1::REQUEST_ACTION_HOLD})},
      {v1::REQUEST_STATE_REFERRED, then(in_review, {v1::REQUEST_ACTION_REFER})},
      {v1::REQUEST_STATE_INELIGIBLE, then(in_review, {v1::REQUEST_ACTION_DECLINE})},
      {v1::REQUEST_STATE_DUPLICATE, then(in_review, {v1::REQUEST_ACTION_MARK_DUPLICATE})},
      {v1::REQUEST_STATE_WITHDRAWN, then(in_review, {v1::REQUEST_ACTION_WITHDRAW})}};
  v1::Request request = CompleteDraft();
  for (const v1::RequestAction action : ways.at(state)) {
    Actor who = SomeoneFor(action);
    if (action == v1::REQUEST_ACTION_APPROVE_PLAN) {
      who = request.has_agency_approval() ? Manager() : Chief();
    }
    request = After(request, action, who, At(time), DetailsFor(action));
  }
  EXPECT_EQ(request.state(), state);
  return request;
}

// ---- Records

// No records at all.
class NoRecords final : public Records {
 public:
  const v1::Agency* FindAgency(absl::string_view) const override { return nullptr; }
  const v1::AliasRecord* FindAlias(absl::string_view) const override { return nullptr; }
  const v1::Request* FindRequest(absl::string_view) const override { return nullptr; }
  const v1::ExternalRecord* FindExternal(absl::string_view) const override { return nullptr; }
  int64_t LastNumber(absl::string_view) const override { return 0; }
};

// Records that a test puts in.
class FakeRecords {
 public:
  // Adds an agency, or puts another in the place of one of the same name; one without a name gets
  // the next.
  std::string Put(v1::Agency agency) {
    if (agency.name().empty()) {
      agency.set_name(AgencyName(records_.LastNumber(kAgencySeries) + 1));
    }
    EXPECT_TRUE(NormalizeAgency(agency).empty());
    records_.Put(agency);
    return agency.name();
  }
  void Put(const v1::Request& request) { records_.Put(request); }
  void Put(const v1::ExternalRecord& record) { records_.Put(record); }
  const Records& records() const { return records_; }

 private:
  NoRecords none_;
  PlannedRecords records_{none_};
};

}  // namespace critac::intake::testing

#endif  // SERVICES_INTAKE_INTAKE_TESTING_H_
