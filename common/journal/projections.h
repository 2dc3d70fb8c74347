#ifndef COMMON_JOURNAL_PROJECTIONS_H_
#define COMMON_JOURNAL_PROJECTIONS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/journal/states.h"
#include "common/store/database.h"

namespace critac::journal {

// The projections of a journal by collection, and the SQL that reads and writes their tables.
class Projections {
 public:
  explicit Projections(std::vector<Projection> projections);

  // The projection that keeps a resource. A name of no known collection is a mistake of the
  // program: aborts.
  const Projection& Of(absl::string_view name) const;
  const Projection& OfCollection(absl::string_view collection) const;
  const std::vector<Projection>& all() const { return projections_; }
  // What a row can hold, as text: the columns, and the fields of the messages in it, at any depth, with the values of
  // enums. A version that does not know one of these drops it from each row that it writes.
  const std::string& shape() const { return shape_; }
  // Whether they have all of a shape, be it theirs or that of another version.
  bool Cover(absl::string_view shape) const;
  // Whether a shape has all their fields and values of enums, and more. These only ever come, never go
  // (protos/buf.yaml): then it is the shape of a later version.
  bool HaveFewerFieldsThan(absl::string_view shape) const;

  // Reads the states of `names`, all of one collection; `each` gets the name and the state. Missing
  // ones are left out.
  absl::Status Load(
      store::Connection& connection, const Projection& projection,
      absl::Span<const std::string> names,
      absl::FunctionRef<void(const std::string& name,
                             std::unique_ptr<google::protobuf::Message> state, size_t text_bytes)>
          each) const;

  // Writes states; a null one is deleted. `texts` are those that are printed already.
  absl::Status Save(
      store::Connection& connection,
      const absl::flat_hash_map<std::string, std::shared_ptr<const google::protobuf::Message>>&
          states,
      absl::flat_hash_map<const google::protobuf::Message*, std::string> texts = {}) const;

  // Empties every table.
  absl::Status Clear(store::Connection& connection) const;

 private:
  absl::Status SaveTable(store::Connection& connection, const Projection& projection,
                         absl::Span<const std::vector<store::Value>> rows) const;

  std::vector<Projection> projections_;
  absl::flat_hash_map<std::string, size_t> by_collection_;
  std::string shape_;
};

// The collection of a resource's name: `requests` of `requests/fy27-000123`.
absl::string_view CollectionOf(absl::string_view name);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_PROJECTIONS_H_
