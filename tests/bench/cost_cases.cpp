// SPDX-License-Identifier: BSD-2-Clause
#include "cost_cases.h"

#include <bit>
#include <cstring>

#include "config/encode.h"
#include "dataplane/sizes.h"

namespace weir::bench {

using namespace weir::test;

namespace {

constexpr std::uint32_t kNever = 0xffffffff;  // a limit that no count reaches
constexpr const char* kClient = "10.0.0.0";   // the driver's first
constexpr int kMany = 65536;
constexpr std::size_t kTcpSequence = 14 + 20 + 4;  // in a plain IPv4 frame
constexpr unsigned kScale = 128;  // as many sources as the agent of a large machine has room for
constexpr unsigned kSources = 4096 * kScale;  // the reference has as many
constexpr unsigned kNewBudget = new_budget(kSources);

int test_run(int program, const Bytes& frame, int repeat) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = frame.data();
  options.data_size_in = static_cast<__u32>(frame.size());
  options.repeat = repeat;
  if (bpf_prog_test_run_opts(program, &options)) throw std::runtime_error("a test run failed");
  return static_cast<int>(options.retval);
}

int fd(const bpf_program* program) { return bpf_program__fd(program); }
int fd(const Program& program) { return program.program_fd(Hook::kXdp); }
constexpr std::size_t at(KeySet keys) { return static_cast<std::size_t>(keys); }

}  // namespace

Driver::Driver(int program, KeySet keys)
    : skeleton_(driver_bpf__open_and_load(), driver_bpf__destroy) {
  const __u32 slot = 0;
  if (!skeleton_ ||
      bpf_map_update_elem(bpf_map__fd(skeleton_->maps.target), &slot, &program, BPF_ANY))
    throw std::runtime_error("loading the driver failed");
  switch (keys) {
    case KeySet::kFixed:
      skeleton_->bss->driver_mask = 0;
      break;
    case KeySet::kMany:
      skeleton_->bss->driver_mask = kMany - 1;
      skeleton_->bss->driver_bits = std::countr_zero(unsigned{kMany});
      break;
    case KeySet::kNew:
      skeleton_->bss->driver_mask = ~0u;
      skeleton_->bss->driver_next = kMany;  // those before are known
      break;
  }
}

void Driver::restore(const Bytes& frame) {
  auto& to = skeleton_->bss->driver_frame;
  if (frame.size() > sizeof to) throw std::runtime_error("too long to be restored");
  std::memcpy(to, frame.data(), frame.size());
  skeleton_->bss->driver_restores = static_cast<__u32>(frame.size());
}

void Driver::step() { skeleton_->bss->driver_step = 1000; }

int Driver::run(const Bytes& frame, int repeat) {
  return test_run(fd(skeleton_->progs.driver), frame, repeat);
}

Cases::Cases() : reference_(make_reference()), naive_(make_reference()) {
  add_references();
  add_established();
  add_banned();
  add_under_limit();
  add_over_limit();
  add_challenged();
  add_reply();
}

Cases::Reference Cases::make_reference() {
  Reference reference(reference_bpf__open(), reference_bpf__destroy);
  if (!reference || bpf_map__set_max_entries(reference->maps.known, kSources) ||
      reference_bpf__load(reference.get()))
    throw std::runtime_error("loading the reference programs failed");
  return reference;
}

Program& Cases::fresh() {
  programs_.push_back(std::make_unique<Program>(/*test_clock=*/false, kScale, kNewBudget));
  programs_.back()->control().present |=
      WEIR_TIMING | WEIR_SAMPLING;  // as the agent does unless told otherwise
  return *programs_.back();
}

CostCase* Cases::add(const std::string& name, KeySet keys, int expected, int program,
                     const Packet& packet, std::vector<Comparison> comparisons, Rewrite rewrite) {
  const Bytes frame = packet.build();
  auto c = std::make_unique<CostCase>();
  c->name = name;
  c->keys = keys;
  c->expected = expected;
  c->comparisons = std::move(comparisons);
  if (keys == KeySet::kFixed && rewrite == Rewrite::kNothing) {
    c->run = [program, frame](int repeat) { return test_run(program, frame, repeat); };
  } else {
    auto driver = std::make_shared<Driver>(program, keys);
    if (rewrite == Rewrite::kRestore) driver->restore(frame);
    if (rewrite == Rewrite::kStep) driver->step();
    c->driven = rewrite == Rewrite::kRestore ? restored_drop_ : driven_drop_;
    // Every source of a known set is met before anything is measured, twice: some state is made
    // at the second event only.
    if (keys == KeySet::kMany) driver->run(frame, 2 * kMany);
    c->run = [driver, frame](int repeat) { return driver->run(frame, repeat); };
  }
  all.push_back(std::move(c));
  return all.back().get();
}

