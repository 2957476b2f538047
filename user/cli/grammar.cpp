// SPDX-License-Identifier: BSD-2-Clause
// The tree of commands with their options and help texts. What the words mean is checked in
// makers.cpp.
#include "cli/grammar.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

#include "config/names.h"

namespace weir::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weir run -i eth0                        filter eth0, by default only counting (observe)
  weir mode enforce                       now throttle, kick and ban
  weir status                             is it working, and with which limits
  weir ban add 203.0.113.7 --for 1h       turn one client away for an hour
  weir allow add 198.51.100.0/24          never touch this network
  weir limit set web request --start-throttle 10 --to-much 20 --timeout 2s
  weir explain 203.0.113.7                what happens to this client, and why
  weir stats --json                       every number, for scripts

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no agent answers, 4 refused for safety
'weir COMMAND --help' tells more about a command.)";

constexpr const char* kDurations = "Durations: 500ms, 2s, 10m, 1h, 1d.";
constexpr const char* kAddress = "IPv4 or IPv6 address, or a network as ADDR/LEN";
constexpr const char* kAttachHelp = "Where to hook in: auto, native, generic or tc";

void name_type(CLI::Option* option, const std::string& type) { option->type_name(type); }

template <typename Target>
CLI::Option* add_argument(CLI::App& command, const std::string& name, Target& target,
                          const std::string& help) {
  return command.add_option(name, target, help)->type_name("");
}

}  // namespace

Grammar::Grammar(const Environment& environment)
    : environment_(environment),
      app_("Weir throttles eager and hostile clients of web servers at the network card.", "weir") {
  raw_.socket = environment.socket.empty() ? kDefaultSocket : environment.socket;
  raw_.pin_dir = kDefaultPins;
  app_.get_formatter()->column_width(34);
  app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app_.get_formatter()->label("Positionals", "Arguments");
  app_.get_formatter()->label("REQUIRED", "");
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.set_version_flag("--version", "weir " WEIR_VERSION, "Print the version and exit");
  app_.require_subcommand(0, 1);
  app_.footer(kExamples);
  add_common_options(app_);
  add_agent_commands();
  add_reading_commands();
  add_limit_commands();
  add_list_commands("ban");
  add_list_commands("allow");
  add_config_commands();
}

CLI::App* Grammar::add(CLI::App& parent, const std::string& name, const std::string& help,
                       Make make) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->group("Commands");
  command->require_subcommand(0, 1);
  command->footer("");
  add_common_options(*command);
  makers_[command] = std::move(make);
  return command;
}

// Given to every command rather than inherited, so that every --help shows them.
void Grammar::add_common_options(CLI::App& app) {
  const std::string group = "Common options";
  app.add_flag("--json", raw_.json, "Answer in JSON")->group(group);
  name_type(app.add_option("--socket", raw_.socket,
                           std::string("The agent's socket [WEIR_SOCKET, ") + kDefaultSocket + "]")
                ->group(group),
            "PATH");
  name_type(app.add_option("--pin-dir", raw_.pin_dir,
                           std::string("Where the data path is pinned [") + kDefaultPins + "]")
                ->group(group),
            "DIR");
}

void Grammar::add_confirm_option(CLI::App& app) {
  auto* option = app.add_option("--confirm", raw_.confirm,
                                "Undo it after this time [60s] unless 'weir confirm' follows");
  name_type(option->expected(0, 1), "DURATION");
}

