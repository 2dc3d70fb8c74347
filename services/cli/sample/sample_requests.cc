// Who asked for what and when, and what came of it.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "services/cli/sample/casting.h"
#include "services/cli/sample/dice.h"
#include "services/cli/sample/life.h"
#include "services/cli/sample/names.h"
#include "services/cli/sample/sample_parts.h"

namespace critac::cli {
namespace {

using intake::v1::Request;

constexpr int kFirstYearRequests = 142;
constexpr int kSecondYearRequests = 170;
// Agencies that ask twice, and three times.
constexpr int kTwice = 24;
constexpr int kThrice = 4;

// What becomes of a request.
enum class Outcome { kHelped, kWithdrawn, kReopened, kReferred, kIneligible, kDuplicate };
constexpr int kWithdrawn = 22;
constexpr int kReopened = 3;
constexpr int kReferred = 16;
constexpr int kIneligible = 10;
// Of the requests of those who ask again, every so many is the same as the first one.
constexpr int kDuplicateOfRepeated = 6;

constexpr const char* kCoordinators[] = {"coordinator:d.reyes", "coordinator:s.okoye",
                                         "coordinator:l.marsh", "coordinator:i.valdez",
                                         "coordinator:p.stone"};
constexpr const char* kProgramManagers[] = {"program-manager:m.okafor", "program-manager:t.hale"};
// The row's own agency, whose name this file cannot know.
constexpr char kChief[] = "agency:agencies/-#chief";
constexpr char kContact[] = "agency:agencies/-#contact";
constexpr char kMatching[] = "service:matching";

constexpr absl::CivilDay kPandemicFirst(2020, 3, 16);
constexpr absl::CivilDay kPandemicLast(2021, 6, 30);

bool IsPandemic(absl::CivilDay day) { return day >= kPandemicFirst && day <= kPandemicLast; }

// --- What is asked for ----------------------------------------------------------------------------

int WeightFor(const Subject& subject, const intake::v1::Agency& agency, absl::CivilDay day) {
  if (FormatDate(day) < subject.valid_from) return 0;
  const bool tribal = agency.type() == type::v1::AGENCY_TYPE_TRIBAL;
  const bool border = agency.type() == type::v1::AGENCY_TYPE_SHERIFF &&
                      (agency.state() == "TX" || agency.state() == "AZ" || agency.state() == "NM" ||
                       agency.state() == "CA");
  if (subject.group == intake::v1::TOPIC_GROUP_TRIBAL) return tribal ? subject.weight * 25 : 0;
  if (subject.group == intake::v1::TOPIC_GROUP_SHERIFF) return border ? subject.weight * 25 : 0;
  if (!subject.valid_from.empty()) return IsPandemic(day) ? subject.weight * 3 : 2;
  const bool school = agency.type() == type::v1::AGENCY_TYPE_CAMPUS ||
                      agency.type() == type::v1::AGENCY_TYPE_SCHOOL_DISTRICT;
  return school && subject.id == "school-safety" ? subject.weight * 4 : subject.weight;
}

std::vector<const Subject*> PickSubjects(const intake::v1::Agency& agency, absl::CivilDay day,
                                         Dice& dice) {
  std::vector<int> weights;
  for (const Subject& subject : Subjects()) weights.push_back(WeightFor(subject, agency, day));
  std::vector<const Subject*> picked;
  const int count = 1 + dice.Weighted({55, 32, 13});
  for (int i = 0; i < count; ++i) {
    const int index = dice.Weighted(weights);
    weights[index] = 0;
    picked.push_back(&Subjects()[index]);
  }
  return picked;
}

std::vector<const Way*> PickWays(absl::CivilDay day, Dice& dice) {
  std::vector<int> weights;
  for (const Way& way : Ways()) {
    const bool stays_home = way.mode == type::v1::DELIVERY_MODE_ON_SITE && IsPandemic(day);
    weights.push_back(way.weight * (stays_home ? 1 : 6));
  }
  std::vector<const Way*> picked;
  const int count = 1 + dice.Weighted({50, 35, 15});
  for (int i = 0; i < count; ++i) {
    const int index = dice.Weighted(weights);
    weights[index] = 0;
    picked.push_back(&Ways()[index]);
  }
  return picked;
}

void AddContact(intake::v1::ContactRole role, const char* title, const SampleAgency& agency,
                Dice& dice, Request& request) {
  const Person person = InventedPerson(dice);
  auto& contact = *request.add_contacts();
  contact.set_role(role);
  contact.set_full_name(person.full_name());
  contact.set_title(title);
  // Domains and numbers that are reserved for examples.
  contact.set_email(
      absl::StrCat(person.Handle(), "@", absl::AsciiStrToLower(agency.place), ".example"));
  contact.set_phone(
      absl::StrFormat("(%d) 555-01%02d", dice.Between(201, 989), dice.Between(0, 99)));
}

void AddConsents(const google::protobuf::Timestamp& time, Dice& dice, Request& request) {
  for (auto* consent : {dice.Chance(35) ? request.mutable_identity_consent() : nullptr,
                        dice.Chance(20) ? request.mutable_case_study_consent() : nullptr,
                        dice.Chance(25) ? request.mutable_testimonial_consent() : nullptr}) {
    if (consent == nullptr) continue;
    consent->set_granted(true);
    *consent->mutable_time() = time;
  }
}

void AddInitiatives(const std::vector<const Subject*>& subjects, absl::CivilDay day,
                    Request& request) {
  const std::string date = FormatDate(day);
  for (const Subject* subject : subjects) {
    if (subject->id == "pandemic-response" && date <= "2023-05-11") {
      request.add_initiatives("initiatives/covid-19-response");
    }
    if (subject->id == "tribal-assistance" && date >= "2019-11-26") {
      request.add_initiatives("initiatives/operation-lady-justice");
    }
  }
}

void FillRequest(const SampleAgency& agency, const std::vector<const Subject*>& subjects,
                 const std::vector<const Way*>& ways,
                 const google::protobuf::Timestamp& create_time, absl::CivilDay day, Dice& dice,
                 Request& request) {
  static constexpr const char* kSuffixes[] = {
      "", "", "", " for supervisors", ", a second look", " with our neighbors"};
  static constexpr const char* kPriorEfforts[] = {"", "In-house training in the past two years.",
                                                  "A regional academy course, with few seats.",
                                                  "A grant application that was not funded."};
  const Subject& primary = *subjects[0];
  request.set_program("programs/cri-tac");
  for (const Subject* subject : subjects) request.add_topics(TopicName(*subject));
  request.set_title(absl::StrCat(primary.request_title, dice.Pick(kSuffixes)));
  request.set_problem(std::string(primary.problem));
  request.set_desired_outcome(std::string(primary.desired_outcome));
  request.set_prior_efforts(dice.Pick(kPriorEfforts));
  for (const Way* way : ways) request.add_delivery_types(DeliveryTypeName(*way));
  request.set_urgency(static_cast<intake::v1::Urgency>(1 + dice.Weighted({72, 22, 6})));
  if (dice.Chance(30)) request.set_needed_by(FormatDate(day + dice.Between(60, 270)));
  request.set_audience(std::string(primary.audience));
  if (agency.sworn > 0 && dice.Chance(85)) {
    request.set_audience_size(std::max(1, agency.sworn * dice.Between(15, 90) / 100));
  }
  AddInitiatives(subjects, day, request);
  request.set_channel(static_cast<intake::v1::Channel>(1 + dice.Weighted({52, 22, 10, 8, 8})));
  AddContact(intake::v1::CONTACT_ROLE_CHIEF_EXECUTIVE,
             agency.agency.type() == type::v1::AGENCY_TYPE_SHERIFF ? "Sheriff" : "Chief", agency,
             dice, request);
  AddContact(intake::v1::CONTACT_ROLE_POINT_OF_CONTACT, "Lieutenant", agency, dice, request);
  request.set_authority_confirmed(true);
  AddConsents(create_time, dice, request);
}

// --- What is agreed on and delivered ---------------------------------------------------------------

// Sessions of a slot, the first not before `first`.
void PlanDeliveries(absl::CivilDay first, const std::string& request_id, int slot_number,
                    const SampleAgency& agency, Dice& dice, SampleSlot& slot) {
  const BusinessCalendar calendar;
  const int count = slot.way->attended ? dice.Between(1, 3) : dice.Between(1, 2);
  absl::CivilDay day = calendar.AddDays(first, dice.Between(0, 10));
  while (!calendar.IsBusinessDay(day)) ++day;
  const int force = agency.sworn > 0 ? agency.sworn : 15;
  for (int i = 0; i < count; ++i) {
    matching::v1::Delivery& delivery = slot.deliveries.emplace_back();
    delivery.set_slot(slot.slot.id());
    delivery.set_delivery_type(DeliveryTypeName(*slot.way));
    delivery.set_mode(slot.way->mode);
    delivery.set_date(FormatDate(day));
    delivery.set_quarter_hours(std::max(1, slot.slot.hours() * 4 / count));
    const bool on_site = slot.way->mode == type::v1::DELIVERY_MODE_ON_SITE;
    if (on_site) delivery.set_place(absl::StrCat(agency.place, " Public Safety Building"));
    if (slot.way->attended) {
      const int people = std::clamp(force * dice.Between(20, 70) / 100, 6, on_site ? 70 : 140);
      on_site ? delivery.mutable_attendance()->set_on_site(people)
              : delivery.mutable_attendance()->set_virtual_(people);
      delivery.mutable_attendance()->set_agencies_represented(dice.Chance(60) ? 1
                                                                              : dice.Between(2, 9));
    } else {
      delivery.add_products(std::string(slot.way->product));
    }
    delivery.set_completes_slot(i + 1 == count);
    delivery.set_external_id(
        absl::StrFormat("%s:D-%s-%d-%d", kSampleSystem, request_id, slot_number, i + 1));
    day = calendar.AddDays(day, dice.Between(1, 12));
  }
}

SampleSlot MakeSlot(int number, const Subject& subject, const Way& way, Dice& dice) {
  SampleSlot slot;
  slot.way = &way;
  slot.slot.set_id(absl::StrCat("s", number));
  slot.slot.set_topic(TopicName(subject));
  slot.slot.set_delivery_type(DeliveryTypeName(way));
  slot.slot.set_people(way.attended ? 1 + dice.Weighted({50, 42, 8}) : 1);
  slot.slot.set_hours(way.id == "resource-referral" ? dice.Between(2, 6) : dice.Between(2, 10) * 4);
  slot.slot.set_minimum_level(static_cast<intake::v1::Level>(
      dice.Chance(60) ? intake::v1::LEVEL_PRACTITIONER : intake::v1::LEVEL_UNSPECIFIED));
  slot.slot.set_on_site(way.mode == type::v1::DELIVERY_MODE_ON_SITE);
  return slot;
}

// The window that was agreed on: around what was delivered.
void SetWindow(absl::CivilDay scoped, Dice& dice, SampleSlot& slot) {
  const absl::CivilDay first = *ParseDate(slot.deliveries.front().date());
  const absl::CivilDay last = *ParseDate(slot.deliveries.back().date());
  slot.slot.set_window_start(FormatDate(std::max(scoped, first - dice.Between(0, 21))));
  slot.slot.set_window_end(FormatDate(last + dice.Between(0, 30)));
}

// The evening on which the plan is drawn up: of a business day from that of the match to the last before the approval.
absl::Time PlanTime(absl::CivilDay matched, absl::CivilDay approved, Dice& dice) {
  const BusinessCalendar calendar;
  absl::CivilDay day = approved;
  for (int back = dice.Between(1, 3); back > 0 && day > matched; --back) {
    do --day;
    while (!calendar.IsBusinessDay(day) && day > matched);
  }
  return absl::FromCivil(
      absl::CivilSecond(day.year(), day.month(), day.day(), 22, dice.Between(1, 59), 0),
      absl::UTCTimeZone());
}

// --- A life ---------------------------------------------------------------------------------------

// Leads one request from the first word to the last.
class Story {
 public:
  // `plan_dice` are the plan's own, so that it does not stir the rest.
  Story(const SampleDays& days, Casting& casting, std::string id, Dice& dice, Dice& plan_dice,
        SampleRequest& request)
      : days_(days),
        casting_(casting),
        id_(std::move(id)),
        dice_(dice),
        plan_dice_(plan_dice),
        request_(request),
        coordinator_(dice.Pick(kCoordinators)),
        manager_(dice.Pick(kProgramManagers)) {}

