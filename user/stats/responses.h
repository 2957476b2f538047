// SPDX-License-Identifier: BSD-2-Clause
// How long answers took, made readable: of the kernel's histogram (bpf/lib/response.h). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/abi.h"

namespace weir {

struct RuleResponses {
  std::string prefix;
  weir_responses counters{};
};

struct ServiceResponses {
  std::string service;
  weir_responses counters{};
  bool is_estimate = false;            // of TLS: from the client's turn to the server's
  std::vector<RuleResponses> rules{};  // of those with answers
};

void add_responses(weir_responses& to, const weir_responses& from);
// Milliseconds; 0 when there were none.
double mean_ms(const weir_responses& responses);
// So that a share of all, from 0 to 1, took no longer: within an eighth of the truth.
double quantile_ms(const weir_responses& responses, double share);
// How many took less than so many microseconds, 2^9 (0.5 ms) or a higher power of two.
std::uint64_t faster_than(const weir_responses& responses, std::uint64_t us);

}  // namespace weir
