#ifndef SERVICES_INTAKE_INTAKE_STATES_H_
#define SERVICES_INTAKE_INTAKE_STATES_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/journal/journal.h"
#include "common/journal/states.h"
#include "services/intake/catalog_view.h"
#include "services/intake/records.h"

namespace critac::intake {

// Changes intake's states by an event: what JournalOptions::apply asks for.
void ApplyEvent(journal::MutableStates& states, const journal::Event& event,
                const google::protobuf::Message& payload);

// Intake's states as Records.
class StateRecords final : public Records {
 public:
  // `states` must outlive it.
  explicit StateRecords(journal::States& states) : states_(states) {}

  const v1::Agency* FindAgency(absl::string_view name) const override;
  const v1::AliasRecord* FindAlias(absl::string_view name) const override;
  const v1::Request* FindRequest(absl::string_view name) const override;
  const v1::ExternalRecord* FindExternal(absl::string_view name) const override;
  int64_t LastNumber(absl::string_view series) const override;

 private:
  journal::States& states_;
};

// The whole catalog is one state, since it is small and read whole; beside it stands its etag alone,
// so that a command can see with one small read whether the view that was made last still holds.
inline constexpr char kCatalogName[] = "catalogs/main";
inline constexpr char kCatalogHeadName[] = "catalogs/head";

// The view of the catalog that commands decide by, made anew only after a change. Thread-safe.
class CatalogCache {
 public:
  // The view that holds in `states`.
  std::shared_ptr<const CatalogView> Get(journal::States& states);

 private:
  absl::Mutex mutex_;
  std::shared_ptr<const CatalogView> view_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_INTAKE_STATES_H_
