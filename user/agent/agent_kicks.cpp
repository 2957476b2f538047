// SPDX-License-Identifier: BSD-2-Clause
// What follows from the kernel's notices: events, bans of those who are kicked too often, and the
// end of the connections whose clients were answered in the server's place.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "agent/agent.h"

namespace weir {
namespace {

constexpr BootNs kSecond = 1000 * kNsInMs;
// The client must have read its answer before the server's half of the connection is reset, for a
// reset may take away what was not read yet.
constexpr BootNs kReadingTime = 750 * kNsInMs;
// A ban may come with an answer that wants to be read, and with other bans.
constexpr BootNs kBanningTime = 500 * kNsInMs;

// The server's half of it would go on waiting for a client that is through with it.
bool leaves_a_connection(const weir_notice& notice) {
  if (notice.observed != 0) return false;
  if (notice.action != WEIR_ACTION_REPLY && notice.action != WEIR_ACTION_RESET) return false;
  const auto verdict = weir_reason_verdict(static_cast<weir_reason>(notice.reason));
  return verdict == WEIR_VERDICT_BAN ||
         (verdict == WEIR_VERDICT_KICK && notice.count > 0 && notice.event != WEIR_EVENT_SYN);
}

}  // namespace

void Agent::drain_notices() {
  const auto interfaces = data_plane_->interfaces();
  const WallTime wall = clock_->wall();
  const BootNs boot = clock_->boot();
  std::map<Prefix, RuleBan> due;
  data_plane_->drain_notices([&](const weir_notice& notice) {
    EventView event = event_of(notice, configuration_.settings(), interfaces, wall, boot);
    consider_ban(notice, event.path, due);
    end_connection(notice);
    remember(std::move(event));
  });
  make_bans(due);
}

// What is not made now is due again with the source's next kick.
void Agent::consider_ban(const weir_notice& notice, const std::string& path,
                         std::map<Prefix, RuleBan>& due) {
  const auto wanted = due_ban(notice, configuration_.settings());
  if (!wanted || allowing(wanted->address)) return;
  // A notice may be older than the ban that an earlier one has made.
  if (due.contains(wanted->prefix) ||
      book_.find(wanted->address, clock_->wall(), clock_->boot(), boot_id_))
    return;
  if (const auto needed = needed_in(wanted->prefix, wanted->address))
    return tell_spared(wanted->prefix, *needed);
  if (!may_ban()) return;
  RuleBan& ban = due[wanted->prefix];
  ban.due = *wanted;
  ban.path = path;
  ban.observed = notice.observed != 0 || configuration_.settings().mode == WEIR_MODE_OBSERVE;
}

void Agent::close_breaker() {
  if (bans_not_made_ != 0)
    tell("breaker", "closed", fmt::format("{} bans were not made", bans_not_made_));
  bans_not_made_ = 0;
}

bool Agent::may_ban() {
  const unsigned most = configuration_.settings().max_bans_per_minute;
  const BootNs now = clock_->boot();
  if (now - ban_minute_ >= 60 * kSecond) {
    ban_minute_ = now;
    bans_this_minute_ = 0;
    close_breaker();
  }
  if (most == 0 || bans_this_minute_ < most) {
    bans_this_minute_++;
    return true;
  }
  if (bans_not_made_++ == 0) {
    const std::string why = fmt::format(
        "{} bans by rules within a minute (maxBansPerMinute): no more until it is over", most);
    tell("breaker", "open", why);
    spdlog::warn("{}", why);
  }
  return false;
}

std::optional<std::string> Agent::needed_in(const Prefix& network,
                                            const std::optional<Address>& client) const {
  for (const Prefix& proxy : configuration_.settings().proxies)
    if (network.contains(proxy.address()) || proxy.contains(network.address()))
      return proxy.text() + ", a proxy";
  if (lifelines_ == nullptr) return std::nullopt;
  const Lifeline* lifeline = find_lifeline(lifelines_->now(), network, client);
  if (lifeline == nullptr) return std::nullopt;
  return fmt::format("{}, {}", lifeline->network.address().text(), lifeline->what);
}

// Once a minute: each of its kicks would tell it again.
void Agent::tell_spared(const Prefix& network, const std::string& why) {
  const BootNs now = clock_->boot();
  if (spared_told_ != 0 && now - spared_told_ < 60 * kSecond) return;
  spared_told_ = now;
  tell("spared", network.text(), "a ban would shut out " + why);
}

// In one transaction, for each waits for the disk.
void Agent::make_bans(const std::map<Prefix, RuleBan>& due) {
  std::vector<StoredBan> bans;
  for (const auto& [prefix, ban] : due) {
    const int earlier = book_.earlier(prefix, clock_->wall(), ban.due.longest);
    const Milliseconds length = ban_length(ban.due.first, ban.due.longest, earlier);
    if (ban.observed) {
      tell_observed_ban(ban, length);
      continue;
    }
    StoredBan made;
    made.prefix = prefix;
    made.since = clock_->wall();
    made.until = made.since + length;
    made.until_boot = clock_->boot() + static_cast<BootNs>(length.count()) * kNsInMs;
    made.boot_id = boot_id_;
    made.reason = ban.due.reason;
    made.rule = ban.due.rule;
    made.origin = kRuleOrigin;
    made.times = earlier + 1;
    bans.push_back(std::move(made));
  }
  if (bans.empty()) return;
  keep([&] { return store_->put_bans(bans); });
  for (const StoredBan& ban : bans) {
    if (auto put = data_plane_->put_ban({ban.prefix, *ban.until_boot, ban.all, 0}); !put) {
      keep([&] { return store_->remove_ban(ban.prefix); });
      tell_failed_ban(put.error());
      continue;
    }
    book_.enter(ban);
    end_connections_of(ban);
    tell_ban(due.at(ban.prefix), *ban.until - ban.since);
  }
}

void Agent::tell_ban(const RuleBan& ban, Milliseconds length) {
  EventView event;
  event.time = clock_->wall();
  event.kind = "ban";
  event.address = ban.due.address;
  event.subject = ban.due.prefix.text();
  event.service = ban.due.service;
  event.path = ban.path;
  event.rule = ban.due.rule;
  event.reason = fmt::format("for {}, {}", format_duration(length), ban.due.reason);
  event.observed = ban.observed;
  spdlog::info("{} {}: {}", ban.observed ? "would ban" : "ban", event.subject, event.reason);
  remember(std::move(event));
}

// Once for as long as the ban would be, or every further kick would tell it again.
void Agent::tell_observed_ban(const RuleBan& ban, Milliseconds length) {
  const BootNs now = clock_->boot();
  if (observed_bans_.size() >= kObservedBans)
    std::erase_if(observed_bans_, [now](const auto& entry) { return entry.second <= now; });
  if (observed_bans_.size() >= kObservedBans) observed_bans_.clear();
  BootNs& until = observed_bans_[ban.due.prefix];
  if (until > now) return;
  until = now + static_cast<BootNs>(length.count()) * kNsInMs;
  tell_ban(ban, length);
}

// A full disk or table fails for every kick: once a minute is enough.
void Agent::tell_failed_ban(const Error& error) {
  const BootNs now = clock_->boot();
  if (ban_failed_ != 0 && now - ban_failed_ < 60 * kSecond) return;
  ban_failed_ = now;
  spdlog::error("banning by rule: {}", error.message);
}

void Agent::end_connection(const weir_notice& notice) {
  if (!leaves_a_connection(notice)) return;
  const Connection connection{Address::in_packet(true, notice.local),
                              Address::in_packet(true, notice.addr), notice.port,
                              notice.source_port};
  if (notice.action == WEIR_ACTION_RESET) return data_plane_->close_connection(connection);
  if (const auto early = closings_.add(connection, clock_->boot() + kReadingTime))
    data_plane_->close_connection(*early);
}

void Agent::end_connections() {
  for (const Connection& connection : closings_.take_due(clock_->boot()))
    data_plane_->close_connection(connection);
  if (cut_off_.is_due(clock_->boot())) end_banned_connections();
}

// Nothing of a banned client's gets through any more, so the server would wait for it in vain: an
// idle connection for as long as it likes, one with an answer under way for a quarter of an hour.
void Agent::end_connections_of(const StoredBan& ban) {
  if (configuration_.settings().mode == WEIR_MODE_ENFORCE)
    cut_off_.add(ban.prefix, ban.all, clock_->boot() + kBanningTime);
}

void Agent::end_banned_connections() {
  const CutOff cut = std::exchange(cut_off_, {});
  const Settings& settings = configuration_.settings();
  if (settings.mode != WEIR_MODE_ENFORCE) return;
  const auto is_protected = [&settings](std::uint16_t port) {
    return std::any_of(
        settings.services.begin(), settings.services.end(), [port](const Service& service) {
          return std::find(service.ports.begin(), service.ports.end(), port) != service.ports.end();
        });
  };
  data_plane_->close_connections([&](const Connection& connection) {
    return cut.takes(connection, is_protected) && !allowing(connection.remote);
  });
}

}  // namespace weir
