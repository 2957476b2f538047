// SPDX-License-Identifier: BSD-2-Clause
// What a configuration file must not say, and how the mistake is told: place, reason, remedy.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config_file.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Mistake {
  std::string text;
  const char* message;  // its beginning
  const char* hint = "";
};

void expect_refused(const std::vector<Mistake>& mistakes) {
  for (const auto& [text, message, hint] : mistakes) {
    const auto loaded = parse_settings(text, "weir.toml");
    ASSERT_FALSE(loaded) << text;
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalid) << text;
    EXPECT_THAT(loaded.error().message, testing::StartsWith(message)) << text;
    EXPECT_THAT(loaded.error().hint, HasSubstr(hint)) << text;
    EXPECT_THAT(loaded.error().message, Not(HasSubstr("\n"))) << text;
  }
}

TEST(ConfigMistake, InTheGrammarHasItsPlace) {
  expect_refused({
      {"mode", "weir.toml:1:"},
      {"mode = \"observe\"\nprefix4 = \n", "weir.toml:2:"},
      {"mode = \"observe\"\nmode = \"enforce\"\n", "weir.toml:2:"},
      {"a = \"x\ny\"\n", "weir.toml:1:"},
      {"[services.web\n", "weir.toml:1:"},
      {std::string("mode = \"\0\"\n", 11), "weir.toml:1:"},
      {"mode = \"\xff\xfe\"\n", "weir.toml:1:"},
      {"ports = " + std::string(5000, '[') + "\n", "weir.toml:1:"},
  });
}

TEST(ConfigMistake, UnknownKeyHasItsPlaceAndAGuess) {
  const std::string web = "[services.web]\nports = [80]\n";
  expect_refused({
      {"mod = \"observe\"\n", "weir.toml:1:1: unknown key \"mod\"; did you mean mode?"},
      {"\n  interface = [\"eth0\"]\n",
       "weir.toml:2:3: unknown key \"interface\"; did you mean interfaces?"},
      {"timewindow = \"10m\"\n",
       "weir.toml:1:1: unknown key \"timewindow\"; did you mean timeWindow?"},
      {"zzz = 1\n", "weir.toml:1:1: unknown key \"zzz\"", "known here: mode, prefix4"},
      {"[service.web]\nports = [80]\n",
       "weir.toml:1:2: unknown key \"service\"; did you mean services?"},
      {web + "port = [80]\n",
       "weir.toml:3:1: unknown key \"port\" in services.web; did you mean ports?"},
      {web + "[services.web.sny]\nstartThrottle = 1\ntoMuch = 2\n",
       "weir.toml:3:15: unknown key \"sny\" in services.web; did you mean syn?"},
      {web + "[services.web.handshake]\n",
       "weir.toml:3:15: unknown key \"handshake\" in services.web"},
      {syn_limit("startThrottle = 1\ntomuch = 2"),
       "weir.toml:5:15: services.web.syn: toMuch is missing"},
      {syn_limit("startThrottle = 1\ntoMuch = 2\ntimout = \"2s\""),
       "weir.toml:8:1: unknown key \"timout\" in services.web.syn; did you mean timeout?"},
      {syn_limit("startThrottle = 1\ntoMuch = 2\nservices = 1"),
       "weir.toml:8:1: unknown key \"services\" in services.web.syn"},
      {web + "[services.web.ban]\nafterwards = 1\n",
       "weir.toml:4:1: unknown key \"afterwards\" in services.web.ban"},
      {web + "[[services.web.paths]]\nprefix = \"/\"\nstartThrottle = 1\ntoMuch = 2\n"
             "timeout = \"1m\"\nbann = \"1h\"\n",
       "weir.toml:8:1: unknown key \"bann\" in services.web.paths.0; did you mean ban?"},
      {"\"m\\nd\" = 1\n", "weir.toml:1:1: unknown key \"m?d\""},
  });
}

TEST(ConfigMistake, NearestToTheStartOfTheFileIsTold) {
  expect_refused({{"prefix6 = 64\nzzz = 1\nmode = \"x\"\nprefix4 = \"y\"\n", "weir.toml:2:1:"},
                  {"prefix6 = 0\nprefix4 = 0\n", "weir.toml:1:11:"}});
}

