// What participants, requesters and experts say afterwards.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "services/cli/sample/dice.h"
#include "services/cli/sample/sample_parts.h"

namespace critac::cli {
namespace {

using metrics::v1::SurveyResponse;

// "93 % say the training met its goals".
constexpr int kMetGoalsPercent = 93;

// Most questionnaires of one session that are handed in.
constexpr int kMostParticipants = 14;

constexpr const char* kComments[] = {"More scenarios, please.",
                                     "The instructors had done the job themselves.",
                                     "Should be held for every shift.", "A day shorter would do.",
                                     "We changed our policy the week after."};

int Satisfaction(Dice& dice) { return 5 - dice.Weighted({58, 31, 8, 2, 1}); }

// Writes the answers of one engagement.
class Answers {
 public:
  Answers(const SampleDays& days, const SampleRequest& request, Dice& dice,
          std::vector<SurveyResponse>& responses)
      : days_(days), request_(request), dice_(dice), responses_(responses) {}

  void Write() {
    for (const SampleSlot& slot : request_.slots) {
      for (const matching::v1::Delivery& delivery : slot.deliveries) Participants(delivery);
      if (!slot.deliveries.empty()) Consultants(slot);
    }
    if (request_.delivered && dice_.Chance(82)) Requester();
  }

 private:
  SurveyResponse* Add(metrics::v1::Instrument instrument, absl::CivilDay day) {
    if (day > days_.last) return nullptr;
    SurveyResponse& response = responses_.emplace_back();
    response.set_engagement_external_id(request_.engagement_id);
    response.set_instrument(instrument);
    response.set_instrument_version(1);
    response.set_date(FormatDate(day));
    return &response;
  }

  void Participants(const matching::v1::Delivery& delivery) {
    const int present = delivery.attendance().on_site() + delivery.attendance().virtual_();
    const absl::CivilDay day = *ParseDate(delivery.date());
    const int count = std::min(present * dice_.Between(20, 45) / 100, kMostParticipants);
    for (int i = 0; i < count; ++i) {
      SurveyResponse* response =
          Add(metrics::v1::INSTRUMENT_PARTICIPANT, day + dice_.Between(0, 6));
      if (response == nullptr) continue;
      if (!dice_.Chance(3)) response->set_satisfaction(Satisfaction(dice_));
      if (dice_.Chance(12)) response->set_comment(dice_.Pick(kComments));
    }
    if (present > 0 && dice_.Chance(35)) Knowledge(day, std::min(count, 6));
  }

  // A test before and after, of the same number of people; whose is not kept.
  void Knowledge(absl::CivilDay day, int count) {
    for (int i = 0; i < count; ++i) {
      SurveyResponse* before = Add(metrics::v1::INSTRUMENT_PRE, day);
      if (before != nullptr) before->set_knowledge_percent(dice_.Between(35, 75));
      SurveyResponse* after = Add(metrics::v1::INSTRUMENT_POST, day);
      if (after != nullptr) after->set_knowledge_percent(dice_.Between(62, 100));
    }
  }

  void Consultants(const SampleSlot& slot) {
    const absl::CivilDay day = *ParseDate(slot.deliveries.back().date());
    for (size_t i = 0; i < slot.experts.size(); ++i) {
      if (!dice_.Chance(60)) continue;
      SurveyResponse* response =
          Add(metrics::v1::INSTRUMENT_CONSULTANT, day + dice_.Between(1, 14));
      if (response != nullptr) response->set_satisfaction(Satisfaction(dice_));
    }
  }

  void Requester() {
    absl::CivilDay last = absl::CivilDay::min();
    for (const SampleSlot& slot : request_.slots) {
      last = std::max(last, *ParseDate(slot.deliveries.back().date()));
    }
    SurveyResponse* response = Add(metrics::v1::INSTRUMENT_REQUESTER, last + dice_.Between(3, 25));
    if (response == nullptr) return;
    response->set_satisfaction(Satisfaction(dice_));
    if (dice_.Chance(30)) response->set_comment(dice_.Pick(kComments));
    if (!dice_.Chance(25)) return;
    SurveyResponse* later = Add(metrics::v1::INSTRUMENT_FOLLOW_UP, last + dice_.Between(80, 120));
    if (later != nullptr) later->set_satisfaction(Satisfaction(dice_));
  }

  const SampleDays& days_;
  const SampleRequest& request_;
  Dice& dice_;
  std::vector<SurveyResponse>& responses_;
};

// Says for the participants of each year whether the training met its goals: 93 % yes among those
// who say, and a few do not.
void SetMetGoals(Dice& dice, std::vector<SurveyResponse>& responses) {
  std::map<int, std::vector<SurveyResponse*>> by_year;
  for (SurveyResponse& response : responses) {
    if (response.instrument() != metrics::v1::INSTRUMENT_PARTICIPANT || dice.Chance(4)) continue;
    by_year[FiscalYear(*ParseDate(response.date()))].push_back(&response);
  }
  for (auto& [year, answers] : by_year) {
    dice.Shuffle(answers);
    const size_t yes = (answers.size() * kMetGoalsPercent + 50) / 100;
    for (size_t i = 0; i < answers.size(); ++i) {
      answers[i]->set_met_goals(i < yes ? metrics::v1::YES_NO_YES : metrics::v1::YES_NO_NO);
    }
  }
}

}  // namespace

std::vector<SurveyResponse> MakeSurveys(const SampleOptions& options,
                                        const std::vector<SampleRequest>& requests) {
  Dice dice(options.seed, "surveys");
  const SampleDays days(options);
  std::vector<SurveyResponse> responses;
  for (const SampleRequest& request : requests) {
    if (request.matched) Answers(days, request, dice, responses).Write();
  }
  SetMetGoals(dice, responses);
  std::stable_sort(responses.begin(), responses.end(),
                   [](const auto& a, const auto& b) { return a.date() < b.date(); });
  for (size_t i = 0; i < responses.size(); ++i) {
    responses[i].set_external_id(absl::StrFormat("%s:S-%05d", kSampleSystem, i + 1));
  }
  return responses;
}

}  // namespace critac::cli
