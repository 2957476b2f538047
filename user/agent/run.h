// SPDX-License-Identifier: BSD-2-Clause
// The agent's life: from the options of `weir run` to its end by signal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "dataplane/dataplane.h"

namespace weir {

inline constexpr const char* kDefaultSocket = "/run/weir/weir.sock";
inline constexpr const char* kDefaultConfig = "/etc/weir/weir.toml";
inline constexpr const char* kDefaultState = "/var/lib/weir";
inline constexpr const char* kDefaultPins = "/sys/fs/bpf/weir";

// Where a list of bans is posted: the one request that may be long.
inline constexpr const char* kImportPath = "/v1/bans/import";

// How long a change may wait to be confirmed.
inline constexpr Milliseconds kConfirmMin = std::chrono::seconds(1);
inline constexpr Milliseconds kConfirmMax = std::chrono::hours(1);

struct RunOptions {
  std::vector<std::string> interfaces;
  std::string config;        // empty: kDefaultConfig, whose absence is fine
  std::optional<Mode> mode;  // in place of the file's
  Attach attach = Attach::kAuto;
  std::string state_dir = kDefaultState;
  std::string pin_dir = kDefaultPins;
  std::string socket = kDefaultSocket;
  std::optional<std::string> web;  // ADDR:PORT for the read-only routes
};

// Runs until SIGTERM or SIGINT; the data path goes on filtering afterwards. An Error means
// that nothing was changed, or that it was undone.
Status run_agent(const RunOptions& options);

}  // namespace weir
