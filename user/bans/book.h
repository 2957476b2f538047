// SPDX-License-Identifier: BSD-2-Clause
// The ban book: who is banned, why, until when and how often. Pure: the caller says what time
// it is, tells the kernel and writes the store.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "store/store.h"

namespace weir {

// When the kernel must let a ban end, on its clock: WEIR_BAN_FOREVER for never, nullopt when
// the ban is over already. A ban made in this boot ends by the boot clock, whatever steps the
// wall clock makes; one from an earlier boot has only the wall clock left.
std::optional<BootNs> kernel_until(const StoredBan& ban, WallTime now_wall, BootNs now_boot,
                                   const std::string& boot_id);

class BanBook {
 public:
  // `remembered`: of how many bans that ended the count is kept; the oldest makes room.
  explicit BanBook(std::size_t remembered = 65536) : remembered_(remembered) {}

  // Enters a ban in place of the prefix's earlier one and returns it as entered: with `times`
  // one more than what is in the book or remembered of a ban that ended. A prefix that is not
  // known keeps the `times` it came with, so the store's bans can be entered as they are.
  StoredBan add(StoredBan ban);
  // The same with the `times` that it has.
  StoredBan enter(const StoredBan& ban);
  // False when it was not there. A ban that is taken back does not count the next time.
  bool remove(const Prefix& prefix);
  // Takes out the bans that are over, and returns them by prefix.
  std::vector<StoredBan> expire(WallTime now_wall, BootNs now_boot, const std::string& boot_id);

  // Keeps the count of a ban that is over: one that has ended while no agent ran.
  void remember(const StoredBan& ban);
  // How many bans of a prefix still count when one is forgotten for each `forget` without a ban.
  // By the wall clock, for this must outlive reboots.
  [[nodiscard]] int earlier(const Prefix& prefix, WallTime now, Milliseconds forget) const;
  // Forgets the bans that have ended and count no more, and returns their prefixes; those that
  // had to make room are among them.
  std::vector<Prefix> forget(WallTime now, Milliseconds forget);

  // Visits bans in the order of their prefixes, from the first behind `after` (nullopt: all), for
  // as long as `visit` returns true. The book must not change meanwhile.
  void for_each(const std::optional<Prefix>& after,
                const std::function<bool(const StoredBan&)>& visit) const;
  [[nodiscard]] std::vector<StoredBan> all() const;  // ordered by prefix
  // Visits what is remembered of bans that ended, as bans of which only prefix, end and count mean
  // something.
  void for_each_past(const std::function<void(const StoredBan&)>& visit) const;
  [[nodiscard]] std::size_t size() const { return bans_.size(); }
  // The ban of exactly this prefix, over or not.
  [[nodiscard]] std::optional<StoredBan> find(const Prefix& prefix) const;
  // The ban with the longest prefix that covers the address and is not over.
  [[nodiscard]] std::optional<StoredBan> find(const Address& address, WallTime now_wall,
                                              BootNs now_boot, const std::string& boot_id) const;

 private:
  // What a million bans have in common is kept once: a ban is 100 bytes then, not 400.
  struct Texts {
    std::string boot_id, reason, rule, origin;
    auto operator<=>(const Texts&) const = default;
  };
  struct Entry {
    WallTime since, until;  // kNoEnd: for ever
    BootNs until_boot = 0;  // 0: not known
    std::shared_ptr<const Texts> texts;
    int times = 1;
    bool all = false;
  };
  static constexpr WallTime kNoEnd = WallTime::max();
  struct ByText {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return *a < *b; }
  };
  struct Past {
    int times = 0;
    WallTime ended;
  };
  [[nodiscard]] static int left_of(const Past& past, WallTime now, Milliseconds forget);
  void note_end(std::optional<WallTime> until, std::optional<BootNs> until_boot);
  [[nodiscard]] Entry entry_of(const StoredBan& ban);
  [[nodiscard]] static StoredBan ban_of(const Prefix& prefix, const Entry& entry);

  std::size_t remembered_;
  std::map<Prefix, Entry> bans_;
  std::set<std::shared_ptr<const Texts>, ByText> texts_;
  std::shared_ptr<const Texts> last_texts_;
  std::size_t texts_swept_ = 64;  // so many there may be before those without a ban are let go
  // No ban ends before both of these: spares expire() a walk through the book each second.
  std::optional<WallTime> soonest_wall_;
  std::optional<BootNs> soonest_boot_;
  std::map<Prefix, Past> past_;
  std::deque<Prefix> past_order_;  // may name a prefix that is no longer in past_
  std::vector<Prefix> made_room_;
};

}  // namespace weir
