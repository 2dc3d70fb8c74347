#ifndef COMMON_RPC_METHOD_INDEX_H_
#define COMMON_RPC_METHOD_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/descriptor.h"

namespace critac::rpc {

// A method of a service of the suite, and what it declares about itself.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor;
  // Full name, `critac.intake.v1.RequestService.CreateRequest`.
  std::string name;
  // Proto package of its service.
  std::string domain;
  bool read_only = false;
  // Whether what it changes is the same after one call and after two (`idempotency_level`).
  bool idempotent = false;
  // The most time a call may take.
  absl::Duration max_duration;
  // The request's string field `request_id`; null where it has none.
  const google::protobuf::FieldDescriptor* request_id = nullptr;
  // Roles that may call it, one bit each, and by name. None: the method is closed.
  uint32_t role_bits = 0;
  std::string role_names;

  bool Allows(type::v1::Role role) const { return (role_bits >> role & 1U) != 0; }
  // Whether the same call may be made again without harm: it changes nothing, changes the same once
  // and twice, or its request id sees to it that it happens once.
  bool IsRepeatable() const { return read_only || idempotent || request_id != nullptr; }
};

// All methods of the services of `critac.*` packages that are linked into this process, by name.
// The index is made when first asked for.
absl::Span<const Method> AllMethods();

// The method that takes this request; null where none does. No two methods take the same request:
// the process ends where they do, since a call could not be told from another.
const Method* FindMethod(const google::protobuf::Descriptor& request);

// The method of a path as the wire has it, `/critac.intake.v1.RequestService/GetRequest`; null where
// there is none.
const Method* FindMethodByPath(absl::string_view path);

}  // namespace critac::rpc

#endif  // COMMON_RPC_METHOD_INDEX_H_
