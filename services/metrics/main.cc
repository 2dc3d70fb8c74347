#include "common/server/run.h"
#include "services/metrics/bind.h"

int main(int argc, char** argv) {
  const critac::server::Program program = {
      .name = "critac-metrics",
      .description = "Computes measures, keeps surveys and makes reports.",
      .default_listen = "127.0.0.1:7403",
      .default_admin_listen = "127.0.0.1:7483",
      .default_data = "critac-data/metrics",
      .services = {"metrics"},
      .peers = {{"intake", "127.0.0.1:7401"}, {"matching", "127.0.0.1:7402"}},
      .shares_queues = true};
  return critac::server::RunProgram(program, {argv + 1, argv + argc},
                                    {critac::metrics::BindMetrics});
}
