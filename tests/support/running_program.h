#ifndef TESTS_SUPPORT_RUNNING_PROGRAM_H_
#define TESTS_SUPPORT_RUNNING_PROGRAM_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace critac::testing {

// A thread that starts programs, as long as this process lives. The kernel takes the end of the
// thread that started a program for the end of its parent, and tests start some from threads that
// end before.
class ProgramStarter {
 public:
  static ProgramStarter& Instance() {
    static ProgramStarter starter;
    return starter;
  }

  // Has `start` called, and returns what it returns.
  pid_t Start(std::function<pid_t()> start) {
    std::packaged_task<pid_t()> task(std::move(start));
    std::future<pid_t> started = task.get_future();
    {
      absl::MutexLock lock(&mutex_);
      waiting_.push_back(std::move(task));
    }
    return started.get();
  }

 private:
  ProgramStarter() : thread_([this] { Run(); }) {}
  ~ProgramStarter() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

  void Run() {
    absl::MutexLock lock(&mutex_);
    const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopping_ || !waiting_.empty();
    };
    for (mutex_.Await(absl::Condition(&something)); !stopping_;
         mutex_.Await(absl::Condition(&something))) {
      waiting_.front()();
      waiting_.pop_front();
    }
  }

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::packaged_task<pid_t()>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// A program started by a test, with pipes to its stdin, stdout and stderr. It is killed with the
// object, and with this process, however that ends. Waits are for lines and for its end, never for a
// time.
class RunningProgram {
 public:
  // `environment` is all the program sees of one.
  RunningProgram(const std::string& path, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment = {}) {
    int in[2];
    int out[2];
    int error[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
      return;
    }
    std::vector<std::string> words = {path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    const Start start = {.path = path.c_str(),
                         .words = Pointers(words),
                         .variables = Pointers(variables),
                         .streams = {in[0], out[1], error[1]}};
    pid_ = ProgramStarter::Instance().Start([&start] { return Fork(start); });
    close(in[0]);
    close(out[1]);
    close(error[1]);
    in_ = in[1];
    out_.fd = out[0];
    error_.fd = error[0];
  }
  ~RunningProgram() {
    Kill();
    CloseStdin();
    StopReading();
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }

  // The next line of stdout, of stderr; empty when there are no more.
  std::string OutLine() { return Line(out_); }
  std::string ErrorLine() { return Line(error_); }
  // Everything that is still to come, until the program ends.
  std::string RestOfOut() { return Rest(out_); }
  std::string RestOfError() { return Rest(error_); }

  // Reads stdout, or stderr, up to a line that holds `text`, and returns that line; empty where
  // there is none.
  std::string OutLineWith(const std::string& text) { return LineWith(out_, text); }
  std::string ErrorLineWith(const std::string& text) { return LineWith(error_, text); }

  // The program cannot say anything any more, so that it does not wait for one who reads it.
  void StopReading() {
    for (Stream* const stream : {&out_, &error_}) {
      if (stream->fd >= 0) close(stream->fd);
      stream->fd = -1;
    }
  }

  // The program reads the end of its stdin.
  void CloseStdin() {
    if (in_ >= 0) close(in_);
    in_ = -1;
  }

  void Signal(int signal) {
    if (pid_ > 0) kill(pid_, signal);
  }

  // Waits for its end. Its exit status, or 128 + the signal that ended it, or 127 where it cannot be
  // started, as a shell says it; -1 where it has ended before.
  int Wait() {
    if (pid_ <= 0) return -1;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  // Ends it as `kill -9` does, and waits until it is gone.
  void Kill() {
    Signal(SIGKILL);
    Wait();
  }

 private:
  // What a new process needs to become the program.
  struct Start {
    const char* path;
    std::vector<char*> words;
    std::vector<char*> variables;
    std::array<int, 3> streams;
  };

  struct Stream {
    int fd = -1;
    std::string buffer;
  };

  // Between fork and exec only calls that may be made in a signal handler: another thread may have
  // held any lock.
  static pid_t Fork(const Start& start) {
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // It may have ended before it could be told so.
    if (getppid() != parent) _exit(127);
    for (int i = 0; i < 3; ++i) dup2(start.streams[i], i);
    execve(start.path, start.words.data(), start.variables.data());
    _exit(127);
  }

  static std::vector<char*> Pointers(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  // Reads some more; false at the end.
  static bool Fill(Stream& stream) {
    char chunk[4096];
    const ssize_t got = read(stream.fd, chunk, sizeof(chunk));
    if (got <= 0) return false;
    stream.buffer.append(chunk, static_cast<size_t>(got));
    return true;
  }
  // Reads until there is a line; false where there is none, at the end.
  static bool FillToLine(Stream& stream) {
    while (stream.buffer.find('\n') == std::string::npos) {
      if (!Fill(stream)) return false;
    }
    return true;
  }
  static std::string Line(Stream& stream) {
    if (!FillToLine(stream)) return std::exchange(stream.buffer, "");
    const size_t end = stream.buffer.find('\n');
    std::string line = stream.buffer.substr(0, end);
    stream.buffer.erase(0, end + 1);
    return line;
  }
  static std::string LineWith(Stream& stream, const std::string& text) {
    while (true) {
      // Lines may be empty; what ends without one is the last.
      const bool has_line = FillToLine(stream);
      const std::string line = Line(stream);
      if (line.find(text) != std::string::npos) return line;
      if (!has_line) return "";
    }
  }
  static std::string Rest(Stream& stream) {
    while (Fill(stream)) {
    }
    return std::exchange(stream.buffer, "");
  }

  pid_t pid_ = 0;
  int in_ = -1;
  Stream out_;
  Stream error_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_RUNNING_PROGRAM_H_
