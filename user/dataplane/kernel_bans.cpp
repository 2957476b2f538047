// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/kernel_bans.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "dataplane/cpu_stats.h"
#include "dataplane/sizes.h"

namespace weir {
namespace {

weir_address key_of(const Address& address) {
  weir_address key{};
  std::memcpy(key.addr, address.bytes().data(), sizeof key.addr);
  return key;
}

weir_net net_of(const Prefix& prefix) {
  weir_net key{};
  key.family = htonl(prefix.is_v4() ? 4 : 6);
  key.prefixlen = 32 + static_cast<__u32>(prefix.length());
  const auto& bytes = prefix.address().bytes();
  if (prefix.is_v4())
    std::memcpy(key.addr, bytes.data() + 12, 4);
  else
    std::memcpy(key.addr, bytes.data(), 16);
  return key;
}

Prefix prefix_of(const weir_net& key) {
  std::array<std::uint8_t, 16> bytes{};
  if (key.family == htonl(4)) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, key.addr, 4);
  } else {
    std::memcpy(bytes.data(), key.addr, 16);
  }
  return Prefix::around(Address(bytes), static_cast<int>(key.prefixlen) - 32);
}

// Up, so that no ban ends early.
std::uint64_t to_ms(BootNs ns) {
  return ns == WEIR_BAN_FOREVER ? ns : ns / kNsInMs + (ns % kNsInMs != 0 ? 1 : 0);
}

BootNs to_ns(std::uint64_t ms) { return ms == WEIR_BAN_FOREVER ? ms : ms * kNsInMs; }

unsigned flags_of(const KernelBan& ban) { return ban.all ? WEIR_BAN_ALL : 0; }

KernelBan ban_of(const Prefix& prefix, const weir_ban& value) {
  return {prefix, to_ns(value.own_until_ms), (value.own_flags & WEIR_BAN_ALL) != 0, value.dropped};
}

bool covers(const Prefix& outer, const Prefix& inner) {
  return outer.length() <= inner.length() && outer.is_v4() == inner.is_v4() &&
         outer.contains(inner.address());
}

int bits(const __be32* words, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) sum += std::popcount(words[i]);
  return sum;
}

// Whether a ban of this prefix is one of a whole source.
bool is_source_under(const weir_settings& settings, const Prefix& prefix) {
  return prefix.length() == (prefix.is_v4() ? bits(&settings.mask4, 1) : bits(settings.mask6, 4));
}

Error table_error(const std::string& what, int error) {
  if (error == E2BIG || error == ENOSPC || error == ENOMEM)
    return {ErrorCode::kSystem, what + ": the table is full", "remove entries that are not needed"};
  return {ErrorCode::kSystem, what + ": " + std::strerror(error)};
}

Status write(int map, const void* key, const void* value, const std::string& what) {
  if (bpf_map_update_elem(map, key, value, BPF_ANY) != 0)
    return tl::unexpected(table_error(what, errno));
  return {};
}

template <typename Key>
void for_each_key(int map, const std::function<void(const Key&)>& visit) {
  Key key{}, next{};
  const Key* previous = nullptr;
  while (bpf_map_get_next_key(map, previous, &next) == 0) {
    key = next;
    previous = &key;
    visit(key);
  }
}

}  // namespace

Result<KernelBans> KernelBans::open(const KernelMaps& maps, weir_control* control) {
  auto sources = BanTable::open(maps.ban_sets, maps.bans, control);
  if (!sources) return tl::unexpected(std::move(sources.error()));
  KernelBans bans(maps, control, std::move(*sources));
  for_each_key<weir_net>(maps.ban_nets, [&](const weir_net& key) {
    weir_ban value{};
    if (bpf_map_lookup_elem(maps.ban_nets, &key, &value) == 0)
      bans.nets_[prefix_of(key)] = ban_of(prefix_of(key), value);
  });
  for_each_key<weir_net>(maps.allow_nets,
                         [&](const weir_net& key) { bans.allowed_[prefix_of(key)] = true; });
  bans.set_present(WEIR_HAVE_BANS, bans.sources_.count() != 0);
  bans.set_present(WEIR_HAVE_BAN_NETS, !bans.nets_.empty());
  bans.set_present(WEIR_HAVE_ALLOW_NETS, !bans.allowed_.empty());
  return bans;
}