  // `original` is the request that this one duplicates, where the outcome is that.
  void Write(absl::Time create_time, Outcome outcome, const SampleRequest* original) {
    const absl::CivilDay day = DayOf(create_time);
    subjects_ = PickSubjects(request_.agency->agency, day, dice_);
    ways_ = PickWays(day, dice_);
    intake::v1::PastRequest& past = request_.past;
    past.set_external_id(absl::StrCat(kSampleSystem, ":R-", id_));
    past.set_agency_alias(request_.agency->alias);
    *past.mutable_create_time() = ToTimestamp(create_time);
    FillRequest(*request_.agency, subjects_, ways_, past.create_time(), day, dice_,
                *past.mutable_request());
    Life life(past, create_time, dice_);
    if (outcome == Outcome::kDuplicate) {
      AskTheSame(*original);
      Begin(life);
      FindDuplicate(life, *original);
    } else {
      Tell(life, outcome);
    }
    CutLife(days_.last, past);
    Settle();
    MakePlan(days_, coordinator_, plan_dice_, request_);
  }

 private:
  void Tell(Life& life, Outcome outcome) {
    Begin(life);
    switch (outcome) {
      case Outcome::kWithdrawn:
        return Withdraw(life);
      case Outcome::kReopened:
        Withdraw(life);
        life.Wait(5, 20);
        life.Take(intake::v1::REQUEST_ACTION_REOPEN, coordinator_)
            .set_reason("The agency asks again, under its new chief.");
        break;
      case Outcome::kReferred:
        return Refer(life);
      case Outcome::kIneligible:
        return Decline(life);
      case Outcome::kHelped:
      case Outcome::kDuplicate:
        break;
    }
    if (!Review(life)) return;
    Help(life);
  }

