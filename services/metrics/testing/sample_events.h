#ifndef SERVICES_METRICS_TESTING_SAMPLE_EVENTS_H_
#define SERVICES_METRICS_TESTING_SAMPLE_EVENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/metrics/v1/survey.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/metrics/facts.h"

namespace critac::metrics::testing {

// Events of one journal as tests write them: numbered, with payloads as JSON, without hashes.
class EventLog {
 public:
  explicit EventLog(absl::string_view journal) : journal_(journal) {}

  const std::string& journal() const { return journal_; }
  const std::vector<journal::v1::Event>& events() const { return events_; }

  // Adds an event recorded at `time`.
  void Add(absl::string_view subject, const google::protobuf::Message& payload,
           absl::Time time = absl::UnixEpoch());

 private:
  std::string journal_;
  std::vector<journal::v1::Event> events_;
};

// Reads an event's payload and takes it in; aborts on a payload that cannot be read.
void TakeEvent(Facts& facts, const journal::v1::Event& event);

google::protobuf::Timestamp Stamp(absl::Time time);

// Noon of a day, UTC: `At(2025, 10, 1)`.
absl::Time At(int year, int month, int day);

type::v1::AgencyProfile Profile(absl::string_view agency, type::v1::AgencyType type,
                                type::v1::SizeBand band, absl::string_view state, int sworn = -1);

// The three journals of a program, written step by step, as tests need them.
class Program {
 public:
  Program() : intake("intake"), matching("matching"), metrics("metrics") {}

  EventLog intake;
  EventLog matching;
  EventLog metrics;

  // A request written down, and submitted at `submitted`.
  void Request(absl::string_view name, const type::v1::AgencyProfile& agency, absl::Time submitted,
               absl::string_view topic = "", const std::vector<std::string>& initiatives = {});
  // A step of its life; clocks are those given.
  void Act(absl::string_view request, intake::v1::RequestAction action, intake::v1::RequestState to,
           absl::Time time, const std::vector<intake::v1::Clock>& clocks = {});
  // An engagement; assignments are `slot expert partner`.
  void Engage(absl::string_view name, absl::string_view request,
              const type::v1::AgencyProfile& agency, absl::Time agreed,
              const std::vector<std::vector<std::string>>& assignments,
              absl::string_view external_id = "");
  // A delivery; `people` below 0: attendance not recorded.
  void Deliver(absl::string_view engagement, absl::string_view id, absl::string_view slot,
               absl::string_view delivery_type, type::v1::DeliveryMode mode, absl::CivilDay day,
               int quarter_hours, int people);
  void Offer(absl::string_view name, absl::string_view request, absl::string_view partner,
             absl::Time made, matching::v1::OfferState state);
  void Survey(const v1::SurveyResponse& response);

  Facts Taken() const;
};

intake::v1::Clock Ran(intake::v1::ClockType type, absl::Time start, absl::Time stop,
                      absl::string_view due = "");

v1::SurveyResponse Answer(absl::string_view name, absl::string_view engagement,
                          absl::string_view date, int satisfaction, v1::YesNo met_goals,
                          v1::Instrument instrument = v1::INSTRUMENT_PARTICIPANT);

// Two fiscal years, 2025 and 2026, of a made-up program of the published size: some 320 requests of
// agencies in most states. The same seed gives the same events.
Program SampleProgram(uint64_t seed);

}  // namespace critac::metrics::testing

#endif  // SERVICES_METRICS_TESTING_SAMPLE_EVENTS_H_
