// SPDX-License-Identifier: BSD-2-Clause
// The agent: owns settings, bans, allow list and counters, and keeps the kernel's tables and the
// store to them. One thread; every public function is one whole act. Knows no HTTP and no loop.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/configuration.h"
#include "agent/counter_store.h"
#include "agent/event_log.h"
#include "bans/ban_list.h"
#include "bans/book.h"
#include "bans/cut_off.h"
#include "bans/ladder.h"
#include "dataplane/closings.h"
#include "dataplane/dataplane.h"
#include "host/lifelines.h"
#include "logs/logs.h"
#include "stats/counters.h"
#include "stats/paths.h"
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

// What a list of bans is entered with where it does not say itself.
struct BanImport {
  std::optional<Milliseconds> duration;  // nullopt: until they are removed
  std::string reason;
  bool force = false;
};

struct Done {
  std::string message;               // one line for people
  std::vector<std::string> notices;  // legal but worth saying
};

// Changes by command whose record was lost, told from what the kernel has in force: mode and limits
// that differ from what the settings say without them.
Changes changes_in_force(const weir_settings& is, const Settings& settings);

class Agent {
 public:
  // Brings kernel and store into line with each other and puts the settings in force.
  static Result<Agent> start(Configuration configuration, DataPlane& data_plane, Store& store,
                             const Clock& clock, std::string boot_id,
                             Lifelines* lifelines = nullptr);

