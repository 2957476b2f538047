// SPDX-License-Identifier: BSD-2-Clause
// The configuration file: what it means, and where it is read from.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "config/load.h"
#include "config_file.h"
#include "german_locale.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kExample = R"(mode = "observe"            # observe | enforce
interfaces = ["eth0"]
prefix4 = 32
prefix6 = 64
allow = ["192.0.2.0/24", "2001:db8::/32"]
timeWindow = "10m"          # what "active" means

[services.web]
ports = [80, 8080]
protocol = "http"           # http | tls | tcp
[services.web.syn]
startThrottle = 40
toMuch = 80
timeout = "2s"
window = "sliding"
action = "challenge"
[services.web.request]
startThrottle = 10
toMuch = 20
timeout = "2s"
window = "burst"
delay = "500ms"
action = "reply"
[services.web.ban]
after = 30                  # kicks …
within = "1m"
for = "10m"                 # doubling up to
max = "1d"
[[services.web.paths]]
prefix = "/register/"
startThrottle = 5
toMuch = 10
timeout = "1m"
ban = "1h"
)";

Limit syn_of(std::string_view lines) {
  const auto loaded = parsed(syn_limit(lines));
  const Service* web = loaded.settings.find_service("web");
  return web != nullptr ? web->limits[WEIR_EVENT_SYN].value_or(Limit{}) : Limit{};
}

TEST(ConfigFile, OfTheDocumentationMeansWhatItSays) {
  const auto loaded = parsed(kExample);
  const Settings& settings = loaded.settings;
  EXPECT_EQ(settings.mode, WEIR_MODE_OBSERVE);
  EXPECT_THAT(settings.interfaces, testing::ElementsAre("eth0"));
  ASSERT_EQ(settings.allow.size(), 2U);
  EXPECT_EQ(settings.allow[1].text(), "2001:db8::/32");
  EXPECT_EQ(settings.time_window, 10min);
  ASSERT_EQ(settings.services.size(), 1U);
  const Service& web = settings.services[0];
  EXPECT_THAT(web.ports, testing::ElementsAre(80, 8080));
  EXPECT_EQ(web.protocol, WEIR_PROTOCOL_HTTP);
  EXPECT_EQ(web.limits[WEIR_EVENT_SYN], (Limit{.start_throttle = 40,
                                               .to_much = 80,
                                               .timeout = 2s,
                                               .window = WEIR_WINDOW_SLIDING,
                                               .delay = 500ms,
                                               .action = WEIR_ACTION_CHALLENGE}));
  EXPECT_EQ(web.limits[WEIR_EVENT_REQUEST], (Limit{.start_throttle = 10,
                                                   .to_much = 20,
                                                   .timeout = 2s,
                                                   .window = WEIR_WINDOW_BURST,
                                                   .delay = 500ms,
                                                   .action = WEIR_ACTION_REPLY}));
  EXPECT_EQ(web.ban, (BanRule{.after = 30, .within = 1min, .duration = 10min, .longest = 24h}));
  ASSERT_EQ(web.paths.size(), 1U);
  EXPECT_EQ(
      web.paths[0],
      (PathRule{
          .prefix = "/register/", .start_throttle = 5, .to_much = 10, .timeout = 1min, .ban = 1h}));
}

TEST(ConfigFile, OfTheDocumentationIsCarriedOutAsItSays) {
  EXPECT_THAT(parsed(kExample).notices, IsEmpty());
}

TEST(ConfigFile, DoesNotFollowTheLocale) {
  const auto before = parsed(kExample);
  const GermanLocale german;
  const auto loaded = parsed(syn_limit("startThrottle = 1000\ntoMuch = 2000\ntimeoutMs = 1234567"));
  EXPECT_EQ(get_value(loaded.settings, "services.web.syn.toMuch"), "2000");
  EXPECT_EQ(get_value(loaded.settings, "services.web.syn.timeout"), "1234567ms");
  EXPECT_EQ(parsed(kExample).settings, before.settings);
}

TEST(ConfigFile, ThatIsEmptyLeavesTheDefaults) {
  for (const char* text : {"", "\n", "# nothing\n", "\xef\xbb\xbf# after a byte order mark\n"}) {
    EXPECT_EQ(parsed(text).settings, default_settings().settings);
  }
}

