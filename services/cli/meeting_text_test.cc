#include "services/cli/meeting_text.h"

#include <string>

#include "absl/strings/str_cat.h"
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
   proposed   e012    iacp        2  0.913  for: nsa, fop; against:
                                            ncai (away in May)
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

constexpr char kNamed[] = R"(
  name: "meetings/m00000012" title: "Réunion" date: "2026-11-20" state: MEETING_STATE_OPEN
  called_by: "coordinator:dana" policy_version: 3
  items {
    request: "requests/fy27-000001"
    slots {
      slot: "s1" topic: "topics/de-escalation" topic_title: "De-escalation and tactics" people: 1 eligible_count: 3
      candidates {
        expert: "experts/e012" partner: "partners/iacp" rank: 1 proposed: true full_name: "Rosa Núñez"
        partner_name: "International Association of Chiefs of Police"
        votes { partner: "partners/nsa" choice: VOTE_CHOICE_FOR }
      }
      candidates {
        expert: "experts/e3" partner: "partners/nsa" rank: 2 full_name: "山田 太郎"
        partner_name: "National Sheriffs' Association"
      }
      candidates { expert: "experts/e4" partner: "partners/nsa" rank: 3 partner_name: "National Sheriffs' Association" }
    }
    decision {
      kind: ITEM_DECISION_KIND_OVERRIDDEN actor: "coordinator:dana" time { seconds: 1795183260 }
      reason: "served there" proposal: "proposals/p7"
      experts {
        slot: "s1" expert: "experts/e077" partner: "partners/fop" full_name: "Lee\tO'Neil"
        partner_name: "Fraternal Order of Police"
      }
    }
  }
)";

TEST(MeetingText, NamesPeopleWithTheirIdsBesideThem) {
  EXPECT_EQ(MeetingText(ReadMeeting(kNamed), 100), R"(Réunion
=======
meetings/m00000012, 2026-11-20, open; called by coordinator:dana; policy version 3

PARTNER  NAME
fop      Fraternal Order of Police
iacp     International Association of Chiefs of Police
nsa      National Sheriffs' Association

1. requests/fy27-000001

   slot s1: De-escalation and tactics (de-escalation), 1 person missing, 3 eligible
              NAME        EXPERT  PARTNER  RANK  VOTES
   proposed   Rosa Núñez  e012    iacp        1  for: nsa
   alternate  山田 太郎   e3      nsa         2
   alternate  -           e4      nsa         3

   overridden by coordinator:dana on 2026-11-20 14:01, proposals/p7: served there
   SLOT  NAME        EXPERT  PARTNER
   s1    Lee O'Neil  e077    fop
)") << "who has no name here stands there by the id; characters are as wide as they are";
}

TEST(MeetingText, IsSetWithoutNamesWhereNoneIsKnown) {
  const struct {
    const char* slot;
    const char* text;
  } table[] = {
      {R"(slot: "s1" topic: "topics/t" people: 2)",
       "\n   slot s1: t, 2 people missing, 0 eligible\n"},
      {R"(slot: "s1" topic: "topics/t" topic_title: "Tactics" people: 1)",
       "\n   slot s1: Tactics (t), 1 person missing, 0 eligible\n"},
      {R"(slot: "s1" topic: "topics/t" people: 1 candidates { expert: "experts/e1" partner: "partners/p" rank: 7 })",
       "\n   slot s1: t, 1 person missing, 0 eligible\n"
       "              EXPERT  PARTNER  RANK  VOTES\n"
       "   alternate  e1      p           7\n"},
      {R"(slot: "s1" topic: "topics/t" people: 1
          candidates { expert: "experts/e1" partner: "partners/p" rank: 7 full_name: "Ann" })",
       "\n   slot s1: t, 1 person missing, 0 eligible\n"
       "              NAME  EXPERT  PARTNER  RANK  VOTES\n"
       "   alternate  Ann   e1      p           7\n"}};
  for (const auto& row : table) {
    const auto meeting = ReadMeeting(
        absl::StrCat(R"(items { request: "requests/1" slots { )", row.slot, " } }").c_str());
    EXPECT_EQ(MeetingItemText(meeting.items(0), 1, 100),
              absl::StrCat("1. requests/1\n", row.text, "\n   not decided\n"))
        << row.slot;
  }
}

