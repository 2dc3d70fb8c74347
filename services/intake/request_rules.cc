#include "services/intake/request_rules.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/intake/proto_time.h"

namespace critac::intake {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

void NormalizeConsent(v1::Consent& consent, absl::Time now) {
  if (!consent.has_time()) *consent.mutable_time() = ToProto(now);
}

void CheckConsent(absl::string_view path, const v1::Consent& consent, absl::Time now,
                  FieldProblems& problems) {
  if (consent.has_time() && FromProto(consent.time()) > now) {
    problems.Add(absl::StrCat(path, ".time"), "lies in the future");
  }
}

bool IsReachable(const v1::Contact& contact) {
  return contact.role() != v1::CONTACT_ROLE_GOVERNMENT_EXECUTIVE &&
         (!contact.email().empty() || !contact.phone().empty());
}

absl::Status CheckNames(absl::string_view path, const Names& names, const Names* before,
                        absl::CivilDay day, const CatalogView& catalog) {
  for (int i = 0; i < names.size(); ++i) {
    if (before != nullptr && std::find(before->begin(), before->end(), names[i]) != before->end()) {
      continue;
    }
    RETURN_IF_ERROR(catalog.CheckUsable(absl::StrCat(path, "[", i, "]"), names[i], day));
  }
  return absl::OkStatus();
}

void CheckSlot(const std::string& path, const v1::Slot& slot, absl::CivilDay day,
               const CatalogView& catalog, FieldProblems& problems) {
  if (slot.hours() < 1) problems.Add(path + ".hours", "is missing; 1..2000");
  if (slot.window_start().empty()) problems.Add(path + ".window_start", "is missing");
  if (slot.window_end().empty()) {
    problems.Add(path + ".window_end", "is missing");
  } else if (slot.window_end() < slot.window_start()) {
    problems.Add(path + ".window_end",
                 absl::StrCat(slot.window_end(), " is before window_start, ", slot.window_start()));
  } else if (slot.window_end() < FormatDate(day)) {
    problems.Add(path + ".window_end",
                 absl::StrCat(slot.window_end(), " has passed by ", FormatDate(day)));
  }
  if (slot.served_in_same_size_band() &&
      slot.served_in_size_band() != type::v1::SIZE_BAND_UNSPECIFIED) {
    problems.Add(
        path + ".served_in_same_size_band",
        absl::StrCat("contradicts served_in_size_band, ",
                     type::v1::SizeBand_Name(slot.served_in_size_band()), "; one of the two"));
  }
  const v1::CatalogEntry* type = catalog.Find(slot.delivery_type());
  if (slot.on_site() && type != nullptr &&
      type->delivery_type().mode() == type::v1::DELIVERY_MODE_VIRTUAL) {
    problems.Add(path + ".on_site", absl::StrCat(slot.delivery_type(), " is given by wire"));
  }
}

}  // namespace

void NormalizeRequest(v1::Request& request, absl::Time now, const CatalogView& catalog) {
  if (request.has_identity_consent()) NormalizeConsent(*request.mutable_identity_consent(), now);
  if (request.has_case_study_consent())
    NormalizeConsent(*request.mutable_case_study_consent(), now);
  if (request.has_testimonial_consent())
    NormalizeConsent(*request.mutable_testimonial_consent(), now);
  if (!request.program().empty()) return;
  const std::vector<std::string> programs = catalog.ProgramsOn(DayOf(now));
  if (programs.size() == 1) request.set_program(programs.front());
}

FieldProblems CheckWritten(const v1::Request& request, absl::Time now, const CatalogView& catalog) {
  FieldProblems problems;
  if (request.agency().empty()) problems.Add("agency", "is missing; agencies/ID");
  if (request.title().empty()) problems.Add("title", "is missing");
  for (int i = 0; i < request.co_served_agencies_size(); ++i) {
    if (request.co_served_agencies(i) == request.agency()) {
      problems.Add(absl::StrCat("co_served_agencies[", i, "]"), "is the agency that asks");
    }
  }
  CheckConsent("identity_consent", request.identity_consent(), now, problems);
  CheckConsent("case_study_consent", request.case_study_consent(), now, problems);
  CheckConsent("testimonial_consent", request.testimonial_consent(), now, problems);
  if (request.program().empty()) {
    const std::vector<std::string> programs = catalog.ProgramsOn(DayOf(now));
    if (programs.size() > 1) {
      problems.Add("program", absl::StrCat("is missing; one of ", absl::StrJoin(programs, ", ")));
    }
  }
  return problems;
}