  void Begin(Life& life) {
    const auto channel = request_.past.request().channel();
    const bool by_agency =
        channel == intake::v1::CHANNEL_WEB || channel == intake::v1::CHANNEL_EMAIL;
    life.Wait(0, 0);
    life.TakePlain(intake::v1::REQUEST_ACTION_SUBMIT, by_agency ? kContact : coordinator_);
    life.Wait(0, 3);
    life.TakePlain(intake::v1::REQUEST_ACTION_ACKNOWLEDGE, coordinator_);
  }

  void AskTheSame(const SampleRequest& original) {
    Request& request = *request_.past.mutable_request();
    const Request& first = original.past.request();
    *request.mutable_topics() = first.topics();
    *request.mutable_delivery_types() = first.delivery_types();
    request.clear_initiatives();
    request.set_title(first.title());
    request.set_problem(first.problem());
    request.set_desired_outcome(first.desired_outcome());
    request.set_audience(first.audience());
  }

  void FindDuplicate(Life& life, const SampleRequest& original) {
    life.Wait(1, 5);
    life.TakePlain(intake::v1::REQUEST_ACTION_MARK_DUPLICATE, coordinator_);
    request_.past.mutable_actions()->rbegin()->set_duplicate_of_external_id(
        original.past.external_id());
  }