void KernelBans::set_present(unsigned flag, bool present) {
  if (present)
    __atomic_fetch_or(&control_->present, flag, __ATOMIC_RELEASE);
  else
    __atomic_fetch_and(&control_->present, ~flag, __ATOMIC_RELEASE);
}

bool KernelBans::is_source(const Prefix& prefix) const {
  return is_source_under(control_->slots[control_->active & 1], prefix);
}

Status KernelBans::put(const KernelBan& ban) {
  return is_source(ban.prefix) ? put_source(ban) : put_net(ban);
}

Status KernelBans::put_source(const KernelBan& ban) {
  weir_ban value{};
  value.until_ms = value.own_until_ms = to_ms(ban.until);
  value.flags = value.own_flags = flags_of(ban);
  if (auto put = sources_.put(key_of(ban.prefix.address()), value); !put)
    return fail("banning " + ban.prefix.text(), put.error());
  set_present(WEIR_HAVE_BANS, true);
  return {};
}

Status KernelBans::put_net(const KernelBan& ban) {
  const auto earlier = nets_.find(ban.prefix);
  const auto before = earlier == nets_.end() ? std::nullopt : std::optional(earlier->second);
  nets_[ban.prefix] = ban;
  auto written = rewrite_nets_within(ban.prefix);
  if (!written) {
    if (before) {
      nets_[ban.prefix] = *before;
      (void)rewrite_nets_within(ban.prefix);
    } else {
      (void)remove_net(ban.prefix);
    }
    return written;
  }
  set_present(WEIR_HAVE_BAN_NETS, true);
  return {};
}

Status KernelBans::remove(const Prefix& prefix) {
  const bool is_there = is_source(prefix) ? sources_.find(key_of(prefix.address())) != nullptr
                                          : nets_.contains(prefix);
  if (!is_there) return fail(ErrorCode::kNotFound, prefix.text() + " is not banned");
  if (!is_source(prefix)) return remove_net(prefix);
  remove_source(prefix);
  return {};
}

void KernelBans::remove_source(const Prefix& prefix) {
  sources_.remove(key_of(prefix.address()));
  set_present(WEIR_HAVE_BANS, sources_.count() != 0);
}

Status KernelBans::remove_net(const Prefix& prefix) {
  const weir_net key = net_of(prefix);
  bpf_map_delete_elem(maps_.ban_nets, &key);
  nets_.erase(prefix);
  set_present(WEIR_HAVE_BAN_NETS, !nets_.empty());
  return rewrite_nets_within(prefix);
}

Status KernelBans::enter_for(const weir_settings& next) {
  moved_from_sources_.clear();
  moved_from_nets_.clear();
  for (const auto& ban : list()) {
    const bool was_source = is_source(ban.prefix);
    if (is_source_under(next, ban.prefix) == was_source) continue;
    auto put = was_source ? put_net(ban) : put_source(ban);
    if (!put) {
      for (const auto& prefix : moved_from_sources_) (void)remove_net(prefix);
      for (const auto& prefix : moved_from_nets_) remove_source(prefix);
      return put;
    }
    (was_source ? moved_from_sources_ : moved_from_nets_).push_back(ban.prefix);
  }
  return {};
}

void KernelBans::leave_others() {
  for (const auto& prefix : moved_from_sources_) remove_source(prefix);
  for (const auto& prefix : moved_from_nets_) (void)remove_net(prefix);
}

Status KernelBans::write_net(const Prefix& prefix, const KernelBan& own) {
  const weir_net key = net_of(prefix);
  weir_ban value{};
  bpf_map_lookup_elem(maps_.ban_nets, &key, &value);  // for the packets it has counted
  value.own_until_ms = value.until_ms = to_ms(own.until);
  value.own_flags = value.flags = flags_of(own);
  for (int length = prefix.length() - 1; length >= 0; length--) {
    const auto outer = nets_.find(Prefix::around(prefix.address(), length));
    if (outer == nets_.end()) continue;
    value.until_ms = std::max<std::uint64_t>(value.until_ms, to_ms(outer->second.until));
    value.flags |= flags_of(outer->second);
  }
  return write(maps_.ban_nets, &key, &value, "banning " + prefix.text());
}

