// SPDX-License-Identifier: BSD-2-Clause
// The command line: what each command means, what is refused, and the request that comes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <sstream>
#include <stdexcept>

#include "cli/parse.h"
#include "cli/request.h"
#include "cli/safety.h"

namespace weir::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

Result<Parsed> parse_line(const std::string& line, const Environment& environment = {}) {
  return parse(words(line), environment);
}

Invocation invocation(const std::string& line, const Environment& environment = {}) {
  const auto parsed = parse_line(line, environment);
  if (!parsed) throw std::runtime_error(line + ": " + parsed.error().message);
  return std::get<Invocation>(*parsed);
}

template <typename Command>
Command command(const std::string& line, const Environment& environment = {}) {
  return std::get<Command>(invocation(line, environment).command);
}

// METHOD TARGET BODY, as it goes to the agent.
std::string request(const std::string& line) {
  const auto call = call_for(invocation(line).command);
  if (!call) return "";
  return call->method + " " + call->target + (call->body.empty() ? "" : " " + call->body);
}

std::string help(const std::string& line) { return std::get<Text>(*parse_line(line)).text; }

struct RequestCase {
  const char* line;
  const char* request;
};

TEST(CliParse, MakesOfEachCommandItsRequest) {
  constexpr RequestCase kCases[] = {
      {"status", "GET /v1/status"},
      {"stats", "GET /v1/stats"},
      {"stats --watch", "GET /v1/stats"},
      {"events", "GET /v1/events"},
      {"events --follow", "GET /v1/events?follow=1"},
      {"events --kind kick --source 2001:db8::/32 --service web",
       "GET /v1/events?kind=kick&service=web&source=2001%3Adb8%3A%3A%2F32"},
      {"stats --series", "GET /v1/series"},
      {"users", "GET /v1/users"},
      {"users --active --limit 5", "GET /v1/users?active=1&limit=5"},
      {"users 192.0.2.7", "GET /v1/users/192.0.2.7"},
      {"paths", "GET /v1/paths"},
      {"paths --by time --limit 5", "GET /v1/paths?by=time&limit=5"},
      {"requests", "GET /v1/requests"},
      {"requests --limit 100", "GET /v1/requests?limit=100"},
      {"explain 192.0.2.1", "GET /v1/explain/192.0.2.1"},
      {"explain 2001:DB8::1", "GET /v1/explain/2001:db8::1"},
      {"reload", "POST /v1/reload"},
      {"mode enforce", R"(PUT /v1/mode {"mode":"enforce"})"},
      {"attach eth0", R"(POST /v1/interfaces {"name":"eth0","attach":"auto"})"},
      {"attach eth0 --attach tc", R"(POST /v1/interfaces {"name":"eth0","attach":"tc"})"},
      {"detach eth0", "DELETE /v1/interfaces/eth0"},
      {"detach eth0@x#1", "DELETE /v1/interfaces/eth0%40x%231"},
      {"detach --all", "DELETE /v1/interfaces"},
      {"config", "GET /v1/config"},
      {"config show", "GET /v1/config"},
      {"config check /etc/x", ""},
      {"run -i eth0", ""},
      {"doctor", ""},
      {"doctor eth0", ""},
      {"limit", "GET /v1/limits"},
      {"limit list", "GET /v1/limits"},
      {"limit reset web syn", "DELETE /v1/limits/web/syn"},
      {"limit set web syn --to-much 9", R"(PATCH /v1/limits/web/syn {"toMuch":9})"},
      {"limit set web syn --too-much 9", R"(PATCH /v1/limits/web/syn {"toMuch":9})"},
      {"limit set web request --start-throttle 1 --to-much 65535 --timeout 2000ms "
       "--window sliding --delay 1m --action reply",
       R"(PATCH /v1/limits/web/request {"startThrottle":1,"toMuch":65535,"timeout":"2s",)"
       R"("window":"sliding","delay":"1m","action":"reply"})"},
      {"ban", "GET /v1/bans"},
      {"ban list", "GET /v1/bans"},
      {"ban add 192.0.2.1", R"(POST /v1/bans {"address":"192.0.2.1/32"})"},
      {"ban add 2001:db8::/32 --for 1h --reason scans --all --force",
       R"(POST /v1/bans {"address":"2001:db8::/32","for":"1h","reason":"scans","all":true,)"
       R"("force":true})"},
      {"ban remove 192.0.2.1", "DELETE /v1/bans/192.0.2.1/32"},
      {"ban remove 2001:db8::/32", "DELETE /v1/bans/2001:db8::/32"},
      {"allow", "GET /v1/allow"},
      {"allow list", "GET /v1/allow"},
      {"allow add 192.0.2.0/24 --reason office",
       R"(POST /v1/allow {"address":"192.0.2.0/24","reason":"office"})"},
      {"allow remove 192.0.2.0/24", "DELETE /v1/allow/192.0.2.0/24"},
  };
  for (const RequestCase& test : kCases) EXPECT_EQ(request(test.line), test.request) << test.line;
}

