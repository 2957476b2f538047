// SPDX-License-Identifier: BSD-2-Clause
// The settings in force: file, --mode and changes by command, one over the other.
#include "agent/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kWeb = R"([services.web]
ports = [80]
protocol = "http"
[services.web.request]
startThrottle = 10
toMuch = 20
)";

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() {
    std::string pattern = testing::TempDir() + "weir-configuration-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    write(kWeb);
  }
  ~ConfigurationTest() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& text) const { std::ofstream(file()) << text; }
  [[nodiscard]] std::string file() const { return directory_ + "/weir.toml"; }
  [[nodiscard]] Configuration load(std::optional<Mode> option = std::nullopt,
                                   Changes changes = {}) const {
    return Configuration::load(file(), option, std::move(changes)).value();
  }

  std::string directory_;
};

Limit request_of(const Configuration& configuration) {
  return configuration.settings().find_service("web")->limits[WEIR_EVENT_REQUEST].value();
}

TEST_F(ConfigurationTest, AFileThatIsNamedMustBeThere) {
  const auto missing = Configuration::load(directory_ + "/none.toml", std::nullopt, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST_F(ConfigurationTest, CommandsAreOverTheFileAndTheFileOverDefaults) {
  const auto configuration = load(std::nullopt, {{"services.web.request.toMuch", "30"}});
  EXPECT_EQ(request_of(configuration).to_much, 30u);
  EXPECT_EQ(request_of(configuration).start_throttle, 10u);
  const auto& origins = configuration.origins();
  EXPECT_EQ(origins.at("services.web.request.toMuch"), Origin::kCommand);
  EXPECT_EQ(origins.at("services.web.request.startThrottle"), Origin::kFile);
  EXPECT_EQ(origins.at("services.web.request.delay"), Origin::kDefault);
  EXPECT_EQ(origins.at("mode"), Origin::kDefault);
}

TEST_F(ConfigurationTest, TheOptionIsOverTheFilesMode) {
  write("mode = \"enforce\"\n");
  EXPECT_EQ(load().settings().mode, WEIR_MODE_ENFORCE);
  const auto observing = load(WEIR_MODE_OBSERVE);
  EXPECT_EQ(observing.settings().mode, WEIR_MODE_OBSERVE);
  EXPECT_EQ(observing.origins().at("mode"), Origin::kCommand);
}

TEST_F(ConfigurationTest, AModeByCommandIsOverTheOptionThatItWasMadeUnder) {
  for (const std::optional<Mode> option :
       {std::optional<Mode>(), std::optional(WEIR_MODE_OBSERVE)}) {
    const auto changed = load(option).with({{"mode", "enforce"}});
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->settings().mode, WEIR_MODE_ENFORCE);
    EXPECT_EQ(load(option, changed->changes()).settings().mode, WEIR_MODE_ENFORCE);
  }
}

TEST_F(ConfigurationTest, AnOptionThatIsNewerThanTheModeByCommandCounts) {
  const auto plain = load().with({{"mode", "enforce"}}).value();
  const auto observing = load(WEIR_MODE_OBSERVE, plain.changes());
  EXPECT_EQ(observing.settings().mode, WEIR_MODE_OBSERVE);
  EXPECT_THAT(observing.changes(), IsEmpty()) << "the overruled change is gone for good";

  const auto optioned = load(WEIR_MODE_OBSERVE).with({{"mode", "enforce"}}).value();
  EXPECT_EQ(load(std::nullopt, optioned.changes()).settings().mode, WEIR_MODE_OBSERVE)
      << "leaving the option out is a change as well: back to the file";
}

TEST_F(ConfigurationTest, ChangesAreWholeOrNotMade) {
  const auto configuration = load();
  EXPECT_EQ(
      configuration.with({{"services.web.request.toMuch", "1"}, {"mode", "loud"}}).error().code,
      ErrorCode::kInvalid);
  EXPECT_EQ(configuration.with({{"services.none.syn.toMuch", "1"}}).error().code,
            ErrorCode::kNotFound);
  EXPECT_FALSE(configuration.with({{"interfaces", "eth0"}}));
  EXPECT_FALSE(configuration.with({{"services.web.syn.timeout", "1s"}})) << "without numbers";
  const auto made = configuration.with(
      {{"services.web.syn.startThrottle", "5"}, {"services.web.syn.toMuch", "9"}});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->settings().services[0].limits[WEIR_EVENT_SYN]->to_much, 9u);
  EXPECT_EQ(made->origins().at("services.web.syn.timeout"), Origin::kCommand);
  EXPECT_FALSE(configuration.settings().services[0].limits[WEIR_EVENT_SYN]) << "a copy";
}

