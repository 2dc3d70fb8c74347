#ifndef SERVICES_MATCHING_POOL_H_
#define SERVICES_MATCHING_POOL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/matching/distance.h"
#include "services/matching/interner.h"
#include "services/matching/period.h"
#include "services/matching/region.h"
#include "services/matching/shared_rows.h"

// The pool: everything a decision of matching rests on, read once from messages into rows that are
// quick to go through. Partners, experts and slots are numbered in the order of their names, so
// that nothing that follows depends on the order of the input. Gates, scores and the plan are
// functions of a pool and of nothing else.
namespace critac::matching {

// What a pool is made of. The messages need not outlive it.
struct PoolInput {
  // The day of the decision.
  absl::CivilDay today;
  const v1::Policy* policy = nullptr;
  // Topics' titles and delivery types' lead times and modes. A topic or delivery type that is not
  // in it goes by its name, has no lead time and no mode of its own. Null: an empty one.
  const intake::v1::Catalog* catalog = nullptr;
  absl::Span<const v1::Partner> partners;
  // Experts' `emails` must be the addresses themselves, or equal wherever the addresses are: two
  // records with an address in common are the same person, as AddressIdentity compares them. No
  // other personal data is looked at.
  absl::Span<const v1::Expert> experts;
  absl::Span<const v1::Conflict> conflicts;
  // What was decided on who is who; the confirmed ones count.
  absl::Span<const v1::Identity> identities;
  // Requests open for matching.
  absl::Span<const v1::Demand> demands;
  // Units agreed: by period, and as period `open` those agreed and not finished. A use written
  // under a period of another length counts in every period that overlaps it.
  absl::Span<const v1::CapacityUse> uses;
  // Assignments of offers that wait for an answer. They count like agreed ones.
  absl::Span<const v1::Assignment> held;
  // Proposals; those in state OPEN are the standing ones.
  absl::Span<const v1::Proposal> proposals;
};

// What of a pool's input is not as it was when an earlier pool was made of it, where that is little: the same experts
// are there, and the same of their records are one person; no two agencies have become one, or two again.
struct PoolTouched {
  // Names of experts whose record, uses, held assignments or conflicts changed, and of owners of changed uses, on
  // record or not. What is not about one expert may have changed besides: policy, catalog, partners and their
  // conflicts, demands, proposals.
  const absl::flat_hash_set<std::string>& owners;
  // Of the input's uses those of an owner, be there others among them or not.
  absl::FunctionRef<absl::Span<const v1::CapacityUse>(absl::string_view owner)> uses_of;
};

// Since when a demand's request has waited for its people; the epoch where neither that nor when it became
// ready is said.
const google::protobuf::Timestamp& WaitingSince(const v1::Demand& demand);

// Periods that a slot can span at most: five years of months. Later ones are left out.
inline constexpr int kPeriodsPerSlot = 60;

// A set of the periods that a slot spans: bit i for the period numbered `slot.first_period + i`.
using PeriodSet = uint64_t;

// An agency that a person, or a partner, must not help.
struct ConflictRow {
  int agency = 0;
  v1::ConflictKind kind = v1::CONFLICT_KIND_UNSPECIFIED;
  // Last day on which it holds.
  Day last = kLastDay;
  bool overridden = false;
  // It follows from a service on the expert's record.
  bool from_service = false;

  friend auto operator<=>(const ConflictRow&, const ConflictRow&) = default;
};

struct PartnerRow {
  std::string name;
  std::string display_name;
  // Sorted, apart from each other.
  std::vector<DayRange> memberships;
  // 0: no limit of its own.
  int64_t capacity_per_period = 0;
  // Units agreed or held, by period number; sorted.
  std::vector<std::pair<int32_t, int64_t>> used;
  // Units agreed and not finished, or held. Fairness counts them as already assigned.
  int64_t used_open = 0;
  // By the policy's shares, of the people that a plan gives to the partner: so many come up to its
  // minimum share, and no more than so many are within its maximum share.
  int64_t least = 0;
  int64_t most = int64_t{1} << 40;
  // Conflicts of the partner as a whole, sorted by the agency's number. They count for its experts when it sends
  // them, not for what they are with other partners.
  std::vector<ConflictRow> conflicts;

