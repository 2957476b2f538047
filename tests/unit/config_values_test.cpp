// SPDX-License-Identifier: BSD-2-Clause
// Settings from wherever they come: checks, notices, and changes of single values by command.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(CheckLimit, NamesTheLimitAndTheBound) {
  const Limit good{.start_throttle = 1, .to_much = 2, .timeout = 1s};
  EXPECT_TRUE(check_limit("web", WEIR_EVENT_SYN, good));
  const auto message = [](const Limit& limit) {
    const auto status = check_limit("web", WEIR_EVENT_REQUEST, limit);
    return status ? std::string() : status.error().message;
  };
  Limit limit = good;
  limit.to_much = 0;
  EXPECT_EQ(message(limit), "limit web request: toMuch must be at least 1");
  limit = good;
  limit.start_throttle = 70'000;
  EXPECT_EQ(message(limit), "limit web request: startThrottle must be at most 65535");
  limit = good;
  limit.timeout = 0ms;
  EXPECT_EQ(message(limit), "limit web request: timeout must be at least 1ms");
  limit = good;
  limit.timeout = Milliseconds::max();
  EXPECT_EQ(message(limit), "limit web request: timeout must be at most 7d");
  limit = good;
  limit.delay = -1ms;
  EXPECT_EQ(message(limit), "limit web request: delay must be at least 1ms");
  limit = good;
  limit.action = WEIR_ACTION_DEFERRED;
  EXPECT_EQ(message(limit), "limit web request: action must be drop, reset, reply or challenge");
  limit = good;
  limit.window = WEIR_WINDOW_COUNT;
  EXPECT_EQ(message(limit), "limit web request: window must be burst or sliding");
}

TEST(CheckSettings, RefusesAPortOfZeroAndAServiceNamedTwice) {
  Settings settings;
  settings.services.resize(2);
  settings.services[0].name = settings.services[1].name = "web";
  settings.services[0].ports = {80};
  settings.services[1].ports = {81};
  EXPECT_EQ(check_settings(settings).error().message, "service web is named twice");
  settings.services[1].name = "other";
  EXPECT_TRUE(check_settings(settings));
  settings.services[1].ports = {0};
  EXPECT_EQ(check_settings(settings).error().message, "service other: port 0 is not a port");
}

TEST(Notices, SayThatTheDelayStageIsOff) {
  auto settings = default_settings().settings;
  settings.services[0].limits[WEIR_EVENT_SYN]->start_throttle = 11;
  settings.services[0].limits[WEIR_EVENT_SYN]->to_much = 10;
  EXPECT_TRUE(check_settings(settings));
  EXPECT_THAT(notices_about(settings),
              testing::ElementsAre(HasSubstr("limit web syn: the delay stage is off")));
}

TEST(Notices, SayWhichActionsAreCarriedOutAsOthers) {
  const std::vector<std::array<const char*, 3>> cases{
      {"web.request", "challenge", "limit web request: action challenge is carried out as drop"},
      {"web.media", "challenge", "limit web media: action challenge is carried out as drop"},
      {"web.syn", "reply", "limit web syn: action reply is carried out as reset"},
      {"tls.syn", "reply", "limit tls syn: action reply is carried out as reset"},
  };
  for (const auto& [limit, action, notice] : cases) {
    auto settings = default_settings().settings;
    ASSERT_TRUE(set_value(settings, fmt::format("services.{}.action", limit), action));
    EXPECT_THAT(notices_about(settings), testing::ElementsAre(HasSubstr(notice)));
  }
  for (const char* path : {"services.web.request.action=reply", "services.web.media.action=reply",
                           "services.web.request.action=reset", "services.tls.syn.action=reset",
                           "services.tls.syn.action=challenge"}) {
    auto settings = default_settings().settings;
    const std::string change = path;
    const auto split = change.find('=');
    ASSERT_TRUE(set_value(settings, change.substr(0, split), change.substr(split + 1)));
    EXPECT_THAT(notices_about(settings), testing::IsEmpty()) << path;
  }
}