TEST(ConfigMistake, OfTypeNamesBothTypes) {
  const std::string web = "[services.web]\nports = [80]\n";
  expect_refused({
      {"mode = 1\n",
       "weir.toml:1:8: mode must be observe or enforce in quotes, not a whole number"},
      {"prefix4 = \"24\"\n", "weir.toml:1:11: prefix4 must be a whole number, not a string"},
      {"prefix6 = 64.0\n",
       "weir.toml:1:11: prefix6 must be a whole number, not a number with a fraction"},
      {"timeWindow = 600\n",
       "weir.toml:1:14: timeWindow must be a duration in quotes, such as \"2s\", not a whole "
       "number"},
      {"interfaces = \"eth0\"\n",
       "weir.toml:1:14: interfaces must be an array of names, not a string"},
      {"interfaces = [\"eth0\", 1]\n",
       "weir.toml:1:23: interfaces.1 must be a name, not a whole number"},
      {"allow = \"192.0.2.1\"\n",
       "weir.toml:1:9: allow must be an array of networks, not a string"},
      {"allow = [true]\n", "weir.toml:1:10: allow.0 must be a network, not true or false"},
      {"services = 1\n", "weir.toml:1:1: services must be a table, not a whole number"},
      {"[services]\nweb = [80]\n", "weir.toml:2:1: services.web must be a table, not an array"},
      {"[services.web]\nports = 80\n",
       "weir.toml:2:9: services.web.ports must be an array of whole numbers, not a whole number"},
      {"[services.web]\nports = [\"80\"]\n",
       "weir.toml:2:10: services.web.ports.0 must be a whole number, not a string"},
      {web + "syn = 1\n", "weir.toml:3:1: services.web.syn must be a table, not a whole number"},
      {web + "ban = 2026-11-21\n",
       "weir.toml:3:1: services.web.ban must be a table, not a date or time"},
      {web + "[services.web.paths]\n",
       "weir.toml:3:1: services.web.paths must be an array of tables, not a table"},
      {web + "paths = [1]\n",
       "weir.toml:3:10: services.web.paths.0 must be a table, not a whole number"},
      {syn_limit("startThrottle = 1\ntoMuch = \"2\""),
       "weir.toml:7:10: services.web.syn.toMuch must be a whole number, not a string"},
      {syn_limit("startThrottle = 1\ntoMuch = 2\ntimeout = 2"),
       "weir.toml:8:11: services.web.syn.timeout must be a duration in quotes"},
      {syn_limit("startThrottle = 1\ntoMuch = 2\ntimeoutMs = \"2s\""),
       "weir.toml:8:13: services.web.syn.timeoutMs must be a whole number of milliseconds"},
  });
}

