// SPDX-License-Identifier: BSD-2-Clause
// The ban book: who is banned, why, until when and how often. Pure: the caller says what time
// it is, tells the kernel and writes the store.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
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

  [[nodiscard]] std::vector<StoredBan> all() const;  // ordered by prefix
  [[nodiscard]] std::size_t size() const { return bans_.size(); }
  // The ban of exactly this prefix, over or not. Pointers are valid until the next change.
  [[nodiscard]] const StoredBan* find(const Prefix& prefix) const;
  // The ban with the longest prefix that covers the address and is not over.
  [[nodiscard]] const StoredBan* find(const Address& address, WallTime now_wall, BootNs now_boot,
                                      const std::string& boot_id) const;

 private:
  struct Past {
    int times = 0;
    WallTime ended;
  };
  [[nodiscard]] static int left_of(const Past& past, WallTime now, Milliseconds forget);
  void note_end(const StoredBan& ban);

  std::size_t remembered_;
  std::map<Prefix, StoredBan> bans_;
  // No ban ends before both of these: spares expire() a walk through the book each second.
  std::optional<WallTime> soonest_wall_;
  std::optional<BootNs> soonest_boot_;
  std::map<Prefix, Past> past_;
  std::deque<Prefix> past_order_;  // may name a prefix that is no longer in past_
  std::vector<Prefix> made_room_;
};

}  // namespace weir
