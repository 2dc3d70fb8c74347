#ifndef SERVICES_MATCHING_RECORD_FOLLOWER_H_
#define SERVICES_MATCHING_RECORD_FOLLOWER_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "google/protobuf/message.h"
#include "services/matching/address_fingerprints.h"
#include "services/matching/pool.h"

namespace critac::matching {

// Names of the collections that pools are made of.
const std::vector<std::string>& PoolCollections();

// Of these, what a pool of the present is made of; what is over is left out.
const std::vector<journal::Selection>& PresentRecords();

// Whether a policy is the one in force. It stands there twice, under its version and as the current one; only the
// latter, and no state, where it was recorded before policies had versions on record.
bool IsInForce(const v1::Policy& policy);

// What changed of the records since a moment.
struct RecordChanges {
  // More than `owners` tells: it may be anything.
  bool is_whole = true;
  // What Pool::Update is told (PoolTouched::owners).
  absl::flat_hash_set<std::string> owners;
  bool demands = true;
  bool proposals = true;
};

// The records that a pool of the present is made of, in memory and in step with the journal: what changed is read, and
// nothing else, however many records there are. They outlive a purge, which is no event, so they have no texts of the
// vault: in the place of each address of an expert is its fingerprint. Not thread-safe.
class RecordFollower final : private journal::StateKeeper {
 public:
  // Reads what changed since the last time, as it is at one position; all the first time, and where the journal does
  // not know what changed. After an error all are read the next time.
  absl::Status Update(journal::Journal& journal);

  // Points into what is kept. Without day and catalog.
  PoolInput Input() const;
  // Of the input's uses those of an owner, which lie side by side.
  absl::Span<const v1::CapacityUse> UsesOf(absl::string_view owner) const;

  // What changed since ForgetChanges was called last; all where it never was.
  const RecordChanges& changes() const { return changes_; }
  void ForgetChanges();

  // Event after which the records were like this, and the number of the solver's input then.
  int64_t sequence() const { return mark_.sequence; }
  int64_t revision() const { return inputs().revision(); }
  int64_t gates_revision() const { return inputs().gates_revision(); }
  // The one in force; an empty one where there is none.
  const v1::Policy& policy() const;
  // By name.
  absl::Span<const v1::Demand> demands() const { return demands_.states(); }
  absl::Span<const v1::Proposal> proposals() const { return proposals_.states(); }

 private:
  // States of one collection.
  class Table {
   public:
    virtual ~Table() = default;
    virtual void Clear() = 0;
    virtual void Drop(const std::string& name) = 0;
    // Null: there is none of this name.
    virtual const google::protobuf::Message* Find(const std::string& name) const = 0;
    // The state of this name, an empty one where there was none.
    virtual google::protobuf::Message& Place(const std::string& name) = 0;
  };
  // In the order of their names in the journal, which a state need not hold itself.
  template <typename T>
  class Sorted final : public Table {
   public:
    absl::Span<const T> states() const { return states_; }
    // Those whose names are in `first`..`last`, without the latter.
    absl::Span<const T> Between(const std::string& first, const std::string& last) const {
      const auto begin = std::lower_bound(names_.begin(), names_.end(), first);
      const auto end = std::lower_bound(begin, names_.end(), last);
      return states().subspan(begin - names_.begin(), end - begin);
    }

    void Clear() override {
      names_.clear();
      states_.clear();
    }
    void Drop(const std::string& name) override {
      const auto at = std::lower_bound(names_.begin(), names_.end(), name);
      if (at == names_.end() || *at != name) return;
      states_.erase(states_.begin() + (at - names_.begin()));
      names_.erase(at);
    }
    const google::protobuf::Message* Find(const std::string& name) const override {
      const auto at = std::lower_bound(names_.begin(), names_.end(), name);
      if (at == names_.end() || *at != name) return nullptr;
      return &states_[at - names_.begin()];
    }
    google::protobuf::Message& Place(const std::string& name) override {
      const auto at = std::lower_bound(names_.begin(), names_.end(), name);
      const auto place = states_.begin() + (at - names_.begin());
      if (at != names_.end() && *at == name) return *place;
      names_.insert(at, name);
      return *states_.emplace(place);
    }

   private:
    std::vector<std::string> names_;
    std::vector<T> states_;
  };

  void StartOver() override;
  void Keep(const std::string& collection, const std::string& name,
            const google::protobuf::Message& state) override;
  void Drop(const std::string& collection, const std::string& name) override;

  Table& TableOf(const std::string& collection);
  // Notes that a state is another one than before; null: it was not there, or is there no more.
  void NoteChange(const std::string& collection, const google::protobuf::Message* before,
                  const google::protobuf::Message* after);
  // Counts the addresses that an expert has, and no longer has. Whether those are nobody else's, so that the same
  // records are one person as before.
  bool CountAddresses(const v1::Expert* before, const v1::Expert* after);
  std::string FingerprintOf(const std::string& address) const;
  const v1::SolverInputs& inputs() const;

  const AddressFingerprints fingerprints_;
  journal::Mark mark_;
  Sorted<v1::Policy> policies_;
  Sorted<v1::SolverInputs> solver_;
  Sorted<v1::Partner> partners_;
  Sorted<v1::Expert> experts_;
  Sorted<v1::Conflict> conflicts_;
  Sorted<v1::Identity> identities_;
  Sorted<v1::CapacityUse> capacities_;
  Sorted<v1::Demand> demands_;
  Sorted<v1::Offer> offers_;
  Sorted<v1::Proposal> proposals_;
  // Of the offers.
  std::vector<v1::Assignment> held_;
  // Experts who have an address, by its fingerprint.
  absl::flat_hash_map<std::string, int> address_counts_;
  RecordChanges changes_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RECORD_FOLLOWER_H_
