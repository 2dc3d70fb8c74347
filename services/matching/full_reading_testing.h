#ifndef SERVICES_MATCHING_FULL_READING_TESTING_H_
#define SERVICES_MATCHING_FULL_READING_TESTING_H_

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/journal/vault.h"
#include "gtest/gtest.h"
#include "services/matching/pool.h"
#include "services/matching/pool_reader.h"
#include "services/matching/snapshot.h"

// Compares what a reader keeps in step with the journal with all records read anew.
namespace critac::matching {

// All that the rows of a pool hold, as text: partners, experts, demands, slots, in this order. Topics, agencies and
// credentials are called by what they are, not by their numbers.
inline std::vector<std::string> RowsAsText(const Pool& pool) {
  const auto sorted = [](std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return absl::StrJoin(texts, ",");
  };
  const auto pairs = absl::PairFormatter(":");
  const auto list = [](const auto& values) { return absl::StrJoin(values, ","); };
  const auto days = [](const std::vector<DayRange>& ranges) {
    return absl::StrJoin(ranges, ",", [](std::string* out, const DayRange& range) {
      absl::StrAppend(out, range.first, "-", range.last);
    });
  };
  const auto conflicts = [&](const std::vector<ConflictRow>& rows) {
    std::vector<std::string> texts;
    for (const ConflictRow& row : rows) {
      texts.push_back(absl::StrCat(pool.agency_name(row.agency), " ", row.kind, " ", row.last, " ",
                                   row.overridden, " ", row.from_service));
    }
    return sorted(std::move(texts));
  };
  const auto place = [](const std::optional<SpherePoint>& at) {
    return at.has_value() ? absl::StrCat(at->x, "/", at->y, "/", at->z) : std::string("nowhere");
  };
  std::vector<std::string> rows = {pool.policy().ShortDebugString(),
                                   absl::StrCat(pool.people_count(), "|", pool.program_room())};
  for (const PartnerRow& row : pool.partners()) {
    rows.push_back(absl::StrCat(row.name, "|", row.display_name, "|", days(row.memberships), "|",
                                row.capacity_per_period, "|", absl::StrJoin(row.used, ",", pairs),
                                "|", row.used_open, "|", row.least, "|", row.most, "|",
                                conflicts(row.conflicts)));
  }
  for (const ExpertRow& row : pool.experts()) {
    std::string text = absl::StrCat(row.name, "|", row.partner, "|", row.partner_name, "|",
                                    row.person, "|", row.active, "|");
    std::vector<std::string> topics, credentials;
    for (const auto& [topic, level] : row.topics) {
      topics.push_back(absl::StrCat(pool.topic_title(topic), " ", level));
    }
    for (const auto& [credential, last] : row.credentials) {
      credentials.push_back(absl::StrCat(pool.credential_title(credential), " ", last));
    }
    absl::StrAppend(&text, sorted(std::move(topics)));
    for (const ServiceRow& service : row.services) {
      absl::StrAppend(&text, "|", service.type, " ", service.size_band, " ", service.state);
    }
    absl::StrAppend(&text, "|", row.service_types, "|", row.service_sizes, "|",
                    sorted(std::move(credentials)), "|", list(row.languages), "|", row.on_site,
                    row.virtually, "|", row.home_state, "|", place(row.home));
    absl::StrAppend(&text, "|", row.travel_radius_km, "|", row.travels_anywhere, "|",
                    row.capacity_per_period, "|", row.capacity_open, "|",
                    absl::StrJoin(row.used, ",", pairs), "|", row.used_open, "|",
                    days(row.unavailable), "|", row.rating_count, "|", row.rating_sum, "|");
    // Kept with the first record of the person.
    absl::StrAppend(&text, conflicts(pool.conflicts_of(row.person)));
    rows.push_back(std::move(text));
  }
  for (const DemandRow& row : pool.demands()) {
    const std::string agencies =
        absl::StrJoin(row.agencies, ",", [&](std::string* out, const int agency) {
          absl::StrAppend(out, pool.agency_name(agency));
        });
    std::vector<std::string> conflicted;
    for (const int agency : row.agencies) conflicted.push_back(list(pool.persons_with(agency)));
    rows.push_back(absl::StrCat(row.request, "|", row.urgency, "|", row.days_waited, "|", agencies,
                                "|", absl::StrJoin(conflicted, "/"), "|", row.agency_type, "|",
                                row.size_band, "|", row.state, "|", place(row.place), "|",
                                list(row.slots), "|", row.has_standing, "|", row.offered));
  }
  for (const SlotRow& row : pool.slots()) {
    std::string text = absl::StrCat(
        row.request, "|", row.id, "|", row.demand, "|", row.place, "|", pool.topic_title(row.topic),
        "|", list(pool.holders_of(row.topic)), "|", row.minimum_level, "|", row.people, "|",
        row.missing, "|", days({row.window, row.dates}), "|");
    absl::StrAppend(&text, row.delivery_type_title, "|", row.lead_time_days, "|", row.needed_by,
                    "|", row.first_period, "|", row.periods, "|", row.served_in_type, "|",
                    row.served_in_size_band, "|", row.served_in_same_size_band, "|",
                    row.credential < 0 ? "none" : pool.credential_title(row.credential), "|",
                    row.credential_title, "|", row.language, "|");
    absl::StrAppend(&text, row.on_site, "|", row.open_price, "|", list(row.declined_persons), "|",
                    list(row.committed_persons), "|", list(row.standing_experts), "|",
                    row.standing_people);
    for (const auto& [expert, period] : row.standing_periods) {
      absl::StrAppend(&text, "|", expert, " ", PeriodName(period));
    }
    rows.push_back(std::move(text));
  }
  return rows;
}

// A record without texts of the vault, as text.
template <typename T>
std::string BareText(T record) {
  journal::VisitVaultFields(record, [](std::string& text) { text.clear(); });
  return record.ShortDebugString();
}

// The view of a reader that keeps records has the pool that all records make, read with their texts. Nothing may
// happen meanwhile.
inline void ExpectPoolAsReadInFull(PoolReader& pools) {
  const auto view = pools.Read();
  ASSERT_TRUE(view.ok()) << view.status();
  const auto full = pools.ReadPresent();
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ((*view)->revision, full->revision);
  EXPECT_EQ((*view)->gates_revision, full->gates_revision);
  Snapshot bare = *full;
  journal::VisitVaultFields(bare.policy, [](std::string& text) { text.clear(); });
  const auto pool = Pool::Build(bare.Input());
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_EQ(RowsAsText(*(*view)->pool), RowsAsText(*pool));
}

// The same, and all else of the view. To be asked right after a change of the solver's input.
inline void ExpectAsReadInFull(PoolReader& pools) {
  ExpectPoolAsReadInFull(pools);
  const auto view = pools.Read();
  ASSERT_TRUE(view.ok()) << view.status();
  const auto full = pools.ReadPresent();
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ(BareText((*view)->policy), BareText(full->policy));
  std::vector<std::string> demands, read;
  for (const v1::Demand& demand : *(*view)->demands) demands.push_back(BareText(demand));
  for (const v1::Demand& demand : full->demands) read.push_back(BareText(demand));
  EXPECT_EQ(demands, read);
  ASSERT_EQ((*view)->standing->size(), full->proposals.size());
  for (const v1::Proposal& proposal : full->proposals) {
    const auto standing = (*view)->standing->find(proposal.name());
    ASSERT_NE(standing, (*view)->standing->end()) << proposal.name();
    EXPECT_EQ(BareText(standing->second), BareText(proposal));
  }
}

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_FULL_READING_TESTING_H_