FieldProblems MissingForSubmission(const v1::Request& request) {
  FieldProblems problems;
  if (request.title().empty()) problems.Add("title", "is missing");
  if (request.topics().empty()) problems.Add("topics", "is missing; the primary topic first");
  if (request.problem().empty()) problems.Add("problem", "is missing");
  if (request.desired_outcome().empty()) problems.Add("desired_outcome", "is missing");
  if (request.urgency() == v1::URGENCY_UNSPECIFIED) problems.Add("urgency", "is missing");
  if (std::none_of(request.contacts().begin(), request.contacts().end(), IsReachable)) {
    problems.Add(
        "contacts",
        "no chief executive or point of contact with an e-mail address or telephone number");
  }
  if (!request.authority_confirmed()) {
    problems.Add("authority_confirmed", "who asks must state that they may ask for the agency");
  }
  return problems;
}

FieldProblems CheckSubmission(const v1::Request& request, absl::CivilDay day) {
  FieldProblems problems = MissingForSubmission(request);
  if (!request.needed_by().empty() && request.needed_by() < FormatDate(day)) {
    problems.Add("needed_by",
                 absl::StrCat(request.needed_by(), " has passed by ", FormatDate(day)));
  }
  return problems;
}

absl::Status CheckReferences(const v1::Request& request, const v1::Request* before,
                             absl::CivilDay day, const CatalogView& catalog) {
  const v1::Request& known = before == nullptr ? v1::Request::default_instance() : *before;
  RETURN_IF_ERROR(CheckNames("request.topics", request.topics(), &known.topics(), day, catalog));
  RETURN_IF_ERROR(CheckNames("request.delivery_types", request.delivery_types(),
                             &known.delivery_types(), day, catalog));
  RETURN_IF_ERROR(
      CheckNames("request.initiatives", request.initiatives(), &known.initiatives(), day, catalog));
  if (request.program().empty() || request.program() == known.program()) return absl::OkStatus();
  return catalog.CheckUsable("request.program", request.program(), day);
}

void NormalizeScope(v1::Scope& scope) {
  absl::flat_hash_set<std::string> taken;
  for (const v1::Slot& slot : scope.slots()) taken.insert(slot.id());
  int next = 1;
  for (v1::Slot& slot : *scope.mutable_slots()) {
    if (slot.people() == 0) slot.set_people(1);
    if (!slot.id().empty()) continue;
    while (taken.contains(absl::StrCat("s", next))) ++next;
    slot.set_id(absl::StrCat("s", next++));
  }
}

FieldProblems CheckScope(const v1::Scope& scope, absl::CivilDay day, const CatalogView& catalog) {
  FieldProblems problems;
  if (scope.date().empty()) {
    problems.Add("date", "is missing; the day of the scoping call");
  } else if (scope.date() > FormatDate(day)) {
    problems.Add("date", absl::StrCat(scope.date(), " is after ", FormatDate(day)));
  }
  if (scope.slots().empty()) problems.Add("slots", "is missing; at least one slot to fill");
  absl::flat_hash_set<std::string> ids;
  for (int i = 0; i < scope.slots_size(); ++i) {
    const std::string path = absl::StrCat("slots[", i, "]");
    if (!ids.insert(scope.slots(i).id()).second) {
      problems.Add(path + ".id", absl::StrCat(scope.slots(i).id(), " stands there twice"));
    }
    CheckSlot(path, scope.slots(i), day, catalog, problems);
  }
  return problems;
}

absl::Status CheckScopeReferences(const v1::Scope& scope, absl::CivilDay day,
                                  const CatalogView& catalog) {
  for (int i = 0; i < scope.slots_size(); ++i) {
    const v1::Slot& slot = scope.slots(i);
    const std::string path = absl::StrCat("details.scope.slots[", i, "]");
    RETURN_IF_ERROR(catalog.CheckUsable(path + ".topic", slot.topic(), day));
    RETURN_IF_ERROR(catalog.CheckUsable(path + ".delivery_type", slot.delivery_type(), day));
  }
  return absl::OkStatus();
}

}  // namespace critac::intake