void Cases::add_references() {
  const Packet syn = Packet::from(kClient).syn();
  const auto& programs = reference_->progs;
  drop = add("drop", KeySet::kFixed, XDP_DROP, fd(programs.reference_drop), syn);
  driven_drop_ =
      add("drop, with the driver", KeySet::kMany, XDP_DROP, fd(programs.reference_drop), syn);
  restored_drop_ = add("drop, with the frame restored", KeySet::kMany, XDP_DROP,
                       fd(programs.reference_drop), syn, {}, Rewrite::kRestore);
  for (const auto keys : {KeySet::kFixed, KeySet::kMany})
    parse_[at(keys)] = add("parse", keys, XDP_DROP, fd(programs.reference_parse), syn);
  // REF finds what the naive program has put into the same map.
  Driver(fd(programs.reference_naive), KeySet::kMany).run(syn.build(), kMany);
  for (const auto keys : {KeySet::kFixed, KeySet::kMany})
    lru_[at(keys)] =
        add("REF: parse, LRU hit, drop", keys, XDP_DROP, fd(programs.reference_lru), syn);
  for (const auto keys : {KeySet::kFixed, KeySet::kMany, KeySet::kNew})
    insert_[at(keys)] =
        add("naive LRU throttle", keys, XDP_DROP, fd(naive_->progs.reference_naive), syn);
}

