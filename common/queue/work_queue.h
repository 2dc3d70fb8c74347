#ifndef COMMON_QUEUE_WORK_QUEUE_H_
#define COMMON_QUEUE_WORK_QUEUE_H_

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/limits.h"

namespace critac::queue {

// Three priorities. A queue hands jobs out in rounds: a round has room for eight high, four normal
// and one low job; within it the higher go first; it ends when no ready job has room left in it. So
// none starves, and no room is left unused.
enum class Priority { kHigh, kNormal, kLow };

// Work to be done. A job carries names, never records: whoever does it reads the record.
struct NewJob {
  // What is to be done, unique in the queue while it is not done: 1 to limits::kJobKeyBytes
  // printable ASCII characters, no space.
  std::string key;
  Priority priority = Priority::kNormal;
  // How long it must wait first, 0 to limits::kJobDelay.
  absl::Duration delay = absl::ZeroDuration();
  // W3C trace of the call that caused it, as ParseTrace gives it: a traceparent of at most
  // limits::kJobTraceBytes and, behind a space, a tracestate of at most limits::kTraceStateBytes. Of
  // one longer than limits::kJobTraceStateBytes a queue may keep only what FitTraceState leaves.
  // Empty: none.
  std::string trace;
  // Derived from the records by a reconciler, which says only that the job should be known. Then a
  // job in hand is not run once more for it, and a dead one comes back only when it was given up
  // RetryPolicy::revive_after ago: what kills its workers is not fed to them again every minute,
  // and what failed because a peer was away for long gets done all the same.
  bool derived = false;
};

// A job in the hands of one worker until `expires`.
struct Lease {
  std::string key;
  // Distinguishes this lease from every earlier and later one of the same job.
  uint64_t token = 0;
  // 1 at the first attempt.
  int attempt = 0;
  // When it runs out: from this moment on the job is no longer this worker's. By the clock of the
  // caller; a queue on another machine errs to the early side.
  absl::Time expires;
  std::string trace;
  // When the job was put in.
  absl::Time enqueued;
};

// What a queue does with jobs that fail.
struct RetryPolicy {
  // Attempts before a job is given up.
  int max_attempts = 10;
  // Wait after the first failure; doubled after each, up to `max_backoff`, plus up to a quarter at
  // random.
  absl::Duration first_backoff = absl::Seconds(1);
  absl::Duration max_backoff = absl::Minutes(5);
  // With this many leases of a job run out, it counts as one that kills its workers and is given
  // up.
  int max_lost_leases = 3;
  // How long a dead job stays dead for derived jobs of the same key.
  absl::Duration revive_after = absl::Hours(1);
};

// How much a queue holds.
struct QueueLimits {
  // Jobs ready, delayed and leased.
  int64_t jobs = limits::kQueueJobs;
  // Dead jobs, and the bytes of their keys and errors; past either, those given up first are
  // forgotten.
  int64_t dead_jobs = limits::kDeadJobs;
  int64_t dead_bytes = limits::kDeadJobBytes;
};

struct QueueStats {
  int64_t ready = 0;
  int64_t delayed = 0;
  int64_t leased = 0;
  int64_t dead = 0;
  // For how long the oldest ready job has been ready; zero where none is.
  absl::Duration oldest_ready = absl::ZeroDuration();
  bool paused = false;
  // As LimitRate set it; 0: no limit.
  int64_t jobs_per_second = 0;
  // Jobs completed since the queue was opened.
  int64_t completed = 0;
};

enum class JobState { kReady, kDelayed, kLeased, kDead };

struct JobInfo {
  std::string key;
  JobState state = JobState::kReady;
  Priority priority = Priority::kNormal;
  // Attempts begun.
  int attempts = 0;
  // When it was put in.
  absl::Time enqueued;
  // Delayed: when it is due. Leased: when the lease runs out. Otherwise absl::InfinitePast().
  absl::Time due;
  // Why the last attempt failed; kept when a dead job is brought back. Empty: none did.
  std::string last_error;
};

// A queue of jobs, at least once. Thread-safe. Every sentence here has a test in the conformance
// suite, which every implementation passes; the end of this file says which.
//
// A job is ready, delayed, leased or dead; a job that is done is forgotten. A delayed job is ready
// from the moment it is due, a leased one from the moment its lease runs out, whether or not anyone
// looks. An attempt counts from when the job is handed out.
//
// Any call may return UNAVAILABLE: the queue cannot be reached or cannot be written to. Then it is
// not known whether the call took effect; it can be made again, and a lease that a call lost on the
// way had ended may then be LEASE_LOST.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;

