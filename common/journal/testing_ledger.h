#ifndef COMMON_JOURNAL_TESTING_LEDGER_H_
#define COMMON_JOURNAL_TESTING_LEDGER_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/ids.h"
#include "common/base/sha256.h"
#include "common/journal/journal.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"

// A small journal for tests: agencies, and requests with contacts in the vault.
namespace critac::journal {

inline store::Migration Tables() {
  return {1, "ledger",
          "CREATE TABLE agency (name TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT NOT NULL);\n"
          "CREATE TABLE request (name TEXT PRIMARY KEY, body TEXT NOT NULL);\n"};
}

inline void ApplyLedger(MutableStates& states, const Event& event,
                        const google::protobuf::Message& payload) {
  if (event.type() == "critac.intake.v1.AgencyCreated") {
    auto& agency = states.Mutable<intake::v1::Agency>(event.subject());
    agency = static_cast<const intake::v1::AgencyCreated&>(payload).agency();
    agency.set_name(event.subject());
    agency.set_etag(absl::StrCat(event.sequence()));
    *agency.mutable_create_time() = event.record_time();
  } else if (event.type() == "critac.intake.v1.AgencyUpdated") {
    const auto& updated = static_cast<const intake::v1::AgencyUpdated&>(payload).agency();
    if (updated.display_name().empty()) return states.Erase(event.subject());
    states.Mutable<intake::v1::Agency>(event.subject()).set_display_name(updated.display_name());
  } else if (event.type() == "critac.intake.v1.RequestCreated") {
    auto& request = states.Mutable<intake::v1::Request>(event.subject());
    request = static_cast<const intake::v1::RequestCreated&>(payload).request();
    request.set_name(event.subject());
  }
}

inline JournalOptions LedgerOptions() {
  JournalOptions options;
  options.name = "ledger";
  options.projections = {{"agencies",
                          "agency",
                          &intake::v1::Agency::default_instance(),
                          {{"state",
                            [](const google::protobuf::Message& m) -> store::Value {
                              return static_cast<const intake::v1::Agency&>(m).state();
                            }}}},
                         {"requests", "request", &intake::v1::Request::default_instance(), {}}};
  options.apply = ApplyLedger;
  options.migrations = {Tables()};
  return options;
}

// A command that adds an agency.
inline Command AddAgency(const std::string& id, const std::string& display_name,
                         const std::string& state = "UT") {
  const std::string name = "agencies/" + id;
  Command command;
  command.request_id = UuidFromName("add " + id);
  command.fingerprint = Sha256Hex(display_name + state);
  command.actor = "coordinator:dana";
  command.reads = {name};
  command.decide = [=](Draft& draft) -> absl::Status {
    if (draft.Find<intake::v1::Agency>(name) != nullptr) {
      return Error(absl::StatusCode::kAlreadyExists, "AGENCY_EXISTS", name).ToStatus();
    }
    intake::v1::AgencyCreated created;
    created.mutable_agency()->set_display_name(display_name);
    created.mutable_agency()->set_state(state);
    draft.Emit(name, created);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
  return command;
}

// A command that gives an agency another name; without one it goes.
inline Command RenameAgency(const std::string& id, const std::string& display_name) {
  Command command;
  command.actor = "coordinator:dana";
  command.decide = [=](Draft& draft) -> absl::Status {
    intake::v1::AgencyUpdated updated;
    updated.mutable_agency()->set_display_name(display_name);
    draft.Emit("agencies/" + id, updated);
    return absl::OkStatus();
  };
  return command;
}

// Whose display name makes the payload of its event so many bytes.
inline std::string NameForPayload(int64_t bytes) {
  constexpr absl::string_view kAround = R"({"agency":{"displayName":"","state":"UT"}})";
  return std::string(bytes - static_cast<int64_t>(kAround.size()), 'x');
}

inline Command AddRequest(const std::string& id, const std::string& title) {
  Command command;
  command.request_id = UuidFromName("request " + id);
  command.fingerprint = Sha256Hex(title);
  command.actor = "agency:agencies/a";
  command.decide = [=](Draft& draft) -> absl::Status {
    intake::v1::RequestCreated created;
    created.mutable_request()->set_title(title);
    created.mutable_request()->set_agency("agencies/a");
    auto* contact = created.mutable_request()->add_contacts();
    contact->set_full_name("Robin Vale");
    contact->set_email("robin@example.org");
    draft.Emit("requests/" + id, created);
    draft.AnswerWith("requests/" + id);
    return absl::OkStatus();
  };
  return command;
}

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_TESTING_LEDGER_H_
