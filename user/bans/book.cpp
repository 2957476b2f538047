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

// `until_boot`: only when it is of this boot.
std::optional<BootNs> end_of(std::optional<WallTime> until, std::optional<BootNs> until_boot,
                             WallTime now_wall, BootNs now_boot) {
  if (until_boot) return *until_boot <= now_boot ? std::nullopt : until_boot;
  if (!until) return WEIR_BAN_FOREVER;
  if (*until <= now_wall) return std::nullopt;
  return boot_after(now_boot, *until - now_wall);
}

}  // namespace

std::optional<BootNs> kernel_until(const StoredBan& ban, WallTime now_wall, BootNs now_boot,
                                   const std::string& boot_id) {
  return end_of(ban.until, ban.boot_id == boot_id ? ban.until_boot : std::nullopt, now_wall,
                now_boot);
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
  note_end(ban.until, ban.until_boot);
  bans_.insert_or_assign(ban.prefix, entry_of(ban));
  return ban;
}

BanBook::Entry BanBook::entry_of(const StoredBan& ban) {
  if (texts_.size() >= texts_swept_) {
    std::erase_if(texts_, [](const auto& texts) { return texts.use_count() == 1; });
    texts_swept_ = std::max<std::size_t>(64, 2 * texts_.size());
  }
  // Mostly it has the same texts as the one before it.
  if (!last_texts_ || last_texts_->reason != ban.reason || last_texts_->rule != ban.rule ||
      last_texts_->boot_id != ban.boot_id || last_texts_->origin != ban.origin) {
    auto texts =
        std::make_shared<const Texts>(Texts{ban.boot_id, ban.reason, ban.rule, ban.origin});
    last_texts_ = *texts_.insert(std::move(texts)).first;
  }
  return {ban.since, ban.until.value_or(kNoEnd), ban.until_boot.value_or(0), last_texts_, ban.times,
          ban.all};
}

StoredBan BanBook::ban_of(const Prefix& prefix, const Entry& entry) {
  StoredBan ban;
  ban.prefix = prefix;
  ban.since = entry.since;
  if (entry.until != kNoEnd) ban.until = entry.until;
  if (entry.until_boot != 0) ban.until_boot = entry.until_boot;
  ban.boot_id = entry.texts->boot_id;
  ban.reason = entry.texts->reason;
  ban.rule = entry.texts->rule;
  ban.origin = entry.texts->origin;
  ban.all = entry.all;
  ban.times = entry.times;
  return ban;
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
    const Entry& entry = it->second;
    const auto until = entry.until == kNoEnd ? std::nullopt : std::optional(entry.until);
    const auto until_boot = entry.until_boot == 0 || entry.texts->boot_id != boot_id
                                ? std::nullopt
                                : std::optional(entry.until_boot);
    if (end_of(until, until_boot, now_wall, now_boot)) {
      note_end(until_boot ? std::nullopt : until, until_boot);
      ++it;
      continue;
    }
    StoredBan ban = ban_of(it->first, entry);
    remember(ban);
    over.push_back(std::move(ban));
    it = bans_.erase(it);
  }
  return over;
}

void BanBook::for_each(const std::optional<Prefix>& after,
                       const std::function<bool(const StoredBan&)>& visit) const {
  for (auto it = after ? bans_.upper_bound(*after) : bans_.begin(); it != bans_.end(); ++it)
    if (!visit(ban_of(it->first, it->second))) return;
}

std::vector<StoredBan> BanBook::all() const {
  std::vector<StoredBan> bans;
  bans.reserve(bans_.size());
  for (const auto& [prefix, entry] : bans_) bans.push_back(ban_of(prefix, entry));
  return bans;
}

void BanBook::for_each_past(const std::function<void(const StoredBan&)>& visit) const {
  StoredBan ban;
  for (const auto& [prefix, past] : past_) {
    ban.prefix = prefix;
    ban.since = past.ended;
    ban.until = past.ended;
    ban.times = past.times;
    visit(ban);
  }
}

std::optional<StoredBan> BanBook::find(const Prefix& prefix) const {
  const auto it = bans_.find(prefix);
  return it == bans_.end() ? std::nullopt : std::optional(ban_of(it->first, it->second));
}

std::optional<StoredBan> BanBook::find(const Address& address, WallTime now_wall, BootNs now_boot,
                                       const std::string& boot_id) const {
  for (int length = address.is_v4() ? 32 : 128; length >= 0; --length) {
    auto ban = find(Prefix::around(address, length));
    if (ban && kernel_until(*ban, now_wall, now_boot, boot_id)) return ban;
  }
  return std::nullopt;
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
  if (const auto ban = bans_.find(prefix); ban != bans_.end()) return ban->second.times;
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

void BanBook::note_end(std::optional<WallTime> until, std::optional<BootNs> until_boot) {
  if (until) soonest_wall_ = std::min(soonest_wall_.value_or(*until), *until);
  if (until_boot) soonest_boot_ = std::min(soonest_boot_.value_or(*until_boot), *until_boot);
}

}  // namespace weir
