#include "common/server/run.h"
#include "services/intake/bind.h"

int main(int argc, char** argv) {
  const critac::server::Program program = {
      .name = "critac-intake",
      .description = "Keeps agencies, the catalog, and requests from a draft to a closed record.",
      .default_listen = "127.0.0.1:7401",
      .default_admin_listen = "127.0.0.1:7481",
      .default_data = "critac-data/intake",
      .services = {"intake"},
      .peers = {},
      .shares_queues = true};
  return critac::server::RunProgram(program, {argv + 1, argv + argc}, {critac::intake::BindIntake});
}
