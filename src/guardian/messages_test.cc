#include "guardian/messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/random.h"
#include "guardian/events.h"
#include "guardian/message_fields.h"
#include "vip/events.h"

namespace hf::guardian {
namespace {

/// The third archive: fills every field with something that may stand there.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  template <class... Fields>
  void operator()(Fields&&... fields) {
    (fill(fields), ...);
  }
  template <class List, class FillItem>
  void list(List& items, FillItem fill_item) {
    const std::uint64_t count = random_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) fill_item(items.emplace_back());
  }
  template <class T>
  void within(T& value, T least, T most) {
    fill(value);
    value = std::clamp(value, least, most);
  }
  void event_type(const EventType*& type) {
    const EventTypes some = random_.below(2) == 0 ? EventTypes(events::kAll) : EventTypes(vip::events::kOfRouters);
    type = some[random_.below(some.size())];
  }
  void field_name(const EventType& type, std::string_view& name) {
    name = random_.below(4) == 0 ? kCountField : type.fields[random_.below(type.fields.size())];
  }

 private:
  template <std::integral T>
  void fill(T& value) {
    value = static_cast<T>(random_.next());
  }
  void fill(bool& value) { value = random_.below(2) == 1; }
  template <Enumeration E>
  void fill(E& value) {
    do value = E{static_cast<std::underlying_type_t<E>>(random_.below(256))};
    while (!known(value));
  }
  void fill(Nanos& value) { value = Nanos{static_cast<std::int64_t>(random_.next())}; }
  void fill(TimePoint& value) { fill(value.nanos); }
  void fill(std::string& text) {
    text.resize(random_.below(random_.below(16) == 0 ? 300 : 12));
    for (char& c : text) c = static_cast<char>(random_.next());
  }
  template <class Text>
  void fill(LongText<Text>& marked) {
    fill(marked.text);
    if (random_.below(8) == 0) marked.text.resize(kLongestLongText, 'z');
  }
  template <Octet T, std::size_t N>
  void fill(std::array<T, N>& octets) {
    for (T& octet : octets) fill(octet);
  }
  void fill(IpAddress& address) {
    std::string bytes(random_.below(2) == 0 ? 4 : 16, '\0');
    for (char& c : bytes) c = static_cast<char>(random_.next());
    address = *IpAddress::from_bytes(bytes);
  }
  template <class T>
  void fill(std::optional<T>& value) {
    if (random_.below(2) == 0) fill(value.emplace());
  }
  template <class T>
  void fill(std::vector<T>& items) {
    list(items, [this](T& item) { fill(item); });
  }
  template <Described T>
  void fill(T& value) {
    fields(*this, value);
  }

  Random random_;
};

template <class T>
T generate(std::uint64_t seed) {
  T value{};
  Generator generator{seed};
  generator(value);
  return value;
}

template <class T>
class EveryMessage : public testing::Test {};

template <class Variant>
struct TypesOf;
template <class... T>
struct TypesOf<std::variant<T...>> {
  using List = testing::Types<T...>;
};
TYPED_TEST_SUITE(EveryMessage, TypesOf<Message>::List);

TYPED_TEST(EveryMessage, ComesBackAsItWas) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    const auto value = generate<TypeParam>(seed);
    const Result<std::string> bytes = encode(value);
    ASSERT_TRUE(bytes.ok()) << bytes.error().context;
    const Result<Message> back = decode(*bytes);
    ASSERT_TRUE(back.ok()) << back.error().context;
    ASSERT_TRUE(std::holds_alternative<TypeParam>(*back));
    if constexpr (std::equality_comparable<TypeParam>) EXPECT_EQ(std::get<TypeParam>(*back), value);
    EXPECT_EQ(*encode(*back), *bytes);
  }
}

