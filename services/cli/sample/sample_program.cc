#include "services/cli/sample/sample_program.h"

#include <utility>

#include "services/cli/sample/sample_parts.h"

namespace critac::cli {

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  return timestamp;
}

SampleProgram MakeSampleProgram(const SampleOptions& options) {
  SampleProgram program;
  program.catalog = MakeCatalog();
  program.partners = MakePartners();
  program.experts = MakeExperts(options);
  const std::vector<SampleAgency> agencies = MakeAgencies(options);
  std::vector<SampleRequest> requests =
      MakeRequests(options, agencies, program.partners, program.experts);
  program.engagements = MakeEngagements(requests, program.experts);
  program.surveys = MakeSurveys(options, requests);
  for (const SampleAgency& agency : agencies) program.agencies.push_back(agency.agency);
  for (SampleRequest& request : requests) program.requests.push_back(std::move(request.past));
  return program;
}

}  // namespace critac::cli
