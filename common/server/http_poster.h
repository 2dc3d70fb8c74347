#ifndef COMMON_SERVER_HTTP_POSTER_H_
#define COMMON_SERVER_HTTP_POSTER_H_

#include <memory>
#include <string>

#include "common/server/otlp.h"

namespace critac::server {

// Hands bodies of JSON to one address by HTTP.
class Poster {
 public:
  virtual ~Poster() = default;

  // Sends, and waits for the answer. Called by one thread.
  virtual OtlpAnswer Post(const std::string& body) = 0;
  // Ends a call of Post at once, and every later one; they get no answer. Any thread may call it.
  virtual void Cancel() = 0;
};

// Sends by libcurl, keeping the connection. An answer is waited for 10 seconds; of its body 64 KiB
// are looked at. No redirection is followed, no proxy used.
class HttpPoster final : public Poster {
 public:
  explicit HttpPoster(std::string url);
  ~HttpPoster() override;

  OtlpAnswer Post(const std::string& body) override;
  void Cancel() override;

 private:
  // Hides libcurl.
  struct Curl;

  const std::string url_;
  const std::unique_ptr<Curl> curl_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_HTTP_POSTER_H_
