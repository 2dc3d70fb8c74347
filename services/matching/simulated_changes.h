#ifndef SERVICES_MATCHING_SIMULATED_CHANGES_H_
#define SERVICES_MATCHING_SIMULATED_CHANGES_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "services/matching/snapshot.h"

namespace critac::matching {

// Checks a message against the rules of its fields; `path` is where it stands in the call.
using CheckMessage = absl::FunctionRef<absl::Status(const google::protobuf::Message& message,
                                                    absl::string_view path)>;

// Makes changes to a snapshot. Their order does not matter. A change of `policy_version` must have
// been replaced by the policy it names, as a whole. A request that is left out takes its open offers
// with it, as it does when it is withdrawn.
//
// INVALID_ARGUMENT, with the path of the field: a change says nothing; it sets fields of what is not
// there, or leaves that out; a field is none, is set by the center only, or stands there twice; two
// changes set the same field; what comes of them breaks a rule of its fields, or one of
// partner_rules.h; a policy that is no version on record has a share for a partner that is not there. The
// snapshot is then of no use.
absl::Status ApplyChanges(absl::Span<const v1::SimulatedChange> changes, CheckMessage check,
                          Snapshot& snapshot);

// Whether no change is of a request that is hidden from who asks (`hidden`, sorted). INVALID_ARGUMENT, as
// where there is none of this name.
absl::Status CheckChangesSeen(
    const google::protobuf::RepeatedPtrField<v1::SimulatedChange>& changes,
    absl::Span<const std::string> hidden);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SIMULATED_CHANGES_H_
