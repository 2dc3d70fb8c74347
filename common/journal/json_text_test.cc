#include "common/journal/json_text.h"

#include <chrono>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace critac::journal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Fills messages of any type with values at random, those at the edges of their types more often
// than chance would.
class Filler {
 public:
  explicit Filler(uint64_t seed) : engine_(seed) {}

  void Fill(Message& message, int depth) {
    if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp")
      return FillTimestamp(message);
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      if (Below(3) == 0) continue;
      const FieldDescriptor& field = *type.field(i);
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth == 0) continue;
      const int count = field.is_repeated() ? Below(4) : 1;
      for (int n = 0; n < count; ++n) Set(message, field, depth);
    }
  }

  std::string Text() {
    static const std::vector<std::string> kPieces = {
        "a",          "Z",         " ",      "\"",     "\\",     "/",
        "\n",         "\t",        "\r",     "\b",     "\f",     std::string(1, '\0'),
        "\x1f",       "\x7f",      "<",      ">",      "&",      "é",
        "ß",          "\u0080",    "\u009f", "\u00a0", "\u00ad", "\u0600",
        "\u06dd",     "\u070f",    "\u17b4", "\u200b", "\u2028", "\u202e",
        "\u2060",     "\u206f",    "\ufeff", "\ufff9", "\u20ac", "\u4e2d",
        "\U0001f600", "\U000e0001"};
    std::string text;
    for (int i = Below(12); i > 0; --i) text += kPieces[Below(static_cast<int>(kPieces.size()))];
    return text;
  }

 private:
  int Below(int bound) { return static_cast<int>(engine_() % static_cast<uint64_t>(bound)); }

  int64_t Number() {
    static const int64_t kEdges[] = {0,         1,         -1,        127,      -128,
                                     INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    return Below(2) == 0 ? kEdges[Below(9)] : static_cast<int64_t>(engine_());
  }

  void FillTimestamp(Message& message) {
    google::protobuf::Timestamp time;
    // Years 1 to 9999, the range of proto3 JSON.
    time.set_seconds(-62135596800 + static_cast<int64_t>(engine_() % 315537897600ULL));
    static const int kNanos[] = {0, 1, 1'000, 1'000'000, 120'000'000, 123'456'000, 999'999'999};
    time.set_nanos(kNanos[Below(7)]);
    message.CopyFrom(time);
  }

  void Set(Message& message, const FieldDescriptor& field, int depth) {
    const Reflection& r = *message.GetReflection();
    const bool many = field.is_repeated();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return many ? r.AddBool(&message, &field, Below(2)) : r.SetBool(&message, &field, Below(2));
      case FieldDescriptor::CPPTYPE_INT32: {
        const auto value = static_cast<int32_t>(Number());
        return many ? r.AddInt32(&message, &field, value) : r.SetInt32(&message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        const auto value = static_cast<uint32_t>(Number());
        return many ? r.AddUInt32(&message, &field, value) : r.SetUInt32(&message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_INT64:
        return many ? r.AddInt64(&message, &field, Number())
                    : r.SetInt64(&message, &field, Number());
      case FieldDescriptor::CPPTYPE_UINT64: {
        const auto value = static_cast<uint64_t>(Number());
        return many ? r.AddUInt64(&message, &field, value) : r.SetUInt64(&message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value =
            Below(8) == 0
                ? 4711
                : field.enum_type()->value(Below(field.enum_type()->value_count()))->number();
        return many ? r.AddEnumValue(&message, &field, value)
                    : r.SetEnumValue(&message, &field, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return many ? r.AddDouble(&message, &field, 0.1) : r.SetDouble(&message, &field, 0.1);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return many ? r.AddFloat(&message, &field, 0.5f) : r.SetFloat(&message, &field, 0.5f);
      case FieldDescriptor::CPPTYPE_STRING:
        return many ? r.AddString(&message, &field, Text()) : r.SetString(&message, &field, Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(many ? *r.AddMessage(&message, &field) : *r.MutableMessage(&message, &field),
                    depth - 1);
    }
  }

  std::mt19937_64 engine_;
};

std::string ByLibrary(const Message& message) {
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text).ok());
  return text;
}

// Goal: the text is to the letter what protobuf prints, for every kind of event. Method: messages
// at random.
TEST(JsonText, IsWhatProtobufPrints) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  Filler filler(seed);
  const Message* prototypes[] = {&intake::v1::AgencyCreated::default_instance(),
                                 &intake::v1::RequestCreated::default_instance(),
                                 &intake::v1::RequestTransitioned::default_instance(),
                                 &intake::v1::CatalogEntrySet::default_instance(),
                                 &matching::v1::ExpertSet::default_instance(),
                                 &matching::v1::ProposalDecided::default_instance(),
                                 &matching::v1::EngagementAgreed::default_instance(),
                                 &matching::v1::SolveRecorded::default_instance(),
                                 &metrics::v1::SurveyResponseRecorded::default_instance(),
                                 &metrics::v1::ReportFinished::default_instance(),
                                 &metrics::v1::QueryMeasureResponse::default_instance()};
  for (int round = 0; round < 200; ++round) {
    for (const Message* prototype : prototypes) {
      std::unique_ptr<Message> message(prototype->New());
      filler.Fill(*message, 4);
      ASSERT_EQ(ToJsonText(*message), ByLibrary(*message)) << message->DebugString();
    }
  }
}

TEST(JsonText, EveryCharacterIsEscapedWhereProtobufEscapesIt) {
  intake::v1::Alias alias;
  for (uint32_t rune = 0; rune < 0x110000; ++rune) {
    if (rune >= 0xd800 && rune < 0xe000) continue;  // surrogates are no characters
    std::string text;
    if (rune < 0x80) {
      text = {static_cast<char>(rune)};
    } else if (rune < 0x800) {
      text = {static_cast<char>(0xc0 | rune >> 6), static_cast<char>(0x80 | (rune & 63))};
    } else if (rune < 0x10000) {
      text = {static_cast<char>(0xe0 | rune >> 12), static_cast<char>(0x80 | (rune >> 6 & 63)),
              static_cast<char>(0x80 | (rune & 63))};
    } else {
      text = {static_cast<char>(0xf0 | rune >> 18), static_cast<char>(0x80 | (rune >> 12 & 63)),
              static_cast<char>(0x80 | (rune >> 6 & 63)), static_cast<char>(0x80 | (rune & 63))};
    }
    // Many at a time: protobuf's printer takes most of its time to begin.
    *alias.mutable_value() += text;
    if (rune % 4096 != 4095) continue;
    ASSERT_EQ(ToJsonText(alias), ByLibrary(alias)) << "up to " << rune;
    alias.clear_value();
  }
}

TEST(JsonText, IsReadBackAsTheSameMessage) {
  Filler filler(42);
  const Message* prototypes[] = {&intake::v1::RequestCreated::default_instance(),
                                 &intake::v1::CatalogEntrySet::default_instance(),
                                 &matching::v1::ExpertSet::default_instance(),
                                 &matching::v1::ProposalDecided::default_instance(),
                                 &matching::v1::SolveRecorded::default_instance(),
                                 &metrics::v1::QueryMeasureResponse::default_instance()};
  for (int round = 0; round < 100; ++round) {
    for (const Message* prototype : prototypes) {
      std::unique_ptr<Message> message(prototype->New()), read(prototype->New());
      filler.Fill(*message, 4);
      // What was there before is gone.
      filler.Fill(*read, 4);
      const std::string text = ToJsonText(*message);
      ASSERT_TRUE(FromJsonText(text, *read).ok());
      ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*message, *read))
          << message->DebugString();
      // A quotient has floating point.
      if (prototype != &metrics::v1::QueryMeasureResponse::default_instance()) {
        ASSERT_TRUE(ReadOwnJsonText(text, *read)) << text;
      }
    }
  }
}

// Goal: whatever the text is, it is read as protobuf reads it, or refused where that refuses it. Method: texts that are
// not as they are written here, then written ones with a byte changed at random.
TEST(JsonText, WhatIsWrittenOtherwiseIsReadAsProtobufReadsIt) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto expect_same = [&](const std::string& text) {
    intake::v1::RequestCreated ours, theirs;
    const bool read = FromJsonText(text, ours).ok();
    EXPECT_EQ(read, google::protobuf::util::JsonStringToMessage(text, &theirs, options).ok())
        << text;
    if (!read) return;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(ours, theirs)) << text;
  };
  const std::string request = R"({"request":{)";
  for (const char* of_request : {R"("name":"a")",
                                 R"( "name" : "a" )",
                                 R"("name":"a","name":"b")",
                                 R"("name":null)",
                                 R"("name":"\ud83d\ude00\u00e9\/")",
                                 R"("name":"\ud83d")",
                                 R"("name":"\udc00\ud800")",
                                 R"("name":"\x")",
                                 R"("name":"\u12g4")",
                                 R"("name":7)",
                                 "\"name\":\"a\tb\"",
                                 "\"name\":\"\xc3\"",
                                 "\"name\":\"\xed\xa0\x80\"",
                                 "\"name\":\"\xf0\x9f\x98\x80\"",
                                 R"("createTime":"2026-02-28T23:59:59Z")",
                                 R"("createTime":"2026-02-30T00:00:00Z")",
                                 R"("createTime":"2026-02-28T24:00:00Z")",
                                 R"("createTime":"2026-02-28T23:59:59.12Z")",
                                 R"("createTime":"2026-02-28T23:59:59.120Z")",
                                 R"("createTime":"2026-02-28T01:00:00+01:00")",
                                 R"("createTime":"0000-01-01T00:00:00Z")",
                                 R"("createTime":"")",
                                 R"("createTime":{})",
                                 R"("state":"REQUEST_STATE_READY")",
                                 R"("state":4)",
                                 R"("state":4711)",
                                 R"("state":"4")",
                                 R"("state":"REQUEST_STATE_LATER")",
                                 R"("state":4.0)",
                                 R"("state":99999999999)",
                                 R"("urgency":"URGENCY_ROUTINE","name":"a")",
                                 R"("addedLater":[1,{}],"name":"a")"}) {
    for (const char* end : {"}}", "}} ", "}", "}}}", ",}}"}) {
      expect_same(absl::StrCat(request, of_request, end));
    }
  }
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  Filler filler(seed);
  std::mt19937_64 engine(seed);
  for (int round = 0; round < 500 && !::testing::Test::HasFailure(); ++round) {
    intake::v1::RequestCreated message;
    filler.Fill(message, 3);
    std::string text = ToJsonText(message);
    static constexpr absl::string_view kSigns = "\"\\{}[],:-0123456789.eEuntf /TZ";
    text[engine() % text.size()] = kSigns[engine() % kSigns.size()];
    expect_same(text);
  }
}

TEST(JsonText, AnUnknownFieldIsIgnored) {
  intake::v1::Agency agency;
  ASSERT_TRUE(FromJsonText(R"({"displayName":"A","addedLater":{"x":1}})", agency).ok());
  EXPECT_EQ(agency.display_name(), "A");
}

TEST(JsonText, AnUnknownValueOfAnEnumIsIgnoredToo) {
  intake::v1::Agency agency;
  ASSERT_TRUE(FromJsonText(R"({"displayName":"A","sizeBand":"SIZE_BAND_LATER"})", agency).ok());
  EXPECT_EQ(ToJsonText(agency), R"({"displayName":"A"})");
}

TEST(JsonText, WhatIsNotJsonIsDataLoss) {
  intake::v1::Agency agency;
  EXPECT_EQ(FromJsonText("{\"displayName\":", agency).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FromJsonText("{\"displayName\":7}", agency).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace critac::journal
