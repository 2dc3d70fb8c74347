#ifndef SERVICES_MATCHING_MEETING_COMMANDS_H_
#define SERVICES_MATCHING_MEETING_COMMANDS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/journal/command.h"
#include "critac/matching/v1/meeting.pb.h"
#include "services/matching/pool_reader.h"
#include "services/matching/suspected_conflict.h"

// The commands of meetings. NOT_FOUND: no such meeting. Besides they refuse what meetings.h says. What
// of an answer a caller may see is the service's to say.
namespace critac::matching {

// Calls a meeting about items that were read at a version of the policy; where they could not be, that is
// the outcome, unless it is a call repeated. Answers with the meeting.
journal::Decide CallMeeting(absl::StatusOr<std::vector<v1::MeetingItem>> items,
                            int64_t policy_version, std::string title, std::string date);

// The next three answer with the item. `partner` is the caller's; empty: the caller is none.
journal::Decide AddNote(std::string name, std::string request, std::string text,
                        std::string partner);

// `vote` has the choice and the reason.
journal::Decide CastVote(std::string name, std::string request, std::string slot,
                         std::string expert, std::string partner, v1::Vote vote);

// Decides the standing proposal of the request with it, as DecideProposal does.
journal::Decide DecideItem(std::shared_ptr<const PoolView> view, v1::DecideItemRequest decision,
                           SuspectedConflicts suspected = {});

// Answers with the meeting.
journal::Decide CloseMeeting(std::string name);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MEETING_COMMANDS_H_
