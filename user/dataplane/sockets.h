// SPDX-License-Identifier: BSD-2-Clause
// Ends TCP connections of this host, whoever has them open: sock_diag(7), as `ss -K` does.
#pragma once

#include <functional>

#include "base/fd.h"
#include "base/result.h"
#include "dataplane/closings.h"

namespace weir {

class SocketCloser {
 public:
  // Ends a connection of this network namespace; one that is not there (any more) is done. Never
  // waits. kUnavailable: this kernel cannot; kPermission; kSystem.
  Status close(const Connection& connection);

  // Ends all connections of this network namespace that are wanted. Walks through all of them:
  // about a millisecond for a thousand. Errors as above; what can be ended is.
  Status close_each(const std::function<bool(const Connection&)>& is_wanted);

 private:
  Status open();

  Fd netlink_;  // opened when it is first needed
  unsigned sequence_ = 0;
};

}  // namespace weir
