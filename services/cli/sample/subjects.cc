#include "services/cli/sample/subjects.h"

namespace critac::cli {
namespace {

using intake::v1::TOPIC_GROUP_GENERAL;
using intake::v1::TOPIC_GROUP_SHERIFF;
using intake::v1::TOPIC_GROUP_TRIBAL;
using type::v1::DELIVERY_MODE_ON_SITE;
using type::v1::DELIVERY_MODE_VIRTUAL;

constexpr Subject kSubjects[] = {
    {"de-escalation", "De-escalation", TOPIC_GROUP_GENERAL, "", 18,
     "De-escalation training for patrol",
     "Officers meet people in crisis more often than before, and our last training on the subject "
     "is six years old.",
     "Every patrol officer has practised slowing an encounter down.", "Patrol officers"},
    {"active-shooter-response", "Active shooter response", TOPIC_GROUP_GENERAL, "", 14,
     "Active shooter response with neighboring agencies",
     "We have not exercised with the agencies that would come to help us first.",
     "One plan that police, fire and schools have walked through together.",
     "Patrol, dispatch, fire and school staff"},
    {"intelligence-and-information-sharing", "Intelligence and information sharing",
     TOPIC_GROUP_GENERAL, "", 6, "Sharing information across the county",
     "What one agency learns reaches the next one by telephone, if at all.",
     "An agreed way of sharing, with privacy rules that hold.", "Investigators and analysts"},
    {"coordination-and-partnerships", "Coordination and partnerships", TOPIC_GROUP_GENERAL, "", 8,
     "Working with service providers",
     "Calls come back to us that belong with health and housing services.",
     "Standing agreements with those who can help.", "Command staff and partners"},
    {"officer-safety-and-wellness", "Officer safety and wellness", TOPIC_GROUP_GENERAL, "", 13,
     "Peer support and wellness program",
     "Two colleagues left within a year, and nobody had asked how they were.",
     "A peer support team that officers trust.", "All sworn and civilian staff"},
    {"school-safety", "School safety", TOPIC_GROUP_GENERAL, "", 10, "School safety assessment",
     "The district opened two schools, and our plans stop at the old ones.",
     "Reviewed plans, and officers in schools who know their part.",
     "School resource officers and administrators"},
    {"crisis-intervention", "Crisis intervention", TOPIC_GROUP_GENERAL, "", 12,
     "Building a crisis intervention team",
     "A third of our repeat calls concern the same forty people.",
     "A crisis intervention team and a protocol with the mental health center.",
     "Patrol officers and dispatchers"},
    {"community-engagement", "Community engagement", TOPIC_GROUP_GENERAL, "", 14,
     "Community engagement strategy",
     "Attendance at our meetings has fallen, and those who come are always the same.",
     "A plan made with residents, and a way to see whether it works.",
     "Command staff and community members"},
    {"crime-analysis", "Crime analysis", TOPIC_GROUP_GENERAL, "", 7,
     "Getting more out of our crime data",
     "One analyst makes monthly maps that nobody uses to decide anything.",
     "Analysis that shifts where officers go.", "Analysts and lieutenants"},
    {"hate-crimes", "Hate crimes", TOPIC_GROUP_GENERAL, "", 4,
     "Recognizing and recording hate crimes",
     "We reported none for three years, which our community does not believe.",
     "Officers who recognize and record hate crimes, and victims who come forward.",
     "Patrol officers and detectives"},
    {"gun-violence-reduction", "Gun violence reduction", TOPIC_GROUP_GENERAL, "", 7,
     "Reducing gun violence",
     "Shootings rose by a third in a year, in a few blocks and among a few people.",
     "A focused strategy that the community carries with us.", "Command staff and detectives"},
    {"protest-and-demonstration-preparation", "Protest and demonstration preparation",
     TOPIC_GROUP_GENERAL, "", 6, "Preparing for demonstrations",
     "Our crowd management policy predates most of our supervisors.",
     "A policy that protects assembly, and supervisors who have rehearsed it.",
     "Supervisors and command staff"},
    {"pandemic-response", "Pandemic response", TOPIC_GROUP_GENERAL, "2020-03-01", 14,
     "Policing during the pandemic",
     "We wrote our continuity plan for a storm, not for months with a quarter of the shift at "
     "home.",
     "A continuity plan for a long emergency, and protective practice on calls.",
     "All sworn and civilian staff"},
    {"border-sheriff-training", "Border-sheriff training", TOPIC_GROUP_SHERIFF, "", 3,
     "Training for deputies in border counties",
     "Deputies work alone an hour from the next unit, with agencies they seldom train with.",
     "Deputies trained for rescues, smuggling cases and work with federal partners.",
     "Sheriff's deputies"},
    {"tribal-assistance", "Tribal assistance", TOPIC_GROUP_TRIBAL, "", 4,
     "Missing persons response for a tribal agency",
     "When someone goes missing, three agencies could lead and none does.",
     "A response plan with the county and the state, agreed by the tribal council.",
     "Tribal officers and community members"},
};

constexpr Way kWays[] = {
    {"web-based-training", "Web-based training", DELIVERY_MODE_VIRTUAL, 14, true, 16, ""},
    {"in-person-training", "In-person training", DELIVERY_MODE_ON_SITE, 45, true, 26, ""},
    {"virtual-coaching", "Virtual coaching", DELIVERY_MODE_VIRTUAL, 10, true, 9, ""},
    {"meeting-facilitation", "Meeting facilitation", DELIVERY_MODE_ON_SITE, 30, true, 7, ""},
    {"on-site-consultation", "On-site consultation", DELIVERY_MODE_ON_SITE, 45, false, 12,
     "consultation report"},
    {"resource-referral", "Resource referral", DELIVERY_MODE_VIRTUAL, 3, false, 9,
     "annotated list of resources"},
    {"peer-to-peer-exchange", "Peer-to-peer exchange", DELIVERY_MODE_ON_SITE, 45, true, 6, ""},
    {"policy-review", "Policy review", DELIVERY_MODE_VIRTUAL, 21, false, 10,
     "policy review memorandum"},
    {"analysis", "Analysis", DELIVERY_MODE_VIRTUAL, 30, false, 5, "analysis with findings"},
};

}  // namespace

absl::Span<const Subject> Subjects() { return kSubjects; }

absl::Span<const Way> Ways() { return kWays; }

}  // namespace critac::cli
