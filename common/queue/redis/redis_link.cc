#include "common/queue/redis/redis_link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/queue/backoff.h"
#include "common/status/error.h"

namespace critac::queue::redis {
namespace {

// How often a call is made again at once. A cluster that is changed points back and forth for a
// moment: who follows it further waits in between.
constexpr int kMostAtOnce = 3;

absl::Status Unavailable(absl::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "QUEUE_UNAVAILABLE", why)
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

// An error of the server's, as callers see it. Addresses stay inside.
absl::Status Refused(absl::string_view error) {
  const absl::string_view code = error.substr(0, error.find(' '));
  if (code == "OOM" || code == "MISCONF" || code == "READONLY" || code == "NOREPLICAS") {
    return Unavailable(absl::StrCat("Redis refuses writes: ", error));
  }
  // A server that wants a password reads only short commands of those who gave none.
  if (code == "NOAUTH" || code == "WRONGPASS" || code == "NOPERM" ||
      absl::StrContains(error, "Protocol error: unauthenticated")) {
    return Unavailable(absl::StrCat("Redis refuses the user: ", error));
  }
  if (code == "MOVED" || code == "ASK") return Unavailable("Redis Cluster moves the queue's keys");
  return Unavailable(absl::StrCat("Redis: ", error));
}

// The endpoint in "MOVED 3999 127.0.0.1:6381". A server that does not know its own address leaves
// the host out: it is where we are.
std::optional<Endpoint> EndpointIn(absl::string_view error, const Endpoint& here) {
  const std::vector<absl::string_view> words = absl::StrSplit(error, ' ');
  if (words.size() < 3) return std::nullopt;
  const size_t colon = words[2].rfind(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  Endpoint endpoint = {.host = std::string(words[2].substr(0, colon)), .port = 0};
  if (endpoint.host.empty()) endpoint.host = here.host;
  if (!absl::SimpleAtoi(words[2].substr(colon + 1), &endpoint.port)) return std::nullopt;
  return endpoint;
}

std::string ScriptWire(absl::string_view command, absl::string_view script,
                       absl::Span<const std::string> keys,
                       absl::Span<const absl::string_view> arguments) {
  const std::string key_count = absl::StrCat(keys.size());
  std::vector<absl::string_view> words = {command, script, key_count};
  words.reserve(3 + keys.size() + arguments.size());
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return Wire(words);
}

}  // namespace

absl::StatusOr<Reply> Link::Run(const Script& script, absl::Span<const std::string> keys,
                                absl::Span<const absl::string_view> arguments) {
  Call call;
  call.wire = ScriptWire("EVALSHA", script.sha1, keys, arguments);
  call.with_text = [&] { return ScriptWire("EVAL", script.text, keys, arguments); };
  call.repeatable = script.repeatable;
  return Make(call);
}

absl::StatusOr<Reply> Link::Ask(absl::Span<const absl::string_view> words) {
  Call call;
  call.wire = Wire(words);
  call.repeatable = true;
  return Make(call);
}

absl::StatusOr<Reply> Link::Make(Call& call) {
  together_.Do(call, 1, [this](int /*lane*/, absl::Span<Call* const> calls) { MakeAll(calls); });
  return std::move(call.result);
}

void Link::MakeAll(absl::Span<Call* const> all) {
  std::vector<Call*> calls(all.begin(), all.end());
  const absl::Time began = clock_.Now();
  // Who finds the server down for longer than the patience does not wait for it once more.
  const bool is_down = began - down_since_ > options_.patience;
  const absl::Time deadline = is_down ? began : began + options_.patience;
  int failures = 0;
  for (int tries = 1; !calls.empty(); ++tries) {
    const absl::Status prepared = Prepare();
    bool waits = !prepared.ok();
    if (prepared.ok()) {
      calls = Exchange(calls, waits);
    } else {
      for (Call* const call : calls) call->result = prepared;
    }
    if (calls.empty()) return;
    waits = waits || tries > kMostAtOnce;
    if (waits && !WaitBeforeNextTry(++failures, deadline)) return;
  }
}

// A connection that can be used.
absl::Status Link::Prepare() {
  // A server that hung and is back may not know yet that another took over.
  if (connection_ != nullptr && (connection_->IsStale() || route_.generation() != generation_)) {
    connection_.reset();
  }
  if (connection_ != nullptr) return absl::OkStatus();
  generation_ = route_.generation();
  absl::StatusOr<std::unique_ptr<Connection>> connection = route_.Connect();
  if (connection.ok()) {
    connection_ = *std::move(connection);
    down_since_ = absl::InfiniteFuture();
    return absl::OkStatus();
  }
  route_.Suspect();
  down_since_ = std::min(down_since_, clock_.Now());
  return Unavailable(absl::StrCat("Redis cannot be reached: ", connection.status().message()));
}

std::vector<Link::Call*> Link::Exchange(const std::vector<Call*>& calls, bool& waits) {
  std::vector<Call*> again;
  const Endpoint here = connection_->endpoint();
  absl::Status status;
  for (Call* const call : calls) status.Update(connection_->Append(call->wire));
  if (status.ok()) status = connection_->Send();
  if (!status.ok()) {
    Broken(calls, status, again, waits);
    return again;
  }
  std::vector<std::pair<Call*, std::string>> elsewhere;
  bool moved = false;
  for (size_t i = 0; i < calls.size(); ++i) {
    absl::StatusOr<Reply> reply = connection_->Read();
    if (!reply.ok()) {
      Broken(absl::MakeConstSpan(calls).subspan(i), reply.status(), again, waits);
      break;
    }
    const std::string error(reply->value().is_error() ? reply->value().text() : "");
    switch (Look(*calls[i], *std::move(reply), here)) {
      case Next::kDone:
        break;
      case Next::kSendText:
        calls[i]->wire = calls[i]->with_text();
        again.push_back(calls[i]);
        break;
      case Next::kSendAgain:
        again.push_back(calls[i]);
        moved = true;
        break;
      case Next::kAskElsewhere:
        elsewhere.emplace_back(calls[i], error);
        break;
      case Next::kWait:
        again.push_back(calls[i]);
        waits = true;
        break;
    }
  }
  for (const auto& [call, error] : elsewhere) {
    const Next next = AskElsewhere(*call, error, here);
    if (next == Next::kDone) continue;
    again.push_back(call);
    (next == Next::kSendAgain ? moved : waits) = true;
  }
  if (waits || moved) connection_.reset();
  return again;
}

// The connection is of no use any more, and `calls` have no replies.
void Link::Broken(absl::Span<Call* const> calls, const absl::Status& why, std::vector<Call*>& again,
                  bool& waits) {
  connection_.reset();
  route_.Suspect();
  waits = true;
  for (Call* const call : calls) {
    call->result =
        Unavailable(absl::StrCat("it is not known whether the call took effect: ", why.message()));
    if (call->repeatable) again.push_back(call);
  }
}

Link::Next Link::Look(Call& call, Reply reply, const Endpoint& here) {
  if (!reply.value().is_error()) {
    call.result = std::move(reply);
    return Next::kDone;
  }
  const std::string error(reply.value().text());
  call.result = Refused(error);
  if (absl::StartsWith(error, "NOSCRIPT")) {
    return call.with_text != nullptr ? Next::kSendText : Next::kDone;
  }
  if (absl::StartsWith(error, "MOVED ")) {
    const std::optional<Endpoint> where = EndpointIn(error, here);
    if (!where.has_value()) return Next::kDone;
    route_.Moved(*where);
    return Next::kSendAgain;
  }
  if (absl::StartsWith(error, "ASK ")) return Next::kAskElsewhere;
  if (absl::StartsWith(error, "READONLY")) {
    if (!route_.can_change()) return Next::kDone;
    route_.Suspect();
    return Next::kWait;
  }
  if (absl::StartsWith(error, "LOADING") || absl::StartsWith(error, "TRYAGAIN") ||
      absl::StartsWith(error, "MASTERDOWN") || absl::StartsWith(error, "BUSY ")) {
    return Next::kWait;
  }
  if (absl::StartsWith(error, "CLUSTERDOWN")) {
    route_.Suspect();
    return Next::kWait;
  }
  return Next::kDone;
}

// While keys are on their way from one node to another, the old one sends some calls to the new one,
// each once.
Link::Next Link::AskElsewhere(Call& call, absl::string_view where, const Endpoint& here) {
  const std::optional<Endpoint> endpoint = EndpointIn(where, here);
  if (!endpoint.has_value()) return Next::kDone;
  absl::StatusOr<std::unique_ptr<Connection>> other = route_.ConnectTo(*endpoint);
  if (!other.ok()) {
    call.result = Unavailable(other.status().message());
    return Next::kWait;
  }
  const std::string wire = call.with_text != nullptr ? call.with_text() : call.wire;
  absl::Status status = (*other)->Append(Wire({"ASKING"}));
  if (status.ok()) status = (*other)->Append(wire);
  if (status.ok()) status = (*other)->Send();
  absl::StatusOr<Reply> reply = absl::UnavailableError("not sent");
  for (int i = 0; i < 2 && status.ok(); ++i) {
    reply = (*other)->Read();
    status = reply.status();
  }
  if (!status.ok()) {
    call.result = Unavailable(
        absl::StrCat("it is not known whether the call took effect: ", status.message()));
    return call.repeatable ? Next::kWait : Next::kDone;
  }
  // A node that has only some of the keys yet says TRYAGAIN.
  const Next next = Look(call, *std::move(reply), *endpoint);
  return next == Next::kAskElsewhere ? Next::kWait : next;
}

// Whether to try once more.
bool Link::WaitBeforeNextTry(int failures, absl::Time deadline) {
  const absl::Time next = clock_.Now() + Backoff(options_.first_backoff, options_.max_backoff,
                                                 failures, ids_.NextBits());
  if (next >= deadline) return false;
  clock_.WaitUntil(next);
  return true;
}

}  // namespace critac::queue::redis
