// The solver against LEMON: the same costs, the same machine, one run.
//
// Ours is timed from costs to a certified result: solved, made canonical, and checked over all pairs.
// LEMON's network simplex and cost scaling get the whole graph of eligible pairs, and only their
// solving is timed; the ratio is to the better of the two. Then what a request that comes later takes, what a
// program's year does, with every pair of it explained, and a ranking of many; these as functions and through the
// service: gRPC over loopback, records in a SQLite file. How far a year is proved in which all limits bind. Last, the
// memory that large pools and plans take, beside what memory_need.h computes.
//
// Beside each case stands the most memory that the process had resident, with what the case rests on in it, and without
// LEMON. Where times are short or LEMON runs too, it is of one time more, which is not timed.
//
// Usage: matching_bench [PART]
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/limits.h"
#include "common/server/run.h"
#include "services/matching/assign.h"
#include "services/matching/canonical.h"
#include "services/matching/certificate.h"
#include "services/matching/eligibility.h"
#include "services/matching/explain.h"
#include "services/matching/forcing.h"
#include "services/matching/lemon_transport.h"
#include "services/matching/memory_need.h"
#include "services/matching/rank.h"
#include "services/matching/remedy.h"
#include "services/matching/transport.h"
#include "tests/bench/findings.h"
#include "tests/bench/measure.h"
#include "tests/bench/peak_memory.h"
#include "tests/bench/served_center.h"

namespace critac::matching {
namespace {

using bench::Check;
using bench::Fail;
using bench::Findings;
using bench::Median;
using bench::PeakMemory;
using bench::PeakMibOf;
using bench::ServedCenter;

using Stub = v1::MatchService::Stub;

constexpr uint32_t kSeed = 20261128;
constexpr int64_t kOpenPrice = 2'000'000;

// How scores come about.
enum class Scores {
  // Any two are independent.
  kUniform,
  // Both sides are points with four properties, as agencies and experts are, and the score falls with
  // the distance: everybody wants the same few.
  kAlike,
};

class Experts {
 public:
  Experts(std::mt19937_64& engine, int rows, int rooms, Scores scores)
      : engine_(engine), scores_(scores), rows_(rows), rooms_(rooms) {
    if (scores == Scores::kUniform) return;
    for (auto* points : {&rows_, &rooms_}) {
      for (auto& point : *points) {
        for (double& property : point) property = static_cast<double>(engine() % 1'000'001) / 1e6;
      }
    }
  }

  int32_t CostOf(int row, int room) {
    if (scores_ == Scores::kUniform) return -static_cast<int32_t>(engine_() % 1'000'001);
    double distance = 0;
    for (size_t i = 0; i < rows_[row].size(); ++i) {
      const double apart = rows_[row][i] - rooms_[room][i];
      distance += static_cast<double>(i + 1) * apart * apart;
    }
    return -static_cast<int32_t>(1e6 * (1 - distance / 10));
  }

