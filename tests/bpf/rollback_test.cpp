// SPDX-License-Identifier: BSD-2-Clause
// The dead man's switch: settings come back by themselves, with nobody there to bring them back.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "program.h"

namespace weir::test {
namespace {

class Rollback : public testing::Test {
 protected:
  int arm(std::uint64_t after_ns, unsigned active) {
    weir_rollback_request request{after_ns, active, 1};
    LIBBPF_OPTS(bpf_test_run_opts, run);
    run.data_in = &request;
    run.data_size_in = sizeof request;
    const int error = bpf_prog_test_run_opts(program_.rollback_fd(), &run);
    return error != 0 ? error : static_cast<int>(run.retval);
  }
  // Within two seconds, for the machine may be busy.
  bool comes_back_to(unsigned active) {
    for (int i = 0; i < 200; i++) {
      if (WEIR_LOAD(&program_.control().active) == active) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  Program program_;
};

TEST_F(Rollback, BringsTheOldSettingsBackAtItsTime) {
  program_.control().active = 1;
  ASSERT_EQ(arm(50'000'000, 0), 0);
  EXPECT_EQ(program_.control().active, 1u);
  EXPECT_TRUE(comes_back_to(0));
  EXPECT_TRUE(program_.control().present & WEIR_RESETS);
  // And once more: the timer is there already.
  program_.control().active = 0;
  ASSERT_EQ(arm(1'000'000, 1), 0);
  EXPECT_TRUE(comes_back_to(1));
}

TEST_F(Rollback, CalledOffLeavesTheNewOnes) {
  program_.control().active = 1;
  ASSERT_EQ(arm(100'000'000, 0), 0);
  ASSERT_EQ(arm(0, 0), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(program_.control().active, 1u);
  EXPECT_EQ(arm(0, 0), 0) << "twice is no mistake";
}

}  // namespace
}  // namespace weir::test
