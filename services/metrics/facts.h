#ifndef SERVICES_METRICS_FACTS_H_
#define SERVICES_METRICS_FACTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/metrics/v1/survey.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "google/protobuf/message.h"

namespace critac::metrics {

// What the measures know, as the journals tell it. Times are those at which things happened
// (`occur_time`), so that imported past records count on their real dates; where a payload carries
// none, the time of the record. Names of people and agencies, and free text, are never in here.

// An agency as the measures see it.
struct AgencyTraits {
  std::string agency;
  type::v1::AgencyType type = type::v1::AGENCY_TYPE_UNSPECIFIED;
  type::v1::SizeBand size_band = type::v1::SIZE_BAND_UNSPECIFIED;
  std::string state;
  // Sworn officers. Absent: unknown, which is not zero.
  std::optional<int32_t> sworn_officers;

  bool operator==(const AgencyTraits&) const = default;
};

// One run of a clock.
struct ClockRun {
  absl::Time start;
  // Absent: it runs or is paused.
  std::optional<absl::Time> stop;
  // Last day within the target. Absent: no target.
  std::optional<absl::CivilDay> due;

  bool operator==(const ClockRun&) const = default;
};

struct RequestFacts {
  std::string name;
  // The agency at the time of the request.
  AgencyTraits agency;
  // Empty: none named.
  std::string primary_topic;
  std::vector<std::string> initiatives;
  intake::v1::RequestState state = intake::v1::REQUEST_STATE_UNSPECIFIED;
  // When it was first submitted. Absent: still a draft.
  std::optional<absl::Time> submit;
  // Every run of every clock, by clock and start. A request that is reopened or matched again runs
  // its clocks again; the runs before stay.
  std::map<std::pair<intake::v1::ClockType, absl::Time>, ClockRun> clocks;

  bool operator==(const RequestFacts&) const = default;
};

struct AttendanceFacts {
  int32_t on_site = 0;
  int32_t by_wire = 0;

  bool operator==(const AttendanceFacts&) const = default;
};

struct DeliveryFacts {
  std::string slot;
  std::string delivery_type;
  type::v1::DeliveryMode mode = type::v1::DELIVERY_MODE_UNSPECIFIED;
  absl::CivilDay day;
  int32_t quarter_hours = 0;
  // Absent: not recorded.
  std::optional<AttendanceFacts> attendance;

  bool operator==(const DeliveryFacts&) const = default;
};

struct AssignmentFacts {
  std::string slot;
  std::string expert;
  std::string partner;

  bool operator==(const AssignmentFacts&) const = default;
};

struct EngagementFacts {
  std::string name;
  std::string request;
  AgencyTraits agency;
  absl::Time agreed;
  std::vector<AssignmentFacts> assignments;
  // By id.
  std::map<std::string, DeliveryFacts> deliveries;

  bool operator==(const EngagementFacts&) const = default;
};

struct OfferFacts {
  std::string request;
  std::string partner;
  matching::v1::OfferState state = matching::v1::OFFER_STATE_UNSPECIFIED;
  absl::Time made;

  bool operator==(const OfferFacts&) const = default;
};

struct SurveyFacts {
  std::string engagement;
  std::string engagement_external_id;
  v1::Instrument instrument = v1::INSTRUMENT_UNSPECIFIED;
  absl::CivilDay day;
  // 1 to 5. Absent: not answered.
  std::optional<int32_t> satisfaction;
  std::optional<bool> met_goals;
  std::optional<int32_t> knowledge_percent;

  bool operator==(const SurveyFacts&) const = default;
};

struct IntakeFacts {
  // As they are now, by name.
  absl::btree_map<std::string, AgencyTraits> agencies;
  // Titles of topics, delivery types and initiatives, by name.
  std::map<std::string, std::string> titles;
  std::map<std::string, RequestFacts> requests;

  bool operator==(const IntakeFacts&) const = default;
};

struct MatchingFacts {
  // What partners are called, by name.
  std::map<std::string, std::string> titles;
  std::map<std::string, OfferFacts> offers;
  std::map<std::string, EngagementFacts> engagements;
  // Names of engagements by the id of the past record they were imported from.
  std::map<std::string, std::string> imported_engagements;
  // Slots for which the latest proposal found no one, by request.
  std::map<std::string, int> open_slots;

  bool operator==(const MatchingFacts&) const = default;
};

// All facts. Each part is a fold of one journal alone and looks at no other part, so that the facts
// depend on how far each journal was read and not on the order in which the journals arrived.
struct Facts {
  IntakeFacts intake;
  MatchingFacts matching;
  // By name.
  std::map<std::string, SurveyFacts> surveys;

  bool operator==(const Facts&) const = default;
};

// The type that the payload of an event is to be read as, before it is taken in. Null: events of
// this type say nothing of interest, or this version does not know them.
const google::protobuf::Message* PayloadOfInterest(absl::string_view type);

// Takes in one event of any of the three journals, in the order of its journal; `payload` is its
// payload. A payload of no interest changes nothing.
void Take(Facts& facts, const journal::v1::Event& event, const google::protobuf::Message& payload);

// The engagement that a survey response is about: by name, or by external id where the name is
// empty. Null: not known (yet).
const EngagementFacts* FindEngagement(const Facts& facts, absl::string_view name,
                                      absl::string_view external_id);

// A request. Null: not known (yet).
const RequestFacts* FindRequest(const Facts& facts, absl::string_view name);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_FACTS_H_
