#include "services/intake/intake_store.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/recusal.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/intake/v1/states.pb.h"
#include "google/protobuf/descriptor.h"
#include "services/intake/agency_rules.h"
#include "services/intake/intake_states.h"
#include "services/intake/proto_time.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using google::protobuf::Message;
using journal::Projection;
using store::FilterType;
using store::Value;

// What `requests.matching` holds.
constexpr int64_t kReady = 1;
constexpr int64_t kLeft = 2;

constexpr char kTables[] = R"sql(
CREATE TABLE intake_agency (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  display_name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  state TEXT NOT NULL,
  type TEXT NOT NULL,
  size_band TEXT NOT NULL
);
CREATE INDEX intake_agency_name ON intake_agency (state, name_key);
CREATE TABLE intake_alias (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX intake_alias_value ON intake_alias (value);
CREATE TABLE intake_catalog (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE intake_counter (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE intake_external_record (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE intake_request (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  agency TEXT NOT NULL,
  primary_topic TEXT NOT NULL,
  coordinator TEXT NOT NULL,
  urgency TEXT NOT NULL,
  needed_by TEXT,
  create_time BIGINT NOT NULL,
  external_id TEXT NOT NULL,
  matching BIGINT NOT NULL
);
CREATE INDEX intake_request_external_id ON intake_request (external_id) WHERE external_id <> '';
CREATE INDEX intake_request_agency ON intake_request (agency, name);
CREATE INDEX intake_request_state ON intake_request (state, name);
CREATE INDEX intake_request_matching ON intake_request (matching, name) WHERE matching <> 0;
)sql";

// Recusals; and who is served beside who asks, by whom requests are hidden from those recused.
constexpr char kRecusalTables[] = R"sql(
CREATE TABLE intake_recusal (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
ALTER TABLE intake_request ADD COLUMN co_served TEXT NOT NULL DEFAULT '';
)sql";

template <typename T>
Projection::Column TextColumn(const char* name, std::string (*text)(const T&)) {
  return {name,
          [text](const Message& state) -> Value { return text(static_cast<const T&>(state)); }};
}

Projection AgencyProjection() {
  using v1::Agency;
  return {
      "agencies",
      "intake_agency",
      &Agency::default_instance(),
      {TextColumn<Agency>("display_name", [](const Agency& a) { return a.display_name(); }),
       TextColumn<Agency>("name_key", [](const Agency& a) { return NameKey(a.display_name()); }),
       TextColumn<Agency>("state", [](const Agency& a) { return a.state(); }),
       TextColumn<Agency>("type", [](const Agency& a) { return AgencyType_Name(a.type()); }),
       TextColumn<Agency>("size_band",
                          [](const Agency& a) { return SizeBand_Name(a.size_band()); })}};
}

// `UT0180100` of `aliases/ORI9:UT0180100`.
std::string AliasValue(const v1::AliasRecord& record) {
  return record.name().substr(record.name().find(':') + 1);
}

int64_t MatchingOf(const v1::Request& request) {
  switch (InterestOf(request.state())) {
    case MatchingInterest::kOpen:
      return kReady;
    case MatchingInterest::kMatched:
      return 0;
    case MatchingInterest::kNone:
      return request.has_ready_time() ? kLeft : 0;
  }
  return 0;
}

// Between spaces, so that each is found as a whole: ` agencies/ag-000001 agencies/ag-000002 `.
std::string CoServed(const v1::Request& request) {
  if (request.co_served_agencies().empty()) return "";
  return absl::StrCat(" ", absl::StrJoin(request.co_served_agencies(), " "), " ");
}

Projection RequestProjection() {
  using v1::Request;
  return {
      "requests",
      "intake_request",
      &Request::default_instance(),
      {TextColumn<Request>("state", [](const Request& r) { return RequestState_Name(r.state()); }),
       TextColumn<Request>("agency", [](const Request& r) { return r.agency(); }),
       TextColumn<Request>(
           "primary_topic",
           [](const Request& r) { return r.topics().empty() ? std::string() : r.topics(0); }),
       TextColumn<Request>("coordinator", [](const Request& r) { return r.coordinator(); }),
       TextColumn<Request>("urgency", [](const Request& r) { return Urgency_Name(r.urgency()); }),
       {"needed_by",
        [](const Message& state) -> Value {
          const std::string& day = static_cast<const Request&>(state).needed_by();
          if (day.empty()) return nullptr;
          return day;
        }},
       {"create_time",
        [](const Message& state) -> Value {
          return absl::ToUnixMicros(FromProto(static_cast<const Request&>(state).create_time()));
        }},
       TextColumn<Request>("external_id", [](const Request& r) { return r.external_id(); }),
       {"matching",
        [](const Message& state) -> Value {
          return MatchingOf(static_cast<const Request&>(state));
        }},
       TextColumn<Request>("co_served", CoServed)}};
}

std::vector<Projection> Projections() {
  return {
      AgencyProjection(),
      {"aliases",
       "intake_alias",
       &v1::AliasRecord::default_instance(),
       {TextColumn<v1::AliasRecord>("value", AliasValue)}},
      {"catalogs", "intake_catalog", &v1::Catalog::default_instance(), {}},
      {"counters", "intake_counter", &v1::Counter::default_instance(), {}},
      {"externalRecords", "intake_external_record", &v1::ExternalRecord::default_instance(), {}},
      {"recusals", "intake_recusal", &v1::Recusals::default_instance(), {}},
      RequestProjection()};
}

// Every name of an enum stands for itself.
store::FilterField EnumField(const std::string& column,
                             const google::protobuf::EnumDescriptor& type) {
  store::FilterField field{FilterType::kEnum, column, {}};
  for (int i = 0; i < type.value_count(); ++i) {
    field.values[type.value(i)->name()] = type.value(i)->name();
  }
  return field;
}

}  // namespace

journal::JournalOptions IntakeJournal() {
  journal::JournalOptions options;
  options.name = "intake";
  options.projections = Projections();
  options.apply = ApplyEvent;
  options.migrations = {{1, "intake", kTables}, {1, "recusals", kRecusalTables}};
  return options;
}

const FilterFields& RequestFilterFields() {
  static const auto& fields = *new FilterFields{
      {"state", EnumField("state", *v1::RequestState_descriptor())},
      {"agency", {FilterType::kText, "agency", {}}},
      {"primary_topic", {FilterType::kText, "primary_topic", {}}},
      {"coordinator", {FilterType::kText, "coordinator", {}}},
      {"urgency", EnumField("urgency", *v1::Urgency_descriptor())},
      {"needed_by", {FilterType::kDate, "needed_by", {}}},
      {"create_time", {FilterType::kTimestamp, "create_time", {}}},
      {"external_id", {FilterType::kText, "external_id", {}}},
  };
  return fields;
}

const FilterFields& AgencyFilterFields() {
  static const auto& fields = *new FilterFields{
      {"state", {FilterType::kText, "state", {}}},
      {"type", EnumField("type", *type::v1::AgencyType_descriptor())},
      {"size_band", EnumField("size_band", *type::v1::SizeBand_descriptor())},
      {"display_name", {FilterType::kText, "display_name", {}}},
  };
  return fields;
}

store::Condition AliasValueIs(const std::string& value) {
  const std::string stripped(absl::StripAsciiWhitespace(value));
  return {"value IN (:p1, :p2)", {stripped, absl::AsciiStrToUpper(stripped)}};
}

store::Condition AgencyIsCalled(const std::string& display_name, const std::string& state) {
  return {"state = :p1 AND name_key = :p2", {state, NameKey(display_name)}};
}

store::Condition RequestIsOf(const std::string& agency) { return {"agency = :p1", {agency}}; }

store::Condition RequestIsOfNone(absl::Span<const std::string> agencies) {
  store::Condition condition;
  const auto parameter = [&](std::string value) {
    condition.parameters.emplace_back(std::move(value));
    return absl::StrCat(":p", condition.parameters.size());
  };
  for (const std::string& agency : agencies) {
    const std::string asks = parameter(agency);
    const std::string served = parameter(absl::StrCat(" ", agency, " "));
    // Unlike LIKE, the same in every database: upper and lower case are different, and nothing is a
    // wildcard.
    absl::StrAppend(&condition.sql, condition.sql.empty() ? "" : " AND ", "agency <> ", asks,
                    " AND replace(co_served, ", served, ", '') = co_served");
  }
  return condition;
}

absl::StatusOr<std::vector<std::string>> RequestsForMatching(store::Database& database,
                                                             MatchingNeed need,
                                                             const std::string& after, int limit) {
  std::vector<std::string> names;
  RETURN_IF_ERROR(database.Read([&](store::Connection& connection) {
    names.clear();
    // `matching <> 0` lets the database see that its small index of such requests has them all.
    return connection.Query(
        "SELECT name FROM intake_request WHERE matching = :p1 AND matching <> 0 AND name > :p2 "
        "ORDER BY name LIMIT :p3",
        {need == MatchingNeed::kReady ? kReady : kLeft, after, int64_t{limit}},
        [&](const store::Row& row) {
          names.push_back(row.Text(0));
          return absl::OkStatus();
        });
  }));
  return names;
}

}  // namespace critac::intake
