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
  } else if (const auto past = past_.find(ban.prefix); past != past_.end()) {
    ban.times = std::max(ban.times, past->second.times + 1);
  }
  return enter(ban);
}

StoredBan BanBook::enter(const StoredBan& ban) {
  past_.erase(ban.prefix);
  note_end(ban);
  return bans_.insert_or_assign(ban.prefix, ban).first->second;
}

bool BanBook::remove(const Prefix& prefix) {
  past_.erase(prefix);
  return bans_.erase(prefix) > 0;
}

std::vector<StoredBan> BanBook::expire(WallTime now_wall, BootNs now_boot,
                                       const std::string& boot_id) {
  const bool due = (soonest_wall_ && *soonest_wall_ <= now_wall) ||
                   (soonest_boot_ && *soonest_boot_ <= now_boot);
  std::vector<StoredBan> over;
  if (!due) return over;
  soonest_wall_.reset();
  soonest_boot_.reset();
  for (auto it = bans_.begin(); it != bans_.end();) {
    if (kernel_until(it->second, now_wall, now_boot, boot_id)) {
      note_end(it->second);
      ++it;
      continue;
    }
    remember(it->second);
    over.push_back(std::move(it->second));
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
  past_[ban.prefix] = {ban.times, ban.until.value_or(ban.since)};
  past_order_.push_back(ban.prefix);
  if (past_order_.size() <= remembered_) return;
  if (past_.erase(past_order_.front()) > 0) made_room_.push_back(past_order_.front());
  past_order_.pop_front();
}

int BanBook::left_of(const Past& past, WallTime now, Milliseconds forget) {
  if (now <= past.ended) return past.times;
  return static_cast<int>(std::max<std::int64_t>(0, past.times - (now - past.ended) / forget));
}

int BanBook::earlier(const Prefix& prefix, WallTime now, Milliseconds forget) const {
  if (const StoredBan* ban = find(prefix)) return ban->times;
  const auto past = past_.find(prefix);
  return past == past_.end() ? 0 : left_of(past->second, now, forget);
}

std::vector<Prefix> BanBook::forget(WallTime now, Milliseconds forget) {
  std::vector<Prefix> forgotten = std::exchange(made_room_, {});
  // The rooms of these are taken by an ended ban of now, or a ban again.
  std::erase_if(forgotten, [this](const Prefix& prefix) {
    return bans_.contains(prefix) || past_.contains(prefix);
  });
  for (auto it = past_.begin(); it != past_.end();) {
    if (left_of(it->second, now, forget) > 0) {
      ++it;
      continue;
    }
    forgotten.push_back(it->first);
    it = past_.erase(it);
  }
  std::erase_if(past_order_, [this](const Prefix& prefix) { return !past_.contains(prefix); });
  return forgotten;
}

void BanBook::note_end(const StoredBan& ban) {
  if (ban.until) soonest_wall_ = std::min(soonest_wall_.value_or(*ban.until), *ban.until);
  if (ban.until_boot)
    soonest_boot_ = std::min(soonest_boot_.value_or(*ban.until_boot), *ban.until_boot);
}

}  // namespace weir
