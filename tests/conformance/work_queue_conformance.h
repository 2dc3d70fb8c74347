#ifndef TESTS_CONFORMANCE_WORK_QUEUE_CONFORMANCE_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_CONFORMANCE_H_

// The conformance suite of WorkQueue (common/queue/work_queue.h): every sentence of the contract
// has a test here, named by it. An implementation writes a harness and instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, WorkQueueConformance,
//                            ::testing::Values(WorkQueueBackend{"memory", MakeMemoryHarness}));
#include "tests/conformance/work_queue/failing.h"
#include "tests/conformance/work_queue/fixture.h"
#include "tests/conformance/work_queue/handing_out.h"
#include "tests/conformance/work_queue/leases.h"
#include "tests/conformance/work_queue/looking.h"
#include "tests/conformance/work_queue/putting_in.h"
#include "tests/conformance/work_queue/threads.h"

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_CONFORMANCE_H_
