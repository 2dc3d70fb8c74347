#ifndef TESTS_PROCESS_SMALL_PROGRAM_H_
#define TESTS_PROCESS_SMALL_PROGRAM_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "common/base/ids.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "tests/process/any_center.h"

namespace critac::testing {

// The least a center needs to lead a request from a draft to an offer: one topic, one delivery type,
// one program, one agency, one partner, some experts. All invented.
class SmallProgram {
 public:
  // `experts`: how many there are; each has room for five assignments.
  explicit SmallProgram(AnyCenter& center, int experts = 4) {
    Catalog(center);
    Agency(center);
    Partners(center, experts);
  }

  const std::string& agency() const { return agency_; }

  // A request that can be submitted; the same number gives the same call.
  intake::v1::CreateRequestRequest Submission(int number) const {
    intake::v1::CreateRequestRequest call;
    call.set_request_id(UuidFromName(absl::StrCat("submission ", number)));
    call.set_submit(true);
    intake::v1::Request& request = *call.mutable_request();
    request.set_agency(agency_);
    request.set_title(absl::StrCat("Help number ", number));
    request.set_problem("Officers meet people in crisis more often than before.");
    request.set_desired_outcome("Every officer trained.");
    request.add_topics("topics/crisis-intervention");
    request.add_delivery_types("deliveryTypes/coaching");
    request.set_urgency(intake::v1::URGENCY_ROUTINE);
    request.set_channel(intake::v1::CHANNEL_API);
    request.set_authority_confirmed(true);
    for (const auto role :
         {intake::v1::CONTACT_ROLE_CHIEF_EXECUTIVE, intake::v1::CONTACT_ROLE_POINT_OF_CONTACT}) {
      auto& contact = *request.add_contacts();
      contact.set_role(role);
      contact.set_full_name("Robin Vale");
      contact.set_email("robin.vale@agency.example");
    }
    return call;
  }

  // Leads a submitted request to READY, with one slot for one person in the coming months. Without
  // slots it is refused.
  static absl::Status MakeReady(AnyCenter& center, const std::string& name, int slots = 1) {
    for (const auto action :
         {intake::v1::REQUEST_ACTION_ACKNOWLEDGE, intake::v1::REQUEST_ACTION_ACCEPT,
          intake::v1::REQUEST_ACTION_COMPLETE_SCOPING}) {
      intake::v1::ActOnRequestRequest act;
      act.set_name(name);
      act.set_action(action);
      act.set_request_id(UuidFromName(absl::StrCat(name, " ", static_cast<int>(action))));
      if (action == intake::v1::REQUEST_ACTION_COMPLETE_SCOPING) {
        const absl::CivilDay today = DayOf(absl::Now());
        intake::v1::Scope& scope = *act.mutable_details()->mutable_scope();
        scope.set_date(FormatDate(today));
        for (int i = 0; i < slots; ++i) {
          intake::v1::Slot& slot = *scope.add_slots();
          slot.set_topic("topics/crisis-intervention");
          slot.set_delivery_type("deliveryTypes/coaching");
          slot.set_people(1);
          slot.set_hours(8);
          slot.set_window_start(FormatDate(today + 10));
          slot.set_window_end(FormatDate(today + 100));
        }
      }
      const auto acted = center.AsCoordinator<intake::v1::RequestService>(
          &intake::v1::RequestService::Stub::ActOnRequest, act);
      if (!acted.ok()) return acted.status();
    }
    return absl::OkStatus();
  }

  // The delivery that completes the one slot of an engagement; short, since an expert gives many on a day.
  static matching::v1::RecordDeliveryRequest Delivery(const std::string& engagement,
                                                      const std::string& request_id) {
    matching::v1::RecordDeliveryRequest record;
    record.set_name(engagement);
    record.mutable_delivery()->set_slot("s1");
    record.mutable_delivery()->set_delivery_type("deliveryTypes/coaching");
    record.mutable_delivery()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    record.mutable_delivery()->set_date(FormatDate(DayOf(absl::Now())));
    record.mutable_delivery()->set_quarter_hours(2);
    record.mutable_delivery()->set_completes_slot(true);
    record.set_request_id(request_id);
    return record;
  }

