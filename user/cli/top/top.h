// SPDX-License-Identifier: BSD-2-Clause
// `weir top`: the live screen, in ncurses' terms. What it shows is made in picture.cpp, what keys
// do in state.cpp.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/output.h"

namespace weir::cli {

// Until q, SIGTERM, SIGINT or SIGHUP; leaves the terminal as it was. Where there is no terminal, a
// line each second.
Status show_top(const std::string& socket, Output& output);

}  // namespace weir::cli
