// SPDX-License-Identifier: BSD-2-Clause
// Ends TCP connections of this host, whoever has them open: sock_diag(7), as `ss -K` does.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "dataplane/closings.h"

namespace weir {

class SocketCloser {
 public:
  // Ends a connection of this network namespace; one that is not there (any more) is done. Never
  // waits. kUnavailable: this kernel cannot; kPermission; kSystem.
  Status close(const Connection& connection);

 private:
  Fd netlink_;  // opened when it is first needed
  unsigned sequence_ = 0;
};

}  // namespace weir
