// SPDX-License-Identifier: BSD-2-Clause
// Carries out a parsed command: asks the agent, prints the answer.
#pragma once

#include "base/result.h"
#include "cli/command.h"

namespace weir::cli {

// Prints answers on standard output and notes on standard error; an Error is not printed.
// Ignores SIGPIPE for the whole process: a reader that leaves must not end the agent.
Status execute(const Invocation& invocation);

// The exit code that an Error of execute() stands for; wrong usage is parse()'s alone.
int exit_code(const Error& error);

}  // namespace weir::cli
