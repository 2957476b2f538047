// SPDX-License-Identifier: BSD-2-Clause
// One HTTP connection of the API server, from accept to close. Keeps Beast out of all other
// translation units.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "api/server.h"

namespace weir {

// One type for Unix and TCP sockets, so that the HTTP code is instantiated once.
using StreamProtocol = boost::asio::generic::stream_protocol;
using StreamSocket =
    boost::asio::basic_stream_socket<StreamProtocol, boost::asio::io_context::executor_type>;

class Session {
 public:
  virtual ~Session() = default;
  // Passes a line on if this session is a stream that wants it. Never runs other handlers.
  virtual void publish(const std::string& line) = 0;
  // Since when it has been waiting for a request to be complete, or for its end; nullopt: it is
  // being answered.
  using Time = std::chrono::steady_clock::time_point;
  [[nodiscard]] virtual std::optional<Time> waiting_since() const = 0;
  // Closes the socket; the session goes away when its pending operations have been told.
  virtual void close() = 0;
};

// What the sessions of one server share. Outlives the server as long as a session does.
struct SessionPool {
  Server::Handler handler;
  ServerLimits limits;
  const Session* bulk = nullptr;            // who is sending a large body
  std::unordered_set<Session*> sessions{};  // enter and leave by themselves
};

void start_session(StreamSocket socket, const Peer& peer, std::shared_ptr<SessionPool> pool);

}  // namespace weir
