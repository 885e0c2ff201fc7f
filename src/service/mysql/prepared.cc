#include "service/mysql/prepared.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "proto/mysql/command.h"
#include "proto/mysql/error_code.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;

namespace {

constexpr std::uint32_t kLastPrepared = 0xFFFFFFFF;  // MariaDB: "the statement prepared just now"
constexpr std::size_t kFixed = 10;                   // of COM_STMT_EXECUTE: command, id, flags, iterations
constexpr std::size_t kBulkFlags = 5;                // of COM_STMT_BULK_EXECUTE: behind command and id
constexpr std::size_t kBulkFixed = 7;
constexpr std::uint64_t kBulkSendsTypes = 128;
constexpr std::size_t kPieceLength = 4;     // in front of each piece of long data that is kept
constexpr std::size_t kPieceParameter = 5;  // of COM_STMT_SEND_LONG_DATA: behind command and id
constexpr std::size_t kPieceFixed = 7;
constexpr const char* kTooMuchForServer =
    "Parameter of prepared statement which is set through mysql_send_long_data() is longer than 'max_allowed_packet' "
    "bytes";
constexpr std::uint16_t kErWrongArguments = 1210;
constexpr std::uint16_t kErUnsupportedPs = 1295;
constexpr std::uint16_t kErMalformedPacket = 1835;

bool is_bulk(ByteView execution) {
  return byte_at(execution, 0) == static_cast<std::uint8_t>(wire::Command::kStmtBulkExecute);
}

}  // namespace

PreparedStatement& PreparedStatements::add(policy::session::StatementMeaning meaning, policy::sql::Statement verdict) {
  const std::uint32_t id = next_id_++;
  PreparedStatement& statement = statements_[id];
  statement.id = id;
  statement.meaning = std::move(meaning);
  text_ += statement.meaning.text->size();
  statement.verdict = verdict;
  return statement;
}

PreparedStatement* PreparedStatements::find(std::uint32_t id) {
  const auto it = statements_.find(id == kLastPrepared ? last_id() : id);
  return it == statements_.end() ? nullptr : &it->second;
}

void PreparedStatements::erase(std::uint32_t id) {
  const auto it = statements_.find(id);
  if (it == statements_.end()) return;
  drop_long_data(it->second);
  text_ -= it->second.meaning.text->size();
  statements_.erase(it);
}

void PreparedStatements::clear() {
  statements_.clear();
  long_data_ = text_ = 0;
}

namespace {

/// Of all pieces for the parameter that the piece is for, with this one.
std::size_t bytes_for_parameter(ByteView pieces, ByteView piece) {
  std::size_t bytes = piece.size() - kPieceFixed;
  while (pieces.size() >= kPieceLength) {
    const std::size_t size = load_le(pieces, 0, kPieceLength);
    const ByteView each = pieces.substr(kPieceLength, size);
    if (load_le(each, kPieceParameter, 2) == load_le(piece, kPieceParameter, 2)) bytes += size - kPieceFixed;
    pieces.remove_prefix(kPieceLength + size);
  }
  return bytes;
}

std::string kept_at_most(std::size_t bytes, ByteView of_whom) {
  return "Holdfast keeps at most " + std::to_string(bytes) + " bytes of mysql_send_long_data() " +
         std::string(of_whom) + " until they are executed";
}

}  // namespace

void PreparedStatements::add_long_data(PreparedStatement& statement, ByteView payload, std::size_t server_takes) {
  const std::size_t most_of_one = server_takes * 2;
  const std::size_t most_of_all = std::max(kMostLongData, most_of_one);
  const bool too_much_of_one = statement.long_data.size() + payload.size() > most_of_one;
  if (too_much_of_one || long_data_ + payload.size() > most_of_all) {
    const bool too_much_for_server = bytes_for_parameter(statement.long_data, payload) > server_takes;
    drop_long_data(statement);
    statement.long_data_refused = too_much_for_server ? kTooMuchForServer
                                  : too_much_of_one   ? kept_at_most(most_of_one, "for a statement")
                                                      : kept_at_most(most_of_all, "for all statements of a session");
    return;
  }
  const std::size_t before = statement.long_data.size();
  append_le(statement.long_data, payload.size(), kPieceLength);
  statement.long_data += payload;
  long_data_ += statement.long_data.size() - before;
}

void PreparedStatements::drop_long_data(PreparedStatement& statement) {
  long_data_ -= statement.long_data.size();
  statement.long_data = std::string();
  statement.long_data_refused = std::string();
}

bool PreparedStatements::any_cursor() const {
  return std::any_of(statements_.begin(), statements_.end(),
                     [](const auto& each) { return each.second.cursor_on != 0; });
}

void PreparedStatements::forget_cursors(policy::session::ConnectionSerial serial) {
  for (auto& [id, statement] : statements_) {
    if (statement.cursor_on == serial) statement.cursor_on = 0;
  }
}