TEST(Notices, SayThatABanRuleCountsKicksOfRequests) {
  auto settings = default_settings().settings;
  settings.services[0].ban = settings.services[1].ban = BanRule{};
  EXPECT_THAT(notices_about(settings),
              testing::ElementsAre(HasSubstr("service tls: its ban rule does nothing")));
}

TEST(Notices, SayThatAFloodIsCountedByTheLimitOnSyns) {
  auto settings = default_settings().settings;
  settings.services[1].limits[WEIR_EVENT_SYN].reset();
  EXPECT_THAT(notices_about(settings), testing::ElementsAre(HasSubstr("service tls: floodRate")));
}

// ---- changes by command --------------------------------------------------------------------

TEST(SetValue, ChangesOneValueThatGetValueShows) {
  const std::vector<std::array<const char*, 3>> changes{
      {"mode", "enforce", "enforce"},
      {"services.web.syn.startThrottle", "10", "10"},
      {"services.web.syn.toMuch", "20", "20"},
      {"services.web.request.timeout", "1500ms", "1500ms"},
      {"services.web.request.window", "sliding", "sliding"},
      {"services.web.request.delay", "1000ms", "1s"},
      {"services.tls.syn.action", "reset", "reset"},
      {"services.tls.syn.startThrottle", "65535", "65535"},
  };
  for (const auto& [path, value, shown] : changes) {
    auto settings = default_settings().settings;
    const auto status = set_value(settings, path, value);
    ASSERT_TRUE(status) << path << ": " << status.error().message;
    EXPECT_EQ(get_value(settings, path), shown) << path;
    EXPECT_TRUE(check_settings(settings)) << path;
    for (const std::string& other : value_paths(settings)) {
      if (other == path) continue;
      EXPECT_EQ(get_value(settings, other), get_value(default_settings().settings, other)) << path;
    }
  }
}

TEST(SetValue, UnderstandsTheSynonymsOfTheFile) {
  auto settings = default_settings().settings;
  ASSERT_TRUE(set_value(settings, "services.web.syn.tooMuch", "20"));
  ASSERT_TRUE(set_value(settings, "services.web.syn.timeoutMs", "1500"));
  ASSERT_TRUE(set_value(settings, "services.web.syn.delayMs", "250"));
  EXPECT_EQ(get_value(settings, "services.web.syn.toMuch"), "20");
  EXPECT_EQ(get_value(settings, "services.web.syn.timeout"), "1500ms");
  EXPECT_EQ(get_value(settings, "services.web.syn.delay"), "250ms");
}

struct RefusedChange {
  const char* path;
  const char* value;
  ErrorCode code;
  const char* message;
  const char* hint;
};

