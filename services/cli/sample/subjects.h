#ifndef SERVICES_CLI_SAMPLE_SUBJECTS_H_
#define SERVICES_CLI_SAMPLE_SUBJECTS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/type/v1/agency_profile.pb.h"

namespace critac::cli {

// What the sample program helps with and how: the topics and delivery types that published sources
// name, with words for requests about them.

struct Subject {
  absl::string_view id;
  absl::string_view title;
  intake::v1::TopicGroup group;
  // First day; empty: always.
  absl::string_view valid_from;
  // How often it is asked for, next to the others.
  int weight;
  absl::string_view request_title;
  absl::string_view problem;
  absl::string_view desired_outcome;
  absl::string_view audience;
};
absl::Span<const Subject> Subjects();

struct Way {
  absl::string_view id;
  absl::string_view title;
  type::v1::DeliveryMode mode;
  int lead_time_days;
  // Sessions are attended; otherwise it leaves a product.
  bool attended;
  // How often it is asked for, next to the others.
  int weight;
  absl::string_view product;
};
absl::Span<const Way> Ways();

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_SUBJECTS_H_
