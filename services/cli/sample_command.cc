#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/cli/commands.h"
#include "services/cli/number_text.h"
#include "services/cli/sample/sample_program.h"
#include "services/cli/sample/write_sample.h"
#include "services/cli/table.h"

namespace critac::cli {
namespace {

struct SampleArguments {
  std::string folder;
  SampleOptions options;
};

absl::Status RunSample(Context& context, const SampleArguments& arguments) {
  ASSIGN_OR_RETURN(const std::vector<SampleFile> files,
                   FormatSample(MakeSampleProgram(arguments.options)));
  RETURN_IF_ERROR(WriteSample(files, arguments.folder));
  Table table;
  table.columns = {{"FILE", false, false}, {"ROWS", true, false}};
  for (const SampleFile& file : files) {
    table.rows.push_back(
        {absl::StrCat(arguments.folder, "/", file.name), WithThousands(file.rows)});
  }
  World& world = context.world();
  world.out << FormatTable(table, world.out_width)
            << "\nAll of it is fictional. Import the files in this order:\n";
  for (const SampleFile& file : files) {
    world.out << "  critac import " << file.kind << " " << arguments.folder << "/" << file.name
              << " --as coordinator:dana\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddSampleCommand(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<SampleArguments>();
  CLI::App& command = context.AddCommand(
      app, "sample",
      "Writes the sample program, fictional and shaped like the published one, as files to import",
      {"critac sample ./sample", "critac sample ./sample --seed 7 --first-fiscal-year 2025"},
      [&context, arguments] { return RunSample(context, *arguments); });
  command.add_option("FOLDER", arguments->folder, "Where to; made where it is not")->required();
  command.add_option("--seed", arguments->options.seed, "Another seed, another program")
      ->capture_default_str();
  command
      .add_option("--first-fiscal-year", arguments->options.first_fiscal_year,
                  "The first of its two federal fiscal years")
      ->check(CLI::Range(2019, 2100).description(""))
      ->capture_default_str();
}

}  // namespace critac::cli