TEST(CliParse, KeepsOptionsThatDoNotTravel) {
  EXPECT_TRUE(command<ShowStats>("stats --watch").watch);
  EXPECT_FALSE(command<ShowStats>("stats").watch);
  EXPECT_TRUE(command<ShowEvents>("events -f").follow);
  EXPECT_EQ(command<CheckConfig>("config check /etc/x").file, "/etc/x");
}

TEST(CliParse, TakesAReasonOfSeveralWordsAndOddBytes) {
  const auto parsed = parse({"ban", "add", "192.0.2.1", "--reason", "list \"\xff\""}, {});
  ASSERT_TRUE(parsed);
  const auto call = call_for(std::get<Invocation>(*parsed).command);
  EXPECT_THAT(call->body, HasSubstr("\"reason\":\"list \\\"\xef\xbf\xbd\\\"\""));
}

TEST(CliParse, ReadsTheOptionsOfRun) {
  const auto options = command<RunAgent>(
                           "run -i eth0 -i eth1 -c /c --mode enforce --attach native "
                           "--state-dir /s --pin-dir /p --socket /k --web [::1]:80")
                           .options;
  EXPECT_THAT(options.interfaces, ElementsAre("eth0", "eth1"));
  EXPECT_EQ(options.config, "/c");
  EXPECT_EQ(options.mode, WEIR_MODE_ENFORCE);
  EXPECT_EQ(options.attach, Attach::kNative);
  EXPECT_EQ(options.state_dir, "/s");
  EXPECT_EQ(options.pin_dir, "/p");
  EXPECT_EQ(options.socket, "/k");
  EXPECT_EQ(options.web, "[::1]:80");
}

TEST(CliParse, RunsWithoutOptionsOnTheDefaults) {
  const auto options = command<RunAgent>("run").options;
  EXPECT_THAT(options.interfaces, IsEmpty());
  EXPECT_EQ(options.config, "");
  EXPECT_EQ(options.mode, std::nullopt);
  EXPECT_EQ(options.attach, Attach::kAuto);
  EXPECT_EQ(options.state_dir, kDefaultState);
  EXPECT_EQ(options.pin_dir, kDefaultPins);
  EXPECT_EQ(options.socket, kDefaultSocket);
  EXPECT_EQ(options.web, std::nullopt);
}

TEST(CliParse, TakesTheEnvironmentUnlessToldOtherwise) {
  const Environment environment{"/env.sock", "/env.toml"};
  EXPECT_EQ(invocation("status").socket, kDefaultSocket);
  EXPECT_EQ(invocation("status", environment).socket, "/env.sock");
  EXPECT_EQ(invocation("status --socket /s", environment).socket, "/s");
  EXPECT_EQ(command<RunAgent>("run", environment).options.socket, "/env.sock");
  EXPECT_EQ(command<RunAgent>("run", environment).options.config, "/env.toml");
  EXPECT_EQ(command<RunAgent>("run -c /c", environment).options.config, "/c");
  EXPECT_EQ(command<CheckConfig>("config check").file, kDefaultConfig);
  EXPECT_EQ(command<CheckConfig>("config check", environment).file, "/env.toml");
}

TEST(CliParse, TakesCommonOptionsBeforeAndAfterTheCommand) {
  for (const char* line : {"--json status", "status --json", "--json ban list", "ban --json list",
                           "ban list --json", "ban --json", "explain --json 192.0.2.1",
                           "--json explain 192.0.2.1", "stats --json --watch"}) {
    EXPECT_TRUE(invocation(line).json) << line;
  }
  EXPECT_FALSE(invocation("status").json);
  EXPECT_EQ(invocation("--socket /s --pin-dir /p detach --all").socket, "/s");
  EXPECT_EQ(invocation("detach --all --pin-dir /p").pin_dir, "/p");
}

