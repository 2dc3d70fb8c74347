#include "common/rpc/method_index.h"

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "common/base/limits.h"
#include "common/rpc/compiled_rules.h"
#include "critac/intake/v1/agency.pb.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "critac/metrics/v1/report.pb.h"
#include "critac/metrics/v1/survey.pb.h"
#include "critac/queue/v1/queue.pb.h"
#include "critac/rpc/testing/v1/sample.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::rpc {
namespace {

using ::critac::rpc::testing::v1::ClosedSampleRequest;
using ::critac::rpc::testing::v1::ReadSampleRequest;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::TouchSampleRequest;
using ::critac::rpc::testing::v1::WriteSampleRequest;
using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FileDescriptor;

TEST(MethodIndex, AMethodIsFoundByItsRequest) {
  const Method* method = FindMethod(*ReadSampleRequest::descriptor());
  ASSERT_NE(method, nullptr);
  EXPECT_EQ(method->name, "critac.rpc.testing.v1.SampleService.ReadSample");
  EXPECT_EQ(method->domain, "critac.rpc.testing.v1");
  EXPECT_TRUE(method->read_only);
  EXPECT_EQ(method->max_duration, absl::Seconds(20));
  EXPECT_EQ(method->request_id, nullptr);
  EXPECT_EQ(method->role_names, "coordinator, agency");
  EXPECT_TRUE(method->Allows(type::v1::ROLE_COORDINATOR));
  EXPECT_TRUE(method->Allows(type::v1::ROLE_AGENCY));
  EXPECT_FALSE(method->Allows(type::v1::ROLE_PARTNER));
  EXPECT_FALSE(method->Allows(type::v1::ROLE_UNSPECIFIED));
}

TEST(MethodIndex, WithoutAMaximumTheGeneralOneApplies) {
  const Method* method = FindMethod(*WriteSampleRequest::descriptor());
  ASSERT_NE(method, nullptr);
  EXPECT_EQ(method->max_duration, limits::kDefaultCall);
  ASSERT_NE(method->request_id, nullptr);
  EXPECT_EQ(method->request_id->name(), "request_id");
}

TEST(MethodIndex, AMethodWithoutRulesAllowsNobody) {
  const Method* method = FindMethod(*ClosedSampleRequest::descriptor());
  ASSERT_NE(method, nullptr);
  for (int role = 0; role <= type::v1::Role_MAX; ++role) {
    EXPECT_FALSE(method->Allows(static_cast<type::v1::Role>(role)));
  }
}

TEST(MethodIndex, WhatNoMethodTakesIsNotFound) {
  EXPECT_EQ(FindMethod(*Sample::descriptor()), nullptr);
}

TEST(MethodIndex, AMethodIsFoundByItsPath) {
  EXPECT_EQ(FindMethodByPath("/critac.rpc.testing.v1.SampleService/ReadSample"),
            FindMethod(*ReadSampleRequest::descriptor()));
  for (const char* path : {"", "/", "critac.rpc.testing.v1.SampleService/ReadSample",
                           "/critac.rpc.testing.v1.SampleService/NoSample", "/zzz/z"}) {
    EXPECT_EQ(FindMethodByPath(path), nullptr) << path;
  }
}

TEST(MethodIndex, RepeatableIsWhatOnlyReadsOrHasARequestId) {
  EXPECT_TRUE(FindMethod(*ReadSampleRequest::descriptor())->IsRepeatable());
  EXPECT_TRUE(FindMethod(*WriteSampleRequest::descriptor())->IsRepeatable());
  EXPECT_FALSE(FindMethod(*TouchSampleRequest::descriptor())->IsRepeatable());
}

// ---- The API of the suite

// A message of every file with services, so that each is linked.
const FileDescriptor* const kFiles[] = {
    intake::v1::GetAgencyRequest::descriptor()->file(),
    intake::v1::ImportCatalogRequest::descriptor()->file(),
    intake::v1::GetRequestRequest::descriptor()->file(),
    journal::v1::GetHeadRequest::descriptor()->file(),
    matching::v1::ImportEngagementsRequest::descriptor()->file(),
    matching::v1::RankCandidatesRequest::descriptor()->file(),
    matching::v1::GetExpertRequest::descriptor()->file(),
    metrics::v1::QueryMeasureRequest::descriptor()->file(),
    metrics::v1::CreateReportRequest::descriptor()->file(),
    metrics::v1::ImportSurveyResponsesRequest::descriptor()->file(),
    queue::v1::PeekQueueRequest::descriptor()->file(),
};

std::vector<const Method*> SuiteMethods() {
  std::vector<const Method*> methods;
  for (const Method& method : AllMethods()) {
    if (method.domain != "critac.rpc.testing.v1") methods.push_back(&method);
  }
  return methods;
}

TEST(SuiteApi, EveryMethodIsInTheIndex) {
  for (const FileDescriptor* file : kFiles) {
    ASSERT_GT(file->service_count(), 0) << file->name();
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto& method = *file->service(i)->method(j);
        const Method* found = FindMethod(*method.input_type());
        ASSERT_NE(found, nullptr) << method.full_name();
        EXPECT_EQ(found->descriptor, &method);
      }
    }
  }
}

