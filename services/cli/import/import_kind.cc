#include "services/cli/import/import_kind.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "critac/matching/v1/partner.grpc.pb.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;
using intake::v1::Agency;
using intake::v1::ImportResult;

// Requests and engagements carry their whole past, up to some 60 KiB each.
constexpr int kSmallRows = 500;
constexpr int kLargeRows = 100;

// Most a batch may take: what the import methods allow.
constexpr absl::Duration kBatchDeadline = absl::Seconds(300);

template <typename T>
std::function<std::vector<std::string>(const Message&)> KeyOf(const std::string& (T::*key)()
                                                                  const) {
  return [key](const Message& message) {
    return std::vector<std::string>{(static_cast<const T&>(message).*key)()};
  };
}

// Makes the call of a kind from its method and the list that takes its rows.
template <typename Row, typename Stub, typename Request, typename Response>
ImportKind MakeKind(std::string name, std::string list_field, int batch_rows,
                    std::function<std::vector<std::string>(const Message&)> keys,
                    Row* (Request::*add)(),
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  ImportKind kind;
  kind.name = std::move(name);
  kind.prototype = &Row::default_instance();
  kind.list_field = std::move(list_field);
  kind.batch_rows = batch_rows;
  kind.in_flight = 1;
  kind.keys = std::move(keys);
  kind.call = [add, method](
                  Client& client, absl::Span<const Message* const> rows, bool validate_only,
                  const std::string& request_id) -> absl::StatusOr<std::vector<ImportResult>> {
    Request request;
    for (const Message* row : rows) *(request.*add)() = static_cast<const Row&>(*row);
    request.set_validate_only(validate_only);
    request.set_request_id(request_id);
    ASSIGN_OR_RETURN(const Response response, client.Call(method, request, kBatchDeadline));
    return std::vector<ImportResult>(response.results().begin(), response.results().end());
  };
  return kind;
}

// --- Shorthands of agencies
// -------------------------------------------------------------------------

CsvShorthand AliasColumn(std::string header, std::string help, intake::v1::AliasType type) {
  return {std::move(header), std::move(help), [type](absl::string_view text, Message& message) {
            auto& agency = static_cast<Agency&>(message);
            for (const auto& known : agency.aliases()) {
              if (known.type() == type && known.value() == text) return absl::OkStatus();
            }
            auto& alias = *agency.add_aliases();
            alias.set_type(type);
            alias.set_value(std::string(text));
            return absl::OkStatus();
          }};
}

CsvShorthand CountColumn(std::string header, std::string help) {
  std::string path = absl::StrCat(header, ".count");
  return {std::move(header), std::move(help),
          [path = std::move(path)](absl::string_view text, Message& message) -> absl::Status {
            RETURN_IF_ERROR(SetField(message, path, text));
            return absl::OkStatus();
          }};
}

// A column that is said of every strength that the row knows.
CsvShorthand StrengthColumn(std::string header, std::string help, std::string field) {
  return {std::move(header), std::move(help),
          [field = std::move(field)](absl::string_view text, Message& message) -> absl::Status {
            auto& agency = static_cast<Agency&>(message);
            for (auto [known, strength] :
                 {std::pair(agency.has_sworn_full_time(), &Agency::mutable_sworn_full_time),
                  std::pair(agency.has_sworn_part_time(), &Agency::mutable_sworn_part_time),
                  std::pair(agency.has_civilian(), &Agency::mutable_civilian)}) {
              if (known) RETURN_IF_ERROR(SetField(*(agency.*strength)(), field, text));
            }
            return absl::OkStatus();
          }};
}

CsvShorthand DegreesColumn(std::string header, std::string help, double limit,
                           void (type::v1::Coordinates::*set)(int32_t)) {
  std::string name = header;
  return {std::move(header), std::move(help),
          [name = std::move(name), limit, set](absl::string_view text, Message& message) {
            double degrees;
            if (!absl::SimpleAtod(text, &degrees) || !(degrees >= -limit && degrees <= limit)) {
              return InvalidField(
                  name, absl::StrCat("\"", text, "\" is not a number of degrees in ", -limit, "..",
                                     limit));
            }
            (static_cast<Agency&>(message).mutable_coordinates()->*set)(
                static_cast<int32_t>(degrees * 1e6 + (degrees < 0 ? -0.5 : 0.5)));
            return absl::OkStatus();
          }};
}