Status KernelBans::rewrite_nets_within(const Prefix& prefix) {
  for (const auto& [inner, ban] : nets_)
    if (covers(prefix, inner))
      if (auto written = write_net(inner, ban); !written) return written;
  return {};
}

std::map<const weir_source_ban*, std::uint64_t> KernelBans::pending_drops() const {
  std::map<const weir_source_ban*, std::uint64_t> pending;
  for (unsigned slot = 0; slot < WEIR_INTERFACE_MAX; slot++)
    for (const auto& stats : read_cpu_stats(maps_.stats, slot))
      if (const auto* entry = sources_.at(stats.ban_index, stats.ban_id); entry != nullptr)
        pending[entry] += stats.ban_dropped;
  return pending;
}

std::vector<std::uint64_t> KernelBans::dropped_by(const std::vector<Prefix>& prefixes) const {
  const auto pending = pending_drops();
  std::vector<std::uint64_t> dropped;
  dropped.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) {
    std::uint64_t& count = dropped.emplace_back(0);
    if (!is_source(prefix)) {
      const weir_net key = net_of(prefix);
      weir_ban value{};
      if (bpf_map_lookup_elem(maps_.ban_nets, &key, &value) == 0) count = value.dropped;
    } else if (const auto* entry = sources_.find(key_of(prefix.address())); entry != nullptr) {
      count = entry->ban.dropped;
      if (const auto more = pending.find(entry); more != pending.end()) count += more->second;
    }
  }
  return dropped;
}

std::vector<KernelBan> KernelBans::list_sources() const {
  const weir_settings& settings = control_->slots[control_->active & 1];
  const int length4 = bits(&settings.mask4, 1), length6 = bits(settings.mask6, 4);
  const auto pending = pending_drops();
  std::vector<KernelBan> bans;
  bans.reserve(sources_.count());
  sources_.for_each([&](const weir_source_ban& entry) {
    const Address address = Address::in_packet(true, entry.source.addr);
    KernelBan ban = ban_of(Prefix::around(address, address.is_v4() ? length4 : length6), entry.ban);
    if (const auto more = pending.find(&entry); more != pending.end()) ban.dropped += more->second;
    bans.push_back(ban);
  });
  return bans;
}

std::vector<KernelBan> KernelBans::list() const {
  auto bans = list_sources();
  for (const auto& [prefix, own] : nets_) {
    const weir_net key = net_of(prefix);
    weir_ban value{};
    if (bpf_map_lookup_elem(maps_.ban_nets, &key, &value) == 0)
      bans.push_back(ban_of(prefix, value));
  }
  return bans;
}

Status KernelBans::put_allow(const Prefix& prefix) {
  const weir_net key = net_of(prefix);
  const __u32 value = 1;
  if (auto written = write(maps_.allow_nets, &key, &value, "allowing " + prefix.text()); !written)
    return written;
  allowed_[prefix] = true;
  set_present(WEIR_HAVE_ALLOW_NETS, true);
  return {};
}

Status KernelBans::remove_allow(const Prefix& prefix) {
  if (allowed_.erase(prefix) == 0)
    return fail(ErrorCode::kNotFound, prefix.text() + " is not on the allow list");
  const weir_net key = net_of(prefix);
  bpf_map_delete_elem(maps_.allow_nets, &key);
  set_present(WEIR_HAVE_ALLOW_NETS, !allowed_.empty());
  return {};
}

std::vector<Prefix> KernelBans::allowed() const {
  std::vector<Prefix> prefixes;
  for (const auto& [prefix, present] : allowed_) prefixes.push_back(prefix);
  return prefixes;
}

TableFill KernelBans::sources_fill() const { return {sources_.count(), sources_.capacity()}; }
TableFill KernelBans::nets_fill() const { return {nets_.size(), kNetEntries}; }
TableFill KernelBans::allow_fill() const { return {allowed_.size(), kNetEntries}; }

}  // namespace weir
