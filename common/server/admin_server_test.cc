#include "common/server/admin_server.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/server/testing/http_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using ::testing::AllOf;
using testing::AskHttp;
using ::testing::HasSubstr;
using testing::HttpAnswer;
using testing::SendHttp;

Address Loopback(uint16_t port = 0) {
  Address address;
  address.host = "127.0.0.1";
  address.port = port;
  return address;
}

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    AdminPages pages;
    pages["/livez"] = [] { return AdminPage{200, "text/plain", "ok\n"}; };
    pages["/readyz"] = [this] { return AdminPage{ready_ ? 200 : 503, "application/json", "{}\n"}; };
    absl::StatusOr<std::unique_ptr<AdminServer>> server =
        AdminServer::Start(Loopback(), std::move(pages));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::atomic<bool> ready_ = true;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersItsPages) {
  const HttpAnswer answer = AskHttp(server_->address(), "GET", "/livez");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok\n");
  EXPECT_THAT(answer.head,
              AllOf(HasSubstr("Content-Type: text/plain"), HasSubstr("Cache-Control: no-store")));
}

TEST_F(AdminServerTest, APageIsMadeAnewEachTime) {
  EXPECT_EQ(AskHttp(server_->address(), "GET", "/readyz").status, 200);
  ready_ = false;
  EXPECT_EQ(AskHttp(server_->address(), "GET", "/readyz").status, 503);
}

TEST_F(AdminServerTest, HeadGivesNoBody) {
  const HttpAnswer answer = AskHttp(server_->address(), "HEAD", "/livez");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_THAT(answer.head, HasSubstr("Content-Length: 3"));
}

TEST_F(AdminServerTest, AQueryDoesNotMatter) {
  EXPECT_EQ(AskHttp(server_->address(), "GET", "/livez?verbose=1").status, 200);
}

TEST_F(AdminServerTest, AnotherPathIsNotFound) {
  for (const char* path :
       {"/", "/livez/", "/LIVEZ", "/../livez", "/metrics", "/%2e%2e/etc/passwd"}) {
    const HttpAnswer answer = AskHttp(server_->address(), "GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("/livez /readyz"));
  }
}

TEST_F(AdminServerTest, AnotherMethodIsNotAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"}) {
    const HttpAnswer answer = AskHttp(server_->address(), method, "/livez");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_THAT(answer.head, HasSubstr("Allow: GET, HEAD"));
  }
}

TEST_F(AdminServerTest, ABodyIsNotRead) {
  // The body that is announced never comes; the answer does.
  const HttpAnswer answer =
      SendHttp(server_->address(),
               "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nsome");
  EXPECT_EQ(answer.status, 405);
}

TEST_F(AdminServerTest, NonsenseIsAnsweredOrDroppedAndTheNextIsServed) {
  for (const std::string& nonsense :
       {std::string("GET\r\n\r\n"), std::string("GET /livez HTTP/9.9\r\n\r\n"),
        std::string(1000, '\xFF') + "\r\n\r\n",
        "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'b') + "\r\n\r\n"}) {
    EXPECT_NE(SendHttp(server_->address(), nonsense).status, 200) << nonsense.substr(0, 40);
  }
  EXPECT_EQ(AskHttp(server_->address(), "GET", "/livez").status, 200);
}

TEST_F(AdminServerTest, APortInUseIsSaidWithItsAddress) {
  const absl::StatusOr<std::unique_ptr<AdminServer>> second =
      AdminServer::Start(server_->address(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              AllOf(HasSubstr(server_->address().ToString()), HasSubstr("Address already in use")));
}

TEST_F(AdminServerTest, AnAddressOfAnotherMachineIsRefused) {
  Address elsewhere = Loopback();
  elsewhere.host = "192.0.2.1";
  EXPECT_THAT(std::string(AdminServer::Start(elsewhere, {}).status().message()),
              HasSubstr("192.0.2.1:0"));
}

TEST_F(AdminServerTest, AfterItsEndThePortIsFree) {
  const Address address = server_->address();
  EXPECT_EQ(AskHttp(address, "GET", "/livez").status, 200);
  server_.reset();
  EXPECT_EQ(AskHttp(address, "GET", "/livez").status, 0);
  EXPECT_TRUE(AdminServer::Start(address, {}).ok());
}

}  // namespace
}  // namespace critac::server
