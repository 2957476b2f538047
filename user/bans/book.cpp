// SPDX-License-Identifier: BSD-2-Clause
#include "bans/book.h"

#include <algorithm>
#include <utility>

#include "weir/abi.h"

namespace weir {
namespace {

// Far ends saturate just below "for ever" instead of wrapping into the past.
BootNs boot_after(BootNs now, Milliseconds remaining) {
  constexpr BootNs kLatest = WEIR_BAN_FOREVER - 1;
  const auto ms = static_cast<std::uint64_t>(remaining.count());
  if (now >= kLatest || ms > (kLatest - now) / kNsInMs) return kLatest;
  return now + ms * kNsInMs;
}

}  // namespace

std::optional<BootNs> kernel_until(const StoredBan& ban, WallTime now_wall, BootNs now_boot,
                                   const std::string& boot_id) {
  if (ban.until_boot && ban.boot_id == boot_id) {
    if (*ban.until_boot <= now_boot) return std::nullopt;
    return ban.until_boot;
  }
  if (!ban.until) return WEIR_BAN_FOREVER;
  if (*ban.until <= now_wall) return std::nullopt;
  return boot_after(now_boot, *ban.until - now_wall);
}

StoredBan BanBook::add(StoredBan ban) {
  ban.times = std::max(ban.times, 1);
  if (const auto earlier = bans_.find(ban.prefix); earlier != bans_.end()) {
    ban.times = std::max(ban.times, earlier->second.times + 1);
  } else if (const auto past = past_times_.find(ban.prefix); past != past_times_.end()) {
    ban.times = std::max(ban.times, past->second + 1);
    past_times_.erase(past);
  }
  note_end(ban);
  return bans_.insert_or_assign(ban.prefix, ban).first->second;
}

bool BanBook::remove(const Prefix& prefix) {
  past_times_.erase(prefix);
  return bans_.erase(prefix) > 0;
}

std::vector<Prefix> BanBook::expire(WallTime now_wall, BootNs now_boot,
                                    const std::string& boot_id) {
  const bool due = (soonest_wall_ && *soonest_wall_ <= now_wall) ||
                   (soonest_boot_ && *soonest_boot_ <= now_boot);
  std::vector<Prefix> over;
  if (!due) return over;
  soonest_wall_.reset();
  soonest_boot_.reset();
  for (auto it = bans_.begin(); it != bans_.end();) {
    if (kernel_until(it->second, now_wall, now_boot, boot_id)) {
      note_end(it->second);
      ++it;
      continue;
    }
    over.push_back(it->first);
    remember(it->second);
    it = bans_.erase(it);
  }
  return over;
}

std::vector<StoredBan> BanBook::all() const {
  std::vector<StoredBan> bans;
  bans.reserve(bans_.size());
  for (const auto& [prefix, ban] : bans_) bans.push_back(ban);
  return bans;
}

const StoredBan* BanBook::find(const Prefix& prefix) const {
  const auto it = bans_.find(prefix);
  return it == bans_.end() ? nullptr : &it->second;
}

const StoredBan* BanBook::find(const Address& address, WallTime now_wall, BootNs now_boot,
                               const std::string& boot_id) const {
  for (int length = address.is_v4() ? 32 : 128; length >= 0; --length) {
    const StoredBan* ban = find(Prefix::around(address, length));
    if (ban && kernel_until(*ban, now_wall, now_boot, boot_id)) return ban;
  }
  return nullptr;
}

void BanBook::remember(const StoredBan& ban) {
  past_times_[ban.prefix] = ban.times;
  past_order_.push_back(ban.prefix);
  if (past_order_.size() <= remembered_) return;
  past_times_.erase(past_order_.front());
  past_order_.pop_front();
}

void BanBook::note_end(const StoredBan& ban) {
  if (ban.until) soonest_wall_ = std::min(soonest_wall_.value_or(*ban.until), *ban.until);
  if (ban.until_boot)
    soonest_boot_ = std::min(soonest_boot_.value_or(*ban.until_boot), *ban.until_boot);
}

}  // namespace weir
