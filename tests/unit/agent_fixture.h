// SPDX-License-Identifier: BSD-2-Clause
// An agent on the fake data plane, with a clock that the test sets and a store in a directory of
// its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "agent/agent.h"
#include "dataplane/fake.h"

namespace weir {

inline Prefix prefix(const char* text) { return Prefix::parse(text).value(); }
inline Address address(const char* text) { return Address::parse(text).value(); }

class SetClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return wall_; }
  [[nodiscard]] BootNs boot() const override { return boot_; }
  void advance(Milliseconds by) {
    wall_ += by;
    boot_ += static_cast<BootNs>(by.count()) * 1'000'000;
  }
  // The wall clock is set; the boot clock takes no notice.
  void step_wall(Milliseconds by) { wall_ += by; }
  void reboot() { boot_ = 5'000'000'000; }

 private:
  WallTime wall_{std::chrono::hours(498'689)};  // 2026-11-21T17:00:00Z
  BootNs boot_ = 1'000'000'123'456;             // not a whole millisecond
};

inline constexpr const char* kFile = R"(
mode = "enforce"
allow = ["192.0.2.0/24"]
[services.web]
ports = [80]
protocol = "http"
[services.web.syn]
startThrottle = 40
toMuch = 80
[services.web.request]
startThrottle = 10
toMuch = 20
timeout = "2s"
[services.api]
ports = [8080]
protocol = "http"
[services.api.request]
startThrottle = 3
toMuch = 6
)";

class SetLifelines final : public Lifelines {
 public:
  const std::vector<Lifeline>& now() override { return list; }
  std::vector<Lifeline> list;
};

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    spdlog::set_level(spdlog::level::off);
    std::string pattern = testing::TempDir() + "weir-agent-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    write_file(kFile);
  }
  ~AgentTest() override {
    agent_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] std::string file() const { return directory_ + "/weir.toml"; }
  void write_file(const std::string& text) const { std::ofstream(file()) << text; }

  // Ends the agent that runs, if any, and starts the next on the same store and kernel.
  Status try_start(std::optional<Mode> option = std::nullopt) {
    agent_.reset();
    store_.reset();
    store_.emplace(Store::open(directory_ + "/state").value());
    auto configuration = Configuration::load(file(), option, store_->changes().value());
    if (!configuration) return tl::unexpected(configuration.error());
    auto started = Agent::start(*configuration, plane_, *store_, clock_, boot_id_, &lifelines_);
    if (!started) return tl::unexpected(started.error());
    agent_.emplace(std::move(*started));
    return {};
  }
  Agent& start(std::optional<Mode> option = std::nullopt) {
    const Status started = try_start(option);
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    return *agent_;
  }

  [[nodiscard]] std::vector<std::string> stored_bans() const {
    std::vector<std::string> texts;
    const auto bans = store_->bans().value();
    for (const auto& ban : bans) texts.push_back(ban.prefix.text());
    return texts;
  }
  [[nodiscard]] std::vector<std::string> kernel_bans() const {
    std::vector<std::string> texts;
    const auto bans = plane_.bans().value();
    for (const auto& ban : bans) texts.push_back(ban.prefix.text());
    return texts;
  }
  [[nodiscard]] std::vector<std::string> kernel_allowed() const {
    std::vector<std::string> texts;
    const auto allowed = plane_.allowed().value();
    for (const auto& network : allowed) texts.push_back(network.text());
    return texts;
  }
  // All events so far by their kind and what they were about: "ban 203.0.113.7/32".
  [[nodiscard]] std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const auto& event : agent_->events().recent())
      lines.push_back(event.kind + " " + event.subject);
    return lines;
  }

  SetClock clock_;
  FakeDataPlane plane_;
  SetLifelines lifelines_;
  std::string directory_, boot_id_ = "this-boot";
  std::optional<Store> store_;
  std::optional<Agent> agent_;
};

inline BanRequest ban_of(const char* network, std::optional<Milliseconds> duration = std::nullopt,
                         const char* reason = "") {
  return {prefix(network), duration, reason, false, false};
}

}  // namespace weir