  void Ask(Life& life) {
    life.Wait(1, 3);
    life.Take(intake::v1::REQUEST_ACTION_ASK_FOR_INFORMATION, coordinator_)
        .set_question("How many people would take part, and on which shifts?");
  }

  void Answer(Life& life) {
    life.Wait(1, 10);
    life.Take(intake::v1::REQUEST_ACTION_PROVIDE_INFORMATION, kContact)
        .set_answer("About two shifts; we can free one at a time.");
  }

  void Withdraw(Life& life) {
    life.Wait(2, 25);
    life.TakePlain(intake::v1::REQUEST_ACTION_WITHDRAW, dice_.Chance(70) ? kChief : coordinator_);
  }

  void Refer(Life& life) {
    static constexpr const char* kPrograms[] = {
        "A state training academy", "A grant program for equipment", "A center for rural agencies"};
    life.Wait(1, 8);
    life.Take(intake::v1::REQUEST_ACTION_REFER, coordinator_)
        .set_referred_to(dice_.Pick(kPrograms));
  }

  void Decline(Life& life) {
    static constexpr intake::v1::DeclineCode kCodes[] = {
        intake::v1::DECLINE_CODE_OUT_OF_SCOPE, intake::v1::DECLINE_CODE_OUT_OF_SCOPE,
        intake::v1::DECLINE_CODE_NO_AUTHORITY, intake::v1::DECLINE_CODE_NO_RESPONSE};
    life.Wait(2, 15);
    auto& details = life.Take(intake::v1::REQUEST_ACTION_DECLINE, coordinator_);
    details.set_decline_code(dice_.Pick(kCodes));
    details.set_reason("Explained to the agency by telephone.");
  }

