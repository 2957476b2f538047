// SPDX-License-Identifier: BSD-2-Clause
// See execute.h. Which request a command is lies in request.cpp, how it looks in output/text.h.
#include "cli/execute.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>
#include <utility>

#include "api/client.h"
#include "base/quote.h"
#include "cli/live.h"
#include "cli/output.h"
#include "cli/render.h"
#include "cli/request.h"
#include "cli/safety.h"
#include "cli/top/top.h"
#include "config/load.h"
#include "dataplane/pins.h"
#include "doctor/findings.h"
#include "doctor/gather.h"

namespace weir::cli {
namespace {

void note(const std::string& text) { fmt::print(stderr, "weir: note: {}\n", one_line(text)); }

// What the operator most needs to know when no agent answers: is anything filtered now?
Error with_data_path(Error error, const std::string& pin_dir) {
  if (error.code != ErrorCode::kUnavailable) return error;
  const auto interfaces = pinned_interfaces(pin_dir);
  if (!interfaces.empty()) {
    error.message += fmt::format("; the data path still filters: {}", fmt::join(interfaces, ", "));
  }
  if (error.hint.empty()) error.hint = "'weir run' starts an agent";
  return error;
}

constexpr int kPatience = 10, kPatienceForLists = 300;  // seconds

Result<std::string> read_whole(const std::string& file) {
  std::ostringstream text;
  errno = 0;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream stream(file, std::ios::binary);
    if (stream) text << stream.rdbuf();
    // A directory opens, but does not read; an empty file sets only the fail bit.
    if (!stream.is_open() || stream.bad() || errno == EISDIR)
      return fail(ErrorCode::kSystem, fmt::format("reading {}: {}", one_line(file),
                                                  std::generic_category().message(errno)));
  }
  return std::move(text).str();
}

class Executor {
 public:
  explicit Executor(const Invocation& invocation) : invocation_(invocation) {}

  Status operator()(const RunAgent& command);
  Status operator()(const RunDoctor& command);
  Status operator()(const CheckConfig& command);
  Status operator()(const Detach& command);
  Status operator()(const AddBan& command);
  Status operator()(const ImportBans& command);
  Status operator()(const ExportBans& command);
  Status operator()(const ShowStats& command);
  Status operator()(const ShowTop& command);
  Status operator()(const ShowEvents& command);
  // All others are one request and its answer.
  template <typename Command>
  Status operator()(const Command&) {
    return ask();
  }

 private:
  Result<ClientResponse> call(const std::string& body = {}) const;
  Status ask();
  Status show(const Result<ClientResponse>& response);
  Status watch_stats();
  Status detach_without_agent(const std::string& interface);