TEST(CliParse, AnswersHelpEverywhereAndVersion) {
  EXPECT_EQ(help("--version"), "weir " WEIR_VERSION "\n");
  EXPECT_THAT(help("--help"), AllOf(HasSubstr("Examples:"), HasSubstr("explain")));
  EXPECT_EQ(help("help"), help("-h"));
  for (const char* name :
       {"run",        "attach",    "detach",      "status",       "mode",         "limit",
        "limit list", "limit set", "limit reset", "ban",          "ban add",      "ban list",
        "ban remove", "allow",     "allow add",   "allow list",   "allow remove", "stats",
        "events",     "explain",   "config",      "config check", "config show",  "reload"}) {
    const std::string text = help(std::string(name) + " --help");
    EXPECT_THAT(text, AllOf(HasSubstr(std::string("weir ") + name), HasSubstr("--socket")));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  }
  EXPECT_THAT(help("limit set --help"), HasSubstr("--to-much"));
}

struct ErrorCase {
  const char* line;
  const char* message;
  const char* hint;
};

TEST(CliParse, SaysWhatIsWrongAndWhatWouldBeRight) {
  constexpr ErrorCase kCases[] = {
      {"", "no command given", "weir --help"},
      {"statu", "unknown command 'statu'", "did you mean 'weir status'?"},
      {"--json evnets", "unknown command 'evnets'", "did you mean 'weir events'?"},
      {"tap", "unknown command 'tap'", ""},
      {"frobnicate --x", "unknown command 'frobnicate'", "weir --help"},
      {"ban lst", "unknown command 'ban lst'", "did you mean 'weir ban list'?"},
      {"ban 192.0.2.1", "unknown command 'ban 192.0.2.1'", "'weir ban add 192.0.2.1'?"},
      {"ban bury x", "unknown command 'ban bury'", ""},
      {"ban import", "FILE", ""},
      {"mode enforce --confirm 2h", "--confirm '2h'", "1h"},
      {"status --jsn", "unknown option '--jsn'", "did you mean '--json'?"},
      {"ban add 192.0.2.1 --fro=1h", "unknown option '--fro'", "did you mean '--for'?"},
      {"status now", "unexpected argument 'now'", "weir status --help"},
      {"status stats", "unexpected argument 'stats'", ""},
      {"attach", "IFACE is required", "weir attach --help"},
      {"attach a/b", "interface 'a/b'", "1 to 15"},
      {"attach sixteenletters-x", "interface", "1 to 15"},
      {"attach eth0 --attach fast", "--attach 'fast'", "auto, native, generic or tc"},
      {"detach", "an interface or --all", "weir status"},
      {"detach eth0 --all", "an interface or --all", ""},
      {"mode", "MODE is required", ""},
      {"mode of", "mode 'of'", "observe or enforce"},
      {"run --mode of", "mode 'of'", "observe or enforce"},
      {"run -i a/b", "interface 'a/b'", ""},
      {"run --web web", "listen address 'web'", "127.0.0.1:8080"},
      {"run --web 80x", "listen address '80x'", "127.0.0.1:8080"},
      {"run --web 99999", "listen address", "127.0.0.1:8080"},
      {"users --limit 1001", "--limit '1001'", "1 to 1000"},
      {"paths --by size", "--by 'size'", "count or time"},
      {"paths --limit 1001", "--limit '1001'", "1 to 1000"},
      {"requests --limit 101", "--limit '101'", "1 to 100"},
      {"users 192.0.2.7 --active", "not with an address", ""},
      {"events --source me", "me", ""},
      {"run eth0", "unexpected argument 'eth0'", ""},
      {"explain 192.0.2", "192.0.2", ""},
      {"explain 192.0.2.0/24", "192.0.2.0/24", ""},
      {"ban add", "ADDR is required", ""},
      {"ban add 192.0.2.1/24", "host bits", "192.0.2.0/24"},
      {"ban add 192.0.2.1 --for 5", "--for", "s, m, h"},
      {"ban add 192.0.2.1 --for", "--for", ""},
      {"ban remove x", "x", ""},
      {"allow add 300.1.1.1", "300.1.1.1", ""},
      {"limit set web", "EVENT is required", ""},
      {"limit set web syn", "nothing to change", "weir limit set --help"},
      {"limit set web sin --to-much 1", "event 'sin'", "syn, request or media"},
      {"limit set a/b syn --to-much 1", "service 'a/b'", "weir limit list"},
      {"limit set web syn --to-much 0", "--to-much '0'", "from 1 to 65535"},
      {"limit set web syn --to-much 65536", "--to-much '65536'", "from 1 to 65535"},
      {"limit set web syn --to-much 1x", "--to-much '1x'", ""},
      {"limit set web syn --start-throttle=-1", "--start-throttle '-1'", "from 1 to"},
      {"limit set web syn --timeout 2", "--timeout", "s, m, h"},
      {"limit set web syn --timeout 8d", "--timeout '8d'", "7d"},
      {"limit set web syn --delay 61s", "--delay '61s'", "1m"},
      {"limit set web syn --window sling", "--window 'sling'", "burst or sliding"},
      {"limit set web syn --action deferred", "--action 'deferred'", "challenge"},
  };
  for (const ErrorCase& test : kCases) {
    const auto parsed = parse_line(test.line);
    ASSERT_FALSE(parsed) << test.line;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid) << test.line;
    EXPECT_THAT(parsed.error().message, AllOf(HasSubstr(test.message), Not(HasSubstr("\n"))));
    EXPECT_THAT(parsed.error().hint, AllOf(HasSubstr(test.hint), Not(HasSubstr("\n"))))
        << test.line;
  }
}

