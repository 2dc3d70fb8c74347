#include "common/server/readiness.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace critac::server {

Readiness::Readiness(std::vector<Service> services, const Clock& clock, OnChange on_change)
    : services_(std::move(services)),
      clock_(clock),
      on_change_(std::move(on_change)),
      known_(services_.size()) {}

Readiness::~Readiness() { Drain(); }

void Readiness::Start() {
  for (size_t i = 0; i < services_.size(); ++i) Ask(i);
  std::vector<Answer> first;
  absl::Time now;
  {
    absl::MutexLock lock(&mutex_);
    now = clock_.Now();
    first = AnswersAt(now);
  }
  for (const Answer& answer : first) on_change_(answer.service, answer.status);
  threads_.emplace_back([this, first, now] { TellChanges(first, now); });
  for (size_t i = 0; i < services_.size(); ++i) {
    threads_.emplace_back([this, i] { AskRegularly(i); });
  }
}

void Readiness::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::vector<Readiness::Answer> Readiness::Answers() const {
  absl::MutexLock lock(&mutex_);
  return AnswersAt(clock_.Now());
}

std::vector<Readiness::Answer> Readiness::AnswersAt(absl::Time now) const {
  std::vector<Answer> answers;
  for (size_t i = 0; i < services_.size(); ++i) {
    const absl::Duration silence = now - known_[i].asked;
    absl::Status status = known_[i].status;
    if (draining_) {
      status = absl::UnavailableError("the process is stopping");
    } else if (silence > kLongestSilence) {
      status = absl::UnavailableError(
          absl::StrCat("has not answered for ", absl::FormatDuration(silence)));
    }
    answers.push_back({services_[i].name, std::move(status)});
  }
  return answers;
}

void Readiness::Ask(size_t service) {
  absl::Status status = services_[service].check();
  absl::MutexLock lock(&mutex_);
  known_[service] = {std::move(status), clock_.Now()};
  ++answer_count_;
}

void Readiness::AskRegularly(size_t service) {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const absl::Time next = known_[service].asked + kInterval;
      if (clock_.AwaitUntil(mutex_, absl::Condition(&draining_), next)) return;
    }
    Ask(service);
  }
}

absl::Time Readiness::NextSilence(absl::Time told_at) const {
  absl::Time next = absl::InfiniteFuture();
  for (const Known& known : known_) {
    const absl::Time silent = known.asked + kLongestSilence + absl::Nanoseconds(1);
    // What was silent then has been told.
    if (silent > told_at) next = std::min(next, silent);
  }
  return next;
}

void Readiness::TellChanges(std::vector<Answer> told, absl::Time told_at) {
  int64_t seen = 0;
  while (true) {
    std::vector<Answer> answers;
    {
      absl::MutexLock lock(&mutex_);
      const auto news = [this, &seen]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return draining_ || answer_count_ != seen;
      };
      clock_.AwaitUntil(mutex_, absl::Condition(&news), NextSilence(told_at));
      if (draining_) return;
      seen = answer_count_;
      told_at = clock_.Now();
      answers = AnswersAt(told_at);
    }
    for (size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].status.ok() != told[i].status.ok()) {
        on_change_(answers[i].service, answers[i].status);
      }
    }
    told = std::move(answers);
  }
}

}  // namespace critac::server
