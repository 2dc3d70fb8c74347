#include "services/matching/meeting_name_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"

namespace critac::matching {
namespace {

// What `name_of` says of the record called `name`, read once; empty where there is none.
template <typename Record, typename NameOf>
absl::StatusOr<const std::string*> ReadOnce(journal::Records& records, const std::string& name,
                                            absl::flat_hash_map<std::string, std::string>& known,
                                            NameOf name_of) {
  const auto found = known.find(name);
  if (found != known.end()) return &found->second;
  const auto record = records.Get<Record>(name);
  if (!record.ok() && !absl::IsNotFound(record.status())) return record.status();
  return &(known[name] = record.ok() ? name_of(*record) : std::string());
}

}  // namespace

MeetingNameReader::MeetingNameReader(journal::Journal& journal,
                                     std::shared_ptr<const intake::v1::Catalog> catalog,
                                     std::string partner, int64_t most_bytes)
    : records_(journal),
      catalog_(std::move(catalog)),
      partner_(std::move(partner)),
      bytes_left_(most_bytes) {
  if (catalog_ == nullptr) return;
  for (const intake::v1::CatalogEntry& entry : catalog_->entries()) {
    if (entry.has_topic()) titles_[entry.name()] = entry.topic().title();
    if (entry.has_delivery_type()) titles_[entry.name()] = entry.delivery_type().title();
  }
}

absl::Status MeetingNameReader::Name(v1::MeetingItem& item) {
  std::vector<std::string> names;
  for (const v1::ShortlistSlot& slot : item.slots()) {
    for (const v1::ShortlistCandidate& candidate : slot.candidates()) {
      names.push_back(candidate.expert());
      names.push_back(candidate.partner());
    }
  }
  RETURN_IF_ERROR(records_.ReadAhead(names));
  for (v1::ShortlistSlot& slot : *item.mutable_slots()) {
    slot.set_topic_title(TitleOf(slot.topic()));
    slot.set_delivery_type_title(TitleOf(slot.delivery_type()));
    for (v1::ShortlistCandidate& candidate : *slot.mutable_candidates()) {
      RETURN_IF_ERROR(NamePerson(candidate));
    }
  }
  return item.has_decision() ? AddDecided(*item.mutable_decision()) : absl::OkStatus();
}

absl::Status MeetingNameReader::Name(v1::Meeting& meeting) {
  for (v1::MeetingItem& item : *meeting.mutable_items()) RETURN_IF_ERROR(Name(item));
  return absl::OkStatus();
}

absl::StatusOr<const std::string*> MeetingNameReader::ExpertName(const std::string& expert) {
  return ReadOnce<v1::Expert>(records_, expert, experts_, [this](const v1::Expert& record) {
    const bool is_others = !partner_.empty() && record.partner() != partner_;
    return is_others ? std::string() : record.full_name();
  });
}

absl::StatusOr<const std::string*> MeetingNameReader::PartnerName(const std::string& partner) {
  return ReadOnce<v1::Partner>(records_, partner, partners_,
                               [](const v1::Partner& record) { return record.display_name(); });
}

template <typename Person>
absl::Status MeetingNameReader::NamePerson(Person& person) {
  ASSIGN_OR_RETURN(const std::string* full_name, ExpertName(person.expert()));
  person.set_full_name(Fitting(*full_name));
  ASSIGN_OR_RETURN(const std::string* partner_name, PartnerName(person.partner()));
  person.set_partner_name(Fitting(*partner_name));
  return absl::OkStatus();
}

absl::Status MeetingNameReader::AddDecided(v1::ItemDecision& decision) {
  if (decision.proposal().empty()) return absl::OkStatus();
  // A decided proposal is never decided again, so it is still what the meeting made of it.
  const auto proposal = records_.Get<v1::Proposal>(decision.proposal());
  if (absl::IsNotFound(proposal.status())) return absl::OkStatus();
  RETURN_IF_ERROR(proposal.status());
  for (const v1::Assignment& assignment : proposal->assignments()) {
    v1::DecidedExpert& expert = *decision.add_experts();
    expert.set_slot(assignment.slot());
    expert.set_expert(assignment.expert());
    expert.set_partner(assignment.partner());
    RETURN_IF_ERROR(NamePerson(expert));
  }
  return absl::OkStatus();
}

std::string MeetingNameReader::TitleOf(const std::string& entry) {
  const auto found = titles_.find(entry);
  return found == titles_.end() ? "" : Fitting(found->second);
}

std::string MeetingNameReader::Fitting(const std::string& name) {
  const auto size = static_cast<int64_t>(name.size());
  if (size > bytes_left_) return "";
  bytes_left_ -= size;
  return name;
}

}  // namespace critac::matching
