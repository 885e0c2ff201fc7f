#include "notify/smtp_dialogue.h"

#include "notify/one_line.h"

namespace hf::notify {
namespace {

constexpr std::size_t kMostQuoted = 200;

Error broken(std::string why) { return Error{ErrorCode::kProtocol, "the mail server's answer " + std::move(why)}; }

Error refusal(int code, const std::string& text) {
  return Error{code >= 500 ? ErrorCode::kAccessDenied : ErrorCode::kOverload,
               "the mail server answered " + std::to_string(code) + " " + one_line(text, kMostQuoted)};
}

struct ReplyLine {
  int code = 0;
  bool last = true;
  std::string text;
};

Result<ReplyLine> parse(std::string_view line) {
  const auto digit = [line](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
  if (line.size() < 3 || !digit(0) || !digit(1) || !digit(2)) return broken("does not begin with a code");
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return broken("has no blank after its code");
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (code < 200 || code > 599) return broken("has the code " + std::to_string(code));
  return ReplyLine{code, line.size() == 3 || line[3] == ' ', std::string(line.substr(line.size() > 3 ? 4 : 3))};
}

}  // namespace

Result<std::string> SmtpDialogue::receive(ByteView bytes) {
  input_.append(bytes);
  std::string out;
  std::size_t end = 0;
  while (!done() && (end = input_.find('\n')) != std::string::npos) {
    if (end > kLongestReplyLine) return broken("has a line that is too long");
    reply_bytes_ += end + 1;
    if (reply_bytes_ > kMostReplyBytes) return broken("does not end");
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    const Result<ReplyLine> parsed = parse(line);
    if (!parsed.ok()) return parsed.error();
    if (!parsed->last) continue;
    reply_bytes_ = 0;
    // Whatever else has come already is no reply to what we are about to ask.
    input_.clear();
    return reply(parsed->code, parsed->text);
  }
  if (input_.size() > kLongestReplyLine) return broken("has a line that is too long");
  return out;
}

Result<std::string> SmtpDialogue::reply(int code, const std::string& text) {
  const bool positive = code >= 200 && code < 300;
  if (state_ == State::kEhlo && code >= 500) {  // RFC 5321 3.2: a server that only knows HELO
    state_ = State::kHelo;
    return "HELO " + letter_.greeting + "\r\n";
  }
  if (state_ == State::kRcpt) return recipient_reply(code, text);
  if (state_ == State::kData ? code != 354 : !positive) return refusal(code, text);
  switch (state_) {
    case State::kBanner: state_ = State::kEhlo; return "EHLO " + letter_.greeting + "\r\n";
    case State::kEhlo:
    case State::kHelo: state_ = State::kMail; return "MAIL FROM:<" + letter_.from + ">\r\n";
    case State::kMail: state_ = State::kRcpt; return next_recipient();
    case State::kData: state_ = State::kText; return dot_stuffed(letter_.text);
    case State::kText: state_ = State::kDone; return std::string("QUIT\r\n");
    case State::kRcpt:
    case State::kDone: break;
  }
  return std::string{};
}

std::string SmtpDialogue::next_recipient() {
  if (recipient_ < letter_.to.size()) return "RCPT TO:<" + letter_.to[recipient_] + ">\r\n";
  state_ = State::kData;
  return "DATA\r\n";
}

/// One who cannot be written to does not keep the others from hearing.
Result<std::string> SmtpDialogue::recipient_reply(int code, const std::string& text) {
  const bool accepted = code >= 200 && code < 300;
  if (accepted) {
    ++accepted_;
  } else {
    refused_ += (refused_.empty() ? "" : "; ") + letter_.to[recipient_] + ": " + std::to_string(code) + " " +
                one_line(text, kMostQuoted);
  }
  ++recipient_;
  if (recipient_ >= letter_.to.size() && accepted_ == 0) return refusal(code, text);
  return next_recipient();
}

std::string dot_stuffed(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool line_begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (line_begins && text[i] == '.') out += '.';
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
    line_begins = text[i] == '\n';
  }
  if (!line_begins && !out.empty()) out += "\r\n";
  return out + ".\r\n";
}

}  // namespace hf::notify
