// SPDX-License-Identifier: BSD-2-Clause
// What one packet costs: BPF_PROG_TEST_RUN of Weir's program beside reference programs, taking
// turns within one run, medians over the rounds, as a table and as JSON. Exit code 1 when a
// ratio is over its bound. Needs root; attaches nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "program.h"
#include "reference.skel.h"

namespace {

using namespace weir::test;

constexpr std::uint32_t kNever = 0xffffffff;  // a limit that no count reaches
constexpr unsigned kScale = 64;               // tables of the size that the agent makes
constexpr const char* kClient = "198.51.100.7";

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Case {
  std::string name;
  std::string against;                 // the case it is compared with; empty: none
  double bound;                        // of the ratio; 0: for information
  int expected;                        // XDP verdict, checked on every run
  std::function<int(int repeat)> run;  // the verdict
  std::vector<double> samples{}, ratios{};

  [[nodiscard]] double median() const { return middle(samples); }
  [[nodiscard]] double ratio() const { return middle(ratios); }
  [[nodiscard]] double lowest() const { return *std::min_element(samples.begin(), samples.end()); }
  [[nodiscard]] double highest() const { return *std::max_element(samples.begin(), samples.end()); }
};

int test_run(const bpf_program* program, const Bytes& frame, int repeat) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = frame.data();
  options.data_size_in = static_cast<__u32>(frame.size());
  options.repeat = repeat;
  if (bpf_prog_test_run_opts(bpf_program__fd(program), &options))
    throw std::runtime_error("test run of a reference program failed");
  return static_cast<int>(options.retval);
}

// The programs live as long as the cases that run them.
struct Bench {
  std::unique_ptr<reference_bpf, void (*)(reference_bpf*)> reference{reference_bpf__open_and_load(),
                                                                     reference_bpf__destroy};
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<Case> cases;

  Program& fresh() {
    programs.push_back(std::make_unique<Program>(/*test_clock=*/false, kScale));
    return *programs.back();
  }
  void add_reference(const std::string& name, const std::string& against,
                     const bpf_program* program) {
    const Bytes frame = Packet::from(kClient).build();
    cases.push_back({name, against, 0, XDP_DROP,
                     [program, frame](int repeat) { return test_run(program, frame, repeat); }});
  }
  void add(const std::string& name, const std::string& against, double bound, int expected,
           Program& program, const Packet& packet) {
    const Bytes frame = packet.build();
    cases.push_back({name, against, bound, expected, [&program, frame](int repeat) {
                       return program.run(frame, Hook::kXdp, repeat).first;
                     }});
  }
};

