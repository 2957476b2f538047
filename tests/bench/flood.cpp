// SPDX-License-Identifier: BSD-2-Clause
// Floods an interface of this network namespace with SYNs as fast as one CPU can, or at a rate,
// and prints what it sent and the CPU time that took, as JSON. Sender and receiver of a veth pair
// take turns on that CPU, so the time is that of both.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "clock.h"
#include "cpu.h"
#include "generator.skel.h"
#include "packet.h"

namespace {

using weir::bench::thread_ns;
using weir::bench::wall_ns;
using weir::test::Bytes;
using weir::test::Packet;

struct Options {
  std::string device;
  std::string first = "10.0.0.0";
  std::uint32_t sources = 1, seed = 1;
  std::uint16_t port = 80;
  std::uint64_t warm_up = 0, packets = 1'000'000;
  double rate = 0;  // packets a second; 0: as fast as it goes
  unsigned cpu = 1;
};

volatile std::sig_atomic_t stopped = 0;

// CPU time of the kernel thread that takes soft interrupts over when there are many; it would
// receive for us, unseen by our own clock.
class SoftirqThread {
 public:
  explicit SoftirqThread(unsigned cpu) {
    const std::string wanted = fmt::format("ksoftirqd/{}", cpu);
    for (int pid = 2; pid < 1000; pid++) {
      std::string name;
      std::ifstream(fmt::format("/proc/{}/comm", pid)) >> name;
      if (name != wanted) continue;
      path_ = fmt::format("/proc/{}/schedstat", pid);
      return;
    }
  }
  [[nodiscard]] double ns() const {
    double spent = 0;
    if (!path_.empty()) std::ifstream(path_) >> spent;
    return spent;
  }

 private:
  std::string path_;
};

class Generator {
 public:
  explicit Generator(const Options& options)
      : skeleton_(generator_bpf__open(), generator_bpf__destroy) {
    if (!skeleton_) throw std::runtime_error("opening the generator failed");
    auto& fixed = *skeleton_->rodata;
    fixed.generator_interface = if_nametoindex(options.device.c_str());
    if (!fixed.generator_interface)
      throw std::runtime_error("no interface here is called " + options.device);
    fixed.generator_base = ntohl(inet_addr(options.first.c_str()));
    while ((1u << fixed.generator_bits) < options.sources) fixed.generator_bits++;
    if (generator_bpf__load(skeleton_.get()))
      throw std::runtime_error("loading the generator failed");
    skeleton_->bss->generator_random = options.seed;
    frame_ = Packet::from(options.first).to_port(options.port).syn().build();
    frame_.resize(std::max<std::size_t>(frame_.size(), 60));
  }

  void send(std::uint64_t packets) {
    while (packets && !stopped) {
      const auto part = static_cast<int>(std::min<std::uint64_t>(packets, 1 << 20));
      LIBBPF_OPTS(bpf_test_run_opts, run);
      run.data_in = frame_.data();
      run.data_size_in = static_cast<__u32>(frame_.size());
      run.repeat = part;
      run.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
      // What NAPI takes at once. Of more, some stay in the ring whenever the scheduler wants the
      // CPU for another task; that adds up, and the ring holds 256.
      run.batch_size = 64;
      if (const int error = bpf_prog_test_run_opts(program(), &run))
        throw std::runtime_error(fmt::format("sending failed: error {}", error));
      packets -= static_cast<std::uint64_t>(part);
    }
  }

  [[nodiscard]] std::uint64_t sent() const { return skeleton_->bss->generator_sent; }

 private:
  [[nodiscard]] int program() const { return bpf_program__fd(skeleton_->progs.generate); }

  std::unique_ptr<generator_bpf, void (*)(generator_bpf*)> skeleton_;
  Bytes frame_;
};

void send_at_a_rate(Generator& generator, const Options& options) {
  // Fifty times a second: to begin and end a run of live frames takes the kernel a millisecond
  // or more, so a run for each few frames would be no flood.
  const auto burst = std::max<std::uint64_t>(1, std::llround(options.rate / 50));
  const double started = wall_ns();
  for (std::uint64_t sent = 0; sent < options.packets && !stopped; sent += burst) {
    const double due = started + static_cast<double>(sent) / options.rate * 1e9;
    if (const double early = due - wall_ns(); early > 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(static_cast<long>(early)));
    generator.send(std::min(burst, options.packets - sent));
  }
}

void flood(const Options& options) {
  weir::test::pin_to(options.cpu);
  const SoftirqThread softirqs(options.cpu);
  Generator generator(options);
  generator.send(options.warm_up);
  const std::uint64_t before = generator.sent();
  const double wall = wall_ns(), cpu = thread_ns(), others = softirqs.ns();
  if (options.rate > 0)
    send_at_a_rate(generator, options);
  else
    generator.send(options.packets);
  const nlohmann::ordered_json answer = {{"sent", generator.sent()},
                                         {"measured", generator.sent() - before},
                                         {"cpuNs", std::llround(thread_ns() - cpu)},
                                         {"softirqNs", std::llround(softirqs.ns() - others)},
                                         {"wallNs", std::llround(wall_ns() - wall)}};
  std::cout << answer.dump() << std::endl;
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  CLI::App app("Floods an interface of this network namespace with SYNs.");
  app.add_option("device", options.device, "where they leave")->required();
  app.add_option("--first", options.first, "the first source")->check(CLI::ValidIPV4);
  app.add_option("--sources", options.sources, "how many, a power of two up to 2^24");
  app.add_option("--seed", options.seed, "of the random sources");
  app.add_option("--port", options.port, "where to");
  app.add_option("--warm-up", options.warm_up, "packets before the clock is started");
  app.add_option("--packets", options.packets, "packets");
  app.add_option("--rate", options.rate, "packets a second");
  app.add_option("--cpu", options.cpu, "the CPU to run on");
  CLI11_PARSE(app, argc, argv);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  std::signal(SIGTERM, [](int) { stopped = 1; });
  flood(options);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "weir_flood: " << error.what() << '\n';
  return 1;
}