void Cases::add_established() {
  const Packet data = Packet::from(kClient).ack();
  Program& idle = fresh();
  idle.limit(WEIR_EVENT_SYN, kNever, kNever);
  Program& with_bans = fresh();
  for (unsigned i = 0; i < 10'000; i++)
    with_bans.ban(fmt::format("203.0.{}.{}", i / 250, i % 250).c_str(), WEIR_BAN_FOREVER);
  for (const auto keys : {KeySet::kFixed, KeySet::kMany})
    add("established, no payload", keys, XDP_PASS, fd(idle), data, {{parse_[at(keys)], 1.25}});
  for (const auto keys : {KeySet::kFixed, KeySet::kMany})
    add("established, no payload, 10 000 bans", keys, XDP_PASS, fd(with_bans), data,
        {{lru_[at(keys)], 1.1}});
  // Data of a connection that is known, in which no request starts.
  const Packet more = Packet::from(kClient).ack().payload("no method");
  add("data that starts no request", KeySet::kFixed, XDP_PASS, fd(idle), more,
      {{lru_[at(KeySet::kFixed)], 1.6}});
  add("established, no payload, 10 000 bans", KeySet::kNew, XDP_PASS, fd(with_bans), data,
      {{lru_[at(KeySet::kMany)], 0}});
}

void Cases::add_banned() {
  Program& banned = fresh();
  for (unsigned i = 0; i < kMany; i++) {
    // As the driver scatters them.
    const unsigned address = i * 0x9e3779b1u & 0xffffff;
    banned.ban(fmt::format("10.{}.{}.{}", address >> 16, address >> 8 & 255, address & 255).c_str(),
               WEIR_BAN_FOREVER - 1);
  }
  for (const auto keys : {KeySet::kFixed, KeySet::kMany})
    add("banned source", keys, XDP_DROP, fd(banned), Packet::from(kClient).syn(),
        {{lru_[at(keys)], 1.1}});
}

void Cases::add_under_limit() {
  const Packet syn = Packet::from(kClient).syn();
  const struct {
    const char* name;
    weir_event event;
    weir_window window;
    Packet packet;
  } kinds[] = {{"under limit, syn, burst", WEIR_EVENT_SYN, WEIR_WINDOW_BURST, syn},
               {"under limit, syn, sliding", WEIR_EVENT_SYN, WEIR_WINDOW_SLIDING, syn},
               {"under limit, request, burst", WEIR_EVENT_REQUEST, WEIR_WINDOW_BURST,
                Packet::from(kClient).request()}};
  for (const auto& kind : kinds) {
    // One for known sources and one that is flooded, and so sketches.
    Program& program = fresh();
    Program& flooded = fresh();
    for (Program* each : {&program, &flooded}) {
      weir_limit& limit = each->limit(kind.event, kNever, kNever, 2000, kind.window);
      if (kind.window != WEIR_WINDOW_SLIDING) continue;
      // So many that a jiffy's worth of test runs stays below it, yet the log is asked each time.
      limit.timeout_ms = 1;
      limit.start_throttle = limit.to_much = 400'000;
      limit.stride_shift = 13;
    }
    const std::string name = kind.name;
    CostCase* many = nullptr;
    for (const auto keys : {KeySet::kFixed, KeySet::kMany})
      many = add(name, keys, XDP_PASS, fd(program), kind.packet,
                 {{lru_[at(keys)], 2.2}, {insert_[at(keys)], 0}},
                 kind.event == WEIR_EVENT_REQUEST ? Rewrite::kStep : Rewrite::kNothing);
    add(name, KeySet::kNew, XDP_PASS, fd(flooded), kind.packet,
        {{insert_[at(KeySet::kNew)], 0.3}, {many, 2.5}});
  }
}

void Cases::add_over_limit() {
  const Packet syn = Packet::from(kClient).syn();
  for (const auto window : {WEIR_WINDOW_BURST, WEIR_WINDOW_SLIDING}) {
    Program& over = fresh();
    Program& flooded = fresh();
    for (Program* each : {&over, &flooded}) each->limit(WEIR_EVENT_SYN, 0, 0, 600'000, window);
    const std::string suffix = window == WEIR_WINDOW_BURST ? ", burst" : ", sliding";
    CostCase* many = nullptr;
    for (const auto keys : {KeySet::kFixed, KeySet::kMany})
      many = add("over limit, syn" + suffix, keys, XDP_DROP, fd(over), syn,
                 {{lru_[at(keys)], 2.0}, {insert_[at(keys)], 0}});
    add("over limit, syn" + suffix, KeySet::kNew, XDP_DROP, fd(flooded), syn,
        {{insert_[at(KeySet::kNew)], 0.3}, {many, 2.5}});
  }
  Program& kicked = fresh();
  kicked.limit(WEIR_EVENT_REQUEST, 1, 1, 600'000);
  const Packet request = Packet::from(kClient).seq(1000).request();
  kicked.passes(Packet::from(kClient).request());
  kicked.passes(request);
  add("over limit, request sent again", KeySet::kFixed, XDP_DROP, fd(kicked), request,
      {{lru_[at(KeySet::kFixed)], 2.0}});
}

void Cases::add_challenged() {
  const Packet syn = Packet::from(kClient).to_port(8080).syn();
  for (const auto keys : {KeySet::kFixed, KeySet::kMany, KeySet::kNew}) {
    Program& program = fresh();
    program.limit(WEIR_EVENT_SYN, 0, 0, 600'000);
    program.challenge();
    add("challenge", keys, XDP_TX, fd(program), syn, {{lru_[at(KeySet::kFixed)], 0}},
        Rewrite::kRestore);
  }
}

// A request that is turned away with the page. Of one client: on its connection, which it has made
// by cookie, and with a clock of its own, since a client gets only so many pages in a second.
void Cases::add_reply() {
  constexpr int kPagesInASecond = 200;
  programs_.push_back(std::make_unique<Program>(/*test_clock=*/true));
  Program& program = *programs_.back();
  program.limit(WEIR_EVENT_SYN, 0, 0, 600'000);
  program.limit(WEIR_EVENT_REQUEST, 0, 0, 600'000).action = WEIR_ACTION_REPLY;
  program.challenge();
  program.block().reply = encode_settings({}).reply;

  const Packet client = Packet::from(kClient).to_port(8080);
  const auto requesting = [&program, client] {
    program.advance(1000);
    program.passes(client);  // the host should see one a second
    const auto [verdict, synack] = program.answer(Packet(client).tcp_options(20).build());
    __be32 cookie = 0;
    if (verdict == XDP_TX) std::memcpy(&cookie, &synack.at(kTcpSequence), sizeof cookie);
    return Packet(client).seq(2).acknowledge(ntohl(cookie) + 1).request().build();
  };
  auto driver = std::make_shared<Driver>(fd(program), KeySet::kFixed);
  auto c = std::make_unique<CostCase>();
  c->name = "reply";
  c->keys = KeySet::kFixed;
  c->expected = XDP_TX;
  c->comparisons = {{lru_[at(KeySet::kFixed)], 6}};
  c->driven = restored_drop_;
  c->run = [&program, driver, requesting](int repeat) {
    const Bytes frame = requesting();
    driver->restore(frame);
    int verdict = XDP_TX;
    for (int done = 0; done < repeat && verdict == XDP_TX; done += kPagesInASecond) {
      program.advance(1000);
      verdict = driver->run(frame, kPagesInASecond);
    }
    return verdict;
  };
  all.push_back(std::move(c));
}

}  // namespace weir::bench
