#include "services/cli/meeting_text.h"

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace critac::cli {
namespace {

matching::v1::Meeting ReadMeeting(const char* text) {
  matching::v1::Meeting meeting;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &meeting));
  return meeting;
}

constexpr char kMeeting[] = R"(
  name: "meetings/m00000012" title: "November" date: "2026-11-20" state: MEETING_STATE_OPEN
  called_by: "coordinator:dana" policy_version: 3
  items {
    request: "requests/fy27-000001"
    agency { agency: "agencies/ag-1" type: AGENCY_TYPE_MUNICIPAL size_band: SIZE_BAND_25_49 state: "UT" }
    slots {
      slot: "s1" topic: "topics/de-escalation" people: 2 eligible_count: 5
      open_because: "1 of 2 people is missing. Five experts are eligible, and the plan uses them elsewhere."
      candidates {
        expert: "experts/e012" partner: "partners/iacp" rank: 2 score_e6: 913250 proposed: true
        votes { partner: "partners/nsa" choice: VOTE_CHOICE_FOR }
        votes { partner: "partners/ncai" choice: VOTE_CHOICE_AGAINST reason: "away in May" }
        votes { partner: "partners/fop" choice: VOTE_CHOICE_FOR }
      }
      candidates { expert: "experts/e3" partner: "partners/nsa" rank: 1 }
    }
    notes {
      actor: "coordinator:dana" time { seconds: 1795183200 }
      text: "the chief would rather have somebody near, and on a weekday"
    }
    decision {
      kind: ITEM_DECISION_KIND_DEFERRED actor: "coordinator:dana" time { seconds: 1795183260 }
      reason: "no quorum"
    }
  }
  items {
    request: "requests/fy27-000002"
    slots { slot: "s1" topic: "topics/de-escalation" people: 1 open_because: "Nobody is eligible." }
  }
)";

TEST(MeetingText, HasAllThatAMeetingHasBeforeIt) {
  EXPECT_EQ(MeetingText(ReadMeeting(kMeeting), 60), R"(November
========
meetings/m00000012, 2026-11-20, open; called by coordinator:dana; policy version 3

1. requests/fy27-000001
   agencies/ag-1, municipal, 25-49 sworn, UT

   slot s1: de-escalation, 2 people missing, 5 eligible
   1 of 2 people is missing. Five experts are eligible, and
   the plan uses them elsewhere.
              EXPERT  PARTNER  RANK  SCORE  VOTES
   proposed   e012    iacp        2  0.913  for: nsa, fop; against: ncai (away in May)
   alternate  e3      nsa         1      -

   notes
     2026-11-20 14:00 coordinator:dana: the chief would
     rather have somebody near, and on a weekday

   deferred by coordinator:dana on 2026-11-20 14:01: no
   quorum

2. requests/fy27-000002

   slot s1: de-escalation, 1 person missing, 0 eligible
   Nobody is eligible.

   not decided
)");
}

TEST(MeetingText, SaysWhereACallerMaySeeNothing) {
  EXPECT_EQ(
      MeetingText(
          ReadMeeting(
              R"(name: "meetings/m1" title: "N" date: "2026-11-20" state: MEETING_STATE_CLOSED
                               called_by: "coordinator:dana" policy_version: 1)"),
          0),
      "N\n=\nmeetings/m1, 2026-11-20, closed; called by coordinator:dana; policy version 1\n\n"
      "no request that you may see\n");
}

}  // namespace
}  // namespace critac::cli
