// The catalog of the sample program: what published sources name, and targets that are invented.

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/cli/sample/sample_parts.h"

namespace critac::cli {
namespace {

using intake::v1::CatalogEntry;

CatalogEntry Entry(std::string name, absl::string_view valid_from, absl::string_view valid_to) {
  CatalogEntry entry;
  entry.set_name(std::move(name));
  entry.set_valid_from(std::string(valid_from));
  entry.set_valid_to(std::string(valid_to));
  return entry;
}

struct TargetDays {
  const char* id;
  intake::v1::ClockType clock;
  int business_days;
};

constexpr TargetDays kTargets[] = {
    {"acknowledge", intake::v1::CLOCK_TYPE_ACKNOWLEDGE, 2},
    {"first-contact", intake::v1::CLOCK_TYPE_FIRST_CONTACT, 5},
    {"scope", intake::v1::CLOCK_TYPE_SCOPE, 20},
    {"match", intake::v1::CLOCK_TYPE_MATCH, 20},
    {"plan", intake::v1::CLOCK_TYPE_PLAN, 15},
    {"first-delivery", intake::v1::CLOCK_TYPE_FIRST_DELIVERY, 45},
    {"close", intake::v1::CLOCK_TYPE_CLOSE, 180},
};

}  // namespace

std::string TopicName(const Subject& subject) { return absl::StrCat("topics/", subject.id); }

std::string DeliveryTypeName(const Way& way) { return absl::StrCat("deliveryTypes/", way.id); }

std::vector<CatalogEntry> MakeCatalog() {
  std::vector<CatalogEntry> catalog;
  CatalogEntry& program = catalog.emplace_back(Entry("programs/cri-tac", "2017-01-01", ""));
  program.mutable_program()->set_title(
      "Collaborative Reform Initiative Technical Assistance Center");
  for (const Subject& subject : Subjects()) {
    CatalogEntry& entry = catalog.emplace_back(Entry(TopicName(subject), subject.valid_from, ""));
    entry.mutable_topic()->set_title(std::string(subject.title));
    entry.mutable_topic()->set_group(subject.group);
  }
  for (const Way& way : Ways()) {
    CatalogEntry& entry = catalog.emplace_back(Entry(DeliveryTypeName(way), "", ""));
    entry.mutable_delivery_type()->set_title(std::string(way.title));
    entry.mutable_delivery_type()->set_mode(way.mode);
    entry.mutable_delivery_type()->set_lead_time_days(way.lead_time_days);
  }
  CatalogEntry& pandemic =
      catalog.emplace_back(Entry("initiatives/covid-19-response", "2020-03-01", "2023-05-11"));
  pandemic.mutable_initiative()->set_title("COVID-19 response");
  CatalogEntry& justice =
      catalog.emplace_back(Entry("initiatives/operation-lady-justice", "2019-11-26", ""));
  justice.mutable_initiative()->set_title(
      "Operation Lady Justice: missing and murdered American Indians and Alaska Natives");
  for (const TargetDays& target : kTargets) {
    CatalogEntry& entry = catalog.emplace_back(Entry(absl::StrCat("targets/", target.id), "", ""));
    entry.mutable_target()->set_clock(target.clock);
    entry.mutable_target()->set_business_days(target.business_days);
  }
  return catalog;
}

}  // namespace critac::cli