  // A plan of an engagement with one milestone, about a slot.
  static matching::v1::DrawUpPlanRequest Plan(const std::string& engagement,
                                              const std::string& request_id,
                                              const std::string& slot = "s1") {
    matching::v1::DrawUpPlanRequest draw_up;
    draw_up.set_name(engagement);
    draw_up.mutable_plan()->add_objectives("a policy on foot pursuits");
    matching::v1::Milestone& milestone = *draw_up.mutable_plan()->add_milestones();
    milestone.set_title("the draft is with the chief");
    milestone.set_due_date("2100-01-15");
    milestone.set_slot(slot);
    draw_up.set_request_id(request_id);
    return draw_up;
  }

  // How satisfied someone is who took part in an engagement, 1 to 5.
  static metrics::v1::RecordSurveyResponseRequest SurveyAnswer(const std::string& engagement,
                                                               int satisfaction,
                                                               const std::string& request_id) {
    metrics::v1::RecordSurveyResponseRequest record;
    metrics::v1::SurveyResponse& response = *record.mutable_response();
    response.set_engagement(engagement);
    response.set_instrument(metrics::v1::INSTRUMENT_PARTICIPANT);
    response.set_date(FormatDate(DayOf(absl::Now())));
    response.set_satisfaction(satisfaction);
    record.set_request_id(request_id);
    return record;
  }

 private:
  void Catalog(AnyCenter& center) {
    intake::v1::ImportCatalogRequest import;
    auto& topic = *import.add_entries();
    topic.set_name("topics/crisis-intervention");
    topic.mutable_topic()->set_title("Crisis intervention");
    topic.mutable_topic()->set_group(intake::v1::TOPIC_GROUP_GENERAL);
    auto& type = *import.add_entries();
    type.set_name("deliveryTypes/coaching");
    type.mutable_delivery_type()->set_title("Virtual coaching");
    type.mutable_delivery_type()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    auto& program = *import.add_entries();
    program.set_name("programs/main");
    program.mutable_program()->set_title("Main");
    import.set_request_id(UuidFromName("catalog"));
    const auto done = center.AsCoordinator<intake::v1::CatalogService>(
        &intake::v1::CatalogService::Stub::ImportCatalog, import);
    ASSERT_TRUE(done.ok()) << done.status();
  }

  void Agency(AnyCenter& center) {
    intake::v1::CreateAgencyRequest create;
    create.mutable_agency()->set_display_name("Elm Grove Police Department");
    create.mutable_agency()->set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
    create.mutable_agency()->set_state("UT");
    create.set_request_id(UuidFromName("agency"));
    const auto created = center.AsCoordinator<intake::v1::AgencyService>(
        &intake::v1::AgencyService::Stub::CreateAgency, create);
    ASSERT_TRUE(created.ok()) << created.status();
    agency_ = created->name();
  }

  static void Partners(AnyCenter& center, int count) {
    matching::v1::ImportPartnersRequest partners;
    auto& partner = *partners.add_partners();
    partner.set_name("partners/elm");
    partner.set_display_name("Elm Association");
    partner.add_memberships()->set_start("2020-01-01");
    partners.set_request_id(UuidFromName("partners"));
    const auto first = center.AsCoordinator<matching::v1::PartnerService>(
        &matching::v1::PartnerService::Stub::ImportPartners, partners);
    ASSERT_TRUE(first.ok()) << first.status();
    matching::v1::ImportExpertsRequest experts;
    for (int i = 1; i <= count; ++i) {
      auto& expert = *experts.add_experts();
      expert.set_name(absl::StrFormat("experts/e%03d", i));
      expert.set_partner("partners/elm");
      expert.set_full_name(absl::StrCat("Expert ", i));
      expert.set_active(true);
      auto& topic = *expert.add_topics();
      topic.set_topic("topics/crisis-intervention");
      topic.set_level(intake::v1::LEVEL_EXPERT);
      expert.set_capacity_per_period(5);
      expert.set_capacity_open(5);
    }
    experts.set_request_id(UuidFromName("experts"));
    const auto second = center.AsCoordinator<matching::v1::PartnerService>(
        &matching::v1::PartnerService::Stub::ImportExperts, experts);
    ASSERT_TRUE(second.ok()) << second.status();
    for (const auto& result : second->results()) {
      ASSERT_EQ(result.outcome(), intake::v1::IMPORT_OUTCOME_CREATED) << result.problem();
    }
  }

  std::string agency_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_SMALL_PROGRAM_H_
