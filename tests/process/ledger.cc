#include "tests/process/ledger.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"
#include "google/protobuf/util/json_util.h"

namespace critac::testing {
namespace {

using journal::v1::Event;
using Names = std::set<std::string>;

// How often something happened to each name.
using Counts = std::map<std::string, int>;

Names Without(const Names& names, const Names& others) {
  Names left;
  std::set_difference(names.begin(), names.end(), others.begin(), others.end(),
                      std::inserter(left, left.end()));
  return left;
}

class Ledger {
 public:
  Ledger(const Acknowledged& acknowledged, const Journals& journals)
      : acknowledged_(acknowledged), firm_(Without(acknowledged.ready, acknowledged.withdrawn)) {
    Read("intake", journals.intake);
    Read("matching", journals.matching);
    Read("metrics", journals.metrics);
  }

  std::vector<std::string> Balance() {
    using namespace intake::v1;  // NOLINT(google-build-using-namespace): actions of the lifecycle
    Once("led to ready", actions_[REQUEST_ACTION_COMPLETE_SCOPING], acknowledged_.ready);
    Once("withdrawn", actions_[REQUEST_ACTION_WITHDRAW], acknowledged_.withdrawn);
    Once("followed by matching", opened_, firm_, acknowledged_.withdrawn);
    Once("let go by matching", closed_, NamesOf(opened_, acknowledged_.withdrawn));
    Once("decided", decided_, {}, made_);
    Once("offered", offered_, {}, NamesOf(offered_));
    Once("accepted", accepted_, acknowledged_.accepted);
    Once("declined", declined_, acknowledged_.declined);
    Once("taken back", taken_back_,
         Without(acknowledged_.taken_back, OffersFor(acknowledged_.withdrawn)),
         acknowledged_.taken_back);
    Once("agreed", agreed_, firm_, acknowledged_.withdrawn);
    Once("recorded as matched", actions_[REQUEST_ACTION_RECORD_MATCH], firm_, NamesOf(agreed_));
    Once("delivered", delivered_, acknowledged_.delivered);
    Once("recorded as begun", actions_[REQUEST_ACTION_START_DELIVERY], firm_, begun_);
    Once("recorded as delivered", actions_[REQUEST_ACTION_COMPLETE_DELIVERY], firm_, begun_);
    Once("settled", settled_, EngagementsOf(firm_), EngagementsOf(acknowledged_.withdrawn));
    Once("surveyed", surveyed_, acknowledged_.surveyed);
    Once("asked for", requested_, acknowledged_.reports);
    Once("finished", finished_, acknowledged_.reports);
    Once("imported", imported_, acknowledged_.imported);
    return std::move(amiss_);
  }

 private:
  // Every name of `must` happened once, those of `may` at most once, and no other at all.
  void Once(absl::string_view what, const Counts& counts, const Names& must,
            const Names& may = {}) {
    for (const std::string& name : must) {
      if (!counts.contains(name)) amiss_.push_back(absl::StrCat(name, " is not ", what));
    }
    for (const auto& [name, count] : counts) {
      if (!must.contains(name) && !may.contains(name)) {
        amiss_.push_back(absl::StrCat(name, " is ", what, " without a cause"));
      } else if (count > 1) {
        amiss_.push_back(absl::StrCat(name, " is ", what, " ", count, " times"));
      }
    }
  }

  static Names NamesOf(const Counts& counts) {
    Names names;
    for (const auto& [name, count] : counts) names.insert(name);
    return names;
  }
  static Names NamesOf(const Counts& counts, const Names& among) {
    Names names;
    for (const std::string& name : among) {
      if (counts.contains(name)) names.insert(name);
    }
    return names;
  }
  Names EngagementsOf(const Names& requests) const {
    Names names;
    for (const auto& [engagement, request] : engagements_) {
      if (requests.contains(request)) names.insert(engagement);
    }
    return names;
  }

  Names OffersFor(const Names& requests) const {
    Names names;
    for (const auto& [offer, request] : offers_) {
      if (requests.contains(request)) names.insert(offer);
    }
    return names;
  }