std::vector<CsvShorthand> AgencyShorthands() {
  return {
      AliasColumn("ori9", "nine-character ORI", intake::v1::ALIAS_TYPE_ORI9),
      AliasColumn("ori7", "seven-character ORI", intake::v1::ALIAS_TYPE_ORI7),
      AliasColumn("uei", "Unique Entity Identifier", intake::v1::ALIAS_TYPE_UEI),
      AliasColumn("other_id", "SYSTEM:ID", intake::v1::ALIAS_TYPE_OTHER),
      DegreesColumn("latitude", "degrees, north positive", 90,
                    &type::v1::Coordinates::set_latitude_e6),
      DegreesColumn("longitude", "degrees, east positive", 180,
                    &type::v1::Coordinates::set_longitude_e6),
      CountColumn("sworn_full_time", "sworn full-time officers; empty: unknown"),
      CountColumn("sworn_part_time", "sworn part-time officers; empty: unknown"),
      CountColumn("civilian", "civilians; empty: unknown"),
      StrengthColumn("strength_source", "who says so", "source"),
      StrengthColumn("strength_year", "year the counts speak of", "year"),
  };
}

std::vector<std::string> AgencyKeys(const Message& message) {
  std::vector<std::string> keys;
  for (const auto& alias : static_cast<const Agency&>(message).aliases()) {
    keys.push_back(alias.value());
  }
  return keys;
}

ImportKind Agencies() {
  ImportKind kind = MakeKind<Agency>("agencies", "agencies", kSmallRows, AgencyKeys,
                                     &intake::v1::ImportAgenciesRequest::add_agencies,
                                     &intake::v1::AgencyService::Stub::ImportAgencies);
  kind.shorthands = AgencyShorthands();
  kind.in_flight = 4;
  return kind;
}

std::vector<ImportKind> MakeKinds() {
  using intake::v1::CatalogEntry;
  using intake::v1::PastRequest;
  using matching::v1::Expert;
  using matching::v1::Partner;
  using matching::v1::PastEngagement;
  using metrics::v1::SurveyResponse;
  return {
      MakeKind<CatalogEntry>("catalog", "entries", kSmallRows, KeyOf(&CatalogEntry::name),
                             &intake::v1::ImportCatalogRequest::add_entries,
                             &intake::v1::CatalogService::Stub::ImportCatalog),
      MakeKind<Partner>("partners", "partners", kSmallRows, KeyOf(&Partner::name),
                        &matching::v1::ImportPartnersRequest::add_partners,
                        &matching::v1::PartnerService::Stub::ImportPartners),
      MakeKind<Expert>("experts", "experts", kSmallRows, KeyOf(&Expert::name),
                       &matching::v1::ImportExpertsRequest::add_experts,
                       &matching::v1::PartnerService::Stub::ImportExperts),
      Agencies(),
      MakeKind<PastRequest>("requests", "requests", kLargeRows, KeyOf(&PastRequest::external_id),
                            &intake::v1::ImportRequestsRequest::add_requests,
                            &intake::v1::RequestService::Stub::ImportRequests),
      MakeKind<PastEngagement>("engagements", "engagements", kLargeRows,
                               KeyOf(&PastEngagement::external_id),
                               &matching::v1::ImportEngagementsRequest::add_engagements,
                               &matching::v1::EngagementService::Stub::ImportEngagements),
      MakeKind<SurveyResponse>("surveys", "responses", kSmallRows,
                               KeyOf(&SurveyResponse::external_id),
                               &metrics::v1::ImportSurveyResponsesRequest::add_responses,
                               &metrics::v1::SurveyService::Stub::ImportSurveyResponses),
  };
}

}  // namespace

const std::vector<ImportKind>& ImportKinds() {
  static const auto* const kinds = new std::vector<ImportKind>(MakeKinds());
  return *kinds;
}

}  // namespace critac::cli
