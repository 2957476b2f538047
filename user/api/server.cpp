// SPDX-License-Identifier: BSD-2-Clause
// The accept loop and the life of the API's listening sockets. HTTP is in session.cpp.
#include "api/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "api/client.h"
#include "api/listener.h"
#include "api/session.h"

namespace weir {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<StreamProtocol, asio::io_context::executor_type>;

// Out of descriptors or memory: the connection waits in the backlog, the loop must not spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

Peer peer_of(StreamSocket& socket, int family) {
  Peer peer;
  if (family == AF_UNIX) {
    ucred credentials{};
    socklen_t length = sizeof(credentials);
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0) {
      peer = {true, credentials.uid, credentials.gid, credentials.pid};
    }
    return peer;
  }
  const int on = 1;  // a reader whose machine has gone must not hold its place for ever
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  return peer;
}

// Best effort, without a session of its own: the point is that there is no room for one.
void turn_away(StreamSocket& socket) {
  const std::string body = error_body(
      {ErrorCode::kUnavailable, "the agent has too many API clients", "try again in a moment"});
  const std::string answer = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{}",
      body.size(), body);
  const auto sent =
      ::send(socket.native_handle(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  static_cast<void>(sent);
}

// Kept alive by its pending accept, so that a server may be destroyed at any time.
class Port final : public std::enable_shared_from_this<Port> {
 public:
  Port(asio::io_context& loop, Listener listener, std::shared_ptr<SessionPool> pool)
      : listener_(std::move(listener)),
        acceptor_(loop, StreamProtocol(listener_.family(), 0), listener_.release()),
        pause_(loop),
        pool_(std::move(pool)) {}

  [[nodiscard]] const std::string& address() const { return listener_.address(); }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, StreamSocket socket) {
      if (self->closed_) return;
      if (error) return self->accept_later();
      self->admit(std::move(socket));
      self->accept();
    });
  }

  void publish(const std::string& line) {
    for (Session* session : pool_->sessions) session->publish(line);
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    listener_.remove_file();
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (Session* session : pool_->sessions) session->close();
  }

 private:
  void accept_later() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](error_code) {
      if (!self->closed_) self->accept();
    });
  }

  void admit(StreamSocket socket) {
    if (pool_->sessions.size() >= pool_->limits.clients && !make_room()) return turn_away(socket);
    const Peer peer = peer_of(socket, listener_.family());
    start_session(std::move(socket), peer, pool_);
  }

  // Who has said nothing whole for the longest time goes: idlers must not keep others out.
  bool make_room() {
    Session* idlest = nullptr;
    for (Session* session : pool_->sessions)
      if (session->waiting_since() &&
          (idlest == nullptr || *session->waiting_since() < *idlest->waiting_since()))
        idlest = session;
    if (idlest == nullptr) return false;
    idlest->close();
    return true;
  }

  Listener listener_;
  Acceptor acceptor_;
  asio::steady_timer pause_;
  std::shared_ptr<SessionPool> pool_;
  bool closed_ = false;
};

class HttpServer final : public Server {
 public:
  explicit HttpServer(std::shared_ptr<Port> port) : port_(std::move(port)) { port_->accept(); }
  ~HttpServer() override {
    try {
      port_->close();
    } catch (const std::exception& exception) {  // Asio's word; a destructor cannot pass it on
      spdlog::error("closing {}: {}", port_->address(), exception.what());
    }
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::string address() const override { return port_->address(); }
  void publish(const std::string& line) override { port_->publish(line); }
  void close() override { port_->close(); }

 private:
  std::shared_ptr<Port> port_;
};

Result<std::unique_ptr<Server>> serve(asio::io_context& loop, Result<Listener> listener,
                                      Server::Handler handler, const ServerLimits& limits) {
  if (!listener) return tl::unexpected(listener.error());
  auto pool = std::make_shared<SessionPool>(SessionPool{std::move(handler), limits});
  return std::make_unique<HttpServer>(
      std::make_shared<Port>(loop, std::move(*listener), std::move(pool)));
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen_unix(asio::io_context& loop, const std::string& path,
                                                    Handler handler, ServerLimits limits) {
  return serve(loop, Listener::open_unix(path), std::move(handler), limits);
}

Result<std::unique_ptr<Server>> Server::listen_tcp(asio::io_context& loop,
                                                   const std::string& address, Handler handler,
                                                   ServerLimits limits) {
  return serve(loop, Listener::open_tcp(address), std::move(handler), limits);
}

}  // namespace weir
