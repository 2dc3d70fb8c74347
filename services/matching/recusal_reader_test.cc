// What a reader of recusals keeps of the records is what the journal has, whatever changes.
#include "services/matching/recusal_reader.h"

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/rpc/principal.h"
#include "gmock/gmock.h"
#include "services/matching/identity.h"
#include "services/matching/identity_commands.h"
#include "services/matching/offer_testing.h"
#include "services/matching/recusal_notice.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

rpc::Call CallAs(const std::string& principal) {
  rpc::Call call;
  const auto who = rpc::ParsePrincipal(principal);
  EXPECT_TRUE(who.ok()) << who.status();
  if (who.ok()) call.principal = *who;
  return call;
}

// All records as they are now, and what follows from them by going through all.
class RecusalsInFull {
 public:
  RecusalsInFull(journal::Journal& journal, absl::CivilDay today) : today_(today) {
    const auto read = journal.ReadAll(
        {"experts", "identities", "conflicts", "demands", "engagements"}, true,
        [&](const std::string& collection, const google::protobuf::Message& state) {
          if (collection == "experts") {
            experts_.push_back(static_cast<const v1::Expert&>(state));
          } else if (collection == "identities") {
            identities_.push_back(static_cast<const v1::Identity&>(state));
          } else if (collection == "conflicts") {
            conflicts_.push_back(static_cast<const v1::Conflict&>(state));
          } else if (collection == "demands") {
            const auto& demand = static_cast<const v1::Demand&>(state);
            served_.emplace_back(demand.request(), demand.agency().agency());
            for (const std::string& agency : demand.co_served_agencies()) {
              served_.emplace_back(demand.request(), agency);
            }
          } else {
            const auto& engagement = static_cast<const v1::Engagement&>(state);
            served_.emplace_back(engagement.request(), engagement.agency().agency());
          }
        });
    EXPECT_TRUE(read.ok()) << read.status();
  }

  KnownPerson WhoIs(const rpc::Call& call) const {
    KnownPerson known;
    const std::string key = rpc::PersonKey(call.principal);
    std::vector<const v1::Expert*> sorted;
    for (const v1::Expert& expert : experts_) sorted.push_back(&expert);
    absl::c_sort(sorted, [](const auto* a, const auto* b) { return a->name() < b->name(); });
    const std::vector<int> persons = PersonsOf(sorted, identities_);
    const auto keys_of = [&](size_t row) {
      std::vector<std::string> keys = PartiesOf(*sorted[row]);
      for (const std::string& address : AddressesOf(*sorted[row])) keys.push_back(address);
      return keys;
    };
    int person = -1;
    for (size_t row = 0; row < sorted.size(); ++row) {
      if (!key.empty() && absl::c_linear_search(keys_of(row), key)) person = persons[row];
    }
    absl::btree_set<std::string> keys;
    for (size_t row = 0; row < sorted.size(); ++row) {
      if (persons[row] != person) continue;
      known.records.push_back(sorted[row]->name());
      for (const std::string& one : keys_of(row)) keys.insert(one);
    }
    known.keys.assign(keys.begin(), keys.end());
    return known;
  }

  std::vector<std::string> HiddenFrom(const rpc::Call& call) const {
    const KnownPerson caller = WhoIs(call);
    const SameAgencies agencies(identities_);
    absl::btree_set<std::string> hidden;
    for (const v1::Conflict& conflict : conflicts_) {
      const bool is_callers = conflict.partner().empty()
                                  ? absl::c_linear_search(caller.records, conflict.expert())
                                  : conflict.partner() == PartnerOf(call);
      if (!is_callers || !IsRecusal(conflict) || !Holds(conflict, today_)) continue;
      for (const auto& [request, agency] : served_) {
        if (agencies.First(agency) == agencies.First(conflict.agency())) hidden.insert(request);
      }
    }
    return {hidden.begin(), hidden.end()};
  }

 private:
  absl::CivilDay today_;
  std::vector<v1::Expert> experts_;
  std::vector<v1::Identity> identities_;
  std::vector<v1::Conflict> conflicts_;
  // Requests and agencies.
  std::vector<std::pair<std::string, std::string>> served_;
};

class RecusalReading : public ::testing::Test {
 protected:
  RecusalReading() {
    bench_ = std::make_unique<MatchingBench>(center_);
    reader_ = std::make_unique<RecusalReader>(*bench_->journal, bench_->clock);
  }

  // A request of `agencies/fy27-N`; its name.
  std::string AskFor() {
    return bench_->Ready(center_.AddDemand(absl::StrCat("fy27-", center_.demands.size() + 1)));
  }

  void SetAddresses(const std::string& id, const std::vector<std::string>& addresses) {
    v1::Expert expert = bench_->Get<v1::Expert>("experts/" + id);
    expert.mutable_emails()->Assign(addresses.begin(), addresses.end());
    bench_->Set(expert);
  }

