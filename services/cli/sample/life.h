#ifndef SERVICES_CLI_SAMPLE_LIFE_H_
#define SERVICES_CLI_SAMPLE_LIFE_H_

#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "critac/intake/v1/request.pb.h"
#include "services/cli/sample/dice.h"

namespace critac::cli {

// Writes the steps of a past request, one after the other, each a while after the one before and on
// a business day.
class Life {
 public:
  // Begins with the request as it is written down at `past.create_time`.
  Life(intake::v1::PastRequest& past, absl::Time create_time, Dice& dice)
      : past_(past), now_(create_time), dice_(dice) {}

  absl::Time now() const { return now_; }
  absl::CivilDay today() const { return DayOf(now_); }

  // Lets business days pass; none: some minutes of the same day.
  void Wait(int least_days, int most_days);
  // Goes on to the evening of a day, which is not before today.
  void GoTo(absl::CivilDay day);

  // Takes an action now. The details are for the caller to fill.
  intake::v1::ActionDetails& Take(intake::v1::RequestAction action, const std::string& actor);
  // The same for an action without details.
  void TakePlain(intake::v1::RequestAction action, const std::string& actor);
  // Takes an action that was taken at `time`, between the last one and now.
  intake::v1::ActionDetails& TakeBefore(absl::Time time, intake::v1::RequestAction action,
                                        const std::string& actor);

 private:
  intake::v1::PastAction& Add(absl::Time time, intake::v1::RequestAction action,
                              const std::string& actor);

  intake::v1::PastRequest& past_;
  absl::Time now_;
  Dice& dice_;
  const BusinessCalendar calendar_;
};

// Takes away the steps that lie after the end of `last`, and the step that would leave the request
// waiting for a match: a program that begins today has nothing old in its queue. Whether any went.
bool CutLife(absl::CivilDay last, intake::v1::PastRequest& past);

}  // namespace critac::cli

#endif  // SERVICES_CLI_SAMPLE_LIFE_H_
