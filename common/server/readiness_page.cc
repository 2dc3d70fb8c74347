#include "common/server/readiness_page.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/server/json.h"

namespace critac::server {

AdminPage ReadinessPage(const std::vector<Readiness::Answer>& answers) {
  const bool ready =
      std::all_of(answers.begin(), answers.end(),
                  [](const Readiness::Answer& answer) { return answer.status.ok(); });
  std::string body = absl::StrCat(R"({"ready":)", ready ? "true" : "false", R"(,"services":[)");
  const char* separator = "";
  for (const Readiness::Answer& answer : answers) {
    absl::StrAppend(&body, separator, R"({"name":)");
    AppendJsonString(body, answer.service);
    absl::StrAppend(&body, R"(,"ready":)", answer.status.ok() ? "true" : "false");
    if (!answer.status.ok()) {
      absl::StrAppend(&body, R"(,"code":")", absl::StatusCodeToString(answer.status.code()),
                      R"(","reason":)");
      AppendJsonString(body, answer.status.message());
    }
    body += '}';
    separator = ",";
  }
  body += "]}\n";
  return {ready ? 200 : 503, "application/json", std::move(body)};
}

}  // namespace critac::server