  // Sets the conflict of an id, as it may never have been declared.
  void SetConflict(
      const std::string& id, const std::string& whose, const std::string& agency,
      const std::function<void(v1::Conflict&)>& change = [](v1::Conflict&) {}) {
    v1::ConflictSet set;
    v1::Conflict& conflict = *set.mutable_conflict();
    conflict.set_name("conflicts/" + id);
    (whose.starts_with("partners/") ? *conflict.mutable_partner() : *conflict.mutable_expert()) =
        whose;
    conflict.set_agency(agency);
    conflict.set_kind(v1::CONFLICT_KIND_RECUSAL);
    conflict.set_reason("a brother serves there");
    change(conflict);
    Emit(conflict.name(), set);
  }

  template <typename Payload>
  void Emit(const std::string& subject, const Payload& payload) {
    ASSERT_TRUE(bench_
                    ->Do([&](journal::Draft& draft) {
                      draft.Emit(subject, payload);
                      return absl::OkStatus();
                    })
                    .ok());
  }

  void Decide(const std::string& first, const std::string& second, bool same) {
    bench_->Do(DecideIdentity(first, second, same, "asked her")).status().IgnoreError();
  }

  absl::Status Sql(const std::string& sql) {
    return bench_->journal->database().Write(
        [&](store::Connection& connection) { return connection.Execute(sql).status(); });
  }

  std::vector<std::string> HiddenFrom(const std::string& principal) {
    const auto hidden = reader_->HiddenFrom(CallAs(principal));
    EXPECT_TRUE(hidden.ok()) << hidden.status();
    return hidden.ok() ? *hidden : std::vector<std::string>{"not known"};
  }

  Center center_ = TwoPartnersOfThree();
  std::unique_ptr<MatchingBench> bench_;
  std::unique_ptr<RecusalReader> reader_;
};

TEST_F(RecusalReading, ARecusalHidesFromThePersonUnderEveryRecordAndSpelling) {
  const std::string request = AskFor();
  const std::string other = AskFor();
  SetAddresses("elm1", {"Robin.Vale@gmail.com", "r.vale@work.example"});
  EXPECT_THAT(HiddenFrom("coordinator:robinvale@gmail.com"), IsEmpty()) << "nobody is recused";
  SetConflict("c1", "experts/elm1", "agencies/fy27-1");
  for (const char* recused :
       {"coordinator:robinvale@gmail.com", "coordinator:R.o.b.i.n.Vale+x@googlemail.com",
        "partner:partners/oak#R.VALE@work.example", "coordinator:experts/elm1",
        "partner:partners/elm#elm1", "partner:partners/elm#experts/elm1"}) {
    EXPECT_THAT(HiddenFrom(recused), ElementsAre(request)) << recused;
    EXPECT_FALSE(reader_->CheckMayFollow(CallAs(recused)).ok()) << recused;
  }
  for (const char* another :
       {"coordinator:rvale@work.example", "coordinator:elm1", "partner:partners/oak#elm1",
        "partner:partners/elm", "coordinator:oak1@work.example", "coordinator:experts/oak1"}) {
    EXPECT_THAT(HiddenFrom(another), IsEmpty()) << another;
    EXPECT_TRUE(reader_->CheckMayFollow(CallAs(another)).ok()) << another;
  }
  SetAddresses("oak1", {"oak1@work.example", "R.Vale@work.example"});
  EXPECT_THAT(HiddenFrom("coordinator:oak1@work.example"), ElementsAre(request));
  EXPECT_THAT(HiddenFrom("coordinator:experts/oak1"), ElementsAre(request));
  SetAddresses("oak1", {"oak1@work.example"});
  EXPECT_THAT(HiddenFrom("coordinator:oak1@work.example"), IsEmpty());
  Decide("experts/elm1", "experts/oak1", true);
  EXPECT_THAT(HiddenFrom("coordinator:oak1@work.example"), ElementsAre(request));
  Decide("agencies/fy27-1", "agencies/fy27-2", true);
  EXPECT_THAT(HiddenFrom("coordinator:oak1@work.example"), ElementsAre(request, other));
  Decide("experts/elm1", "experts/oak1", false);
  EXPECT_THAT(HiddenFrom("coordinator:oak1@work.example"), IsEmpty());
}

