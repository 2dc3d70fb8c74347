#ifndef SERVICES_CLI_SAMPLE_SAMPLE_PARTS_H_
#define SERVICES_CLI_SAMPLE_SAMPLE_PARTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/cli/sample/dice.h"
#include "services/cli/sample/sample_program.h"
#include "services/cli/sample/subjects.h"

namespace critac::cli {

// The steps in which a sample program is made; each needs what the ones before it made.

// System that keys of past records begin with: `SAMPLE:R-0001`.
inline constexpr absl::string_view kSampleSystem = "SAMPLE";

// The days that the program covers.
struct SampleDays {
  absl::CivilDay first;
  absl::CivilDay last;

  explicit SampleDays(const SampleOptions& options)
      : first(options.first_fiscal_year - 1, 10, 1), last(options.first_fiscal_year + 1, 9, 30) {}
};

// An agency, and what the sample needs to know of it besides.
struct SampleAgency {
  intake::v1::Agency agency;
  // The invented place it belongs to.
  std::string place;
  // The identifier by which requests name it.
  std::string alias;
  // Sworn officers; -1: not known.
  int sworn = -1;
  // Asks for help; the others are only on record.
  bool asks = false;
};

// A session or product to come, and a slot with its people.
struct SampleSlot {
  intake::v1::Slot slot;
  const Way* way = nullptr;
  std::vector<matching::v1::Delivery> deliveries;
  std::vector<size_t> experts;  // indexes
};

// A request on its way through its life.
struct SampleRequest {
  const SampleAgency* agency = nullptr;
  intake::v1::PastRequest past;
  std::vector<SampleSlot> slots;
  // Whether and when it was matched.
  bool matched = false;
  absl::Time match_time;
  // Key of its engagement.
  std::string engagement_id;
  // The plan of that; without objectives where none was drawn up by the last day.
  matching::v1::PastPlan plan;
  // Every slot was delivered.
  bool delivered = false;
};

std::vector<intake::v1::CatalogEntry> MakeCatalog();
std::vector<matching::v1::Partner> MakePartners();
std::vector<matching::v1::Expert> MakeExperts(const SampleOptions& options);
std::vector<SampleAgency> MakeAgencies(const SampleOptions& options);
// The experts' and partners' availability bounds who is matched with what.
std::vector<SampleRequest> MakeRequests(const SampleOptions& options,
                                        const std::vector<SampleAgency>& agencies,
                                        const std::vector<matching::v1::Partner>& partners,
                                        const std::vector<matching::v1::Expert>& experts);
// Draws up the plan of a request's engagement from what is in its slots, once its life is written. `drawn_up_by` is a
// coordinator. The dice are the plan's own.
void MakePlan(const SampleDays& days, const std::string& drawn_up_by, Dice& dice,
              SampleRequest& request);
std::vector<matching::v1::PastEngagement> MakeEngagements(
    const std::vector<SampleRequest>& requests, const std::vector<matching::v1::Expert>& experts);
std::vector<metrics::v1::SurveyResponse> MakeSurveys(const SampleOptions& options,
                                                     const std::vector<SampleRequest>& requests);

// `topics/de-escalation`, `deliveryTypes/analysis`.
std::string TopicName(const Subject& subject);
std::string DeliveryTypeName(const Way& way);

google::protobuf::Timestamp ToTimestamp(absl::Time time);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_SAMPLE_PARTS_H_