TEST(Defaults, AreValidHaveNoNoticesAndOnlyObserve) {
  const auto loaded = default_settings();
  EXPECT_TRUE(check_settings(loaded.settings));
  EXPECT_THAT(loaded.notices, IsEmpty());
  EXPECT_EQ(loaded.settings.mode, WEIR_MODE_OBSERVE);
  ASSERT_EQ(loaded.settings.services.size(), 2U);
  EXPECT_EQ(loaded.settings.services[0].name, "web");
  EXPECT_THAT(loaded.settings.services[0].ports, testing::ElementsAre(80, 8080));
  EXPECT_EQ(loaded.settings.services[1].name, "tls");
  EXPECT_THAT(loaded.settings.services[1].ports, testing::ElementsAre(443));
  EXPECT_FALSE(loaded.settings.services[1].limits[WEIR_EVENT_REQUEST]);
  for (const auto& [path, origin] : loaded.origins) EXPECT_EQ(origin, Origin::kDefault) << path;
}

TEST(ConfigFile, ThatNamesNoServiceKeepsTheDefaultOnes) {
  const auto loaded = parsed("mode = \"enforce\"\n");
  EXPECT_EQ(loaded.settings.services, default_settings().settings.services);
  EXPECT_EQ(loaded.settings.mode, WEIR_MODE_ENFORCE);
}

TEST(ConfigFile, ThatNamesServicesReplacesTheDefaultOnesAndKeepsTheirOrder) {
  const auto loaded = parsed(
      "[services.zebra]\nports = [1]\n[services.ant.syn]\nstartThrottle = 1\ntoMuch = 2\n"
      "[services.ant]\nports = [2]\n[services.mole]\nports = [3]\n");
  ASSERT_EQ(loaded.settings.services.size(), 3U);
  EXPECT_EQ(loaded.settings.services[0].name, "zebra");
  EXPECT_EQ(loaded.settings.services[1].name, "ant");
  EXPECT_EQ(loaded.settings.services[2].name, "mole");
}

TEST(ConfigFile, WithAnEmptyServicesSectionProtectsNothingAndSaysSo) {
  const auto loaded = parsed("[services]\n");
  EXPECT_THAT(loaded.settings.services, IsEmpty());
  EXPECT_THAT(loaded.notices, testing::ElementsAre(HasSubstr("only bans act")));
}

TEST(ConfigFile, ServiceWithoutLimitsMetersNothing) {
  const auto loaded = parsed("[services.ssh]\nports = [22]\n");
  ASSERT_EQ(loaded.settings.services.size(), 1U);
  EXPECT_EQ(loaded.settings.services[0].protocol, WEIR_PROTOCOL_TCP);
  for (const auto& limit : loaded.settings.services[0].limits) EXPECT_FALSE(limit);
}

TEST(ConfigFile, LimitTakesDocumentedDefaultsForWhatIsMissing) {
  EXPECT_EQ(syn_of("startThrottle = 3\ntoMuch = 7"), (Limit{.start_throttle = 3,
                                                            .to_much = 7,
                                                            .timeout = 2s,
                                                            .window = WEIR_WINDOW_BURST,
                                                            .delay = 500ms,
                                                            .action = WEIR_ACTION_DROP}));
}

TEST(ConfigFile, LimitMayBeWrittenWithSynonyms) {
  EXPECT_EQ(syn_of("startThrottle = 3\ntooMuch = 7\ntimeoutMs = 1500\ndelayMs = 250"),
            syn_of("startThrottle = 3\ntoMuch = 7\ntimeout = \"1500ms\"\ndelay = \"250ms\""));
}

TEST(ConfigFile, TellsWhereEachValueComesFrom) {
  const auto origins =
      parsed("mode = \"enforce\"\n" + syn_limit("startThrottle = 3\ntooMuch = 7\ntimeoutMs = 1500"))
          .origins;
  const Origins expected{
      {"allow", Origin::kDefault},
      {"counterLog", Origin::kDefault},
      {"eventLog", Origin::kDefault},
      {"interfaces", Origin::kDefault},
      {"maxBans", Origin::kDefault},
      {"maxBansPerMinute", Origin::kDefault},
      {"maxSources", Origin::kDefault},
      {"mediaSuffixes", Origin::kDefault},
      {"mode", Origin::kFile},
      {"pathQueries", Origin::kDefault},
      {"paths", Origin::kDefault},
      {"prefix4", Origin::kDefault},
      {"prefix6", Origin::kDefault},
      {"proxies", Origin::kDefault},
      {"replyText", Origin::kDefault},
      {"responseTime", Origin::kDefault},
      {"seriesMax", Origin::kDefault},
      {"seriesTrend", Origin::kDefault},
      {"services.web.floodRate", Origin::kDefault},
      {"services.web.ports", Origin::kFile},
      {"services.web.protocol", Origin::kFile},
      {"services.web.repeats", Origin::kDefault},
      {"services.web.syn.action", Origin::kDefault},
      {"services.web.syn.delay", Origin::kDefault},
      {"services.web.syn.startThrottle", Origin::kFile},
      {"services.web.syn.timeout", Origin::kFile},
      {"services.web.syn.toMuch", Origin::kFile},
      {"services.web.syn.window", Origin::kDefault},
      {"timeWindow", Origin::kDefault},
  };
  EXPECT_EQ(origins, expected);
}

