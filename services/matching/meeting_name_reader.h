#ifndef SERVICES_MATCHING_MEETING_NAME_READER_H_
#define SERVICES_MATCHING_MEETING_NAME_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/matching/v1/meeting.pb.h"

namespace critac::matching {

// Bytes of names in one answer: with what a meeting holds (meetings.h) it stays below limits::kMessageBytes.
inline constexpr int64_t kMostNameBytes = 1'000'000;

// Puts names beside the ids of a meeting for one answer: of experts, partners, topics and delivery types, and who was
// decided on. They are read as they are at that moment, so that a name that was purged is gone from meetings of
// before as well; what is not on record or purged, and what would pass `most_bytes`, stays empty. The name of an
// expert is for the center, and for the partner that the expert is of now, whoever's it was when the meeting was
// called: a name is that of now, and so is who may read it. Not thread-safe.
class MeetingNameReader {
 public:
  // `catalog` may be null: then no topic and no delivery type has a title. `partner` is the one that the answer is
  // for; empty: it is for somebody else.
  MeetingNameReader(journal::Journal& journal, std::shared_ptr<const intake::v1::Catalog> catalog,
                    std::string partner, int64_t most_bytes = kMostNameBytes);

  absl::Status Name(v1::MeetingItem& item);
  absl::Status Name(v1::Meeting& meeting);

 private:
  // The name of a record; empty: none is known, or it is not for the caller. The pointer holds until the next call.
  absl::StatusOr<const std::string*> ExpertName(const std::string& expert);
  absl::StatusOr<const std::string*> PartnerName(const std::string& partner);

  // Sets the names of a candidate, or of an expert who was decided on.
  template <typename Person>
  absl::Status NamePerson(Person& person);
  absl::Status AddDecided(v1::ItemDecision& decision);

  // What a topic or a delivery type is called; empty: the catalog does not say, or the answer has no room for it.
  std::string TitleOf(const std::string& entry);
  // `name` where the answer has room for it, else nothing.
  std::string Fitting(const std::string& name);

  journal::Records records_;
  const std::shared_ptr<const intake::v1::Catalog> catalog_;
  const std::string partner_;
  int64_t bytes_left_;
  absl::flat_hash_map<std::string, std::string> experts_;
  absl::flat_hash_map<std::string, std::string> partners_;
  // Of topics and delivery types.
  absl::flat_hash_map<std::string, std::string> titles_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MEETING_NAME_READER_H_
