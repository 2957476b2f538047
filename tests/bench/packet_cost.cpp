// SPDX-License-Identifier: BSD-2-Clause
// What one packet costs: BPF_PROG_TEST_RUN of Weir's program beside reference programs, taking
// turns within one run, for one source, for 64 k sources and where every source is new. Prints
// JSON. Needs root; attaches nothing.
#include <cstdlib>
#include <iostream>
#include <map>

#include "cost_cases.h"

namespace {

using namespace weir::bench;

double sample(CostCase& c, int repeat) {
  const double start = thread_ns();
  const int verdict = c.run(repeat);
  const double spent = thread_ns() - start;
  if (verdict != c.expected)
    throw std::runtime_error(fmt::format("{}, {}: verdict {} where {} was expected", c.name,
                                         key_set_name(c.keys), verdict, c.expected));
  return spent / repeat;
}

// A sample and, where a driver changed the source, what that alone costs just now.
struct Sample {
  double raw, driver;
  [[nodiscard]] double net() const { return std::max(raw - driver, 0.1); }
};

struct Row {
  std::vector<double> raw, net;
  std::map<const CostCase*, std::vector<double>> ratios;
};

class Rounds {
 public:
  explicit Rounds(Cases& cases) : cases_(cases), rows_(cases.all.size()) {}

  // Each case right beside those it is compared with: on a shared machine everything may take
  // twice as long a second later, and only ratios of neighbours mean something.
  void round(int repeat, bool is_kept) {
    for (std::size_t i = 0; i < cases_.all.size(); i++) {
      CostCase& c = *cases_.all[i];
      const Sample own = measure(c, repeat);
      for (const auto& comparison : c.comparisons) {
        const Sample other = measure(*comparison.against, repeat);
        if (is_kept) rows_[i].ratios[comparison.against].push_back(own.net() / other.net());
      }
      if (!is_kept) continue;
      rows_[i].raw.push_back(own.raw);
      rows_[i].net.push_back(own.net());
    }
  }

  [[nodiscard]] nlohmann::ordered_json json() const {
    auto rows = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < cases_.all.size(); i++) {
      const CostCase& c = *cases_.all[i];
      nlohmann::ordered_json row = {{"name", c.name},
                                    {"keys", key_set_name(c.keys)},
                                    {"ns", spread(rows_[i].net)},
                                    {"rawNs", spread(rows_[i].raw)}};
      for (const auto& comparison : c.comparisons)
        row["ratios"].push_back({{"to", comparison.against->name},
                                 {"toKeys", key_set_name(comparison.against->keys)},
                                 {"atMost", comparison.at_most},
                                 {"ratio", spread(rows_[i].ratios.at(comparison.against))}});
      rows.push_back(row);
    }
    return rows;
  }

 private:
  Sample measure(CostCase& c, int repeat) {
    const double driver =
        c.driven == nullptr ? 0 : sample(*c.driven, repeat) - sample(*cases_.drop, repeat);
    return {sample(c, repeat), driver};
  }

  Cases& cases_;
  std::vector<Row> rows_;
};

}  // namespace

int main(int argc, char** argv) try {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 21;
  const int repeat = argc > 2 ? std::atoi(argv[2]) : 100'000;
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  Cases cases;
  Rounds measured(cases);
  measured.round(repeat, false);  // warm-up
  for (int round = 0; round < rounds; round++) measured.round(repeat, true);
  std::cout << measured.json().dump() << std::endl;
  return 0;
} catch (const std::exception& error) {
  std::cerr << "weir_bench: " << error.what() << '\n';
  return 1;
}
