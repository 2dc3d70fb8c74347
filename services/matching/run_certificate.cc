#include "services/matching/run_certificate.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/certificate.h"
#include "services/matching/eligibility.h"
#include "services/matching/network.h"
#include "services/matching/period.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

using PeriodPrices = std::vector<std::tuple<int, int32_t, int64_t>>;
using RecordedPrices = google::protobuf::RepeatedPtrField<v1::ProofPrice>;

void AddPrice(int row, int32_t period, int64_t price, RecordedPrices& prices) {
  v1::ProofPrice& one = *prices.Add();
  one.set_row(row);
  one.set_period(period);
  one.set_price(price);
}

PeriodPrices PeriodPricesOf(const RecordedPrices& prices) {
  PeriodPrices rows;
  for (const v1::ProofPrice& one : prices) {
    rows.emplace_back(one.row(), one.period(), one.price());
  }
  return rows;
}

// Message: v1::SolveProof or v1::ProofPrices, which have the same fields for prices.
template <typename Message>
void RecordPrices(const Prices& prices, Message& message) {
  message.mutable_slot_prices()->Add(prices.slots.begin(), prices.slots.end());
  message.mutable_partner_prices()->Add(prices.partners.begin(), prices.partners.end());
  message.set_program_price(prices.program);
  for (int e = 0; e < static_cast<int>(prices.experts_open.size()); ++e) {
    if (prices.experts_open[e] == 0) continue;
    AddPrice(e, 0, prices.experts_open[e], *message.mutable_expert_open_prices());
  }
  for (const auto& [row, period, price] : prices.expert_periods) {
    AddPrice(row, period, price, *message.mutable_expert_period_prices());
  }
  for (const auto& [row, period, price] : prices.partner_periods) {
    AddPrice(row, period, price, *message.mutable_partner_period_prices());
  }
}

// The other way round, where there are so many experts. Nothing: a price is of none of them.
template <typename Message>
std::optional<Prices> PricesIn(const Message& message, int experts) {
  Prices prices;
  prices.slots.assign(message.slot_prices().begin(), message.slot_prices().end());
  prices.partners.assign(message.partner_prices().begin(), message.partner_prices().end());
  prices.program = message.program_price();
  prices.experts_open.resize(experts, 0);
  for (const v1::ProofPrice& one : message.expert_open_prices()) {
    if (one.row() < 0 || one.row() >= experts) return std::nullopt;
    prices.experts_open[one.row()] = one.price();
  }
  prices.expert_periods = PeriodPricesOf(message.expert_period_prices());
  prices.partner_periods = PeriodPricesOf(message.partner_period_prices());
  return prices;
}

void RecordCase(const ProofCase& one, v1::ProofCase& recorded) {
  if (one.expert >= 0) recorded.set_expert(one.expert);
  for (const auto& [period, people] : one.fewer_than) {
    v1::ProofPeople& fewer = *recorded.add_fewer_than();
    fewer.set_period(period);
    fewer.set_people(people);
  }
  if (one.prices.has_value()) RecordPrices(*one.prices, *recorded.mutable_prices());
}

// Nothing: it is divided by none of so many experts, or has a price of none.
std::optional<ProofCase> CaseIn(const v1::ProofCase& recorded, int experts) {
  ProofCase one;
  if (recorded.has_expert()) {
    // The check sees to those that are too many.
    if (recorded.expert() < 0) return std::nullopt;
    one.expert = recorded.expert();
  }
  for (const v1::ProofPeople& fewer : recorded.fewer_than()) {
    one.fewer_than.emplace_back(fewer.period(), fewer.people());
  }
  if (recorded.has_prices()) {
    one.prices = PricesIn(recorded.prices(), experts);
    if (!one.prices.has_value()) return std::nullopt;
  }
  return one;
}

absl::Status NotReproduced(const v1::SolveRun& run, const v1::SolveProof& proof,
                           absl::string_view why) {
  const absl::string_view reads =
      proof.has_outside()
          ? "cannot be checked any more: its plan does not hold in the records of then, as this "
            "version reads them ("
          : "cannot be checked any more: the catalog, or addresses of experts, are not those of "
            "then, and were not yet kept with runs (";
  return FailedPrecondition("RUN_NOT_REPRODUCED", run.name(), absl::StrCat(reads, why, ")"));
}

// Units of the plan by slot.
std::vector<int> UnitsOfSlots(const Pool& pool, const Plan& plan) {
  std::vector<int> counts(pool.slots().size(), 0);
  for (const PlanUnit& unit : plan.units) ++counts[unit.slot];
  return counts;
}

