#ifndef COMMON_JOURNAL_VAULT_H_
#define COMMON_JOURNAL_VAULT_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/ids.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

// Personal data and free text, kept apart from the journal. A field marked `vault` in its proto
// holds a reference, `vault:ID:HASH`, wherever it is journaled or projected; its text stands in the
// vault under the id, with the salt of the hash. To purge a text is to delete its row: the chain of
// the journal stays whole.
namespace critac::journal {

// `SEQUENCE.PLACE` in a reference: the event that brought the text, and the text's place there,
// from 1.
struct VaultId {
  int64_t sequence = 0;
  int64_t place = 0;

  auto operator<=>(const VaultId&) const = default;
  template <typename H>
  friend H AbslHashValue(H hash, const VaultId& id) {
    return H::combine(std::move(hash), id.sequence, id.place);
  }
};

// One text.
struct VaultEntry {
  VaultId id;
  // Path of the field in the event's payload, `request.contacts[0].email`.
  std::string field;
  std::string salt;
  std::string text;
};

// Takes every text in a vault field of `message` out, leaving a reference, and adds it to
// `entries`. What is a reference already stays as it is: it came from a state (callers cannot send
// one: the rules of fields refuse such texts).
void TakeToVault(google::protobuf::Message& message, int64_t sequence, IdSource& ids,
                 std::vector<VaultEntry>& entries);

// Whether `text` has the form of a reference.
bool IsVaultReference(absl::string_view text);

// Id in a reference; none where it is not one.
std::optional<VaultId> VaultIdOf(absl::string_view reference);

// SHA-256 over salt and text, as a reference holds it: URL-safe base64 without padding.
std::string VaultHash(absl::string_view salt, absl::string_view text);

// Calls `visit` with every text in a vault field of `message`, to read or replace. Cheap for
// messages without any.
void VisitVaultFields(google::protobuf::Message& message,
                      absl::FunctionRef<void(std::string& text)> visit);

// The text of `id` among `entries`, which are in the order in which TakeToVault made them; null
// where it is not there.
const std::string* FindText(absl::Span<const VaultEntry> entries, VaultId id);

// Finds a text that is known already, for which no query is needed; null where it is not.
using KnownText = absl::FunctionRef<const std::string*(VaultId id)>;
inline const std::string* NoneKnown(VaultId) { return nullptr; }

// Puts the texts that are known in the place of references in all `messages`. Returns which events brought the others.
absl::btree_set<int64_t> JoinKnownTexts(absl::Span<google::protobuf::Message* const> messages,
                                        KnownText known);

// Puts texts in the place of references in all `messages`, with few queries. A purged text becomes
// empty.
absl::Status JoinVault(store::Connection& connection,
                       absl::Span<google::protobuf::Message* const> messages,
                       KnownText known = NoneKnown);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_VAULT_H_
