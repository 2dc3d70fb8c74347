#include "common/base/mail_address.h"

#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace critac {
namespace {

// Hosts at which `+tag` is known to mean nothing, Gmail apart.
constexpr auto kTagHosts = std::to_array<absl::string_view>(
    {"outlook.com", "hotmail.com", "live.com", "fastmail.com", "proton.me", "protonmail.com"});

struct Address {
  std::string local;
  std::string host;

  std::string Text() const { return host.empty() ? local : absl::StrCat(local, "@", host); }
};

Address Split(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text));
  const size_t at = lower.rfind('@');
  if (at == std::string::npos) return {lower, ""};
  return {lower.substr(0, at), lower.substr(at + 1)};
}

void DropTag(Address& address) {
  const size_t plus = address.local.find('+');
  // A local part that is a tag only is one that nobody knows to read.
  if (plus != std::string::npos && plus > 0) address.local.resize(plus);
}

Address Folded(absl::string_view text) {
  Address address = Split(text);
  if (address.host == "gmail.com" || address.host == "googlemail.com") {
    address.host = "gmail.com";
    DropTag(address);
    absl::StrReplaceAll({{".", ""}}, &address.local);
  } else if (absl::c_linear_search(kTagHosts, address.host)) {
    DropTag(address);
  }
  return address;
}

}  // namespace

std::string AddressIdentity(absl::string_view address) { return Folded(address).Text(); }

std::string ProbableMailbox(absl::string_view address) {
  Address folded = Folded(address);
  DropTag(folded);
  return folded.Text();
}

}  // namespace critac
