// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "dataplane/challenges.h"
#include "dataplane/cpu_stats.h"
#include "dataplane/epochs.h"
#include "dataplane/hooks.h"
#include "dataplane/interface_table.h"
#include "dataplane/kernel_bans.h"
#include "dataplane/kernel_meters.h"
#include "dataplane/kernel_object.h"
#include "dataplane/migrate.h"
#include "dataplane/pin_directory.h"
#include "dataplane/pins.h"
#include "dataplane/response_timers.h"
#include "dataplane/rings.h"
#include "dataplane/rule_tables.h"
#include "dataplane/self_test.h"
#include "dataplane/sockets.h"
#include "stats/snapshot.h"

namespace weir {
namespace {

// Waits until no CPU judges a packet by settings read before the call: programs run inside
// RCU read sections, and membarrier(2)'s global command waits for those.
void wait_for_readers() {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0) return;
  // Not with nohz_full. A packet takes microseconds; this is a thousand times that.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// The parser begins at an Ethernet header: on tun, wireguard or ppp it would see none, and pass
// everything.
bool is_ethernet(const std::string& name) {
  const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  return any && ioctl(any.get(), SIOCGIFHWADDR, &request) == 0 &&
         (request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
          request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK);
}

class Kernel final : public DataPlane {
 public:
  Kernel(std::string pin_dir, Fd lock, PinDirectory pins, KernelObject object, KernelBans bans,
         KernelMeters meters, Rings rings)
      : pin_dir_(std::move(pin_dir)),
        lock_(std::move(lock)),
        pins_(std::move(pins)),
        object_(std::move(object)),
        maps_(object_.maps()),
        table_(maps_.interfaces),
        bans_(std::move(bans)),
        rules_(maps_),
        meters_(std::move(meters)),
        challenges_(object_.control()),
        rings_(std::move(rings)) {}

  [[nodiscard]] std::optional<weir_settings> settings() const override {
    const weir_control& control = *object_.control();
    if ((control.present & WEIR_HAVE_SETTINGS) == 0) return std::nullopt;
    return control.slots[control.active & 1];
  }
  Status put_settings(const weir_settings& settings) override;
  Status roll_back_after(Milliseconds time) override;

  Result<InterfaceState> attach(const std::string& name, Attach how) override;
  Status detach(const std::string& name) override;
  [[nodiscard]] std::vector<InterfaceState> interfaces() const override;
  std::vector<std::pair<std::string, std::string>> follow_renames() override;
  [[nodiscard]] weir_stats retired_stats() const override;

  Status put_ban(const KernelBan& ban) override { return bans_.put(ban); }
  Status remove_ban(const Prefix& prefix) override { return bans_.remove(prefix); }
  [[nodiscard]] Result<std::vector<KernelBan>> bans() const override { return bans_.list(); }
  [[nodiscard]] std::vector<std::uint64_t> dropped_by(
      const std::vector<Prefix>& prefixes) const override {
    return bans_.dropped_by(prefixes);
  }
  Status put_allow(const Prefix& prefix) override { return bans_.put_allow(prefix); }
  Status remove_allow(const Prefix& prefix) override { return bans_.remove_allow(prefix); }
  [[nodiscard]] Result<std::vector<Prefix>> allowed() const override { return bans_.allowed(); }

  void close_connection(const Connection& connection) override {
    tell_of_closing(closer_.close(connection));
  }
  void close_connections(const std::function<bool(const Connection&)>& is_wanted) override {
    tell_of_closing(closer_.close_each(is_wanted));
  }

  [[nodiscard]] bool is_validated(const Address& address, BootNs now) const override {
    return meters_.is_validated(address, now);
  }
  void time_answers(bool wanted) override { set_present(WEIR_TIMING, wanted); }
  void tell_requests(bool wanted) override { set_present(WEIR_TELLING, wanted); }
  [[nodiscard]] weir_responses responses(int service) const override {
    return read_responses(maps_.answered, service);
  }
  [[nodiscard]] weir_responses rule_responses(int rule) const override {
    return read_rule_responses(maps_.answered_rules, rule);
  }
  [[nodiscard]] std::optional<std::string> challenge_problem() const override {
    return challenges_.problem();
  }
  void tick(const weir_stats& total) override {
    bans_.rest();
    meters_.rest();
    // Not while an interface is being attached: that should be quick, and this can wait.
    if ((object_.control()->present & WEIR_TIMING) != 0) timers_.attach(table_, pins_);
    challenges_.tick(table_.records(), total.answers[WEIR_ACTION_CHALLENGE]);
    rest_turning(total.answers[WEIR_ACTION_REPLY]);
  }

