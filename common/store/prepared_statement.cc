#include "common/store/prepared_statement.h"

#include <soci/soci-backend.h>

#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/store/sql_text.h"

namespace critac::store {
namespace {

using soci::details::standard_into_type_backend;
using soci::details::standard_use_type_backend;
using soci::details::statement_backend;

// How SOCI is told of a value: where it is, and what it is.
struct Exchange {
  soci::details::exchange_type type;
  const void* data;
};

struct ExchangeOf {
  Exchange operator()(const std::nullptr_t& value) const { return {soci::details::x_char, &value}; }
  Exchange operator()(const int64_t& value) const {
    static_assert(sizeof(long long) == sizeof(int64_t), "SOCI's 64-bit type is long long");
    return {soci::details::x_long_long, &value};
  }
  Exchange operator()(const double& value) const { return {soci::details::x_double, &value}; }
  Exchange operator()(const std::string& value) const {
    return {soci::details::x_stdstring, &value};
  }
  Exchange operator()(const std::string* value) const {
    return {soci::details::x_stdstring, value};
  }
};

bool ChangesRows(absl::string_view sql) {
  sql = absl::StripLeadingAsciiWhitespace(sql);
  for (const absl::string_view verb : {"INSERT", "UPDATE", "DELETE", "WITH"}) {
    if (absl::StartsWithIgnoreCase(sql, verb)) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckTexts(absl::Span<const Value* const> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const auto* text = std::get_if<std::string>(values[i]);
    if (const auto* elsewhere = std::get_if<const std::string*>(values[i])) text = *elsewhere;
    if (text != nullptr && std::memchr(text->data(), 0, text->size()) != nullptr) {
      return Error(absl::StatusCode::kInvalidArgument, "TEXT_WITH_NUL",
                   absl::StrCat(":p", i + 1, " holds a NUL byte, which text must not"))
          .ToStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status WrongCount(absl::string_view what, size_t expected, size_t got) {
  return Error(absl::StatusCode::kInternal, "WRONG_STATEMENT",
               absl::StrCat(what, ": ", expected, " values are expected, ", got, " given"))
      .ToStatus();
}

absl::StatusOr<std::unique_ptr<Session>> Session::Connect(const BackEnd& back_end,
                                                          const std::string& connect_string,
                                                          std::string database) {
  try {
    auto soci = back_end.Connect(connect_string);
    return std::unique_ptr<Session>(new Session{&back_end, std::move(database), std::move(soci)});
  } catch (const std::exception& exception) {
    return back_end.ToStatus(exception, nullptr, database);
  }
}

Session::~Session() = default;

// SOCI's objects. Its functions throw.
class PreparedStatement::Soci {
 public:
  Soci(Session& session, const StatementText& text)
      : session_(session),
        changes_rows_(ChangesRows(text.sql)),
        statement_(session.soci->make_statement_backend()) {
    statement_->alloc();
    statement_->prepare(text.sql, soci::details::st_repeatable_query);
    for (int i = 0; i < text.parameter_count; ++i) {
      parameters_.emplace_back(statement_->make_use_type_backend());
    }
    values_.resize(parameters_.size());
  }

  ~Soci() {
    for (const auto& parameter : parameters_) parameter->clean_up();
    parameters_.clear();
    results_.clear();
    statement_->clean_up();
  }

  bool Run() {
    for (size_t i = 0; i < parameters_.size(); ++i) Hand(static_cast<int>(i) + 1);
    const bool got = Got(statement_->execute(1));
    for (const auto& parameter : parameters_) parameter->post_use(got, nullptr);
    changed_rows_ = changes_rows_ ? statement_->get_affected_rows() : 0;
    if (!got) return false;
    FitColumns();
    Read(false);
    return true;
  }

  bool Next() {
    const bool got = Got(statement_->fetch(1));
    if (got) Read(true);
    return got;
  }

  void End() { session_.back_end->EndResult(*statement_); }

  absl::Status ToStatus(const std::exception& exception) const {
    return session_.back_end->ToStatus(exception, session_.soci.get(), session_.database);
  }

  int parameter_count() const { return static_cast<int>(parameters_.size()); }
  std::vector<const Value*>& values() { return values_; }
  int64_t changed_rows() const { return changed_rows_; }
  const Row& row() const { return row_; }

 private:
  static bool Got(statement_backend::exec_fetch_result result) {
    return result == statement_backend::ef_success;
  }

  // Hands the value bound at `position`, from 1, to the back end.
  void Hand(int position) {
    const Value& value = *values_[position - 1];
    const Exchange exchange = std::visit(ExchangeOf(), value);
    const soci::indicator indicator =
        std::holds_alternative<std::nullptr_t>(value) ? soci::i_null : soci::i_ok;
    standard_use_type_backend& parameter = *parameters_[position - 1];
    int at = position;
    parameter.bind_by_pos(at, const_cast<void*>(exchange.data), exchange.type, true);
    parameter.pre_use(&indicator);
  }

  // Makes room for the columns of the result, which are known once it runs: also a statement that
  // ran before has others where the schema has changed.
  void FitColumns() {
    const size_t count = session_.back_end->CountColumns(*statement_);
    if (results_.size() == count) return;
    row_.columns_.resize(count);
    results_.clear();
    int position = 1;
    for (Row::Column& column : row_.columns_) {
      results_.emplace_back(statement_->make_into_type_backend());
      // As text: what SOCI takes a column's type for is a guess from how it was declared.
      results_.back()->define_by_pos(position, &column.text, soci::details::x_stdstring);
    }
  }

  void Read(bool from_fetch) {
    for (size_t i = 0; i < results_.size(); ++i) {
      soci::indicator indicator = soci::i_ok;
      results_[i]->post_fetch(true, from_fetch, &indicator);
      row_.columns_[i].null = indicator == soci::i_null;
      if (row_.columns_[i].null) row_.columns_[i].text.clear();
    }
  }

  Session& session_;
  const bool changes_rows_;
  const std::unique_ptr<statement_backend> statement_;
  std::vector<std::unique_ptr<standard_use_type_backend>> parameters_;
  std::vector<std::unique_ptr<standard_into_type_backend>> results_;
  std::vector<const Value*> values_;
  Row row_{{}};
  int64_t changed_rows_ = 0;
};

absl::StatusOr<std::unique_ptr<PreparedStatement>> PreparedStatement::Prepare(
    Session& session, absl::string_view sql) {
  ASSIGN_OR_RETURN(const StatementText text, ReadStatement(sql, session.back_end->ParameterMark()));
  try {
    return std::unique_ptr<PreparedStatement>(
        new PreparedStatement(std::make_unique<Soci>(session, text)));
  } catch (const std::exception& exception) {
    return session.back_end->ToStatus(exception, session.soci.get(), session.database);
  }
}

PreparedStatement::PreparedStatement(std::unique_ptr<Soci> soci) : soci_(std::move(soci)) {}
PreparedStatement::~PreparedStatement() = default;

int PreparedStatement::parameter_count() const { return soci_->parameter_count(); }
void PreparedStatement::Bind(int index, const Value& value) { soci_->values()[index] = &value; }
const Row& PreparedStatement::row() const { return soci_->row(); }
int64_t PreparedStatement::changed_rows() const { return soci_->changed_rows(); }
void PreparedStatement::End() { soci_->End(); }

absl::StatusOr<bool> PreparedStatement::Run() {
  RETURN_IF_ERROR(CheckTexts(soci_->values()));
  try {
    return soci_->Run();
  } catch (const std::exception& exception) {
    return soci_->ToStatus(exception);
  }
}

absl::StatusOr<bool> PreparedStatement::Next() {
  try {
    return soci_->Next();
  } catch (const std::exception& exception) {
    return soci_->ToStatus(exception);
  }
}

}  // namespace critac::store