std::string with_statement_id(ByteView payload, std::uint32_t id) {
  std::string patched(payload);
  for (std::size_t i = 0; i < 4 && 1 + i < patched.size(); ++i) patched[1 + i] = static_cast<char>(id >> (8 * i));
  return patched;
}

Kept kept_by_failure(ByteView client_payload, std::uint16_t code, ByteView message) {
  const auto names = [message](ByteView what) { return message.find(what) != ByteView::npos; };
  // What a server keeps saying of long data until the statement is reset.
  if (code == kErWrongArguments && names("mysqld_stmt_send_long_data")) return Kept::kAll;
  if (code == wire::kErUnknown && names("mysql_send_long_data()")) return Kept::kAll;
  if (is_bulk(client_payload)) {
    return code == kErUnsupportedPs || code == kErMalformedPacket ? Kept::kAll : Kept::kNothing;
  }
  return code == kErWrongArguments && names("mysqld_stmt_execute") ? Kept::kCursor : Kept::kNothing;
}

namespace {

/// Where an execution has its parameter types, or would have them.
struct TypesPlace {
  std::size_t flag = 0;  // the byte that says whether it has them
  std::size_t types = 0;
  char given = 1;  // that byte, with them
};

/// Nothing: it has no place for types, or is malformed, which the server will say.
std::optional<TypesPlace> types_place(ByteView payload, const PreparedStatement& statement) {
  if (statement.parameters == 0) return std::nullopt;
  if (is_bulk(payload)) {
    if (payload.size() < kBulkFixed) return std::nullopt;
    const std::uint64_t flags = load_le(payload, kBulkFlags, 2);
    if (flags != 0 && flags != kBulkSendsTypes) return std::nullopt;
    return TypesPlace{kBulkFlags, kBulkFixed, static_cast<char>(kBulkSendsTypes)};
  }
  const std::size_t flag = kFixed + (statement.parameters + 7U) / 8U;
  if (payload.size() <= flag) return std::nullopt;
  return TypesPlace{flag, flag + 1, 1};
}

}  // namespace

bool has_its_types(ByteView client_payload, PreparedStatement& statement, policy::session::PreparedCache::Copy& copy) {
  const std::optional<TypesPlace> place = types_place(client_payload, statement);
  if (!place) return true;
  const std::size_t size = std::size_t{2} * statement.parameters;
  if (client_payload[place->flag] == 0) return copy.types == statement.types || statement.types.size() != size;
  const bool whole = client_payload.size() >= place->types + size;
  if (whole) statement.types.assign(client_payload.substr(place->types, size));
  copy.types = whole ? statement.types : std::string();  // the server has read a part of them, or nothing
  return true;
}

namespace {

/// Bytes of a whole number of this type; 0: it is none.
std::size_t size_of_number(std::uint8_t type) {
  switch (type) {
    case 1: return 1;  // TINY
    case 2:
    case 13: return 2;  // SHORT, YEAR
    case 3:
    case 9: return 4;  // LONG, INT24
    case 8: return 8;  // LONGLONG
    default: return 0;
  }
}

/// DECIMAL, VARCHAR, NEWDECIMAL, the blobs and strings: a length and the text.
bool is_text(std::uint8_t type) { return type == 0 || type == 15 || type == 246 || (type >= 249 && type <= 254); }

}  // namespace

std::optional<std::uint64_t> number_bound(ByteView client_payload, PreparedStatement& statement) {
  const std::optional<TypesPlace> place =
      is_bulk(client_payload) ? std::nullopt : types_place(client_payload, statement);
  if (!place || statement.parameters != 1 || !statement.long_data.empty() || client_payload[kFixed] != 0) {
    return std::nullopt;
  }
  ByteView value = client_payload.substr(place->types);
  if (client_payload[place->flag] == 1) {
    if (value.size() < 2) return std::nullopt;
    statement.types.assign(value.substr(0, 2));
    value.remove_prefix(2);
  }
  if (statement.types.size() != 2 || value.empty()) return std::nullopt;
  const std::uint8_t type = byte_at(statement.types, 0);
  const std::size_t size = size_of_number(type);
  if (size > 0) {
    if (value.size() < size) return std::nullopt;
    const std::uint64_t number = load_le(value, 0, size);
    const bool negative = (byte_at(statement.types, 1) & 0x80) == 0 && (number >> (8 * size - 1)) != 0;
    return negative ? std::nullopt : std::optional(number);
  }
  if (!is_text(type) || value.size() != 1U + byte_at(value, 0)) return std::nullopt;
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(value.data() + 1, value.data() + value.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == value.data() + value.size() ? std::optional(number) : std::nullopt;
}

std::string execute_payload(ByteView client_payload, PreparedStatement& statement,
                            policy::session::PreparedCache::Copy& copy) {
  std::string payload = with_statement_id(client_payload, copy.id);
  if (has_its_types(client_payload, statement, copy)) return payload;
  const TypesPlace place = *types_place(client_payload, statement);
  payload[place.flag] = place.given;
  payload.insert(place.types, statement.types);
  copy.types = statement.types;
  return payload;
}

}  // namespace hf::service::mysql
