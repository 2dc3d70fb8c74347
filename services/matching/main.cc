#include "common/server/run.h"
#include "services/matching/bind.h"

int main(int argc, char** argv) {
  const critac::server::Program program = {
      .name = "critac-matching",
      .description = "Matches requests with partner organizations and their experts.",
      .default_listen = "127.0.0.1:7402",
      .default_admin_listen = "127.0.0.1:7482",
      .default_data = "critac-data/matching",
      .services = {"matching"},
      .peers = {{"intake", "127.0.0.1:7401"}, {"metrics", "127.0.0.1:7403"}},
      .shares_queues = true};
  return critac::server::RunProgram(program, {argv + 1, argv + argc},
                                    {critac::matching::BindMatching});
}
