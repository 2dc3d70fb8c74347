#include "services/metrics/measure_filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"

namespace critac::metrics {
namespace {

constexpr int kMaxDepth = 10;
constexpr int kMaxComparisons = 50;

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/' || c == '-' ||
         c == '.';
}

}  // namespace

// Recursive descent over the text:
//   conjunction = disjunction { AND disjunction }
//   disjunction = factor { OR factor }
//   factor      = [ NOT | - ] ( "(" conjunction ")" | name ("=" | "!=") value )
class MeasureFilterParser {
 public:
  MeasureFilterParser(absl::string_view text, absl::Span<const v1::Dimension> dimensions)
      : text_(text), dimensions_(dimensions) {}

  absl::StatusOr<MeasureFilter> Parse() {
    SkipSpace();
    if (AtEnd()) return std::move(filter_);
    RETURN_IF_ERROR(Conjunction(1));
    if (!AtEnd()) return Problem("AND, OR or the end is expected");
    return std::move(filter_);
  }

 private:
  using Kind = MeasureFilter::Node::Kind;

  absl::Status Conjunction(int depth) {
    if (depth > kMaxDepth) return Problem(absl::StrCat("nested more than ", kMaxDepth, " deep"));
    RETURN_IF_ERROR(Disjunction(depth));
    while (TakeKeyword("AND")) {
      RETURN_IF_ERROR(Disjunction(depth));
      Push({Kind::kAnd});
    }
    return absl::OkStatus();
  }

  absl::Status Disjunction(int depth) {
    RETURN_IF_ERROR(Factor(depth));
    while (TakeKeyword("OR")) {
      RETURN_IF_ERROR(Factor(depth));
      Push({Kind::kOr});
    }
    return absl::OkStatus();
  }

  absl::Status Factor(int depth) {
    const bool negated = TakeKeyword("NOT") || TakeSymbol("-");
    if (TakeSymbol("(")) {
      RETURN_IF_ERROR(Conjunction(depth + 1));
      if (!TakeSymbol(")")) return Problem("`)` is expected");
    } else {
      RETURN_IF_ERROR(Comparison());
    }
    if (negated) Push({Kind::kNot});
    return absl::OkStatus();
  }

  absl::Status Comparison() {
    if (++comparisons_ > kMaxComparisons) {
      return Problem(absl::StrCat("more than ", kMaxComparisons, " comparisons"));
    }
    ASSIGN_OR_RETURN(const v1::Dimension dimension, Name());
    const bool unequal = TakeSymbol("!=");
    if (!unequal && !TakeSymbol("=")) return Problem("`=` or `!=` is expected");
    ASSIGN_OR_RETURN(std::string value, Value(dimension));
    Push({Kind::kEquals, dimension, std::move(value)});
    if (unequal) Push({Kind::kNot});
    return absl::OkStatus();
  }

  absl::StatusOr<v1::Dimension> Name() {
    const size_t begin = position_;
    const std::string word = TakeWord();
    std::vector<std::string> names;
    for (const v1::Dimension dimension : dimensions_) {
      names.push_back(DimensionName(dimension));
      if (names.back() == word) return dimension;
    }
    position_ = begin;
    return Problem(absl::StrCat(word.empty() ? "a dimension is expected"
                                             : absl::StrCat("`", word, "` is no dimension of it"),
                                "; it has ", absl::StrJoin(names, ", ")));
  }

  absl::StatusOr<std::string> Value(v1::Dimension dimension) {
    const size_t begin = position_;
    std::string value;
    if (!AtEnd() && text_[position_] == '"') {
      ASSIGN_OR_RETURN(value, Quoted());
    } else {
      value = TakeWord();
      if (value.empty()) return Problem("a value is expected");
    }
    const std::vector<std::string> accepted = AcceptedValues(dimension);
    if (!accepted.empty() && std::find(accepted.begin(), accepted.end(), value) == accepted.end()) {
      position_ = begin;
      return Problem(absl::StrCat("`", value, "` is no ", DimensionName(dimension), "; there are ",
                                  absl::StrJoin(accepted, ", ")));
    }
    return value;
  }

  absl::StatusOr<std::string> Quoted() {
    std::string value;
    for (++position_; !AtEnd(); ++position_) {
      if (text_[position_] == '"') {
        ++position_;
        SkipSpace();
        return value;
      }
      if (text_[position_] == '\\') ++position_;
      if (!AtEnd()) value.push_back(text_[position_]);
    }
    return Problem("the closing `\"` is missing");
  }

  std::string TakeWord() {
    const size_t begin = position_;
    while (!AtEnd() && IsWordCharacter(text_[position_])) ++position_;
    std::string word(text_.substr(begin, position_ - begin));
    SkipSpace();
    return word;
  }

  bool TakeKeyword(absl::string_view keyword) {
    const size_t begin = position_;
    if (TakeWord() == keyword) return true;
    position_ = begin;
    return false;
  }

  bool TakeSymbol(absl::string_view symbol) {
    if (text_.substr(position_, symbol.size()) != symbol) return false;
    position_ += symbol.size();
    SkipSpace();
    return true;
  }

  bool AtEnd() const { return position_ >= text_.size(); }

  void SkipSpace() {
    while (!AtEnd() && absl::ascii_isspace(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
  }

  void Push(MeasureFilter::Node node) { filter_.nodes_.push_back(std::move(node)); }

  absl::Status Problem(absl::string_view what) const {
    return InvalidField(
        "filter", absl::StrCat("at character ", std::min(position_, text_.size()) + 1, ": ", what));
  }

  const absl::string_view text_;
  const absl::Span<const v1::Dimension> dimensions_;
  size_t position_ = 0;
  int comparisons_ = 0;
  MeasureFilter filter_;
};

absl::StatusOr<MeasureFilter> MeasureFilter::Parse(absl::string_view text,
                                                   absl::Span<const v1::Dimension> dimensions) {
  return MeasureFilterParser(text, dimensions).Parse();
}

bool MeasureFilter::Passes(const DimensionValues& values) const {
  if (nodes_.empty()) return true;
  std::vector<bool> stack;
  const auto pop = [&stack] {
    const bool top = stack.back();
    stack.pop_back();
    return top;
  };
  for (const Node& node : nodes_) {
    switch (node.kind) {
      case Node::Kind::kEquals: {
        const std::vector<std::string>& has = values[node.dimension];
        stack.push_back(has.empty() ? node.value == kUnknownValue
                                    : std::find(has.begin(), has.end(), node.value) != has.end());
        break;
      }
      case Node::Kind::kNot:
        stack.back() = !stack.back();
        break;
      case Node::Kind::kAnd: {
        const bool right = pop();
        stack.back() = stack.back() && right;
        break;
      }
      case Node::Kind::kOr: {
        const bool right = pop();
        stack.back() = stack.back() || right;
        break;
      }
    }
  }
  return stack.back();
}

}  // namespace critac::metrics
