#include "common/server/http_poster.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace critac::server {
namespace {

constexpr long kConnectMilliseconds = 5'000;
constexpr long kAnswerMilliseconds = 10'000;
// How long a poll lasts at most; a cancellation ends it sooner.
constexpr int kPollMilliseconds = 1'000;
constexpr size_t kAnswerBytes = 64 << 10;

void InitializeCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// Called by libcurl with a piece of the body. What is too much is not kept.
size_t TakeBody(char* data, size_t size, size_t count, void* answer) {
  std::string& body = static_cast<OtlpAnswer*>(answer)->body;
  body.append(data, std::min(size * count, kAnswerBytes - std::min(kAnswerBytes, body.size())));
  return size * count;
}

// Called by libcurl with a line of the head.
size_t TakeHeader(char* data, size_t size, size_t count, void* answer) {
  constexpr absl::string_view kRetryAfter = "retry-after:";
  const absl::string_view line(data, size * count);
  if (absl::StartsWithIgnoreCase(line, kRetryAfter)) {
    static_cast<OtlpAnswer*>(answer)->retry_after =
        std::string(absl::StripAsciiWhitespace(line.substr(kRetryAfter.size())));
  }
  return size * count;
}

}  // namespace

struct HttpPoster::Curl {
  Curl() {
    InitializeCurl();
    multi = curl_multi_init();
    easy = curl_easy_init();
    headers = curl_slist_append(headers, "Content-Type: application/json");
    // Without it, libcurl would ask before it sends a long body.
    headers = curl_slist_append(headers, "Expect:");
  }
  ~Curl() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
  }

  // Goes on until the transfer ends or is cancelled; how it ended.
  CURLcode Transfer() {
    int running = 1;
    while (running > 0) {
      if (cancelled.load()) return CURLE_ABORTED_BY_CALLBACK;
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (running > 0) curl_multi_poll(multi, nullptr, 0, kPollMilliseconds, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
  }

  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::atomic<bool> cancelled = false;
};

HttpPoster::HttpPoster(std::string url) : url_(std::move(url)), curl_(std::make_unique<Curl>()) {}

HttpPoster::~HttpPoster() = default;

OtlpAnswer HttpPoster::Post(const std::string& body) {
  OtlpAnswer answer;
  CURL* easy = curl_->easy;
  if (easy == nullptr || curl_->multi == nullptr) {
    answer.problem = "libcurl does not start";
    return answer;
  }
  curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "critac");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, curl_->headers);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kAnswerMilliseconds);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name that is being looked up does not hold up the end of the process.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_multi_add_handle(curl_->multi, easy);
  const absl::Cleanup remove = [this, easy] { curl_multi_remove_handle(curl_->multi, easy); };
  if (const CURLcode code = curl_->Transfer(); code != CURLE_OK) {
    // In words of the library that are always the same for the same trouble.
    answer = {};
    answer.problem = curl_easy_strerror(code);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

void HttpPoster::Cancel() {
  curl_->cancelled.store(true);
  if (curl_->multi != nullptr) curl_multi_wakeup(curl_->multi);
}

}  // namespace critac::server