TEST(ConfigFile, EveryValueOfTheDocumentationComesFromTheFileAndCanBeShown) {
  const auto loaded = parsed(kExample);
  for (const auto& [path, origin] : loaded.origins) {
    if (path != "proxies") {
      EXPECT_THAT(get_value(loaded.settings, path), Not(IsEmpty())) << path;
    }
    const bool left_out = path == "services.web.syn.delay" || path == "services.web.floodRate" ||
                          path == "services.web.repeats" ||
                          path.starts_with("services.web.media.") || path == "maxSources" ||
                          path.starts_with("maxBans") || path.starts_with("series") ||
                          path == "proxies" || path == "mediaSuffixes" || path == "replyText" ||
                          path == "responseTime" || path == "paths" || path == "pathQueries" ||
                          path == "eventLog" || path == "counterLog";
    EXPECT_EQ(origin, left_out ? Origin::kDefault : Origin::kFile) << path;
  }
  EXPECT_EQ(loaded.origins.at("services.web.ban.for"), Origin::kFile);
  EXPECT_EQ(loaded.origins.at("services.web.paths"), Origin::kFile);
}

TEST(ConfigFile, ThatIsTooLargeIsRefused) {
  EXPECT_TRUE(parse_settings(std::string(1 << 20, '\n'), "weir.toml"));
  const auto loaded = parse_settings(std::string((1 << 20) + 1, '\n'), "weir.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(loaded.error().message, "weir.toml: larger than 1048576 bytes");
}

TEST(ConfigFile, CutOrChangedAnywhereIsReadOrRefusedInOneLine) {
  const std::string_view example = kExample;
  std::mt19937 random(1);
  for (int i = 0; i < 600; ++i) {
    std::string text(example.substr(0, i % 2 == 0 ? random() % example.size() : example.npos));
    for (unsigned n = random() % 4; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const auto loaded = parse_settings(text, "weir.toml");
    if (loaded) {
      EXPECT_TRUE(check_settings(loaded->settings)) << text;
    } else {
      EXPECT_THAT(loaded.error().message, testing::StartsWith("weir.toml:")) << text;
      EXPECT_THAT(loaded.error().message, Not(HasSubstr("\n"))) << text;
    }
  }
}

// ---- files ---------------------------------------------------------------------------------

class ConfigOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "weir-config-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(std::string_view text) {
    const std::string path = folder_ + "/weir.toml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string folder_;
};

TEST_F(ConfigOnDisk, IsRead) {
  const auto loaded = load_settings(write(kExample));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings, parsed(kExample).settings);
}

TEST_F(ConfigOnDisk, ThatIsMissingIsNotFound) {
  const auto loaded = load_settings(folder_ + "/absent.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(loaded.error().message, HasSubstr("absent.toml: No such file"));
}

TEST_F(ConfigOnDisk, ThatIsAFolderIsASystemError) {
  const auto loaded = load_settings(folder_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kSystem);
  EXPECT_THAT(loaded.error().message, HasSubstr("directory"));
}

TEST_F(ConfigOnDisk, BelowAFileIsASystemError) {
  const auto loaded = load_settings(write("") + "/below");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kSystem);
}

TEST_F(ConfigOnDisk, ThatIsTooLargeIsRefused) {
  const auto loaded = load_settings(write(std::string((1 << 20) + 1, '\n')));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kTooLarge);
}

TEST_F(ConfigOnDisk, MistakeNamesTheFile) {
  const std::string path = write("\nmode = \"x\"\n");
  const auto loaded = load_settings(path);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, testing::StartsWith(path + ":2:8: mode must be"));
}

}  // namespace
}  // namespace weir