  [[nodiscard]] std::vector<Meter> meters(const Address& address, BootNs now) const override {
    return meters_.of(address, now);
  }
  [[nodiscard]] std::size_t source_places() const override { return meters_.source_places(); }
  void visit_sources(std::size_t from, std::size_t count,
                     const std::function<void(const SourceState&)>& visit) const override {
    meters_.visit_sources(from, count, visit);
  }
  [[nodiscard]] Tables tables() const override;

  [[nodiscard]] int notice_descriptor() const override { return rings_.notice_descriptor(); }
  void drain_notices(const std::function<void(const weir_notice&)>& take) override {
    rings_.drain_notices(take);
  }
  void drain_requests(const RequestTaker& take) override { rings_.drain_requests(take); }
  void begin_samples() override {
    rings_.drain_samples([](const auto&) {});
    set_present(WEIR_SAMPLING, true);
  }
  void drain_samples(const std::function<void(const weir_sample&)>& take) override {
    rings_.drain_samples(take);
  }

 private:
  [[nodiscard]] Status test_successor(int program_fd, HookKind hook, const std::string& pin) const;
  Status attach_one(InterfaceRecord& record, unsigned ifindex, Attach how);
  [[nodiscard]] weir_stats stats_of(unsigned slot) const;
  void set_present(__u32 bit, bool wanted);
  void rest_turning(std::uint64_t pages);
  void tell_of_closing(const Status& closed);

  std::string pin_dir_;
  Fd lock_;  // on the pin directory, for as long as this agent lives
  PinDirectory pins_;
  KernelObject object_;  // holds the maps; runs no program
  KernelMaps maps_;
  InterfaceTable table_;
  KernelBans bans_;
  RuleTables rules_;
  KernelMeters meters_;
  Challenges challenges_;
  Quiet pages_;
  ResponseTimers timers_;
  SocketCloser closer_;
  bool told_of_closing_ = false;
  Rings rings_;
  std::map<std::string, std::string> notes_;  // by interface: why it is not native

