// SPDX-License-Identifier: BSD-2-Clause
// Asks the machine for the facts. Changes nothing, and fails nowhere: what cannot be told stays
// empty.
#pragma once

#include <string>

#include "doctor/facts.h"

namespace weir::doctor {

struct Where {
  std::string interface;  // empty: those that are filtered, configured, or lead to the internet
  std::string socket, pin_dir, config;
};

Facts gather(const Where& where);

}  // namespace weir::doctor