TYPED_TEST(EveryMessage, IsRefusedWhenItEndsEarlyOrGoesOn) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const std::string bytes = *encode(generate<TypeParam>(seed));
    const std::size_t step = 1 + bytes.size() / 3000;
    for (std::size_t length = 0; length < bytes.size(); length += step) {
      const Result<Message> cut = decode(ByteView(bytes).substr(0, length));
      ASSERT_FALSE(cut.ok()) << "seed " << seed << " cut at " << length << " of " << bytes.size();
      ASSERT_EQ(cut.error().code, ErrorCode::kProtocol);
    }
    EXPECT_FALSE(decode(ByteView(bytes).substr(0, bytes.size() - 1)).ok());
    EXPECT_FALSE(decode(bytes + '\0').ok());
  }
}

/// Whatever one byte is changed to: refused, or a message that is written with just these bytes.
TYPED_TEST(EveryMessage, WithOneByteChangedIsRefusedOrAnotherMessage) {
  Random random(99);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::string bytes = *encode(generate<TypeParam>(seed));
    bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    const Result<Message> back = decode(bytes);
    if (back.ok()) EXPECT_EQ(*encode(*back), bytes);
  }
}

TEST(SettingsOnTheLink, CarryEveryFieldOfTheMachine) {
  Settings settings;
  vip::RouterSettings router{.name = "db", .interface = "eth0"};
  policy::vrrp::Config& machine = router.machine;
  machine.version = policy::vrrp::ProtocolVersion::kV2;
  machine.addresses = {IpAddress::v4(198, 18, 0, 100)};
  machine.announce_refresh = 7s;
  machine.damping.limit = 11s;
  router.auth = proto::vrrp::password_auth("secret");
  router.authentication_key = std::string("\0\xFE key", 6);
  router.source = IpAddress::v4(198, 18, 0, 2);
  router.heartbeat_key = std::string("\0\xFF key", 6);
  settings.routers = {router};
  const Result<Message> back = decode(*encode(SettingsLoaded{settings}));
  ASSERT_TRUE(back.ok());
  const Settings& got = std::get<SettingsLoaded>(*back).settings;
  ASSERT_EQ(got.routers.size(), 1u);
  EXPECT_EQ(got.routers[0].machine.version, machine.version);
  EXPECT_EQ(got.routers[0].machine.addresses, machine.addresses);
  EXPECT_EQ(got.routers[0].machine.announce_refresh, Nanos(7s));
  EXPECT_EQ(got.routers[0].machine.damping.limit, Nanos(11s));
  EXPECT_EQ(got.routers[0].auth, router.auth);
  EXPECT_EQ(got.routers[0].authentication_key, router.authentication_key);
  EXPECT_EQ(got.routers[0].source, router.source);
  EXPECT_EQ(got.routers[0].heartbeat_key, router.heartbeat_key);
}

TEST(NewsOnTheLink, ArriveAsWhatTheyAre) {
  const News all[] = {Event(events::StewardRestarted{.reason = "signal 9"}), RouterTransition{.router = "db"},
                      AddressConflict{.router = "db"}, DuplicateMaster{.router = "db"}};
  for (const News& news : all) {
    Result<Message> back = decode(*encode(message_of(news)));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(news_in(*std::move(back)), news);
  }
  EXPECT_FALSE(news_in(Beat{}).has_value());
}

/// Of type kernel_refused, with this field alone.
Event kernel_refused(EventField field) {
  Event event(kEventType<vip::events::VipKernelRefused>);
  event.wall_micros = 1;
  event.fields.push_back(std::move(field));
  return event;
}

TEST(EventOnTheLink, ComesBackWithItsTypeAndTheConstantsThatNameItsFields) {
  const Event event = counted(3, vip::events::VipPeerRefused{.vip = "db", .peer = "198.18.0.2", .reason = "ttl"});
  const Result<Message> back = decode(*encode(GuardianEvent{event}));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(std::get<GuardianEvent>(*back).event, event);
  const std::string elsewhere = "reason";
  const Result<Message> named = decode(*encode(GuardianEvent{kernel_refused({elsewhere, "no such device"})}));
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(std::get<GuardianEvent>(*named).event.fields.at(0).name.data(),
            kFieldNames<vip::events::VipKernelRefused>[2].data());
}