  // Reading.
  [[nodiscard]] Snapshot snapshot();
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }
  [[nodiscard]] std::vector<BanView> bans() const;
  // Up to `most` bans in the order of their prefixes, from the first behind `after`.
  [[nodiscard]] std::vector<BanView> bans_after(const std::optional<Prefix>& after,
                                                std::size_t most) const;
  [[nodiscard]] const Clock& clock() const { return *clock_; }
  [[nodiscard]] std::vector<AllowView> allowed() const;
  [[nodiscard]] Explanation explain(const Address& address) const;
  // Of those that the newest walk over the sources found; see ask_users().
  [[nodiscard]] UsersView users(bool active_only, std::size_t most);
  // kNotFound when no table knows it.
  [[nodiscard]] Result<UserView> user(const Address& address);
  // Up to `most` of the paths that http services were asked for.
  [[nodiscard]] PathsView paths(PathOrder order, std::size_t most);
  // The newest requests, up to `most`; the newest one last.
  [[nodiscard]] RequestsView requests(std::size_t most);
  [[nodiscard]] EventLog& events() { return events_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

  // Acts. Each is whole or did nothing.
  Result<Done> ban(const BanRequest& request);
  Result<Done> unban(const Prefix& prefix);
  // All bans of a list, or none of them.
  Result<Done> import_bans(const BanList& list, const BanImport& import);
  Result<Done> allow(const Prefix& prefix, const std::string& reason);
  Result<Done> disallow(const Prefix& prefix);
  // With `confirm`: the change is undone after that time unless confirm() follows, even if the
  // agent is no longer there.
  using Confirm = std::optional<Milliseconds>;
  Result<Done> set_mode(Mode mode, Confirm confirm = std::nullopt);
  Result<Done> set_limit(const std::string& service, Event event, const Changes& values,
                         Confirm confirm = std::nullopt);
  Result<Done> confirm();      // keeps the change that waits for it
  Result<Done> undo_change();  // takes it back at once
  Result<Done> reset_limit(const std::string& service, Event event);
  Result<Done> attach(const std::string& name, Attach how);
  Result<Done> detach(const std::string& name);
  Result<Done> reload();

  // Called once a second, and when the notice ring has something.
  void tick();
  void drain_notices();
  // Called at the start and when interfaces have come, gone or changed; tick() looks too.
  void check_interfaces();
  // Called while connections wait for their end, a few times a second.
  void end_connections();
  [[nodiscard]] bool has_connections_to_end() const {
    return !closings_.empty() || !cut_off_.empty();
  }
  // Calls `ready` when users() is fresh: at once, or from hurry_users(), which on_hurry() then asks
  // to be called again and again until it returns false.
  void ask_users(std::function<void()> ready);
  void on_hurry(std::function<void()> hurry) { hurry_ = std::move(hurry); }
  bool hurry_users();
  static constexpr std::size_t kTopUsers = 1000;  // the most that users() gives

  // Called at the end: what has been counted since the last time goes into the store.
  void save_counters();
  // Called soon after has_log_lines(), so that many lines are one write, at the end, and by tick().
  void flush_logs();
  [[nodiscard]] bool has_log_lines() const { return logs_.is_waiting(); }

 private:
  static constexpr int kCalmTicks = 10;
  static constexpr BootNs kSaveCountersNs = 60'000'000'000;
  static constexpr std::size_t kObservedBans = 65536;
  static constexpr const char* kRuleOrigin = "rule";

  // A ban that a kick has made due.
  struct RuleBan {
    DueBan due;
    std::string path;  // of the kicked request
    bool observed = false;
  };

  Agent(Configuration configuration, DataPlane& data_plane, Store& store, const Clock& clock,
        std::string boot_id, Lifelines* lifelines);

  // Writes something to the store. What cannot be written is told, and made up for by catch_up();
  // until then nothing else is tried: filtering does not wait for a disk.
  void keep(const std::function<Status()>& write);
  void fall_behind(const Error& error);
  void note_unsaved(Done& done) const;  // tells who asked for a change whether it is on disk
  void catch_up();
  // After a damaged store: its changes and allow entries from what the kernel has.
  Status take_over_lost();
  Status sync_bans();
  Status sync_allowed();
  // Attaches again what should be and is not: at once when something has changed, else now and
  // then.
  void bring_back(const std::vector<InterfaceState>& interfaces, bool has_changed);
  Status put_in_force(Configuration next);
  [[nodiscard]] weir_responses responses_of_all() const;
  [[nodiscard]] std::vector<ServiceResponses> responses() const;
  // The same for a change that `what` names, for good or until it is confirmed.
  Status change(Configuration next, const std::string& what, Confirm confirm);
  void note_confirm(Done& done, Confirm confirm) const;
  [[nodiscard]] Status check_unconfirmed() const;
  Status resume_unconfirmed(const Changes& stored);
  void roll_back(const std::string& why);
  // What the store is to have of the settings.
  [[nodiscard]] Changes changes_to_keep() const;
  void tell(std::string kind, std::string subject, std::string reason);
  void remember(EventView event);
  void log_counters();
  void reopen_logs();
  Status put_reloaded(Configuration next);
  void consider_ban(const weir_notice& notice, const std::string& path,
                    std::map<Prefix, RuleBan>& due);
  void make_bans(const std::map<Prefix, RuleBan>& due);
  void tell_ban(const RuleBan& ban, Milliseconds length);
  void tell_observed_ban(const RuleBan& ban, Milliseconds length);
  void tell_failed_ban(const Error& error);
  [[nodiscard]] Status check_import(const BanList& list) const;
  // Whom a ban would shut out that this host needs: "10.0.0.1, a gateway". nullopt: nobody.
  // `client`: as find_lifeline() has it.
  [[nodiscard]] std::optional<std::string> needed_in(
      const Prefix& network, const std::optional<Address>& client = std::nullopt) const;
  void tell_spared(const Prefix& network, const std::string& why);
  // Whether rules may make one more ban now; see max_bans_per_minute.
  bool may_ban();
  void close_breaker();
  void end_connection(const weir_notice& notice);
  void end_connections_of(const StoredBan& ban);
  void end_banned_connections();
  void end_bans();
  void forget_bans();
  void count_users();
  [[nodiscard]] bool users_are_fresh() const;
  bool walk_users(BootNs budget);
  void walk_users_idly();
  [[nodiscard]] UserView view_of(const User& user) const;
  // Empties the book of paths, and has it filled if the settings say so.
  void begin_paths();
  void drain_requests();
  void drain_samples();
  void count_dropped(std::span<UserView> users) const;
  [[nodiscard]] std::uint64_t requests_seen() const;
  void watch_floods(const weir_stats& total);
  [[nodiscard]] std::optional<Prefix> allowing(const Address& address) const;
  [[nodiscard]] BanView view_of(const StoredBan& ban, std::uint64_t dropped) const;

  // A change in force that nobody has confirmed yet.
  struct Unconfirmed {
    Configuration before;
    BootNs until = 0;
    std::string what;
  };

  // An interface that is to be filtered, and is not.
  struct Lost {
    BootNs retry_at = 0;
    std::string why;
  };

  std::map<std::string, Lost> lost_;
  Configuration configuration_;
  std::optional<Unconfirmed> unconfirmed_;
  DataPlane* data_plane_;
  Store* store_;
  const Clock* clock_;
  std::string boot_id_;
  BootNs started_;
  BanBook book_;
  std::optional<std::string> store_problem_;  // why the store lags behind
  BootNs caught_up_ = 0, catching_cost_ = 0;  // the last try
  Lifelines* lifelines_;
  BootNs ban_failed_ = 0, bans_forgotten_ = 0, spared_told_ = 0;
  BootNs ban_minute_ = 0;  // when it began
  unsigned bans_this_minute_ = 0;
  std::uint64_t bans_not_made_ = 0;         // since the breaker opened; 0: it is closed
  std::map<Prefix, BootNs> observed_bans_;  // until when they would last
  Closings closings_;
  CutOff cut_off_;
  std::vector<StoredAllow> allowed_;  // by command; the file's are in the settings
  EventLog events_;
  Logs logs_;
  std::uint64_t minutes_counted_ = 0;  // by counters_, at the last tick
  Counters counters_;
  CounterStore counter_store_;
  BootNs counters_saved_ = 0;
  bool counters_unsaved_ = false;              // the last attempt failed, and was told
  std::optional<std::uint64_t> last_flooded_;  // SYNs challenged as a flood, at the last tick
  int calm_ticks_ = kCalmTicks;                // since there was one; kCalmTicks: told to be over
  PathBook paths_;
  WallTime paths_since_{};
  std::uint64_t seen_before_ = 0;  // requests, when the book began
  UserMemory memory_;
  ToldBook told_;
  UserCensus census_;
  BootNs census_ended_ = 0, census_cost_ = 0;
  std::optional<UserWalk> walk_;
  std::size_t walked_ = 0;  // places
  BootNs walk_cost_ = 0;
  std::vector<std::function<void()>> waiting_for_users_;
  std::function<void()> hurry_;
};

}  // namespace weir
