#include "services/cli/databases/target_urls.h"

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "services/cli/exit_status.h"
#include "services/cli/servers.h"

namespace critac::cli {
namespace {

constexpr absl::string_view kServiceMark = "{service}";
constexpr absl::string_view kAcceptedTargets =
    "accepted: sqlite:PATH or postgresql://USER@HOST/NAME, with {service} in it, or a URL for "
    "each, "
    "intake=URL";

// The URL is not repeated: it may hold a password.
absl::Status CheckTarget(absl::string_view url) {
  for (const absl::string_view scheme : {"sqlite:", "postgresql://"}) {
    if (absl::StartsWith(url, scheme) && url.size() > scheme.size()) return absl::OkStatus();
  }
  return UsageError(absl::StrCat("--to: is no URL of a database; ", kAcceptedTargets));
}

// The service that `text` begins with, and a `=`; empty: it is for all.
std::string ServiceBefore(absl::string_view text) {
  for (const std::string& service : AllJournals()) {
    if (absl::StartsWith(text, absl::StrCat(service, "="))) return service;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ParseTargetUrls(
    absl::Span<const std::string> given, absl::Span<const std::string> services) {
  std::map<std::string, std::string> each;  // that for all under ""
  for (const std::string& text : given) {
    const std::string service = ServiceBefore(text);
    const std::string url = service.empty() ? text : text.substr(service.size() + 1);
    RETURN_IF_ERROR(CheckTarget(url));
    if (!service.empty() && !absl::c_linear_search(services, service)) {
      return UsageError(absl::StrCat(
          "--to: ", service, " is not moved; those that are: ", absl::StrJoin(services, ", ")));
    }
    if (!each.insert({service, url}).second) {
      return UsageError(
          absl::StrCat("--to: is given twice for ", service.empty() ? "all services" : service));
    }
  }
  std::map<std::string, std::string> targets;
  for (const std::string& service : services) {
    const auto own = each.find(service);
    const auto found = own == each.end() ? each.find("") : own;
    if (found == each.end()) {
      return UsageError(absl::StrCat("--to: says nothing of ", service, "; ", kAcceptedTargets));
    }
    targets[service] = absl::StrReplaceAll(found->second, {{kServiceMark, service}});
    for (const std::string& before : services) {
      if (before == service) break;
      if (targets[before] != targets[service]) continue;
      return UsageError(absl::StrCat("--to: ", before, " and ", service,
                                     " would be in one database, and each needs its own; ",
                                     kAcceptedTargets));
    }
  }
  return targets;
}

}  // namespace critac::cli
