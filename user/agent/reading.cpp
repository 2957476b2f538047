// SPDX-License-Identifier: BSD-2-Clause
#include "agent/reading.h"

#include <algorithm>
#include <iterator>

#include "agent/respond.h"
#include "api/query.h"
#include "base/quote.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kUsersShown = 20;
constexpr std::uint64_t kPathsShown = 20;
constexpr std::size_t kRecentToFollower = 10;
constexpr std::size_t kPage = 1000;
constexpr std::uint64_t kBansShown = 10'000;

// Which events a reader wants; what is empty is not asked for.
struct EventFilter {
  std::string kind, service;
  std::optional<Prefix> source;

  static Result<EventFilter> from(const Query& query) {
    EventFilter filter{query.value("kind").value_or(""), query.value("service").value_or(""), {}};
    if (const auto text = query.value("source")) {
      const auto prefix = Prefix::parse(*text);
      if (!prefix) return tl::unexpected(prefix.error());
      filter.source = *prefix;
    }
    return filter;
  }

  [[nodiscard]] bool wants(const Json& event) const {
    const auto text = [&](const char* key) {
      const auto found = event.find(key);
      return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (!kind.empty() && text("kind") != kind) return false;
    if (!service.empty() && text("service") != service) return false;
    if (!source) return true;
    // Packets are of an address, bans and the allow list are of networks.
    if (const auto address = Address::parse(text("address"))) return source->contains(*address);
    const auto subject = Prefix::parse(text("subject"));
    return subject && source->contains(subject->address());
  }
};

// Bans page by page: a million of them as one document would take the agent's memory.
ApiResponse all_bans(Agent& agent, bool lines) {
  ApiResponse response;
  if (lines) response.content_type = "text/plain; charset=utf-8";
  response.more = [&agent, lines, after = std::optional<Prefix>(),
                   has_begun = false](std::string& page) mutable {
    const auto bans = agent.bans_after(after, kPage);
    if (!lines && !after) page += "{\n  \"schema\": 1,\n  \"bans\": [";
    for (const BanView& ban : bans) {
      page += lines ? ban.prefix.text() + "\n"
                    : (has_begun ? ",\n    " : "\n    ") + dump(ban_json(ban));
      has_begun = true;
    }
    if (!bans.empty()) after = bans.back().prefix;
    const bool goes_on = bans.size() == kPage;
    if (!goes_on && !lines) page += "\n  ]\n}\n";
    return goes_on;
  };
  return response;
}

// As they would be listed, but only the newest.
std::vector<BanView> newest_bans(const Agent& agent, std::size_t most) {
  std::vector<BanView> newest;
  std::optional<Prefix> after;
  for (;;) {
    auto page = agent.bans_after(after, kPage);
    if (page.empty()) return newest;
    after = page.back().prefix;
    const bool is_last = page.size() < kPage;
    std::move(page.begin(), page.end(), std::back_inserter(newest));
    std::stable_sort(newest.begin(), newest.end(),
                     [](const BanView& a, const BanView& b) { return a.since > b.since; });
    if (newest.size() > most) newest.resize(most);
    if (is_last) return newest;
  }
}

}  // namespace

ApiResponse read_series(Agent& agent, const std::string& text) {
  const auto query = Query::parse(text, {"period", "last"});
  if (!query) return respond(query.error());
  const auto name = query->value("period");
  if (!name) return respond(series_json(agent.counters()));
  const auto period = period_of(*name);
  if (!period)
    return respond(Error{ErrorCode::kInvalid, weir::quoted(*name) + " is no period",
                         "periods are seconds, minutes, hours and days"});
  const auto last = query->number("last", info_of(*period).kept, info_of(*period).kept);
  if (!last) return respond(last.error());
  return respond(history_json(agent.counters(), *period, *last), kCompact);
}

ApiResponse read_users(Agent& agent, const std::string& text) {
  const auto query = Query::parse(text, {"active", "limit"});
  if (!query) return respond(query.error());
  const auto active = query->flag("active");
  if (!active) return respond(active.error());
  const auto limit = query->number("limit", kUsersShown, Agent::kTopUsers);
  if (!limit) return respond(limit.error());
  ApiResponse response;
  response.later = [&agent, active = *active, limit = *limit](auto take) {
    agent.ask_users(
        [&agent, active, limit, take] { take(respond(users_json(agent.users(active, limit)))); });
  };
  return response;
}

ApiResponse read_user(Agent& agent, const std::string& text) {
  const auto address = Address::parse(text);
  if (!address) return respond(address.error());
  const auto user = agent.user(*address);
  return user ? respond(user_json(*user)) : respond(user.error());
}

ApiResponse read_paths(Agent& agent, const std::string& text) {
  const auto query = Query::parse(text, {"by", "limit"});
  if (!query) return respond(query.error());
  const std::string by = query->value("by").value_or("count");
  const auto order = path_order_of(by);
  if (!order)
    return respond(Error{ErrorCode::kInvalid, weir::quoted(by) + " is no order of paths",
                         "orders are count and time"});
  const auto limit = query->number("limit", kPathsShown, PathBook::kPaths);
  if (!limit) return respond(limit.error());
  return respond(paths_json(agent.paths(*order, *limit)));
}

ApiResponse read_requests(Agent& agent, const std::string& text) {
  const auto query = Query::parse(text, {"limit"});
  if (!query) return respond(query.error());
  const auto limit = query->number("limit", PathBook::kNewest, PathBook::kNewest);
  if (!limit) return respond(limit.error());
  return respond(requests_json(agent.requests(*limit)));
}

ApiResponse read_bans(Agent& agent, const std::string& text) {
  const auto query = Query::parse(text, {"limit", "format"});
  if (!query) return respond(query.error());
  const std::string format = query->value("format").value_or("json");
  if (format != "json" && format != "lines")
    return respond(Error{ErrorCode::kInvalid, weir::quoted(format) + " is no format of bans",
                         "formats are json and lines"});
  if (!query->value("limit")) return all_bans(agent, format == "lines");
  const auto limit = query->number("limit", 1, kBansShown);
  if (!limit) return respond(limit.error());
  return respond(bans_json(newest_bans(agent, *limit)));
}

ApiResponse read_events(Agent& agent, const std::string& text) {
  const auto query = Query::parse(text, {"follow", "kind", "source", "service"});
  if (!query) return respond(query.error());
  const auto follow = query->flag("follow");
  if (!follow) return respond(follow.error());
  auto filter = EventFilter::from(*query);
  if (!filter) return respond(filter.error());
  ApiResponse response;
  response.content_type = "application/x-ndjson";
  response.stream = *follow;
  std::vector<std::string> lines;
  for (const EventView& event : agent.events().recent())
    if (const Json line = event_json(event); filter->wants(line))
      lines.push_back(dump(line) + "\n");
  // A follower wants what happens from now on, as with `journalctl -f`: and a little before.
  const std::size_t skip =
      *follow && lines.size() > kRecentToFollower ? lines.size() - kRecentToFollower : 0;
  for (std::size_t i = skip; i < lines.size(); i++) response.body += lines[i];
  response.wanted = [filter = std::move(*filter)](const std::string& line) {
    return filter.wants(Json::parse(line, nullptr, false));
  };
  return response;
}

}  // namespace weir
