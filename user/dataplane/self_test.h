// SPDX-License-Identifier: BSD-2-Clause
// Whether a program that was loaded to replace another one does what any Weir does: before it is
// let near packets (BPF_PROG_TEST_RUN).
#pragma once

#include "base/result.h"
#include "dataplane/kernel_object.h"

namespace weir {

// Runs a program of `hook` on frames that every Weir lets pass. They are counted, so it should be
// loaded for a slot of its own. kSystem says which frame met what.
Status self_test(int program_fd, HookKind hook);

// Whether two programs are the same code; false also when that cannot be told.
bool is_same_code(int program_fd, int other_fd);

}  // namespace weir
