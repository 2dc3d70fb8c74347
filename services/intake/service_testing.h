#ifndef SERVICES_INTAKE_SERVICE_TESTING_H_
#define SERVICES_INTAKE_SERVICE_TESTING_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/queue/memory/memory_work_queue.h"
#include "common/rpc/channel.h"
#include "common/rpc/pipeline.h"
#include "common/server/binding.h"
#include "common/store/database.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "critac/intake/v1/recusal.grpc.pb.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "services/intake/bind.h"
#include "services/intake/intake_store.h"
#include "services/intake/intake_testing.h"
#include "tests/support/journal_tables.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_databases.h"

namespace critac::intake::testing {

inline rpc::Principal PrincipalOf(const std::string& text) {
  const auto principal = rpc::ParsePrincipal(text);
  EXPECT_TRUE(principal.ok()) << principal.status();
  return *principal;
}

constexpr char kDana[] = "coordinator:dana";
constexpr char kMorgan[] = "program-manager:morgan";
constexpr char kMatching[] = "service:matching";
constexpr char kAlex[] = "auditor:alex";
constexpr char kLakeChief[] = "agency:agencies/ag-000001#chief";
constexpr char kSummitChief[] = "agency:agencies/ag-000002#chief";

// Intake as it is in production, bound by BindIntake over a database of its own, or over one that others
// have too, called through gRPC; only clock and ids are the test's.
class IntakeServer {
 public:
  IntakeServer() {
    critac::testing::BeginWithTables(databases_, IntakeJournal());
    Open();
  }
  explicit IntakeServer(std::string database_url) : database_url_(std::move(database_url)) {
    Open();
  }
  ~IntakeServer() { Close(); }

  // Ends the process, so to speak, and starts it anew on the same folder. The queue forgets all.
  void Restart() {
    Close();
    Open();
  }

  void Close() {
    if (server_ == nullptr) return;
    bound_->Stop();
    server_->Shutdown();
    server_.reset();
    bound_.reset();
    pipeline_.reset();
  }

  void Open() {
    pipeline_ = std::make_unique<rpc::Pipeline>(clock, ids, nullptr);
    queue_ = std::make_unique<queue::MemoryWorkQueue>("match", queue::RetryPolicy(), clock, ids);
    environment_ = std::unique_ptr<server::Environment>(new server::Environment{
        clock, ids, *pipeline_,
        [this](const std::string& service) { return OpenDatabase(service); },
        [this](const std::string&) -> absl::StatusOr<queue::WorkQueue*> { return queue_.get(); },
        [](const std::string&) { return std::shared_ptr<grpc::Channel>(); }});
    auto bound = BindIntake(*environment_);
    ASSERT_TRUE(bound.ok()) << bound.status();
    bound_ = *std::move(bound);
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder);
    for (grpc::Service* service : bound_->grpc_services()) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    const auto channel = server_->InProcessChannel({});
    agencies = v1::AgencyService::NewStub(channel);
    catalog = v1::CatalogService::NewStub(channel);
    requests = v1::RequestService::NewStub(channel);
    recusals = v1::RecusalService::NewStub(channel);
    bound_->Start();
  }

  server::BoundService& bound() { return *bound_; }
  journal::Journal& journal() { return bound_->journal(); }
  queue::WorkQueue& queue() { return *queue_; }
  std::string file(const std::string& name) const { return folder_.file(name); }

  // A new request id.
  std::string NewId() { return ids.NewUuid(); }