TEST(CliParse, TheDoctorTakesAnInterfaceOrFindsOut) {
  EXPECT_EQ(command<RunDoctor>("doctor").interface, "");
  EXPECT_EQ(command<RunDoctor>("doctor eth0").interface, "eth0");
  EXPECT_EQ(command<RunDoctor>("doctor").config, kDefaultConfig);
  EXPECT_EQ(command<RunDoctor>("doctor", {"", "/x.toml"}).config, "/x.toml");
  EXPECT_FALSE(parse_line("doctor a/b"));
  EXPECT_FALSE(parse_line("doctor eth0 eth1"));
}

TEST(CliParse, RefusesEmptyPaths) {
  for (const char* option : {"--socket", "--pin-dir"}) {
    const auto parsed = parse({"status", option, ""}, {});
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message, std::string(option) + " is empty");
  }
}

TEST(CliParse, TakesAServiceNamedLikeACommand) {
  EXPECT_EQ(request("limit reset stats syn"), "DELETE /v1/limits/stats/syn");
  EXPECT_EQ(request("limit reset list syn"), "DELETE /v1/limits/list/syn");
}

AddBan ban(const std::string& line) { return command<AddBan>("ban add " + line); }

TEST(CliSafety, ReadsTheAddressThatAShellComesFrom) {
  EXPECT_EQ(ssh_peer("192.0.2.5 50000 192.0.2.1 22"), Address::parse("192.0.2.5").value());
  EXPECT_EQ(ssh_peer("fe80::5%eth0 50000 fe80::1%eth0 22"), Address::parse("fe80::5").value());
  EXPECT_EQ(ssh_peer(""), std::nullopt);
  EXPECT_EQ(ssh_peer("UNKNOWN 0"), std::nullopt);
}

TEST(CliSafety, RefusesToBanTheOperatorOrEverybody) {
  const auto me = ssh_peer("192.0.2.5 50000 192.0.2.1 22");
  for (const char* line :
       {"192.0.2.5", "192.0.2.0/24", "0.0.0.0/0", "::/0", "192.0.2.5 --for 1s"}) {
    const auto safe = check_ban(ban(line), me);
    ASSERT_FALSE(safe) << line;
    EXPECT_EQ(safe.error().code, ErrorCode::kRefused);
    EXPECT_THAT(safe.error().hint, HasSubstr("--force"));
    EXPECT_TRUE(check_ban(ban(std::string(line) + " --force"), me)) << line;
  }
  EXPECT_FALSE(check_ban(ban("::/0"), std::nullopt));
  EXPECT_TRUE(check_ban(ban("192.0.2.6"), me));
  EXPECT_TRUE(check_ban(ban("198.51.100.0/24"), me));
  EXPECT_TRUE(check_ban(ban("192.0.2.5"), std::nullopt));
}

}  // namespace
}  // namespace weir::cli
