#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/memory/memory_work_queue.h"
#include "tests/conformance/work_queue_conformance.h"

namespace critac::queue {
namespace {

class MemoryHarness final : public WorkQueueHarness {
 public:
  std::unique_ptr<WorkQueue> NewQueue(const std::string& name, const RetryPolicy& retry,
                                      const QueueLimits& limits) override {
    return std::make_unique<MemoryWorkQueue>(name, retry, clock_, ids_, limits);
  }
  const Clock& clock() const override { return clock_; }
  void AdvanceTime(absl::Duration duration) override { clock_.Advance(duration); }
  absl::Duration unit() const override { return absl::Seconds(1); }

 private:
  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SeededIdSource ids_{7};
};

INSTANTIATE_TEST_SUITE_P(Memory, WorkQueueConformance,
                         ::testing::Values(WorkQueueBackend{
                             "memory", [] { return std::make_unique<MemoryHarness>(); }}));

}  // namespace
}  // namespace critac::queue
