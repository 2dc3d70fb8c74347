#ifndef SERVICES_CLI_MEETING_TEXT_H_
#define SERVICES_CLI_MEETING_TEXT_H_

#include <string>

#include "critac/matching/v1/meeting.pb.h"

namespace critac::cli {

// A meeting for the table and for the printer: every request with its slots, who is proposed and the
// alternates, votes, notes and the decision, in lines of at most `width` columns (0: not broken) but
// for tables, which are never cut.
std::string MeetingText(const matching::v1::Meeting& meeting, int width);

// One of its requests, `number` from 1.
std::string MeetingItemText(const matching::v1::MeetingItem& item, int number, int width);

}  // namespace critac::cli

#endif  // SERVICES_CLI_MEETING_TEXT_H_
