#include "services/matching/delivery_days.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A delivery for an agency: `d1` of `engagements/ash`.
v1::DayDelivery OnDay(const std::string& agency, int quarter_hours,
                      type::v1::DeliveryMode mode = type::v1::DELIVERY_MODE_VIRTUAL) {
  v1::DayDelivery delivery;
  delivery.set_engagement("engagements/" + agency);
  delivery.set_delivery("d1");
  delivery.set_agency("agencies/" + agency);
  delivery.set_quarter_hours(quarter_hours);
  delivery.set_mode(mode);
  return delivery;
}

absl::Status Check(const v1::DayDelivery& delivery, const std::vector<v1::DayDelivery>& others) {
  return CheckSameDay(
      "experts/a", "2026-11-20", {}, delivery, others,
      [](const v1::DayDelivery& one) { return absl::StrCat("that of ", one.engagement()); });
}

TEST(DeliveryDay, HasRoomForTwentyFourHoursOfAPerson) {
  EXPECT_TRUE(Check(OnDay("oak", 96), {}).ok());
  EXPECT_TRUE(Check(OnDay("oak", 41), {OnDay("ash", 50), OnDay("elm", 5)}).ok());
  const absl::Status more = Check(OnDay("oak", 42), {OnDay("ash", 50), OnDay("elm", 5)});
  EXPECT_EQ(more.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(more), "HOURS_CLASH");
  EXPECT_EQ(more.message(),
            "experts/a: delivered 13.75 hours on 2026-11-20 already (12.5 in that of "
            "engagements/ash, 1.25 in that of engagements/elm); 10.5 more would be above the 24 of "
            "a day");
}

TEST(DeliveryDay, DoesNotCountTheHoursOfWhatTookLongerThanADay) {
  EXPECT_TRUE(Check(OnDay("oak", 97), {OnDay("ash", 96)}).ok());
  EXPECT_TRUE(Check(OnDay("oak", 96), {OnDay("ash", 97)}).ok());
  EXPECT_EQ(ReasonOf(Check(OnDay("oak", 96), {OnDay("ash", 1)})), "HOURS_CLASH");
}

TEST(DeliveryDay, HasAPersonOnSiteAtOneAgency) {
  constexpr auto kOnSite = type::v1::DELIVERY_MODE_ON_SITE;
  const absl::Status two = Check(OnDay("oak", 8, kOnSite), {OnDay("ash", 8, kOnSite)});
  EXPECT_EQ(two.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(two), "SITE_CLASH");
  EXPECT_EQ(two.message(),
            "experts/a: was on site at another agency on 2026-11-20: that of engagements/ash");
  EXPECT_TRUE(Check(OnDay("oak", 8, kOnSite), {OnDay("oak", 8, kOnSite)}).ok());
  EXPECT_TRUE(Check(OnDay("oak", 8, kOnSite), {OnDay("ash", 8)}).ok());
  EXPECT_TRUE(Check(OnDay("oak", 8), {OnDay("ash", 8, kOnSite)}).ok());
  EXPECT_EQ(ReasonOf(Check(OnDay("oak", 400, kOnSite), {OnDay("ash", 8, kOnSite)})), "SITE_CLASH");
}

TEST(DeliveryDay, IsLookedAtAgainForWhatACorrectionMayMakeWorse) {
  constexpr auto kOnSite = type::v1::DELIVERY_MODE_ON_SITE;
  constexpr auto kVirtual = type::v1::DELIVERY_MODE_VIRTUAL;
  struct Given {
    int quarter_hours;
    type::v1::DeliveryMode mode;
    const char* date = "2026-11-20";
    const char* slot = "s1";
    v1::Delivery Build() const {
      v1::Delivery delivery;
      delivery.set_quarter_hours(quarter_hours);
      delivery.set_mode(mode);
      delivery.set_date(date);
      delivery.set_slot(slot);
      return delivery;
    }
  };
  const struct {
    Given before;
    Given after;
    bool hours;
    bool site;
  } rows[] = {
      {{8, kOnSite}, {8, kOnSite}, false, false},
      {{8, kOnSite}, {7, kOnSite}, false, false},
      {{8, kOnSite}, {9, kOnSite}, true, false},
      {{97, kOnSite}, {1, kOnSite}, true, false},
      {{8, kOnSite}, {97, kOnSite}, false, false},
      {{8, kVirtual}, {8, kOnSite}, false, true},
      {{8, kOnSite}, {1, kOnSite, "2026-11-21"}, true, true},
      {{8, kOnSite}, {1, kOnSite, "2026-11-20", "s2"}, true, true},
  };
  for (const auto& row : rows) {
    const DayChecks checks = ChecksOfAmendment(row.before.Build(), row.after.Build());
    EXPECT_EQ(checks.hours, row.hours) << &row - rows;
    EXPECT_EQ(checks.site, row.site) << &row - rows;
  }
  const std::vector<v1::DayDelivery> others = {OnDay("ash", 90, kOnSite)};
  const auto check = [&](DayChecks checks) {
    return ReasonOf(CheckSameDay("experts/a", "2026-11-20", checks, OnDay("oak", 8, kOnSite),
                                 others, [](const v1::DayDelivery&) { return "one"; }));
  };
  EXPECT_EQ(check({.hours = true, .site = false}), "HOURS_CLASH");
  EXPECT_EQ(check({.hours = false, .site = true}), "SITE_CLASH");
  EXPECT_EQ(check({.hours = false, .site = false}), "");
}

TEST(DeliveryDay, IsOfThoseWhoServeInTheSlot) {
  v1::Engagement engagement;
  for (const auto& [slot, expert] :
       {std::pair("s1", "experts/b"), {"s1", "experts/a"}, {"s2", "experts/c"}}) {
    v1::Assignment& one = *engagement.add_assignments();
    one.set_slot(slot);
    one.set_expert(expert);
  }
  EXPECT_THAT(ExpertsOf(engagement, "s1"), ElementsAre("experts/a", "experts/b"));
  EXPECT_THAT(ExpertsOf(engagement, "s3"), IsEmpty());
  EXPECT_EQ(ExpertDayName("experts/a", "2026-11-20"), "expertDays/a@2026-11-20");
  v1::Delivery given;  // by one who has left since
  given.set_slot("s1");
  given.add_experts("experts/z");
  EXPECT_THAT(GiversOf(engagement, given, "s1"), ElementsAre("experts/z"));
  EXPECT_THAT(GiversOf(engagement, given, "s2"), ElementsAre("experts/c"));
}

}  // namespace
}  // namespace critac::matching
