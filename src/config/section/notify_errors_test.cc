// Bad [[notify]] and the exact words that an operator gets for them. The words are part of the interface.
#include <gtest/gtest.h>

#include <string>

#include "base/events.h"
#include "config/section/vip_file_fake.h"

// clang-format off: tables read better in columns

namespace hf::config::section {
namespace {

using file::FakeMachine;
using Case = BadFileCase;

class BadNotify : public testing::TestWithParam<Case> {};

TEST_P(BadNotify, IsToldExactly) { EXPECT_EQ(complaints(GetParam().text), GetParam().expected + "\n") << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(Receivers, BadNotify, testing::Values(
    Case{vip("", R"([[notify]]
vips = ["db"]
)"),
         R"(hf.toml:7:1: fifo or socket or smtp or webhook or webhook_file or webhook_env or command is missing, [[notify]] needs one of them, add fifo = "/run/holdfast/vip.fifo")"},
    Case{vip("", R"([[notify]]
fifo = "/a"
vips = ["da"]
)"),
         R"(hf.toml:9:8: vips holds "da", there is no [[vip]] of this name, did you mean "db"?)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
vips = ["other"]
)"),
         R"(hf.toml:9:8: vips holds "other", there is no [[vip]] of this name, correct the name or leave it out)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
vips = ["a b"]
)"),
         R"(hf.toml:9:9: vips holds "a b", a name has at most 64 letters, digits, dots, dashes and underscores, write for example vips = ["db"])"},
    Case{vip("", R"([[notify]]
fifo = "/a"
socket = "/b"
)"),
         R"(hf.toml:9:1: socket besides fifo, [[notify]] takes one of fifo or socket or smtp or webhook or webhook_file or webhook_env or command, remove one of them)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
from = "a@b"
)"),
         R"(hf.toml:9:8: from besides fifo, only smtp has it, remove it)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
token_env = "REPORT_PASSWORD"
)"),
         R"(hf.toml:9:13: token_env besides fifo, only webhook has it, remove it)"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1:25"
to = ["a@b"]
)"),
         R"(hf.toml:7:1: from is missing, a mail has a sender, add from = "holdfast@example.org")"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1:25"
from = "a@b"
)"),
         R"(hf.toml:7:1: to is missing, nobody would get the mail, add to = ["ops@example.org"])"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1:25"
from = "a@b"
to = []
)"),
         R"(hf.toml:10:6: to is missing, nobody would get the mail, add to = ["ops@example.org"])"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1:25"
from = "a@b"
to = ["<a@b>"]
)"),
         R"(hf.toml:10:6: to is "<a@b>", it is not a mail address, write name@domain alone, without <> and blanks)"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1:25"
from = "a b@c"
to = ["a@b"]
)"),
         R"(hf.toml:9:8: from is "a b@c", it is not a mail address, write name@domain alone, without <> and blanks)"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1"