TEST(ConfigMistake, InALimitHasItsPlace) {
  const std::string ok = "startThrottle = 1\ntoMuch = 2\n";
  expect_refused({
      {syn_limit("toMuch = 2"), "weir.toml:5:15: services.web.syn: startThrottle is missing"},
      {syn_limit("startThrottle = 2"), "weir.toml:5:15: services.web.syn: toMuch is missing"},
      {syn_limit("startThrottle = 0\ntoMuch = 2"),
       "weir.toml:6:17: limit web syn: startThrottle must be at least 1"},
      {syn_limit("startThrottle = 1\ntoMuch = 0"),
       "weir.toml:7:10: limit web syn: toMuch must be at least 1"},
      {syn_limit("startThrottle = 1\ntoMuch = -3"),
       "weir.toml:7:10: services.web.syn.toMuch must be at least 1, not -3"},
      {syn_limit("startThrottle = 1\ntoMuch = 65536"),
       "weir.toml:7:10: limit web syn: toMuch must be at most 65535"},
      {syn_limit("startThrottle = 65536\ntoMuch = 1"),
       "weir.toml:6:17: limit web syn: startThrottle must be at most 65535"},
      {syn_limit("startThrottle = 1\ntoMuch = 4294967298"),
       "weir.toml:7:10: services.web.syn.toMuch is too large: 4294967298"},
      {syn_limit("startThrottle = 1\ntoMuch = 2\ntooMuch = 2"),
       "weir.toml:8:1: services.web.syn.toMuch is given twice, as toMuch and as tooMuch"},
      {syn_limit(ok + "timeoutMs = 2000\ntimeout = \"2s\""),
       "weir.toml:8:1: services.web.syn.timeout is given twice, as timeout and as timeoutMs"},
      {syn_limit(ok + "delay = \"1s\"\ndelayMs = 1000"),
       "weir.toml:9:1: services.web.syn.delay is given twice, as delay and as delayMs"},
      {syn_limit(ok + "timeout = \"2\""),
       "weir.toml:8:11: services.web.syn.timeout is not valid: duration \"2\" has no unit",
       "ms, s, m, h, d"},
      {syn_limit(ok + "timeout = \"0s\""), "weir.toml:8:11: services.web.syn.timeout is not valid"},
      {syn_limit(ok + "timeout = \"8d\""),
       "weir.toml:8:11: limit web syn: timeout must be at most 7d"},
      {syn_limit(ok + "timeoutMs = 0"),
       "weir.toml:8:13: services.web.syn.timeoutMs must be at least 1 millisecond"},
      {syn_limit(ok + "timeoutMs = -1"),
       "weir.toml:8:13: services.web.syn.timeoutMs must be at least 1, not -1"},
      {syn_limit(ok + "timeoutMs = 9223372036854775807"),
       "weir.toml:8:13: services.web.syn.timeoutMs is too long"},
      {syn_limit(ok + "delay = \"61s\""), "weir.toml:8:9: limit web syn: delay must be at most 1m"},
      {syn_limit(ok + "window = \"slide\""),
       "weir.toml:8:10: services.web.syn.window must be burst or sliding, not \"slide\""},
      {syn_limit(ok + "action = \"block\""),
       "weir.toml:8:10: services.web.syn.action must be drop, reset, reply or challenge, not "
       "\"block\""},
      {syn_limit(ok + "action = \"deferred\""),
       "weir.toml:8:10: services.web.syn.action must be drop, reset, reply or challenge"},
  });
}

TEST(ConfigMistake, InTheTopLevelHasItsPlace) {
  expect_refused({
      {"mode = \"watch\"\n", "weir.toml:1:8: mode must be observe or enforce, not \"watch\""},
      {"prefix4 = 0\n", "weir.toml:1:11: prefix4 must be at least 1"},
      {"prefix4 = 33\n", "weir.toml:1:11: prefix4 must be at most 32"},
      {"prefix4 = -1\n", "weir.toml:1:11: prefix4 must be at least 1, not -1"},
      {"prefix6 = 0\n", "weir.toml:1:11: prefix6 must be at least 1"},
      {"prefix6 = 129\n", "weir.toml:1:11: prefix6 must be at most 128"},
      {"prefix6 = 4294967297\n", "weir.toml:1:11: prefix6 is too large"},
      {"timeWindow = \"10\"\n", "weir.toml:1:14: timeWindow is not valid"},
      {"timeWindow = \"999ms\"\n", "weir.toml:1:14: timeWindow must be at least 1s"},
      {"timeWindow = \"8d\"\n", "weir.toml:1:14: timeWindow must be at most 7d"},
      {"allow = [\"192.0.2.0/24\", \"192.0.2.1/24\"]\n",
       "weir.toml:1:26: allow: \"192.0.2.1/24\" has host bits set", "192.0.2.0/24"},
      {"allow = [\"localhost\"]\n", "weir.toml:1:10: allow: \"localhost\" is not an IPv4"},
      {"eventLog = \"weir.log\"\n",
       "weir.toml:1:12: eventLog must be \"off\", \"journal\" or the absolute path of a file, not"},
      {"eventLog = \"/var/log/weir/\"\n", "weir.toml:1:12: eventLog must be "},
      {"eventLog = \"/var/log/a\\u001bb\"\n", "weir.toml:1:12: eventLog must be "},
      {"eventLog = \"/" + std::string(4095, 'x') + "\"\n", "weir.toml:1:12: eventLog must be "},
      {"eventLog = true\n", "weir.toml:1:12: eventLog must be a string"},
      {"counterLog = \"journal\"\n",
       "weir.toml:1:14: counterLog must be \"off\" or the absolute path of a file, not"},
      {"eventLog = \"/a\"\ncounterLog = \"/a\"\n",
       "weir.toml:2:14: eventLog and counterLog name the same file"},
      {"interfaces = [\"eth0\", \"eth0\"]\n",
       "weir.toml:1:23: interfaces: \"eth0\" is named twice"},
  });
  for (const char* name : {"", "abcdefghijklmnop", "eth/0", "eth 0", "eth:0", ".", "..", "e\\t0"}) {
    expect_refused({{fmt::format("interfaces = [\"{}\"]\n", name),
                     "weir.toml:1:15: interfaces: ", "1 to 15 characters"}});
  }
  parsed("interfaces = [\"abcdefghijklmno\", \"br-0.100@x\"]\nprefix4 = 1\nprefix6 = 128\n");
}

