#ifndef COMMON_BASE_MAIL_ADDRESS_H_
#define COMMON_BASE_MAIL_ADDRESS_H_

#include <string>

#include "absl/strings/string_view.h"

// E-mail addresses as what a person is known by.
namespace critac {

// An address in the form by which addresses are compared: two addresses with the same form reach
// the same mailbox. Letters lose their case: a host's never has a meaning, and no provider that
// people use gives two mailboxes names that differ by case. Beyond that, only what a provider
// publishes of itself is folded: at Gmail (`gmail.com`, `googlemail.com`) periods and `+tag` mean
// nothing; at outlook.com, hotmail.com, live.com, fastmail.com, proton.me and protonmail.com `+tag`
// means nothing. Elsewhere both may tell two mailboxes apart (RFC 5233 leaves it to the receiver), so
// both stay.
std::string AddressIdentity(absl::string_view address);

// The same without a `+tag`, whoever the provider is: addresses that are alike by it are probably,
// not certainly, one mailbox.
std::string ProbableMailbox(absl::string_view address);

}  // namespace critac

#endif  // COMMON_BASE_MAIL_ADDRESS_H_