// Collects a certificate into parts.
class CertificateWriter {
 public:
  CertificateWriter(const Pool& pool, const Plan& plan,
                    absl::FunctionRef<bool(const v1::GetCertificateResponse&)> write,
                    int64_t part_bytes)
      : pool_(pool), plan_(plan), write_(write), part_bytes_(part_bytes) {}

  void Write(const v1::SolveRun& run) {
    AddFigures(run);
    AddPartners();
    AddExperts();
    AddSlots();
    AddPairs();
    AddUnits();
    AddCases();
    const bool has_rest = bytes_ > 0 || !part_.date().empty();
    if (wanted_ && has_rest) write_(part_);
  }

 private:
  using PricesByRow = std::map<int, std::vector<std::pair<int32_t, int64_t>>>;

  std::string NameOfPeriod(int32_t number) const {
    return PeriodName({pool_.period_length(), number});
  }

  // After an element was added to the part: hands the part on where it is full.
  void Added(const google::protobuf::Message& element) {
    bytes_ += static_cast<int64_t>(element.ByteSizeLong());
    if (bytes_ < part_bytes_) return;
    wanted_ = wanted_ && write_(part_);
    part_.Clear();
    bytes_ = 0;
  }

  void AddFigures(const v1::SolveRun& run) {
    part_.set_run(run.name());
    if (run.has_time()) *part_.mutable_time() = run.time();
    part_.set_date(DayText(pool_.today()));
    part_.set_policy_version(run.policy_version());
    part_.set_objective(plan_.objective);
    part_.set_bound(plan_.bound);
    part_.set_people_count(plan_.unit_count);
    part_.set_pair_count(plan_.pair_count);
    part_.set_fairness_price(pool_.policy().fairness_price());
    part_.set_minimum_share_price(pool_.policy().minimum_share_price());
    if (pool_.program_room() < kNoLimit) part_.set_program_room(pool_.program_room());
    part_.set_program_price(plan_.prices.program);
    part_.set_case_count(run.case_count());
  }

  template <typename List>
  void AddUsed(const std::vector<std::pair<int32_t, int64_t>>& used, List& list) const {
    for (const auto& [period, count] : used) {
      v1::PeriodUnits& one = *list.Add();
      one.set_period(NameOfPeriod(period));
      one.set_count(count);
    }
  }

  static PricesByRow ByRow(const PeriodPrices& prices) {
    PricesByRow by_row;
    for (const auto& [row, period, price] : prices) by_row[row].emplace_back(period, price);
    return by_row;
  }

  template <typename List>
  void AddPrices(const PricesByRow& prices, int row, List& list) const {
    const auto found = prices.find(row);
    if (found == prices.end()) return;
    for (const auto& [period, price] : found->second) {
      v1::PeriodPrice& one = *list.Add();
      one.set_period(NameOfPeriod(period));
      one.set_price(price);
    }
  }

  void AddPartners() {
    const PricesByRow prices = ByRow(plan_.prices.partner_periods);
    for (int p = 0; wanted_ && p < static_cast<int>(pool_.partners().size()); ++p) {
      const PartnerRow& row = pool_.partners()[p];
      v1::CertificatePartner& partner = *part_.add_partners();
      partner.set_name(row.name);
      partner.set_in_hand_count(row.used_open);
      partner.set_minimum_count(row.least);
      if (row.most < kNoLimit) partner.set_maximum_count(row.most);
      partner.set_capacity_per_period(row.capacity_per_period);
      AddUsed(row.used, *partner.mutable_used());
      partner.set_price(plan_.prices.partners[p]);
      AddPrices(prices, p, *partner.mutable_period_prices());
      Added(partner);
    }
  }

  void AddExperts() {
    const PricesByRow prices = ByRow(plan_.prices.expert_periods);
    for (int e = 0; wanted_ && e < static_cast<int>(pool_.experts().size()); ++e) {
      const ExpertRow& row = pool_.experts()[e];
      v1::CertificateExpert& expert = *part_.add_experts();
      expert.set_name(row.name);
      expert.set_partner(row.partner_name);
      expert.set_person(row.person);
      expert.set_capacity_open(row.capacity_open);
      expert.set_in_hand_count(row.used_open);
      expert.set_capacity_per_period(row.capacity_per_period);
      AddUsed(row.used, *expert.mutable_used());
      expert.set_open_price(plan_.prices.experts_open[e]);
      AddPrices(prices, e, *expert.mutable_period_prices());
      Added(expert);
    }
  }