TEST(ConfigMistake, InAServiceHasItsPlace) {
  const std::string long_name(33, 'a');
  const std::string limit = "startThrottle = 1\ntoMuch = 2\n";
  expect_refused({
      {"[services.web]\n", "weir.toml:1:11: service web: ports is missing or empty",
       "ports = [80]"},
      {"[services.web]\nports = []\n", "weir.toml:2:9: service web: ports is missing or empty"},
      {"[services.web]\nports = [0]\n", "weir.toml:2:10: 0 is not a port", "1 to 65535"},
      {"[services.web]\nports = [80, 65536]\n", "weir.toml:2:14: 65536 is not a port"},
      {"[services.web]\nports = [-80]\n", "weir.toml:2:10: -80 is not a port"},
      {"[services.web]\nports = [80, 81, 80]\n",
       "weir.toml:2:18: service web: port 80 is named twice"},
      {"[services.z]\nports = [80]\n[services.a]\nports = [81, 80]\n",
       "weir.toml:4:14: service a: port 80 belongs to service z already"},
      {"[services.web]\nports = [80]\nprotocol = \"https\"\n",
       "weir.toml:3:12: services.web.protocol must be tcp, http or tls, not \"https\""},
      {"[services.\"a b\"]\nports = [80]\n",
       "weir.toml:1:11: service a b: \"a b\" is not a service name", "letters, digits"},
      {"[services.\"\"]\nports = [80]\n", "weir.toml:1:11: service : \"\" is not a service name"},
      {"[services.\"a.b\"]\nports = [80]\n", "weir.toml:1:11: service a.b: \"a.b\" is not"},
      {"[services.\"ä\"]\nports = [80]\n", "weir.toml:1:11: service ä: \"ä\" is not"},
      {"[services." + long_name + "]\nports = [80]\n", "weir.toml:1:11: service aaa"},
      {"[services.web]\nports = [80]\nprotocol = \"tls\"\n[services.web.request]\n" + limit,
       "weir.toml:4:15: service web: requests cannot be seen in protocol tls",
       "protocol = \"http\""},
      {"[services.web]\nports = [80]\n[services.web.request]\n" + limit,
       "weir.toml:3:15: service web: requests cannot be seen in protocol tcp"},
  });
  parsed("[services." + long_name.substr(1) +
         "]\nports = [1, 65535]\n[services._-9]\nports = [2]\n");
}

TEST(ConfigMistake, TooManyServicesAreRefusedAtTheFirstThatIsTooMuch) {
  std::string text;
  for (int i = 1; i <= WEIR_SERVICE_MAX; ++i) {
    text += fmt::format("[services.s{}]\nports = [{}]\n", i, i);
  }
  parsed(text);
  expect_refused(
      {{text + "[services.s99]\nports = [99]\n", "weir.toml:33:11: more than 16 services"}});
}

