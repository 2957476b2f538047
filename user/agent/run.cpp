// SPDX-License-Identifier: BSD-2-Clause
// The wiring: data plane, store, agent, server and signals on one event loop.
#include "agent/run.h"

#include <fmt/format.h>
#include <net/if.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/agent.h"
#include "agent/log_sink.h"
#include "agent/routes.h"
#include "agent/watchdog.h"
#include "api/server.h"
#include "config/names.h"
#include "dataplane/kernel.h"
#include "dataplane/privileges.h"
#include "host/lifelines.h"
#include "host/links.h"
#include "output/json.h"
#include "output/layout.h"

namespace weir {
namespace {

namespace asio = boost::asio;

// Readers of the page are strangers to each other: they have less room and time than the CLI.
constexpr ServerLimits kWebLimits{.header_bytes = std::size_t{8} * 1024,
                                  .body_bytes = 1024,
                                  .clients = 64,
                                  .idle_seconds = 10,
                                  .stream_backlog_bytes = std::size_t{256} * 1024};

// Reasons and paths come from outside: none may move a cursor or make a line of its own.
class PrintableText final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = layout::printable({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableText>();
  }
};

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// What is told within this time is written to the logs at once: of a flood's thousand events a
// second, a hundred with one call.
constexpr auto kGather = std::chrono::milliseconds(100);

// Everything that happens while the agent runs, in the order of its arrival.
class Loop {
 public:
  Loop(asio::io_context& io, Agent& agent, DataPlane& data_plane, LinkWatch& links)
      : io_(io),
        agent_(agent),
        second_(io),
        closing_(io),
        gathering_(io),
        signals_(io, SIGTERM, SIGINT, SIGHUP),
        // A copy: the ring's owner closes its own.
        notices_(io, ::dup(data_plane.notice_descriptor())),
        links_(links),
        link_events_(io, ::dup(links.descriptor())) {
    agent_.on_hurry([this] { hurry(); });
    each_second();
    on_links();
    on_signal();
    on_notices();
  }

  // After anything that may have given the agent something to write into its logs.
  void gather_log_lines() {
    if (is_gathering_ || !agent_.has_log_lines()) return;
    is_gathering_ = true;
    gathering_.expires_after(kGather);
    gathering_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      is_gathering_ = false;
      agent_.flush_logs();
      gather_log_lines();
    });
  }

  // After anything that may have made the agent end connections.
  void watch_connections() {
    if (is_closing_ || !agent_.has_connections_to_end()) return;
    is_closing_ = true;
    closing_.expires_after(std::chrono::milliseconds(50));
    closing_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      is_closing_ = false;
      agent_.end_connections();
      watch_connections();
    });
  }

 private:
  void each_second() {
    second_.expires_after(std::chrono::seconds(1));
    second_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      agent_.tick();
      each_second();
    });
  }

  void on_links() {
    link_events_.async_wait(asio::posix::stream_descriptor::wait_read,
                            [this](const boost::system::error_code& error) {
                              if (error) return;
                              links_.drain();
                              agent_.check_interfaces();
                              on_links();
                            });
  }

  void on_notices() {
    notices_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (error) return;
                          agent_.drain_notices();
                          watch_connections();
                          on_notices();
                        });
  }

  // Slice by slice, with everything else that is due in between.
  void hurry() {
    asio::post(io_, [this] {
      if (agent_.hurry_users()) hurry();
    });
  }

  void on_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal != SIGHUP) {
        sd_notify(0, "STOPPING=1");
        io_.stop();
        return;
      }
      if (auto done = agent_.reload())
        for (const auto& notice : done->notices) spdlog::warn("{}", notice);
      else
        spdlog::error("reload: {}; the running settings stay", done.error().message);
      watch_connections();
      on_signal();
    });
  }

  asio::io_context& io_;
  Agent& agent_;
  asio::steady_timer second_, closing_, gathering_;
  bool is_closing_ = false, is_gathering_ = false;
  asio::signal_set signals_;
  asio::posix::stream_descriptor notices_;
  LinkWatch& links_;
  asio::posix::stream_descriptor link_events_;
};

// Takes over what is pinned and attaches what is asked for. On failure, what was attached by
// this call is detached again.
Status attach_interfaces(Agent& agent, DataPlane& data_plane, const RunOptions& options) {
  std::vector<std::string> pinned, fresh;
  for (const auto& state : data_plane.interfaces()) pinned.push_back(state.name);
  std::vector<std::string> wanted = options.interfaces;
  const auto& file = agent.configuration().settings().interfaces;
  wanted.insert(wanted.end(), file.begin(), file.end());
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& name : pinned) {
    if (is_in(wanted, name)) continue;
    // Not asked for now, but attached by command: a loss is told, and is no reason to fail.
    if (auto done = agent.attach(name, Attach::kAuto); !done)
      spdlog::error("{}", done.error().message);
  }
  for (const auto& name : wanted) {
    if (is_in(fresh, name)) continue;
    auto done = agent.attach(name, options.attach);
    if (!done) {
      for (const auto& other : fresh)
        if (!is_in(pinned, other)) (void)agent.detach(other);
      return tl::unexpected(std::move(done.error()));
    }
    fresh.push_back(name);
    for (const auto& notice : done->notices) spdlog::warn("{}", notice);
  }
  return {};
}

