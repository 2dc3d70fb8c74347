#ifndef SERVICES_CLI_MEETING_TEXT_H_
#define SERVICES_CLI_MEETING_TEXT_H_

#include <map>
#include <string>

#include "critac/matching/v1/meeting.pb.h"

namespace critac::cli {

// What intake calls the requests and agencies of a meeting, by their names; those that it does not tell are left out.
struct MeetingTitles {
  std::map<std::string, std::string> requests;
  std::map<std::string, std::string> agencies;
};

// A meeting for the table and for the printer: what its partners are called, and every request with its slots, who is
// proposed and the alternates, votes, notes, the decision and whom it is for. People, topics, requests and agencies
// stand there by name, where one is known, with the id that commands take beside it. Lines have at most `width`
// columns (0: not broken) but for tables, which are never cut; votes are broken within theirs.
std::string MeetingText(const matching::v1::Meeting& meeting, int width,
                        const MeetingTitles& titles = {});

// One of its requests, `number` from 1.
std::string MeetingItemText(const matching::v1::MeetingItem& item, int number, int width);

}  // namespace critac::cli

#endif  // SERVICES_CLI_MEETING_TEXT_H_
