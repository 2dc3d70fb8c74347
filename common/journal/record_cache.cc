#include "common/journal/record_cache.h"

#include <utility>

namespace critac::journal {
namespace {

// A name and its place.
constexpr int64_t kRecordEntryBytes = 150;

}  // namespace

Look RecordCache::Place() const {
  absl::MutexLock lock(&mutex_);
  return {head_, moves_};
}

bool RecordCache::Follow(const Look& look) {
  absl::MutexLock lock(&mutex_);
  return look.head == head_ || MoveByExpected(look.head);
}

void RecordCache::Follow(const Look& place, const Look& look,
                         const std::optional<std::vector<std::string>>& changed) {
  absl::MutexLock lock(&mutex_);
  // Where it has moved meanwhile, nobody knows which was first.
  if (place.ticket != moves_ || look.head == head_) return;
  if (changed.has_value()) {
    for (const std::string& name : *changed) Forget(name);
  } else {
    ForgetAll();
  }
  MoveTo(look.head);
}

std::optional<RecordPtr> RecordCache::Find(const Look& look, absl::string_view name) {
  absl::MutexLock lock(&mutex_);
  if (look.head != head_) return std::nullopt;
  if (const auto found = recent_.find(name); found != recent_.end()) {
    return found->second.record;
  }
  const auto found = older_.find(name);
  if (found == older_.end()) return std::nullopt;
  Entry entry = std::move(found->second);
  older_bytes_ -= entry.bytes;
  older_.erase(found);
  RecordPtr record = entry.record;
  Keep(name, std::move(entry));
  return record;
}

void RecordCache::Put(const Look& look, absl::string_view name, RecordPtr record) {
  const int64_t bytes =
      kRecordEntryBytes + (record == nullptr ? 0 : static_cast<int64_t>(record->SpaceUsedLong()));
  absl::MutexLock lock(&mutex_);
  if (look.head != head_) return;
  Forget(name);
  Keep(name, {std::move(record), bytes});
}

void RecordCache::Expect(Mark before, Mark after, std::vector<std::string> changed) {
  absl::MutexLock lock(&mutex_);
  // Where the next one begins, the one before has ended.
  MoveByExpected(before);
  expected_ = Change{std::move(before), std::move(after), std::move(changed)};
}

int64_t RecordCache::bytes() const {
  absl::MutexLock lock(&mutex_);
  return recent_bytes_ + older_bytes_;
}

void RecordCache::MoveTo(const Mark& head) {
  head_ = head;
  ++moves_;
}

bool RecordCache::MoveByExpected(const Mark& head) {
  if (!expected_.has_value() || expected_->before != head_ || expected_->after != head) {
    return false;
  }
  for (const std::string& name : expected_->changed) Forget(name);
  MoveTo(head);
  return true;
}

void RecordCache::Forget(absl::string_view name) {
  if (const auto found = recent_.find(name); found != recent_.end()) {
    recent_bytes_ -= found->second.bytes;
    recent_.erase(found);
  }
  if (const auto found = older_.find(name); found != older_.end()) {
    older_bytes_ -= found->second.bytes;
    older_.erase(found);
  }
}

void RecordCache::ForgetAll() {
  recent_.clear();
  older_.clear();
  recent_bytes_ = 0;
  older_bytes_ = 0;
}

void RecordCache::Keep(absl::string_view name, Entry entry) {
  if (recent_bytes_ + entry.bytes > most_bytes_ / 2) {
    older_ = std::exchange(recent_, {});
    older_bytes_ = std::exchange(recent_bytes_, 0);
  }
  recent_bytes_ += entry.bytes;
  recent_.insert_or_assign(name, std::move(entry));
}

}  // namespace critac::journal
