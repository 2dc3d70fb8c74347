#ifndef SERVICES_MATCHING_MEETING_COMMANDS_H_
#define SERVICES_MATCHING_MEETING_COMMANDS_H_

#include <memory>
#include <string>
#include <vector>

#include "common/journal/command.h"
#include "critac/matching/v1/meeting.pb.h"
#include "services/matching/pool_reader.h"
#include "services/matching/solve.h"

// The commands of meetings. All answer with the meeting, whole: what of it a caller may see is the
// service's to say. NOT_FOUND: no such meeting. Besides they refuse what meetings.h says.
namespace critac::matching {

// Calls a meeting about the plan of a view.
journal::Decide CallMeeting(std::shared_ptr<const PoolView> view,
                            std::shared_ptr<const struct Solved> solved,
                            v1::CallMeetingRequest call);

journal::Decide AddNote(std::string name, std::string request, std::string text);

// `partner` is the caller's, `vote` its choice and reason.
journal::Decide CastVote(std::string name, std::string request, std::string slot,
                         std::string expert, std::string partner, v1::Vote vote);

// Decides the standing proposal of the request with it, as DecideProposal does.
journal::Decide DecideItem(std::shared_ptr<const PoolView> view, v1::DecideItemRequest decision);

journal::Decide CloseMeeting(std::string name);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MEETING_COMMANDS_H_
