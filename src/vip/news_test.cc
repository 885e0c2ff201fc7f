#include "vip/news.h"

#include <gtest/gtest.h>

namespace hf::vip {
namespace {

using policy::vrrp::Mode;

constexpr std::int64_t kWhen = 1'700'000'000'123'456;

RouterTransition transition(Mode from, Mode to) {
  return {.router = "db",
          .router_id = 51,
          .interface = "eth1",
          .transition = {kWhen, from, to, "no advert"},
          .priority = 150,
          .master = "198.18.0.1"};
}

std::string line_of(const News& news) { return render_text(event_of(news)); }

TEST(News, ATransitionIsTheEventOfItsNewMode) {
  EXPECT_EQ(line_of(transition(Mode::kBackup, Mode::kMaster)),
            "2023-11-14T22:13:20.123456Z info HF-6020 vip_master vip=db router_id=51 interface=eth1 from=backup "
            "reason=\"no advert\" priority=150 master=198.18.0.1");
  EXPECT_EQ(line_of(transition(Mode::kInitialize, Mode::kBackup)),
            "2023-11-14T22:13:20.123456Z info HF-6021 vip_backup vip=db router_id=51 interface=eth1 from=initialize "
            "reason=\"no advert\" priority=150 master=198.18.0.1");
  EXPECT_EQ(event_of(transition(Mode::kMaster, Mode::kFault)).id(), EventId::kVipFault);
  EXPECT_EQ(event_of(transition(Mode::kMaster, Mode::kInitialize)).id(), EventId::kVipStopped);
}

TEST(News, AConflictIsItsEvent) {
  EXPECT_EQ(line_of(AddressConflict{kWhen, "db", IpAddress::v4(198, 18, 0, 100), {2, 0, 0, 0, 0xAB, 1}}),
            "2023-11-14T22:13:20.123456Z error HF-6031 vip_address_conflict vip=db address=198.18.0.100 "
            "mac=02:00:00:00:ab:01");
  EXPECT_EQ(line_of(DuplicateMaster{kWhen, "db", IpAddress::v4(198, 18, 0, 2)}),
            "2023-11-14T22:13:20.123456Z error HF-6030 vip_duplicate_master vip=db peer=198.18.0.2");
}

}  // namespace
}  // namespace hf::vip
