#ifndef TESTS_SUPPORT_CHILD_PROCESS_H_
#define TESTS_SUPPORT_CHILD_PROCESS_H_

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::testing {

// "CODE REASON MESSAGE" in one line, for a child to say.
inline std::string InOneLine(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), " ", ReasonOf(status), " ",
                      status.message());
}

// A process forked off this one, which must have no other thread at that moment. `work` runs in it,
// can say things with `say`, one line each, and ends it by returning.
class ChildProcess {
 public:
  using Say = std::function<void(const std::string& line)>;

  explicit ChildProcess(const std::function<void(const Say& say)>& work) {
    int ends[2];
    if (pipe(ends) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // with its parent, however that ends
      close(ends[0]);
      work([&](const std::string& line) {
        const std::string text = line + "\n";
        if (write(ends[1], text.data(), text.size()) < 0) _exit(1);
      });
      _exit(0);
    }
    close(ends[1]);
    out_ = ends[0];
  }
  ~ChildProcess() {
    Kill();
    close(out_);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // The next line it says; empty when it has ended.
  std::string Line() {
    std::string line;
    char c = 0;
    while (read(out_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

  // Ends it as `kill -9` does, and waits until it is gone.
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_CHILD_PROCESS_H_
