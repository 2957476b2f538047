// SPDX-License-Identifier: BSD-2-Clause
// Connections of kicked clients: which wait to be closed, and that closing meets no others.
#include "dataplane/sockets.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Connection from_port(std::uint16_t port) {
  return {Address::parse("192.0.2.1").value(), Address::parse("198.51.100.7").value(), 80, port};
}

TEST(Closings, AreTakenWhenTheyAreDueAndOnce) {
  Closings closings;
  EXPECT_TRUE(closings.empty());
  EXPECT_FALSE(closings.add(from_port(1), 100));
  EXPECT_FALSE(closings.add(from_port(2), 200));
  EXPECT_FALSE(closings.empty());
  EXPECT_THAT(closings.take_due(99), IsEmpty());
  EXPECT_THAT(closings.take_due(100), ElementsAre(from_port(1)));
  EXPECT_THAT(closings.take_due(300), ElementsAre(from_port(2)));
  EXPECT_TRUE(closings.empty());
}

TEST(Closings, OfOneConnectionAreOneAndKeepTheirTime) {
  Closings closings;
  EXPECT_FALSE(closings.add(from_port(1), 100));
  EXPECT_FALSE(closings.add(from_port(1), 200));
  EXPECT_THAT(closings.take_due(100), ElementsAre(from_port(1)));
  EXPECT_TRUE(closings.empty());
  EXPECT_FALSE(closings.add(from_port(1), 300));
  EXPECT_THAT(closings.take_due(300), ElementsAre(from_port(1)));
}

TEST(Closings, ThatFindNoRoomEndTheOldestEarly) {
  Closings closings;
  for (std::uint16_t port = 1; port <= Closings::kMost; ++port)
    EXPECT_FALSE(closings.add(from_port(port), port));
  EXPECT_EQ(closings.add(from_port(60'000), Closings::kMost), from_port(1));
  EXPECT_EQ(closings.take_due(Closings::kMost).size(), Closings::kMost);
}

// ---- on the loopback
// ------------------------------------------------------------------------------

class LoopbackConnections : public testing::Test {
 protected:
  struct Pair {
    Fd client, server;
    Connection connection;  // as the server sees it
  };

  static Address address_of(const sockaddr_in6& end) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &end.sin6_addr, bytes.size());
    return Address(bytes);
  }

  // A dual-stack listener, and connections to it over `loopback`.
  void listen_on_any() {
    listener_ = Fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int off = 0;
    setsockopt(listener_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    socklen_t size = sizeof any;
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), size), 0);
    ASSERT_EQ(listen(listener_.get(), 16), 0);
    ASSERT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&any), &size), 0);
    port_ = any.sin6_port;
  }

  Pair connect_to(const char* loopback) {
    Pair pair;
    pair.client = Fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = port_;
    inet_pton(AF_INET6, loopback, &to.sin6_addr);
    EXPECT_EQ(connect(pair.client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    pair.server = Fd(accept(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size));
    EXPECT_TRUE(pair.server);
    pair.connection = {address_of(to), address_of(from), ntohs(port_), ntohs(from.sin6_port)};
    return pair;
  }

  // Whether the server's half is closed, without a word of the client.
  static bool is_closed(const Pair& pair) {
    char byte = 0;
    return recv(pair.server.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNABORTED;
  }

  Fd listener_;
  in_port_t port_ = 0;
  SocketCloser closer_;
};

#define NEEDS_PERMISSION(status)                                  \
  if (!(status) && status.error().code == ErrorCode::kPermission) \
    GTEST_SKIP() << "needs CAP_NET_ADMIN";                        \
  ASSERT_TRUE(status) << status.error().message

TEST_F(LoopbackConnections, AreClosedOneByOneWhateverTheirFamily) {
  listen_on_any();
  for (const char* loopback : {"::1", "::ffff:127.0.0.1"}) {
    const Pair meant = connect_to(loopback), other = connect_to(loopback);
    const Status closed = closer_.close(meant.connection);
    NEEDS_PERMISSION(closed);
    EXPECT_TRUE(is_closed(meant)) << loopback;
    EXPECT_FALSE(is_closed(other)) << loopback;
  }
}

TEST_F(LoopbackConnections, ThatAreGoneTakeNoListenerWithThem) {
  listen_on_any();
  for (const char* loopback : {"::1", "::ffff:127.0.0.1"}) {
    Pair gone = connect_to(loopback);
    const Connection connection = gone.connection;
    const linger at_once{1, 0};
    setsockopt(gone.server.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    gone.server.reset();
    gone.client.reset();
    const Status closed = closer_.close(connection);
    NEEDS_PERMISSION(closed);
    EXPECT_TRUE(connect_to(loopback).server) << "the server still listens";
  }
}

TEST_F(LoopbackConnections, AreClosedTogetherWhereTheyAreWantedAndNoListenerIs) {
  listen_on_any();
  const Pair four = connect_to("::ffff:127.0.0.1"), six = connect_to("::1");
  const Pair other = connect_to("::1");
  std::vector<Connection> seen;
  const Status closed = closer_.close_each([&](const Connection& connection) {
    if (connection.local_port == ntohs(port_)) seen.push_back(connection);
    return connection == four.connection || connection == six.connection;
  });
  NEEDS_PERMISSION(closed);
  EXPECT_THAT(seen,
              testing::UnorderedElementsAre(four.connection, six.connection, other.connection));
  EXPECT_TRUE(is_closed(four));
  EXPECT_TRUE(is_closed(six));
  EXPECT_FALSE(is_closed(other));
  EXPECT_TRUE(connect_to("::1").server) << "the server still listens";
}

}  // namespace
}  // namespace weir
