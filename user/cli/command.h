// SPDX-License-Identifier: BSD-2-Clause
// What the command line asks for, as plain data: one struct for each command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "agent/run.h"
#include "base/address.h"
#include "base/time.h"
#include "config/settings.h"
#include "dataplane/dataplane.h"
#include "stats/paths.h"

namespace weir::cli {

struct RunAgent {
  RunOptions options;
};
struct AttachInterface {
  std::string interface;
  Attach attach = Attach::kAuto;
};
struct Detach {
  std::string interface;  // empty: all
};
struct ShowStatus {};
struct SetMode {
  Mode mode = WEIR_MODE_OBSERVE;
  std::optional<Milliseconds> confirm{};  // undone after that, unless confirmed
};
struct Confirm {
  bool undo = false;
};
struct ListLimits {};
struct SetLimit {  // what is not given stays as it is
  std::string service;
  Event event = WEIR_EVENT_SYN;
  std::optional<std::uint32_t> start_throttle;
  std::optional<std::uint32_t> to_much;
  std::optional<Milliseconds> timeout;
  std::optional<Window> window;
  std::optional<Milliseconds> delay;
  std::optional<Action> action;
  std::optional<Milliseconds> confirm{};
};
struct ResetLimit {
  std::string service;
  Event event = WEIR_EVENT_SYN;
};
struct AddBan {
  Prefix prefix;
  std::optional<Milliseconds> duration;  // nullopt: the agent's default
  std::string reason;
  bool all = false;
  bool force = false;
};
struct ListBans {};
struct RemoveBan {
  Prefix prefix;
};
struct ImportBans {
  std::string file;  // "-": standard input
  std::optional<Milliseconds> duration{};
  std::string reason{};
  bool force = false;
};
struct ExportBans {};
struct AddAllow {
  Prefix prefix;
  std::string reason;
};
struct ListAllowed {};
struct RemoveAllow {
  Prefix prefix;
};
struct ShowStats {
  bool watch = false;
  bool series = false;  // every counter in place of the totals
};
struct ShowUsers {
  bool active = false;
  std::optional<std::uint32_t> limit;
};
struct ShowUser {
  Address address;
};
struct ShowPaths {
  PathOrder order = PathOrder::kCount;
  std::optional<std::uint32_t> limit;
};
struct ShowRequests {
  std::optional<std::uint32_t> limit;
};
struct ShowTop {};
struct ShowEvents {
  bool follow = false;
  std::string kind, service;  // empty: all
  std::optional<Prefix> source;
};
struct Explain {
  Address address;
};
struct RunDoctor {
  std::string interface;  // empty: those that matter
  std::string config;
};
struct CheckConfig {
  std::string file;
};
struct ShowConfig {};
struct Reload {};

using Command = std::variant<RunAgent, AttachInterface, Detach, ShowStatus, SetMode, ListLimits,
                             SetLimit, ResetLimit, AddBan, ListBans, RemoveBan, AddAllow,
                             ListAllowed, RemoveAllow, ShowStats, ShowEvents, Explain, CheckConfig,
                             ShowConfig, Reload, Confirm, ImportBans, ExportBans, RunDoctor,
                             ShowUsers, ShowUser, ShowTop, ShowPaths, ShowRequests>;

struct Invocation {
  Command command;
  std::string socket = kDefaultSocket;
  std::string pin_dir = kDefaultPins;
  bool json = false;
};

// What parsing takes from the environment; a value that is empty counts as absent.
struct Environment {
  std::string socket;  // WEIR_SOCKET
  std::string config;  // WEIR_CONFIG
};

}  // namespace weir::cli
