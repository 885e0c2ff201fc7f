#include "app/log.h"

#include <atomic>

#include "base/assert.h"

namespace hf::app {

namespace {

constexpr Nanos kSayPatience = 1s;
// a broken invariant is told of from anywhere, by a function without arguments of ours
std::atomic<LogWriter*> last_words{nullptr};

config::LogLevel level_of(const Event& event) {
  switch (event.type->level) {
    case EventLevel::kInfo: return config::LogLevel::kInfo;
    case EventLevel::kWarning: return config::LogLevel::kWarning;
    case EventLevel::kError: break;
  }
  return config::LogLevel::kError;
}

void tell_bug(const char* line) {
  LogWriter* writer = last_words.load();
  if (writer != nullptr) writer->push(line);
}

/// What is queued is what led to it: it is written first. Then, whatever became of that, to standard error, where
/// whoever started the program looks.
void tell_end(const char* line) {
  LogWriter* writer = last_words.exchange(nullptr);
  if (writer != nullptr && writer->push_last(line, kSayPatience)) return;
  say(line);
}

}  // namespace

Log::Log() : Log(LogWriter::Settings{}) {}

Log::Log(LogWriter::Settings settings) : writer_(settings) {
  last_words = &writer_;
  set_last_words({tell_bug, tell_end});
}

Log::~Log() {
  set_last_words({});
  last_words = nullptr;
}

Result<void> Log::open(const config::Log& settings, Nanos patience) {
  settings_ = settings;
  return writer_.open(settings.file, patience);
}

void Log::ask(const config::Log& settings) {
  settings_ = settings;
  writer_.ask(settings.file);
}

void Log::write(const Event& event) {
  if (level_of(event) < settings_.level) return;
  writer_.push(settings_.format == config::LogFormat::kJson ? render_json(event) : render_text(event));
}

void say(const std::string& line) { write_within(2, line + "\n", kSayPatience); }

void say_last_words() {
  set_last_words({.survived = [](const char* line) { write_within(2, std::string(line) + "\n", Nanos::zero()); },
                  .dying = [](const char* line) { say(line); }});
}

}  // namespace hf::app
