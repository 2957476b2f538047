// SPDX-License-Identifier: BSD-2-Clause
// A network namespace of this thread's own in which somebody listens.
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

#include "base/fd.h"

namespace weir::test {

// The thread stays in the namespace; the listener goes with this.
class Listening {
 public:
  explicit Listening(std::uint16_t port = 80) {
    if (unshare(CLONE_NEWNET)) throw std::runtime_error("making a network namespace failed");
    listener_ = Fd(socket(AF_INET6, SOCK_STREAM, 0));
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) ||
        listen(listener_.get(), 5))
      throw std::runtime_error("listening failed");
  }

 private:
  Fd listener_;
};

}  // namespace weir::test
