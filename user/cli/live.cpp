// SPDX-License-Identifier: BSD-2-Clause
// See live.h.
#include "cli/live.h"

#include <csignal>
#include <ctime>

#include "cli/render.h"

namespace weir::cli {
namespace {

constexpr timespec kPeriod{1, 0};
constexpr const char* kClearScreen = "\x1b[H\x1b[2J";
volatile std::sig_atomic_t g_stopped = 0;

// Holds SIGINT and SIGTERM back except while waiting, so that none is lost between the look
// at a flag and the wait.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals_, &before_);
  }
  ~StopSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // True when one came within the period.
  [[nodiscard]] bool wait(const timespec& period) const {
    return sigtimedwait(&signals_, nullptr, &period) > 0;
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace

Status watch(const std::function<Result<std::string>()>& page, bool lines, Output& output) {
  const StopSignals signals;
  const bool redraw = output.is_terminal() && !lines;
  for (bool first = true;; first = false) {
    const auto text = page();
    if (!text) return tl::unexpected(text.error());
    const char* between = redraw ? kClearScreen : (first || lines ? "" : "\n");
    if (auto written = output.write(between + *text); !written) return written;
    if (output.closed() || signals.wait(kPeriod)) return {};
  }
}

Status show_events(Client client, const std::string& target, bool json, Output& output) {
  // Without SA_RESTART: a signal interrupts the wait for the next line, and follow() ends. One
  // that comes while a line is printed is seen with that line; a second one always kills.
  struct sigaction stop {};
  stop.sa_handler = [](int) { g_stopped = 1; };
  stop.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &stop, nullptr);
  sigaction(SIGTERM, &stop, nullptr);
  Status written;
  Status followed = client.follow(target, [&](const std::string& line) {
    written = output.write(render_event(line, json));
    return written.has_value() && !output.closed() && g_stopped == 0;
  });
  return written ? followed : written;
}

}  // namespace weir::cli
