#ifndef SERVICES_INTAKE_BIND_H_
#define SERVICES_INTAKE_BIND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/server/binding.h"

namespace critac::intake {

// Binds intake into a process: opens its database and journal, and its queue `match`. `environment`
// must outlive what it returns.
absl::StatusOr<std::unique_ptr<server::BoundService>> BindIntake(server::Environment& environment);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_BIND_H_
