#include "guardian/messages.h"

#include <concepts>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/events.h"
#include "guardian/archive.h"
#include "guardian/events.h"
#include "guardian/message_fields.h"
#include "vip/events.h"

namespace hf::guardian {

namespace {

constexpr std::size_t kTypes = std::variant_size_v<Message>;

/// The message of the type that is the index'th of the variant, all fields at their defaults.
template <std::size_t... Index>
Message make_message(std::size_t index, std::index_sequence<Index...> /*all*/) {
  Message message;
  static_cast<void>(((Index == index && (message.emplace<Index>(), true)) || ...));
  return message;
}

Error refusal(std::string_view why) {
  return Error{ErrorCode::kProtocol,
               "a message between the guardian and its children is malformed: " + std::string(why)};
}

}  // namespace

const EventType* find_event_type(EventId id) {
  for (const EventTypes types :
       {EventTypes(events::kAll), EventTypes(vip::events::kOfRouters), EventTypes(hf::events::kAll)}) {
    if (const EventType* type = find_event(types, id)) return type;
  }
  return nullptr;
}

Message message_of(News news) {
  return std::visit(
      []<class T>(T&& each) -> Message {
        if constexpr (std::same_as<T, Event>) {
          return GuardianEvent{std::move(each)};
        } else {
          return std::move(each);
        }
      },
      std::move(news));
}

std::optional<News> news_in(Message message) {
  if (auto* event = std::get_if<GuardianEvent>(&message)) return std::move(event->event);
  if (auto* transition = std::get_if<RouterTransition>(&message)) return std::move(*transition);
  if (auto* conflict = std::get_if<AddressConflict>(&message)) return std::move(*conflict);
  if (auto* duplicate = std::get_if<DuplicateMaster>(&message)) return std::move(*duplicate);
  return std::nullopt;
}

Result<std::string> encode(const Message& message) {
  Writer writer;
  writer(static_cast<std::uint8_t>(message.index() + 1));
  std::visit([&writer](const auto& each) { writer(each); }, message);
  if (!writer.refused().empty()) {
    return Error{ErrorCode::kInvalidArgument, "a message cannot be sent: " + std::string(writer.refused())};
  }
  if (writer.bytes().size() > kLongestMessage) {
    return Error{ErrorCode::kInvalidArgument, "a message cannot be sent: it has " +
                                                  std::to_string(writer.bytes().size()) + " bytes, more than " +
                                                  std::to_string(kLongestMessage)};
  }
  return writer.bytes();
}

Result<Message> decode(ByteView datagram) {
  if (datagram.empty()) return refusal("it is empty");
  if (datagram.size() > kLongestMessage) return refusal("it is too long");
  const std::size_t type = byte_at(datagram, 0);
  if (type == 0 || type > kTypes) return refusal("it is of no known type");
  Message message = make_message(type - 1, std::make_index_sequence<kTypes>());
  Reader reader(datagram.substr(1));
  std::visit([&reader](auto& each) { reader(each); }, message);
  if (!reader.refused().empty()) return refusal(reader.refused());
  if (!reader.at_end()) return refusal("it goes on after its end");
  return message;
}

}  // namespace hf::guardian
