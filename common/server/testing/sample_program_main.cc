// A serving program for the tests of Run: one sample service. ReadSample of `samples/hold` answers
// only at the end of stdin, and says `held` on stdout when it waits. With `hang` for a first
// argument, its service does not stop; with `early`, it is asked to stop as soon as it serves.
#include <signal.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/server/run.h"
#include "common/server/testing/sample_service.h"

namespace {

using critac::rpc::testing::v1::ReadSampleRequest;
using critac::rpc::testing::v1::Sample;
using critac::server::testing::SampleBoundService;

critac::server::Bind BindSample(const std::string& mode) {
  return [mode](critac::server::Environment& environment)
             -> absl::StatusOr<std::unique_ptr<critac::server::BoundService>> {
    // As a real service does, so that the data folder is taken.
    auto database = environment.open_database("sample");
    if (!database.ok()) return database.status();
    auto service = std::make_unique<SampleBoundService>(
        "sample", environment, [mode](const std::string& event) {
          if (mode == "early" && event == "sample start") raise(SIGTERM);
        });
    service->sample().read = [](const critac::rpc::Call&, const ReadSampleRequest& request,
                                Sample& response) {
      response.set_name(request.name());
      if (request.name() != "samples/hold") return absl::OkStatus();
      std::cout << "held" << std::endl;
      std::string line;
      while (std::getline(std::cin, line)) {
      }
      return absl::OkStatus();
    };
    if (mode == "hang") {
      service->on_stop = [] { absl::Notification().WaitForNotification(); };
    }
    return service;
  };
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  std::string mode;
  if (!arguments.empty() && (arguments.front() == "hang" || arguments.front() == "early")) {
    mode = arguments.front();
    arguments.erase(arguments.begin());
  }
  critac::server::Program program;
  program.name = "critac-sample";
  program.description = "Serves samples.";
  program.default_listen = "127.0.0.1:0";
  program.default_admin_listen = "127.0.0.1:0";
  program.services = {"sample"};
  return critac::server::RunProgram(program, arguments, {BindSample(mode)});
}
