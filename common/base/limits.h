#ifndef COMMON_BASE_LIMITS_H_
#define COMMON_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every limit of the suite that a field's own rules do not set, with its reason.
namespace critac::limits {

// Largest message that a server takes, bytes. An import of 1,000 agencies with all fields is about 600 KiB;
// gRPC's own default.
inline constexpr int kMessageBytes = 4 << 20;

// Largest content of an event, bytes of JSON. The largest there is says what a solve did, 250 to 400 bytes a slot: of
// 40,000 slots at once, far beyond any program. Past it nobody could read the journal on, so none is written.
inline constexpr int64_t kEventBytes = 16 << 20;

// Largest content of a run's event that has the cases by which its plan is proved, bytes of JSON: ten bytes for each
// slot in each case, so half a MiB for 180 cases of 300 slots. Past it the run is recorded without its cases. By it
// no message of a certificate, which has a whole case at least, comes near kAnswerBytes either.
inline constexpr int64_t kRunWithCasesBytes = 4 << 20;

// Largest message that a server sends and a client takes from it, bytes: the largest event, with what is around it.
inline constexpr int kAnswerBytes = kEventBytes + (1 << 20);

// Longest string of a field without a limit of its own, characters. A paragraph, not a document.
inline constexpr uint32_t kStringCharacters = 1000;

// Most entries of a list without a limit of its own.
inline constexpr uint32_t kListItems = 1000;

// Deepest nesting of messages that validation follows. Our own go six deep.
inline constexpr int kMessageDepth = 16;

// Most field violations listed in one error: enough to mend a form, and a bounded answer to a
// hostile one.
inline constexpr int kViolations = 50;

// Page sizes (AIP-158).
inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;

// Bytes of the records of a page: it ends early rather than pass them, so that a thousand long
// records do not make a message that its reader refuses. Leaves kMessageBytes room for what a
// service adds to each.
inline constexpr int64_t kPageBytes = 3 << 20;

// Largest certificate of a plan in an answer that has more in it, bytes. Simulate has two, and both leave kMessageBytes
// the same room as a page does; TryPolicy has up to a hundred, which share kPageBytes with the runs beside them. A year
// of a program takes half a MiB; larger ones are read of runs, in parts.
inline constexpr int64_t kAnswerCertificateBytes = kPageBytes / 2;

// Longest filter of a list, bytes; its parentheses, how deep; its comparisons. Twenty times what a
// person writes, and a condition that a database plans in microseconds.
inline constexpr int kFilterBytes = 8 << 10;
inline constexpr int kFilterDepth = 10;
inline constexpr int kFilterComparisons = 50;

// Free bytes of a disk below which a database on it is not ready to be written to: a full batch of
// the command loop.
inline constexpr uint64_t kSpareDiskBytes = 8 << 20;

// Longest page token, bytes: a few names of the longest kind.
inline constexpr int kPageTokenBytes = 8 << 10;

// Deadline given to a call that came without one, and the most a caller may ask for, where the
// method sets none.
inline constexpr absl::Duration kDefaultCall = absl::Seconds(30);

// Commands that may wait for the command loop. At 64 callers in flight a tenth of it is used; past
// it callers are told to come back, which costs less than a queue nobody sees the end of.
inline constexpr int kWaitingCommands = 4096;

// Commands in one transaction, so that one batch stays in the tens of milliseconds.
inline constexpr int kCommandsPerTransaction = 1024;

// Of these, how many are decided before what they say is on its way to the database.
inline constexpr int kCommandsWrittenTogether = 8;

// How long a decision may take for which all writers of a journal wait (journal::Command::alone): well under the 5 s
// after which those of other processes give up.
inline constexpr absl::Duration kDecidedAlone = absl::Seconds(2);

// JSON text of the states that a command loop remembers between batches; in memory they take some
// five times as much.
inline constexpr int64_t kCachedStateBytes = 4 << 20;

// Records that a process remembers as callers read them, bytes in memory; some thousand requests with their texts.
inline constexpr int64_t kRememberedRecordBytes = 16 << 20;

// Records in memory while all are derived anew from the events, bytes; a process that serves may do so when it starts.
inline constexpr int64_t kDerivedRecordBytes = 32 << 20;

// Threads that read for calls where a database is waited for, and calls that wait for one of them.
inline constexpr int kReadThreads = 32;
inline constexpr int kWaitingReads = 4096;

// Threads that answer calls from records that are remembered, where the database is looked at for all that wait; and
// how many of these go with one look, so that the first do not wait long for the last.
inline constexpr int kRecordReadThreads = 2;
inline constexpr int kReadsAnsweredTogether = 64;

// How long a process that starts waits for a PostgreSQL server that is away, and how long between
// two tries: longer than another server takes to take over.
inline constexpr absl::Duration kDatabaseWait = absl::Minutes(1);
inline constexpr absl::Duration kDatabaseWaitPause = absl::Milliseconds(500);

// How often who waits for others, or derives all records, says that it still does.
inline constexpr absl::Duration kWaitTold = absl::Seconds(10);

// States that are read together where many calls ask for one each.
inline constexpr int kStatesReadTogether = 64;

// States that a command loop reads at once, in the place of those that another process may have changed: those that the
// batch before asked for.
inline constexpr int kStatesReadAhead = 256;

// Events in one message of the journal's feed, and their bytes: well under kMessageBytes, which readers that are not
// ours take. A larger event is in a message of its own.
inline constexpr int kEventsPerMessage = 500;
inline constexpr int64_t kEventBytesPerMessage = 1 << 20;

// Bytes of events, texts or answers that are read or written at a time where all of a journal's are; a larger one comes
// alone. A small part of the memory that a job of the cluster has, and no less than a page of usual events takes.
inline constexpr int64_t kJournalPageBytes = 4 << 20;

// Streams of one process that follow a journal; each holds a thread.
inline constexpr int kFollowers = 64;

// How long a message of a stream that is under way may still take when the process stops: time for
// one that only has to be taken note of, so that its reader learns that it should come back, and a
// small part of kDrain for a reader that takes nothing.
inline constexpr absl::Duration kLastWrite = absl::Seconds(2);

// How often a followed stream without news sends an empty batch, so that both ends learn of a dead
// peer.
inline constexpr absl::Duration kFollowKeepAlive = absl::Seconds(15);

// Jobs of one queue that may wait, leased and delayed included: a hundred years of the real
// program.
inline constexpr int64_t kQueueJobs = 1'000'000;

// Jobs that wait to be taken to a queue which is slow or away; a few seconds of the fastest import.
inline constexpr size_t kUnsentJobs = 10'000;

// Dead jobs kept, by count and by bytes of key and reason; the oldest go first.
inline constexpr int64_t kDeadJobs = 10'000;
inline constexpr int64_t kDeadJobBytes = 16 << 20;

// Longest key of a job, bytes: a name, never a record.
inline constexpr int kJobKeyBytes = 512;

// Longest traceparent kept with a job, bytes: one of W3C has 55, a later version may have more.
inline constexpr int kJobTraceBytes = 128;

// Longest tracestate handed on, bytes: as much as W3C asks everyone to hand on.
inline constexpr int kTraceStateBytes = 512;

// What every queue keeps of a tracestate, bytes. A record in Redis counts the bytes of its trace in one byte: 255, less
// the traceparent and what is between the two.
inline constexpr int kJobTraceStateBytes = 199;

// Longest error kept with a job, bytes.
inline constexpr int kJobErrorBytes = 2000;

// Longest wait that a job may be put in with: it outlives every follow-up of the program.
inline constexpr absl::Duration kJobDelay = absl::Hours(24 * 366);

// Longest lease: past it, whoever holds the job is not missed for too long.
inline constexpr absl::Duration kJobLease = absl::Hours(24);

// Jobs put in by one call, and handed out by one: a batch stays in the tens of milliseconds.
inline constexpr int kEnqueueJobs = 10'000;
inline constexpr int kReserveJobs = 1000;

// Most jobs a second that a queue can be limited to: past it, a limit limits nothing.
inline constexpr int64_t kJobRate = 1'000'000;

// Spans that wait to be handed to a collector which is slow or away: some 4 MiB, and a few seconds of
// the fastest import. Past it they are dropped. How many go in one request, which is some 400 KiB.
inline constexpr size_t kWaitingSpans = 4096;
inline constexpr size_t kSpansPerExport = 512;

// How long a process that stops goes on handing in spans: a small part of what a stop may take.
inline constexpr absl::Duration kSpanFlush = absl::Seconds(2);

// Jobs shown by one call.
inline constexpr int kPeekJobs = 1000;

// How long a process may take to finish what is in hand when asked to stop.
inline constexpr absl::Duration kDrain = absl::Seconds(20);

}  // namespace critac::limits

#endif  // COMMON_BASE_LIMITS_H_
