// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/listeners.h"

#include <gtest/gtest.h>

#include <sstream>

namespace {

using namespace weir;

constexpr const char* kHeadings = "  sl  local_address rem_address   st tx_queue rx_queue\n";

std::vector<Listener> read(const std::string& lines) {
  std::istringstream file(kHeadings + lines);
  return read_listeners(file);
}

Address address(const char* text) { return *Address::parse(text); }

TEST(Listeners, AreReadWithTheAddressTheyAreBoundTo) {
  EXPECT_EQ(read("   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:0 0 0 1\n"
                 "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:0 0 0 2\n"),
            (std::vector<Listener>{{address("0.0.0.0"), 80}, {address("127.0.0.1"), 8080}}));
  EXPECT_EQ(
      read("   0: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 "
           "0A 0:0 0:0 0 0 3\n"),
      (std::vector<Listener>{{address("2001:db8::1"), 443}}));
}

TEST(Listeners, EndWhereConnectionsBegin) {
  EXPECT_EQ(read("   0: 00000000:0050 00000000:0000 0A 0:0\n"
                 "   1: 0100007F:0050 0100007F:9C40 01 0:0\n"
                 "   2: 00000000:0051 00000000:0000 0A 0:0\n")
                .size(),
            1u);
}

TEST(Listeners, OfGarbageAreNone) {
  for (const char* line : {"", "\n", "x\n", "0: 00000000 0 0A\n", "0: 0000000G:0050 0 0A\n",
                           "0: 00000000:10000 0 0A\n", "0: :: : 0A\n"})
    EXPECT_TRUE(read(line).empty()) << line;
}

}  // namespace
