#include "services/cli/servers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/server/address.h"
#include "common/status/error.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

constexpr absl::string_view kAccepted =
    "accepted: HOST:PORT, where all services are, or "
    "intake=HOST:PORT,matching=HOST:PORT,metrics=HOST:PORT";

constexpr char kServerPayload[] = "critac.cli/server";

const std::vector<std::string>& AllServices() {
  static const auto* const services = new std::vector<std::string>{"intake", "matching", "metrics"};
  return *services;
}

bool IsService(absl::string_view name) {
  return std::find(AllServices().begin(), AllServices().end(), name) != AllServices().end();
}

absl::Status Bad(absl::string_view what) {
  return UsageError(absl::StrCat("--server: ", what, "; ", kAccepted));
}

absl::Status CheckAddress(absl::string_view address) {
  const absl::Status status = server::ParseAddress(address).status();
  return status.ok() ? status : UsageError(absl::StrCat("--server: ", status.message()));
}

// `intake` of a message of `critac.intake.v1`.
std::string PackageOf(const google::protobuf::Message& request) {
  const std::vector<std::string> parts =
      absl::StrSplit(request.GetDescriptor()->file()->package(), '.');
  return parts.size() > 1 ? parts[1] : "";
}

std::string JournalOf(const google::protobuf::Message& request) {
  const auto* const field = request.GetDescriptor()->FindFieldByName("journal");
  return field == nullptr ? "" : request.GetReflection()->GetString(request, field);
}

}  // namespace

absl::StatusOr<Servers> Servers::Parse(absl::string_view text) {
  Servers servers;
  servers.text_ = std::string(text);
  if (!absl::StrContains(text, '=')) {
    RETURN_IF_ERROR(CheckAddress(text));
    servers.one_ = std::string(text);
    return servers;
  }
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    RETURN_IF_ERROR(servers.Add(absl::StripAsciiWhitespace(parts.first),
                                absl::StripAsciiWhitespace(parts.second)));
  }
  return servers;
}

absl::Status Servers::Add(absl::string_view service, absl::string_view address) {
  if (!IsService(service)) return Bad(absl::StrCat("there is no service \"", service, "\""));
  if (address.empty()) return Bad(absl::StrCat(service, " has no address"));
  RETURN_IF_ERROR(CheckAddress(address));
  if (!each_.emplace(service, address).second) {
    return Bad(absl::StrCat(service, " is given twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Servers::AddressOf(absl::string_view service) const {
  if (const auto found = each_.find(service); found != each_.end()) return found->second;
  return UsageError(absl::StrCat("--server: \"", text_, "\" does not say where ", service,
                                 " is, and this command needs it; add ", service, "=HOST:PORT"));
}

absl::StatusOr<std::string> Servers::AddressFor(const google::protobuf::Message& request) const {
  if (!one_.empty()) return one_;
  const std::string package = PackageOf(request);
  if (IsService(package)) return AddressOf(package);
  if (package != "journal") {
    return absl::InternalError(
        absl::StrCat("no service owns calls with ", request.GetDescriptor()->full_name()));
  }
  const std::string journal = JournalOf(request);
  if (IsService(journal)) return AddressOf(journal);
  return UsageError(absl::StrCat("there is no journal \"", journal,
                                 "\"; there are: ", absl::StrJoin(AllJournals(), ", ")));
}

std::vector<std::string> Servers::All() const {
  std::vector<std::string> all;
  if (!one_.empty()) all.push_back(one_);
  for (const std::string& service : AllServices()) {
    const auto found = each_.find(service);
    if (found == each_.end()) continue;
    if (std::find(all.begin(), all.end(), found->second) == all.end()) all.push_back(found->second);
  }
  return all;
}

const std::vector<std::string>& AllJournals() { return AllServices(); }

absl::Status FromServer(absl::Status status, absl::string_view address) {
  if (!status.ok()) status.SetPayload(kServerPayload, absl::Cord(address));
  return status;
}

std::string ServerOf(const absl::Status& status) {
  const auto address = status.GetPayload(kServerPayload);
  return address.has_value() ? std::string(*address) : "";
}

}  // namespace critac::cli