  // From in review to scoping. False: it stays where it is, waiting.
  bool Review(Life& life) {
    const int days_left = static_cast<int>(days_.last - life.today());
    if (dice_.Chance(20)) {
      Ask(life);
      if (days_left < 70 && dice_.Chance(30)) return false;
      Answer(life);
    }
    life.Wait(1, 5);
    life.TakePlain(intake::v1::REQUEST_ACTION_ACCEPT, coordinator_);
    const bool for_good = days_left < 150 && dice_.Chance(8);
    if (!for_good && !dice_.Chance(5)) return true;
    life.Wait(2, 6);
    life.Take(intake::v1::REQUEST_ACTION_HOLD, coordinator_)
        .set_reason("The chief is new; the agency asks to wait.");
    if (for_good) return false;
    life.Wait(10, 40);
    life.Take(intake::v1::REQUEST_ACTION_RESUME, coordinator_).set_reason("The agency is ready.");
    return true;
  }

  // From scoping to closed.
  void Help(Life& life) {
    life.Wait(5, 20);
    const absl::CivilDay scoped = life.today();
    // The step is taken now; the scope is written below, once it is known who served when.
    const int scope_step = request_.past.actions_size();
    life.TakePlain(intake::v1::REQUEST_ACTION_COMPLETE_SCOPING, coordinator_);
    life.Wait(4, 22);
    Match(life);
    const absl::CivilDay match_day = life.today();
    Approve(life);
    if (!PlanSlots(match_day, life.today())) {
      // Nobody was found for any of it: the request goes to another program instead.
      auto& actions = *request_.past.mutable_actions();
      while (actions.size() > scope_step) actions.RemoveLast();
      life.Take(intake::v1::REQUEST_ACTION_REFER, coordinator_)
          .set_referred_to("A center for rural agencies");
      return;
    }
    FillScope(scoped,
              *request_.past.mutable_actions(scope_step)->mutable_details()->mutable_scope());
    Deliver(life);
  }

  void FillScope(absl::CivilDay scoped, intake::v1::Scope& scope) {
    scope.set_date(FormatDate(scoped));
    for (SampleSlot& slot : request_.slots) {
      SetWindow(scoped, dice_, slot);
      *scope.add_slots() = slot.slot;
    }
    for (const auto& contact : request_.past.request().contacts()) {
      scope.add_participants(contact.full_name());
    }
    scope.add_participants(coordinator_.substr(coordinator_.find(':') + 1));
    scope.set_agreed_needs(std::string(subjects_[0]->desired_outcome));
    if (dice_.Chance(25)) scope.set_risks("Shift coverage during the sessions.");
  }

  void Match(Life& life) {
    life.TakePlain(intake::v1::REQUEST_ACTION_RECORD_MATCH, kMatching);
    if (!dice_.Chance(3)) return;
    life.Wait(2, 5);
    life.Take(intake::v1::REQUEST_ACTION_REMATCH, coordinator_)
        .set_reason("An expert was called to a disaster deployment.");
    life.Wait(3, 12);
    life.TakePlain(intake::v1::REQUEST_ACTION_RECORD_MATCH, kMatching);
  }

