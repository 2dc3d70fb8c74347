#ifndef SERVICES_CLI_TESTING_FAKE_AGENCIES_H_
#define SERVICES_CLI_TESTING_FAKE_AGENCIES_H_

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "critac/intake/v1/agency.pb.h"
#include "services/cli/testing/fake_center.h"

namespace critac::cli {

// Takes imports of agencies as intake does: keyed by the first alias, the same again unchanged,
// names without letters refused. What was given under a request id once is answered alike again.
class FakeAgencies {
 public:
  static constexpr char kMethod[] = "critac.intake.v1.AgencyService/ImportAgencies";

  explicit FakeAgencies(FakeCenter& center) {
    center.On<intake::v1::ImportAgenciesRequest, intake::v1::ImportAgenciesResponse>(
        kMethod, [this](const auto& request, auto& response) {
          absl::MutexLock lock(&mutex_);
          auto [answer, is_new] = answers_.try_emplace(request.request_id());
          if (is_new) {
            for (const auto& row : request.agencies())
              Take(row, request.validate_only(), answer->second);
          }
          response = answer->second;
          return absl::OkStatus();
        });
  }

  std::map<std::string, intake::v1::Agency> agencies() const {
    absl::MutexLock lock(&mutex_);
    return agencies_;
  }

 private:
  void Take(const intake::v1::Agency& row, bool validate_only,
            intake::v1::ImportAgenciesResponse& response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto& result = *response.add_results();
    result.set_index(response.results_size() - 1);
    if (row.aliases().empty() || row.display_name() == "7") {
      result.set_outcome(intake::v1::IMPORT_OUTCOME_REFUSED);
      result.set_problem(row.aliases().empty() ? "aliases: at least one is needed"
                                               : "display_name: has no letter");
      return;
    }
    const std::string& key = row.aliases(0).value();
    const auto known = agencies_.find(key);
    result.set_name(absl::StrCat("agencies/", key));
    result.set_outcome(known == agencies_.end() ? intake::v1::IMPORT_OUTCOME_CREATED
                       : known->second.SerializeAsString() == row.SerializeAsString()
                           ? intake::v1::IMPORT_OUTCOME_UNCHANGED
                           : intake::v1::IMPORT_OUTCOME_UPDATED);
    if (!validate_only) agencies_[key] = row;
  }

  mutable absl::Mutex mutex_;
  std::map<std::string, intake::v1::Agency> agencies_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, intake::v1::ImportAgenciesResponse> answers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_TESTING_FAKE_AGENCIES_H_
