#ifndef SERVICES_CLI_RESOURCE_COMMANDS_H_
#define SERVICES_CLI_RESOURCE_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "services/cli/context.h"
#include "services/cli/printer.h"

namespace critac::cli {

// The commands that are alike for every noun: `get` and `list`.

// A unary method whose messages are known by their descriptors only.
struct Method {
  const google::protobuf::Message* request;
  const google::protobuf::Message* response;
  std::function<absl::Status(const google::protobuf::Message& request,
                             google::protobuf::Message& response)>
      call;
};

template <typename Stub, typename Request, typename Response>
Method MethodOf(Context& context,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  return {&Request::default_instance(), &Response::default_instance(),
          [&context, method](const google::protobuf::Message& request,
                             google::protobuf::Message& response) {
            absl::StatusOr<Response> answer =
                context.Call(method, static_cast<const Request&>(request));
            if (!answer.ok()) return answer.status();
            static_cast<Response&>(response) = *std::move(answer);
            return absl::OkStatus();
          }};
}

// Adds `get NAME`: the method's request has a field `name`.
void AddGet(CLI::App& noun, Context& context, Method method, const std::string& description,
            const std::vector<std::string>& examples, Columns columns);

// A flag that narrows a list.
struct ListFlag {
  std::string flag;   // `--state`
  std::string field;  // of the filter
  std::string help;
  // Where its values are those of an enum. Null: text.
  const google::protobuf::EnumDescriptor* values = nullptr;
  // Where it names a resource, its collection.
  std::string collection = "";
  // Where it is a switch, the comparisons that it stands for, joined by AND; it takes no value then.
  std::string condition = "";
};

// What a list is given on the command line.
struct ListArguments {
  std::string filter;
  int limit = 50;
  bool all = false;
  std::vector<std::string> values;  // of the flags, in their order; empty: not given
};

// The filter that flags and --filter make together. INVALID_ARGUMENT: a value that a flag does not
// take.
absl::StatusOr<std::string> BuildFilter(const std::vector<ListFlag>& flags,
                                        const ListArguments& arguments);

// Adds `list`: the method's request has `page_size`, `page_token` and, where there are flags,
// `filter`; its response has the list `list_field` and `next_page_token`. Pages are fetched until
// --limit is reached.
void AddList(CLI::App& noun, Context& context, Method method, const std::string& description,
             const std::vector<std::string>& examples, const std::string& list_field,
             Columns columns, std::vector<ListFlag> flags);

}  // namespace critac::cli

#endif  // SERVICES_CLI_RESOURCE_COMMANDS_H_
