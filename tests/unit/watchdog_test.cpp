// SPDX-License-Identifier: BSD-2-Clause
// systemd's watchdog is fed at half its interval, and only by an agent that is well.
#include "agent/watchdog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>

#include "agent_fixture.h"
#include "base/fd.h"

namespace weir {
namespace {

// What systemd is at the other end of $NOTIFY_SOCKET.
class Systemd {
 public:
  explicit Systemd(const char* interval_us)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "weir-watchdog-test-" + std::to_string(getpid());
    name.copy(address.sun_path + 1, sizeof address.sun_path - 2);  // abstract: begins with a zero
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
              0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    setenv("WATCHDOG_USEC", interval_us, 1);
    unsetenv("WATCHDOG_PID");
  }
  ~Systemd() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }

  [[nodiscard]] int fed() const {
    int times = 0;
    char text[256];
    for (ssize_t size = 0; (size = recv(socket_.get(), text, sizeof text, 0)) > 0;)
      if (std::string(text, static_cast<std::size_t>(size)).find("WATCHDOG=1") != std::string::npos)
        times++;
    return times;
  }

 private:
  Fd socket_;
};

TEST(Watchdog, IsFedAtHalfOfItsIntervalWhileTheAgentIsWell) {
  const Systemd systemd("100000");
  boost::asio::io_context io;
  bool well = true;
  const Watchdog watchdog(io, [&]() -> Status {
    return well ? Status() : fail(ErrorCode::kSystem, "the tables cannot be read");
  });
  spdlog::set_level(spdlog::level::off);
  io.run_for(std::chrono::milliseconds(320));
  EXPECT_GE(systemd.fed(), 4);
  well = false;
  io.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(systemd.fed(), 0);
  well = true;  // it got well before systemd lost its patience
  io.run_for(std::chrono::milliseconds(120));
  EXPECT_GE(systemd.fed(), 1);
}

TEST(Watchdog, KeepsQuietWhenNobodyAskedForIt) {
  const Systemd systemd("0");
  boost::asio::io_context io;
  const Watchdog watchdog(io, [] { return Status(); });
  io.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(systemd.fed(), 0);
}

class SelfCheck : public AgentTest {};

TEST_F(SelfCheck, FailsWhenTheDataPathCannotBeReadAndOnlyThen) {
  EXPECT_TRUE(try_start());
  EXPECT_TRUE(check_self(plane_, *store_));
  plane_.refused = {FakeDataPlane::Call::kAllowed};
  EXPECT_FALSE(check_self(plane_, *store_));
  plane_.refused.clear();
  EXPECT_TRUE(check_self(plane_, *store_));
  EXPECT_FALSE(check_self(FakeDataPlane(), *store_)) << "no settings are in force";
}

}  // namespace
}  // namespace weir