  void Approve(Life& life) {
    const bool agency_first = dice_.Chance(65);
    const absl::CivilDay matched = life.today();
    life.Wait(1, 7);
    life.TakeBefore(PlanTime(matched, life.today(), plan_dice_),
                    intake::v1::REQUEST_ACTION_RECORD_PLAN, kMatching)
        .set_plan_version(1);
    life.Take(intake::v1::REQUEST_ACTION_APPROVE_PLAN, agency_first ? kChief : manager_)
        .set_plan_version(1);
    life.Wait(1, 6);
    life.Take(intake::v1::REQUEST_ACTION_APPROVE_PLAN, agency_first ? manager_ : kChief)
        .set_plan_version(1);
  }

  // Slots with their sessions and experts. False: there is nobody for any of them.
  bool PlanSlots(absl::CivilDay match_day, absl::CivilDay planned) {
    std::vector<size_t> taken;
    const int count = std::max(static_cast<int>(ways_.size()), dice_.Chance(20) ? 2 : 1);
    for (int i = 0; i < count; ++i) {
      const Subject& subject = *subjects_[i % subjects_.size()];
      const Way& way = *ways_[i % ways_.size()];
      const int number = static_cast<int>(request_.slots.size()) + 1;
      SampleSlot slot = MakeSlot(number, subject, way, dice_);
      const absl::CivilDay first = std::max(planned, match_day + way.lead_time_days);
      PlanDeliveries(first, id_, number, *request_.agency, dice_, slot);
      const int found = casting_.Cast(request_.agency->agency, match_day, taken, dice_, slot);
      if (found == 0) continue;
      slot.slot.set_people(found);
      taken.insert(taken.end(), slot.experts.begin(), slot.experts.end());
      request_.slots.push_back(std::move(slot));
    }
    return !request_.slots.empty();
  }

  void Deliver(Life& life) {
    absl::CivilDay first = absl::CivilDay::max();
    absl::CivilDay last = absl::CivilDay::min();
    for (const SampleSlot& slot : request_.slots) {
      first = std::min(first, *ParseDate(slot.deliveries.front().date()));
      last = std::max(last, *ParseDate(slot.deliveries.back().date()));
    }
    life.GoTo(first);
    life.TakePlain(intake::v1::REQUEST_ACTION_START_DELIVERY, kMatching);
    life.GoTo(last);
    const absl::CivilDay follow_up = last + dice_.Between(30, 90);
    life.Take(intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY, coordinator_)
        .set_follow_up_date(FormatDate(follow_up));
    if (dice_.Chance(65)) {
      life.Wait(5, 25);
      life.Take(intake::v1::REQUEST_ACTION_CLOSE, coordinator_)
          .set_reason("Goals met; the agency needs no follow-up.");
    } else {
      life.GoTo(follow_up);
      life.Wait(1, 5);
      life.TakePlain(intake::v1::REQUEST_ACTION_CLOSE, coordinator_);
    }
  }

  // What of the plans came about by the last day.
  void Settle() {
    for (const auto& step : request_.past.actions()) {
      if (step.action() != intake::v1::REQUEST_ACTION_RECORD_MATCH) continue;
      request_.matched = true;
      request_.match_time = absl::FromUnixSeconds(step.time().seconds());
    }
    request_.engagement_id = absl::StrCat(kSampleSystem, ":E-", id_);
    request_.delivered = request_.matched;
    for (SampleSlot& slot : request_.slots) {
      const auto later = [&](const matching::v1::Delivery& delivery) {
        return delivery.date() > FormatDate(days_.last);
      };
      slot.deliveries.erase(std::remove_if(slot.deliveries.begin(), slot.deliveries.end(), later),
                            slot.deliveries.end());
      const bool complete = !slot.deliveries.empty() && slot.deliveries.back().completes_slot();
      request_.delivered = request_.delivered && complete;
    }
  }

