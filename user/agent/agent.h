// SPDX-License-Identifier: BSD-2-Clause
// The agent: owns settings, bans, allow list and counters, and keeps the kernel's tables and the
// store to them. One thread; every public function is one whole act. Knows no HTTP and no loop.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/configuration.h"
#include "agent/counter_store.h"
#include "agent/event_log.h"
#include "bans/book.h"
#include "bans/ladder.h"
#include "dataplane/closings.h"
#include "dataplane/dataplane.h"
#include "stats/counters.h"
#include "stats/snapshot.h"
#include "store/store.h"

namespace weir {

struct BanRequest {
  Prefix prefix;
  std::optional<Milliseconds> duration;  // nullopt: until it is removed
  std::string reason;
  bool all = false;
  bool force = false;
};

struct Done {
  std::string message;               // one line for people
  std::vector<std::string> notices;  // legal but worth saying
};

class Agent {
 public:
  // Brings kernel and store into line with each other and puts the settings in force.
  static Result<Agent> start(Configuration configuration, DataPlane& data_plane, Store& store,
                             const Clock& clock, std::string boot_id);

  // Reading.
  [[nodiscard]] Snapshot snapshot();
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }
  [[nodiscard]] std::vector<BanView> bans() const;
  [[nodiscard]] std::vector<AllowView> allowed() const;
  [[nodiscard]] Explanation explain(const Address& address) const;
  // Of those that the newest walk over the sources found; see ask_users().
  [[nodiscard]] UsersView users(bool active_only, std::size_t most) const;
  // kNotFound when no table knows it.
  [[nodiscard]] Result<UserView> user(const Address& address) const;
  [[nodiscard]] EventLog& events() { return events_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

  // Acts. Each is whole or did nothing.
  Result<Done> ban(const BanRequest& request);
  Result<Done> unban(const Prefix& prefix);
  Result<Done> allow(const Prefix& prefix, const std::string& reason);
  Result<Done> disallow(const Prefix& prefix);
  Result<Done> set_mode(Mode mode);
  Result<Done> set_limit(const std::string& service, Event event, const Changes& values);
  Result<Done> reset_limit(const std::string& service, Event event);
  Result<Done> attach(const std::string& name, Attach how);
  Result<Done> detach(const std::string& name);
  Result<Done> reload();

  // Called once a second, and when the notice ring has something.
  void tick();
  void drain_notices();
  // Called while connections wait for their end, a few times a second.
  void end_connections();
  [[nodiscard]] bool has_connections_to_end() const { return !closings_.empty(); }
  // Calls `ready` when users() is fresh: at once, or from hurry_users(), which on_hurry() then asks
  // to be called again and again until it returns false.
  void ask_users(std::function<void()> ready);
  void on_hurry(std::function<void()> hurry) { hurry_ = std::move(hurry); }
  bool hurry_users();
  static constexpr std::size_t kTopUsers = 1000;  // the most that users() gives

  // Called at the end: what has been counted since the last time goes into the store.
  void save_counters();

 private:
  static constexpr int kCalmTicks = 10;
  static constexpr BootNs kSaveCountersNs = 60'000'000'000;
  static constexpr unsigned kBansASecond = 1000;  // made by rules
  static constexpr std::size_t kObservedBans = 65536;
  static constexpr const char* kRuleOrigin = "rule";

  // A ban that a kick has made due.
  struct RuleBan {
    DueBan due;
    std::string path;  // of the kicked request
    bool observed = false;
  };

  Agent(Configuration configuration, DataPlane& data_plane, Store& store, const Clock& clock,
        std::string boot_id);

  Status sync_bans();
  Status sync_allowed();
  Status put_in_force(Configuration next);
  void tell(std::string kind, std::string subject, std::string reason);
  void consider_ban(const weir_notice& notice, const std::string& path,
                    std::map<Prefix, RuleBan>& due);
  void make_bans(const std::map<Prefix, RuleBan>& due);
  void tell_ban(const RuleBan& ban, Milliseconds length);
  void tell_observed_ban(const RuleBan& ban, Milliseconds length);
  void tell_failed_ban(const Error& error);
  void end_connection(const weir_notice& notice);
  void end_bans();
  void forget_bans();
  void count_users();
  [[nodiscard]] std::uint64_t count_bans() const;
  [[nodiscard]] bool users_are_fresh() const;
  bool walk_users(BootNs budget);
  void walk_users_idly();
  [[nodiscard]] UserView view_of(const User& user) const;
  void watch_floods(const weir_stats& total);
  [[nodiscard]] std::optional<Prefix> allowing(const Address& address) const;
  [[nodiscard]] BanView view_of(const StoredBan& ban, std::uint64_t dropped) const;

  Configuration configuration_;
  DataPlane* data_plane_;
  Store* store_;
  const Clock* clock_;
  std::string boot_id_;
  BootNs started_;
  BanBook book_;
  BootNs ban_second_ = 0, ban_failed_ = 0, bans_forgotten_ = 0;
  unsigned bans_this_second_ = 0;
  std::map<Prefix, BootNs> observed_bans_;  // until when they would last
  Closings closings_;
  std::vector<StoredAllow> allowed_;  // by command; the file's are in the settings
  EventLog events_;
  Counters counters_;
  CounterStore counter_store_;
  BootNs counters_saved_ = 0;
  bool counters_unsaved_ = false;              // the last attempt failed, and was told
  std::optional<std::uint64_t> last_flooded_;  // SYNs challenged as a flood, at the last tick
  int calm_ticks_ = kCalmTicks;                // since there was one; kCalmTicks: told to be over
  UserMemory memory_;
  UserCensus census_;
  BootNs census_ended_ = 0, census_cost_ = 0;
  std::optional<UserWalk> walk_;
  std::size_t walked_ = 0;  // places
  BootNs walk_cost_ = 0;
  std::vector<std::function<void()>> waiting_for_users_;
  std::function<void()> hurry_;
};

}  // namespace weir
