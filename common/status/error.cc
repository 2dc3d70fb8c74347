#include "common/status/error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace critac {
namespace {

template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name());
}

template <typename Detail>
void Attach(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

template <typename Detail>
Detail Read(const absl::Status& status) {
  Detail detail;
  if (const auto payload = status.GetPayload(TypeUrl<Detail>()); payload.has_value()) {
    detail.ParseFromString(std::string(*payload));
  }
  return detail;
}

}  // namespace

Error::Error(absl::StatusCode code, absl::string_view reason, absl::string_view message)
    : code_(code), message_(message) {
  info_.set_reason(std::string(reason));
}

Error& Error::Field(absl::string_view path, absl::string_view description) {
  auto* violation = bad_request_.add_field_violations();
  violation->set_field(std::string(path));
  violation->set_description(std::string(description));
  return *this;
}

Error& Error::Precondition(absl::string_view type, absl::string_view subject,
                           absl::string_view description) {
  auto* violation = precondition_.add_violations();
  violation->set_type(std::string(type));
  violation->set_subject(std::string(subject));
  violation->set_description(std::string(description));
  return *this;
}

Error& Error::Resource(absl::string_view type, absl::string_view name) {
  resource_.set_resource_type(std::string(type));
  resource_.set_resource_name(std::string(name));
  return *this;
}

Error& Error::RetryAfter(absl::Duration delay) {
  const int64_t nanos = absl::ToInt64Nanoseconds(delay);
  retry_.mutable_retry_delay()->set_seconds(nanos / 1'000'000'000);
  retry_.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  return *this;
}

Error& Error::Fact(absl::string_view key, absl::string_view value) {
  (*info_.mutable_metadata())[std::string(key)] = std::string(value);
  return *this;
}

absl::Status Error::ToStatus() const {
  absl::Status status(code_, message_);
  Attach(status, info_);
  if (bad_request_.field_violations_size() > 0) Attach(status, bad_request_);
  if (precondition_.violations_size() > 0) Attach(status, precondition_);
  if (!resource_.resource_name().empty()) Attach(status, resource_);
  if (retry_.has_retry_delay()) Attach(status, retry_);
  return status;
}

absl::Status InvalidField(absl::string_view path, absl::string_view description) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
               absl::StrCat(path, ": ", description))
      .Field(path, description)
      .ToStatus();
}

absl::Status ResourceNotFound(absl::string_view type, absl::string_view name) {
  return Error(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
               absl::StrCat("there is no ", name))
      .Resource(type, name)
      .ToStatus();
}

absl::Status FailedPrecondition(absl::string_view reason, absl::string_view subject,
                                absl::string_view description) {
  return Error(absl::StatusCode::kFailedPrecondition, reason,
               absl::StrCat(subject, ": ", description))
      .Precondition(reason, subject, description)
      .ToStatus();
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view type_url, const absl::Cord& payload) {
    annotated.SetPayload(type_url, payload);
  });
  return annotated;
}

std::string ReasonOf(const absl::Status& status) { return ErrorInfoOf(status).reason(); }
google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status) {
  return Read<google::rpc::ErrorInfo>(status);
}
google::rpc::BadRequest BadRequestOf(const absl::Status& status) {
  return Read<google::rpc::BadRequest>(status);
}
google::rpc::PreconditionFailure PreconditionFailureOf(const absl::Status& status) {
  return Read<google::rpc::PreconditionFailure>(status);
}
google::rpc::ResourceInfo ResourceInfoOf(const absl::Status& status) {
  return Read<google::rpc::ResourceInfo>(status);
}
google::rpc::RetryInfo RetryInfoOf(const absl::Status& status) {
  return Read<google::rpc::RetryInfo>(status);
}

}  // namespace critac
