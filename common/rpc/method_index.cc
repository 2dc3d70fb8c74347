#include "common/rpc/method_index.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/limits.h"
#include "common/rpc/principal.h"
#include "google/protobuf/descriptor_database.h"

namespace critac::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;

constexpr absl::string_view kPackagePrefix = "critac.";

Method ReadMethod(const MethodDescriptor& descriptor) {
  const type::v1::MethodRules& rules = descriptor.options().GetExtension(type::v1::method);
  Method method;
  method.descriptor = &descriptor;
  method.name = descriptor.full_name();
  method.domain = descriptor.file()->package();
  method.read_only = rules.read_only();
  method.idempotent = descriptor.options().idempotency_level() == MethodOptions::IDEMPOTENT;
  method.max_duration =
      rules.max_seconds() > 0 ? absl::Seconds(rules.max_seconds()) : limits::kDefaultCall;
  const FieldDescriptor* request_id = descriptor.input_type()->FindFieldByName("request_id");
  if (request_id != nullptr && request_id->type() == FieldDescriptor::TYPE_STRING &&
      !request_id->is_repeated()) {
    method.request_id = request_id;
  }
  std::vector<absl::string_view> names;
  for (const int role : rules.roles()) {
    method.role_bits |= 1U << role;
    names.push_back(RoleName(static_cast<type::v1::Role>(role)));
  }
  method.role_names = absl::StrJoin(names, ", ");
  return method;
}

// The files linked into this process. protobuf offers no other way to learn their names: the pool
// builds a file only when it is asked for by name.
std::vector<const FileDescriptor*> LinkedFiles() {
  std::vector<std::string> names;
  DescriptorPool::internal_generated_database()->FindAllFileNames(&names);
  std::vector<const FileDescriptor*> files;
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, "critac/")) continue;
    const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name);
    if (file != nullptr && absl::StartsWith(file->package(), kPackagePrefix)) files.push_back(file);
  }
  return files;
}

struct MethodIndex {
  std::vector<Method> methods;
  absl::flat_hash_map<const Descriptor*, const Method*> by_request;
};

MethodIndex* MakeIndex() {
  auto* index = new MethodIndex;
  for (const FileDescriptor* file : LinkedFiles()) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        index->methods.push_back(ReadMethod(*service.method(j)));
      }
    }
  }
  std::sort(index->methods.begin(), index->methods.end(),
            [](const Method& a, const Method& b) { return a.name < b.name; });
  for (const Method& method : index->methods) {
    const auto [taken, added] = index->by_request.emplace(method.descriptor->input_type(), &method);
    if (!added) {
      std::fprintf(stderr, "%s and %s take the same request\n", taken->second->name.c_str(),
                   method.name.c_str());
      std::abort();
    }
  }
  return index;
}

const MethodIndex& Index() {
  static const MethodIndex* const index = MakeIndex();
  return *index;
}

}  // namespace

absl::Span<const Method> AllMethods() { return Index().methods; }

const Method* FindMethod(const Descriptor& request) {
  const MethodIndex& index = Index();
  const auto found = index.by_request.find(&request);
  return found == index.by_request.end() ? nullptr : found->second;
}

const Method* FindMethodByPath(absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "/")) return nullptr;
  const std::string name = absl::StrReplaceAll(path, {{"/", "."}});
  const auto methods = AllMethods();
  const auto found =
      std::lower_bound(methods.begin(), methods.end(), name,
                       [](const Method& method, const std::string& n) { return method.name < n; });
  return found == methods.end() || found->name != name ? nullptr : &*found;
}

}  // namespace critac::rpc