TEST(SetValue, ThatIsRefusedChangesNothing) {
  constexpr auto kInvalid = ErrorCode::kInvalid;
  constexpr RefusedChange kCases[] = {
      {"mode", "watch", kInvalid, "mode must be observe or enforce, not \"watch\"", ""},
      {"", "1", kInvalid, "\"\" cannot be changed by command", "configuration file"},
      {"prefix4", "24", kInvalid, "\"prefix4\" cannot be changed by command", ""},
      {"services.web.ports", "80", kInvalid, "cannot be changed by command", ""},
      {"services.web.ban.after", "3", kInvalid, "no event \"ban\"", "syn, request or media"},
      {"services.web.syn.toMuch.x", "3", kInvalid, "cannot be changed by command", ""},
      {"interfaces.web.syn.toMuch", "3", kInvalid, "cannot be changed by command", ""},
      {"services.ssh.syn.toMuch", "3", ErrorCode::kNotFound, "no service \"ssh\"",
       "services are web, tls"},
      {"services..syn.toMuch", "3", ErrorCode::kNotFound, "no service \"\"", "web, tls"},
      {"services.web.connect.toMuch", "3", kInvalid, "no event \"connect\"",
       "syn, request or media"},
      {"services.web.syn.much", "3", kInvalid, "a limit has no \"much\"",
       "startThrottle, toMuch, timeout, window, delay, action"},
      {"services.web.syn.toMuch", "0", kInvalid, "limit web syn: toMuch must be at least 1", ""},
      {"services.web.syn.toMuch", "-1", kInvalid,
       "limit web syn: toMuch must be at least 1, not -1", ""},
      {"services.web.syn.toMuch", "70000", kInvalid, "toMuch must be at most 65535", ""},
      {"services.web.syn.toMuch", "99999999999999999999", kInvalid, "toMuch is too large", ""},
      {"services.web.syn.toMuch", "-99999999999999999999", kInvalid, "toMuch must be at least 1",
       ""},
      {"services.web.syn.toMuch", "", kInvalid, "toMuch must be a whole number, not \"\"", ""},
      {"services.web.syn.toMuch", "3x", kInvalid, "toMuch must be a whole number", ""},
      {"services.web.syn.toMuch", " 3", kInvalid, "toMuch must be a whole number", ""},
      {"services.web.syn.toMuch", "1e3", kInvalid, "toMuch must be a whole number", ""},
      {"services.web.syn.timeout", "2", kInvalid, "limit web syn: timeout is not valid",
       "ms, s, m"},
      {"services.web.syn.timeout", "8d", kInvalid, "timeout must be at most 7d", ""},
      {"services.web.syn.delay", "2m", kInvalid, "delay must be at most 1m", ""},
      {"services.web.syn.delayMs", "0", kInvalid, "delay must be at least 1 millisecond", ""},
      {"services.web.syn.window", "slide", kInvalid, "window must be burst or sliding", ""},
      {"services.web.syn.action", "deferred", kInvalid, "action must be drop, reset", ""},
      {"services.tls.request.toMuch", "3", kInvalid, "requests cannot be seen in protocol tls",
       "protocol = \"http\""},
  };
  for (const auto& [path, value, code, message, hint] : kCases) {
    auto settings = default_settings().settings;
    const auto status = set_value(settings, path, value);
    ASSERT_FALSE(status) << path << " " << value;
    EXPECT_EQ(status.error().code, code) << path << " " << value;
    EXPECT_THAT(status.error().message, HasSubstr(message));
    EXPECT_THAT(status.error().hint, HasSubstr(hint)) << path << " " << value;
    EXPECT_EQ(settings, default_settings().settings) << path << " " << value;
  }
}

TEST(SetValue, MakesALimitThatIsCompleteWithStartThrottleAndToMuch) {
  auto settings = default_settings().settings;
  settings.services[0].limits = {};
  ASSERT_TRUE(set_value(settings, "services.web.request.toMuch", "20"));
  EXPECT_EQ(check_settings(settings).error().message,
            "limit web request: startThrottle must be at least 1");
  ASSERT_TRUE(set_value(settings, "services.web.request.startThrottle", "10"));
  EXPECT_TRUE(check_settings(settings));
  EXPECT_EQ(get_value(settings, "services.web.request.timeout"), "2s");
  EXPECT_FALSE(settings.services[0].limits[WEIR_EVENT_SYN]);
}

TEST(GetValue, OfWhatIsNotThereIsEmpty) {
  const auto settings = default_settings().settings;
  for (const char* path :
       {"", ".", "services", "services.web", "services.web.syn", "services.x.syn.y",
        "services.tls.request.toMuch", "services.web.ban.after", "nothing",
        "services.web.syn.toMuch.more", "services.web.paths"}) {
    EXPECT_EQ(get_value(settings, path), "") << path;
  }
  EXPECT_EQ(get_value(settings, "services.web.ports"), "80, 8080");
}

TEST(Settings, AreFoundByTheNameOfTheService) {
  auto settings = default_settings().settings;
  EXPECT_EQ(settings.find_service("tls"), &settings.services[1]);
  EXPECT_EQ(std::as_const(settings).find_service("web"), &settings.services[0]);
  EXPECT_EQ(settings.find_service("ssh"), nullptr);
}

TEST(Origins, HaveNames) {
  EXPECT_STREQ(origin_name(Origin::kDefault), "default");
  EXPECT_STREQ(origin_name(Origin::kFile), "file");
  EXPECT_STREQ(origin_name(Origin::kCommand), "command");
}

}  // namespace
}  // namespace weir
