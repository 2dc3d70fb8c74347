#ifndef SERVICES_MATCHING_INTERNER_H_
#define SERVICES_MATCHING_INTERNER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace critac::matching {

// Numbers for texts, from 0 on, in the order in which they come. Copies share the texts that are settled, so that a
// copy takes as long as those that came since are many.
class Interner {
 public:
  // The number of a text, a new one where it has none yet.
  int Number(absl::string_view text) {
    if (settled_ != nullptr) {
      const auto found = settled_->numbers.find(text);
      if (found != settled_->numbers.end()) return found->second;
    }
    const auto [entry, is_new] = later_.numbers.try_emplace(text, size());
    if (is_new) later_.texts.emplace_back(text);
    return entry->second;
  }

  const std::string& TextOf(int number) const {
    return number < settled_size_ ? settled_->texts[number] : later_.texts[number - settled_size_];
  }

  int size() const { return settled_size_ + static_cast<int>(later_.texts.size()); }

  // Once, when most texts are there.
  void Settle() {
    settled_ = std::make_shared<const Texts>(std::exchange(later_, Texts()));
    settled_size_ = static_cast<int>(settled_->texts.size());
  }

 private:
  struct Texts {
    absl::flat_hash_map<std::string, int> numbers;
    std::vector<std::string> texts;
  };

  // Null: none.
  std::shared_ptr<const Texts> settled_;
  int settled_size_ = 0;
  Texts later_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_INTERNER_H_
