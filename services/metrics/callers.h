#ifndef SERVICES_METRICS_CALLERS_H_
#define SERVICES_METRICS_CALLERS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rpc/principal.h"

namespace critac::metrics {

// Recusals hide requests from who is recused, and metrics knows none of them: matching tells intake
// alone. So what names records is only for those of whom no recusal can be: services, an agency's
// people, and whoever is known neither as a partner's nor, by rpc::PersonKey, as an expert may be.

// OK for those. PERMISSION_DENIED, reason MAY_BE_RECUSED: `what` names records, and a recusal of
// `who` may hide some of them.
absl::Status CheckCannotBeRecused(const rpc::Principal& who, absl::string_view what);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_CALLERS_H_
