// SPDX-License-Identifier: BSD-2-Clause
// Tells when interfaces come, go or change (rtnetlink(7), RTMGRP_LINK).
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace weir {

class LinkWatch {
 public:
  // kSystem with the kernel's words.
  static Result<LinkWatch> open();
  // Polls readable when something happened.
  [[nodiscard]] int descriptor() const { return netlink_.get(); }
  // Takes all that has been told. What it was does not matter: some of it may have been lost, so
  // the caller looks for itself.
  void drain();

 private:
  explicit LinkWatch(Fd netlink) : netlink_(std::move(netlink)) {}
  Fd netlink_;
};

}  // namespace weir
