// SPDX-License-Identifier: BSD-2-Clause
// What the verifier has to do for the programs: the bound keeps the next feature honest.
#include <gtest/gtest.h>

#include "program.h"

namespace {

TEST(Verifier, EachProgramStaysUnderAHundredThousandVerifiedInstructions) {
  weir::test::Program program;
  for (const auto hook : {weir::test::Hook::kXdp, weir::test::Hook::kTc}) {
    bpf_prog_info info{};
    __u32 length = sizeof info;
    ASSERT_EQ(bpf_obj_get_info_by_fd(program.program_fd(hook), &info, &length), 0);
    std::printf("figure 9: %s: %u verified instructions (bound 100000), %u bytes of code\n",
                info.name, info.verified_insns, info.jited_prog_len);
    EXPECT_LT(info.verified_insns, 100'000u);
  }
}

}  // namespace
