// SPDX-License-Identifier: BSD-2-Clause
// What must outlive the agent, in SQLite: bans, allow entries, changed settings and the counters'
// history. A write is on disk when the call returns. One writer; the file is made 0600.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"

namespace weir {

struct StoredBan {
  Prefix prefix;
  WallTime since;
  std::optional<WallTime> until;  // nullopt: for ever
  // The same end on the boot clock, and which boot: exact over steps of the wall clock.
  std::optional<BootNs> until_boot;
  std::string boot_id;
  std::string reason;
  std::string rule;
  std::string origin;
  bool all = false;
  int times = 1;
};

struct StoredAllow {
  Prefix prefix;
  WallTime since;
  std::string reason;
};

struct StoredPoint {
  std::uint64_t number;  // among all that the series ever had
  WallTime start;
  double total = 0;
  double weight = 0;
};

struct StoredPeak {
  WallTime time;
  double value = 0;
};

// One counter by one length of period. Written: the points that are new and all maxima.
struct StoredSeries {
  std::string name;
  std::string period;
  std::vector<StoredPoint> points;  // by number
  std::vector<StoredPeak> peaks;    // highest first
  std::uint64_t oldest = 0;         // points of lower numbers are removed; ignored when read
};

class Store {
 public:
  // Opens or makes DIR/weir.db (the directory too, 0750). A file that is damaged, or no database
  // of Weir's, is set aside beside the new one; see set_aside(). kSystem names the file and
  // SQLite's words; kConflict the agent that has it open.
  static Result<Store> open(const std::string& directory);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // What was found damaged when it was opened, and where it is now; empty: nothing.
  [[nodiscard]] const std::string& set_aside() const;
  // Whether the file is still where it was opened: somebody may have deleted it.
  [[nodiscard]] bool is_in_place() const;

  using TakeBan = std::function<Status(const StoredBan&)>;
  // Visits every ban in the order of the texts of their prefixes; ends with what `take` fails with.
  [[nodiscard]] Status each_ban(const TakeBan& take) const;
  [[nodiscard]] Result<std::vector<StoredBan>> bans() const;
  Status put_ban(const StoredBan& ban);                 // replaces the one of the same prefix
  Status put_bans(const std::vector<StoredBan>& bans);  // one transaction
  // The same without all of them in memory: `give` hands each to what it is given.
  using GiveBans = std::function<Status(const TakeBan&)>;
  Status put_bans(const GiveBans& give);
  Status remove_ban(const Prefix& prefix);                  // nothing there: done
  Status remove_bans(const std::vector<Prefix>& prefixes);  // one transaction
  [[nodiscard]] Result<std::vector<StoredAllow>> allowed() const;
  Status put_allow(const StoredAllow& allow);
  Status remove_allow(const Prefix& prefix);

  // Changes made by command, as text by their path in the file: "services.web.syn.toMuch".
  [[nodiscard]] Result<std::map<std::string, std::string>> changes() const;
  Status put_changes(const std::map<std::string, std::string>& changes);  // one transaction
  // The change of this path and all below it; "" is all there are.
  Status remove_changes(const std::string& path_prefix);

  // Makes all of the above anew, in one transaction: after a time in which writing failed. A file
  // that has turned out damaged, or is gone, is set aside for this.
  Status rewrite(const GiveBans& bans, const std::vector<StoredAllow>& allowed,
                 const std::map<std::string, std::string>& changes);
  [[nodiscard]] Result<std::vector<StoredSeries>> series() const;
  Status put_series(const std::vector<StoredSeries>& series);  // one transaction

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
