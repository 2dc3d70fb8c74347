#include "services/cli/import/send_rows.h"

#include <map>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/ids.h"
#include "common/status/error.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace critac::cli {
namespace {

using google::protobuf::Message;
using intake::v1::ImportResult;

// Bytes that are the same for the same message, also where it holds maps.
void AppendSerialized(const Message& message, std::string& bytes) {
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
}

// Of `agencies[3].display_name`, the 3; `rest` becomes `display_name`.
std::optional<size_t> RowOf(absl::string_view path, absl::string_view list_field,
                            absl::string_view& rest) {
  if (!absl::ConsumePrefix(&path, list_field) || !absl::ConsumePrefix(&path, "[")) return {};
  const size_t bracket = path.find(']');
  size_t row = 0;
  if (bracket == absl::string_view::npos || !absl::SimpleAtoi(path.substr(0, bracket), &row)) {
    return {};
  }
  rest = path.substr(bracket + 1);
  absl::ConsumePrefix(&rest, ".");
  return row;
}

// What is wrong with which row, by the violations of a call that was refused as a whole. Empty:
// they are not about rows.
std::map<size_t, std::string> ProblemsByRow(const absl::Status& status,
                                            absl::string_view list_field, size_t row_count) {
  std::map<size_t, std::string> problems;
  if (status.code() != absl::StatusCode::kInvalidArgument) return problems;
  const google::rpc::BadRequest bad_request = BadRequestOf(status);
  for (const auto& violation : bad_request.field_violations()) {
    absl::string_view rest;
    const std::optional<size_t> row = RowOf(violation.field(), list_field, rest);
    if (!row.has_value() || *row >= row_count) continue;
    std::string& problem = problems[*row];
    absl::StrAppend(&problem, problem.empty() ? "" : "; ", rest, rest.empty() ? "" : ": ",
                    violation.description());
  }
  return problems;
}

ImportResult RefusedResult(size_t index, const std::string& problem) {
  ImportResult result;
  result.set_index(static_cast<int32_t>(index));
  result.set_outcome(intake::v1::IMPORT_OUTCOME_REFUSED);
  result.set_problem(problem);
  return result;
}

}  // namespace

std::string BatchRequestId(absl::string_view run, absl::Span<const Message* const> rows) {
  std::string name = absl::StrCat("import ", run);
  for (const Message* row : rows) AppendSerialized(*row, name);
  return UuidFromName(name);
}

absl::StatusOr<std::vector<ImportResult>> SendRows(const ImportCall& call,
                                                   absl::string_view list_field,
                                                   absl::string_view run,
                                                   absl::Span<const Message* const> rows) {
  std::vector<ImportResult> results(rows.size());
  std::vector<size_t> left;
  for (size_t i = 0; i < rows.size(); ++i) left.push_back(i);

  while (!left.empty()) {
    std::vector<const Message*> sent;
    for (const size_t i : left) sent.push_back(rows[i]);
    const auto answer = call(sent, BatchRequestId(run, sent));
    if (answer.ok()) {
      if (answer->size() != sent.size()) {
        return absl::InternalError(
            absl::StrCat("the center answered for ", answer->size(), " of ", sent.size(), " rows"));
      }
      for (size_t i = 0; i < left.size(); ++i) results[left[i]] = (*answer)[i];
      return results;
    }
    const std::map<size_t, std::string> problems =
        ProblemsByRow(answer.status(), list_field, sent.size());
    if (problems.empty()) return answer.status();
    std::vector<size_t> kept;
    for (size_t i = 0; i < left.size(); ++i) {
      const auto problem = problems.find(i);
      if (problem == problems.end()) {
        kept.push_back(left[i]);
      } else {
        results[left[i]] = RefusedResult(left[i], problem->second);
      }
    }
    left = std::move(kept);
  }
  return results;
}

}  // namespace critac::cli