 private:
  using Point = std::array<double, 4>;
  std::mt19937_64& engine_;
  Scores scores_;
  std::vector<Point> rows_, rooms_;
};

// The first of so many rows, each with every room.
TransportProblem FirstOfDense(int rows, int of_rows, int rooms, int capacity, Scores scores) {
  std::mt19937_64 engine(kSeed);
  Experts experts(engine, of_rows, rooms, scores);
  TransportProblem problem;
  for (int room = 0; room < rooms; ++room) problem.AddRoom({{capacity, 0}});
  for (int row = 0; row < rows; ++row) {
    problem.AddRow(1, kOpenPrice);
    for (int room = 0; room < rooms; ++room) problem.AddPair(room, experts.CostOf(row, room));
  }
  return problem;
}

// Every row with every room.
TransportProblem Dense(int rows, int rooms, int capacity, Scores scores) {
  return FirstOfDense(rows, rows, rooms, capacity, scores);
}

// Every row with so many rooms.
TransportProblem Sparse(int rows, int rooms, int capacity, int each, Scores scores) {
  std::mt19937_64 engine(kSeed);
  Experts experts(engine, rows, rooms, scores);
  TransportProblem problem;
  for (int room = 0; room < rooms; ++room) problem.AddRoom({{capacity, 0}});
  std::vector<int> some;
  for (int row = 0; row < rows; ++row) {
    problem.AddRow(1, kOpenPrice);
    some.clear();
    while (static_cast<int>(some.size()) < each) {
      const int room = static_cast<int>(engine() % static_cast<uint64_t>(rooms));
      if (std::find(some.begin(), some.end(), room) == some.end()) some.push_back(room);
    }
    std::sort(some.begin(), some.end());
    for (const int room : some) problem.AddPair(room, experts.CostOf(row, room));
  }
  return problem;
}

double SecondsOf(const std::function<void()>& work) {
  const absl::Time start = absl::Now();
  work();
  return absl::ToDoubleSeconds(absl::Now() - start);
}

// Solved and canonical.
Transport CanonicalOf(const TransportProblem& problem, Transport start = {}) {
  absl::StatusOr<Transport> transport = SolveTransport(problem, std::move(start));
  Check(transport.status(), "solving");
  MakeCanonical(problem, {}, *transport);
  return *std::move(transport);
}

// Certified as well.
Transport Certified(const TransportProblem& problem) {
  Transport transport = CanonicalOf(problem);
  Check(CheckTransport(problem, transport), "the check of what was solved");
  return transport;
}

// The same where a transport of the first rows is there, which is gone on with, and its check.
Transport Certified(const TransportProblem& problem, Transport start, TransportCheck& check) {
  Transport transport = CanonicalOf(problem, std::move(start));
  Check(check.Check(problem, transport), "the check of what was solved");
  return transport;
}

std::string TimeText(double seconds) {
  return seconds < 1 ? absl::StrFormat("%.1f ms", seconds * 1e3)
                     : absl::StrFormat("%.2f s", seconds);
}

// A line of the table.
struct Line {
  std::string what;
  double seconds = 0;
  // At its peak; nothing: not known.
  std::optional<double> memory_mib = std::nullopt;
  // What others took, and how many times as long the best of them did. 0: there is nobody to compare with.
  std::string peers = "";
  double ratio = 0;
  // 0: no such thing is wanted.
  double least_ratio = 0;
  double most_seconds = 0;
  double most_mib = 0;
};

void PrintHead() {
  if (!PeakMemory().begins_anew()) {
    absl::PrintF("memory is not measured: no peak begins anew here (/proc/self/clear_refs)\n");
  }
  absl::PrintF("%-66s %9s %9s  %-34s %6s  %s\n", "case", "ours", "memory", "peers", "ratio",
               "wanted");
}

std::string MemoryText(std::optional<double> mib) {
  return mib.has_value() ? absl::StrFormat("%.0f MiB", *mib) : "-";
}

void Print(Findings& findings, const Line& line) {
  bool good = true;
  std::string wanted;
  if (line.least_ratio > 0) {
    good = findings.AtLeast(line.what, line.ratio, line.least_ratio, " times");
    wanted = absl::StrFormat("%g times", line.least_ratio);
  }
  if (line.most_seconds > 0) {
    good = findings.AtMost(line.what, line.seconds * 1e3, line.most_seconds * 1e3, " ms") && good;
    absl::StrAppend(&wanted, wanted.empty() ? "" : ", ", TimeText(line.most_seconds));
  }
  if (line.most_mib > 0 && line.memory_mib.has_value()) {
    good = findings.AtMost(line.what, *line.memory_mib, line.most_mib, " MiB") && good;
    absl::StrAppend(&wanted, wanted.empty() ? "" : ", ", MemoryText(line.most_mib));
  }
  absl::PrintF("%-66s %9s %9s  %-34s %6s  %s%s\n", line.what, TimeText(line.seconds),
               MemoryText(line.memory_mib), line.peers,
               line.ratio > 0 ? absl::StrFormat("%.3g", line.ratio) : "", wanted,
               good ? "" : "  MISSED");
  std::fflush(stdout);
}

double Percentile99(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() * 99 / 100];
}

// The median of a few rounds in turn where a round is short, of one else.
void Compare(Findings& findings, const std::string& name, const TransportProblem& problem,
             double wanted) {
  constexpr size_t kShort = 2'000'000;
  const int rounds = problem.entry.size() < kShort ? 5 : 1;
  constexpr LemonAlgorithm kPeers[] = {LemonAlgorithm::kNetworkSimplex,
                                       LemonAlgorithm::kCostScaling};
  std::vector<double> ours;
  std::vector<double> peers[2];
  for (int round = 0; round < rounds; ++round) {
    int64_t cost = 0;
    ours.push_back(SecondsOf([&] { cost = Certified(problem).cost; }));
    for (size_t i = 0; i < std::size(kPeers); ++i) {
      const absl::StatusOr<LemonResult> result = SolveByLemon(problem, kPeers[i]);
      Check(result.status(), "LEMON");
      if (result->cost != cost) Fail("LEMON finds another cost");
      peers[i].push_back(absl::ToDoubleSeconds(result->solving));
    }
  }
  const std::optional<double> memory = PeakMibOf([&] { Certified(problem); });
  const double simplex = Median(peers[0]);
  const double scaling = Median(peers[1]);
  Print(findings,
        {.what = name,
         .seconds = Median(ours),
         .memory_mib = memory,
         .peers = absl::StrCat("simplex ", TimeText(simplex), ", scaling ", TimeText(scaling)),
         .ratio = std::min(simplex, scaling) / Median(ours),
         .least_ratio = wanted});
}

void CompareAll(Findings& findings) {
  for (const auto& [scores, title] :
       {std::pair(Scores::kUniform, "uniform"), std::pair(Scores::kAlike, "alike")}) {
    for (const int size : {1000, 2000, 5000}) {
      Compare(findings, absl::StrFormat("%d x %d, all pairs, %s", size, size, title),
              Dense(size, size, 1, scores), 3);
    }
    Compare(findings, absl::StrFormat("10000 x 2000, capacity 5, all pairs, %s", title),
            Dense(10'000, 2000, 5, scores), 3);
    Compare(findings, absl::StrFormat("100000 x 5000, capacity 25, 20 each, %s", title),
            Sparse(100'000, 5000, 25, 20, scores), 1);
  }
}

// One request more, when the others are solved and no room is left.
void OneMore(Findings& findings) {
  for (const auto& [scores, title] :
       {std::pair(Scores::kUniform, "uniform"), std::pair(Scores::kAlike, "alike")}) {
    const TransportProblem after = Dense(10'001, 2000, 5, scores);
    TransportCheck of_standing;
    const Transport standing =
        Certified(FirstOfDense(10'000, 10'001, 2000, 5, scores), {}, of_standing);
    // In turn, so that what else the machine does falls on both.
    std::vector<double> adding, from_scratch;
    for (int round = 0; round < 7; ++round) {
      Transport added, anew;
      // Whoever has a standing plan goes on with it; that each round begins with it takes a copy.
      TransportCheck check = of_standing;
      Transport start = standing;
      adding.push_back(SecondsOf([&] { added = Certified(after, std::move(start), check); }));
      from_scratch.push_back(SecondsOf([&] { anew = Certified(after); }));
      if (added.used != anew.used) Fail("another answer after one more request");
    }
    Print(findings,
          {.what = absl::StrFormat("one request more among 10000 x 2000, no room left, %s", title),
           .seconds = Median(adding),
           .memory_mib = PeakMibOf([&] { Certified(after, standing, of_standing); }),
           .peers = absl::StrCat("from scratch ", TimeText(Median(from_scratch))),
           .ratio = Median(from_scratch) / Median(adding),
           .least_ratio = 10});
  }
}

// Of every expert in every slot of some: the gate at which they are out, or their rank and score and
// what having them there would cost. Returns how many pairs have a price.
int64_t Explain(const Pool& pool, const Plan& plan, int first, int last) {
  Forcing forcing(pool, plan);
  int64_t priced = 0;
  for (int slot = first; slot < last; ++slot) {
    const int everyone = static_cast<int>(pool.experts().size());
    int eligible = 0;
    for (int expert = 0; expert < everyone; ++expert) {
      if (CheckGates(pool, slot, expert).eligible()) ++eligible;
    }
    const std::vector<RankedExpert> ranked = RankEligible(pool, slot, everyone);
    if (static_cast<int>(ranked.size()) != eligible) Fail("ranks are missing");
    for (const Forcing::Price& price : forcing.PricesOf(slot)) {
      priced += price.price.has_value() ? 1 : 0;
    }
  }
  return priced;
}

// Seconds that one pair takes put into words, with its gates, the parts of its score, its rank, its price
// and who would lose, as ExplainMatch answers somebody who asks.
double SecondsInWords(const Pool& pool, const Plan& plan) {
  const int slots = static_cast<int>(pool.slots().size());
  const int experts = static_cast<int>(pool.experts().size());
  constexpr int kAsked = 500;
  size_t bytes = 0;
  const double seconds = SecondsOf([&] {
    for (int i = 0; i < kAsked; ++i) {
      bytes += ExplainMatch(pool, &plan, i * 7 % slots, i * 13 % experts).ByteSizeLong();
    }
  });
  if (bytes == 0) Fail("nothing was said");
  return seconds / kAsked;
}

// A sentence for each pair of some slots, as ExplainMatch sums it up, in one buffer a slot. Returns how many bytes
// were said.
int64_t Sentences(const Pool& pool, const Plan& plan, int first, int last) {
  Explainer explainer(pool, &plan);
  std::string text;
  int64_t bytes = 0;
  for (int slot = first; slot < last; ++slot) {
    text.clear();
    for (int expert = 0; expert < static_cast<int>(pool.experts().size()); ++expert) {
      explainer.AppendSummary(slot, expert, {}, text);
      text += '\n';
    }
    bytes += static_cast<int64_t>(text.size());
  }
  return bytes;
}

// All that ExplainMatch says of each pair: every gate and every part of the score in words, who would lose, and
// the sentence. Returns how many bytes the sentences have.
int64_t Answers(const Pool& pool, const Plan& plan, int first, int last) {
  Explainer explainer(pool, &plan);
  v1::ExplainMatchResponse response;
  int64_t bytes = 0;
  for (int slot = first; slot < last; ++slot) {
    for (int expert = 0; expert < static_cast<int>(pool.experts().size()); ++expert) {
      explainer.Explain(slot, expert, {}, response);
      bytes += static_cast<int64_t>(response.summary().size()) + 1;
    }
  }
  return bytes;
}

using Explaining = int64_t (*)(const Pool& pool, const Plan& plan, int first, int last);

// Both processors, each with half of the slots.
int64_t InHalves(Explaining explain, const Pool& pool, const Plan& plan) {
  const int slots = static_cast<int>(pool.slots().size());
  int64_t by_the_other = 0;
  std::thread other([&] { by_the_other = explain(pool, plan, 0, slots / 2); });
  const int64_t by_this = explain(pool, plan, slots / 2, slots);
  other.join();
  return by_this + by_the_other;
}

// Solved, and checked.
Plan CertifiedPlan(const Pool& pool) {
  absl::StatusOr<Plan> plan = SolvePlan(pool);
  Check(plan.status(), "solving");
  Check(CheckPlan(pool, *plan), "the check of the plan");
  return *std::move(plan);
}

Center YearCenter() { return BusyCenter(300, 10, 400, 6); }

void Year(Findings& findings) {
  constexpr double kWhole = 0.05;
  const Pool pool = YearCenter().Build();
  Plan plan;
  std::vector<double> solving, priced_all, said, answered;
  int64_t priced = 0, bytes = 0;
  for (int round = 0; round < 5; ++round) {
    solving.push_back(SecondsOf([&] { plan = CertifiedPlan(pool); }));
    priced_all.push_back(solving.back() +
                         SecondsOf([&] { priced = InHalves(Explain, pool, plan); }));
    said.push_back(solving.back() + SecondsOf([&] { bytes = InHalves(Sentences, pool, plan); }));
    answered.push_back(solving.back() + SecondsOf([&] {
                         if (InHalves(Answers, pool, plan) != bytes)
                           Fail("an answer sums up otherwise");
                       }));
  }
  const auto peak_of = [&](Explaining explain) {
    return PeakMibOf([&] { InHalves(explain, pool, CertifiedPlan(pool)); });
  };
  Print(findings, {.what = "a year: 300 requests, 10 partners, 400 experts; solved, certified",
                   .seconds = Median(solving),
                   .memory_mib = PeakMibOf([&] { CertifiedPlan(pool); })});
  Print(findings, {.what = "a year, and gate, or rank, score and price, of its 120000 pairs",
                   .seconds = Median(priced_all),
                   .memory_mib = peak_of(Explain),
                   .most_seconds = kWhole});
  Print(findings, {.what = "a year, and a sentence on each of its pairs",
                   .seconds = Median(said),
                   .memory_mib = peak_of(Sentences),
                   .most_seconds = kWhole});
  Print(findings, {.what = "a year, and all of ExplainMatch on each of its pairs",
                   .seconds = Median(answered),
                   .memory_mib = peak_of(Answers),
                   .most_seconds = kWhole});
  Print(findings, {.what = "one pair of a year explained alone, when somebody asks",
                   .seconds = SecondsInWords(pool, plan),
                   .memory_mib = PeakMibOf([&] { SecondsInWords(pool, plan); })});
  absl::PrintF(
      "  %d pairs eligible, %d with the price of having them, %d of %d people placed, "
      "%d bytes of sentences\n",
      plan.pair_count, priced, plan.units.size(), plan.unit_count, bytes);
}

v1::ExplainMatchRequest PairAsked(const Pool& pool, int slot, int expert) {
  v1::ExplainMatchRequest request;
  request.set_request(pool.slots()[slot].request);
  request.set_slot(pool.slots()[slot].id);
  request.set_expert(pool.experts()[expert].name);
  return request;
}

// The same year through the service: solved right after a change, so that the pool is read anew; then with the
// proposals recorded.
void ServedYear(Findings& findings) {
  Center center = YearCenter();
  const Pool pool = center.Build();
  ServedCenter served(center);
  v1::SolveMatchesRequest request;
  request.set_validate_only(true);
  request.set_omit_certificate(true);
  const PeakMemory peak;
  std::vector<double> functions, solving, asked;
  for (int round = 0; round < 9; ++round) {
    v1::Expert& changed = center.experts[round];
    changed.set_travel_radius_km(changed.travel_radius_km() + 1);
    served.Set(changed);
    request.set_request_id(served.NewId());
    solving.push_back(SecondsOf([&] { served.Call(&Stub::SolveMatches, request); }));
    functions.push_back(SecondsOf([&] { CertifiedPlan(pool); }));
  }
  for (int i = 0; i < 300; ++i) {
    const auto pair = PairAsked(pool, i * 7 % static_cast<int>(pool.slots().size()),
                                i * 13 % static_cast<int>(pool.experts().size()));
    asked.push_back(SecondsOf([&] { served.Call(&Stub::ExplainMatch, pair); }));
  }
  const std::string peer = absl::StrCat("functions ", TimeText(Median(functions)));
  Print(findings, {.what = "a year through the service, solved right after a change",
                   .seconds = Median(solving),
                   .memory_mib = peak.Mib(),
                   .peers = peer,
                   .ratio = Median(functions) / Median(solving)});
  request.set_validate_only(false);
  request.set_request_id(served.NewId());
  const double recorded = SecondsOf([&] { served.Call(&Stub::SolveMatches, request); });
  Print(findings, {.what = "a year through the service, its proposals recorded; once",
                   .seconds = recorded,
                   .memory_mib = peak.Mib(),
                   .peers = peer,
                   .ratio = Median(functions) / recorded});
  Print(findings, {.what = "one pair of a year explained through the service, p99",
                   .seconds = Percentile99(asked),
                   .memory_mib = peak.Mib()});
}

// Years in which limits of all kinds bind at once: how far the plan is proved, and of how many pairs it is known what
// having them would cost, of as many as one allowance is enough for, and of some each asked alone.
void ScarceYears(Findings& findings) {
  for (const auto& [experts, held] : {std::pair(200, 12), std::pair(400, 6)}) {
    const Pool pool = ScarceYear(experts, held).Build();
    const std::string what = absl::StrFormat("a year in which all limits bind, 300 x %d", experts);
    Plan plan;
    std::vector<double> solving, checking;
    for (int round = 0; round < 3; ++round) {
      solving.push_back(SecondsOf([&] { plan = CertifiedPlan(pool); }));
      checking.push_back(SecondsOf([&] { Check(CheckPlan(pool, plan), "the check of the plan"); }));
    }
    Print(findings, {.what = absl::StrCat(what, "; solved, certified"),
                     .seconds = Median(solving),
                     .memory_mib = PeakMibOf([&] { CertifiedPlan(pool); }),
                     .most_seconds = absl::ToDoubleSeconds(limits::kDecidedAlone)});
    Print(findings,
          {.what = absl::StrCat(what, "; the check of it alone"), .seconds = Median(checking)});
    const int slots = static_cast<int>(pool.slots().size());
    int64_t priced = 0;
    const double pricing = SecondsOf([&] {
      Forcing forcing(pool, plan);
      for (int slot = 0; slot < slots; ++slot) {
        for (const Forcing::Price& price : forcing.PricesOf(slot)) {
          priced += price.price.has_value() ? 1 : 0;
        }
      }
    });
    Print(findings,
          {.what = absl::StrCat(what, "; prices of pairs, one allowance"), .seconds = pricing});
    std::vector<double> alone;
    int known = 0;
    for (int slot = 0; slot < slots; slot += 15) {
      const std::vector<RankedExpert> best = RankEligible(pool, slot, 2);
      if (best.empty()) continue;
      alone.push_back(SecondsOf([&] {
        Forcing forcing(pool, plan, kAllowanceOfOnePair);
        known += forcing.Force(slot, best.back().expert).has_value() ? 1 : 0;
      }));
    }
    Print(findings, {.what = absl::StrCat(what, "; the price of one pair asked alone, longest"),
                     .seconds = *std::max_element(alone.begin(), alone.end())});
    absl::PrintF(
        "  %d pairs eligible, %d of %d people placed; %s, %d cases, %d above the bound; "
        "%d pairs have a price, and %d of %d asked alone\n",
        plan.pair_count, plan.units.size(), plan.unit_count,
        plan.proved() ? "proved" : "not proved", plan.cases.size(), plan.objective - plan.bound,
        priced, known, alone.size());
  }
}

// What would fill each slot that a plan leaves open.
void OpenSlots(Findings&) {
  for (const int experts : {400, 100, 40}) {
    const Pool pool = BusyCenter(300, 10, experts, 6).Build();
    absl::StatusOr<Plan> plan = SolvePlan(pool);
    Check(plan.status(), "solving");
    const PeakMemory peak;
    int open = 0, filled = 0, remedies = 0, incomplete = 0;
    double longest = 0;
    const double all = SecondsOf([&] {
      RemedyFinder finder(pool, *plan);
      for (int slot = 0; slot < static_cast<int>(pool.slots().size()); ++slot) {
        if (plan->open[slot] == 0) continue;
        Remedies found;
        longest = std::max(longest, SecondsOf([&] { found = finder.Find(slot); }));
        ++open;
        filled += found.remedies.empty() ? 0 : 1;
        remedies += static_cast<int>(found.remedies.size());
        incomplete += found.complete ? 0 : 1;
      }
    });
    absl::PrintF(
        "what would fill each of %d open slots, 300 requests x %d experts: %s in all, the longest "
        "%s; %d have an answer, %d remedies in all, %d not tried to the end; memory %s\n",
        open, experts, TimeText(all), TimeText(longest), filled, remedies, incomplete,
        MemoryText(peak.Mib()));
  }
}

// Of a ranking, the median and p99.
void PrintRanking(Findings& findings, const std::string& what, const std::vector<double>& times,
                  const std::vector<double>& peer, std::optional<double> memory_mib) {
  const auto line = [&](const std::string& of, double ours, double theirs, double most) {
    Print(findings, {.what = absl::StrCat(what, ", ", of),
                     .seconds = ours,
                     .memory_mib = memory_mib,
                     .peers = peer.empty() ? "" : absl::StrCat("function ", TimeText(theirs)),
                     .ratio = peer.empty() ? 0 : theirs / ours,
                     .most_seconds = most});
  };
  line("median", Median(times), peer.empty() ? 0 : Median(peer), 0);
  line("p99", Percentile99(times), peer.empty() ? 0 : Percentile99(peer), 0.005);
}

// 200 requests and 100,000 experts, with names and addresses.
Center LargeCenter() {
  Center center = BusyCenter(200, 10, 100'000, 6);
  for (v1::Expert& expert : center.experts) {
    expert.set_full_name(absl::StrCat("Robin of ", expert.name()));
    expert.add_emails(absl::StrCat(expert.name().substr(8), "@example.org"));
  }
  return center;
}

void Ranking(Findings& findings) {
  Center center = LargeCenter();
  const Pool pool = center.Build();
  ServedCenter served(center);
  const auto asked = [&](int slot) {
    v1::RankCandidatesRequest request;
    request.set_request(pool.slots()[slot].request);
    request.set_slot(pool.slots()[slot].id);
    request.set_omit_excluded(true);
    return request;
  };
  const PeakMemory peak;
  // The first call reads the pool.
  served.Call(&Stub::RankCandidates, asked(0));
  const int slots = static_cast<int>(pool.slots().size());
  std::vector<double> function, in_memory, after_change;
  for (int round = 0; round < 5; ++round) {
    for (int slot = 0; slot < slots; ++slot) {
      v1::RankCandidatesResponse ours, theirs;
      function.push_back(SecondsOf([&] { theirs = RankCandidates(pool, slot, {10, false}); }));
      in_memory.push_back(
          SecondsOf([&] { ours = served.Call(&Stub::RankCandidates, asked(slot)); }));
      if (ours.eligible_count() != theirs.eligible_count()) Fail("the service ranks others");
    }
  }
  const std::optional<double> before_changes = peak.Mib();
  // Of so few, p99 is the longest.
  for (int round = 0; round < 20; ++round) {
    v1::Expert& changed = center.experts[round];
    changed.set_travel_radius_km(changed.travel_radius_km() + 1);
    served.Set(changed);
    after_change.push_back(
        SecondsOf([&] { served.Call(&Stub::RankCandidates, asked(round % slots)); }));
  }
  PrintRanking(findings, "the ten best of 100000 experts", function, {}, before_changes);
  PrintRanking(findings, "the ten best of 100000 experts, through the service", in_memory, function,
               before_changes);
  PrintRanking(findings, "the ten best of 100000 experts, right after a change", after_change,
               function, peak.Mib());
}

constexpr double kMib = 1 << 20;

// A solve of so many slots and experts beside what is computed of it, which is never to be less.
void PrintSolve(Findings& findings, const std::string& what, double seconds,
                std::optional<double> memory_mib, int64_t slots, int64_t experts, int64_t pairs) {
  const auto most = static_cast<double>(SolveBytes(slots, experts, pairs)) / kMib;
  Print(findings, {.what = what,
                   .seconds = seconds,
                   .memory_mib = memory_mib,
                   .peers = absl::StrCat(pairs, " pairs eligible"),
                   .most_mib = most});
}

// Matching as it is served: what its records were made of is gone when the memory of the process is looked at, which
// has little beside it, a client and a small intake.
void ServedMemory(Findings& findings) {
  int64_t slots = 0, experts = 0;
  v1::Expert changed;
  v1::RankCandidatesRequest asked;
  const auto served = [&] {
    const Center center = LargeCenter();
    slots = static_cast<int64_t>(center.demands.size());
    experts = static_cast<int64_t>(center.experts.size());
    changed = center.experts.front();
    asked.set_request(center.demands.front().request());
    return std::make_unique<ServedCenter>(center);
  }();
  asked.set_slot("s1");
  asked.set_omit_excluded(true);
  const PeakMemory reading;
  const double read = SecondsOf([&] { served->Call(&Stub::RankCandidates, asked); });
  Print(findings, {.what = "the pool of 100000 experts, read by the service",
                   .seconds = read,
                   .memory_mib = reading.Mib()});
  v1::SolveMatchesRequest request;
  request.set_validate_only(true);
  request.set_omit_certificate(true);
  // An expert more makes all rows anew, beside those of before.
  for (const char* const when : {"", ", after an expert joined"}) {
    request.set_request_id(served->NewId());
    const PeakMemory peak;
    v1::SolveRun run;
    const double seconds = SecondsOf([&] { run = served->Call(&Stub::SolveMatches, request); });
    PrintSolve(findings, absl::StrCat("200 requests x 100000 experts, solved by the service", when),
               seconds, peak.Mib(), slots, experts, run.pair_count());
    changed.set_name(absl::StrCat(changed.name(), "a"));
    served->Set(changed);
    ++experts;
  }
}

// Every expert holds every topic, and no partner has a limit of its own.
void PlanMemory(Findings& findings) {
  constexpr int kSlots = 10'000;
  constexpr int kExperts = 2000;
  const Pool pool = [] {
    Center center = BusyCenter(kSlots, 10, kExperts, 60);
    for (v1::Partner& partner : center.partners) partner.clear_capacity_per_period();
    return center.Build();
  }();
  const PeakMemory peak;
  int64_t pairs = 0;
  const double seconds = SecondsOf([&] { pairs = CertifiedPlan(pool).pair_count; });
  PrintSolve(findings, "10000 requests x 2000 experts of every topic; solved, certified", seconds,
             peak.Mib(), kSlots, kExperts, pairs);
}

void Memory(Findings& findings) {
  ServedMemory(findings);
  PlanMemory(findings);
}

}  // namespace

// One part, or without a name all. Returns the status to exit with.
int RunBench(const std::string& name) {
  const std::pair<const char*, void (*)(Findings&)> parts[] = {
      {"solver", CompareAll},       {"one-more", OneMore},       {"year", Year},
      {"scarce-year", ScarceYears}, {"served-year", ServedYear}, {"open-slots", OpenSlots},
      {"ranking", Ranking},         {"memory", Memory}};
  const auto known = [&](const auto& part) { return name.empty() || name == part.first; };
  if (std::none_of(std::begin(parts), std::end(parts), known)) {
    std::fprintf(stderr,
                 "usage: matching_bench "
                 "[solver | one-more | year | scarce-year | served-year | open-slots | ranking | "
                 "memory]\n");
    return 2;
  }
  Findings findings;
  PrintHead();
  for (const auto& part : parts) {
    if (known(part)) part.second(findings);
  }
  return findings.Conclude();
}

}  // namespace critac::matching

int main(int argc, char** argv) {
  critac::server::SkipDeadlockDetection();  // as the shipped programs do
  return critac::matching::RunBench(argc == 1 ? "" : argc == 2 ? argv[1] : "more than one");
}
