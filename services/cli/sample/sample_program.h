#ifndef SERVICES_CLI_SAMPLE_SAMPLE_PROGRAM_H_
#define SERVICES_CLI_SAMPLE_SAMPLE_PROGRAM_H_

#include <cstdint>
#include <vector>

#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/metrics/v1/survey.pb.h"

namespace critac::cli {

// What the sample program is made from.
struct SampleOptions {
  uint64_t seed = 1;
  // The first of its two federal fiscal years; 2019 to 2100. In 2020 all ten partners are members.
  int first_fiscal_year = 2019;
};

// A program of two fiscal years, as it stands on the last day of the second: everything that a
// center imports to begin with. All of it is fictional (the states, the kinds of agencies and the
// partners' names are real; no agency, person, request or answer is), and shaped like the published
// program.
struct SampleProgram {
  std::vector<intake::v1::CatalogEntry> catalog;
  std::vector<matching::v1::Partner> partners;
  std::vector<matching::v1::Expert> experts;
  std::vector<intake::v1::Agency> agencies;
  // In the order in which they were written down.
  std::vector<intake::v1::PastRequest> requests;
  // One of each request that was matched.
  std::vector<matching::v1::PastEngagement> engagements;
  std::vector<metrics::v1::SurveyResponse> surveys;
};

// Makes it. Pure: the same options give the same program, on every machine.
//
// Whatever the seed:
// - 312 requests of 280 distinct agencies, whose sworn officers are between 125,100 and 125,900
//   together; 3 of the agencies do not know their strength.
// - 52 % of the agencies, counted over those that know their strength and over all, have fewer than
//   50 sworn officers.
// - 93 % of the participants who say whether the training met its goals say yes, in each of the two
//   years of answers.
// - Every request follows the lifecycle, every reference is to something in the program, every
//   engagement has for each slot the people it asks for, each of a partner that was a member.
// - Every engagement has the plan that was drawn up and approved, with milestones that were reached as
//   far as it came; but those that were matched on the last days have none yet.
SampleProgram MakeSampleProgram(const SampleOptions& options);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_SAMPLE_PROGRAM_H_
