// SPDX-License-Identifier: BSD-2-Clause
// The data plane in memory, for tests of all that stands above it: keeps what it is told and
// shows it, counts what a test sets, and fails on demand. Judges no packets.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "base/fd.h"
#include "dataplane/dataplane.h"

namespace weir {

class FakeDataPlane final : public DataPlane {
 public:
  FakeDataPlane();

  [[nodiscard]] std::optional<weir_settings> settings() const override { return settings_; }
  Status put_settings(const weir_settings& settings) override;
  Status roll_back_after(Milliseconds time) override {
    roll_back = time;
    return {};
  }

  Result<InterfaceState> attach(const std::string& name, Attach how) override;
  Status detach(const std::string& name) override;
  [[nodiscard]] std::vector<InterfaceState> interfaces() const override;
  std::vector<std::pair<std::string, std::string>> follow_renames() override {
    return std::exchange(renamed, {});
  }
  [[nodiscard]] weir_stats retired_stats() const override { return retired_; }

  Status put_ban(const KernelBan& ban) override;
  Status remove_ban(const Prefix& prefix) override;
  [[nodiscard]] Result<std::vector<KernelBan>> bans() const override;
  [[nodiscard]] std::vector<std::uint64_t> dropped_by(
      const std::vector<Prefix>& prefixes) const override;
  Status put_allow(const Prefix& prefix) override;
  Status remove_allow(const Prefix& prefix) override;
  [[nodiscard]] Result<std::vector<Prefix>> allowed() const override;

  void close_connection(const Connection& connection) override { closed.push_back(connection); }
  void close_connections(const std::function<bool(const Connection&)>& is_wanted) override;

  [[nodiscard]] bool is_validated(const Address& address, BootNs) const override {
    return validated.contains(address);
  }
  void time_answers(bool wanted) override { timing = wanted; }
  void tell_requests(bool wanted) override { telling = wanted; }
  [[nodiscard]] weir_responses responses(int service) const override {
    const auto found = answered.find(service);
    return found == answered.end() ? weir_responses{} : found->second;
  }
  [[nodiscard]] weir_responses rule_responses(int rule) const override {
    const auto found = answered_rules.find(rule);
    return found == answered_rules.end() ? weir_responses{} : found->second;
  }
  [[nodiscard]] std::optional<std::string> challenge_problem() const override {
    return no_challenges;
  }
  void tick(const weir_stats&) override {}

  [[nodiscard]] std::vector<Meter> meters(const Address& address, BootNs now) const override;
  [[nodiscard]] std::size_t source_places() const override { return sources_.size(); }
  void visit_sources(std::size_t from, std::size_t count,
                     const std::function<void(const SourceState&)>& visit) const override;
  [[nodiscard]] Tables tables() const override;

  [[nodiscard]] int notice_descriptor() const override { return readable_.get(); }
  void drain_notices(const std::function<void(const weir_notice&)>& take) override;
  void drain_requests(const RequestTaker& take) override;
  void begin_samples() override { samples.clear(); }
  void drain_samples(const std::function<void(const weir_sample&)>& take) override;

  // ---- the world around it, for the test to set ------------------------------------------

  enum class Call { kPutSettings, kPutBan, kRemoveBan, kBans, kPutAllow, kRemoveAllow, kAllowed };
  std::set<Call> refused;  // these fail with kSystem and do nothing
  std::set<Address> validated;
  bool timing = false, telling = false;
  std::vector<weir_request> requests;  // what drain_requests() will tell, and behind them:
  std::vector<weir_request_answer> request_answers;
  std::vector<weir_sample> samples;  // what drain_samples() will tell
  std::map<int, weir_responses> answered, answered_rules;
  std::vector<Connection> open, closed;
  std::optional<std::string> no_challenges;                  // why the host cannot do with them
  Milliseconds roll_back{};                                  // the last roll_back_after()
  std::vector<std::pair<std::string, std::string>> renamed;  // what follow_renames() will say
  int ban_writes = 0;  // put_ban() calls that were carried out

  // An interface that exists; only such can be attached to. `best` is what kAuto becomes.
  void add_interface(const std::string& name, Attach best = Attach::kNative,
                     const std::string& note = {});
  // Another program sits on it: attaching is kConflict.
  void occupy(const std::string& name) { foreign_.insert(name); }
  void leave(const std::string& name) { foreign_.erase(name); }
  // The kernel lost the program of an attached interface.
  void lose(const std::string& name, const std::string& note);
  // The counters of an attached interface.
  weir_stats& stats(const std::string& name) { return attached_.at(name).stats; }

  void set_meters(const Address& address, std::vector<Meter> meters);
  void see_source(const Address& address, std::uint64_t last_ms, std::uint32_t hits = 1,
                  std::uint32_t timeout_ms = 2000);
  void drop_by_ban(const Prefix& prefix, std::uint64_t packets);
  void notify(const weir_notice& notice);

 private:
  [[nodiscard]] Status carry_out(Call call) const;

  struct Device {
    unsigned ifindex = 0;
    Attach best = Attach::kNative;
    std::string note;
  };

  std::optional<weir_settings> settings_;
  std::map<std::string, Device> devices_;
  std::set<std::string> foreign_;
  std::map<std::string, InterfaceState> attached_;
  weir_stats retired_{};
  std::map<Prefix, KernelBan> bans_;
  std::set<Prefix> allowed_;
  std::map<Address, std::vector<Meter>> meters_;
  std::vector<SourceState> sources_;
  std::deque<weir_notice> notices_;
  Fd readable_;  // an eventfd: readable as long as notices wait
};

}  // namespace weir
