#include "services/intake/request_rules.h"

#include "services/intake/intake_testing.h"
#include "services/intake/proto_time.h"

namespace critac::intake {
namespace {

using testing::At;
using testing::CatalogOf;
using testing::CompleteDraft;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::ProgramEntry;
using testing::SmallCatalog;
using testing::Succeeds;
using testing::TwoSlots;

const absl::CivilDay kDay(2026, 10, 5);

std::vector<std::string> PathsOf(const FieldProblems& problems) {
  std::vector<std::string> paths;
  for (const auto& problem : problems.problems()) paths.push_back(problem.path);
  return paths;
}

TEST(FieldProblems, BecomeOneErrorThatListsThemAll) {
  FieldProblems problems;
  EXPECT_THAT(problems.ToInvalidArgument("request"), Succeeds());
  EXPECT_THAT(problems.ToFailedPrecondition("INCOMPLETE", "requests/a", "no"), Succeeds());
  problems.Add("title", "is missing");
  problems.Add("topics", "is missing");
  const absl::Status invalid = problems.ToInvalidArgument("request");
  EXPECT_THAT(invalid, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_EQ(invalid.message(), "request.title: is missing; request.topics: is missing");
  EXPECT_EQ(BadRequestOf(invalid).field_violations(1).field(), "request.topics");
  const absl::Status failed = problems.ToFailedPrecondition("INCOMPLETE", "requests/a", "no");
  EXPECT_THAT(failed, FailsWith(absl::StatusCode::kFailedPrecondition, "INCOMPLETE"));
  EXPECT_EQ(PreconditionFailureOf(failed).violations_size(), 2);
}

TEST(Submission, LacksNothingWhenComplete) {
  EXPECT_TRUE(MissingForSubmission(CompleteDraft()).empty());
}

TEST(Submission, NamesEveryFieldThatIsMissing) {
  EXPECT_THAT(PathsOf(MissingForSubmission(v1::Request())),
              ElementsAre("title", "topics", "problem", "desired_outcome", "urgency", "contacts",
                          "authority_confirmed"));
}

TEST(Submission, NeedsSomeoneToTalkTo) {
  v1::Request request = CompleteDraft();
  v1::Contact& contact = *request.mutable_contacts(0);
  contact.clear_email();
  EXPECT_THAT(PathsOf(MissingForSubmission(request)), ElementsAre("contacts"));
  contact.set_phone("801 555 0100");
  EXPECT_TRUE(MissingForSubmission(request).empty());
  contact.set_role(v1::CONTACT_ROLE_CHIEF_EXECUTIVE);
  EXPECT_TRUE(MissingForSubmission(request).empty());
  contact.set_role(v1::CONTACT_ROLE_GOVERNMENT_EXECUTIVE);
  EXPECT_THAT(PathsOf(MissingForSubmission(request)), ElementsAre("contacts"));
}

TEST(Submission, IsNotNeededByADayThatHasPassed) {
  v1::Request request = CompleteDraft();
  request.set_needed_by("2026-10-05");
  EXPECT_TRUE(CheckSubmission(request, kDay).empty());
  request.set_needed_by("2026-10-04");
  EXPECT_THAT(PathsOf(CheckSubmission(request, kDay)), ElementsAre("needed_by"));
}

TEST(Writing, DatesConsentsAndFillsInTheOnlyProgram) {
  v1::Request request = CompleteDraft();
  request.clear_program();
  request.mutable_identity_consent()->set_granted(true);
  request.mutable_testimonial_consent()->set_granted(false);
  *request.mutable_testimonial_consent()->mutable_time() = ToProto(At("2026-01-01"));
  NormalizeRequest(request, At("2026-10-05"), SmallCatalog());
  EXPECT_EQ(request.program(), "programs/cri-tac");
  EXPECT_EQ(FromProto(request.identity_consent().time()), At("2026-10-05"));
  EXPECT_EQ(FromProto(request.testimonial_consent().time()), At("2026-01-01"));
  EXPECT_FALSE(request.has_case_study_consent());
}

TEST(Writing, AsksForTheProgramWhereThereAreSeveral) {
  const CatalogView two(CatalogOf({ProgramEntry("programs/a"), ProgramEntry("programs/b")}));
  const CatalogView none(CatalogOf({}));
  v1::Request request = CompleteDraft();
  request.clear_program();
  NormalizeRequest(request, At("2026-10-05"), two);
  EXPECT_EQ(request.program(), "");
  EXPECT_THAT(CheckWritten(request, At("2026-10-05"), two).ToText(),
              HasSubstr("programs/a, programs/b"));
  EXPECT_TRUE(CheckWritten(request, At("2026-10-05"), none).empty());
}

TEST(Writing, SaysAllThatIsWrong) {
  v1::Request request = CompleteDraft();
  request.clear_title();
  request.add_co_served_agencies("agencies/ag-000002");
  request.add_co_served_agencies(request.agency());
  *request.mutable_identity_consent()->mutable_time() = ToProto(At("2026-10-06"));
  EXPECT_THAT(PathsOf(CheckWritten(request, At("2026-10-05"), SmallCatalog())),
              ElementsAre("title", "co_served_agencies[1]", "identity_consent.time"));
}

TEST(References, MustBeInTheCatalogOnTheDay) {
  v1::Request request = CompleteDraft();
  EXPECT_THAT(CheckReferences(request, nullptr, kDay, SmallCatalog()), Succeeds());
  request.add_topics("topics/pandemic");
  EXPECT_THAT(CheckReferences(request, nullptr, absl::CivilDay(2024, 12, 31), SmallCatalog()),
              Succeeds());
  EXPECT_THAT(CheckReferences(request, nullptr, kDay, SmallCatalog()),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
  for (const char* field : {"topics", "delivery_types", "initiatives"}) {
    v1::Request wrong = CompleteDraft();
    const auto* descriptor = v1::Request::descriptor()->FindFieldByName(field);
    wrong.GetReflection()->AddString(&wrong, descriptor, absl::StrCat(field, "/unheard-of"));
    const absl::Status status = CheckReferences(wrong, nullptr, kDay, SmallCatalog());
    EXPECT_THAT(status, FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND")) << field;
    EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("request.", field)));
  }
  request = CompleteDraft();
  request.set_program("programs/unheard-of");
  EXPECT_THAT(CheckReferences(request, nullptr, kDay, SmallCatalog()),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST(References, ThatWereThereBeforeStay) {
  v1::Request before = CompleteDraft();
  before.add_topics("topics/pandemic");
  v1::Request after = before;
  after.add_topics("topics/officer-safety");
  EXPECT_THAT(CheckReferences(after, &before, kDay, SmallCatalog()), Succeeds());
}

TEST(Scope, SlotsGetIdsAroundThoseTaken) {
  v1::Scope scope = TwoSlots();
  *scope.add_slots() = scope.slots(0);
  scope.mutable_slots(1)->set_id("s1");
  scope.mutable_slots(2)->set_people(3);
  NormalizeScope(scope);
  EXPECT_EQ(scope.slots(0).id(), "s2");
  EXPECT_EQ(scope.slots(1).id(), "s1");
  EXPECT_EQ(scope.slots(2).id(), "s3");
  EXPECT_EQ(scope.slots(0).people(), 1);
  EXPECT_EQ(scope.slots(2).people(), 3);
}

v1::Scope Normalized(v1::Scope scope) {
  NormalizeScope(scope);
  return scope;
}

TEST(Scope, HasAtLeastOneSlotAndADateInThePast) {
  EXPECT_TRUE(CheckScope(Normalized(TwoSlots("2026-10-05")), kDay, SmallCatalog()).empty());
  EXPECT_THAT(PathsOf(CheckScope(Normalized(TwoSlots("2026-10-06")), kDay, SmallCatalog())),
              ElementsAre("date"));
  EXPECT_THAT(PathsOf(CheckScope(v1::Scope(), kDay, SmallCatalog())), ElementsAre("date", "slots"));
}

TEST(Scope, SlotsHoldTogether) {
  const auto problems_with = [](auto change) {
    v1::Scope scope = Normalized(TwoSlots());
    change(*scope.mutable_slots(1));
    return PathsOf(CheckScope(scope, kDay, SmallCatalog()));
  };
  EXPECT_THAT(problems_with([](v1::Slot& slot) { slot.set_id("s1"); }), ElementsAre("slots[1].id"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) { slot.set_hours(0); }),
              ElementsAre("slots[1].hours"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) { slot.clear_window_start(); }),
              ElementsAre("slots[1].window_start"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) { slot.clear_window_end(); }),
              ElementsAre("slots[1].window_end"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) { slot.set_window_start("2027-07-01"); }),
              ElementsAre("slots[1].window_end"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) {
                slot.set_window_start("2026-09-01");
                slot.set_window_end("2026-10-04");
              }),
              ElementsAre("slots[1].window_end"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) {
                slot.set_window_start("2026-09-01");
                slot.set_window_end("2026-10-05");
              }),
              ::testing::IsEmpty());
  EXPECT_THAT(problems_with([](v1::Slot& slot) {
                slot.set_delivery_type("deliveryTypes/web-based");
                slot.set_on_site(true);
              }),
              ElementsAre("slots[1].on_site"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) {
                slot.set_served_in_size_band(type::v1::SIZE_BAND_2_9);
                slot.set_served_in_same_size_band(true);
              }),
              ElementsAre("slots[1].served_in_same_size_band"));
  EXPECT_THAT(problems_with([](v1::Slot& slot) { slot.set_served_in_same_size_band(true); }),
              ::testing::IsEmpty());
}

TEST(Scope, NamesWhatIsInTheCatalog) {
  v1::Scope scope = TwoSlots();
  EXPECT_THAT(CheckScopeReferences(scope, kDay, SmallCatalog()), Succeeds());
  scope.mutable_slots(1)->set_delivery_type("deliveryTypes/unheard-of");
  const absl::Status status = CheckScopeReferences(scope, kDay, SmallCatalog());
  EXPECT_THAT(status, FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(status.message(), HasSubstr("details.scope.slots[1].delivery_type"));
}

}  // namespace
}  // namespace critac::intake
