// SmtpDialogue: one letter to one mail server (RFC 5321), from its banner to QUIT. Pure: bytes in, bytes out.
//
//   banner ─220► EHLO ─250► MAIL ─250► RCPT … ─250► DATA ─354► text ─250► done (QUIT is sent, its reply not awaited)
//                  └─5xx► HELO ─250► MAIL
//
// Owner: a delivery. Thread: any.
// Invariants:
//   1. Nothing is written before the server's reply to what was written before it.
//   2. A reply is at most kMostReplyBytes in lines of at most kLongestReplyLine; all else is kProtocol.
//   3. The server's words appear in errors bounded and on one line.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "notify/mail.h"

namespace hf::notify {

class SmtpDialogue {
 public:
  static constexpr std::size_t kLongestReplyLine = 2048;  // RFC 5321 4.5.3.1.5 has 512; servers exceed it
  static constexpr std::size_t kMostReplyBytes = 32 * 1024;

  explicit SmtpDialogue(Letter letter) : letter_(std::move(letter)) {}

  /// Takes what the server sent; gives what is to be sent now, nothing while a reply is not complete. kProtocol: not
  /// SMTP; kAccessDenied: refused for good (5xx); kOverload: refused for now (4xx).
  Result<std::string> receive(ByteView bytes);

  /// The server has taken the letter.
  bool done() const { return state_ == State::kDone; }
  /// Of a letter that was taken: who did not get it and why; empty: all did.
  const std::string& refused() const { return refused_; }

 private:
  enum class State : std::uint8_t { kBanner, kEhlo, kHelo, kMail, kRcpt, kData, kText, kDone };

  Result<std::string> reply(int code, const std::string& text);
  std::string next_recipient();
  Result<std::string> recipient_reply(int code, const std::string& text);

  Letter letter_;
  State state_ = State::kBanner;
  std::string input_;
  std::size_t reply_bytes_ = 0;
  std::size_t recipient_ = 0;  // the one asked about
  std::size_t accepted_ = 0;
  std::string refused_;
};

/// Lines that begin with a dot get a second one; the text ends with CRLF, a dot, CRLF (RFC 5321 4.5.2).
std::string dot_stuffed(std::string_view text);

}  // namespace hf::notify
