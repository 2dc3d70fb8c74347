#ifndef COMMON_JOURNAL_TESTING_OLDER_H_
#define COMMON_JOURNAL_TESTING_OLDER_H_

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/journal/journal.h"
#include "common/journal/testing_ledger.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "gtest/gtest.h"

// A version of a program beside the one before it, whose messages lack a field.
namespace critac::journal {

// A type of messages as a version before had it: without a field, or a value of an enum, that it has now. The plans to
// print messages are kept as long as the process, so a type of which any are printed has to last as long.
class OlderType {
 public:
  // `owner` is the message or enum, by its full name, that was without `member`; declared in no other.
  OlderType(const google::protobuf::Descriptor& type, std::string owner, std::string member)
      : owner_(std::move(owner)), member_(std::move(member)) {
    Copy(*type.file());
    prototype_ = factory_.GetPrototype(pool_.FindMessageTypeByName(type.full_name()));
    EXPECT_TRUE(is_dropped_) << owner_ << " has no " << member_;
  }

  const google::protobuf::Message& prototype() const { return *prototype_; }

 private:
  void Copy(const google::protobuf::FileDescriptor& file) {
    if (pool_.FindFileByName(file.name()) != nullptr) return;
    for (int i = 0; i < file.dependency_count(); ++i) Copy(*file.dependency(i));
    google::protobuf::FileDescriptorProto copy;
    file.CopyTo(&copy);
    for (auto& message : *copy.mutable_message_type()) {
      if (IsOwner(file, message.name())) Drop(*message.mutable_field());
    }
    for (auto& enumeration : *copy.mutable_enum_type()) {
      if (IsOwner(file, enumeration.name())) Drop(*enumeration.mutable_value());
    }
    EXPECT_NE(pool_.BuildFile(copy), nullptr) << file.name();
  }

  bool IsOwner(const google::protobuf::FileDescriptor& file, const std::string& name) const {
    return absl::StrCat(file.package(), ".", name) == owner_;
  }

  template <typename Members>
  void Drop(Members& members) {
    const auto rest = std::remove_if(members.begin(), members.end(), [this](const auto& member) {
      return member.name() == member_;
    });
    is_dropped_ = rest != members.end();
    members.erase(rest, members.end());
  }

  const std::string owner_;
  const std::string member_;
  bool is_dropped_ = false;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Message* prototype_ = nullptr;
};

// Applies events of requests as both versions do: by their bytes, since the states of the older one are of another
// type, and no more of them than that type knows.
inline void ApplyRequests(MutableStates& states, const Event& event,
                          const google::protobuf::Message& payload) {
  const intake::v1::Request& said =
      event.type() == "critac.intake.v1.RequestCreated"
          ? static_cast<const intake::v1::RequestCreated&>(payload).request()
          : static_cast<const intake::v1::RequestUpdated&>(payload).request();
  google::protobuf::Message& state = states.MutableMessage(event.subject());
  EXPECT_TRUE(state.MergeFromString(said.SerializeAsString()));
  state.DiscardUnknownFields();
}

// The ledger of a version whose slots can say `served_in_same_size_band`, for requests alone.
inline JournalOptions NewerLedger() {
  JournalOptions options = LedgerOptions();
  options.apply = ApplyRequests;
  return options;
}

// That of the version before.
inline JournalOptions OlderLedger() {
  static const OlderType& request = *new OlderType(
      *intake::v1::Request::descriptor(), "critac.intake.v1.Slot", "served_in_same_size_band");
  JournalOptions options = NewerLedger();
  options.projections[1].prototype = &request.prototype();
  return options;
}

// A command of the newer version, which adds a request with a slot that says it.
inline Command AddRequestWithNewField() {
  Command command;
  command.actor = "coordinator:dana";
  command.decide = [](Draft& draft) -> absl::Status {
    intake::v1::RequestCreated created;
    created.mutable_request()->set_name("requests/1");
    created.mutable_request()->set_agency("agencies/a");
    auto* slot = created.mutable_request()->mutable_scope()->add_slots();
    slot->set_topic("topics/records");
    slot->set_served_in_same_size_band(true);
    draft.Emit("requests/1", created);
    return absl::OkStatus();
  };
  return command;
}

// A command of either, which changes something else of that request.
inline Command ChangeItsAgency() {
  Command command;
  command.actor = "coordinator:dana";
  command.decide = [](Draft& draft) -> absl::Status {
    intake::v1::RequestUpdated updated;
    updated.mutable_request()->set_agency("agencies/b");
    draft.Emit("requests/1", updated);
    return absl::OkStatus();
  };
  return command;
}

// Whether the request is as both commands left it.
inline bool HasNewFieldAndAgency(Journal& newer) {
  const auto request = newer.Get<intake::v1::Request>("requests/1");
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() && request->agency() == "agencies/b" && request->scope().slots_size() == 1 &&
         request->scope().slots(0).topic() == "topics/records" &&
         request->scope().slots(0).served_in_same_size_band();
}

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_TESTING_OLDER_H_