TEST(ConfigMistake, InABanRuleHasItsPlace) {
  const std::string ban = "[services.web]\nports = [80]\n[services.web.ban]\n";
  expect_refused({
      {ban + "after = 0\n", "weir.toml:4:9: ban rule of service web: after must be at least 1"},
      {ban + "after = \"30\"\n", "weir.toml:4:9: services.web.ban.after must be a whole number"},
      {ban + "within = \"x\"\n", "weir.toml:4:10: services.web.ban.within is not valid"},
      {ban + "within = \"8d\"\n",
       "weir.toml:4:10: ban rule of service web: within must be at most 7d"},
      {ban + "for = 10\n", "weir.toml:4:7: services.web.ban.for must be a duration in quotes"},
      {ban + "for = \"2d\"\nmax = \"1d\"\n",
       "weir.toml:5:7: ban rule of service web: max (1d) is shorter than for (2d)"},
      {ban + "for = \"2d\"\n",
       "weir.toml:3:15: ban rule of service web: max (1d) is shorter than for (2d)"},
  });
  EXPECT_EQ(parsed(ban).settings.services[0].ban, BanRule{});
}

TEST(ConfigMistake, InAPathRuleHasItsPlace) {
  const auto paths = [](std::string_view lines) {
    return fmt::format(
        "[services.web]\nports = [80]\nprotocol = \"http\"\n[[services.web.paths]]\n{}\n", lines);
  };
  const std::string numbers = "startThrottle = 1\ntoMuch = 2\ntimeout = \"1m\"\n";
  expect_refused({
      {paths(numbers), "weir.toml:4:1: services.web.paths.0: prefix is missing"},
      {paths("prefix = \"/\"\ntoMuch = 2\ntimeout = \"1m\""),
       "weir.toml:4:1: services.web.paths.0: startThrottle is missing"},
      {paths("prefix = \"/\"\nstartThrottle = 1\ntimeout = \"1m\""),
       "weir.toml:4:1: services.web.paths.0: toMuch is missing"},
      {paths("prefix = \"/\"\nstartThrottle = 1\ntoMuch = 2"),
       "weir.toml:4:1: services.web.paths.0: timeout is missing"},
      {paths("prefix = \"register\"\n" + numbers),
       "weir.toml:5:10: path rule 1 of service web: prefix \"register\" is not the start of a "
       "path"},
      {paths("prefix = \"/a\\nb\"\n" + numbers),
       "weir.toml:5:10: path rule 1 of service web: prefix \"/a?b\" is not the start of a path"},
      {paths("prefix = \"/" + std::string(100, 'a') + "\"\n" + numbers),
       "weir.toml:5:10: path rule 1 of service web: prefix is longer than 100 bytes"},
      {paths("prefix = \"/\"\nban = \"0s\"\n" + numbers),
       "weir.toml:6:7: services.web.paths.0.ban is not valid"},
      {paths("prefix = \"/\"\n" + numbers + "[[services.web.paths]]\nprefix = \"/\"\n" + numbers),
       "weir.toml:10:10: path rule 2 of service web: prefix \"/\" has a rule already"},
      {paths("prefix = \"/\"\nstartThrottle = 0\ntoMuch = 2\ntimeout = \"1m\""),
       "weir.toml:6:17: path rule 1 of service web: startThrottle must be at least 1"},
  });
}

TEST(ConfigFile, WithEndlessDottedKeysDoesNotOverflowTheStack) {
  std::string key;
  for (int i = 0; i < 200'000; ++i) key += "a.";
  expect_refused({{key + "a = 1\n", "weir.toml:1:1: more than 4096 dots"}});
  const std::string shorter = key.substr(0, std::size_t{2} * 4000);
  expect_refused({{shorter + "a = 1\n", "weir.toml:1:1: unknown key \"a\""}});
  // Dots in strings and comments are nobody's business.
  std::string text = "# " + key + "#.\nallow = [\n";
  for (int i = 0; i < 2000; ++i) text += "\"192.0.2.1\", '192.0.2.2',\n";
  EXPECT_EQ(parsed(text + "]\n").settings.allow.size(), 4000U);
}

}  // namespace
}  // namespace weir