  int64_t UsedIn(int32_t period) const;
  // Units left in a period; kNoLimit where the partner has no limit of its own.
  int64_t RoomIn(int32_t period) const;
};

inline constexpr int64_t kNoLimit = int64_t{1} << 40;

struct ServiceRow {
  type::v1::AgencyType type = type::v1::AGENCY_TYPE_UNSPECIFIED;
  type::v1::SizeBand size_band = type::v1::SIZE_BAND_UNSPECIFIED;
  // As FindState numbers it.
  int state = kUnknownState;
};

// What most gates and scores look at comes first, so that it lies side by side in memory, and what only some slots ask
// for behind it.
struct ExpertRow {
  // Row of the partner; -1 where it is not on record.
  int partner = -1;
  // Records of one person share it.
  int person = 0;
  bool active = false;
  bool on_site = false;
  bool virtually = false;
  bool travels_anywhere = false;
  int32_t travel_radius_km = 0;
  int home_state = kUnknownState;
  // Bit n: served in an agency of type (size band) n.
  uint32_t service_types = 0;
  uint32_t service_sizes = 0;
  std::optional<SpherePoint> home;
  // Topic and level; sorted.
  std::vector<std::pair<int, intake::v1::Level>> topics;
  std::vector<ServiceRow> services;
  // Sorted, apart from each other.
  std::vector<DayRange> unavailable;
  // Units agreed or held, by period number; sorted.
  std::vector<std::pair<int32_t, int64_t>> used;
  int64_t used_open = 0;
  int64_t capacity_per_period = 0;
  int64_t capacity_open = 0;
  int64_t rating_count = 0;
  int64_t rating_sum = 0;

  // Credential and last day valid; sorted, the longest of each title only.
  std::vector<std::pair<int, Day>> credentials;
  // Lower case, sorted.
  std::vector<std::string> languages;
  std::string name;
  std::string partner_name;

  int64_t UsedIn(int32_t period) const;
  // Units left in a period, and open at once.
  int64_t RoomIn(int32_t period) const;
  int64_t RoomOpen() const;
};

struct SlotRow {
  // Request and id name a slot; `requests/fy27-000123` and `s1`.
  std::string request;
  std::string id;
  // Row of the demand it belongs to, and its place there as the scope has it.
  int demand = 0;
  int place = 0;
  int topic = 0;
  intake::v1::Level minimum_level = intake::v1::LEVEL_UNSPECIFIED;
  std::string delivery_type_title;
  // People asked for, and those still missing: offered and accepted ones taken off.
  int people = 1;
  int missing = 1;
  // Where the window cannot be read, it is empty.
  DayRange window;
  int32_t lead_time_days = 0;
  // kLastDay: none.
  Day needed_by = kLastDay;
  // Days on which it can start as far as the slot goes: in the window, after the lead time, not
  // after the day by which help is needed. Empty: none.
  DayRange dates;
  // Periods of those days, the first kPeriodsPerSlot of them.
  int32_t first_period = 0;
  PeriodSet periods = 0;
  type::v1::AgencyType served_in_type = type::v1::AGENCY_TYPE_UNSPECIFIED;
  // With `served_in_same_size_band` that of the agency which asks; UNSPECIFIED where that is unknown.
  type::v1::SizeBand served_in_size_band = type::v1::SIZE_BAND_UNSPECIFIED;
  bool served_in_same_size_band = false;
  // -1: none. The title as the slot has it.
  int credential = -1;
  std::string credential_title;
  // Lower case. Empty: English is enough.
  std::string language;
  // The slot says so, or its delivery type reaches the agency that way.
  bool on_site = false;
  // Price of leaving one person unassigned.
  int64_t open_price = 0;
  // Persons who declined it, who are offered or accepted in it, and whom a standing proposal has in
  // it (experts); sorted.
  std::vector<int> declined_persons;
  std::vector<int> committed_persons;
  std::vector<int> standing_experts;
  // Where these would start: expert and period; sorted. Not of whom the proposal gives no period that can
  // be read.
  std::vector<std::pair<int, Period>> standing_periods;
  // People the slot missed when the standing proposal was made: those it proposes, and those left out.
  int standing_people = 0;

  // Where a standing proposal has the expert start; nothing: it does not have the expert, or says no period.
  std::optional<Period> StandingPeriod(int expert) const;
};

struct DemandRow {
  std::string request;
  intake::v1::Urgency urgency = intake::v1::URGENCY_UNSPECIFIED;
  int64_t days_waited = 0;
  // The agency first, then those served with it.
  std::vector<int> agencies;
  type::v1::AgencyType agency_type = type::v1::AGENCY_TYPE_UNSPECIFIED;
  type::v1::SizeBand size_band = type::v1::SIZE_BAND_UNSPECIFIED;
  int state = kUnknownState;
  std::optional<SpherePoint> place;
  // Rows of its slots, in the order of the scope.
  std::vector<int> slots;
  // A proposal of it stands.
  bool has_standing = false;
  // Its offers wait for an answer; it gets no proposal until then.
  bool offered = false;
};

class Pool {
 public:
  // INVALID_ARGUMENT (INVALID_FIELD): two partners, experts or demands of one name, two slots of a
  // demand with one id; a weight or price of the policy that is negative, a price above its limit
  // in the `.proto`; shares of partners that contradict each other; a period of a use or of a held
  // assignment that cannot be read. All else is taken as it comes. A date that cannot be
  // read, or a range that ends before it begins, is read against the expert: a membership or
  // credential as never valid, an unavailability as always, a conflict as without expiry, a service as
  // going on.
  static absl::StatusOr<Pool> Build(const PoolInput& input);

