#ifndef SERVICES_CLI_SAMPLE_CASTING_H_
#define SERVICES_CLI_SAMPLE_CASTING_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "services/cli/sample/dice.h"
#include "services/cli/sample/sample_parts.h"

namespace critac::cli {

// Finds experts for the slots of past requests, by the gates that hold for new ones: a member
// partner and an active expert, the topic at its level, free on the days, capacity left, near
// enough. Among those who pass, the least used in the quarter is taken. Remembers whom it took.
class Casting {
 public:
  // `partners` and `experts` must outlive it.
  Casting(const std::vector<matching::v1::Partner>& partners,
          const std::vector<matching::v1::Expert>& experts);

  // Takes up to `slot.slot.people()` experts for a slot of an agency's request, who serve from the
  // match to the last delivery, and returns how many there were. Nobody is taken twice for one
  // request: `taken` are those it has.
  int Cast(const intake::v1::Agency& agency, absl::CivilDay match_day,
           const std::vector<size_t>& taken, Dice& dice, SampleSlot& slot);

 private:
  struct Demand {
    const intake::v1::Agency& agency;
    const SampleSlot& slot;
    absl::CivilDay first;
    absl::CivilDay last;
    std::string quarter;
  };

  bool IsEligible(size_t expert, const Demand& demand) const;
  int Used(const std::string& owner, const std::string& quarter) const;

  const std::vector<matching::v1::Partner>& partners_;
  const std::vector<matching::v1::Expert>& experts_;
  std::map<std::pair<std::string, std::string>, int> used_;  // by owner and quarter
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_CASTING_H_