  const Invocation& invocation_;
  Output output_;
};

Result<ClientResponse> Executor::call(const std::string& body) const {
  const auto request = call_for(invocation_.command);
  Client client(invocation_.socket, body.empty() ? kPatience : kPatienceForLists);
  auto response =
      client.call(request->method, request->target, body.empty() ? request->body : body);
  if (response && response->status >= 400) return tl::unexpected(error_of(*response));
  return response;
}

Status Executor::ask() { return show(call()); }

Status Executor::show(const Result<ClientResponse>& response) {
  if (!response) return tl::unexpected(response.error());
  const auto page = render(invocation_, response->body);
  if (!page) return tl::unexpected(page.error());
  for (const std::string& line : page->notices) note(line);
  return output_.write(page->text);
}

// The agent's own failures keep the exit code of a failure: 3 is for those who asked one.
Status Executor::operator()(const RunAgent& command) {
  Status done = run_agent(command.options);
  if (!done && done.error().code == ErrorCode::kUnavailable) done.error().code = ErrorCode::kSystem;
  return done;
}

Status Executor::operator()(const CheckConfig& command) {
  const auto loaded = load_settings(command.file);
  if (!loaded) return tl::unexpected(loaded.error());
  for (const std::string& line : loaded->notices) note(line);
  if (!invocation_.json) return output_.write(command.file + ": ok\n");
  const nlohmann::ordered_json document{
      {"schema", 1}, {"file", command.file}, {"ok", true}, {"notices", loaded->notices}};
  return output_.write(
      document.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

Status Executor::operator()(const RunDoctor& command) {
  const auto findings = doctor::examine(
      doctor::gather({command.interface, invocation_.socket, invocation_.pin_dir, command.config}));
  const std::string text =
      invocation_.json ? doctor::findings_json(findings).dump(
                             -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                             "\n"
                       : doctor::findings_text(findings);
  if (auto written = output_.write(text); !written) return written;
  const auto problems = doctor::count(findings, doctor::Level::kProblem);
  if (problems == 0) return {};
  return fail(ErrorCode::kSystem,
              fmt::format("doctor: {} problem{} found", problems, problems == 1 ? "" : "s"));
}

Status Executor::operator()(const AddBan& command) {
  if (auto safe = check_ban(command, ssh_peer(find_ssh_connection())); !safe) return safe;
  return ask();
}

Status Executor::operator()(const ImportBans& command) {
  const auto text = read_whole(command.file);
  if (!text) return tl::unexpected(text.error());
  const std::string name = command.file == "-" ? "standard input" : one_line(command.file);
  if (text->find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(ErrorCode::kInvalid, "importing " + name + ": it is empty");
  if (Output(2).is_terminal())
    fmt::print(stderr, "weir: entering {} ({} KiB) …\n", name, text->size() / 1024 + 1);
  Status done = show(call(*text));
  if (!done) return fail("importing " + name, done.error());
  return done;
}

// A line at a time, for there may be a million.
Status Executor::operator()(const ExportBans&) {
  Status written;
  const std::string target =
      call_for(invocation_.command)->target + (invocation_.json ? "" : "?format=lines");
  const Status read = Client(invocation_.socket).follow(target, [&](const std::string& line) {
    written = output_.write(line + "\n");
    return written.has_value() && !output_.closed();
  });
  return written ? read : written;
}

Status Executor::operator()(const Detach& command) {
  Status done = ask();
  if (done || done.error().code != ErrorCode::kUnavailable) return done;
  return detach_without_agent(command.interface);
}

Status Executor::detach_without_agent(const std::string& interface) {
  std::vector<std::string> names{interface};
  if (interface.empty()) names = pinned_interfaces(invocation_.pin_dir);
  note("no agent answers at " + invocation_.socket + "; removing the pins in " +
       invocation_.pin_dir);
  if (names.empty()) return output_.write("no interface is filtered\n");
  Status result;  // of several, the first failure; the others are tried all the same
  for (const std::string& name : names) {
    Status gone = detach_pinned(invocation_.pin_dir, name);
    if (gone) gone = output_.write("detached " + name + "\n");
    if (!gone && result) result = gone;
  }
  return result;
}

Status Executor::operator()(const ShowTop&) {
  return invocation_.json ? watch_stats() : show_top(invocation_.socket, output_);
}

Status Executor::operator()(const ShowStats& command) {
  return command.watch ? watch_stats() : ask();
}

Status Executor::watch_stats() {
  return watch(
      [this]() -> Result<std::string> {
        const auto response = call();
        if (!response) return tl::unexpected(response.error());
        auto page = render(invocation_, response->body);
        if (!page) return tl::unexpected(page.error());
        return invocation_.json ? compact(page->text) : std::move(page->text);
      },
      invocation_.json, output_);
}

Status Executor::operator()(const ShowEvents&) {
  return show_events(Client(invocation_.socket), call_for(invocation_.command)->target,
                     invocation_.json, output_);
}

}  // namespace

Status execute(const Invocation& invocation) {
  std::signal(SIGPIPE, SIG_IGN);
  Status done = std::visit(Executor(invocation), invocation.command);
  if (done) return done;
  return tl::unexpected(with_data_path(std::move(done.error()), invocation.pin_dir));
}

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
      return 3;
    case ErrorCode::kRefused:
      return 4;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kPermission:
    case ErrorCode::kTooLarge:
    case ErrorCode::kSystem:
      break;
  }
  return 1;
}

}  // namespace weir::cli
