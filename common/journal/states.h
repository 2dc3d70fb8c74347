#ifndef COMMON_JOURNAL_STATES_H_
#define COMMON_JOURNAL_STATES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// A kind of resource: its states are projected from the journal into one table, the message as JSON
// text beside columns to look it up by. The table has `name TEXT PRIMARY KEY`, `body TEXT NOT
// NULL`, and the columns.
struct Projection {
  struct Column {
    std::string name;
    std::function<store::Value(const google::protobuf::Message& state)> value;
  };
  // Collection of the resource's names: `requests` for `requests/fy27-000123`.
  std::string collection;
  // Table it is kept in.
  std::string table;
  // An empty state; gives the type.
  const google::protobuf::Message* prototype;
  std::vector<Column> columns;
};

// The states of resources by name, as decided so far.
class States {
 public:
  virtual ~States() = default;

  // The state of a resource, or null where there is none. The name's collection must have a
  // projection of type T. Fields kept in the vault hold references. The pointer holds until the
  // next change of that resource.
  template <typename T>
  const T* Find(absl::string_view name) {
    return static_cast<const T*>(FindMessage(name));
  }
  virtual const google::protobuf::Message* FindMessage(absl::string_view name) = 0;
};

// States that can be changed: only in Apply.
class MutableStates : public States {
 public:
  // The state of a resource to change, made empty where there is none.
  template <typename T>
  T& Mutable(absl::string_view name) {
    return static_cast<T&>(MutableMessage(name));
  }
  virtual google::protobuf::Message& MutableMessage(absl::string_view name) = 0;

  // The state, empty, of a resource that never was: of a name that the journal itself numbered just now. Unlike
  // Mutable, looks for none before.
  template <typename T>
  T& Create(absl::string_view name) {
    return static_cast<T&>(CreateMessage(name));
  }
  virtual google::protobuf::Message& CreateMessage(absl::string_view name) = 0;

  // Removes a resource.
  virtual void Erase(absl::string_view name) = 0;
};

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_STATES_H_
