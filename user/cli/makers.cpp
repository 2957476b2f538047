// SPDX-License-Identifier: BSD-2-Clause
// What was typed → a command with every value checked.
#include "api/listener.h"
#include "cli/arguments.h"
#include "cli/grammar.h"

namespace weir::cli {
namespace {

constexpr std::uint32_t kMostUsers = 1000;  // that the agent gives
constexpr Milliseconds kLongestBan = std::chrono::days(36525);

// Reads an option into its place when it was given.
template <typename Target, typename Parse>
Status read(const std::optional<std::string>& text, Target& target, Parse&& parse) {
  if (!text) return {};
  auto value = parse(*text);
  if (!value) return tl::unexpected(value.error());
  target = *value;
  return {};
}

// Without a time: long enough to see whether one is still let in.
Result<Milliseconds> parse_confirm(const std::string& text) {
  return parse_span("--confirm", text.empty() ? "60s" : text, kConfirmMax);
}

}  // namespace

CLI::App& Grammar::chosen() {
  CLI::App* app = &app_;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

Result<Invocation> Grammar::invocation() {
  const auto make = makers_.find(&chosen());
  if (make == makers_.end()) {
    return usage("no command given", "'weir --help' lists the commands");
  }
  if (raw_.socket.empty()) return usage("--socket is empty");
  if (raw_.pin_dir.empty()) return usage("--pin-dir is empty");
  auto command = make->second();
  if (!command) return tl::unexpected(command.error());
  return Invocation{std::move(*command), raw_.socket, raw_.pin_dir, raw_.json};
}

Result<Command> Grammar::make_run() const {
  RunOptions options;
  for (const std::string& name : raw_.interfaces) {
    auto interface = parse_interface(name);
    if (!interface) return tl::unexpected(interface.error());
    options.interfaces.push_back(*interface);
  }
  options.config = raw_.file.empty() ? environment_.config : raw_.file;
  options.state_dir = raw_.state_dir;
  options.pin_dir = raw_.pin_dir;
  options.socket = raw_.socket;
  options.web = raw_.web;
  if (auto good = read(raw_.mode, options.mode, parse_mode); !good) {
    return tl::unexpected(good.error());
  }
  if (auto good = read(raw_.attach, options.attach, parse_attach); !good) {
    return tl::unexpected(good.error());
  }
  if (options.web) {
    if (auto good = check_tcp_address(*options.web); !good) return tl::unexpected(good.error());
  }
  return Command(RunAgent{std::move(options)});
}

Result<Command> Grammar::make_attach() const {
  auto interface = parse_interface(raw_.interface);
  if (!interface) return tl::unexpected(interface.error());
  AttachInterface command{*interface};
  if (auto good = read(raw_.attach, command.attach, parse_attach); !good) {
    return tl::unexpected(good.error());
  }
  return Command(std::move(command));
}

Result<Command> Grammar::make_detach() const {
  if (raw_.all != raw_.interface.empty()) {
    return usage("detach takes an interface or --all, one of them",
                 "'weir status' shows the interfaces");
  }
  if (raw_.all) return Command(Detach{});
  auto interface = parse_interface(raw_.interface);
  if (!interface) return tl::unexpected(interface.error());
  return Command(Detach{*interface});
}

Result<Command> Grammar::make_mode() const {
  const auto mode = parse_mode(raw_.mode_name);
  if (!mode) return tl::unexpected(mode.error());
  SetMode command{*mode};
  if (auto good = read(raw_.confirm, command.confirm, parse_confirm); !good)
    return tl::unexpected(good.error());
  return Command(command);
}

Result<Command> Grammar::make_explain() const {
  const auto address = Address::parse(raw_.address);
  if (!address) return tl::unexpected(address.error());
  return Command(Explain{*address});
}

Result<Command> Grammar::make_doctor() const {
  RunDoctor command;
  command.config = environment_.config.empty() ? kDefaultConfig : environment_.config;
  if (raw_.interface.empty()) return Command(std::move(command));
  auto interface = parse_interface(raw_.interface);
  if (!interface) return tl::unexpected(interface.error());
  command.interface = *interface;
  return Command(std::move(command));
}

Result<Command> Grammar::make_users() const {
  if (raw_.user) {
    if (raw_.active || raw_.limit)
      return usage("users: --active and --limit go with a list, not with an address");
    const auto address = Address::parse(*raw_.user);
    if (!address) return tl::unexpected(address.error());
    return Command(ShowUser{*address});
  }
  ShowUsers command{raw_.active, {}};
  const auto count = [](const std::string& text) {
    return parse_count("--limit", text, kMostUsers);
  };
  if (auto good = read(raw_.limit, command.limit, count); !good) {
    return tl::unexpected(good.error());
  }
  return Command(command);
}

Result<Command> Grammar::make_paths() const {
  ShowPaths command;
  const auto order = [](const std::string& text) -> Result<PathOrder> {
    if (const auto found = path_order_of(text)) return *found;
    return fail(ErrorCode::kInvalid, "--by '" + text + "' is not valid", "it is count or time");
  };
  const auto count = [](const std::string& text) {
    return parse_count("--limit", text, PathBook::kPaths);
  };
  if (auto good = read(raw_.order, command.order, order); !good) {
    return tl::unexpected(good.error());
  }
  if (auto good = read(raw_.limit, command.limit, count); !good) {
    return tl::unexpected(good.error());
  }
  return Command(command);
}

Result<Command> Grammar::make_requests() const {
  ShowRequests command;
  const auto count = [](const std::string& text) {
    return parse_count("--limit", text, PathBook::kNewest);
  };
  if (auto good = read(raw_.limit, command.limit, count); !good) {
    return tl::unexpected(good.error());
  }
  return Command(command);
}

Result<Command> Grammar::make_events() const {
  ShowEvents command{raw_.follow, raw_.kind.value_or(""), "", {}};
  if (!raw_.service.empty()) {
    const auto service = parse_service(raw_.service);
    if (!service) return tl::unexpected(service.error());
    command.service = *service;
  }
  if (auto good = read(raw_.source, command.source, Prefix::parse); !good) {
    return tl::unexpected(good.error());
  }
  return Command(std::move(command));
}

Result<Command> Grammar::make_set_limit() const {
  const auto service = parse_service(raw_.service);
  if (!service) return tl::unexpected(service.error());
  const auto event = parse_event(raw_.event);
  if (!event) return tl::unexpected(event.error());
  SetLimit set{*service, *event, {}, {}, {}, {}, {}, {}, {}};
  const auto count = [](const char* name) {
    return [name](const std::string& text) { return parse_count(name, text); };
  };
  const auto span = [](const char* name, std::uint32_t longest) {
    return [=](const std::string& text) { return parse_span(name, text, Milliseconds(longest)); };
  };
  for (const Status& good :
       {read(raw_.start_throttle, set.start_throttle, count("--start-throttle")),
        read(raw_.to_much, set.to_much, count("--to-much")),
        read(raw_.timeout, set.timeout, span("--timeout", WEIR_TIMEOUT_MS_MAX)),
        read(raw_.window, set.window, parse_window),
        read(raw_.delay, set.delay, span("--delay", WEIR_DELAY_MS_MAX)),
        read(raw_.action, set.action, parse_action),
        read(raw_.confirm, set.confirm, parse_confirm)}) {
    if (!good) return tl::unexpected(good.error());
  }
  if (!set.start_throttle && !set.to_much && !set.timeout && !set.window && !set.delay &&
      !set.action) {
    return usage("limit set: nothing to change is given",
                 "'weir limit set --help' lists what can be set");
  }
  return Command(std::move(set));
}

Result<Command> Grammar::make_reset_limit() const {
  const auto service = parse_service(raw_.service);
  if (!service) return tl::unexpected(service.error());
  const auto event = parse_event(raw_.event);
  if (!event) return tl::unexpected(event.error());
  return Command(ResetLimit{*service, *event});
}

Result<Command> Grammar::make_add_ban() const {
  const auto prefix = Prefix::parse(raw_.address);
  if (!prefix) return tl::unexpected(prefix.error());
  AddBan ban{*prefix, {}, raw_.reason.value_or(""), raw_.all, raw_.force};
  const auto span = [](const std::string& text) { return parse_span("--for", text, kLongestBan); };
  if (auto good = read(raw_.duration, ban.duration, span); !good) {
    return tl::unexpected(good.error());
  }
  return Command(std::move(ban));
}

Result<Command> Grammar::make_import_bans() const {
  ImportBans import{raw_.file, {}, raw_.reason.value_or(""), raw_.force};
  const auto span = [](const std::string& text) { return parse_span("--for", text, kLongestBan); };
  if (auto good = read(raw_.duration, import.duration, span); !good) {
    return tl::unexpected(good.error());
  }
  return Command(std::move(import));
}

Result<Command> Grammar::make_add_allow() const {
  const auto prefix = Prefix::parse(raw_.address);
  if (!prefix) return tl::unexpected(prefix.error());
  return Command(AddAllow{*prefix, raw_.reason.value_or("")});
}

Result<Command> Grammar::make_remove(bool ban) const {
  const auto prefix = Prefix::parse(raw_.address);
  if (!prefix) return tl::unexpected(prefix.error());
  return ban ? Command(RemoveBan{*prefix}) : Command(RemoveAllow{*prefix});
}

Result<Command> Grammar::make_check_config() const {
  if (!raw_.file.empty()) return Command(CheckConfig{raw_.file});
  return Command(CheckConfig{environment_.config.empty() ? kDefaultConfig : environment_.config});
}

}  // namespace weir::cli
