// SPDX-License-Identifier: BSD-2-Clause
// The agent's bans and allow list: book, store and kernel kept in line.
#include <fmt/format.h>
#include <malloc.h>
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

}  // namespace

// The book is filled from the store. Bans that only the kernel knows (a store that was lost) are
// taken over; the kernel gets those that it lacks.
Status Agent::sync_bans() {
  auto listed = data_plane_->bans();
  if (!listed) return tl::unexpected(std::move(listed.error()));
  const auto by_prefix = [](const KernelBan& a, const KernelBan& b) { return a.prefix < b.prefix; };
  std::sort(listed->begin(), listed->end(), by_prefix);
  std::vector<bool> is_stored(listed->size());
  std::vector<Prefix> over;

  const WallTime wall = clock_->wall();
  const BootNs boot = clock_->boot();
  auto read = store_->each_ban([&](const StoredBan& ban) -> Status {
    const auto until = kernel_until(ban, wall, boot, boot_id_);
    if (!until) {
      if (ban.origin == kRuleOrigin)
        book_.remember(ban);
      else
        over.push_back(ban.prefix);  // and from the kernel below, where it is
      return {};
    }
    book_.add(ban);
    const KernelBan wanted{ban.prefix, *until, ban.all, 0};
    const auto known = std::lower_bound(listed->begin(), listed->end(), wanted, by_prefix);
    if (known != listed->end() && known->prefix == ban.prefix) {
      is_stored[static_cast<std::size_t>(known - listed->begin())] = true;
      if (known->all == ban.all && is_same_end(known->until, *until)) return {};
    }
    return data_plane_->put_ban(wanted);
  });
  if (!read) return read;
  if (!over.empty()) keep([&] { return store_->remove_bans(over); });

  std::vector<StoredBan> adopted;
  for (std::size_t i = 0; i < listed->size(); i++) {
    const KernelBan& ban = (*listed)[i];
    if (is_stored[i]) continue;
    if (ban.until != WEIR_BAN_FOREVER && ban.until <= boot) {
      (void)data_plane_->remove_ban(ban.prefix);
      continue;
    }
    StoredBan found{ban.prefix, wall,  std::nullopt, ban.until, boot_id_, "found in the kernel",
                    "",         "cli", ban.all,      1};
    if (ban.until != WEIR_BAN_FOREVER)
      found.until = wall + Milliseconds((ban.until - boot) / kNsInMs);
    adopted.push_back(book_.add(found));
  }
  malloc_trim(0);  // what a million rows have taken on their way
  if (!adopted.empty()) keep([&] { return store_->put_bans(adopted); });
  return {};
}

// Bans by rule stay in the store until they count no more, for the next one is longer by them.
void Agent::end_bans() {
  std::vector<Prefix> over;
  for (const StoredBan& ban : book_.expire(clock_->wall(), clock_->boot(), boot_id_)) {
    // The kernel ended it by itself; this only makes room.
    (void)data_plane_->remove_ban(ban.prefix);
    if (ban.origin != kRuleOrigin) over.push_back(ban.prefix);
    tell("unban", ban.prefix.text(), "its time is over");
  }
  if (!over.empty()) keep([&] { return store_->remove_bans(over); });
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
  if (const auto forgotten = book_.forget(clock_->wall(), longest); !forgotten.empty())
    keep([&] { return store_->remove_bans(forgotten); });
}

// The kernel's list to what the file and the commands name.
Status Agent::sync_allowed() {
  std::set<Prefix> wanted(configuration_.settings().allow.begin(),
                          configuration_.settings().allow.end());
  for (const auto& allow : allowed_) wanted.insert(allow.prefix);
  auto present = data_plane_->allowed();
  if (!present) return tl::unexpected(std::move(present.error()));
  for (const auto& prefix : *present)
    if (wanted.erase(prefix) == 0)
      if (auto removed = data_plane_->remove_allow(prefix); !removed) return removed;
  for (const auto& prefix : wanted)
    if (auto put = data_plane_->put_allow(prefix); !put) return put;
  return {};
}

