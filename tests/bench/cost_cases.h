// SPDX-License-Identifier: BSD-2-Clause
// What is measured: programs, the state that they find, and what they are compared with.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clock.h"
#include "driver.skel.h"
#include "listening.h"
#include "program.h"
#include "reference.skel.h"

namespace weir::bench {

// kFixed: the frame is always the same and no driver is needed.
enum class KeySet { kFixed, kMany, kNew };

inline const char* key_set_name(KeySet keys) {
  switch (keys) {
    case KeySet::kFixed:
      return "one";
    case KeySet::kMany:
      return "64k";
    case KeySet::kNew:
      return "new";
  }
  return "";
}

// What a driver does with the frame, but for its source.
enum class Rewrite { kNothing, kRestore, kStep };

// Median, lowest and highest.
inline nlohmann::ordered_json spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {{"median", values[values.size() / 2]}, {"min", values.front()}, {"max", values.back()}};
}

struct CostCase;

struct Comparison {
  CostCase* against;
  double at_most;  // of the ratio; 0: for information
};

struct CostCase {
  std::string name;
  KeySet keys;
  int expected;                        // XDP verdict, checked on every run
  std::function<int(int repeat)> run;  // the verdict
  std::vector<Comparison> comparisons{};
  CostCase* driven = nullptr;  // a drop with the same driver; null: there is none
};

// Rewrites the frame's source each time, then jumps to a program.
class Driver {
 public:
  Driver(int program, KeySet keys);
  // The frame as it is, each time before: for a program that writes an answer over it.
  void restore(const test::Bytes& frame);
  // Each source's next segment, each time.
  void step();
  int run(const test::Bytes& frame, int repeat);

 private:
  std::unique_ptr<driver_bpf, void (*)(driver_bpf*)> skeleton_;
};

// The programs live as long as the cases that run them.
class Cases {
 public:
  Cases();

  std::vector<std::unique_ptr<CostCase>> all;
  CostCase* drop = nullptr;

 private:
  using Reference = std::unique_ptr<reference_bpf, void (*)(reference_bpf*)>;

  Reference make_reference();
  test::Program& fresh();
  CostCase* add(const std::string& name, KeySet keys, int expected, int program,
                const test::Packet& packet, std::vector<Comparison> comparisons = {},
                Rewrite rewrite = Rewrite::kNothing);
  void add_references();
  void add_established();
  void add_banned();
  void add_under_limit();
  void add_over_limit();
  void add_challenged();
  void add_reply();

  // Nobody is challenged where nobody listens; and where somebody does, made-up requests are stray.
  test::Listening listening_{8080};
  CostCase *driven_drop_ = nullptr, *restored_drop_ = nullptr;
  Reference reference_, naive_;
  std::vector<std::unique_ptr<test::Program>> programs_;
  // By key set.
  CostCase *parse_[3] = {}, *lru_[3] = {}, *insert_[3] = {};
};

}  // namespace weir::bench
