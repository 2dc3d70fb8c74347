#include "common/server/readiness.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace critac::server {

Readiness::Readiness(std::vector<Service> services, const Clock& clock, OnChange on_change)
    : services_(std::move(services)),
      clock_(clock),
      on_change_(std::move(on_change)),
      statuses_(services_.size(), absl::UnavailableError("the process is starting")) {}

Readiness::~Readiness() { Drain(); }

void Readiness::Start() {
  Ask();
  for (const Answer& answer : Answers()) on_change_(answer.service, answer.status);
  thread_ = std::thread([this] { AskRegularly(); });
}

void Readiness::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

std::vector<Readiness::Answer> Readiness::Answers() const {
  absl::MutexLock lock(&mutex_);
  const absl::Duration silence = clock_.Now() - asked_;
  std::vector<Answer> answers;
  for (size_t i = 0; i < services_.size(); ++i) {
    absl::Status status = statuses_[i];
    if (draining_) {
      status = absl::UnavailableError("the process is stopping");
    } else if (silence > kLongestSilence) {
      status = absl::UnavailableError(
          absl::StrCat("was asked ", absl::FormatDuration(silence), " ago and has not answered"));
    }
    answers.push_back({services_[i].name, std::move(status)});
  }
  return answers;
}

void Readiness::Ask() {
  std::vector<absl::Status> statuses;
  statuses.reserve(services_.size());
  for (const Service& service : services_) statuses.push_back(service.check());
  absl::MutexLock lock(&mutex_);
  statuses_ = std::move(statuses);
  asked_ = clock_.Now();
}

void Readiness::AskRegularly() {
  std::vector<Answer> before = Answers();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const absl::Duration left = asked_ + kInterval - clock_.Now();
      if (clock_.AwaitFor(mutex_, absl::Condition(&draining_), left)) return;
    }
    Ask();
    std::vector<Answer> now = Answers();
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i].status.ok() != before[i].status.ok()) on_change_(now[i].service, now[i].status);
    }
    before = std::move(now);
  }
}

}  // namespace critac::server