  const SampleDays& days_;
  Casting& casting_;
  const std::string id_;
  Dice& dice_;
  Dice& plan_dice_;
  SampleRequest& request_;
  const std::string coordinator_;
  const std::string manager_;
  std::vector<const Subject*> subjects_;
  std::vector<const Way*> ways_;
};

// --- The whole ------------------------------------------------------------------------------------

// When requests are written down, in order.
std::vector<absl::Time> CreateTimes(const SampleDays& days, Dice& dice) {
  const BusinessCalendar calendar;
  const absl::CivilDay second(days.last.year() - 1, 10, 1);
  std::vector<absl::Time> times;
  const auto add = [&](int count, absl::CivilDay first, absl::CivilDay end) {
    for (int i = 0; i < count;) {
      const absl::CivilDay day = first + dice.Between(0, static_cast<int>(end - first) - 1);
      if (!calendar.IsBusinessDay(day)) continue;
      times.push_back(absl::FromCivil(
          absl::CivilSecond(day.year(), day.month(), day.day(), dice.Between(13, 21),
                            dice.Between(0, 59), dice.Between(0, 59)),
          absl::UTCTimeZone()));
      ++i;
    }
  };
  add(kFirstYearRequests, days.first, second);
  add(kSecondYearRequests, second, days.last + 1);
  std::sort(times.begin(), times.end());
  return times;
}

// Who asks, in the order of asking: every agency that asks at all, some again.
std::vector<const SampleAgency*> Askers(const std::vector<SampleAgency>& agencies, Dice& dice) {
  std::vector<const SampleAgency*> distinct;
  for (const SampleAgency& agency : agencies) {
    if (agency.asks) distinct.push_back(&agency);
  }
  dice.Shuffle(distinct);
  std::vector<const SampleAgency*> askers = distinct;
  for (int i = 0; i < kTwice + kThrice; ++i) askers.push_back(distinct[i]);
  for (int i = 0; i < kThrice; ++i) askers.push_back(distinct[i]);
  dice.Shuffle(askers);
  return askers;
}

// The first request of the same agency, for those that are not it; -1 for those that are.
std::vector<int> FirstOfSame(const std::vector<const SampleAgency*>& askers) {
  std::map<const SampleAgency*, int> first;
  std::vector<int> same;
  for (size_t i = 0; i < askers.size(); ++i) {
    const auto [found, is_first] = first.emplace(askers[i], static_cast<int>(i));
    same.push_back(is_first ? -1 : found->second);
  }
  return same;
}

void MarkDuplicates(const std::vector<int>& first_of_same, std::vector<Outcome>& outcomes) {
  int repeated = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (first_of_same[i] < 0 || outcomes[i] != Outcome::kHelped) continue;
    if (++repeated % kDuplicateOfRepeated == 0) outcomes[i] = Outcome::kDuplicate;
  }
}

std::vector<Outcome> Outcomes(Dice& dice) {
  std::vector<Outcome> outcomes(kFirstYearRequests + kSecondYearRequests, Outcome::kHelped);
  size_t next = 0;
  for (const auto& [outcome, count] : {std::pair(Outcome::kWithdrawn, kWithdrawn),
                                       {Outcome::kReopened, kReopened},
                                       {Outcome::kReferred, kReferred},
                                       {Outcome::kIneligible, kIneligible}}) {
    for (int i = 0; i < count; ++i) outcomes[next++] = outcome;
  }
  dice.Shuffle(outcomes);
  return outcomes;
}

}  // namespace

std::vector<SampleRequest> MakeRequests(const SampleOptions& options,
                                        const std::vector<SampleAgency>& agencies,
                                        const std::vector<matching::v1::Partner>& partners,
                                        const std::vector<matching::v1::Expert>& experts) {
  Dice dice(options.seed, "requests");
  const SampleDays days(options);
  const std::vector<absl::Time> times = CreateTimes(days, dice);
  const std::vector<const SampleAgency*> askers = Askers(agencies, dice);
  const std::vector<int> first_of_same = FirstOfSame(askers);
  std::vector<Outcome> outcomes = Outcomes(dice);
  MarkDuplicates(first_of_same, outcomes);
  Casting casting(partners, experts);
  std::vector<SampleRequest> requests(times.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    const std::string id = absl::StrFormat("%04d", i + 1);
    Dice own(options.seed, absl::StrCat("request ", id));
    Dice plan(options.seed, absl::StrCat("plan ", id));
    requests[i].agency = askers[i];
    const SampleRequest* original = first_of_same[i] < 0 ? nullptr : &requests[first_of_same[i]];
    Story(days, casting, id, own, plan, requests[i]).Write(times[i], outcomes[i], original);
  }
  return requests;
}

}  // namespace critac::cli
