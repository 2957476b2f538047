// SPDX-License-Identifier: BSD-2-Clause
// A freshly loaded data path whose clock and settings the test sets, driven by
// BPF_PROG_TEST_RUN. Attached to nothing.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/ban_table.h"
#include "packet.h"
#include "weir/abi.h"
// The skeleton has the maps' types from here:
#include "weir.skel.h"

namespace weir::test {

extern "C" {
#include "lib/window.h"
}

enum class Hook { kXdp, kTc };

// For suites that run once per hook.
inline constexpr auto hook_name = [](const auto& parameter) {
  return std::string(parameter.param == Hook::kXdp ? "Xdp" : "Tc");
};

class Program {
 public:
  // `scale`: how many times larger than in the object the tables are; a power of two.
  // `new_budget`: with more new sources in a tick of 64 ms they are sketched.
  explicit Program(bool test_clock = true, unsigned scale = 1, unsigned new_budget = ~0u)
      : skeleton_(weir_bpf__open(), weir_bpf__destroy) {
    if (!skeleton_) throw std::runtime_error("opening the BPF object failed");
    skeleton_->rodata->weir_test_clock = test_clock ? 1 : 0;
    skeleton_->rodata->weir_new_budget = new_budget;
    resize(scale);
    if (const int error = weir_bpf__load(skeleton_.get()); error)
      throw std::runtime_error("loading the BPF object failed: " + std::to_string(error));
    set_now(1'000'000);
    control().hash_seed = 0x5eed;
    auto bans = BanTable::open(bpf_map__fd(skeleton_->maps.ban_sets),
                               bpf_map__fd(skeleton_->maps.bans), &control());
    if (!bans) throw std::runtime_error(bans.error().message);
    bans_ = std::make_unique<BanTable>(std::move(*bans));
    block().mask4 = 0xffffffff;
    block().mask6[0] = block().mask6[1] = 0xffffffff;
    block().mode = WEIR_MODE_ENFORCE;
    protect(0, WEIR_PROTOCOL_HTTP, {80, 8080});
  }

  void protect(unsigned service, weir_protocol protocol, const std::vector<std::uint16_t>& ports) {
    block().services[service].protocol = protocol;
    for (const auto port : ports)
      block().port_service[port] = static_cast<std::uint8_t>(service + 1);
  }

  // A limit of the service of ports 80 and 8080, or of another.
  weir_limit& limit(weir_event event, unsigned start_throttle, unsigned to_much,
                    unsigned timeout_ms = 2000, weir_window window = WEIR_WINDOW_BURST,
                    unsigned service = 0) {
    weir_limit& limit = block().services[service].limits[event];
    limit = {};
    limit.enabled = 1;
    limit.window = window;
    limit.start_throttle = start_throttle;
    limit.to_much = to_much;
    limit.timeout_ms = timeout_ms;
    limit.delay_ms = 500;
    weir_limit_seal(&limit);
    return limit;
  }

  // The host takes cookies; the service is flooded above so many SYNs a second.
  void challenge(unsigned flood_rate = 0, unsigned service = 0) {
    control().present |= WEIR_CAN_CHALLENGE;
    block().services[service].limits[WEIR_EVENT_SYN].action = WEIR_ACTION_CHALLENGE;
    block().services[service].flood_rate = flood_rate;
  }
  void set_mode(weir_mode mode) { block().mode = mode; }
  void set_now(std::uint64_t ms) { skeleton_->bss->weir_test_ms = now_ = ms; }
  void advance(std::uint64_t ms) { set_now(now_ + ms); }
  [[nodiscard]] std::uint64_t now() const { return now_; }

  // True: the packet goes on to the host.
  bool passes(const Bytes& frame, Hook hook = Hook::kXdp) {
    return run(frame, hook, 1).first == (hook == Hook::kXdp ? int{XDP_PASS} : int{TC_ACT_UNSPEC});
  }
  bool passes(const Packet& packet, Hook hook = Hook::kXdp) { return passes(packet.build(), hook); }

  // The verdict's number, and the mean time of `repeat` runs in ns.
  std::pair<int, unsigned> run(const Bytes& frame, Hook hook, int repeat) {
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<__u32>(frame.size());
    options.repeat = repeat;
    const int error = bpf_prog_test_run_opts(program_fd(hook), &options);
    if (error) throw std::runtime_error("test run failed: " + std::to_string(error));
    return {static_cast<int>(options.retval), options.duration};
  }

