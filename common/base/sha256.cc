#include "common/base/sha256.h"

#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"

namespace critac {

namespace {

// OpenSSL looks an algorithm up by its name, which takes longer than to hash a short text; so it is
// looked up once, and each thread keeps a context.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

struct Context {
  Context() : context(EVP_MD_CTX_new()) {}
  ~Context() { EVP_MD_CTX_free(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* const context;
};

[[noreturn]] void AbortWithoutSha256() {
  std::fputs("sha256: OpenSSL has no SHA-256\n", stderr);
  std::abort();
}

std::string HexOf(const std::array<uint8_t, 32>& digest) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace

std::array<uint8_t, 32> Sha256(absl::string_view text) {
  thread_local const Context own;
  std::array<uint8_t, 32> digest;
  if (EVP_DigestInit_ex2(own.context, Algorithm(), nullptr) != 1 ||
      EVP_DigestUpdate(own.context, text.data(), text.size()) != 1 ||
      EVP_DigestFinal_ex(own.context, digest.data(), nullptr) != 1) {
    AbortWithoutSha256();
  }
  return digest;
}

std::string Sha256Hex(absl::string_view text) { return HexOf(Sha256(text)); }

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  if (EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), Algorithm(), nullptr) != 1) {
    AbortWithoutSha256();
  }
}

Sha256Stream::~Sha256Stream() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256Stream::Add(absl::string_view piece) {
  if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), piece.data(), piece.size()) != 1) {
    AbortWithoutSha256();
  }
}

std::string Sha256Stream::Hex() {
  std::array<uint8_t, 32> digest;
  if (EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr) != 1) {
    AbortWithoutSha256();
  }
  return HexOf(digest);
}

}  // namespace critac