/// What the guardian cannot have to tell is as malformed as a number that nobody has.
TEST(EventOnTheLink, IsRefusedWithATypeOrAFieldThatIsNotTheGuardians) {
  EXPECT_TRUE(encode(GuardianEvent{hf::events::BugSurvived{.where = "guardian", .what = "x"}}).ok());
  EXPECT_FALSE(
      encode(GuardianEvent{vip::events::TrackFailed{.vip = "db", .track = "x", .reason = "x", .weight = "1"}}).ok());
  for (const std::string_view name : {"", "reaso", "reasons", "what reason", "server"}) {
    EXPECT_FALSE(encode(GuardianEvent{kernel_refused({name, "x"})}).ok()) << name;
  }
  const std::string good = *encode(GuardianEvent{kernel_refused({"reason", "x"})});
  for (const EventId other : {EventId{1}, EventId{9999}, EventId::kTrackFailed, EventId::kConfigReloaded}) {
    std::string wrong_number = good;
    wrong_number[1] = static_cast<char>(static_cast<std::uint16_t>(other) & 0xFFU);
    wrong_number[2] = static_cast<char>(static_cast<std::uint16_t>(other) >> 8U);
    EXPECT_EQ(decode(wrong_number).error().code, ErrorCode::kProtocol);
  }
  std::string wrong_name = good;
  wrong_name.replace(wrong_name.find("reason"), 6, "seasob");
  EXPECT_EQ(decode(wrong_name).error().code, ErrorCode::kProtocol);
}

TEST(Encode, RefusesWhatDecodeWouldRefuse) {
  EXPECT_TRUE(encode(CommandDone{.text = std::string(kLongestText, 'x')}).ok());
  EXPECT_FALSE(encode(CommandDone{.text = std::string(kLongestText + 1, 'x')}).ok());
  EXPECT_TRUE(encode(SettingsFailed{std::string(kLongestLongText, 'x')}).ok());
  EXPECT_FALSE(encode(SettingsFailed{std::string(kLongestLongText + 1, 'x')}).ok());
  EXPECT_TRUE(encode(Verdicts{std::vector<Verdict>(kLongestList)}).ok());
  EXPECT_FALSE(encode(Verdicts{std::vector<Verdict>(kLongestList + 1)}).ok());
  EXPECT_FALSE(encode(Verdicts{{Verdict{.points = kMostPoints + 1}}}).ok());
  EXPECT_FALSE(encode(Beat{.stalled = -1ns}).ok());
  EXPECT_FALSE(encode(VipCommand{.command = policy::vrrp::OperatorCommand{7}}).ok());
}

TEST(Encode, RefusesAMessageThatIsTooLong) {
  Report report;
  report.routers.resize(50);
  for (RouterReport& router : report.routers) router.reason.assign(4000, 'x');
  const Result<std::string> bytes = encode(report);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::kInvalidArgument);
}

TEST(Decode, RefusesValuesOutOfRange) {
  EXPECT_FALSE(decode("").ok());
  EXPECT_FALSE(decode(std::string(1, '\0')).ok());
  EXPECT_FALSE(decode(std::string(1, static_cast<char>(std::variant_size_v<Message> + 1))).ok());
  EXPECT_FALSE(decode("\x02\x02").ok());  // GatewayReady that is neither true nor false
  std::string beat = *encode(Beat{});
  beat.back() = '\x80';
  EXPECT_FALSE(decode(beat).ok());  // a negative stall
  std::string command = *encode(VipCommand{});
  command.back() = '\x03';
  EXPECT_FALSE(decode(command).ok());
  EXPECT_FALSE(decode("\x03\xFF\xFF").ok());  // 65535 verdicts in no bytes
}

}  // namespace
}  // namespace hf::guardian
