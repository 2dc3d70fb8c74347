#include "common/queue/redis/redis_url.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"

namespace critac::queue::redis {
namespace {

constexpr absl::string_view kForms =
    "accepted: redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], "
    "redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,…]/NAME[/DATABASE], "
    "redis+cluster://[USER:PASSWORD@]HOST[:PORT][,…]";
constexpr int kRedisPort = 6379;
constexpr int kSentinelPort = 26379;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("URL of a Redis: ", what, "; ", kForms));
}

std::optional<std::string> PercentDecoded(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    uint32_t byte = 0;
    const bool is_byte = i + 2 < text.size() &&
                         std::all_of(text.begin() + i + 1, text.begin() + i + 3,
                                     [](char c) { return absl::ascii_isxdigit(c); }) &&
                         absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte);
    if (!is_byte) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text, int default_port) {
  Endpoint endpoint = {.host = "", .port = default_port};
  absl::string_view port;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return Bad("an IPv6 address has no closing bracket");
    endpoint.host = std::string(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return Bad("after `]` comes neither `:` nor the end");
    port = text;
  } else {
    const size_t colon = text.find(':');
    endpoint.host = std::string(text.substr(0, colon));
    if (colon != absl::string_view::npos) port = text.substr(colon);
  }
  if (endpoint.host.empty()) return Bad("a host is empty");
  if (port.empty()) return endpoint;
  port.remove_prefix(1);
  if (!absl::SimpleAtoi(port, &endpoint.port) || endpoint.port < 1 || endpoint.port > 65535) {
    return Bad(absl::StrCat("port `", port, "` is not 1 to 65535"));
  }
  return endpoint;
}

absl::Status ReadLogin(absl::string_view login, Target& target) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(login, absl::MaxSplits(':', 1));
  const std::optional<std::string> user = PercentDecoded(parts.first);
  const std::optional<std::string> password = PercentDecoded(parts.second);
  if (!user.has_value() || !password.has_value()) {
    return Bad("user or password has a `%` without two hexadecimal digits");
  }
  if (password->empty()) return Bad("before `@` there is no password");
  target.user = *user;
  target.password = *password;
  return absl::OkStatus();
}

absl::Status ReadEndpoints(absl::string_view list, Target& target) {
  const int default_port = target.kind == Target::Kind::kSentinel ? kSentinelPort : kRedisPort;
  for (const absl::string_view one : absl::StrSplit(list, ',')) {
    ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(one, default_port));
    target.endpoints.push_back(std::move(endpoint));
  }
  if (target.kind == Target::Kind::kSingle && target.endpoints.size() > 1) {
    return Bad("redis:// takes one host");
  }
  return absl::OkStatus();
}

absl::Status ReadPath(std::vector<std::string> path, Target& target) {
  if (target.kind == Target::Kind::kSentinel) {
    if (path.empty() || path.front().empty()) return Bad("the name of the master is missing");
    target.master = path.front();
    path.erase(path.begin());
  }
  if (path.empty() || (path.size() == 1 && path.front().empty())) return absl::OkStatus();
  if (target.kind == Target::Kind::kCluster)
    return Bad("a cluster has no databases to choose from");
  if (path.size() > 1 || !absl::SimpleAtoi(path.front(), &target.database) || target.database < 0) {
    return Bad(absl::StrCat("database `", path.front(), "` is not a number from 0"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ToString(const Endpoint& endpoint) {
  const bool is_ipv6 = absl::StrContains(endpoint.host, ':');
  return is_ipv6 ? absl::StrCat("[", endpoint.host, "]:", endpoint.port)
                 : absl::StrCat(endpoint.host, ":", endpoint.port);
}

absl::StatusOr<Target> ParseUrl(absl::string_view url) {
  Target target;
  if (absl::ConsumePrefix(&url, "redis+sentinel://")) {
    target.kind = Target::Kind::kSentinel;
  } else if (absl::ConsumePrefix(&url, "redis+cluster://")) {
    target.kind = Target::Kind::kCluster;
  } else if (!absl::ConsumePrefix(&url, "redis://")) {
    return Bad("it begins with no known scheme");
  }
  const size_t at = url.rfind('@');
  if (at != absl::string_view::npos) {
    RETURN_IF_ERROR(ReadLogin(url.substr(0, at), target));
    url.remove_prefix(at + 1);
  }
  std::vector<std::string> parts = absl::StrSplit(url, '/');
  RETURN_IF_ERROR(ReadEndpoints(parts.front(), target));
  parts.erase(parts.begin());
  RETURN_IF_ERROR(ReadPath(std::move(parts), target));
  return target;
}

}  // namespace critac::queue::redis