  virtual absl::string_view name() const = 0;

  // Puts jobs in, all or none; they become ready in the order given. A key that is ready or delayed
  // is left as it is. A key that is leased is put in once more when the run in hand ends, however it
  // ends, because what it was asked for may have changed since that run began; of several such the
  // first counts, and its delay counts from this call. A dead job of the same key comes back to
  // life, with its attempts forgotten. Returns how many were added or brought back by this call.
  // INVALID_ARGUMENT: a key, delay or trace that NewJob does not accept, or more than
  // limits::kEnqueueJobs jobs. RESOURCE_EXHAUSTED, reason QUEUE_FULL: the queue would pass
  // QueueLimits::jobs.
  virtual absl::StatusOr<int64_t> Enqueue(absl::Span<const NewJob> jobs) = 0;

  // Takes up to `max` ready jobs for `lease`; waits up to `wait` for the first, also while the
  // queue is paused. By priority, then those first that have been ready longest; one whose delay is
  // over or whose lease ran out may stand a little further back. Jobs whose lease ran out are taken
  // over, with a new token. Empty: none came in time, `stop` was requested, or Shutdown was called;
  // the last two end the wait at once. More than limits::kReserveJobs counts as that many.
  // INVALID_ARGUMENT: `max` under 1, or `lease` not in 0 to limits::kJobLease, 0 excluded.
  virtual absl::StatusOr<std::vector<Lease>> Reserve(int max, absl::Duration lease,
                                                     absl::Duration wait,
                                                     const std::stop_token& stop) = 0;
  absl::StatusOr<std::vector<Lease>> Reserve(int max, absl::Duration lease, absl::Duration wait) {
    return Reserve(max, lease, wait, std::stop_token());
  }

  // Holds jobs for `duration` from now; their tokens stay. One result for each, in order; one that
  // is refused does not touch the others. ABORTED, reason LEASE_LOST: the job is no longer this
  // worker's. INVALID_ARGUMENT: `duration` not in 0 to limits::kJobLease, 0 excluded.
  virtual std::vector<absl::StatusOr<Lease>> ExtendEach(absl::Span<const Lease> leases,
                                                        absl::Duration duration) = 0;
  absl::StatusOr<Lease> Extend(const Lease& lease, absl::Duration duration) {
    return std::move(ExtendEach(absl::MakeConstSpan(&lease, 1), duration).front());
  }

  // Marks jobs done. One result for each, in order; one that is refused does not touch the others.
  // ABORTED, reason LEASE_LOST: the job is no longer this worker's, and nothing changed.
  virtual std::vector<absl::Status> CompleteEach(absl::Span<const Lease> leases) = 0;
  absl::Status Complete(const Lease& lease) {
    return std::move(CompleteEach(absl::MakeConstSpan(&lease, 1)).front());
  }

  // Says that an attempt failed: the job waits and is tried again, or is given up after the last
  // attempt or where `retry` is false. Of `error`, limits::kJobErrorBytes are kept. ABORTED, reason
  // LEASE_LOST: the job is no longer this worker's, and nothing changed.
  virtual absl::Status Fail(const Lease& lease, absl::string_view error, bool retry) = 0;

  // Gives a job back untried: ready at once, the attempt not counted. ABORTED, reason LEASE_LOST:
  // the job is no longer this worker's, and nothing changed.
  virtual absl::Status Release(const Lease& lease) = 0;

  // No job is handed out until Resume; jobs in hand go on, jobs still come in. Pausing twice is
  // pausing once.
  virtual absl::Status Pause() = 0;
  virtual absl::Status Resume() = 0;

  // Hands out no more than so many jobs a second, to all who take from the queue together, and no
  // more than a second's worth at once; 0: as many as are asked for. Holds until it is set anew.
  // INVALID_ARGUMENT: `jobs_per_second` not in 0 to limits::kJobRate.
  virtual absl::Status LimitRate(int64_t jobs_per_second) = 0;

  virtual absl::StatusOr<QueueStats> Stats() = 0;

  // Shows up to `limit` jobs, at most limits::kPeekJobs, without touching them; of one state, or
  // all. First the leased, by when their lease runs out; then the ready, longest ready first; then
  // the delayed, next due first; then the dead, given up first first. A limit under 1: none.
  virtual absl::StatusOr<std::vector<JobInfo>> Peek(std::optional<JobState> state, int limit) = 0;