void fill_cases(Bench& bench) {
  if (!bench.reference) throw std::runtime_error("loading the reference programs failed");
  const weir_address known = Program::key_of(kClient);
  const __u64 one = 1;
  bpf_map_update_elem(bpf_map__fd(bench.reference->maps.known), &known, &one, BPF_ANY);
  bench.add_reference("drop", "", bench.reference->progs.reference_drop);
  bench.add_reference("parse", "", bench.reference->progs.reference_parse);
  bench.add_reference("REF: parse + LRU hit + drop", "", bench.reference->progs.reference_lru);

  const Packet syn = Packet::from(kClient).syn();
  const Packet data = Packet::from(kClient).ack();
  const Packet request = Packet::from(kClient).request();

  Program& idle = bench.fresh();
  idle.limit(WEIR_EVENT_SYN, kNever, kNever);
  bench.add("established, no payload", "parse", 1.5, XDP_PASS, idle, data);

  Program& with_bans = bench.fresh();
  for (unsigned i = 0; i < 10'000; i++)
    with_bans.ban(fmt::format("10.0.{}.{}", i / 250, i % 250).c_str(), WEIR_BAN_FOREVER);
  bench.add("established, no payload, 10 000 bans", "REF", 0, XDP_PASS, with_bans, data);

  Program& banned = bench.fresh();
  banned.ban(kClient, WEIR_BAN_FOREVER - 1);
  bench.add("banned source", "REF", 1.3, XDP_DROP, banned, syn);

  Program& under = bench.fresh();
  under.limit(WEIR_EVENT_SYN, kNever, kNever);
  under.limit(WEIR_EVENT_REQUEST, kNever, kNever);
  bench.add("under its limit, syn, burst", "REF", 2.5, XDP_PASS, under, syn);
  bench.add("under its limit, request, burst", "REF", 2.5, XDP_PASS, under, request);

  Program& under_sliding = bench.fresh();
  // So many that a jiffy's worth of test runs stays below it, yet the log is asked each time.
  weir_limit& wide = under_sliding.limit(WEIR_EVENT_SYN, 0, 0, 1, WEIR_WINDOW_SLIDING);
  wide.start_throttle = wide.to_much = 400'000;
  wide.stride_shift = 13;
  bench.add("under its limit, syn, sliding", "REF", 2.5, XDP_PASS, under_sliding, syn);

  Program& over = bench.fresh();
  over.limit(WEIR_EVENT_SYN, 1, 1, 600'000);
  over.limit(WEIR_EVENT_REQUEST, 1, 1, 600'000);
  over.passes(syn);
  over.passes(Packet::from(kClient).seq(7).request());
  bench.add("over its limit, syn, burst", "REF", 2.2, XDP_DROP, over, syn);
  bench.add("over its limit, request sent again", "REF", 2.2, XDP_DROP, over, request);

  Program& over_sliding = bench.fresh();
  over_sliding.limit(WEIR_EVENT_SYN, 1, 1, 600'000, WEIR_WINDOW_SLIDING);
  over_sliding.passes(syn);
  bench.add("over its limit, syn, sliding", "REF", 2.2, XDP_DROP, over_sliding, syn);
}

// This thread's CPU time. Test runs report whole nanoseconds, too coarse where a program takes
// seven; the wall clock would count what others do on this CPU.
double thread_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

const Case& find(const std::vector<Case>& cases, const std::string& prefix) {
  return *std::find_if(cases.begin(), cases.end(),
                       [&](const Case& c) { return c.name.rfind(prefix, 0) == 0; });
}

double sample(const Case& c, int repeat) {
  const double start = thread_ns();
  const int verdict = c.run(repeat);
  const double spent = thread_ns() - start;
  if (verdict != c.expected)
    throw std::runtime_error(
        fmt::format("{}: verdict {} where {} was expected", c.name, verdict, c.expected));
  return spent / repeat;
}

// Each case right after the one it is compared with: on a shared machine everything may take
// twice as long a second later, and only ratios of neighbours mean something.
void measure(std::vector<Case>& cases, int rounds, int repeat) {
  for (int round = 0; round < rounds; round++)
    for (auto& c : cases) {
      const double against = c.against.empty() ? 0 : sample(find(cases, c.against), repeat);
      c.samples.push_back(sample(c, repeat));
      if (against > 0) c.ratios.push_back(c.samples.back() / against);
    }
}

bool report(const std::vector<Case>& cases, const std::string& json_path) {
  bool good = true;
  auto rows = nlohmann::ordered_json::array();
  fmt::print("{:<40} {:>6} {:>11}  {:>5}  {}\n", "ns a packet (test run, one source)", "median",
             "min..max", "ratio", "bound");
  for (const auto& c : cases) {
    nlohmann::ordered_json row = {
        {"name", c.name}, {"ns", c.median()}, {"min", c.lowest()}, {"max", c.highest()}};
    std::string ratio_text, bound_text;
    if (!c.against.empty()) {
      const double ratio = c.ratio();
      ratio_text = fmt::format("{:.2f}", ratio);
      row["against"] = c.against;
      row["ratio"] = ratio;
      if (c.bound > 0) {
        const bool holds = ratio <= c.bound;
        good = good && holds;
        bound_text = fmt::format("<= {:.2f} x {}  {}", c.bound, c.against, holds ? "ok" : "MISSED");
        row["bound"] = c.bound;
      } else {
        bound_text = "x " + c.against;
      }
    }
    fmt::print("{:<40} {:>6.1f} {:>5.1f}..{:<5.1f} {:>5}  {}\n", c.name, c.median(), c.lowest(),
               c.highest(), ratio_text, bound_text);
    rows.push_back(row);
  }
  if (!json_path.empty())
    std::ofstream(json_path) << nlohmann::ordered_json{{"schema", 1}, {"packetCost", rows}}.dump(2)
                             << '\n';
  return good;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string json_path = argc > 1 ? argv[1] : "";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 21;
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  Bench bench;
  fill_cases(bench);
  measure(bench.cases, 1, 100'000);  // warm-up
  for (auto& c : bench.cases) {
    c.samples.clear();
    c.ratios.clear();
  }
  measure(bench.cases, rounds, 200'000);
  // A machine that tests run on beside others is no place for a verdict on nanoseconds.
  const bool is_verdict = argc <= 3 || std::string_view(argv[3]) != "--report-only";
  return report(bench.cases, json_path) || !is_verdict ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "weir_bench: " << error.what() << '\n';
  return 2;
}
