#include "common/queue/redis/redis_sweep.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::queue::redis {
namespace {

constexpr int kPage = 2000;

// How the state of a job that nobody holds begins.
constexpr absl::string_view kNobody = "0000000000000000";

using Ids = absl::flat_hash_set<std::string>;

// Places in the keys of a queue: scripts/lines.lua.
constexpr size_t kJobs = 0;
constexpr size_t kState = 1;
constexpr size_t kLeased = 5;
constexpr size_t kSortedLines[] = {4, 5, 6};
constexpr size_t kReadyLines[] = {8, 9, 10};

// Adds the fields of a hash, or the members of a sorted set, page by page; each page alternates
// them with values.
absl::Status Scan(Link& link, absl::string_view command, const std::string& key, Ids& ids) {
  std::string cursor = "0";
  do {
    ASSIGN_OR_RETURN(const Reply reply,
                     link.Ask({command, key, cursor, "COUNT", absl::StrCat(kPage)}));
    const Value page = reply.value();
    for (size_t i = 0; i < page[1].size(); i += 2) ids.insert(std::string(page[1][i].text()));
    cursor = std::string(page[0].text());
  } while (cursor != "0");
  return absl::OkStatus();
}

// Adds the elements of a list, from its end to its beginning: jobs are taken from the beginning, so
// that none is passed over because others before it left. Those met twice go to `orphans`.
absl::Status ReadList(Link& link, const std::string& key, Ids& ids, Ids& orphans) {
  for (int64_t end = -1;; end -= kPage) {
    ASSIGN_OR_RETURN(const Reply reply,
                     link.Ask({"LRANGE", key, absl::StrCat(end - kPage + 1), absl::StrCat(end)}));
    const Value page = reply.value();
    for (size_t i = 0; i < page.size(); ++i) {
      if (!ids.insert(std::string(page[i].text())).second) orphans.emplace(page[i].text());
    }
    if (page.size() < kPage) return absl::OkStatus();
  }
}

// Adds those in the line of leases whose state names no holder: nobody can end such a lease.
absl::Status FindUnheld(Link& link, absl::Span<const std::string> keys, Ids& orphans) {
  Ids leased;
  RETURN_IF_ERROR(Scan(link, "ZSCAN", keys[kLeased], leased));
  const std::vector<absl::string_view> ids(leased.begin(), leased.end());
  for (size_t first = 0; first < ids.size(); first += kPage) {
    const auto page = absl::MakeConstSpan(ids).subspan(first, kPage);
    std::vector<absl::string_view> words = {"HMGET", keys[kState]};
    words.insert(words.end(), page.begin(), page.end());
    ASSIGN_OR_RETURN(const Reply reply, link.Ask(words));
    for (size_t i = 0; i < page.size(); ++i) {
      const absl::string_view state = reply.value()[i].text();
      if (state.empty() || absl::StartsWith(state, kNobody)) orphans.emplace(page[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindOrphans(Link& link,
                                                     absl::Span<const std::string> keys) {
  Ids in_lines;
  Ids orphans;
  for (const size_t line : kReadyLines) {
    RETURN_IF_ERROR(ReadList(link, keys[line], in_lines, orphans));
  }
  for (const size_t line : kSortedLines) {
    // A scan may name one twice that is there once.
    Ids in_line;
    RETURN_IF_ERROR(Scan(link, "ZSCAN", keys[line], in_line));
    for (const std::string& id : in_line) {
      if (!in_lines.insert(id).second) orphans.insert(id);
    }
  }
  Ids jobs;
  RETURN_IF_ERROR(Scan(link, "HSCAN", keys[kJobs], jobs));
  for (const std::string& id : jobs) {
    if (!in_lines.contains(id)) orphans.insert(id);
  }
  for (const std::string& id : in_lines) {
    if (!jobs.contains(id)) orphans.insert(id);
  }
  RETURN_IF_ERROR(FindUnheld(link, keys, orphans));
  return std::vector<std::string>(orphans.begin(), orphans.end());
}

}  // namespace critac::queue::redis