  void AddSlots() {
    for (int s = 0; wanted_ && s < static_cast<int>(pool_.slots().size()); ++s) {
      const SlotRow& row = pool_.slots()[s];
      v1::CertificateSlot& slot = *part_.add_slots();
      slot.set_request(row.request);
      slot.set_slot(row.id);
      slot.set_topic(pool_.topic_title(row.topic));
      slot.set_missing_count(row.missing);
      slot.set_open_count(plan_.open[s]);
      slot.set_open_price(row.open_price);
      slot.set_price(plan_.prices.slots[s]);
      Added(slot);
    }
  }

  void AddPairs() {
    for (int s = 0; s < static_cast<int>(pool_.slots().size()); ++s) {
      if (pool_.slots()[s].missing == 0) continue;
      for (const int e : pool_.holders_of(pool_.slots()[s].topic)) {
        if (!wanted_) return;
        const Verdict verdict = CheckGates(pool_, s, e);
        if (verdict.eligible()) AddPair(s, e, verdict.periods);
      }
    }
  }

  void AddPair(int s, int e, PeriodSet periods) {
    const SlotRow& slot = pool_.slots()[s];
    v1::CertificatePair& pair = *part_.add_pairs();
    pair.set_slot(s);
    pair.set_expert(e);
    pair.set_cost(-ScoreOf(pool_, s, e, periods).total_e6);
    for (std::string& name : pool_.PeriodNames(slot, periods)) {
      pair.add_periods(std::move(name));
    }
    const std::vector<int>& standing = slot.standing_experts;
    if (std::find(standing.begin(), standing.end(), e) != standing.end()) {
      pair.set_bonus(pool_.policy().stability_bonus());
      const std::optional<int32_t> stands_in = StandingPeriodNumber(pool_, s, e);
      const std::string period = stands_in.has_value() ? NameOfPeriod(*stands_in) : "";
      if (std::count(pair.periods().begin(), pair.periods().end(), period) > 0) {
        pair.set_bonus_period(period);
      }
    }
    Added(pair);
  }

  void AddUnits() {
    for (const PlanUnit& row : plan_.units) {
      if (!wanted_) return;
      v1::CertificateUnit& unit = *part_.add_units();
      unit.set_slot(row.slot);
      unit.set_expert(row.expert);
      unit.set_period(NameOfPeriod(row.period));
      Added(unit);
    }
  }

  void AddCases() {
    for (const ProofCase& one : plan_.cases) {
      if (!wanted_) return;
      v1::CertificateCase& added = *part_.add_cases();
      if (one.expert >= 0) added.set_expert(one.expert);
      AddUsed(one.fewer_than, *added.mutable_fewer_than());
      if (one.prices.has_value()) AddCasePrices(*one.prices, *added.mutable_prices());
      Added(added);
    }
  }

  using CapacityPrices = google::protobuf::RepeatedPtrField<v1::CapacityPrice>;

  static void AddCapacityPrice(int row, std::string period, int64_t price, CapacityPrices& list) {
    v1::CapacityPrice& one = *list.Add();
    one.set_row(row);
    one.set_period(std::move(period));
    one.set_price(price);
  }

  void AddCasePrices(const Prices& prices, v1::CertificatePrices& added) const {
    added.mutable_slots()->Add(prices.slots.begin(), prices.slots.end());
    added.mutable_partners()->Add(prices.partners.begin(), prices.partners.end());
    added.set_program(prices.program);
    for (int e = 0; e < static_cast<int>(prices.experts_open.size()); ++e) {
      if (prices.experts_open[e] == 0) continue;
      AddCapacityPrice(e, "", prices.experts_open[e], *added.mutable_experts_open());
    }
    for (const auto& [row, period, price] : prices.expert_periods) {
      AddCapacityPrice(row, NameOfPeriod(period), price, *added.mutable_expert_periods());
    }
    for (const auto& [row, period, price] : prices.partner_periods) {
      AddCapacityPrice(row, NameOfPeriod(period), price, *added.mutable_partner_periods());
    }
  }

  const Pool& pool_;
  const Plan& plan_;
  const absl::FunctionRef<bool(const v1::GetCertificateResponse&)> write_;
  const int64_t part_bytes_;
  v1::GetCertificateResponse part_;
  // Of the elements in the part.
  int64_t bytes_ = 0;
  bool wanted_ = true;
};

}  // namespace

