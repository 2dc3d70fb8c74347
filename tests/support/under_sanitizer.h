#ifndef TESTS_SUPPORT_UNDER_SANITIZER_H_
#define TESTS_SUPPORT_UNDER_SANITIZER_H_

namespace critac::testing {

// Whether this is built with AddressSanitizer or ThreadSanitizer, under which computing takes five to ten times as
// long. There a test of a large size, or of very many random inputs, may do with fewer that go the same ways through
// the code; the builds without have them all.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kUnderSanitizer = true;
#else
inline constexpr bool kUnderSanitizer = false;
#endif

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_UNDER_SANITIZER_H_
