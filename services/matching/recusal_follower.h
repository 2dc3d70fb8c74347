#ifndef SERVICES_MATCHING_RECUSAL_FOLLOWER_H_
#define SERVICES_MATCHING_RECUSAL_FOLLOWER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "google/protobuf/message.h"
#include "services/matching/address_fingerprints.h"
#include "services/matching/identity.h"
#include "services/matching/person_index.h"

namespace critac::matching {

// What recusals rest on, in memory and in step with the journal: what changed is read, and nothing else, however many
// records there are. Has no texts of the vault, but fingerprints of addresses. Not thread-safe.
class RecusalFollower final : private journal::StateKeeper {
 public:
  // What is followed.
  enum class Scope {
    // Recusals, and which agencies are one: few, and in most centers none.
    kRecusals,
    // Experts and requests as well. Once they are asked for, they are followed from then on.
    kAll,
  };

  // Reads what changed since the last time, as it is at one position; all the first time, and where the journal does
  // not know what changed. After an error all are read the next time.
  absl::Status Update(journal::Journal& journal, Scope scope);

  // Whether what is kept is of this revision of the solver's inputs, as far as `scope` goes.
  bool IsAt(int64_t revision, Scope scope) const {
    return revision_ == revision && scope_ >= scope;
  }

  // The one that was read last; 0: there is none on record.
  int64_t revision() const { return read_revision_; }

  // Recusals that nobody overrode, expired ones included, by name; without the reasons.
  const absl::btree_map<std::string, v1::Conflict>& recusals() const { return recusals_; }
  // Of names that are one agency, the first.
  absl::string_view FirstOf(absl::string_view agency) const { return same_agencies_.First(agency); }

  // The next two are of kAll.
  // The records of whoever calls under a key (rpc::PersonKey), by name, sorted.
  std::vector<std::string> RecordsOf(const std::string& key) const;
  // Requests of agencies, each of which is the first of its names, for itself or served with another's; by name,
  // sorted.
  std::vector<std::string> RequestsOf(const absl::flat_hash_set<std::string>& agencies) const;

 private:
  // A demand or an engagement.
  struct Served {
    std::string request;
    std::vector<std::string> agencies;
  };

  void StartOver() override;
  void Keep(const std::string& collection, const std::string& name,
            const google::protobuf::Message& state) override;
  void Drop(const std::string& collection, const std::string& name) override;

  void KeepIdentity(const std::string& name, const v1::Identity& identity);
  void KeepExpert(const std::string& name, const v1::Expert& expert);
  void KeepServed(const std::string& name, Served served);
  void DropServed(const std::string& name);

  const AddressFingerprints fingerprints_;
  journal::Mark mark_;
  Scope scope_ = Scope::kRecusals;
  // Nothing: it is not known what is kept.
  std::optional<int64_t> revision_;
  int64_t read_revision_ = 0;

  absl::btree_map<std::string, v1::Conflict> recusals_;
  // What was decided of agencies, and what follows from it.
  absl::btree_map<std::string, v1::Identity> agency_identities_;
  bool agencies_changed_ = false;
  SameAgencies same_agencies_ = SameAgencies({});

  PersonIndex persons_;
  // Of experts who have one.
  absl::flat_hash_map<std::string, std::string> partners_;
  absl::flat_hash_map<std::string, Served> served_;
  // Demands and engagements by agency.
  absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> served_by_agency_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RECUSAL_FOLLOWER_H_