// Before anything is touched: a mistyped name must not change what is in force.
Status check_interfaces(const RunOptions& options, const Settings& settings) {
  for (const auto* names : {&options.interfaces, &settings.interfaces})
    for (const auto& name : *names)
      if (if_nametoindex(name.c_str()) == 0)
        return fail(ErrorCode::kNotFound,
                    fmt::format("attaching to {}: there is no such interface", name),
                    "ip link shows the interfaces of this network namespace");
  return {};
}

// Tables that are pinned keep their sizes, or what they hold would be lost.
void warn_of_kept_sizes(const Settings& settings, const TableSizes& wanted, const Tables& tables) {
  const auto warn = [](const char* name, std::uint64_t asked, std::uint64_t is) {
    if (asked != is)
      spdlog::warn(
          "{} has no effect yet: the table has room for {}, and keeps its size and what it holds "
          "while its pins are there, at the longest until a reboot",
          name, is);
  };
  if (settings.max_sources != 0) warn("maxSources", wanted.sources(), tables.sources.capacity);
  if (settings.max_bans != 0) warn("maxBans", wanted.bans(), tables.bans.capacity);
}

std::string ready_line(const Agent& agent, const DataPlane& data_plane, const Server* web) {
  std::string interfaces;
  for (const auto& state : data_plane.interfaces())
    interfaces += fmt::format("{}{} ({})", interfaces.empty() ? "" : ", ", state.name,
                              attach_name(state.attach));
  return fmt::format("weir: ready: {}, mode {}{}",
                     interfaces.empty() ? "no interface yet (weir attach IFACE)" : interfaces,
                     name_of(agent.configuration().settings().mode),
                     web != nullptr ? ", page at http://" + web->address() + "/" : "");
}

}  // namespace

Status run_agent(const RunOptions& options) {
  const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("weir", std::make_shared<BoundedSink>(sink));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PrintableText>('*').set_pattern("weir: %*");
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  // The level comes last: what is said at start is part of the ready line's story.
  spdlog::set_level(spdlog::level::warn);

  auto configuration = Configuration::load(options.config, options.mode, {});
  if (!configuration) return tl::unexpected(std::move(configuration.error()));

  if (auto checked = check_privileges(); !checked) return checked;
  if (auto checked = check_interfaces(options, configuration->settings()); !checked) return checked;

  asio::io_context io;
  std::optional<Agent> agent;
  Loop* running = nullptr;
  const auto handler = [&](const ApiRequest& request) {
    auto answered = answer(*agent, request);
    if (running != nullptr) running->watch_connections();
    return answered;
  };
  ServerLimits limits;
  limits.bulk_path = kImportPath;
  auto server = Server::listen_unix(io, options.socket, handler, limits);
  if (!server) return tl::unexpected(std::move(server.error()));
  std::unique_ptr<Server> web;
  if (options.web) {
    auto listening = Server::listen_tcp(io, *options.web, handler, kWebLimits);
    if (!listening) return tl::unexpected(std::move(listening.error()));
    web = std::move(*listening);
  }

  auto store = Store::open(options.state_dir);
  if (!store) return tl::unexpected(std::move(store.error()));
  auto changes = store->changes();
  if (!changes) return tl::unexpected(std::move(changes.error()));
  configuration = Configuration::load(options.config, options.mode, std::move(*changes));
  if (!configuration) return tl::unexpected(std::move(configuration.error()));
  for (const auto& notice : configuration->notices()) spdlog::warn("{}", notice);
  // Before anything is touched, as with interfaces.
  if (auto logs = Logs().apply(configuration->settings()); !logs) return logs;

  const Settings& settings = configuration->settings();
  const TableSizes sizes = table_sizes(settings.max_sources, settings.max_bans, machine_memory());
  auto data_plane = open_kernel_data_plane(options.pin_dir, sizes);
  if (!data_plane) return tl::unexpected(std::move(data_plane.error()));
  warn_of_kept_sizes(settings, sizes, (*data_plane)->tables());
  const SystemClock clock;
  HostLifelines lifelines(clock);
  auto started =
      Agent::start(std::move(*configuration), **data_plane, *store, clock, boot_id(), &lifelines);
  if (!started) return tl::unexpected(std::move(started.error()));
  agent.emplace(std::move(*started));
  agent->events().listen([&](const EventView& event) {
    const std::string line = dump(event_json(event), -1);
    (*server)->publish(line);
    if (web) web->publish(line);
    if (running != nullptr) running->gather_log_lines();
  });
  if (auto attached = attach_interfaces(*agent, **data_plane, options); !attached) return attached;

  auto links = LinkWatch::open();
  if (!links) return tl::unexpected(std::move(links.error()));
  agent->check_interfaces();
  Loop loop(io, *agent, **data_plane, *links);
  running = &loop;
  std::puts(ready_line(*agent, **data_plane, web.get()).c_str());
  std::fflush(stdout);
  sd_notify(0, "READY=1");
  const Watchdog watchdog(io, [&] { return check_self(**data_plane, *store); });
  spdlog::set_level(spdlog::level::info);
  io.run();
  agent->save_counters();
  agent->flush_logs();
  (*server)->close();
  if (web) web->close();
  return {};
}

}  // namespace weir