  // What the XDP program makes of a frame, and what it makes it.
  std::pair<int, Bytes> answer(const Bytes& frame) {
    Bytes out(frame.size() + 2 * WEIR_REPLY_MAX);
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<__u32>(frame.size());
    options.data_out = out.data();
    options.data_size_out = static_cast<__u32>(out.size());
    if (const int error = bpf_prog_test_run_opts(program_fd(Hook::kXdp), &options); error)
      throw std::runtime_error("test run failed: " + std::to_string(error));
    out.resize(options.data_size_out);
    return {static_cast<int>(options.retval), out};
  }

  [[nodiscard]] int program_fd(Hook hook) const {
    return bpf_program__fd(hook == Hook::kXdp ? skeleton_->progs.weir_xdp
                                              : skeleton_->progs.weir_tc);
  }

  // A packet of the server's passes the egress program.
  void leaves(const Packet& packet) {
    const Bytes frame = packet.build();
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<__u32>(frame.size());
    const int egress = bpf_program__fd(skeleton_->progs.weir_egress);
    if (bpf_prog_test_run_opts(egress, &options) ||
        static_cast<int>(options.retval) != TC_ACT_UNSPEC)
      throw std::runtime_error("the egress program did something to a packet");
  }

  [[nodiscard]] int rollback_fd() const {
    return bpf_program__fd(skeleton_->progs.weir_arm_rollback);
  }

  [[nodiscard]] weir_stats stats() const {
    const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
    std::vector<weir_stats> values(cpus);
    const __u32 slot = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.stats_by_slot), &slot, values.data()))
      throw std::runtime_error("reading the counters failed");
    weir_stats sum{};
    auto* to = reinterpret_cast<std::uint64_t*>(&sum);
    for (const auto& value : values)
      for (std::size_t i = 0; i < sizeof(sum) / sizeof(*to); i++)
        to[i] += reinterpret_cast<const std::uint64_t*>(&value)[i];
    return sum;
  }
  [[nodiscard]] std::uint64_t count(weir_reason reason) const { return stats().reasons[reason]; }

  static weir_address key_of(const char* text) {
    weir_address key{};
    if (std::string_view(text).find(':') != std::string_view::npos) {
      inet_pton(AF_INET6, text, key.addr);
    } else {
      key.addr[2] = htonl(0xffff);
      inet_pton(AF_INET, text, &key.addr[3]);
    }
    return key;
  }
  static weir_net net_of(const char* text, unsigned length) {
    weir_net net{};
    const bool v6 = std::string_view(text).find(':') != std::string_view::npos;
    net.family = htonl(v6 ? 6 : 4);
    net.prefixlen = 32 + length;
    inet_pton(v6 ? AF_INET6 : AF_INET, text, net.addr);
    return net;
  }
  void ban(const char* source, std::uint64_t until_ms, unsigned flags = 0) {
    if (!bans_->put(key_of(source), {until_ms, until_ms, 0, flags, flags}))
      throw std::runtime_error("no room for a ban");
    control().present |= WEIR_HAVE_BANS;
  }
  BanTable& bans() { return *bans_; }
  void ban_net(const char* net, unsigned length, std::uint64_t until_ms, unsigned flags = 0) {
    const weir_net key = net_of(net, length);
    const weir_ban value{until_ms, until_ms, 0, flags, flags};
    update(skeleton_->maps.ban_nets, &key, &value);
    control().present |= WEIR_HAVE_BAN_NETS;
  }
  void allow(const char* net, unsigned length) {
    const weir_net key = net_of(net, length);
    const __u32 value = 1;
    update(skeleton_->maps.allow_nets, &key, &value);
    control().present |= WEIR_HAVE_ALLOW_NETS;
  }

  weir_control& control() { return skeleton_->bss->weir_control; }
  weir_settings& block() { return control().slots[control().active]; }
  weir_bpf& skeleton() { return *skeleton_; }

 private:
  static void update(const bpf_map* map, const void* key, const void* value) {
    if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
      throw std::runtime_error("updating a map failed");
  }

  void resize(unsigned scale) {
    const auto& maps = skeleton_->maps;
    for (bpf_map* map : {maps.bursts, maps.tags, maps.slide_tags, maps.slide_ids, maps.slides,
                         maps.ban_sets, maps.bans})
      bpf_map__set_max_entries(map, bpf_map__max_entries(map) * scale);
    for (auto* mask : {&skeleton_->rodata->weir_burst_mask, &skeleton_->rodata->weir_slide_mask,
                       &skeleton_->rodata->weir_ban_mask})
      *mask = (*mask + 1) * scale - 1;
  }

  std::unique_ptr<weir_bpf, void (*)(weir_bpf*)> skeleton_;
  std::unique_ptr<BanTable> bans_;
  std::uint64_t now_ = 0;
};

}  // namespace weir::test