  // The same pool but for what Build would number anew: topics, agencies and credentials keep the numbers that they
  // have in `before`, which was made of an earlier input. Rows of experts who did not change are shared with it, so
  // that this takes as long as what changed is much, and partners, demands and conflicts are many. Built as a whole
  // where every row may depend on what changed: on another day, by a policy with another period or other years after
  // leaving an agency, with other experts or partners, or where more than 1,000 experts changed. `before` must last
  // until this returns.
  static absl::StatusOr<Pool> Update(const Pool& before, const PoolInput& input,
                                     const PoolTouched& touched);

  Day today() const { return today_; }
  const v1::Policy& policy() const { return policy_; }
  // Shares of the weights, in the order of ScorePartKind; they add up to 1,000,000.
  const std::array<int64_t, 5>& shares_e6() const { return shares_e6_; }
  v1::Period period_length() const { return policy_.period(); }

  const std::vector<PartnerRow>& partners() const { return partners_; }
  const SharedRows<ExpertRow>& experts() const { return experts_; }
  const std::vector<DemandRow>& demands() const { return demands_; }
  // People that shares of partners are parts of: what all partners have in hand, and who is asked for.
  int64_t people_count() const;
  // Assignments open at once that the policy's capacity of the program leaves; kNoLimit: it sets none.
  int64_t program_room() const;
  // By request, then by id.
  const std::vector<SlotRow>& slots() const { return slots_; }
  // Conflicts of a person, sorted by the agency's number, which says nothing of its name.
  const std::vector<ConflictRow>& conflicts_of(int person) const { return conflicts_[person]; }
  // Persons with a conflict with an agency, be it over or overridden, ascending.
  const std::vector<int>& persons_with(int agency) const { return conflicted_[agency]; }
  // Rows of a person's records, ascending.
  std::vector<int> RecordsOf(int person) const;
  // Experts who hold a topic at any level, by name.
  const std::vector<int>& holders_of(int topic) const { return holders_[topic]; }

  const std::string& topic_title(int topic) const { return topic_titles_[topic]; }
  // Of names that are one agency, the first.
  const std::string& agency_name(int agency) const { return agencies_.TextOf(agency); }
  // In lower case.
  const std::string& credential_title(int credential) const {
    return credentials_.TextOf(credential);
  }

  // Rows by name; nothing where there is none. An empty slot id is the first of the scope.
  std::optional<int> FindExpert(absl::string_view name) const;
  std::optional<int> FindSlot(absl::string_view request, absl::string_view slot_id) const;

  // Sets `dates` and the periods of a slot, of the pool or not, from its window, which has a day, its lead
  // time, and the day by which help is needed.
  void SetStartDays(SlotRow& slot) const;

  // Names of a slot's periods, first to last.
  std::vector<std::string> PeriodNames(const SlotRow& slot, PeriodSet periods) const;

 private:
  friend class PoolBuilder;
  friend class PoolChanger;
  Pool() = default;

  // Where the experts are in the rows.
  struct ExpertIndex {
    absl::flat_hash_map<std::string, int> rows;
    // The rows of every person that has several.
    absl::flat_hash_map<int, std::vector<int>> persons;
  };

  // By the policy: partners' `least` and `most`; the price of leaving a demand's person unassigned.
  void SetShares();
  int64_t OpenPriceOf(const DemandRow& demand) const;

  Day today_ = 0;
  v1::Policy policy_;
  std::array<int64_t, 5> shares_e6_{};
  std::vector<PartnerRow> partners_;
  // Assignments open at once of all partners together.
  int64_t used_open_ = 0;
  SharedRows<ExpertRow> experts_;
  std::vector<DemandRow> demands_;
  std::vector<SlotRow> slots_;
  SharedRows<std::vector<ConflictRow>> conflicts_;
  SharedRows<std::vector<int>> conflicted_;
  SharedRows<std::vector<int>, 1> holders_;
  Interner topics_;
  Interner agencies_;
  Interner credentials_;
  std::vector<std::string> topic_titles_;
  std::shared_ptr<const ExpertIndex> index_ = std::make_shared<const ExpertIndex>();
  absl::flat_hash_map<std::string, int> demand_rows_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POOL_H_