TEST_F(ConfigurationTest, ChangesBelowAPathAreTakenBackAndNoOthers) {
  const auto configuration = load(std::nullopt, {{"services.web.request.toMuch", "30"},
                                                 {"services.web.syn.startThrottle", "5"},
                                                 {"services.web.syn.toMuch", "9"}});
  const auto next = configuration.without("services.web.request").value();
  EXPECT_EQ(request_of(next).to_much, 20u);
  EXPECT_EQ(next.origins().at("services.web.request.toMuch"), Origin::kFile);
  EXPECT_EQ(next.changes().size(), 2u);
  EXPECT_EQ(configuration.without("services.web.requ")->changes().size(), 3u);
}

TEST_F(ConfigurationTest, AReloadReadsTheFileAndKeepsTheChanges) {
  auto configuration = load(WEIR_MODE_ENFORCE, {{"services.web.request.toMuch", "30"}});
  write(std::string(kWeb) + "timeout = \"9s\"\n");
  ASSERT_TRUE(configuration.reload());
  EXPECT_EQ(request_of(configuration).timeout, std::chrono::seconds(9));
  EXPECT_EQ(request_of(configuration).to_much, 30u);
  EXPECT_EQ(configuration.settings().mode, WEIR_MODE_ENFORCE);
}

TEST_F(ConfigurationTest, AReloadOfABadFileChangesNothing) {
  auto configuration = load();
  const Settings before = configuration.settings();
  write("[services.web]\nports = [99999]\n");
  EXPECT_FALSE(configuration.reload());
  EXPECT_EQ(configuration.settings(), before);
  std::filesystem::remove(file());
  EXPECT_FALSE(configuration.reload());
  EXPECT_EQ(configuration.settings(), before);
}

TEST_F(ConfigurationTest, AChangeWhoseServiceLeftTheFileWaitsAndComesBack) {
  const Changes changes{{"services.web.request.toMuch", "30"}};
  auto configuration = load(std::nullopt, changes);
  write("[services.other]\nports = [80]\n");
  ASSERT_TRUE(configuration.reload());
  EXPECT_THAT(configuration.notices(),
              ElementsAre("the change services.web.request.toMuch = 30 no longer fits and waits"));
  EXPECT_EQ(configuration.changes(), changes);
  EXPECT_FALSE(configuration.origins().contains("services.web.request.toMuch"));
  write(kWeb);
  ASSERT_TRUE(configuration.reload());
  EXPECT_EQ(request_of(configuration).to_much, 30u);
  EXPECT_THAT(configuration.notices(), IsEmpty());
}

// It would bring back the half of the limit that was changed, which is no limit.
TEST_F(ConfigurationTest, AChangeWhoseLimitLeftTheFileWaitsAndComesBack) {
  const Changes changes{{"services.web.request.toMuch", "30"}};
  auto configuration = load(std::nullopt, changes);
  write("[services.web]\nports = [80]\nprotocol = \"http\"\n");
  ASSERT_TRUE(configuration.reload());
  EXPECT_FALSE(configuration.settings().services[0].limits[WEIR_EVENT_REQUEST]);
  EXPECT_THAT(configuration.notices(), ElementsAre(HasSubstr("waits")));
  EXPECT_FALSE(configuration.origins().contains("services.web.request.toMuch"));
  EXPECT_TRUE(Configuration::load(file(), std::nullopt, changes)) << "and the next start too";
  write(kWeb);
  ASSERT_TRUE(configuration.reload());
  EXPECT_EQ(request_of(configuration).to_much, 30u);
}

TEST_F(ConfigurationTest, ALimitMadeWholeByCommandOutlivesTheFilesSilence) {
  const auto configuration = load(
      std::nullopt, {{"services.web.syn.startThrottle", "5"}, {"services.web.syn.toMuch", "9"}});
  EXPECT_EQ(configuration.settings().services[0].limits[WEIR_EVENT_SYN]->to_much, 9u);
  EXPECT_THAT(configuration.origins(),
              testing::Contains(Pair("services.web.syn.toMuch", Origin::kCommand)));
}

TEST_F(ConfigurationTest, TheMediaOfAServiceAreTurnedAwayAsItsRequestsAre) {
  auto configuration = load(std::nullopt, {{"services.web.request.action", "reply"}});
  const auto media = [&] {
    return configuration.settings().services[0].limits[WEIR_EVENT_MEDIA].value();
  };
  EXPECT_EQ(media().action, WEIR_ACTION_REPLY);
  configuration = configuration.with({{"services.web.media.toMuch", "900"}}).value();
  EXPECT_EQ(media().to_much, 900u);
  EXPECT_EQ(media().start_throttle, 600u);
  EXPECT_EQ(media().action, WEIR_ACTION_REPLY);
  configuration = configuration.with({{"services.web.media.action", "drop"}}).value();
  EXPECT_EQ(media().action, WEIR_ACTION_DROP);
  configuration = configuration.without("services.web.media").value();
  EXPECT_EQ(media().to_much, 1200u);
}

}  // namespace
}  // namespace weir
