#include "common/server/stop_signal.h"

#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace critac::server {
namespace {

// What a signal handler may touch: an atomic without a lock, and a semaphore, whose sem_post is
// safe in one.
std::atomic<int> first_signal = 0;
sem_t signalled;
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int signal) {
  const int kept_errno = errno;
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) _exit(128 + signal);
  sem_post(&signalled);
  errno = kept_errno;
}

void EndOnSignal(int signal) { _exit(128 + signal); }

void HandleStopSignals(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  for (const int signal : {SIGTERM, SIGINT}) {
    sigaction(signal, &action, nullptr);
    sigaddset(&stop_signals, signal);
  }
  // Whoever started the process may have blocked them.
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
}

}  // namespace

void EndAtStopSignals() { HandleStopSignals(&EndOnSignal); }

void CatchStopSignals() {
  sem_init(&signalled, /*pshared=*/0, 0);
  HandleStopSignals(&OnSignal);
}

int AwaitStopSignal() {
  while (sem_wait(&signalled) != 0 && errno == EINTR) {
  }
  return first_signal.load();
}

}  // namespace critac::server