  // Makes a call as someone.
  template <typename Stub, typename Base, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Base::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const std::string& who) {
    return rpc::Invoke(*stub, method, request,
                       {.principal = PrincipalOf(who), .timeout = absl::Seconds(60)});
  }

  // ---- Agencies

  absl::StatusOr<v1::Agency> CreateAgency(const v1::Agency& agency,
                                          const std::string& request_id = "") {
    v1::CreateAgencyRequest request;
    *request.mutable_agency() = agency;
    request.set_request_id(request_id.empty() ? NewId() : request_id);
    return Call(agencies, &v1::AgencyService::Stub::CreateAgency, request, kDana);
  }
  absl::StatusOr<v1::Agency> GetAgency(const std::string& name, const std::string& who = kDana) {
    v1::GetAgencyRequest request;
    request.set_name(name);
    return Call(agencies, &v1::AgencyService::Stub::GetAgency, request, who);
  }
  absl::StatusOr<v1::Agency> UpdateAgency(const std::string& name, const v1::Agency& wanted,
                                          const std::vector<std::string>& paths,
                                          const std::string& etag = "") {
    v1::UpdateAgencyRequest request;
    request.set_name(name);
    *request.mutable_agency() = wanted;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    request.set_etag(etag);
    request.set_request_id(NewId());
    return Call(agencies, &v1::AgencyService::Stub::UpdateAgency, request, kDana);
  }
  absl::StatusOr<v1::ImportAgenciesResponse> ImportAgencies(const std::vector<v1::Agency>& rows,
                                                            bool validate_only = false) {
    v1::ImportAgenciesRequest request;
    for (const v1::Agency& row : rows) *request.add_agencies() = row;
    request.set_validate_only(validate_only);
    request.set_request_id(NewId());
    return Call(agencies, &v1::AgencyService::Stub::ImportAgencies, request, kDana);
  }

  // ---- Catalog

  absl::StatusOr<v1::ImportCatalogResponse> ImportCatalog(const std::vector<v1::CatalogEntry>& rows,
                                                          bool validate_only = false) {
    v1::ImportCatalogRequest request;
    for (const v1::CatalogEntry& row : rows) *request.add_entries() = row;
    request.set_validate_only(validate_only);
    request.set_request_id(NewId());
    return Call(catalog, &v1::CatalogService::Stub::ImportCatalog, request, kMorgan);
  }
  absl::StatusOr<v1::Catalog> GetCatalog(const std::string& who = kLakeChief) {
    return Call(catalog, &v1::CatalogService::Stub::GetCatalog, v1::GetCatalogRequest(), who);
  }

  // ---- Requests

  absl::StatusOr<v1::Request> CreateRequest(const v1::Request& wanted, const std::string& who,
                                            bool submit = false,
                                            const std::string& request_id = "") {
    v1::CreateRequestRequest request;
    *request.mutable_request() = wanted;
    request.set_submit(submit);
    request.set_request_id(request_id.empty() ? NewId() : request_id);
    return Call(requests, &v1::RequestService::Stub::CreateRequest, request, who);
  }
  absl::StatusOr<v1::Request> GetRequest(const std::string& name, const std::string& who = kDana) {
    v1::GetRequestRequest request;
    request.set_name(name);
    return Call(requests, &v1::RequestService::Stub::GetRequest, request, who);
  }
  absl::StatusOr<v1::ListRequestsResponse> ListRequests(const std::string& filter,
                                                        const std::string& who = kDana,
                                                        int page_size = 0,
                                                        const std::string& page_token = "") {
    v1::ListRequestsRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Call(requests, &v1::RequestService::Stub::ListRequests, request, who);
  }
  absl::StatusOr<v1::Request> Act(const std::string& name, v1::RequestAction action,
                                  const std::string& who, const v1::ActionDetails& details,
                                  const std::string& etag = "",
                                  const std::string& request_id = "") {
    v1::ActOnRequestRequest request;
    request.set_name(name);
    request.set_action(action);
    *request.mutable_details() = details;
    request.set_etag(etag);
    request.set_request_id(request_id.empty() ? NewId() : request_id);
    return Call(requests, &v1::RequestService::Stub::ActOnRequest, request, who);
  }
  // With all that the action needs.
  absl::StatusOr<v1::Request> Act(const std::string& name, v1::RequestAction action,
                                  const std::string& who) {
    return Act(name, action, who, DetailsFor(action));
  }

  // ---- Recusals

  absl::StatusOr<v1::Recusals> GetRecusals(const std::string& who = kMatching) {
    return Call(recusals, &v1::RecusalService::Stub::GetRecusals, v1::GetRecusalsRequest(), who);
  }
  absl::StatusOr<v1::Recusals> SetRecusals(const std::vector<v1::Recusal>& told,
                                           const std::string& etag,
                                           const std::string& request_id = "",
                                           const std::string& who = kMatching) {
    v1::SetRecusalsRequest request;
    for (const v1::Recusal& recusal : told) *request.add_recusals() = recusal;
    request.set_etag(etag);
    request.set_request_id(request_id.empty() ? NewId() : request_id);
    return Call(recusals, &v1::RecusalService::Stub::SetRecusals, request, who);
  }

  // ---- A small world: the catalog, agencies Lake (ag-000001) and Summit (ag-000002)

  void MakeWorld() {
    ASSERT_THAT(ImportCatalog(SmallCatalogEntries()), Succeeds());
    v1::Agency lake = AgencyCalled("Lake Police", {Ori9("UT0180100")});
    lake.mutable_sworn_full_time()->set_count(40);
    ASSERT_THAT(CreateAgency(lake), Succeeds());
    ASSERT_THAT(CreateAgency(AgencyCalled("Summit Police", {Ori9("UT0220000")})), Succeeds());
  }

  // A request of an agency that lacks nothing.
  static v1::Request Wanted(const std::string& agency = "agencies/ag-000001") {
    v1::Request request = CompleteDraft();
    request.clear_name();
    request.clear_state();
    request.set_agency(agency);
    return request;
  }

  // Name of a new request of Lake in READY.
  std::string ReadyRequest() {
    const auto created = CreateRequest(Wanted(), kLakeChief, true);
    EXPECT_THAT(created, Succeeds());
    if (!created.ok()) return "";
    for (const auto action : {v1::REQUEST_ACTION_ACKNOWLEDGE, v1::REQUEST_ACTION_ACCEPT,
                              v1::REQUEST_ACTION_COMPLETE_SCOPING}) {
      EXPECT_THAT(Act(created->name(), action, kDana), Succeeds());
    }
    return created->name();
  }

  // Every row of intake's tables, as text.
  std::vector<std::string> Tables() {
    const std::pair<const char*, int> tables[] = {
        {"intake_agency", 7},  {"intake_alias", 3},           {"intake_catalog", 2},
        {"intake_counter", 2}, {"intake_external_record", 2}, {"intake_recusal", 2},
        {"intake_request", 12}};
    std::vector<std::string> rows;
    const absl::Status status = journal().database().Read([&](store::Connection& connection) {
      for (const auto& [table, columns] : tables) {
        const absl::Status read =
            connection.Query(absl::StrCat("SELECT * FROM ", table, " ORDER BY name"), {},
                             [&](const store::Row& row) {
                               std::string text = table;
                               for (int i = 0; i < columns; ++i)
                                 absl::StrAppend(&text, "|", row.Text(i));
                               rows.push_back(std::move(text));
                               return absl::OkStatus();
                             });
        if (!read.ok()) return read;
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return rows;
  }

  ManualClock clock{At("2026-10-05T14:00")};
  SeededIdSource ids{20261005};
  std::unique_ptr<v1::AgencyService::Stub> agencies;
  std::unique_ptr<v1::CatalogService::Stub> catalog;
  std::unique_ptr<v1::RequestService::Stub> requests;
  std::unique_ptr<v1::RecusalService::Stub> recusals;

 private:
  absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const std::string& service) {
    if (database_url_.empty()) return databases_.Open(service);
    return store::Database::Open({.url = database_url_});
  }

  // Empty: one of its own.
  const std::string database_url_;
  critac::testing::TempFolder folder_;
  critac::testing::TestDatabases databases_;
  std::unique_ptr<rpc::Pipeline> pipeline_;
  std::unique_ptr<queue::MemoryWorkQueue> queue_;
  std::unique_ptr<server::Environment> environment_;
  std::unique_ptr<server::BoundService> bound_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace critac::intake::testing

#endif  // SERVICES_INTAKE_SERVICE_TESTING_H_
