#ifndef SERVICES_MATCHING_MEETINGS_H_
#define SERVICES_MATCHING_MEETINGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/meeting.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

// What the partners of the coalition have before them when they meet, and what becomes of it. Pure.
namespace critac::matching {

// Requests before one meeting: a day's work.
inline constexpr int kMostMeetingItems = 200;
// Bytes of the shortlists of a meeting, and of what is said of them, as protobuf. With who said it and when
// both together stay below limits::kMessageBytes; as JSON shortlists take up to three times as much, which
// stays below limits::kEventBytesPerMessage.
inline constexpr int64_t kMostShortlistBytes = 300'000;
inline constexpr int64_t kMostSaidBytes = 1'000'000;

// A request as a meeting has it before it, with how urgent it is and since when it waits: for each slot that misses
// people whom the plan has there, and as many alternates, each best first, or what keeps the slot open. Without
// slots: nobody is missing.
v1::MeetingItem ShortlistOf(const Pool& pool, const Plan& plan, const v1::Demand& demand,
                            int alternates);

// What a meeting has before it: the requests for which somebody is missing, of those open for matching
// (`open`) that are asked for, or of all where `requests` is empty; those that have waited longest first,
// then by name. FAILED_PRECONDITION, reason NOTHING_OPEN: none; reason MEETING_TOO_LARGE: more than a
// meeting holds. NOT_FOUND, reason NOT_OPEN_FOR_MATCHING: one that is asked for is not among them.
absl::StatusOr<std::vector<v1::MeetingItem>> ItemsOf(const Pool& pool, const Plan& plan,
                                                     absl::Span<const v1::Demand> open,
                                                     absl::Span<const std::string> requests,
                                                     int alternates);

// Whether a meeting holds shortlists of that length. FAILED_PRECONDITION, reason MEETING_TOO_LARGE.
absl::Status CheckLength(absl::Span<const v1::MeetingItem> items);

// Whether a partner is a member of the coalition on a day; `record` is null where there is none of that
// name. PERMISSION_DENIED, reason NOT_A_MEMBER.
absl::Status CheckMember(const v1::Partner* record, absl::string_view partner, absl::CivilDay day);

// What a note, a vote or a decision takes of kMostSaidBytes; and whether it is left. FAILED_PRECONDITION,
// reason MEETING_FULL.
int64_t SaidBytes(absl::string_view text);
absl::Status CheckRoom(const v1::Meeting& meeting, absl::string_view text);

// FAILED_PRECONDITION, reason MEETING_OVER.
absl::Status CheckOpen(const v1::Meeting& meeting);

// The item of a request. INVALID_ARGUMENT, field `request`: the meeting does not have it before it.
absl::StatusOr<const v1::MeetingItem*> FindItem(const v1::Meeting& meeting,
                                                absl::string_view request);

// FAILED_PRECONDITION, reason ITEM_DECIDED, with how.
absl::Status CheckUndecided(const v1::Meeting& meeting, const v1::MeetingItem& item);

// A partner's vote on a candidate; who and when are the caller's to set. INVALID_ARGUMENT: the slot or the
// expert is not on the shortlist. FAILED_PRECONDITION as above.
absl::StatusOr<v1::MeetingVoted> VoteOn(const v1::Meeting& meeting, absl::string_view request,
                                        absl::string_view slot, absl::string_view expert);

// Whether a standing proposal is still what the shortlist said, so that nobody is approved whom the meeting
// did not see. FAILED_PRECONDITION, reason SHORTLIST_OLD, with what it is.
absl::Status CheckAsShortlisted(const v1::MeetingItem& item, const v1::Proposal& proposal);

// Whether a decision says what it has to. INVALID_ARGUMENT: assignments where none are put in the place of
// others, or none where they are; no reason where one is needed.
absl::Status CheckDecision(v1::ItemDecisionKind kind, absl::Span<const v1::Assignment> assignments,
                           absl::string_view reason);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MEETINGS_H_
