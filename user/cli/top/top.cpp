// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top/top.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>

#include "api/client.h"
#include "base/quote.h"
#include "cli/live.h"
#include "cli/request.h"
#include "cli/safety.h"
#include "cli/top/screen.h"

namespace weir::cli {
namespace {

using Time = std::chrono::steady_clock;

constexpr auto kPeriod = std::chrono::seconds(1);
constexpr int kPatience = 3;  // seconds for an answer: longer looks as if all had stopped
constexpr std::chrono::milliseconds kBanFor = std::chrono::hours(1);
constexpr const char* kReason = "weir top";

volatile std::sig_atomic_t g_ended = 0;

// Signals end the screen, not the process: without SA_RESTART, so that a wait for a key ends too.
void end_by_signals() {
  struct sigaction end {};
  end.sa_handler = [](int) { g_ended = 1; };
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaction(signal, &end, nullptr);
}

Result<Json> get(Client& client, const char* target) {
  auto response = client.call("GET", target);
  if (!response) return tl::unexpected(response.error());
  if (response->status >= 400) return tl::unexpected(error_of(*response));
  Json document = Json::parse(response->body, nullptr, false);
  if (!document.is_object())
    return fail(ErrorCode::kSystem, "the agent's answer is no JSON object");
  return document;
}

// All or none, so that what is shown belongs together.
Status update(Client& client, TopData& data) {
  TopData fresh;
  for (const auto& [target, document] : {std::pair{"/v1/stats", &fresh.stats},
                                         {"/v1/series?period=seconds&last=200", &fresh.history},
                                         {"/v1/users?active=1&limit=100", &fresh.users},
                                         {"/v1/bans?limit=100", &fresh.bans}}) {
    auto answer = get(client, target);
    if (!answer) return tl::unexpected(answer.error());
    *document = std::move(*answer);
  }
  data = std::move(fresh);
  return {};
}

std::string carry_out(Client& client, const TopQuestion& question) {
  const auto prefix = Prefix::parse(question.address);
  if (!prefix) return one_line(prefix.error().message);
  const auto command = [&]() -> Command {
    switch (question.act) {
      case TopAct::kBan:
        return AddBan{*prefix, kBanFor, kReason, false, false};
      case TopAct::kUnban:
        return RemoveBan{*prefix};
      case TopAct::kAllow:
        break;
    }
    return AddAllow{*prefix, kReason};
  }();
  if (const auto* ban = std::get_if<AddBan>(&command))
    if (auto safe = check_ban(*ban, ssh_peer(find_ssh_connection())); !safe)
      return one_line(safe.error().message);
  const auto request = call_for(command);
  const auto response = client.call(request->method, request->target, request->body);
  if (!response) return one_line(response.error().message);
  if (response->status >= 400) return one_line(error_of(*response).message);
  const Json document = Json::parse(response->body, nullptr, false);
  return document.is_object() ? one_line(document.value("message", "done")) : "done";
}

Status run_screen(Client& client, Screen& screen) {
  TopState state;
  TopData data;
  if (auto first = update(client, data); !first) return first;
  Time::time_point next = Time::now() + kPeriod;
  while (!state.ended && g_ended == 0) {
    screen.draw(top_picture(state, data, screen.size()));
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(next - Time::now()).count();
    if (const auto key = screen.wait(static_cast<int>(std::clamp<long>(left, 0, 1000)))) {
      if (const auto act = press(state, data, *key)) {
        state.message = carry_out(client, *act);
        next = Time::now();
      }
    }
    if (Time::now() < next) continue;
    next = Time::now() + kPeriod;
    if (state.paused) continue;
    if (auto updated = update(client, data); !updated)
      data.problem = one_line(updated.error().message);
  }
  return {};
}

Status run_lines(Client& client, Output& output) {
  return watch(
      [&]() -> Result<std::string> {
        TopData data;
        if (auto updated = update(client, data); !updated) return tl::unexpected(updated.error());
        return top_line(data);
      },
      true, output);
}

}  // namespace

Status show_top(const std::string& socket, Output& output) {
  Client client(socket, kPatience);
  if (!output.is_terminal() || isatty(STDIN_FILENO) != 1) return run_lines(client, output);
  end_by_signals();
  Status done;
  {
    const auto screen = Screen::open();
    if (screen == nullptr) return run_lines(client, output);
    done = run_screen(client, *screen);
  }
  return done;
}

}  // namespace weir::cli