  friend Result<std::unique_ptr<DataPlane>> weir::open_kernel_data_plane(const std::string&,
                                                                         const TableSizes&);
};

// Whether any service's requests are reset, and so what banned sources send it.
bool resets_any(const weir_settings& settings) {
  return std::any_of(std::begin(settings.services), std::end(settings.services),
                     [](const weir_service& service) {
                       return service.limits[WEIR_EVENT_REQUEST].action == WEIR_ACTION_RESET;
                     });
}

Status Kernel::put_settings(const weir_settings& settings) {
  weir_control& control = *object_.control();
  const weir_settings& now = control.slots[control.active & 1];
  const bool is_first = (control.present & WEIR_HAVE_SETTINGS) == 0;
  const bool moves_sources =
      now.mask4 != settings.mask4 || std::memcmp(now.mask6, settings.mask6, sizeof now.mask6) != 0;
  const __u32 next = (control.active & 1) ^ 1;
  if (auto written = rules_.write(next, settings); !written) return written;
  // Which table a ban is in depends on the source prefix. Those that move are in both until
  // nobody asks the old one, and when there is no room for them nothing changes.
  if (!is_first && moves_sources)
    if (auto entered = bans_.enter_for(settings); !entered) return entered;

  forget_rule_responses(maps_.answered_rules, now, settings);
  control.slots[next] = settings;
  set_epochs(control.slots[next], now);
  __atomic_store_n(&control.active, next, __ATOMIC_RELEASE);
  __atomic_fetch_or(&control.present, WEIR_HAVE_SETTINGS | (resets_any(settings) ? WEIR_RESETS : 0),
                    __ATOMIC_RELEASE);
  if (!resets_any(settings)) __atomic_fetch_and(&control.present, ~WEIR_RESETS, __ATOMIC_RELEASE);
  wait_for_readers();
  if (!is_first && moves_sources) bans_.leave_others();
  challenges_.arrange(table_.records());
  return {};
}

Status Kernel::roll_back_after(Milliseconds time) {
  const weir_control& control = *object_.control();
  auto object = KernelObject::load(pins_.maps, HookKind::kRollback, 0, {});
  if (!object) return tl::unexpected(std::move(object.error()));
  weir_rollback_request request{};
  request.after_ns = static_cast<std::uint64_t>(time.count()) * kNsInMs;
  request.active = (control.active & 1) ^ 1;
  request.resets = resets_any(control.slots[request.active]) ? 1 : 0;
  LIBBPF_OPTS(bpf_test_run_opts, run);
  run.data_in = &request;
  run.data_size_in = sizeof request;
  if (bpf_prog_test_run_opts(object->program_fd(), &run) != 0 || run.retval != 0)
    return fail(ErrorCode::kSystem,
                fmt::format("setting the kernel's timer for the old settings: {}",
                            run.retval != 0 ? "refused" : std::strerror(errno)));
  return {};
}

// A program that is other code than the one it replaces proves itself first: as a twin, whose
// counters are in a slot that is nobody's.
Status Kernel::test_successor(int program_fd, HookKind hook, const std::string& pin) const {
  const Fd running = program_behind(pin);
  if (running && is_same_code(program_fd, running.get())) return {};
  auto twin = KernelObject::load(pins_.maps, hook, WEIR_INTERFACE_MAX - 1, {});
  if (!twin) return tl::unexpected(std::move(twin.error()));
  return self_test(twin->program_fd(), hook);
}

// Attaches in one way, or replaces the program that is attached in this way already.
Status Kernel::attach_one(InterfaceRecord& record, unsigned ifindex, Attach how) {
  const std::string pin = pins_.link(record.slot);
  const HookKind hook = how == Attach::kTc ? HookKind::kTc : HookKind::kXdp;
  auto object = KernelObject::load(pins_.maps, hook, record.slot, {});
  if (!object) return tl::unexpected(std::move(object.error()));
  if (record.attach == how)
    if (auto tested = test_successor(object->program_fd(), hook, pin); !tested) return tested;
  if (how == Attach::kTc) {
    auto made_qdisc = attach_tc(object->program_fd(), ifindex, pin);
    if (!made_qdisc) return tl::unexpected(std::move(made_qdisc.error()));
    record.owns_qdisc = record.owns_qdisc || *made_qdisc;
  } else if (record.attach == how) {
    auto updated = update_xdp(object->program_fd(), ifindex, pin);
    if (!updated) return tl::unexpected(std::move(updated.error()));
    if (!*updated) return fail(ErrorCode::kSystem, "its pinned link is gone");
  } else {
    detach_xdp(pin);  // of an interface that no longer exists
    if (auto done = attach_xdp(object->program_fd(), ifindex, how, pin); !done) return done;
  }
  record.attach = how;
  record.ifindex = ifindex;
  return table_.write(record);
}

Result<InterfaceState> Kernel::attach(const std::string& name, Attach how) {
  const std::string context = "attaching to " + name;
  const unsigned ifindex = if_nametoindex(name.c_str());
  if (ifindex == 0)
    return fail(ErrorCode::kNotFound, context + ": there is no such interface",
                "ip link shows the interfaces of this network namespace");
  if (!is_ethernet(name))
    return fail(ErrorCode::kInvalid, context + ": it carries no Ethernet frames",
                "filter the interface that its packets come in by");
  auto record = table_.claim(name);
  if (!record) return tl::unexpected(std::move(record.error()));
  if (record->ifindex != ifindex || !is_attached(*record, pins_.link(record->slot))) {
    record->attach.reset();
    record->owns_qdisc = false;
  }
  // One hook after the other, or packets would be counted twice. What was there comes back when
  // the other way fails.
  const auto before = record->attach;
  if (before && how != Attach::kAuto && how != *before) {
    if (auto done = detach(name); !done) return tl::unexpected(std::move(done.error()));
    record->attach.reset();
    record->owns_qdisc = false;
  }

  std::string note;
  // tc before generic XDP: that would copy every packet whose headroom is short.
  for (const Attach way : {Attach::kNative, Attach::kTc, Attach::kGeneric}) {
    if (how != Attach::kAuto && how != way) continue;
    if (record->attach && *record->attach != way) continue;
    auto done = attach_one(*record, ifindex, way);
    if (done) {
      if (!note.empty()) notes_[name] = fmt::format("{}; so {} is used", note, attach_name(way));
      challenges_.arrange(table_.records());
      for (auto& state : interfaces())
        if (state.name == name) return state;
      return fail(ErrorCode::kSystem, context + ": it was attached and is gone again");
    }
    if (how != Attach::kAuto && done.error().hint.empty())
      done.error().hint = "--attach auto takes what works here, tc or generic";
    if (how != Attach::kAuto || done.error().code == ErrorCode::kConflict ||
        done.error().code == ErrorCode::kPermission || record->attach) {
      if (before && !record->attach) (void)attach_one(*record, ifindex, *before);
      return fail(context, done.error());
    }
    note += (note.empty() ? "" : "; ") + done.error().message;
  }
  return fail(ErrorCode::kSystem, context + ": " + note);
}

Status Kernel::detach(const std::string& name) {
  const auto record = table_.find(name);
  if (!record || !record->attach)
    return fail(ErrorCode::kNotFound, name + " is not attached", "weir status lists what is");
  notes_.erase(name);
  timers_.forget(record->slot);
  auto done = detach_pinned(pin_dir_, name);
  challenges_.arrange(table_.records());
  return done;
}

std::vector<InterfaceState> Kernel::interfaces() const {
  std::vector<InterfaceState> states;
  for (const auto& record : table_.records()) {
    if (!record.attach) continue;
    InterfaceState state;
    state.name = record.name;
    state.slot = record.slot;
    state.ifindex = record.ifindex;
    state.attach = *record.attach;
    state.attached = is_attached(record, pins_.link(record.slot));
    state.stats = stats_of(record.slot);
    if (const auto note = notes_.find(record.name); note != notes_.end()) state.note = note->second;
    if (!state.attached) state.note = "the kernel no longer runs the program here";
    states.push_back(state);
  }
  return states;
}

void Kernel::set_present(__u32 bit, bool wanted) {
  weir_control& control = *object_.control();
  if (wanted)
    __atomic_fetch_or(&control.present, bit, __ATOMIC_RELEASE);
  else
    __atomic_fetch_and(&control.present, ~bit, __ATOMIC_RELEASE);
}

// Who is turned away and comes again after this long is turned away by the host's own connection.
void Kernel::rest_turning(std::uint64_t pages) {
  constexpr int kQuietTicks = 60;
  if (pages_.tick(pages) >= kQuietTicks) set_present(WEIR_TURNING, false);
}

std::vector<std::pair<std::string, std::string>> Kernel::follow_renames() {
  std::vector<std::pair<std::string, std::string>> renamed;
  for (const auto& record : table_.records()) {
    char name[IF_NAMESIZE] = {};
    if (!record.attach || if_indextoname(record.ifindex, name) == nullptr || record.name == name)
      continue;
    // Its name may be another interface's by now; what is at its index is not, if it is ours.
    InterfaceRecord moved = record;
    moved.name = name;
    if (!is_attached(moved, pins_.link(record.slot)) || table_.find(name)) continue;
    if (!table_.write(moved)) continue;
    if (auto note = notes_.extract(record.name)) {
      note.key() = name;
      notes_.insert(std::move(note));
    }
    renamed.emplace_back(record.name, name);
  }
  return renamed;
}

weir_stats Kernel::stats_of(unsigned slot) const {
  weir_stats sum{};
  for (const auto& value : read_cpu_stats(maps_.stats, slot)) add_stats(sum, value);
  return sum;
}

weir_stats Kernel::retired_stats() const {
  weir_stats sum{};
  for (const auto& record : table_.records())
    if (!record.attach) add_stats(sum, stats_of(record.slot));
  return sum;
}

void Kernel::tell_of_closing(const Status& closed) {
  if (closed || std::exchange(told_of_closing_, true)) return;
  spdlog::warn("{}; {}", closed.error().message, closed.error().hint);
}

Tables Kernel::tables() const {
  weir_stats sum{};
  for (const auto& record : table_.records()) add_stats(sum, stats_of(record.slot));
  Tables tables;
  // A way that is taken stays taken, if by another. The counters are read one after the other.
  tables.sources.capacity = meters_.capacity();
  tables.sources.used = sum.sources_added - std::min(sum.sources_added, sum.sources_replaced);
  tables.bans = bans_.sources_fill();
  tables.ban_nets = bans_.nets_fill();
  tables.allow = bans_.allow_fill();
  return tables;
}

}  // namespace

Result<std::unique_ptr<DataPlane>> open_kernel_data_plane(const std::string& pin_dir,
                                                          const TableSizes& sizes) {
  auto pins = PinDirectory::make(pin_dir);
  if (!pins) return tl::unexpected(std::move(pins.error()));
  Fd lock(open(pin_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::kConflict, fmt::format("the pins in {} are another agent's", pin_dir),
                "stop that agent, or give this one its own --pin-dir");
  auto object = KernelObject::load(pins->maps, HookKind::kNone, 0, sizes);
  if (!object) return tl::unexpected(std::move(object.error()));
  // Before the tables are looked at, for it says where in them everything is.
  weir_control& control = *object->control();
  while (control.hash_seed == 0)
    if (getrandom(&control.hash_seed, sizeof control.hash_seed, 0) < 0)
      return fail(ErrorCode::kSystem, "reading random numbers failed");
  auto bans = KernelBans::open(object->maps(), &control);
  if (!bans) return tl::unexpected(std::move(bans.error()));
  auto meters = KernelMeters::open(object->maps(), &control);
  if (!meters) return tl::unexpected(std::move(meters.error()));
  auto rings = Rings::open(object->maps());
  if (!rings) return tl::unexpected(std::move(rings.error()));
  auto kernel =
      std::make_unique<Kernel>(pin_dir, std::move(lock), std::move(*pins), std::move(*object),
                               std::move(*bans), std::move(*meters), std::move(*rings));
  take_over_layouts(pin_dir, kernel->pins_, kernel->maps_.stats);
  adopt_orphans(kernel->table_, kernel->pins_);
  return kernel;
}

}  // namespace weir
