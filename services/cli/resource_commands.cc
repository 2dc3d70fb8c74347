#include "services/cli/resource_commands.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;

absl::Status RunGet(Context& context, const Method& method, const std::string& name,
                    const Columns& columns) {
  const std::unique_ptr<Message> request(method.request->New());
  const std::unique_ptr<Message> response(method.response->New());
  RETURN_IF_ERROR(SetField(*request, "name", name));
  RETURN_IF_ERROR(method.call(*request, *response));
  return context.printer().Show(*response, columns);
}

// Fetches pages into one response until `limit` entries are there or there are no more. All pages
// are asked for alike, because a token is bound to the call it came from.
absl::Status FetchPages(const Method& method, const std::string& filter, int limit,
                        const std::string& list_field, Message& merged) {
  const std::unique_ptr<Message> request(method.request->New());
  const std::unique_ptr<Message> page(method.response->New());
  const auto* list = merged.GetDescriptor()->FindFieldByName(list_field);
  const auto* reflection = merged.GetReflection();
  if (!filter.empty()) RETURN_IF_ERROR(SetField(*request, "filter", filter));
  RETURN_IF_ERROR(
      SetField(*request, "page_size", absl::StrCat(std::min(limit, limits::kMaxPageSize))));
  std::string token;
  do {
    RETURN_IF_ERROR(SetField(*request, "page_token", token));
    page->Clear();
    RETURN_IF_ERROR(method.call(*request, *page));
    RETURN_IF_ERROR(SetField(merged, "next_page_token", ""));
    merged.MergeFrom(*page);
    token = FieldText(merged, "next_page_token", TextStyle::kFull);
  } while (!token.empty() && reflection->FieldSize(merged, list) < limit);
  while (reflection->FieldSize(merged, list) > limit) reflection->RemoveLast(&merged, list);
  return absl::OkStatus();
}

struct ListCommand {
  Method method;
  std::string list_field;
  Columns columns;
  std::vector<ListFlag> flags;
  ListArguments arguments;
};

absl::Status RunList(Context& context, const ListCommand& command) {
  ASSIGN_OR_RETURN(const std::string filter, BuildFilter(command.flags, command.arguments));
  const std::unique_ptr<Message> merged(command.method.response->New());
  const int limit =
      command.arguments.all ? std::numeric_limits<int>::max() : command.arguments.limit;
  RETURN_IF_ERROR(FetchPages(command.method, filter, limit, command.list_field, *merged));
  RETURN_IF_ERROR(context.printer().List(*merged, command.list_field, command.columns));
  if (context.printer().format() != OutputFormat::kTable) return absl::OkStatus();
  const auto* list = merged->GetDescriptor()->FindFieldByName(command.list_field);
  if (merged->GetReflection()->FieldSize(*merged, list) == 0) {
    context.world().err << "(none)\n";
  } else if (!FieldText(*merged, "next_page_token", TextStyle::kFull).empty()) {
    context.world().err << "(there are more: --limit N or --all shows them)\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddGet(CLI::App& noun, Context& context, Method method, const std::string& description,
            const std::vector<std::string>& examples, Columns columns) {
  auto name = std::make_shared<std::string>();
  CLI::App& command =
      context.AddCommand(noun, "get", description, examples,
                         [&context, method = std::move(method), columns = std::move(columns),
                          name] { return RunGet(context, method, *name, columns); });
  command.add_option("NAME", *name, "Its name; the collection before the / may be left out")
      ->required();
}

absl::StatusOr<std::string> BuildFilter(const std::vector<ListFlag>& flags,
                                        const ListArguments& arguments) {
  std::vector<std::string> conditions;
  for (size_t i = 0; i < flags.size(); ++i) {
    std::string value = arguments.values[i];
    if (value.empty()) continue;
    const ListFlag& flag = flags[i];
    if (!flag.condition.empty()) {
      conditions.push_back(flag.condition);
      continue;
    }
    if (flag.values != nullptr) {
      ASSIGN_OR_RETURN(const int number, ReadEnum(*flag.values, flag.flag, value));
      conditions.push_back(
          absl::StrCat(flag.field, " = ", flag.values->FindValueByNumber(number)->name()));
      continue;
    }
    if (!flag.collection.empty() && !absl::StrContains(value, '/')) {
      value = absl::StrCat(flag.collection, "/", value);
    }
    conditions.push_back(absl::StrCat(
        flag.field, " = \"", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\""));
  }
  if (!arguments.filter.empty()) {
    conditions.push_back(conditions.empty() ? arguments.filter
                                            : absl::StrCat("(", arguments.filter, ")"));
  }
  return absl::StrJoin(conditions, " AND ");
}

void AddList(CLI::App& noun, Context& context, Method method, const std::string& description,
             const std::vector<std::string>& examples, const std::string& list_field,
             Columns columns, std::vector<ListFlag> flags) {
  auto list = std::make_shared<ListCommand>(
      ListCommand{std::move(method), list_field, std::move(columns), std::move(flags), {}});
  list->arguments.values.resize(list->flags.size());
  CLI::App& command = context.AddCommand(noun, "list", description, examples,
                                         [&context, list] { return RunList(context, *list); });
  for (size_t i = 0; i < list->flags.size(); ++i) {
    const ListFlag& flag = list->flags[i];
    if (flag.condition.empty()) {
      command.add_option(flag.flag, list->arguments.values[i], flag.help);
    } else {
      command.add_flag_callback(
          flag.flag, [list, i] { list->arguments.values[i] = "true"; }, flag.help);
    }
  }
  if (list->method.request->GetDescriptor()->FindFieldByName("filter") != nullptr) {
    command.add_option("--filter", list->arguments.filter,
                       "Condition, a subset of AIP-160: 'state = \"UT\" AND type = X'");
  }
  command.add_option("--limit", list->arguments.limit, "Most entries shown")
      ->check(CLI::Range(1, 1000000).description(""))
      ->capture_default_str();
  command.add_flag("--all", list->arguments.all, "Show all of them");
}

}  // namespace critac::cli