constexpr char kDescribed[] = R"(
  name: "meetings/m00000012" title: "November" date: "2026-11-20" state: MEETING_STATE_OPEN
  called_by: "coordinator:dana" policy_version: 3
  items {
    request: "requests/fy27-000001" urgency: URGENCY_CRITICAL needed_by: "2026-12-24"
    waiting_since { seconds: 1795183200 }
    agency { agency: "agencies/ag-1" type: AGENCY_TYPE_MUNICIPAL size_band: SIZE_BAND_25_49 state: "UT" }
    slots {
      slot: "s1" topic: "topics/t" people: 2 hours: 16 window_start: "2026-12-01" window_end: "2026-12-18"
      delivery_type: "deliveryTypes/training" delivery_type_title: "in-person training"
    }
    slots {
      slot: "s2" topic: "topics/t" people: 1 hours: 1 window_start: "2026-12-01" window_end: "2026-12-18"
      delivery_type: "deliveryTypes/virtual"
    }
  }
)";

TEST(MeetingText, SaysWhatARequestAsksForAndWhatItIsCalled) {
  constexpr char kWithIds[] = R"(November
========
meetings/m00000012, 2026-11-20, open; called by coordinator:dana; policy version 3

1. requests/fy27-000001
   agencies/ag-1, municipal, 25-49 sworn, UT
   critical, needed by 2026-12-24, waiting since 2026-11-20

   slot s1: t, 2 people missing, 0 eligible
   in-person training (training), 16 hours each, 2026-12-01 to 2026-12-18

   slot s2: t, 1 person missing, 0 eligible
   virtual, 1 hour, 2026-12-01 to 2026-12-18

   not decided
)";
  const matching::v1::Meeting meeting = ReadMeeting(kDescribed);
  EXPECT_EQ(MeetingText(meeting, 100), kWithIds);
  MeetingTitles titles;
  titles.requests["requests/fy27-000001"] = "A policy on\nfoot pursuits";
  titles.agencies["agencies/ag-1"] = "Perry Police Department";
  std::string named = kWithIds;
  named.replace(named.find("   agencies/ag-1,"), std::string("   agencies/ag-1,").size(),
                "   A policy on foot pursuits\n   Perry Police Department (agencies/ag-1),");
  EXPECT_EQ(MeetingText(meeting, 100, titles), named);
}

TEST(MeetingText, SaysWhoACandidateMayBe) {
  const auto meeting = ReadMeeting(R"(
    items {
      request: "requests/1"
      slots {
        slot: "s1" topic: "topics/t" people: 1
        candidates {
          expert: "experts/e1" partner: "partners/p" rank: 1
          suspected_conflicts { expert: "experts/e9" explanation: "may be experts/e9 (same name), who is out" }
        }
        candidates { expert: "experts/e2" partner: "partners/p" rank: 2 }
      }
    })");
  EXPECT_EQ(MeetingItemText(meeting.items(0), 1, 100), R"(1. requests/1

   slot s1: t, 1 person missing, 0 eligible
              EXPERT  PARTNER  RANK  VOTES
   alternate  e1      p           1
   alternate  e2      p           2
   e1 may be experts/e9 (same name), who is out

   not decided
)");
}

TEST(MeetingText, BreaksVotesWithinTheirColumn) {
  const auto meeting = ReadMeeting(R"(
    items {
      request: "requests/1"
      slots {
        slot: "s1" topic: "topics/t" people: 1
        candidates {
          expert: "experts/e1" partner: "partners/p" rank: 1
          votes {
            partner: "partners/q" choice: VOTE_CHOICE_AGAINST
            reason: "away in May and for most of June, and then on leave"
          }
        }
        candidates { expert: "experts/e2" partner: "partners/p" rank: 2 }
      }
    })");
  EXPECT_EQ(MeetingItemText(meeting.items(0), 1, 66), R"(1. requests/1

   slot s1: t, 1 person missing, 0 eligible
              EXPERT  PARTNER  RANK  VOTES
   alternate  e1      p           1  against: q (away in May and
                                     for most of June, and then on
                                     leave)
   alternate  e2      p           2

   not decided
)");
}

TEST(MeetingText, CannotSteerTheTerminal) {
  auto meeting = ReadMeeting(kNamed);
  meeting.set_title("\x1b[2J");
  meeting.mutable_items(0)->mutable_slots(0)->mutable_candidates(0)->set_full_name("\x1b[2J");
  EXPECT_EQ(MeetingText(meeting, 100).find('\x1b'), std::string::npos);
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
