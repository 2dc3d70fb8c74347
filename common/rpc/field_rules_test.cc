#include "common/rpc/field_rules.h"

#include "critac/intake/v1/request.pb.h"

#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/rpc/testing/v1/sample.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::rpc {
namespace {

using ::critac::rpc::testing::v1::Color;
using ::critac::rpc::testing::v1::Gapped;
using ::critac::rpc::testing::v1::Nest;
using ::critac::rpc::testing::v1::Sample;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A sample in which nothing is wrong, and nothing more than needed is set.
Sample GoodSample() {
  Sample sample;
  sample.set_needed("x");
  sample.set_hours(1);
  sample.set_said(0);
  sample.set_count(1);
  sample.set_color(Color::COLOR_RED);
  sample.mutable_leaf()->set_id("leaf");
  sample.add_leaves()->set_id("a");
  sample.set_agreed(true);
  sample.mutable_harmless();
  return sample;
}

// What CheckFields says of a sample, as `path: description`.
std::vector<std::string> Violations(const absl::Status& status) {
  std::vector<std::string> violations;
  const google::rpc::BadRequest details = BadRequestOf(status);
  for (const auto& violation : details.field_violations()) {
    violations.push_back(violation.field() + ": " + violation.description());
  }
  return violations;
}

// What is wrong with a good sample after `change`.
std::vector<std::string> After(const std::function<void(Sample&)>& change) {
  Sample sample = GoodSample();
  change(sample);
  return Violations(CheckFields(sample));
}

TEST(CheckFields, AGoodMessageIsAccepted) {
  EXPECT_EQ(CheckFields(GoodSample()), absl::OkStatus());
}

TEST(CheckFields, EverythingRequiredIsMissedAtOnceInTheOrderOfDeclaration) {
  EXPECT_THAT(Violations(CheckFields(Sample())),
              ElementsAre("needed: is required", "hours: 0 is not in 1..2000", "said: is required",
                          "count: is required", "color: is required", "leaf: is required",
                          "leaves: is required", "agreed: is required to be true",
                          "harmless: is required"));
}

TEST(CheckFields, TheErrorCarriesCodeReasonAndASummary) {
  Sample sample = GoodSample();
  sample.set_hours(0);
  absl::Status status = CheckFields(sample);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
  EXPECT_EQ(status.message(), "hours: 0 is not in 1..2000");

  sample.set_count(0);
  EXPECT_EQ(CheckFields(sample).message(), "hours: 0 is not in 1..2000 (and 1 other)");
  sample.clear_needed();
  EXPECT_EQ(CheckFields(sample).message(), "needed: is required (and 2 others)");
}

TEST(CheckFields, ThePrefixStandsBeforeEveryPath) {
  Sample sample = GoodSample();
  sample.mutable_leaf()->clear_id();
  EXPECT_THAT(Violations(CheckFields(sample, "rows[3]")),
              ElementsAre("rows[3].leaf.id: is required"));
  EXPECT_EQ(CheckFields(sample, "rows[3]").message(), "rows[3].leaf.id: is required");
}

TEST(CheckFields, TheDesignsExampleReadsAsItSays) {
  intake::v1::ActOnRequestRequest request;
  request.set_name("requests/fy27-000123");
  request.set_action(intake::v1::REQUEST_ACTION_COMPLETE_SCOPING);
  request.set_request_id("3f2b8c1e-9d47-4a6b-8e05-7c1f2a3b4d5e");
  intake::v1::Scope* scope = request.mutable_details()->mutable_scope();
  scope->set_date("2026-10-01");
  for (const int hours : {8, 0}) {
    intake::v1::Slot* slot = scope->add_slots();
    slot->set_topic("topics/de-escalation");
    slot->set_delivery_type("deliveryTypes/analysis");
    slot->set_hours(hours);
    slot->set_window_start("2026-10-01");
    slot->set_window_end("2026-12-01");
  }
  EXPECT_THAT(Violations(CheckFields(request)),
              ElementsAre("details.scope.slots[1].hours: 0 is not in 1..2000"));
}

TEST(CheckFields, LengthsCountCodePointsAndBothBoundsAreInside) {
  for (const char* text : {"", "abc", "abcde", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"}) {
    EXPECT_THAT(After([&](Sample& s) { s.set_sized(text); }), IsEmpty()) << text;
  }
  EXPECT_THAT(After([](Sample& s) { s.set_sized("\xc3\xa9\xc3\xa9"); }),
              ElementsAre("sized: has 2 characters; at least 3 are required"));
  EXPECT_THAT(After([](Sample& s) { s.set_sized("a"); }),
              ElementsAre("sized: has 1 character; at least 3 are required"));
  EXPECT_THAT(After([](Sample& s) { s.set_sized("abcdef"); }),
              ElementsAre("sized: has 6 characters; at most 5 are accepted"));
}

TEST(CheckFields, AStringWithoutALimitHasTheGeneralOne) {
  EXPECT_THAT(After([](Sample& s) { s.set_plain(std::string(limits::kStringCharacters, 'x')); }),
              IsEmpty());
  EXPECT_THAT(
      After([](Sample& s) { s.set_plain(std::string(limits::kStringCharacters + 1, 'x')); }),
      ElementsAre("plain: has 1001 characters; at most 1000 are accepted"));
}

TEST(CheckFields, AStringIsUtf8WithoutControlCharacters) {
  EXPECT_THAT(After([](Sample& s) { s.set_plain("two\nlines\tand \xe2\x82\xac"); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_plain("ab\xff"); }),
              ElementsAre("plain: is not UTF-8 from character 3 on"));
  EXPECT_THAT(
      After([](Sample& s) { s.set_plain(std::string("a\0b", 3)); }),
      ElementsAre("plain: has the control character U+0000 as character 2; of these, newline "
                  "and tab are accepted"));
  EXPECT_THAT(After([](Sample& s) { s.set_plain("\xc2\x85"); }),
              ElementsAre(HasSubstr("control character U+0085")));
}

TEST(CheckFields, APatternMatchesTheWhole) {
  EXPECT_THAT(After([](Sample& s) { s.set_pattern("abc"); }), IsEmpty());
  for (const char* text : {"abc1", "1abc", "ABC", "abc\n"}) {
    EXPECT_THAT(After([&](Sample& s) { s.set_pattern(text); }),
                ElementsAre(HasSubstr("is not of the form [a-z]+")))
        << text;
  }
}

TEST(CheckFields, FormatsSayWhatIsAccepted) {
  EXPECT_THAT(After([](Sample& s) {
                s.set_uuid("3F2B8C1E-9d47-4a6b-8e05-7c1f2a3b4d5e");
                s.set_date("2028-02-29");
                s.set_state("PR");
                s.set_email("chief@police.city.gov");
                s.set_language("es-MX");
                s.set_agency("agencies/ag-000001");
              }),
              IsEmpty());
  EXPECT_THAT(
      After([](Sample& s) {
        s.set_uuid("1");
        s.set_date("2027-02-29");
        s.set_state("Utah");
        s.set_email("chief at police");
        s.set_language("en_US");
        s.set_agency("partners/iacp");
      }),
      ElementsAre("uuid: \"1\" is not a UUID, for example "
                  "3f2b8c1e-9d47-4a6b-8e05-7c1f2a3b4d5e",
                  "date: \"2027-02-29\" is not a date of the years 1900 to 2199, for example "
                  "2026-10-01",
                  "state: \"Utah\" is not the USPS code of a state or territory, for example "
                  "UT",
                  "email: is not an e-mail address, for example name@host.gov",
                  "language: \"en_US\" is not a language of BCP 47, for example en",
                  "agency: \"partners/iacp\" is not agencies/ID"));
}

TEST(CheckFields, PersonalDataIsNotRepeatedInTheError) {
  Sample sample = GoodSample();
  sample.set_email("secret-chief-name");
  EXPECT_THAT(CheckFields(sample).ToString(), Not(HasSubstr("secret")));
}

TEST(CheckFields, AWrongValueIsCutAndEscaped) {
  const std::vector<std::string> violations =
      After([](Sample& s) { s.set_state("\t" + std::string(58, 'x') + "\xc3\xa9" + "yyy"); });
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_THAT(violations[0], HasSubstr("state: \"\\t" + std::string(58, 'x') + "…\" is not"));
}

TEST(CheckFields, BothBoundsOfANumberAreInside) {
  for (const int hours : {1, 2000}) {
    EXPECT_THAT(After([&](Sample& s) { s.set_hours(hours); }), IsEmpty());
  }
  for (const int hours : {0, -1, 2001, std::numeric_limits<int>::min()}) {
    EXPECT_THAT(After([&](Sample& s) { s.set_hours(hours); }),
                ElementsAre("hours: " + std::to_string(hours) + " is not in 1..2000"));
  }
}

TEST(CheckFields, ABoundOnOneSideSaysSo) {
  EXPECT_THAT(After([](Sample& s) { s.set_low(std::numeric_limits<int64_t>::max()); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_low(-1); }), ElementsAre("low: -1 is below 0"));
  EXPECT_THAT(After([](Sample& s) { s.set_high(10); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_high(11); }), ElementsAre("high: 11 is above 10"));
  EXPECT_THAT(After([](Sample& s) { s.set_high(std::numeric_limits<uint64_t>::max()); }),
              ElementsAre("high: 18446744073709551615 is above 10"));
}

TEST(CheckFields, FloatingPointNumbersAreFinite) {
  for (const double ratio : {-1.0, -0.0, 0.5, 1.0}) {
    EXPECT_THAT(After([&](Sample& s) { s.set_ratio(ratio); }), IsEmpty());
  }
  EXPECT_THAT(After([](Sample& s) { s.set_ratio(1.25); }),
              ElementsAre("ratio: 1.25 is not in -1..1"));
  EXPECT_THAT(After([](Sample& s) { s.set_ratio(std::numeric_limits<double>::quiet_NaN()); }),
              ElementsAre("ratio: nan is not a finite number"));
  EXPECT_THAT(After([](Sample& s) { s.set_small(std::numeric_limits<float>::infinity()); }),
              ElementsAre("small: inf is not a finite number"));
}

TEST(CheckFields, AnOptionalNumberIsCheckedWhenItIsSaid) {
  EXPECT_THAT(After([](Sample& s) { s.clear_percent(); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_percent(5); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_percent(0); }),
              ElementsAre("percent: 0 is not in 5..100"));
  EXPECT_THAT(After([](Sample& s) { s.clear_said(); }), ElementsAre("said: is required"));
}

TEST(CheckFields, AnEnumHasADeclaredValue) {
  EXPECT_THAT(After([](Sample& s) { s.set_gapped(Gapped::GAPPED_SEVEN); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_gapped(static_cast<Gapped>(3)); }),
              ElementsAre("gapped: 3 is not a value of Gapped"));
  for (const int number : {-1, 3}) {
    EXPECT_THAT(After([&](Sample& s) { s.set_color(static_cast<Color>(number)); }),
                ElementsAre("color: " + std::to_string(number) +
                            " is not a value of Color; its values are 0..2"));
  }
}

TEST(CheckFields, AListHasBoundsAndPathsWithIndexes) {
  EXPECT_THAT(After([](Sample& s) {
                s.clear_leaves();
                for (const char* id : {"a", "b", "c"}) s.add_leaves()->set_id(id);
              }),
              IsEmpty());
  EXPECT_THAT(After([](Sample& s) {
                for (const char* id : {"b", "c", "d"}) s.add_leaves()->set_id(id);
              }),
              ElementsAre("leaves: has 4 entries; at most 3 are accepted"));
  EXPECT_THAT(After([](Sample& s) { s.add_leaves()->set_id("123456789"); }),
              ElementsAre("leaves[1].id: has 9 characters; at most 8 are accepted"));
}

TEST(CheckFields, AListWithoutALimitHasTheGeneralOne) {
  const auto add = [](Sample& s, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) s.add_digits(1);
  };
  EXPECT_THAT(After([&](Sample& s) { add(s, limits::kListItems); }), IsEmpty());
  EXPECT_THAT(After([&](Sample& s) { add(s, limits::kListItems + 1); }),
              ElementsAre("digits: has 1001 entries; at most 1000 are accepted"));
}

TEST(CheckFields, EntriesFollowTheRulesOfTheirField) {
  EXPECT_THAT(After([](Sample& s) {
                for (const char* tag : {"ab", "", "abcde", "a\x01"}) s.add_tags(tag);
                s.add_digits(9);
                s.add_digits(10);
                s.add_colors(Color::COLOR_BLUE);
                s.add_colors(Color::COLOR_UNSPECIFIED);
                s.add_colors(static_cast<Color>(7));
              }),
              ElementsAre("tags[1]: is empty", "tags[2]: has 5 characters; at most 4 are accepted",
                          HasSubstr("tags[3]: has the control character U+0001"),
                          "colors[1]: is not specified",
                          "colors[2]: 7 is not a value of Color; its values are 0..2",
                          "digits[1]: 10 is not in 1..9"));
}

TEST(CheckFields, EntriesOfAUniqueListDiffer) {
  EXPECT_THAT(After([](Sample& s) {
                for (const char* tag : {"ab", "cd", "ab", "ef", "ab"}) s.add_tags(tag);
                for (const char* id : {"b", "b"}) s.add_leaves()->set_id(id);
                for (const Color color : {Color::COLOR_RED, Color::COLOR_RED}) s.add_colors(color);
                for (const int digit : {1, 1}) s.add_digits(digit);
              }),
              ElementsAre("leaves[2]: is the same as entry 1", "tags[2]: is the same as entry 0",
                          "tags[4]: is the same as entry 0", "colors[1]: is the same as entry 0"));
}

TEST(CheckFields, MapsAreCheckedByKey) {
  EXPECT_THAT(After([](Sample& s) {
                (*s.mutable_labels())["b"] = "123";
                (*s.mutable_labels())["a"] = "";
              }),
              IsEmpty());
  EXPECT_THAT(After([](Sample& s) {
                (*s.mutable_labels())["b\x01"] = "1234";
                (*s.mutable_labels())["a"] = "\xff";
              }),
              ElementsAre("labels[\"a\"]: is not UTF-8 from character 1 on",
                          HasSubstr("labels[\"b\\001\"]: has the control character U+0001"),
                          "labels[\"b\\001\"]: has 4 characters; at most 3 are accepted"));
  EXPECT_THAT(After([](Sample& s) {
                for (const char* key : {"a", "b", "c"}) (*s.mutable_labels())[key] = "1";
              }),
              ElementsAre("labels: has 3 entries; at most 2 are accepted"));
  EXPECT_THAT(After([](Sample& s) { (*s.mutable_leaf_by_number())[-7]; }),
              ElementsAre("leaf_by_number[\"-7\"].id: is required"));
}

TEST(CheckFields, TimesAndDurationsAreWithinWhatProtobufDefines) {
  const auto time = [](int64_t seconds, int32_t nanos) {
    return After([&](Sample& s) {
      s.mutable_time()->set_seconds(seconds);
      s.mutable_time()->set_nanos(nanos);
    });
  };
  EXPECT_THAT(time(-62'135'596'800, 0), IsEmpty());
  EXPECT_THAT(time(253'402'300'799, 999'999'999), IsEmpty());
  const auto not_a_time = ElementsAre("time: is not a time of the years 1 to 9999");
  EXPECT_THAT(time(-62'135'596'801, 0), not_a_time);
  EXPECT_THAT(time(253'402'300'800, 0), not_a_time);
  EXPECT_THAT(time(0, -1), not_a_time);
  EXPECT_THAT(time(0, 1'000'000'000), not_a_time);

  const auto duration = [](int64_t seconds, int32_t nanos) {
    return After([&](Sample& s) {
      s.mutable_duration()->set_seconds(seconds);
      s.mutable_duration()->set_nanos(nanos);
    });
  };
  EXPECT_THAT(duration(315'576'000'000, 999'999'999), IsEmpty());
  EXPECT_THAT(duration(-315'576'000'000, -999'999'999), IsEmpty());
  EXPECT_THAT(duration(0, -1), IsEmpty());
  const auto not_a_duration = ElementsAre(HasSubstr("duration: is not a duration"));
  EXPECT_THAT(duration(315'576'000'001, 0), not_a_duration);
  EXPECT_THAT(duration(-315'576'000'001, 0), not_a_duration);
  EXPECT_THAT(duration(1, -1), not_a_duration);
  EXPECT_THAT(duration(-1, 1), not_a_duration);
  EXPECT_THAT(duration(0, 1'000'000'000), not_a_duration);
  EXPECT_THAT(duration(0, -1'000'000'000), not_a_duration);
}

TEST(CheckFields, AFieldMaskNamesFields) {
  EXPECT_THAT(After([](Sample& s) { s.mutable_mask()->add_paths("agency.display_name"); }),
              IsEmpty());
  EXPECT_THAT(After([](Sample& s) {
                s.mutable_mask()->add_paths("a");
                s.mutable_mask()->add_paths("displayName");
              }),
              ElementsAre("mask.paths[1]: \"displayName\" is not the path of a field, for example "
                          "agency.display_name"));
}

TEST(CheckFields, BytesAreBoundedAndOtherwiseFree) {
  EXPECT_THAT(After([](Sample& s) { s.set_blob(std::string("\xff\0\x01\x02", 4)); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_blob("12345"); }),
              ElementsAre("blob: has 5 bytes; at most 4 are accepted"));
}

TEST(CheckFields, OnlyTheChosenMemberOfAOneofIsChecked) {
  EXPECT_THAT(After([](Sample& s) { s.set_right("ab"); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) { s.set_right("abc"); }),
              ElementsAre("right: has 3 characters; at most 2 are accepted"));
  EXPECT_THAT(After([](Sample& s) { s.mutable_left(); }), ElementsAre("left.id: is required"));
}

// A root at depth 1 with a chain below it.
Sample Nested(int depth, bool repeated) {
  Sample sample = GoodSample();
  Nest* nest = sample.mutable_nest();
  for (int i = 2; i < depth; ++i) nest = repeated ? nest->add_nests() : nest->mutable_nest();
  return sample;
}

TEST(CheckFields, NestingEndsAtTheLimit) {
  for (const bool repeated : {false, true}) {
    EXPECT_EQ(CheckFields(Nested(limits::kMessageDepth, repeated)), absl::OkStatus());
    const absl::Status status = CheckFields(Nested(limits::kMessageDepth + 1, repeated));
    EXPECT_THAT(Violations(status), ElementsAre(HasSubstr("is nested deeper than 16 messages")));
  }
}

TEST(CheckFields, RowsAreLeftToTheMethod) {
  EXPECT_THAT(After([](Sample& s) { s.add_rows()->set_id("123456789"); }), IsEmpty());
  EXPECT_THAT(After([](Sample& s) {
                for (int i = 0; i < 3; ++i) s.add_rows();
              }),
              ElementsAre("rows: has 3 entries; at most 2 are accepted"));
}

TEST(CheckFields, ViolationsAreListedUpToTheLimit) {
  const auto check = [](int wrong) {
    Sample sample = GoodSample();
    for (int i = 0; i < wrong; ++i) sample.add_digits(0);
    return CheckFields(sample);
  };
  EXPECT_EQ(Violations(check(limits::kViolations)).size(), size_t{limits::kViolations});
  EXPECT_THAT(check(limits::kViolations).message(), HasSubstr("(and 49 others)"));
  EXPECT_EQ(Violations(check(limits::kViolations + 1)).size(), size_t{limits::kViolations});
  EXPECT_THAT(check(limits::kViolations + 1).message(), HasSubstr("(and more than 49 others)"));
  EXPECT_EQ(Violations(check(1000)).size(), size_t{limits::kViolations});
}

TEST(CheckFields, RulesAreCompiledOnceByAnyThread) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 50; ++j) {
        EXPECT_EQ(CheckFields(GoodSample()), absl::OkStatus());
        EXPECT_FALSE(CheckFields(intake::v1::CreateRequestRequest()).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(OutputOnly, WhatACallerSendsInItIsNotChecked) {
  EXPECT_THAT(After([](Sample& s) {
                s.set_name("\xff");
                s.add_actions("");
                s.mutable_leaf()->set_etag("\x01");
              }),
              IsEmpty());
}

TEST(OutputOnly, IsFoundWhereverItIsSet) {
  EXPECT_FALSE(HasOutputOnly(GoodSample()));
  const std::function<void(Sample&)> changes[] = {
      [](Sample& s) { s.set_name("x"); },
      [](Sample& s) { s.add_actions("x"); },
      [](Sample& s) { s.mutable_leaf()->set_etag("x"); },
      [](Sample& s) { s.mutable_leaves(0)->set_etag("x"); },
      [](Sample& s) { s.mutable_left()->set_etag("x"); },
      [](Sample& s) { s.add_rows()->set_etag("x"); },
      [](Sample& s) { (*s.mutable_leaf_by_number())[7].set_etag("x"); },
  };
  for (const auto& change : changes) {
    Sample sample = GoodSample();
    change(sample);
    EXPECT_TRUE(HasOutputOnly(sample)) << sample.ShortDebugString();
    ClearOutputOnly(sample);
    EXPECT_FALSE(HasOutputOnly(sample)) << sample.ShortDebugString();
  }
}

TEST(OutputOnly, NothingElseIsCleared) {
  Sample sample = GoodSample();
  sample.add_rows()->set_id("row");
  const std::string before = sample.SerializeAsString();
  sample.set_name("x");
  sample.add_actions("x");
  sample.mutable_leaf()->set_etag("x");
  sample.mutable_rows(0)->set_etag("x");
  ClearOutputOnly(sample);
  EXPECT_EQ(sample.SerializeAsString(), before);
}

TEST(FieldRules, AReferenceToTheVaultCannotBeSent) {
  intake::v1::Contact contact;
  contact.set_role(intake::v1::CONTACT_ROLE_POINT_OF_CONTACT);
  contact.set_full_name("vault:12.3:" + std::string(43, 'a'));
  EXPECT_THAT(CheckFields(contact).message(), HasSubstr("full_name: has the form of a reference"));
  contact.set_full_name("vault:12.3:" + std::string(42, 'a'));
  EXPECT_TRUE(CheckFields(contact).ok());
}

}  // namespace
}  // namespace critac::rpc
