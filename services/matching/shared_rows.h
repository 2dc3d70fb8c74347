#ifndef SERVICES_MATCHING_SHARED_ROWS_H_
#define SERVICES_MATCHING_SHARED_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace critac::matching {

// Rows by number, in chunks that copies share: to copy all takes a pointer for each chunk, and to change a row of a
// copy takes a copy of the row's chunk, the first time. Reading is safe from any number of threads. Whatever shares
// chunks with rows that are being changed must last until they are not any more.
template <typename T, size_t kChunkRows = 256>
class SharedRows {
 public:
  class Iterator {
   public:
    Iterator(const SharedRows& rows, size_t at) : rows_(&rows), at_(at) {}
    const T& operator*() const { return (*rows_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const SharedRows* rows_;
    size_t at_;
  };

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](size_t row) const { return first_[row / kChunkRows][row % kChunkRows]; }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size_}; }

  // Rows that are going to be added, together with those that are there: a chunk takes no more memory than for these.
  void Reserve(size_t count) { reserved_ = count; }

  void Add(T row) {
    const size_t at = size_ / kChunkRows;
    if (at == chunks_.size()) {
      chunks_.push_back(std::make_shared<std::vector<T>>());
      chunks_.back()->reserve(std::min(kChunkRows, std::max(reserved_, size_ + 1) - size_));
      first_.push_back(nullptr);
    }
    std::vector<T>& chunk = Own(at);
    chunk.push_back(std::move(row));
    first_[at] = chunk.data();
    ++size_;
  }

  // The row, to be changed. No copy sees it.
  T& Mutable(size_t row) { return Own(row / kChunkRows)[row % kChunkRows]; }

 private:
  // The chunk, which nobody else has.
  std::vector<T>& Own(size_t at) {
    std::shared_ptr<std::vector<T>>& chunk = chunks_[at];
    if (chunk.use_count() > 1) {
      chunk = std::make_shared<std::vector<T>>(*chunk);
      first_[at] = chunk->data();
    }
    return *chunk;
  }

  std::vector<std::shared_ptr<std::vector<T>>> chunks_;
  // Where the rows of each chunk begin, so that a row is two steps away.
  std::vector<const T*> first_;
  size_t size_ = 0;
  size_t reserved_ = 0;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SHARED_ROWS_H_