// Rows are taken out of their tables behind the journal's back: who reads them anew finds them gone.
TEST_F(RecusalReading, AfterAChangeNothingElseIsReadUntilTextsArePurged) {
  const std::string request = AskFor();
  const std::string ana = "coordinator:ana@elm.org";
  SetAddresses("elm1", {"ana@elm.org"});
  SetConflict("c1", "experts/elm1", "agencies/fy27-1");
  EXPECT_THAT(HiddenFrom(ana), ElementsAre(request));
  for (const char* table : {"expert", "demand", "engagement"}) {
    ASSERT_TRUE(Sql(absl::StrCat("DELETE FROM ", table)).ok());
  }
  SetConflict("c2", "experts/oak1", "agencies/fy27-2");
  EXPECT_THAT(HiddenFrom(ana), ElementsAre(request)) << "another's recusal was declared";
  EXPECT_THAT(HiddenFrom("coordinator:experts/oak1"), IsEmpty());
  SetConflict("c1", "experts/elm1", "agencies/fy27-9");
  EXPECT_THAT(HiddenFrom(ana), IsEmpty()) << "her recusal is of another agency";
  SetConflict("c1", "experts/elm1", "agencies/fy27-1");
  EXPECT_THAT(HiddenFrom(ana), ElementsAre(request));
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field LIKE 'expert.emails%'").ok());
  SetConflict("c3", "experts/oak2", "agencies/fy27-2");
  EXPECT_THAT(HiddenFrom(ana), IsEmpty()) << "all is read";
}

TEST_F(RecusalReading, WhileNobodyIsRecusedNoExpertIsRead) {
  AskFor();
  SetAddresses("elm1", {"ana@elm.org"});
  SetConflict("c1", "experts/elm1", "agencies/fy27-1",
              [](v1::Conflict& conflict) { conflict.set_kind(v1::CONFLICT_KIND_LITIGATION); });
  EXPECT_THAT(HiddenFrom("coordinator:ana@elm.org"), IsEmpty());
  ASSERT_TRUE(Sql("DELETE FROM expert").ok());
  SetConflict("c2", "experts/elm1", "agencies/fy27-1");
  EXPECT_THAT(HiddenFrom("coordinator:ana@elm.org"), IsEmpty()) << "who she is was not known";
}

TEST_F(RecusalReading, AnAddressThatWasPurgedIsNobodys) {
  const std::string request = AskFor();
  SetAddresses("elm1", {"ana@elm.org"});
  SetConflict("c1", "experts/elm1", "agencies/fy27-1");
  EXPECT_THAT(HiddenFrom("coordinator:ana@elm.org"), ElementsAre(request));
  ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field LIKE 'expert.emails%'").ok());
  SetConflict("c2", "experts/oak1", "agencies/fy27-2");
  EXPECT_THAT(HiddenFrom("coordinator:ana@elm.org"), IsEmpty());
  EXPECT_THAT(HiddenFrom("coordinator:experts/elm1"), ElementsAre(request));
}

TEST_F(RecusalReading, ARecusalHidesUntilItExpiresWithoutAnyChange) {
  const std::string request = AskFor();
  SetConflict("c1", "partners/elm", "agencies/fy27-1",
              [](v1::Conflict& conflict) { conflict.set_valid_to("2026-11-20"); });
  EXPECT_THAT(HiddenFrom("partner:partners/elm"), ElementsAre(request)) << "its last day";
  EXPECT_THAT(HiddenFrom("partner:partners/oak"), IsEmpty());
  bench_->clock.Advance(absl::Hours(24));
  EXPECT_THAT(HiddenFrom("partner:partners/elm"), IsEmpty());
}

// Goal: whatever changes, and in whatever order, what is hidden from whom, and who they are, is what all records say.
// Method: random changes of each kind of record; after each, callers of all kinds are compared with a full reading.
class RandomRecusalReading : public RecusalReading {
 protected:
  int Any(int count) { return static_cast<int>(engine_() % static_cast<uint32_t>(count)); }
  std::string OneOf(const std::vector<std::string>& texts) {
    return texts[Any(static_cast<int>(texts.size()))];
  }
  std::string AnyExpert() { return OneOf(experts_); }
  std::string AnyAgency() { return OneOf({"agencies/fy27-1", "agencies/fy27-2", "agencies/lake"}); }