TEST(SuiteApi, EveryMethodSaysWhoMayCallIt) {
  for (const Method* method : SuiteMethods()) EXPECT_NE(method->role_bits, 0U) << method->name;
}

TEST(SuiteApi, WhatChangesSomethingHasARequiredRequestId) {
  for (const Method* method : SuiteMethods()) {
    if (method->read_only) continue;
    // What operators tell a queue no journal keeps: the next test says what may be repeated of it.
    if (method->domain == "critac.queue.v1") continue;
    ASSERT_NE(method->request_id, nullptr) << method->name;
    const type::v1::FieldRules& rules = method->request_id->options().GetExtension(type::v1::field);
    EXPECT_TRUE(rules.required()) << method->name;
    EXPECT_EQ(rules.format(), type::v1::FORMAT_UUID) << method->name;
  }
}

TEST(SuiteApi, AnAuditorChangesNothing) {
  std::vector<std::string> changing;
  for (const Method* method : SuiteMethods()) {
    if (method->Allows(type::v1::ROLE_AUDITOR) && !method->read_only) {
      changing.push_back(method->descriptor->name());
    }
  }
  // It records of others that they tried a policy, and of an auditor nothing: matching_service_test.
  EXPECT_THAT(changing, ::testing::ElementsAre("TryPolicy"));
}

TEST(SuiteApi, OfWhatOperatorsTellAQueueThatMayBeRepeatedWhichSetsAState) {
  std::vector<std::string> repeatable;
  std::vector<std::string> others;
  for (const Method* method : SuiteMethods()) {
    if (method->domain != "critac.queue.v1" || method->read_only) continue;
    (method->IsRepeatable() ? repeatable : others).push_back(method->descriptor->name());
  }
  EXPECT_THAT(repeatable,
              ::testing::UnorderedElementsAre("PauseQueue", "ResumeQueue", "LimitQueue"));
  EXPECT_THAT(others, ::testing::UnorderedElementsAre("RedriveJobs", "PurgeJobs"));
}

// Calls `check` with every field of a message and of those in it, with its rules.
template <typename Check>
void ForEachField(const Descriptor& descriptor, std::set<const Descriptor*>& seen, Check check) {
  if (!seen.insert(&descriptor).second) return;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    check(field, field.options().GetExtension(type::v1::field));
    if (field.message_type() != nullptr) ForEachField(*field.message_type(), seen, check);
  }
}

TEST(SuiteApi, EveryRuleFitsItsField) {
  std::set<const Descriptor*> seen;
  for (const Method* method : SuiteMethods()) {
    ForEachField(*method->descriptor->input_type(), seen,
                 [](const FieldDescriptor& field, const type::v1::FieldRules& rules) {
                   SCOPED_TRACE(field.full_name());
                   const bool text = field.type() == FieldDescriptor::TYPE_STRING;
                   const bool number = field.cpp_type() <= FieldDescriptor::CPPTYPE_FLOAT;
                   if (!rules.pattern().empty()) {
                     EXPECT_TRUE(text);
                     EXPECT_TRUE(RE2(rules.pattern(), RE2::Quiet).ok());
                   }
                   EXPECT_TRUE(rules.format() == type::v1::FORMAT_UNSPECIFIED || text);
                   EXPECT_TRUE(rules.resource().empty() || text);
                   EXPECT_TRUE((rules.min_length() == 0 && rules.max_length() == 0) || text);
                   EXPECT_TRUE(!rules.vault() || text);
                   EXPECT_TRUE((!rules.has_minimum() && !rules.has_maximum()) || number);
                   EXPECT_TRUE(rules.has_minimum() || rules.minimum() == 0);
                   EXPECT_TRUE(rules.has_maximum() || rules.maximum() == 0);
                   if (rules.has_minimum() && rules.has_maximum()) {
                     EXPECT_LE(rules.minimum(), rules.maximum());
                   }
                   EXPECT_TRUE((rules.min_items() == 0 && rules.max_items() == 0 &&
                                !rules.unique_items() && !rules.rows()) ||
                               field.is_repeated());
                 });
  }
}

TEST(SuiteApi, NothingNestsDeeperThanTheLimit) {
  // A message that holds itself, or a chain of more than the limit, has no end below it.
  std::function<int(const Descriptor&, int)> depth = [&](const Descriptor& descriptor, int at) {
    int deepest = at;
    if (at > limits::kMessageDepth) return at;
    for (int i = 0; i < descriptor.field_count(); ++i) {
      if (const Descriptor* below = descriptor.field(i)->message_type(); below != nullptr) {
        deepest = std::max(deepest, depth(*below, at + 1));
      }
    }
    return deepest;
  };
  for (const Method* method : SuiteMethods()) {
    EXPECT_LE(depth(*method->descriptor->input_type(), 1), limits::kMessageDepth) << method->name;
  }
}

}  // namespace
}  // namespace critac::rpc
