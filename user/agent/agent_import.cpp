// SPDX-License-Identifier: BSD-2-Clause
// Many bans at once: all of them are entered, or none.
#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/agent.h"

namespace weir {
namespace {

constexpr const char* kImportOrigin = "import";
constexpr std::size_t kCutOffMax = 100'000;

}  // namespace

// Whom the list must not ban is few; so they are looked up in it, not it in them.
Status Agent::check_import(const BanList& list) const {
  for (const char* everybody : {"0.0.0.0/0", "::/0"}) {
    const Prefix prefix = Prefix::parse(everybody).value();
    const ListedBan* ban = find_ban(list, prefix.address());
    if (ban != nullptr && ban->prefix == prefix)
      return fail(ErrorCode::kRefused,
                  fmt::format("the list bans {}, which is everybody", prefix.text()),
                  "--force does it all the same");
  }
  const auto refuse = [](const Prefix& ban, const std::string& whom) {
    return fail(ErrorCode::kRefused,
                fmt::format("the ban of {} would shut out {}", ban.text(), whom),
                "take it out of the list, or: --force");
  };
  for (const Prefix& proxy : configuration_.settings().proxies)
    if (const ListedBan* ban = find_ban(list, proxy.address()))
      return refuse(ban->prefix, proxy.text() + ", a proxy");
  if (lifelines_ == nullptr) return {};
  for (const Lifeline& lifeline : lifelines_->now())
    if (const ListedBan* ban = find_ban(list, lifeline.network.address()))
      return refuse(ban->prefix,
                    fmt::format("{}, {}", lifeline.network.address().text(), lifeline.what));
  return {};
}

Result<Done> Agent::import_bans(const BanList& list, const BanImport& import) {
  const WallTime wall = clock_->wall();
  const BootNs boot = clock_->boot();
  const auto made = [&](const ListedBan& listed) {
    StoredBan ban;
    ban.prefix = listed.prefix;
    ban.since = listed.since.value_or(wall);
    ban.until_boot = WEIR_BAN_FOREVER;
    if (listed.has_end)
      ban.until = listed.until;
    else if (import.duration)
      ban.until = wall + *import.duration;
    if (ban.until)
      ban.until_boot = boot + static_cast<BootNs>((*ban.until - wall).count()) * kNsInMs;
    ban.boot_id = boot_id_;
    ban.reason = listed.texts->reason.empty() ? import.reason : listed.texts->reason;
    ban.rule = listed.texts->rule;
    ban.origin = kImportOrigin;
    ban.all = listed.all;
    ban.times = listed.times;
    return ban;
  };
  const auto ends = [](const StoredBan& ban) { return ban.until.value_or(WallTime::max()); };

  if (!import.force)
    if (auto safe = check_import(list); !safe) return tl::unexpected(std::move(safe.error()));
  std::vector<const ListedBan*> fresh;
  fresh.reserve(list.bans.size());
  std::size_t there = 0;
  for (const ListedBan& listed : list.bans) {
    // What is banned for longer already stays as it is.
    if (const auto now = book_.find(listed.prefix); now && ends(*now) >= ends(made(listed)))
      there++;
    else
      fresh.push_back(&listed);
  }

  std::size_t entered = 0;
  Status put;
  for (; entered < fresh.size() && put; entered++) {
    const StoredBan ban = made(*fresh[entered]);
    put = data_plane_->put_ban({ban.prefix, *ban.until_boot, ban.all, 0});
  }
  if (!put) {
    for (std::size_t i = 0; i < entered; i++) {
      const auto before = book_.find(fresh[i]->prefix);
      if (!before)
        (void)data_plane_->remove_ban(fresh[i]->prefix);
      else if (const auto until = kernel_until(*before, wall, boot, boot_id_))
        (void)data_plane_->put_ban({before->prefix, *until, before->all, 0});
    }
    put.error().message += "; nothing of the list was entered";
    return tl::unexpected(std::move(put.error()));
  }
  keep([&] {
    // In the order of the store's key: a million rows are appended then, instead of looked up.
    std::vector<std::pair<std::string, const ListedBan*>> by_text;
    by_text.reserve(fresh.size());
    for (const ListedBan* listed : fresh) by_text.emplace_back(listed->prefix.text(), listed);
    std::sort(by_text.begin(), by_text.end());
    return store_->put_bans([&](const Store::TakeBan& take) -> Status {
      for (const auto& [text, listed] : by_text)
        if (auto taken = take(made(*listed)); !taken) return taken;
      return {};
    });
  });
  for (const ListedBan* listed : fresh) book_.enter(made(*listed));
  // Of longer lists the names alone would take as much memory as the bans.
  if (fresh.size() <= kCutOffMax)
    for (const ListedBan* listed : fresh) end_connections_of(made(*listed));
  tell("import", fmt::format("{} bans", fresh.size()), import.reason);
  malloc_trim(0);  // a million rows went through SQLite

  Done done{fmt::format("{} bans were entered", fresh.size()), {}};
  const auto note = [&](std::size_t count, const char* what) {
    if (count != 0) done.notices.push_back(fmt::format("{} {}", count, what));
  };
  note(list.duplicates, "entries were in the list more than once: the later end counts");
  note(list.overlaps, "bans are inside a network that the list bans too; they were kept");
  note(list.over, "entries had ended already, and were left out");
  note(there, "were banned for as long or longer already, and stay so");
  if (configuration_.settings().mode == WEIR_MODE_OBSERVE)
    done.notices.push_back("mode is observe: bans are only counted until weir mode enforce");
  note_unsaved(done);
  return done;
}

}  // namespace weir