void Grammar::add_agent_commands() {
  auto* run = add(app_, "run", "Run the agent: filter interfaces until told to stop",
                  [this] { return make_run(); });
  auto* interfaces =
      run->add_option("-i,--interface", raw_.interfaces, "Interface; may be repeated");
  interfaces->allow_extra_args(false);
  name_type(interfaces, "IFACE");
  name_type(run->add_option("-c,--config", raw_.file,
                            std::string("Configuration [WEIR_CONFIG, ") + kDefaultConfig + "]"),
            "FILE");
  name_type(run->add_option("--mode", raw_.mode, "observe or enforce, in place of the file's"),
            "MODE");
  name_type(run->add_option("--attach", raw_.attach, kAttachHelp), "HOW");
  name_type(run->add_option("--state-dir", raw_.state_dir,
                            std::string("Where bans and changes are kept [") + kDefaultState + "]"),
            "DIR");
  name_type(
      run->add_option("--web", raw_.web, "Serve the page and the reading routes at [ADDR:]PORT"),
      "ADDRESS");
  run->footer("Stopping the agent leaves the data path filtering; 'weir detach --all' ends that.");

  auto* attach =
      add(app_, "attach", "Start filtering an interface", [this] { return make_attach(); });
  add_argument(*attach, "IFACE", raw_.interface, "Interface")->required();
  name_type(attach->add_option("--attach", raw_.attach, kAttachHelp), "HOW");

  auto* detach = add(app_, "detach", "Stop filtering an interface; works without an agent too",
                     [this] { return make_detach(); });
  add_argument(*detach, "IFACE", raw_.interface, "Interface");
  detach->add_flag("--all", raw_.all, "Every interface");

  auto* mode =
      add(app_, "mode", "Only count (observe), or act (enforce)", [this] { return make_mode(); });
  add_argument(*mode, "MODE", raw_.mode_name, "observe or enforce")->required();
  add_confirm_option(*mode);
  mode->footer(
      "Example: weir mode enforce --confirm 60s    then, if you can still get in: weir confirm");

  auto* confirm = add(app_, "confirm", "Keep a change that was made with --confirm",
                      [this] { return Command(Confirm{raw_.undo}); });
  confirm->add_flag("--undo", raw_.undo, "Take it back at once instead");

  add(app_, "reload", "Read the configuration file again", [] { return Command(Reload{}); });
}

void Grammar::add_reading_commands() {
  add(app_, "status", "Interfaces, mode, table fill, health", [] { return Command(ShowStatus{}); });

  auto* stats = add(app_, "stats", "What was counted", [this] {
    return Command(ShowStats{raw_.watch, raw_.series});
  });
  stats->add_flag("-w,--watch", raw_.watch, "Show it anew every second");
  stats->add_flag("--series", raw_.series, "Every counter by the second, minute, hour and day");
  stats->footer("With --watch --json: one document a line.");

  auto* events = add(app_, "events", "Who was throttled, kicked or banned lately, newest last",
                     [this] { return make_events(); });
  events->add_flag("-f,--follow", raw_.follow, "Go on with every new event");
  name_type(
      events->add_option("--kind", raw_.kind, "Only these: throttle, kick, ban, unban, mode …"),
      "KIND");
  name_type(events->add_option("--source", raw_.source, "Only of this address or network"), "ADDR");
  name_type(events->add_option("--service", raw_.service, "Only of this service"), "NAME");
  events->footer("With --json: one object a line.");

  auto* users = add(app_, "users", "Who is there: the sources with the most hits, or one of them",
                    [this] { return make_users(); });
  add_argument(*users, "ADDR", raw_.user, "IPv4 or IPv6 address: only this one");
  users->add_flag("--active", raw_.active, "Only those seen within timeWindow");
  name_type(users->add_option("--limit", raw_.limit, "How many at most [20]"), "N");

  auto* paths = add(app_, "paths", "What http services are asked for most, or wait for longest",
                    [this] { return make_paths(); });
  name_type(paths->add_option("--by", raw_.order, "count or time, of all answers [count]"),
            "ORDER");
  name_type(paths->add_option("--limit", raw_.limit, "How many at most [20]"), "N");
  auto* requests = add(app_, "requests", "The last requests to http services, newest last",
                       [this] { return make_requests(); });
  name_type(requests->add_option("--limit", raw_.limit, "How many at most [100]"), "N");

  auto* top =
      add(app_, "top", "The live screen: rates, sources, bans", [] { return Command(ShowTop{}); });
  top->footer("Keys: ? on the screen tells them. Where there is no terminal: a line each second.");

  auto* explain =
      add(app_, "explain", "What happens to a client, and why", [this] { return make_explain(); });
  add_argument(*explain, "ADDR", raw_.address, "IPv4 or IPv6 address")->required();

  auto* doctor = add(app_, "doctor", "Can Weir work here, and if not, what to do",
                     [this] { return make_doctor(); });
  add_argument(*doctor, "IFACE", raw_.interface,
               "Interface; without one, those that are filtered, configured, or lead outside");
  doctor->footer("Needs no agent and changes nothing; root sees more. Exits with 1 for a problem.");
}

