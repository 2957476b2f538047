// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/fake.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <iterator>

#include "dataplane/sizes.h"
#include "stats/snapshot.h"

namespace weir {
namespace {

constexpr unsigned kFirstIfindex = 2;  // 1 is the loopback

// The kernel's tables hold milliseconds, rounded up so that no ban ends early.
BootNs as_kept(BootNs until) {
  if (until == WEIR_BAN_FOREVER) return until;
  return (until / kNsInMs + (until % kNsInMs != 0 ? 1 : 0)) * kNsInMs;
}

}  // namespace

FakeDataPlane::FakeDataPlane() : readable_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Status FakeDataPlane::carry_out(Call call) const {
  if (refused.contains(call)) return fail(ErrorCode::kSystem, "the kernel said no");
  return {};
}

Status FakeDataPlane::put_settings(const weir_settings& settings) {
  if (auto done = carry_out(Call::kPutSettings); !done) return done;
  settings_ = settings;
  return {};
}

void FakeDataPlane::add_interface(const std::string& name, Attach best, const std::string& note) {
  const auto ifindex = static_cast<unsigned>(devices_.size()) + kFirstIfindex;
  devices_[name] = {ifindex, best, note};
}

void FakeDataPlane::lose(const std::string& name, const std::string& note) {
  attached_.at(name).attached = false;
  attached_.at(name).note = note;
}

Result<InterfaceState> FakeDataPlane::attach(const std::string& name, Attach how) {
  const auto device = devices_.find(name);
  if (device == devices_.end())
    return fail(ErrorCode::kNotFound, "attaching to " + name + ": there is no such interface");
  if (foreign_.contains(name))
    return fail(ErrorCode::kConflict, "attaching to " + name + ": program other runs there");
  InterfaceState& state = attached_[name];
  state.name = name;
  state.ifindex = device->second.ifindex;
  state.slot = state.ifindex - kFirstIfindex;
  state.attach = how == Attach::kAuto ? device->second.best : how;
  state.note = how == Attach::kAuto ? device->second.note : "";
  state.attached = true;
  return state;
}

Status FakeDataPlane::detach(const std::string& name) {
  const auto found = attached_.find(name);
  if (found == attached_.end()) return fail(ErrorCode::kNotFound, name + " is not attached");
  add_stats(retired_, found->second.stats);
  attached_.erase(found);
  return {};
}

std::vector<InterfaceState> FakeDataPlane::interfaces() const {
  std::vector<InterfaceState> states;
  for (const auto& [name, state] : attached_) states.push_back(state);
  return states;
}

Status FakeDataPlane::put_ban(const KernelBan& ban) {
  if (auto done = carry_out(Call::kPutBan); !done) return done;
  KernelBan& kept = bans_[ban.prefix];
  kept = {ban.prefix, as_kept(ban.until), ban.all, kept.dropped};
  ban_writes++;
  return {};
}

Status FakeDataPlane::remove_ban(const Prefix& prefix) {
  if (auto done = carry_out(Call::kRemoveBan); !done) return done;
  if (bans_.erase(prefix) == 0) return fail(ErrorCode::kNotFound, prefix.text() + " is not banned");
  return {};
}

Result<std::vector<KernelBan>> FakeDataPlane::bans() const {
  if (auto done = carry_out(Call::kBans); !done) return tl::unexpected(done.error());
  std::vector<KernelBan> bans;
  for (const auto& [prefix, ban] : bans_) bans.push_back(ban);
  return bans;
}

void FakeDataPlane::drop_by_ban(const Prefix& prefix, std::uint64_t packets) {
  bans_.at(prefix).dropped += packets;
}

std::vector<std::uint64_t> FakeDataPlane::dropped_by(const std::vector<Prefix>& prefixes) const {
  std::vector<std::uint64_t> dropped;
  for (const Prefix& prefix : prefixes) {
    const auto ban = bans_.find(prefix);
    dropped.push_back(ban == bans_.end() ? 0 : ban->second.dropped);
  }
  return dropped;
}

Status FakeDataPlane::put_allow(const Prefix& prefix) {
  if (auto done = carry_out(Call::kPutAllow); !done) return done;
  allowed_.insert(prefix);
  return {};
}

Status FakeDataPlane::remove_allow(const Prefix& prefix) {
  if (auto done = carry_out(Call::kRemoveAllow); !done) return done;
  if (allowed_.erase(prefix) == 0)
    return fail(ErrorCode::kNotFound, prefix.text() + " is not on the allow list");
  return {};
}

Result<std::vector<Prefix>> FakeDataPlane::allowed() const {
  if (auto done = carry_out(Call::kAllowed); !done) return tl::unexpected(done.error());
  return std::vector<Prefix>(allowed_.begin(), allowed_.end());
}

void FakeDataPlane::close_connections(const std::function<bool(const Connection&)>& is_wanted) {
  std::copy_if(open.begin(), open.end(), std::back_inserter(closed), is_wanted);
  std::erase_if(open, is_wanted);
}

void FakeDataPlane::set_meters(const Address& address, std::vector<Meter> meters) {
  meters_[address] = std::move(meters);
}

std::vector<Meter> FakeDataPlane::meters(const Address& address, BootNs) const {
  const auto found = meters_.find(address);
  return found == meters_.end() ? std::vector<Meter>{} : found->second;
}

void FakeDataPlane::see_source(const Address& address, std::uint64_t last_ms, std::uint32_t hits,
                               std::uint32_t timeout_ms) {
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const SourceState& state) {
    return state.address == address;
  });
  if (found == sources_.end())
    sources_.push_back({address, last_ms, hits, timeout_ms});
  else
    *found = {address, std::max(found->last_ms, last_ms), hits, timeout_ms};
}

void FakeDataPlane::visit_sources(std::size_t from, std::size_t count,
                                  const std::function<void(const SourceState&)>& visit) const {
  for (std::size_t i = from; i < std::min(from + count, sources_.size()); i++) visit(sources_[i]);
}

Tables FakeDataPlane::tables() const {
  Tables tables;
  tables.sources = {sources_.size(), kSourcesMin};
  tables.bans = {0, kBansMin};
  tables.ban_nets = {0, kNetEntries};
  for (const auto& [prefix, ban] : bans_)
    (prefix.is_single() ? tables.bans : tables.ban_nets).used++;
  tables.allow = {allowed_.size(), kNetEntries};
  return tables;
}

void FakeDataPlane::notify(const weir_notice& notice) {
  notices_.push_back(notice);
  eventfd_write(readable_.get(), 1);
}

void FakeDataPlane::drain_notices(const std::function<void(const weir_notice&)>& take) {
  eventfd_t waiting = 0;
  eventfd_read(readable_.get(), &waiting);
  while (!notices_.empty()) {
    const weir_notice notice = notices_.front();
    notices_.pop_front();
    take(notice);
  }
}

void FakeDataPlane::drain_requests(const RequestTaker& take) {
  for (const weir_request& request : std::exchange(requests, {})) take.request(request);
  for (const weir_request_answer& answer : std::exchange(request_answers, {})) take.answer(answer);
}

void FakeDataPlane::drain_samples(const std::function<void(const weir_sample&)>& take) {
  for (const weir_sample& sample : std::exchange(samples, {})) take(sample);
}

}  // namespace weir