  void Read(absl::string_view journal, const std::vector<Event>& events) {
    for (size_t i = 0; i < events.size(); ++i) {
      const Event& event = events[i];
      if (event.sequence() != static_cast<int64_t>(i) + 1) {
        amiss_.push_back(absl::StrCat("place ", i + 1, " of the journal ", journal, " has number ",
                                      event.sequence()));
      }
      Take<intake::v1::RequestCreated>(event, [&](const auto& created) {
        const std::string& external_id = created.request().external_id();
        if (!external_id.empty()) ++imported_[external_id];
      });
      Take<intake::v1::RequestTransitioned>(
          event, [&](const auto& taken) { ++actions_[taken.action()][event.subject()]; });
      Take<matching::v1::DemandOpened>(
          event, [&](const auto& opened) { ++opened_[opened.demand().request()]; });
      Take<matching::v1::DemandClosed>(event, [&](const auto& closed) { Close(closed); });
      Take<matching::v1::ProposalMade>(event, [&](const auto& made) { Propose(made); });
      Take<matching::v1::ProposalDecided>(event, [&](const auto& decided) { Decide(decided); });
      Take<matching::v1::OfferAccepted>(
          event, [&](const auto& accepted) { ++accepted_[accepted.offer().name()]; });
      Take<matching::v1::OfferDeclined>(event,
                                        [&](const auto& declined) { Decline(declined.offer()); });
      Take<matching::v1::EngagementAgreed>(event, [&](const auto& agreed) {
        ++agreed_[agreed.engagement().request()];
        engagements_[agreed.engagement().name()] = agreed.engagement().request();
      });
      Take<matching::v1::DeliveryRecorded>(event, [&](const auto& recorded) {
        ++delivered_[recorded.engagement()];
        begun_.insert(engagements_[recorded.engagement()]);
      });
      Take<matching::v1::EngagementSettled>(
          event, [&](const auto& settled) { ++settled_[settled.engagement()]; });
      Take<metrics::v1::SurveyResponseRecorded>(
          event, [&](const auto& recorded) { ++surveyed_[recorded.response().engagement()]; });
      Take<metrics::v1::ReportRequested>(
          event, [&](const auto& requested) { ++requested_[requested.report().name()]; });
      Take<metrics::v1::ReportFinished>(event,
                                        [&](const auto& finished) { Finish(finished.report()); });
    }
  }

  template <typename T, typename Use>
  void Take(const Event& event, Use use) {
    if (event.type() != T::descriptor()->full_name()) return;
    T payload;
    const auto read = google::protobuf::util::JsonStringToMessage(event.payload(), &payload);
    if (!read.ok()) amiss_.push_back(absl::StrCat(event.type(), " cannot be read"));
    use(payload);
  }

  void Close(const matching::v1::DemandClosed& closed) {
    // `demands/X` is of `requests/X`.
    const std::string request =
        absl::StrCat("requests", closed.demand().substr(closed.demand().find('/')));
    ++closed_[request];
    standing_.erase(request);
    for (const std::string& offer : closed.withdrawn_offers()) places_.erase(offer);
  }

  void Propose(const matching::v1::ProposalMade& made) {
    const std::string& request = made.proposal().request();
    const auto before = standing_.find(request);
    if (before != standing_.end() && before->second != made.supersedes()) {
      amiss_.push_back(absl::StrCat(request, " has two proposals at once, ", before->second,
                                    " and ", made.proposal().name()));
    }
    if (!made_.insert(made.proposal().name()).second) {
      amiss_.push_back(absl::StrCat(made.proposal().name(), " is made twice"));
    }
    standing_[request] = made.proposal().name();
  }

  void Decide(const matching::v1::ProposalDecided& decided) {
    ++decided_[decided.proposal().name()];
    standing_.erase(decided.proposal().request());
    for (const matching::v1::Offer& offer : decided.offers()) {
      ++offered_[offer.name()];
      offers_[offer.name()] = offer.request();
      const std::string place = absl::StrCat(offer.request(), " slot ", offer.assignment().slot());
      for (const auto& [other, its_place] : places_) {
        if (its_place == place) {
          amiss_.push_back(
              absl::StrCat(place, " is offered twice at once, by ", other, " and ", offer.name()));
        }
      }
      places_[offer.name()] = place;
    }
  }

  void Decline(const matching::v1::Offer& offer) {
    ++(offer.state() == matching::v1::OFFER_STATE_WITHDRAWN ? taken_back_
                                                            : declined_)[offer.name()];
    places_.erase(offer.name());
  }

  void Finish(const metrics::v1::Report& report) {
    ++finished_[report.name()];
    if (report.state() == metrics::v1::REPORT_STATE_DONE) return;
    amiss_.push_back(absl::StrCat(report.name(), " could not be made: ", report.problem()));
  }

  const Acknowledged& acknowledged_;
  // Requests that are taken to the end.
  const Names firm_;
  std::vector<std::string> amiss_;

  std::map<intake::v1::RequestAction, Counts> actions_;
  Counts opened_, closed_, decided_, offered_, accepted_, declined_, taken_back_, agreed_,
      delivered_, settled_, surveyed_, requested_, finished_, imported_;
  Names made_;
  // Requests with a delivery on record.
  Names begun_;
  // Request → its proposal that nobody has decided or replaced.
  std::map<std::string, std::string> standing_;
  // Offer that is open or accepted → the place it is for. Slots here are for one person.
  std::map<std::string, std::string> places_;
  // Offer → its request.
  std::map<std::string, std::string> offers_;
  // Engagement → its request.
  std::map<std::string, std::string> engagements_;
};

}  // namespace

std::vector<std::string> Amiss(const Acknowledged& acknowledged, const Journals& journals) {
  return Ledger(acknowledged, journals).Balance();
}

}  // namespace critac::testing
