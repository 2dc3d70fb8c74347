#ifndef SERVICES_MATCHING_CALLERS_H_
#define SERVICES_MATCHING_CALLERS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/principal.h"
#include "common/store/filter.h"
#include "critac/matching/v1/engagement.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"

// What a caller may see: a partner its own, others all.
namespace critac::matching {

using Filters = absl::flat_hash_map<std::string, store::FilterField>;

// What errors call the kind of a request.
inline constexpr char kRequestType[] = "critac.intake.v1.Request";

// The partner that makes the call: `partners/ID`. Empty: someone who is not a partner.
std::string PartnerOf(const rpc::Call& call);

// Who somebody is by the records of the experts, those included that are the same person. Nothing, as of
// most callers: on none of them.
struct KnownPerson {
  // The records, by name, sorted.
  std::vector<std::string> records;
  // What rpc::PersonKey says of those who call as this person, sorted.
  std::vector<std::string> keys;
};

// Whether two principals are one person, in whatever roles, where `known` is who the caller is: by the
// records of the experts, under whichever of a person's addresses or records each of them calls; where
// they say nothing, by the person, where both have one, as AddressIdentity compares it; else by the
// whole principal. All that takes a second person asks this.
bool IsSamePerson(absl::string_view principal, absl::string_view caller, const KnownPerson& known);

// The rows a caller may see, where `column` holds the partner.
store::Condition OwnRows(const rpc::Call& call, absl::string_view column);

// Whether the caller may see a resource of `partner`. NOT_FOUND where not: another partner's is none
// of the caller's business, not even that it is there.
absl::Status CheckOwn(const rpc::Call& call, absl::string_view partner, absl::string_view type,
                      absl::string_view name);

// Whether the caller takes part in an engagement, or is not a partner.
bool IsPartOf(const rpc::Call& call, const v1::Engagement& engagement);

// The engagements of which IsPartOf holds.
store::Condition EngagementsOf(const rpc::Call& call);

// Names and numbers of an enum's values, for filters.
absl::flat_hash_map<std::string, store::Value> EnumValues(
    const google::protobuf::EnumDescriptor& type);

// Adds messages to a list in a response.
template <typename T>
auto AddTo(google::protobuf::RepeatedPtrField<T>& list) {
  return [&list]() -> google::protobuf::Message& { return *list.Add(); };
}

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_CALLERS_H_
