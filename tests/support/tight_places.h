#ifndef TESTS_SUPPORT_TIGHT_PLACES_H_
#define TESTS_SUPPORT_TIGHT_PLACES_H_

#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace critac::testing {

// Gives up the rights of root for good, where the process has them, so that permissions hold for
// it. For a child process.
inline void BecomeNobody() {
  if (geteuid() != 0) return;
  constexpr unsigned kNobody = 65534;
  if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(1);
}

// A disk of 16 megabytes, in memory; not there where the process may not mount.
class SmallDisk {
 public:
  SmallDisk() { mounted_ = mount("none", folder_.path().c_str(), "tmpfs", 0, "size=16m") == 0; }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& path() const { return folder_.path(); }
  std::string file(const std::string& name) const { return folder_.file(name); }

  // Leaves `left` bytes free, to a few pages.
  void Fill(uint64_t left = 0) const {
    std::FILE* const file = std::fopen(folder_.file("filler").c_str(), "w");
    const std::string page(4096, 'x');
    while (FreeBytes() > left && std::fwrite(page.data(), 1, page.size(), file) == page.size() &&
           std::fflush(file) == 0) {
    }
    std::fclose(file);
  }
  // Frees what Fill took.
  void Free() const { std::filesystem::remove(folder_.file("filler")); }

 private:
  uint64_t FreeBytes() const { return std::filesystem::space(folder_.path()).available; }

  TempFolder folder_;
  bool mounted_ = false;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_TIGHT_PLACES_H_
