// SPDX-License-Identifier: BSD-2-Clause
// The commands, options and help texts of `weir`, in CLI11's terms.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace weir::cli {

// What was typed, before it is judged. One command is given at a time, so they share it.
struct Raw {
  std::string socket, pin_dir;
  bool json = false;

  std::vector<std::string> interfaces;
  std::string interface, address, service, event, mode_name, file;
  std::string state_dir = kDefaultState;
  std::optional<std::string> mode, attach, web, reason, duration;
  std::optional<std::string> confirm;
  std::optional<std::string> start_throttle, to_much, timeout, window, delay, action;
  std::optional<std::string> kind, source, limit, user, order;
  bool all = false, active = false, force = false, watch = false, follow = false, series = false;
  bool undo = false;
};

// The command line is wrong, and this is how.
inline tl::unexpected<Error> usage(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kInvalid, std::move(message), std::move(hint));
}

class Grammar {
 public:
  explicit Grammar(const Environment& environment);
  Grammar(const Grammar&) = delete;  // CLI11 keeps pointers into raw_
  Grammar& operator=(const Grammar&) = delete;

  CLI::App& app() { return app_; }
  // The innermost (sub)command that was named.
  CLI::App& chosen();
  // The command that was typed, checked; call after app().parse().
  Result<Invocation> invocation();

 private:
  using Make = std::function<Result<Command>()>;

  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help, Make make);
  void add_common_options(CLI::App& app);
  void add_confirm_option(CLI::App& app);
  void add_agent_commands();
  void add_limit_commands();
  void add_list_commands(const std::string& name);
  void add_bulk_commands(CLI::App& group);
  void add_reading_commands();
  void add_config_commands();

  // In makers.cpp: what was typed → the command.
  Result<Command> make_run() const;
  Result<Command> make_attach() const;
  Result<Command> make_detach() const;
  Result<Command> make_mode() const;
  Result<Command> make_explain() const;
  Result<Command> make_doctor() const;
  Result<Command> make_users() const;
  Result<Command> make_paths() const;
  Result<Command> make_requests() const;
  Result<Command> make_events() const;
  Result<Command> make_set_limit() const;
  Result<Command> make_reset_limit() const;
  Result<Command> make_add_ban() const;
  Result<Command> make_import_bans() const;
  Result<Command> make_add_allow() const;
  Result<Command> make_remove(bool ban) const;
  Result<Command> make_check_config() const;

  Environment environment_;
  Raw raw_;
  CLI::App app_;
  std::map<const CLI::App*, Make> makers_;
};

}  // namespace weir::cli