v1::SolveProof ProofOf(const Pool& pool, const Plan& plan) {
  v1::SolveProof proof;
  proof.set_date(DayText(pool.today()));
  for (const PlanUnit& row : plan.units) {
    v1::ProofUnit& unit = *proof.add_units();
    unit.set_slot(row.slot);
    unit.set_expert(row.expert);
    unit.set_period(row.period);
  }
  RecordPrices(plan.prices, proof);
  for (const ProofCase& one : plan.cases) RecordCase(one, *proof.add_cases());
  return proof;
}

absl::StatusOr<Plan> RecordedPlan(const Pool& pool, const v1::SolveRun& run,
                                  const v1::SolveProof& proof) {
  const int slots = static_cast<int>(pool.slots().size());
  const int experts = static_cast<int>(pool.experts().size());
  Plan plan;
  for (const v1::ProofUnit& one : proof.units()) {
    if (one.slot() < 0 || one.slot() >= slots || one.expert() < 0 || one.expert() >= experts) {
      return NotReproduced(run, proof, "a unit is of no slot or expert");
    }
    const Verdict verdict = CheckGates(pool, one.slot(), one.expert());
    if (!verdict.eligible()) {
      return NotReproduced(run, proof,
                           absl::StrCat(pool.experts()[one.expert()].name, " is out at a gate of ",
                                        pool.slots()[one.slot()].request));
    }
    plan.units.push_back({one.slot(), one.expert(), one.period(),
                          ScoreOf(pool, one.slot(), one.expert(), verdict.periods).total_e6});
  }
  const std::vector<int> counts = UnitsOfSlots(pool, plan);
  for (int s = 0; s < slots; ++s) plan.open.push_back(pool.slots()[s].missing - counts[s]);
  std::optional<Prices> prices = PricesIn(proof, experts);
  if (!prices.has_value()) return NotReproduced(run, proof, "a price is of no expert");
  plan.prices = *std::move(prices);
  if (proof.cases_size() > 0 && proof.cases_size() != run.case_count()) {
    return NotReproduced(run, proof, "its cases are not as many as the run says");
  }
  for (const v1::ProofCase& recorded : proof.cases()) {
    std::optional<ProofCase> one = CaseIn(recorded, experts);
    if (!one.has_value()) return NotReproduced(run, proof, "a case is of no expert");
    plan.cases.push_back(*std::move(one));
  }
  plan.objective = run.objective();
  plan.bound = run.bound();
  plan.pair_count = run.pair_count();
  plan.unit_count = run.unit_count();
  if (const absl::Status holds = CheckPlan(pool, plan); !holds.ok()) {
    return NotReproduced(run, proof, holds.message());
  }
  return plan;
}

void WriteCertificate(const Pool& pool, const Plan& plan, const v1::SolveRun& run,
                      absl::FunctionRef<bool(const v1::GetCertificateResponse&)> write,
                      int64_t part_bytes) {
  CertificateWriter(pool, plan, write, part_bytes).Write(run);
}

void AddCertificate(const Pool& pool, const Plan& plan, int64_t most_bytes, v1::SolveRun& run) {
  v1::GetCertificateResponse whole;
  const auto fits = [&] { return static_cast<int64_t>(whole.ByteSizeLong()) <= most_bytes; };
  WriteCertificate(pool, plan, run, [&](const v1::GetCertificateResponse& part) {
    whole.MergeFrom(part);
    return fits();
  });
  // Cases come last: where one of them was one too many, all else is there.
  if (!fits()) whole.clear_cases();
  if (fits()) {
    *run.mutable_certificate() = std::move(whole);
  } else {
    run.set_no_certificate(v1::NO_CERTIFICATE_TOO_LARGE);
  }
}

void AddCertificateOfSeveral(const Pool& pool, const Plan& plan, int64_t most_bytes,
                             int64_t& bytes_left, v1::SolveRun& run) {
  AddCertificate(pool, plan, most_bytes, run);
  if (!run.has_certificate()) return;
  const auto bytes = [&run] { return static_cast<int64_t>(run.certificate().ByteSizeLong()); };
  if (bytes() > bytes_left) run.mutable_certificate()->clear_cases();
  if (bytes() > bytes_left) {
    run.clear_certificate();
    run.set_no_certificate(v1::NO_CERTIFICATE_ANSWER_FULL);
    return;
  }
  bytes_left -= bytes();
}

}  // namespace critac::matching
