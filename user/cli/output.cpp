// SPDX-License-Identifier: BSD-2-Clause
// See output.h.
#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace weir::cli {

Status Output::write(std::string_view text) {
  while (!text.empty() && !closed_) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno == EAGAIN) {  // a pipe that somebody else made non-blocking
      pollfd entry{descriptor_, POLLOUT, 0};
      poll(&entry, 1, -1);
    } else if (errno != EINTR) {
      return fail(ErrorCode::kSystem,
                  std::string("writing to standard output: ") + std::strerror(errno));
    }
  }
  return {};
}

bool Output::is_terminal() const { return isatty(descriptor_) == 1; }

}  // namespace weir::cli
