#include "services/cli/up.h"

#include "common/server/run.h"
#include "services/intake/bind.h"
#include "services/matching/bind.h"
#include "services/metrics/bind.h"

namespace critac::cli {

int RunUp(const std::vector<std::string>& arguments) {
  const server::Program program = {.name = "critac up",
                                   .description = kUpDescription,
                                   .default_listen = "127.0.0.1:7400",
                                   .default_admin_listen = "127.0.0.1:7480",
                                   .default_data = "critac-data",
                                   .services = {"intake", "matching", "metrics"},
                                   .peers = {}};
  return server::RunProgram(program, arguments,
                            {intake::BindIntake, matching::BindMatching, metrics::BindMetrics});
}

}  // namespace critac::cli
