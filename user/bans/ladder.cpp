// SPDX-License-Identifier: BSD-2-Clause
#include "bans/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

const Service* service_of(const weir_notice& notice, const Settings& settings) {
  if (notice.service == 0 || notice.service > settings.services.size()) return nullptr;
  return &settings.services[notice.service - 1U];
}

// Of the notice's service: rules may have moved since it was made.
const PathRule* path_rule_of(const weir_notice& notice, const Settings& settings) {
  const Service* service = service_of(notice, settings);
  if (service == nullptr || notice.rule == 0) return nullptr;
  const PathRule* rule = settings.find_rule(notice.rule - 1U);
  const bool is_own =
      std::ranges::any_of(service->paths, [rule](const PathRule& own) { return &own == rule; });
  return is_own ? rule : nullptr;
}

void describe(DueBan& ban, const PathRule& rule, const BanRule& service_rule) {
  ban.reason = fmt::format("over {} requests to {} within {}", rule.to_much, rule.prefix,
                           format_duration(rule.timeout));
  ban.first = *rule.ban;
  ban.longest = std::max(*rule.ban, service_rule.longest);
}

void describe(DueBan& ban, const BanRule& rule) {
  ban.rule = ban.service + ".ban";
  ban.reason = fmt::format("{} kick{} within {}", rule.after, rule.after == 1 ? "" : "s",
                           format_duration(rule.within));
  ban.first = rule.duration;
  ban.longest = rule.longest;
}

}  // namespace

std::string path_rule_name(const weir_notice& notice, const Settings& settings) {
  const PathRule* rule = path_rule_of(notice, settings);
  if (rule == nullptr) return {};
  return fmt::format("{}.paths {}", service_of(notice, settings)->name, rule->prefix);
}

std::optional<DueBan> due_ban(const weir_notice& notice, const Settings& settings) {
  const Service* service = service_of(notice, settings);
  if (notice.ban_due == 0 || service == nullptr) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), notice.addr, bytes.size());
  DueBan ban;
  ban.address = Address(bytes);
  ban.prefix =
      Prefix::around(ban.address, ban.address.is_v4() ? settings.prefix4 : settings.prefix6);
  ban.service = service->name;
  if (const PathRule* rule = path_rule_of(notice, settings); rule != nullptr && rule->ban) {
    ban.rule = path_rule_name(notice, settings);
    describe(ban, *rule, service->ban.value_or(BanRule{}));
  } else if (service->ban) {
    describe(ban, *service->ban);
  } else {
    return std::nullopt;
  }
  return ban;
}

Milliseconds ban_length(Milliseconds first, Milliseconds longest, int earlier) {
  Milliseconds length = std::min(first, longest);
  for (int i = 0; i < earlier && length < longest; ++i)
    length = length > longest / 2 ? longest : length * 2;
  return length;
}

}  // namespace weir