  // Brings a dead job back, with its attempts forgotten: it is ready at once. `reason`, unless it is
  // empty, is kept before the job's last error. NOT_FOUND, reason RESOURCE_NOT_FOUND: no dead job of
  // this key. RESOURCE_EXHAUSTED, reason QUEUE_FULL.
  virtual absl::Status Redrive(absl::string_view key, absl::string_view reason) = 0;
  absl::Status Redrive(absl::string_view key) { return Redrive(key, ""); }
  // Brings all dead jobs back, those given up first first, as far as the queue has room; returns
  // how many.
  virtual absl::StatusOr<int64_t> RedriveAll(absl::string_view reason) = 0;
  absl::StatusOr<int64_t> RedriveAll() { return RedriveAll(""); }
  // Forgets all dead jobs; returns how many.
  virtual absl::StatusOr<int64_t> PurgeDead() = 0;

  // Whether jobs can be put in now, for readiness. OK, or why not.
  virtual absl::Status CheckWritable() = 0;

  // Wakes those who wait in Reserve; from now on Reserve hands out nothing and returns at once.
  // Jobs in hand can still be completed, failed and released; jobs still come in.
  virtual void Shutdown() = 0;
};

// ---- Which test holds which sentence ------------------------------------------------------------
//
// Names of tests of WorkQueueConformance (tests/conformance/work_queue). tests/tree_test.py holds
// that each of these is there, and that each of those is here. What becomes of a call whose answer
// is lost on the way depends on the way: common/queue/redis/redis_faults_test.cc tries it.
//
// Priority
// - a round has room for eight high, four normal and one low job
//     ARoundHasRoomForEightHighFourNormalAndOneLow
// - within it the higher go first
//     WithinARoundTheHigherGoFirst
// - it ends when no ready job has room left in it; no room is left unused
//     ARoundEndsWhenNoReadyJobHasRoomLeft
//     NoRoomIsLeftUnused
// - none starves
//     NoPriorityStarvesWhileHigherOnesKeepComing
//
// NewJob
// - what a key may be
//     AKeyOfTheGreatestLengthIsAccepted
//     AKeyMayHaveAnyPrintableAsciiCharacter
//     AKeyThatIsNoNameIsRefused
// - unique while it is not done
//     AKeyTwiceInOneCallIsOneJob
//     AKeyThatIsDoneCanBePutInAgain
//     OfManyWhoPutTheSameKeyInOneAddsIt
// - it waits first for its delay, from zero to the limit
//     AJobIsNotHandedOutBeforeItsDelayIsOver
//     ADelayIsFromZeroToItsLimit
// - its trace comes with it, up to the limit
//     ATraceTravelsWithItsJob
//     ATracestateTravelsWithItsJob
//     OfALongTracestateAtLeastWhatFitsTravelsWithItsJob
//     ATraceThatIsTooLongIsRefused
// - a derived job should be known; it changes nothing about one that is
//     ADerivedJobOfAnUnknownKeyIsAdded
//     ADerivedJobLeavesAKeyThatIsReadyOrDelayedAsItIs
//     ADerivedJobDoesNotRunOnceMoreWhatIsInHand
// - a dead one comes back for it after `revive_after`
//     ADerivedJobLeavesTheDeadDeadUntilTheyWereSoForLong
//
// Lease
// - its token differs from every earlier and later one
//     EachLeaseHasATokenOfItsOwn
//     ALeaseOfAnEarlierJobOfTheSameKeyChangesNothing
// - when it runs out, on the early side
//     ALeaseSaysWhenItRunsOutAndNeverTooLate
// - when the job was put in
//     ALeaseSaysWhenItsJobWasPutIn
//
// RetryPolicy
// - attempts before a job is given up
//     AFailedJobIsGivenUpAfterItsLastAttempt
//     AJobWhoseLastAttemptIsLostIsGivenUp
// - the wait doubles, up to a limit, plus up to a quarter at random
//     TheWaitDoublesUpToItsLimitPlusUpToAQuarter
//     JobsThatFailTogetherDoNotComeBackTogether
// - lost leases before a job counts as one that kills its workers
//     AJobWhoseLeasesRunOutIsGivenUpAsOneThatKillsItsWorkers
//     LostLeasesAreCountedAcrossFailures
//     AReleasedLeaseIsNotALostOne
//
// QueueLimits
// - jobs ready, delayed and leased
//     AQueueTakesNoMoreJobsThanItsLimit
//     AFullQueueAcceptsWhatItKnows
//     DeadJobsTakeNoRoomFromOthers
// - dead jobs, by count and by bytes; those given up first are forgotten
//     OfDeadJobsThoseGivenUpFirstAreForgottenPastTheirCount
//     OfDeadJobsThoseGivenUpFirstAreForgottenPastTheirBytes
//     BytesOfDeadJobsThatComeBackAreFreed
//
// WorkQueue
// - at least once; thread-safe
//     ManyWorkersCompleteEachJobExactlyOnce
//     ManyWorkersThatFailAndVanishCompleteEachJobExactlyOnce
// - ready, delayed, leased or dead; what is done is forgotten
//     PeekShowsEachStateAndLeavesItAsItIs
//     ACompletedJobForgetsItsFailures
// - a job whose lease runs out is ready from that moment, whether or not anyone looks
//     AJobIsTakenOverWhenItsLeaseRanOut
//     AKeyWhoseLeaseRanOutIsLeftAsItIs
// - an attempt counts from when the job is handed out
//     PeekSaysWhatIsKnownOfAJob
// - UNAVAILABLE: the queue cannot be written to
//     AQueueThatCannotBeWrittenToSaysSoAndIsAsItWasAfterwards
// - its name
//     AQueueKnowsItsName
//
// Enqueue
// - puts jobs in
//     AJobPutInIsHandedOut
//     NoJobsAreAccepted
// - all or none
//     AFullQueueTakesAllJobsOfACallOrNone
//     CallsMadeAtOnceAreEachAllOrNone
// - they become ready in the order given
//     JobsOfOneCallBecomeReadyInTheOrderGiven
// - a key that is ready or delayed is left as it is
//     AKeyThatIsReadyIsLeftAsItIs
//     AKeyThatIsDelayedIsLeftAsItIs
// - one that is leased is put in once more when the run in hand ends, however it ends
//     AKeyThatIsLeasedIsRunOnceMoreAfterItIsDone
//     AKeyThatIsLeasedComesBackThoughItsRunIsGivenUp
//     AKeyThatIsLeasedComesBackThoughItsRunKillsItsWorkers
//     ARunThatIsTriedAgainIsTheOtherRun
// - of several such the first counts, and its delay from this call
//     OfSeveralRequestsForAnotherRunTheFirstCounts
//     TheDelayOfAnotherRunCountsFromWhenItWasAskedFor
// - a dead job comes back to life, with its attempts forgotten
//     ADeadJobPutInAgainComesBackToLifeWithItsAttemptsForgotten
//     ADeadJobComesBackWithTheDelayAskedFor
// - no more than limits::kEnqueueJobs jobs
//     ACallPutsInNoMoreThanItsLimit
//
// Reserve
// - up to `max` ready jobs
//     AnEmptyQueueHandsOutNothing
//     NoMoreJobsAreHandedOutThanAskedFor
//     AJobIsInOneHandAtATime
// - waits up to `wait`, for the first only
//     WhoWaitsGetsTheFirstJobThatComes
//     WhoWouldTakeMoreGetsWhatIsThereAtOnce
//     WhoWaitsGetsADelayedJobWhenItIsDue
//     WhoWaitsGetsADelayedJobThatComesWhileItWaits
//     EachOfThoseWhoWaitGetsAJob
//     WhoWaitsInVainGetsNothingWhenTheTimeIsOver
//     ANegativeWaitIsNone
// - also while the queue is paused
//     WhoWaitsWhileAQueueIsPausedGetsItsJobWhenItResumes
//     WhoWaitsWhileAQueueIsPausedWaitsNoLongerThanItMeant
// - those first that have been ready longest
//     ThoseThatHaveBeenReadyLongestGoFirst
// - takes over jobs whose lease ran out
//     WhoWaitsTakesOverAJobWhoseLeaseRunsOut
// - `stop` ends the wait at once
//     WhoWaitsIsLetGoWhenAskedToStop
//     WhoWasAskedToStopGetsNothing
//     StoppingOneOfThoseWhoWaitLeavesTheOthers
// - more than limits::kReserveJobs counts as that many
//     ReservingMoreThanTheLimitIsReservingAsManyAsThat
// - INVALID_ARGUMENT
//     ReservingNoJobIsRefused
//     ALeaseIsLongerThanZeroAndNoLongerThanItsLimit
//
// ExtendEach
// - holds jobs from now; their tokens stay
//     AnExtendedLeaseLastsFromNowAndKeepsItsToken
//     AnExtendedLeaseRunsOutToo
//     ExtendingByLessShortensALease
// - one result for each, in order; one that is refused does not touch the others
//     EachLeaseIsExtendedForItself
// - LEASE_LOST
//     ExtendingAnExpiredLeaseIsRefused
//
// CompleteEach
// - marks jobs done, until the lease runs out
//     AJobCanBeCompletedUntilItsLeaseRunsOut
// - one result for each, in order; one that is refused does not touch the others
//     EachLeaseIsCompletedForItself
//     TheSameLeaseTwiceInOneCallIsCompletedOnce
//     NoLeasesHaveNoResults
// - LEASE_LOST, and nothing changed
//     CompletingWithAnExpiredLeaseIsRefused
//     WhoseJobWasTakenOverChangesNothing
//     AnEndedLeaseChangesNothing
//     ALeaseThatNobodyGaveChangesNothing
//
// Fail
// - the job waits and is tried again
//     AFailedJobWaitsAndIsTriedAgain
// - or is given up, where `retry` is false
//     AJobThatMayNotBeRetriedIsGivenUpAtOnce
// - of `error`, limits::kJobErrorBytes are kept
//     OfAnErrorItsBeginningIsKept
//     AnErrorIsCutBetweenCharacters
// - LEASE_LOST, and nothing changed
//     FailingWithAnExpiredLeaseIsRefused
//
// Release
// - ready at once, the attempt not counted
//     AReleasedJobIsReadyAtOnceAndItsAttemptNotCounted
//     AJobCanBeReleasedAnyNumberOfTimes
// - LEASE_LOST, and nothing changed
//     ReleasingWithAnExpiredLeaseIsRefused
//
// Pause, Resume
// - no job is handed out until Resume
//     APausedQueueHandsOutNothing
// - jobs in hand go on, jobs still come in
//     JobsComeIntoAPausedQueueAndThoseInHandGoOn
// - pausing twice is pausing once
//     PausingTwiceIsPausingOnce
//
// LimitRate
// - no more than so many jobs a second, and no more than a second's worth at once
//     NoMoreJobsAreHandedOutThanTheRateAllows
// - to all who take, until it is set anew
//     ARateHoldsForAllWhoTakeAndUntilItIsLifted
// - who waits gets its job when it may
//     WhoWaitsGetsItsJobWhenTheRateAllows
//     WhoWaitsForTheRateGetsItsJobWhenItIsLifted
// - INVALID_ARGUMENT
//     ARateIsFromZeroToItsLimit
//
// Stats, Peek
// - what a queue holds, and since when
//     ANewQueueIsEmpty
//     TheAgeOfTheOldestReadyJobCountsFromWhenItBecameReady
// - jobs completed
//     CompletedJobsAreCounted
// - up to `limit` jobs, at most limits::kPeekJobs
//     PeekShowsNoMoreThanItsLimit
//     PeekShowsNoMoreThanTheLimitOfACall
//
// Redrive, RedriveAll, PurgeDead
// - ready at once, with its attempts forgotten
//     ADeadJobCanBeBroughtBackWithItsAttemptsForgotten
// - `reason` is kept before the last error
//     AReasonIsKeptBeforeTheErrorOfAJobThatIsBroughtBack
// - NOT_FOUND
//     OnlyADeadJobCanBeBroughtBack
// - QUEUE_FULL
//     AFullQueueBringsNoDeadJobBack
// - all, those given up first first, as far as the queue has room
//     AllDeadJobsCanBeBroughtBack
//     AsManyDeadJobsComeBackAsTheQueueHasRoomFor
// - forgets all dead jobs
//     DeadJobsCanBeForgotten
//
// CheckWritable
// - OK, or why not
//     AQueueThatCanBeWrittenToSaysSo
//
// Shutdown
// - wakes those who wait
//     ShutdownWakesThoseWhoWait
// - Reserve hands out nothing and returns at once
//     AfterShutdownNothingIsHandedOutAndNobodyWaits
// - jobs in hand can end; jobs still come in
//     AfterShutdownJobsInHandCanStillEnd

}  // namespace critac::queue

#endif  // COMMON_QUEUE_WORK_QUEUE_H_
