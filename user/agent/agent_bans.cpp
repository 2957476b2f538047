// SPDX-License-Identifier: BSD-2-Clause
// The agent's bans and allow list: book, store and kernel kept in line.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/agent.h"

namespace weir {
namespace {

BootNs after(BootNs now, Milliseconds duration) {
  return now + static_cast<BootNs>(duration.count()) * kNsInMs;
}

// The kernel keeps whole milliseconds, rounded up.
bool is_same_end(BootNs a, BootNs b) { return (a > b ? a - b : b - a) < kNsInMs; }

std::optional<StoredAllow> find_allowed(const std::vector<StoredAllow>& allowed,
                                        const Prefix& prefix) {
  for (const auto& allow : allowed)
    if (allow.prefix == prefix) return allow;
  return std::nullopt;
}

}  // namespace

// The book is filled from the store. Bans that only the kernel knows (a store that was lost) are
// taken over; the kernel gets those that it lacks.
Status Agent::sync_bans() {
  auto stored = store_->bans();
  if (!stored) return tl::unexpected(std::move(stored.error()));
  auto listed = data_plane_->bans();
  if (!listed) return tl::unexpected(std::move(listed.error()));
  std::map<Prefix, KernelBan> in_kernel;
  for (auto& ban : *listed) in_kernel.emplace(ban.prefix, ban);

  const WallTime wall = clock_->wall();
  const BootNs boot = clock_->boot();
  for (const auto& ban : *stored) {
    const auto until = kernel_until(ban, wall, boot, boot_id_);
    const auto known = in_kernel.find(ban.prefix);
    if (!until) {
      if (ban.origin == kRuleOrigin) {
        book_.remember(ban);
        continue;
      }
      if (auto removed = store_->remove_ban(ban.prefix); !removed) return removed;
      continue;  // and from the kernel below, where it is
    }
    book_.add(ban);
    const bool is_same = known != in_kernel.end() && known->second.all == ban.all &&
                         is_same_end(known->second.until, *until);
    if (known != in_kernel.end()) in_kernel.erase(known);
    if (is_same) continue;
    if (auto put = data_plane_->put_ban({ban.prefix, *until, ban.all, 0}); !put) return put;
  }
  for (const auto& [prefix, ban] : in_kernel) {
    if (ban.until != WEIR_BAN_FOREVER && ban.until <= boot) {
      (void)data_plane_->remove_ban(prefix);
      continue;
    }
    StoredBan adopted{prefix, wall,  std::nullopt, ban.until, boot_id_, "found in the kernel",
                      "",     "cli", ban.all,      1};
    if (ban.until != WEIR_BAN_FOREVER)
      adopted.until = wall + Milliseconds((ban.until - boot) / kNsInMs);
    if (auto put = store_->put_ban(book_.add(adopted)); !put) return put;
  }
  return {};
}

// Bans by rule stay in the store until they count no more, for the next one is longer by them.
void Agent::end_bans() {
  for (const StoredBan& ban : book_.expire(clock_->wall(), clock_->boot(), boot_id_)) {
    // The kernel ended it by itself; this only makes room.
    (void)data_plane_->remove_ban(ban.prefix);
    if (ban.origin != kRuleOrigin)
      if (auto removed = store_->remove_ban(ban.prefix); !removed)
        spdlog::error("{}", removed.error().message);
    tell("unban", ban.prefix.text(), "its time is over");
  }
}

// The longest memory of all rules is the one for what may be deleted.
void Agent::forget_bans() {
  constexpr BootNs kEach = 60'000 * kNsInMs;
  const BootNs now = clock_->boot();
  if (now - bans_forgotten_ < kEach) return;
  bans_forgotten_ = now;
  Milliseconds longest = BanRule{}.longest;
  for (const Service& service : configuration_.settings().services) {
    if (service.ban) longest = std::max(longest, service.ban->longest);
    for (const PathRule& rule : service.paths)
      longest = std::max(longest, rule.ban.value_or(longest));
  }
  for (const Prefix& prefix : book_.forget(clock_->wall(), longest))
    if (auto removed = store_->remove_ban(prefix); !removed)
      spdlog::error("{}", removed.error().message);
}

Status Agent::sync_allowed() {
  auto stored = store_->allowed();
  if (!stored) return tl::unexpected(std::move(stored.error()));
  std::set<Prefix> wanted(configuration_.settings().allow.begin(),
                          configuration_.settings().allow.end());
  for (const auto& allow : *stored) wanted.insert(allow.prefix);
  auto present = data_plane_->allowed();
  if (!present) return tl::unexpected(std::move(present.error()));
  for (const auto& prefix : *present)
    if (wanted.erase(prefix) == 0)
      if (auto removed = data_plane_->remove_allow(prefix); !removed) return removed;
  for (const auto& prefix : wanted)
    if (auto put = data_plane_->put_allow(prefix); !put) return put;
  allowed_ = std::move(*stored);
  return {};
}

Result<Done> Agent::ban(const BanRequest& request) {
  if (request.prefix.length() == 0 && !request.force)
    return fail(ErrorCode::kRefused,
                fmt::format("banning {} would ban everybody", request.prefix.text()),
                "--force does it all the same");
  StoredBan ban;
  ban.prefix = request.prefix;
  ban.since = clock_->wall();
  ban.boot_id = boot_id_;
  ban.until_boot = WEIR_BAN_FOREVER;
  if (request.duration) {
    ban.until = ban.since + *request.duration;
    ban.until_boot = after(clock_->boot(), *request.duration);
  }
  ban.reason = request.reason;
  ban.origin = "cli";
  ban.all = request.all;

  const StoredBan* earlier = book_.find(request.prefix);
  const std::optional<StoredBan> before = earlier ? std::optional(*earlier) : std::nullopt;
  const StoredBan entered = book_.add(ban);
  const auto undo = [&] {
    book_.remove(request.prefix);
    (void)store_->remove_ban(request.prefix);
    if (before) (void)store_->put_ban(book_.add(*before));
  };
  // On disk before it is acknowledged.
  if (auto stored = store_->put_ban(entered); !stored) {
    undo();
    return tl::unexpected(std::move(stored.error()));
  }
  if (auto put = data_plane_->put_ban({ban.prefix, *ban.until_boot, ban.all, 0}); !put) {
    undo();
    return tl::unexpected(std::move(put.error()));
  }
  end_connections_of(ban);
  const std::string length = request.duration ? "for " + format_duration(*request.duration)
                                              : std::string("until it is removed");
  tell("ban", ban.prefix.text(), length + (ban.reason.empty() ? "" : ", " + ban.reason));
  Done done{fmt::format("{} is banned {}", ban.prefix.text(), length), {}};
  if (allowing(ban.prefix.address()))
    done.notices.push_back("it is on the allow list, which wins: the ban has no effect");
  const Settings& settings = configuration_.settings();
  if (settings.mode == WEIR_MODE_OBSERVE)
    done.notices.push_back("mode is observe: the ban is only counted until weir mode enforce");
  if (!ban.prefix.is_v4() && ban.prefix.is_single() && settings.prefix6 < 128)
    done.notices.push_back(
        fmt::format("the other addresses of its network are not; to ban those: "
                    "weir ban add {}",
                    Prefix::around(ban.prefix.address(), settings.prefix6).text()));
  return done;
}

Result<Done> Agent::unban(const Prefix& prefix) {
  const StoredBan* ban = book_.find(prefix);
  if (ban == nullptr)
    return fail(ErrorCode::kNotFound, prefix.text() + " is not banned",
                "weir ban list shows what is; weir explain tells why an address is");
  if (auto removed = store_->remove_ban(prefix); !removed)
    return tl::unexpected(std::move(removed.error()));
  // Not found is fine: it may have ended there already.
  if (auto removed = data_plane_->remove_ban(prefix);
      !removed && removed.error().code != ErrorCode::kNotFound) {
    (void)store_->put_ban(*ban);
    return tl::unexpected(std::move(removed.error()));
  }
  book_.remove(prefix);
  cut_off_.remove(prefix);
  tell("unban", prefix.text(), "by command");
  return Done{prefix.text() + " is no longer banned", {}};
}

Result<Done> Agent::allow(const Prefix& prefix, const std::string& reason) {
  const auto earlier = find_allowed(allowed_, prefix);
  if (auto stored = store_->put_allow({prefix, clock_->wall(), reason}); !stored)
    return tl::unexpected(std::move(stored.error()));
  if (auto synced = sync_allowed(); !synced) {
    (void)(earlier ? store_->put_allow(*earlier) : store_->remove_allow(prefix));
    return tl::unexpected(std::move(synced.error()));
  }
  tell("allow", prefix.text(), reason);
  Done done{prefix.text() + " is on the allow list", {}};
  if (prefix.length() == 0)
    done.notices.push_back("that is everybody: nothing will be throttled, kicked or banned");
  return done;
}

Result<Done> Agent::disallow(const Prefix& prefix) {
  const auto entry = find_allowed(allowed_, prefix);
  const auto& file = configuration_.settings().allow;
  const bool in_file = std::find(file.begin(), file.end(), prefix) != file.end();
  if (!entry) {
    if (in_file)
      return fail(ErrorCode::kInvalid, prefix.text() + " is allowed by the configuration file",
                  "take it out of `allow` there, then: weir reload");
    return fail(ErrorCode::kNotFound, prefix.text() + " is not on the allow list",
                "weir allow list shows what is");
  }
  if (auto removed = store_->remove_allow(prefix); !removed)
    return tl::unexpected(std::move(removed.error()));
  if (auto synced = sync_allowed(); !synced) {
    (void)store_->put_allow(*entry);
    return tl::unexpected(std::move(synced.error()));
  }
  tell("disallow", prefix.text(), "by command");
  Done done{prefix.text() + " is no longer on the allow list", {}};
  if (in_file) done.notices.push_back("but the configuration file still allows it");
  return done;
}

}  // namespace weir
