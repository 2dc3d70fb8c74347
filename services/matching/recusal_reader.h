#ifndef SERVICES_MATCHING_RECUSAL_READER_H_
#define SERVICES_MATCHING_RECUSAL_READER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/journal/command.h"
#include "common/journal/journal.h"
#include "common/rpc/pipeline.h"
#include "common/store/filter.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/callers.h"
#include "services/matching/recusal_follower.h"
#include "services/matching/seen_by.h"

namespace critac::matching {

// What recusals hide from whom. A recusal that holds hides every request of its agency, under any
// of the agency's names and whether asked for or served with another's, from those who call as the
// recused: the partner, or the expert.
//
// An expert calls as a principal whose person is an address on one of its records, or the name of
// one: `coordinator:ana@fallspd.org`, `partner:partners/iacp#e012`. A name counts for the record's
// own partner, and for callers that are no partner in full only (`experts/e012`). Whoever is known
// by one record is known by all that are the same person.
//
// When records have changed since the last time, what changed is read (RecusalFollower), and those who ask meanwhile
// wait for it; most callers cannot be an expert, and cost nothing. Thread-safe.
class RecusalReader {
 public:
  RecusalReader(journal::Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  // Who the caller is by the records of the experts; nothing of those who are none.
  absl::StatusOr<KnownPerson> WhoIs(const rpc::Call& call);

  // Requests that the caller must not see, by name, sorted.
  absl::StatusOr<std::vector<std::string>> HiddenFrom(const rpc::Call& call);

  // The same, with the proposals for them, those of before included.
  absl::StatusOr<Hidden> HiddenWithProposals(const rpc::Call& call);

  // PERMISSION_DENIED, reason RECUSED: a recusal of the caller holds, so that the journal, and the
  // certificate of a run, which are shown whole or not at all, are not shown.
  absl::Status CheckMayFollow(const rpc::Call& call);

  // NOT_FOUND of the resource where its request is hidden from the caller.
  absl::Status CheckSeen(const rpc::Call& call, absl::string_view request, absl::string_view type,
                         absl::string_view name);

  // `rows`, without those whose column `request` names a hidden one.
  absl::StatusOr<store::Condition> SeenRows(const rpc::Call& call, store::Condition rows);

  // A command on a resource that has a request, refused with NOT_FOUND where that is hidden.
  template <typename T>
  journal::Decide Guard(const rpc::Call& call, const std::string& name, journal::Decide decide) {
    auto hidden = HiddenFrom(call);
    if (hidden.ok() && hidden->empty()) return decide;
    return GuardBy(std::move(hidden), T::descriptor()->full_name(), name, std::move(decide),
                   [](journal::Draft& draft, const std::string& resource) {
                     const auto* found = draft.Find<T>(resource);
                     return found == nullptr ? "" : found->request();
                   });
  }

 private:
  static journal::Decide GuardBy(
      absl::StatusOr<std::vector<std::string>> hidden, const std::string& type,
      const std::string& name, journal::Decide decide,
      std::function<std::string(journal::Draft&, const std::string&)> request_of);

  // Who calls, as far as recusals go: as a person, and of a partner. Nobody: what may hide anything is not looked at.
  struct Caller {
    std::string key;
    std::string partner;
    bool is_nobody() const { return key.empty() && partner.empty(); }
  };
  static Caller CallerOf(const rpc::Call& call);

  // Brings what is kept to a revision of the solver's inputs, or a later one.
  absl::Status Follow(int64_t revision, RecusalFollower::Scope scope)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Agencies from which a caller is recused, each by the first of its names. Where there are any, all is followed.
  absl::StatusOr<absl::flat_hash_set<std::string>> RecusedFrom(const Caller& caller,
                                                               int64_t revision)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  journal::Journal& journal_;
  const Clock& clock_;
  absl::Mutex mutex_;
  RecusalFollower followed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RECUSAL_READER_H_
