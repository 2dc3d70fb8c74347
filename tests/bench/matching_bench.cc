// The solver against LEMON: the same costs, the same machine, one run.
//
// Ours is timed from costs to a certified result: solved, made canonical, and checked over all pairs.
// LEMON's network simplex and cost scaling get the whole graph of eligible pairs, and only their
// solving is timed; the ratio is to the better of the two. Then what a program's year takes, and a
// request that comes later.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/matching/assign.h"
#include "services/matching/canonical.h"
#include "services/matching/certificate.h"
#include "services/matching/eligibility.h"
#include "services/matching/explain.h"
#include "services/matching/forcing.h"
#include "services/matching/lemon_transport.h"
#include "services/matching/rank.h"
#include "services/matching/remedy.h"
#include "services/matching/testing_center.h"
#include "services/matching/transport.h"

namespace critac::matching {
namespace {

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

// Every row with every room.
TransportProblem Dense(int rows, int rooms, int capacity, Scores scores) {
  std::mt19937_64 engine(kSeed);
  Experts experts(engine, rows, rooms, scores);
  TransportProblem problem;
  for (int room = 0; room < rooms; ++room) problem.AddRoom({{capacity, 0}});
  for (int row = 0; row < rows; ++row) {
    problem.AddRow(1, kOpenPrice);
    for (int room = 0; room < rooms; ++room) problem.AddPair(room, experts.CostOf(row, room));
  }
  return problem;
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

[[noreturn]] void Stop(const absl::Status& status) {
  absl::FPrintF(stderr, "matching_bench: %s\n", status.ToString());
  std::exit(1);
}

void Require(const absl::Status& status) {
  if (!status.ok()) Stop(status);
}

// Solved, canonical, certified.
Transport Certified(const TransportProblem& problem, const Transport& start = {}) {
  absl::StatusOr<Transport> transport = SolveTransport(problem, start);
  Require(transport.status());
  MakeCanonical(problem, {}, *transport);
  Require(CheckTransport(problem, *transport));
  return *std::move(transport);
}

std::string TimeText(double seconds) {
  return seconds < 1 ? absl::StrFormat("%.1f ms", seconds * 1e3)
                     : absl::StrFormat("%.2f s", seconds);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The median of a few rounds in turn where a round is short, of one else.
void Compare(const std::string& name, const TransportProblem& problem, double wanted) {
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
      Require(result.status());
      if (result->cost != cost) Stop(absl::InternalError("LEMON finds another cost"));
      peers[i].push_back(absl::ToDoubleSeconds(result->solving));
    }
  }
  const double simplex = Median(peers[0]);
  const double scaling = Median(peers[1]);
  absl::PrintF("%-48s %10s %12s%12s %8.1f %7.0f\n", name, TimeText(Median(ours)), TimeText(simplex),
               TimeText(scaling), std::min(simplex, scaling) / Median(ours), wanted);
  std::fflush(stdout);
}

void CompareAll() {
  absl::PrintF("%-48s %10s %12s%12s %8s %7s\n", "rows x experts, scores", "ours", "simplex",
               "scaling", "ratio", "wanted");
  for (const auto& [scores, title] :
       {std::pair(Scores::kUniform, "uniform"), std::pair(Scores::kAlike, "alike")}) {
    for (const int size : {1000, 2000, 5000}) {
      Compare(absl::StrFormat("%d x %d, all pairs, %s", size, size, title),
              Dense(size, size, 1, scores), 3);
    }
    Compare(absl::StrFormat("10000 x 2000, capacity 5, all pairs, %s", title),
            Dense(10'000, 2000, 5, scores), 3);
    Compare(absl::StrFormat("100000 x 5000, capacity 25, 20 each, %s", title),
            Sparse(100'000, 5000, 25, 20, scores), 1);
  }
}

// One request more, when the others are solved.
void OneMore() {
  TransportProblem before = Dense(10'000, 2000, 5, Scores::kUniform);
  TransportProblem after = before;
  std::mt19937_64 engine(kSeed + 1);
  after.AddRow(1, kOpenPrice);
  for (int room = 0; room < 2000; ++room) {
    after.AddPair(room, -static_cast<int32_t>(engine() % 1'000'001));
  }
  const Transport standing = Certified(before);
  // In turn, so that what else the machine does falls on both.
  std::vector<double> adding, from_scratch;
  for (int round = 0; round < 7; ++round) {
    Transport added, anew;
    adding.push_back(SecondsOf([&] { added = Certified(after, standing); }));
    from_scratch.push_back(SecondsOf([&] { anew = Certified(after); }));
    if (added.used != anew.used) Stop(absl::InternalError("another answer after one more request"));
  }
  absl::PrintF(
      "\none request more among 10000 x 2000: median %s, from scratch %s, ratio %.1f (wanted 10)\n",
      TimeText(Median(adding)), TimeText(Median(from_scratch)),
      Median(from_scratch) / Median(adding));
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
    if (static_cast<int>(ranked.size()) != eligible) Stop(absl::InternalError("ranks are missing"));
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
  if (bytes == 0) Stop(absl::InternalError("nothing was said"));
  return seconds / kAsked;
}

void Year() {
  const Pool pool = BusyCenter(300, 10, 400, 6).Build();
  Plan plan;
  const double solving = SecondsOf([&] {
    absl::StatusOr<Plan> solved = SolvePlan(pool);
    Require(solved.status());
    Require(CheckPlan(pool, *solved));
    plan = *std::move(solved);
  });
  int64_t priced = 0;
  const double explaining = SecondsOf([&] {
    const int slots = static_cast<int>(pool.slots().size());
    int64_t by_the_other = 0;
    std::thread other([&] { by_the_other = Explain(pool, plan, 0, slots / 2); });
    priced = Explain(pool, plan, slots / 2, slots);
    other.join();
    priced += by_the_other;
  });
  absl::PrintF(
      "a program's year, 300 requests, 10 partners, 400 experts: %s (wanted 50 ms): solved with "
      "gates and scores and certified in %s, gate or rank, score and price of every pair in %s; "
      "%d pairs eligible, %d with the price of having them, %d of %d people placed; a pair in "
      "words, when somebody asks: %s\n",
      TimeText(solving + explaining), TimeText(solving), TimeText(explaining), plan.pair_count,
      priced, plan.units.size(), plan.unit_count, TimeText(SecondsInWords(pool, plan)));
}

// What would fill each slot that a plan leaves open.
void OpenSlots() {
  for (const int experts : {400, 100, 40}) {
    const Pool pool = BusyCenter(300, 10, experts, 6).Build();
    absl::StatusOr<Plan> plan = SolvePlan(pool);
    Require(plan.status());
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
        "%s; "
        "%d have an answer, %d remedies in all, %d not tried to the end\n",
        open, experts, TimeText(all), TimeText(longest), filled, remedies, incomplete);
  }
}

void Ranking() {
  const Pool pool = BusyCenter(200, 10, 100'000, 6).Build();
  std::vector<double> times;
  for (int round = 0; round < 5; ++round) {
    for (int slot = 0; slot < static_cast<int>(pool.slots().size()); ++slot) {
      times.push_back(SecondsOf([&] { RankCandidates(pool, slot, {10, false}); }));
    }
  }
  std::sort(times.begin(), times.end());
  absl::PrintF("the ten best of 100000 experts: median %s, p99 %s (wanted 5 ms)\n",
               TimeText(times[times.size() / 2]), TimeText(times[times.size() * 99 / 100]));
}

}  // namespace

// One part, or without a name all. Returns whether there is such a part.
bool RunBench(const std::string& name) {
  const std::pair<const char*, void (*)()> parts[] = {{"solver", CompareAll},
                                                      {"one-more", OneMore},
                                                      {"year", Year},
                                                      {"open-slots", OpenSlots},
                                                      {"ranking", Ranking}};
  bool any = false;
  for (const auto& [part, run] : parts) {
    if (!name.empty() && name != part) continue;
    run();
    any = true;
  }
  return any;
}

}  // namespace critac::matching

int main(int argc, char** argv) {
  if (argc > 2 || !critac::matching::RunBench(argc == 2 ? argv[1] : "")) {
    std::fprintf(stderr,
                 "usage: matching_bench [solver | one-more | year | open-slots | ranking]\n");
    return 2;
  }
  return 0;
}
