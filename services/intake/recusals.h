#ifndef SERVICES_INTAKE_RECUSALS_H_
#define SERVICES_INTAKE_RECUSALS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/recusal.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "google/protobuf/repeated_field.h"

// Who must not see the requests of which agency. Pure.
namespace critac::intake {

// Etag of recusals before matching told of any.
inline constexpr char kNothingTold[] = "0";

// Decides what changes when `told` takes the place of `known`, whose addresses are texts: nothing, where
// they are the same; else by whoever saw `known` last. ABORTED, reason ETAG_MISMATCH: `seen` is not its
// etag. INVALID_ARGUMENT: two are of one name.
absl::StatusOr<std::optional<v1::RecusalsChanged>> DecideRecusals(
    const v1::Recusals& known, const google::protobuf::RepeatedPtrField<v1::Recusal>& told,
    absl::string_view seen);

// Puts the change into `recusals`. `sequence` is that of its event.
void ApplyRecusals(const v1::RecusalsChanged& changed, int64_t sequence, v1::Recusals& recusals);

// Recusals, to be looked up by who calls.
class RecusalView {
 public:
  // Addresses must be the texts. Of a purged one nobody is known.
  explicit RecusalView(const v1::Recusals& recusals);

  const std::string& etag() const { return etag_; }

  // Agencies from which those known as one of `parties` (names or addresses) are recused on a day; by
  // name, each once. A recusal's last day is part of it.
  std::vector<std::string> AgenciesOf(absl::Span<const std::string> parties,
                                      absl::CivilDay day) const;

 private:
  struct Entry {
    std::vector<std::string> agencies;
    std::optional<absl::CivilDay> last_day;
  };
  std::string etag_;
  std::vector<Entry> entries_;
  absl::flat_hash_map<std::string, std::vector<size_t>> by_party_;
};

// Whether a request is of one of `agencies`, sorted: asked for by it, or serving it too.
bool IsOfAny(const v1::Request& request, absl::Span<const std::string> agencies);

// OK where it is of none. PERMISSION_DENIED, reason RECUSED: `who`, a principal, is recused from them and
// must not write down, or make, a request of theirs.
absl::Status CheckNotRecused(absl::string_view who, const v1::Request& request,
                             absl::Span<const std::string> agencies);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_RECUSALS_H_
