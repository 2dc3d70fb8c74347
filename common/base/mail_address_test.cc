// Which addresses are one, as a table.
#include "common/base/mail_address.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace critac {
namespace {

TEST(AddressIdentity, FoldsWhatIsKnownToMeanNothing) {
  for (const auto& [address, identity] : std::vector<std::pair<std::string, std::string>>{
           {"Ana.Ortiz@FallsPD.gov", "ana.ortiz@fallspd.gov"},
           {" ana@fallspd.gov ", "ana@fallspd.gov"},
           // elsewhere, periods and tags may tell two people apart
           {"anaortiz@fallspd.gov", "anaortiz@fallspd.gov"},
           {"ana+iacp@fallspd.gov", "ana+iacp@fallspd.gov"},
           {"Ana.Ortiz@gmail.com", "anaortiz@gmail.com"},
           {"a.n.a.ortiz+iacp@googlemail.com", "anaortiz@gmail.com"},
           {"ana.ortiz+iacp@outlook.com", "ana.ortiz@outlook.com"},
           {"ana.ortiz@outlook.com", "ana.ortiz@outlook.com"},
           {"ana+a+b@proton.me", "ana@proton.me"},
           {"+ana@proton.me", "+ana@proton.me"},
           {"ana@mail.gmail.com", "ana@mail.gmail.com"},
           {"no address", "no address"},
           {"", ""}}) {
    EXPECT_EQ(AddressIdentity(address), identity) << address;
  }
}

TEST(AddressIdentity, ATagElsewhereIsProbablyNone) {
  EXPECT_EQ(ProbableMailbox("Ana+iacp@fallspd.gov"), "ana@fallspd.gov");
  EXPECT_EQ(ProbableMailbox("a.na+iacp@gmail.com"), "ana@gmail.com");
  EXPECT_EQ(ProbableMailbox("a.na@fallspd.gov"), "a.na@fallspd.gov") << "periods stay";
}

}  // namespace
}  // namespace critac
