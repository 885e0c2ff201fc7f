// Names of users and schemas in a login: a client writes them in the character set that it asks for in the same packet.
//
// Pure. Thread: any.
// Source: MariaDB 10.11, where system names are utf8mb3 and "latin1" is cp1252 with its five gaps filled by the control
// characters.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace hf::proto::mysql {

/// In UTF-8, as the servers' tables have it. `collation`: the id in the client's packet. latin1 is converted; what is
/// no UTF-8, or beyond its three bytes, becomes '?' in the UTF-8 character sets, as with a server; names in others are
/// left as they are.
std::string name_from_client(ByteView name, std::uint16_t collation);
/// The same name in a message to that client, in its own character set.
std::string name_said_back(ByteView name, std::uint16_t collation);

}  // namespace hf::proto::mysql