Result<Done> Agent::ban(const BanRequest& request) {
  if (request.prefix.length() == 0 && !request.force)
    return fail(ErrorCode::kRefused,
                fmt::format("banning {} would ban everybody", request.prefix.text()),
                "--force does it all the same");
  if (const auto needed = needed_in(request.prefix); needed && !request.force)
    return fail(ErrorCode::kRefused,
                fmt::format("banning {} would shut out {}", request.prefix.text(), *needed),
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

  const auto before = book_.find(request.prefix);
  const StoredBan entered = book_.add(ban);
  // On disk before it is acknowledged.
  keep([&] { return store_->put_ban(entered); });
  if (auto put = data_plane_->put_ban({ban.prefix, *ban.until_boot, ban.all, 0}); !put) {
    book_.remove(request.prefix);
    keep([&] {
      return before ? store_->put_ban(book_.enter(*before)) : store_->remove_ban(request.prefix);
    });
    return tl::unexpected(std::move(put.error()));
  }
  end_connections_of(ban);
  const std::string length = request.duration ? "for " + format_duration(*request.duration)
                                              : std::string("until it is removed");
  tell("ban", ban.prefix.text(), length + (ban.reason.empty() ? "" : ", " + ban.reason));
  Done done{fmt::format("{} is banned {}", ban.prefix.text(), length), {}};
  note_unsaved(done);
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
  const auto ban = book_.find(prefix);
  if (!ban)
    return fail(ErrorCode::kNotFound, prefix.text() + " is not banned",
                "weir ban list shows what is; weir explain tells why an address is");
  // Not found is fine: it may have ended there already.
  if (auto removed = data_plane_->remove_ban(prefix);
      !removed && removed.error().code != ErrorCode::kNotFound)
    return tl::unexpected(std::move(removed.error()));
  book_.remove(prefix);
  cut_off_.remove(prefix);
  tell("unban", prefix.text(), "by command");
  Done done{prefix.text() + " is no longer banned", {}};
  keep([&] { return store_->remove_ban(prefix); });
  note_unsaved(done);
  return done;
}

Result<Done> Agent::allow(const Prefix& prefix, const std::string& reason) {
  if (auto put = data_plane_->put_allow(prefix); !put)
    return tl::unexpected(std::move(put.error()));
  const StoredAllow entry{prefix, clock_->wall(), reason};
  std::erase_if(allowed_, [&](const StoredAllow& allow) { return allow.prefix == prefix; });
  allowed_.push_back(entry);
  std::sort(allowed_.begin(), allowed_.end(),
            [](const StoredAllow& a, const StoredAllow& b) { return a.prefix < b.prefix; });
  tell("allow", prefix.text(), reason);
  Done done{prefix.text() + " is on the allow list", {}};
  keep([&] { return store_->put_allow(entry); });
  note_unsaved(done);
  if (prefix.length() == 0)
    done.notices.push_back("that is everybody: nothing will be throttled, kicked or banned");
  return done;
}

Result<Done> Agent::disallow(const Prefix& prefix) {
  const auto& file = configuration_.settings().allow;
  const bool in_file = std::find(file.begin(), file.end(), prefix) != file.end();
  const bool is_there =
      std::any_of(allowed_.begin(), allowed_.end(),
                  [&](const StoredAllow& allow) { return allow.prefix == prefix; });
  if (!is_there) {
    if (in_file)
      return fail(ErrorCode::kInvalid, prefix.text() + " is allowed by the configuration file",
                  "take it out of `allow` there, then: weir reload");
    return fail(ErrorCode::kNotFound, prefix.text() + " is not on the allow list",
                "weir allow list shows what is");
  }
  if (!in_file)
    if (auto removed = data_plane_->remove_allow(prefix); !removed)
      return tl::unexpected(std::move(removed.error()));
  std::erase_if(allowed_, [&](const StoredAllow& allow) { return allow.prefix == prefix; });
  tell("disallow", prefix.text(), "by command");
  Done done{prefix.text() + " is no longer on the allow list", {}};
  keep([&] { return store_->remove_allow(prefix); });
  note_unsaved(done);
  if (in_file) done.notices.push_back("but the configuration file still allows it");
  return done;
}

}  // namespace weir
