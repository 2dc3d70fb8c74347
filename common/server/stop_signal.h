#ifndef COMMON_SERVER_STOP_SIGNAL_H_
#define COMMON_SERVER_STOP_SIGNAL_H_

namespace critac::server {

// SIGTERM and SIGINT as something to wait for, for the one thread that runs a process.

// From now on each of these signals ends the process at once, with status 128 + its number: also the
// first process of a container, on which they have no effect otherwise.
void EndAtStopSignals();

// From now on the first of these signals is kept for AwaitStopSignal, and the second ends the
// process at once with status 128 + its number, whatever the process is doing. Called once, and not
// before there is something to stop.
void CatchStopSignals();

// Blocks until a stop signal came; returns its number.
int AwaitStopSignal();

}  // namespace critac::server

#endif  // COMMON_SERVER_STOP_SIGNAL_H_