void Grammar::add_limit_commands() {
  auto* limit = add(app_, "limit", "Show and change limits", [] { return Command(ListLimits{}); });
  add(*limit, "list", "Show every limit and where it comes from (the default)",
      [] { return Command(ListLimits{}); });

  auto* set = add(*limit, "set", "Change a limit; what is not named stays as it is",
                  [this] { return make_set_limit(); });
  name_type(set->add_option("--start-throttle", raw_.start_throttle,
                            "Events that are answered at once; later ones are held off"),
            "N");
  name_type(set->add_option("--to-much,--too-much", raw_.to_much,
                            "Events after which the client is turned away"),
            "N");
  name_type(set->add_option("--timeout", raw_.timeout, "The length of the window"), "DURATION");
  name_type(set->add_option("--window", raw_.window, "burst or sliding"), "KIND");
  name_type(set->add_option("--delay", raw_.delay, "How long an event is held off"), "DURATION");
  name_type(set->add_option("--action", raw_.action, "drop, reset, reply or challenge"), "ACTION");
  add_confirm_option(*set);
  set->footer(std::string(kDurations) +
              "\nExample: weir limit set web syn --to-much 80 --timeout 2s");

  auto* reset = add(*limit, "reset", "Go back to what the file says, or to the default",
                    [this] { return make_reset_limit(); });
  for (CLI::App* command : {set, reset}) {
    add_argument(*command, "SERVICE", raw_.service, "Name of the service: web")->required();
    add_argument(*command, "EVENT", raw_.event, "What is counted: " + choices<weir_event>())
        ->required();
  }
}

void Grammar::add_bulk_commands(CLI::App& group) {
  auto* import = add(group, "import", "Ban every address of a list: all of them, or none",
                     [this] { return make_import_bans(); });
  add_argument(*import, "FILE", raw_.file, "One address or network a line, or JSON; - is stdin")
      ->required();
  name_type(import->add_option("--for", raw_.duration, "How long, where the list does not say"),
            "DURATION");
  name_type(import->add_option("--reason", raw_.reason, "Why, where the list does not say"),
            "TEXT");
  import->add_flag("--force", raw_.force, "Even if it shuts out yourself or what this host needs");
  import->footer(std::string(kDurations) +
                 "\nExample: weir ban import drop.txt --for 1d --reason 'public list'");
  add(group, "export", "Write the list: an address a line, or all in JSON", [] {
    return Command(ExportBans{});
  })->footer("Example: weir ban export --json > bans.json    and later: weir ban import bans.json");
}

// The ban list and the allow list are handled alike.
void Grammar::add_list_commands(const std::string& name) {
  const bool ban = name == "ban";
  const Make list = [ban] { return ban ? Command(ListBans{}) : Command(ListAllowed{}); };
  auto* group =
      add(app_, name, ban ? "Turn clients away" : "Name clients that are never throttled or banned",
          list);
  auto* enter = add(*group, "add", ban ? "Ban an address or a network" : "Allow it always",
                    [this, ban] { return ban ? make_add_ban() : make_add_allow(); });
  add(*group, "list", "Show the list (the default)", list);
  auto* remove =
      add(*group, "remove", "Take it off the list", [this, ban] { return make_remove(ban); });
  for (CLI::App* command : {enter, remove}) {
    add_argument(*command, "ADDR", raw_.address, kAddress)->required();
  }
  name_type(enter->add_option("--reason", raw_.reason, "Why; shown in the list"), "TEXT");
  if (!ban) return;
  add_bulk_commands(*group);
  name_type(enter->add_option("--for", raw_.duration, "How long; 1h is an hour"), "DURATION");
  enter->add_flag("--all", raw_.all, "Every packet, not only those to protected ports");
  enter->add_flag("--force", raw_.force, "Even if it shuts out yourself or everybody");
  enter->footer(std::string(kDurations) +
                "\nExample: weir ban add 203.0.113.0/24 --for 1d --reason 'scans for logins'");
}

void Grammar::add_config_commands() {
  auto* config = add(app_, "config", "Check a configuration file, or show what is in force",
                     [] { return Command(ShowConfig{}); });
  auto* check = add(*config, "check", "Say whether a configuration file is valid",
                    [this] { return make_check_config(); });
  add_argument(*check, "FILE", raw_.file,
               std::string("The file [WEIR_CONFIG, ") + kDefaultConfig + "]");
  add(*config, "show", "Show what is in force and where it comes from (the default)",
      [] { return Command(ShowConfig{}); });
}

}  // namespace weir::cli
