#include "services/metrics/measure_service.h"

#include <utility>
#include <vector>

#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/metrics/callers.h"
#include "services/metrics/measures.h"

namespace critac::metrics {
namespace {

using rpc::Call;

MeasureQuery QueryOf(const v1::QueryMeasureRequest& in) {
  MeasureQuery query{.measure = in.measure(),
                     .group_by = {},
                     .start = ParseDate(in.start_date()),
                     .end = ParseDate(in.end_date()),
                     .filter = in.filter(),
                     .lineage_limit = in.lineage_limit()};
  for (const int dimension : in.group_by()) {
    query.group_by.push_back(static_cast<v1::Dimension>(dimension));
  }
  return query;
}

}  // namespace

grpc::ServerUnaryReactor* MeasureService::ListMeasures(grpc::CallbackServerContext* context,
                                                       const v1::ListMeasuresRequest* request,
                                                       v1::ListMeasuresResponse* response) {
  return pipeline_.Read<v1::ListMeasuresRequest, v1::ListMeasuresResponse>(
      context, request, response, [](const Call&, const auto&, auto& out) {
        for (const MeasureDefinition& measure : Measures()) *out.add_measures() = ToProto(measure);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* MeasureService::QueryMeasure(grpc::CallbackServerContext* context,
                                                       const v1::QueryMeasureRequest* request,
                                                       v1::QueryMeasureResponse* response) {
  return pipeline_.Read<v1::QueryMeasureRequest, v1::QueryMeasureResponse>(
      context, request, response,
      [this](const Call& call, const auto& in, auto& out) -> absl::Status {
        if (in.lineage_limit() > 0) {
          RETURN_IF_ERROR(CheckCannotBeRecused(call.principal, "lineage_limit"));
        }
        absl::StatusOr<MeasureAnswer> answer;
        *out.mutable_snapshot() =
            follower_.Read([&](const Facts& facts) { answer = Evaluate(facts, QueryOf(in)); });
        RETURN_IF_ERROR(answer.status());
        *out.mutable_measure() = ToProto(*answer->measure);
        *out.mutable_total() = ToProto(answer->total);
        for (const Figure& figure : answer->figures) *out.add_values() = ToProto(figure);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* MeasureService::GetSnapshot(grpc::CallbackServerContext* context,
                                                      const v1::GetSnapshotRequest* request,
                                                      v1::Snapshot* response) {
  return pipeline_.Unary(
      context, *request, *response,
      [this, response](const Call& call, const google::protobuf::Message& checked,
                       rpc::Pipeline::Finish finish) {
        const auto& in = static_cast<const v1::GetSnapshotRequest&>(checked);
        follower_.WhenReached(
            {in.at_least().begin(), in.at_least().end()}, call.deadline,
            [this, response, finish = std::move(finish)](absl::Status reached) mutable {
              if (reached.ok()) *response = follower_.Read([](const Facts&) {});
              finish(reached);
            });
      });
}

}  // namespace critac::metrics