from = "a@c"
to = ["a@b"]
)"),
         R"(hf.toml:8:8: smtp = "127.0.0.1", the port is missing, write for example smtp = "127.0.0.1:25")"},
    Case{vip("", R"([[notify]]
smtp = "127.0.0.1:25"
from = "a@b"
to = "a@b"
)"),
         R"(hf.toml:10:6: to = "a@b", a list is expected, write for example to = ["ops@example.org"])"},
    Case{vip("", R"([[notify]]
webhook = "https://a/b"
)"),
         R"(hf.toml:8:11: webhook = "https://a/b", only http:// is spoken here, without TLS, write for example webhook = "http://127.0.0.1:8080/vip")"},
    Case{vip("", R"([[notify]]
webhook = "a/b"
)"),
         R"(hf.toml:8:11: webhook = "a/b", a URL begins with http://, write for example webhook = "http://127.0.0.1:8080/vip")"},
    Case{vip("", R"([[notify]]
webhook = "http://u:p@a/b"
)"),
         R"(hf.toml:8:11: webhook = a URL with an @, a login in a URL would be in the clear, write for example webhook = "http://127.0.0.1:8080/vip")"},
    Case{vip("", R"([[notify]]
webhook = "http://a b/"
)"),
         R"(hf.toml:8:11: webhook = "http://a b/", a URL holds no blank, no # and no letter beyond ASCII, write for example webhook = "http://127.0.0.1:8080/vip")"},
    Case{vip("", R"([[notify]]
webhook = "http://a:0/"
)"),
         R"(hf.toml:8:11: webhook = "http://a:0/", nobody listens at port 0, write for example webhook = "http://127.0.0.1:8080/vip")"},
    Case{vip("", R"([[notify]]
webhook = "http://:80/"
)"),
         R"(hf.toml:8:11: webhook = "http://:80/", the host is missing, write for example webhook = "http://127.0.0.1:8080/vip")"},
    Case{vip("", R"([[notify]]
webhook = "http://a/b?token=x"
)"),
         R"(hf.toml:8:11: webhook = "http://a/b", what stands behind its ? may be a secret, and secrets come from a file or from the environment, use webhook_file or webhook_env)"},
    Case{vip("", R"([[notify]]
webhook_env = "REPORT_PASSWORD"
)"),
         R"(hf.toml:8:15: webhook_env gives no URL that can be used, a URL begins with http://, write there for example http://127.0.0.1:8080/vip)"},
    Case{vip("", R"([[notify]]
webhook = "http://a/"
webhook_env = "REPORT_PASSWORD"
)"),
         R"(hf.toml:9:1: webhook_env besides webhook, [[notify]] takes one of fifo or socket or smtp or webhook or webhook_file or webhook_env or command, remove one of them
hf.toml:9:15: webhook_env gives no URL that can be used, a URL begins with http://, write there for example http://127.0.0.1:8080/vip)"},
    Case{vip("", R"([[notify]]
webhook = "http://a/"
token = "x"
)"),
         R"(hf.toml:9:1: token is in the clear, secrets come from a file or from the environment, use token_file or token_env)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
[[notify]]
fifo = "/a"
)"),
         R"(warning: hf.toml:10:8: fifo is there twice, the first one is at line 8, it would be told of everything twice, make one of them with the vips of both)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
retries = 101
)"),
         R"(hf.toml:9:11: retries = 101, the range is 0 to 100, write for example retries = 3)"},
    Case{R"([[notify]]
fifo = "/a"
[[service]]
name = "web"
protocol = "tcp"
listen = "127.0.0.1:8080"
server = [{ address = "10.0.0.1:80" }]
)",
         R"(warning: hf.toml:1:1: [[notify]] without a [[vip]], nothing ever happens that it tells, add events or level, or a [[vip]], or remove it)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
events = ["HF-2002", "2003"]
)"),
         R"(hf.toml:9:10: events holds "2003", an event is HF- and four digits, x for any, write for example events = ["HF-2002", "HF-6xxx"])"},
    Case{vip("", R"([[notify]]
fifo = "/a"
level = "fatal"
)"),
         R"(hf.toml:9:9: level = "fatal", the choice is info, warning, error, write for example level = "error")"},
    Case{vip("", R"([[notify]]
fifo = "/a"
level = "error"
vips = ["db"]
)"),
         R"(hf.toml:10:8: vips besides events or level, it chooses among the changes of VIPs, and of those it is not told then, remove it, or make two [[notify]] of them)"},
    Case{vip("", R"([[notify]]
fifo = "/a"
user = "ops"
)"),
         R"(hf.toml:9:8: user besides fifo, only command has it, remove it)"},
    Case{vip("", R"([[notify]]
command = "notify.sh"
)"),
         R"(hf.toml:8:11: command = "notify.sh", a program is named by its whole path, write it from the / on)"},
    Case{vip("", R"([[notify]]
name = "ops"
fifo = "/a"
[[notify]]
name = "ops"
fifo = "/b"
)"),
         R"(hf.toml:11:8: notify "ops" is there twice, the first one is at line 8, give each a name of its own)"}));

TEST(BadNotifies, AnEventThatThereIsNotIsToldWhereTheProgramSaysWhichThereAre) {
  FakeMachine machine;
  LoadContext context = machine.context();
  const auto complaints_of = [&](const std::string& events) {
    return to_string(load_text(vip("", "[[notify]]\nfifo = \"/a\"\nevents = [" + events + "]\n"), "hf.toml", context));
  };
  EXPECT_EQ(complaints_of(R"("HF-2002")"), "") << "nobody says which there are";
  context.events = events::kAll;
  EXPECT_EQ(complaints_of(R"("HF-4006", "HF-4xxx", "HF-xxxx")"), "");
  EXPECT_EQ(complaints_of(R"("HF-4006", "HF-9xxx")"),
            "hf.toml:9:10: events holds \"HF-9xxx\", there is no such event, take one of holdfast check --print-events\n");
}

TEST(BadNotifies, NoSecretIsQuoted) {
  for (const char* url : {"http://u:hunter2@a/", "https://a/?token=hunter2", "http://a b/?token=hunter2", "http://a/?token=hunter2"}) {
    const std::string told = complaints(vip("", std::string("[[notify]]\nwebhook = \"") + url + "\"\n"));
    EXPECT_NE(told, "");
    EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
  }
  FakeMachine machine;
  for (const char* url : {"http://u:hunter2@a/", "https://a/hunter2", "http://a b/hunter2", "http://a:hunter2/", "http://[hunter2]/", "hunter2"}) {
    machine.environment["HOOK"] = url;
    const std::string told = to_string(load_text(vip("", "[[notify]]\nwebhook_env = \"HOOK\"\n[[notify]]\nwebhook_env = \"HOOK\"\n"), "hf.toml", machine.context()));
    EXPECT_NE(told, "");
    EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
  }
}

}  // namespace
}  // namespace hf::config::section
