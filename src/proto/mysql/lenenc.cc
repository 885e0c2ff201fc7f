#include "proto/mysql/lenenc.h"

namespace hf::proto::mysql {

void Reader::fail() {
  ok_ = false;
  position_ = payload_.size();
}

std::uint64_t Reader::lenenc() {
  const std::uint8_t first = u8();
  switch (first) {
    case 0xFB:
    case 0xFF: fail(); return 0;
    case 0xFC: return integer(2);
    case 0xFD: return integer(3);
    case 0xFE: return integer(8);
    default: return first;
  }
}

ByteView Reader::lenenc_string() {
  const std::uint64_t size = lenenc();
  return bytes(size);
}

ByteView Reader::nul_string() {
  const std::size_t end = payload_.find('\0', position_);
  if (end == ByteView::npos) {
    fail();
    return {};
  }
  const ByteView value = payload_.substr(position_, end - position_);
  position_ = end + 1;
  return value;
}

ByteView Reader::nul_or_rest() { return payload_.find('\0', position_) == ByteView::npos ? rest() : nul_string(); }

ByteView Reader::bytes(std::uint64_t count) {
  if (count > remaining()) {
    fail();
    return {};
  }
  const ByteView value = payload_.substr(position_, static_cast<std::size_t>(count));
  position_ += static_cast<std::size_t>(count);
  return value;
}

void append_lenenc(std::string& out, std::uint64_t value) {
  if (value < 0xFB) {
    append_le(out, value, 1);
  } else if (value <= 0xFFFF) {
    out.push_back('\xFC');
    append_le(out, value, 2);
  } else if (value <= 0xFF'FFFF) {
    out.push_back('\xFD');
    append_le(out, value, 3);
  } else {
    out.push_back('\xFE');
    append_le(out, value, 8);
  }
}

void append_lenenc_string(std::string& out, ByteView value) {
  append_lenenc(out, value.size());
  out.append(value);
}

void append_nul_string(std::string& out, ByteView value) {
  out.append(value.substr(0, value.find('\0')));
  out.push_back('\0');
}

}  // namespace hf::proto::mysql