  void ChangeAddresses() {
    std::vector<std::string> addresses;
    for (int i = Any(3); i > 0; --i) {
      addresses.push_back(OneOf({"Ana@a.example", "ana@A.example", "r.vale@gmail.com",
                                 "RVale+x@googlemail.com", "cy@c.example"}));
    }
    SetAddresses(AnyExpert(), addresses);
  }
  void ChangeAConflict() {
    SetConflict(absl::StrCat("c", Any(4)),
                Any(4) == 0 ? OneOf({"partners/elm", "partners/oak"}) : "experts/" + AnyExpert(),
                AnyAgency(), [&](v1::Conflict& conflict) {
                  if (Any(4) == 0) conflict.set_kind(v1::CONFLICT_KIND_LITIGATION);
                  if (Any(4) == 0) conflict.set_overridden_by("program-manager:pat");
                  if (Any(4) == 0) conflict.set_valid_to("2026-11-25");
                });
  }
  void ChangeAPartner() {
    v1::Expert expert = bench_->Get<v1::Expert>("experts/" + AnyExpert());
    expert.clear_emails();
    expert.set_partner(OneOf({"partners/elm", "partners/oak"}));
    bench_->Set(expert);
  }
  void AddAnExpert() {
    v1::Expert expert = center_.experts[0];
    const std::string id = absl::StrCat("new", experts_.size());
    expert.set_name("experts/" + id);
    expert.add_emails("cy@c.example");
    bench_->Set(expert);
    experts_.push_back(id);
  }
  void ServeAnother() {
    if (requests_.empty()) return;
    const v1::Demand demand = bench_->DemandFor(OneOf(requests_));
    v1::DemandChanged changed;
    changed.set_urgency(demand.urgency());
    changed.set_needed_by(demand.needed_by());
    if (Any(3) != 0) changed.add_co_served_agencies(AnyAgency());
    Emit(demand.name(), changed);
  }
  void DecideOnARequest() {
    if (requests_.empty()) return;
    const std::string request = OneOf(requests_);
    const std::vector<std::string> offers = bench_->Offers(request);
    if (offers.empty()) return bench_->Approve(request).IgnoreError();
    bench_->Accept(offers[0]).IgnoreError();
  }
  void Purge() {
    ASSERT_TRUE(Sql("DELETE FROM journal_vault WHERE field LIKE 'expert.emails%'").ok());
    ChangeAConflict();
  }

  void ExpectAsInFull() {
    const RecusalsInFull full(*bench_->journal, DayOf(bench_->clock.Now()));
    std::vector<std::string> callers = {"coordinator:dana",
                                        "partner:partners/elm",
                                        "partner:partners/oak",
                                        "coordinator:ana@a.example",
                                        "partner:partners/elm#ANA@a.example",
                                        "coordinator:r.v.ale@googlemail.com",
                                        "auditor:cy@c.example",
                                        "coordinator:nobody@c.example"};
    for (const std::string& id : experts_) {
      callers.push_back("coordinator:experts/" + id);
      callers.push_back("partner:partners/elm#" + id);
      callers.push_back("partner:partners/oak#experts/" + id);
    }
    for (const std::string& principal : callers) {
      const rpc::Call call = CallAs(principal);
      EXPECT_EQ(HiddenFrom(principal), full.HiddenFrom(call)) << principal;
      const auto known = reader_->WhoIs(call);
      ASSERT_TRUE(known.ok()) << known.status();
      const KnownPerson expected = full.WhoIs(call);
      EXPECT_EQ(known->records, expected.records) << principal;
      EXPECT_EQ(known->keys, expected.keys) << principal;
    }
  }

  std::mt19937 engine_{20261130};
  // Ids.
  std::vector<std::string> experts_ = {"elm1", "elm2", "elm3", "oak1", "oak2", "oak3"};
  std::vector<std::string> requests_;
};

TEST_F(RandomRecusalReading, WhateverChangesIsTakenOver) {
  // What should happen more often is there more than once.
  const std::pair<const char*, std::function<void()>> steps[] = {
      {"addresses change", [this] { ChangeAddresses(); }},
      {"other addresses change", [this] { ChangeAddresses(); }},
      {"a conflict changes", [this] { ChangeAConflict(); }},
      {"another conflict changes", [this] { ChangeAConflict(); }},
      {"several records change before the next reading",
       [this] {
         ChangeAddresses();
         ChangeAConflict();
         ServeAnother();
       }},
      {"an expert changes to a partner", [this] { ChangeAPartner(); }},
      {"an expert is added", [this] { AddAnExpert(); }},
      {"two experts are one, or not",
       [this] { Decide("experts/" + AnyExpert(), "experts/" + AnyExpert(), Any(3) != 0); }},
      {"two agencies are one, or not", [this] { Decide(AnyAgency(), AnyAgency(), Any(2) == 0); }},
      {"a request becomes ready",
       [this] {
         if (requests_.size() < 6) requests_.push_back(AskFor());
       }},
      {"an agency is served with another's", [this] { ServeAnother(); }},
      {"a proposal or an offer is decided", [this] { DecideOnARequest(); }},
      {"a day passes", [this] { bench_->clock.Advance(absl::Hours(24)); }},
      {"the states are built anew, and something changes",
       [this] {
         ASSERT_TRUE(bench_->journal->Rebuild().ok());
         ChangeAConflict();
       }},
      {"addresses are purged", [this] { Purge(); }}};
  for (int i = 0; i < 120 && !HasFailure(); ++i) {
    const auto& [what, change] = steps[Any(static_cast<int>(std::size(steps)))];
    SCOPED_TRACE(absl::StrCat("seed 20261130, change ", i, ": ", what));
    change();
    ExpectAsInFull();
  }
}

}  // namespace
}  // namespace critac::matching
