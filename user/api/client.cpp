// SPDX-License-Identifier: BSD-2-Clause
// The CLI's side of the API: a blocking Unix socket under a deadline; Beast only parses.
#include "api/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

namespace weir {
namespace {

namespace http = boost::beast::http;
using SteadyTime = std::chrono::steady_clock::time_point;
using Deadline = std::optional<SteadyTime>;  // nullopt: none

// Every table printed whole: 100 bytes a ban times the largest ban table, and room.
constexpr std::uint64_t kBodyLimit = 1024ull * 1024 * 1024;
constexpr std::size_t kReadBytes = 64UL * 1024;

// One connection to the agent; every wait is bounded by the deadline.
class Connection {
 public:
  Connection(std::string path, Deadline deadline) : path_(std::move(path)), deadline_(deadline) {}
  ~Connection() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void set_deadline(Deadline deadline) { deadline_ = deadline; }
  Status open();
  Status send(const std::string& request) const;
  // Appends what has arrived; false at the end of input. nullopt: a signal came.
  Result<std::optional<bool>> receive(std::string& buffer) const;

 private:
  Result<bool> wait_for(short events) const;  // false: a signal came
  [[nodiscard]] tl::unexpected<Error> lost(int error) const;

  std::string path_;
  Deadline deadline_;
  int descriptor_ = -1;
};

tl::unexpected<Error> Connection::lost(int error) const {
  return fail(ErrorCode::kUnavailable, fmt::format("the connection to the agent at {} broke: {}",
                                                   path_, std::strerror(error)));
}

Status Connection::open() {
  sockaddr_un address{};
  if (path_.empty() || path_.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::kInvalid, fmt::format("socket path '{}' must have 1 to {} bytes", path_,
                                                 sizeof(address.sun_path) - 1));
  }
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, path_.size());
  descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) {
    return fail(ErrorCode::kSystem, fmt::format("making a socket: {}", std::strerror(errno)));
  }
  // connect() waits while the agent's backlog is full; this is how long (unix(7)).
  const auto left = std::chrono::ceil<std::chrono::seconds>(
      deadline_.value_or(SteadyTime::clock::now()) - SteadyTime::clock::now());
  const timeval patience{left.count() > 0 ? left.count() : 1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return {};
  const int error = errno;
  if (error == EACCES || error == EPERM) {
    return fail(ErrorCode::kPermission,
                fmt::format("opening socket {}: {}", path_, std::strerror(error)),
                "run as root or join group weir");
  }
  return fail(ErrorCode::kUnavailable, "no agent answers at " + path_);
}

Result<bool> Connection::wait_for(short events) const {
  int timeout = -1;
  if (deadline_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - SteadyTime::clock::now());
    timeout = left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }
  pollfd entry{descriptor_, events, 0};
  const int ready = poll(&entry, 1, timeout);
  if (ready > 0) return true;
  if (ready < 0) return errno == EINTR ? Result<bool>(false) : Result<bool>(lost(errno));
  return fail(ErrorCode::kUnavailable,
              fmt::format("the agent at {} does not answer in time", path_),
              "is it stopped or overloaded?");
}

// A peer that has already answered and closed (too many clients, body too large) is not an
// error here: its answer is waiting to be read.
Status Connection::send(const std::string& request) const {
  std::size_t done = 0;
  while (done < request.size()) {
    const ssize_t sent = ::send(descriptor_, request.data() + done, request.size() - done,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return {};
    } else if (errno == EAGAIN) {
      if (auto ready = wait_for(POLLOUT); !ready) return tl::unexpected(ready.error());
    } else if (errno != EINTR) {
      return lost(errno);
    }
  }
  return {};
}

Result<std::optional<bool>> Connection::receive(std::string& buffer) const {
  const auto ready = wait_for(POLLIN);
  if (!ready) return tl::unexpected(ready.error());
  if (!*ready) return std::nullopt;
  const std::size_t before = buffer.size();
  buffer.resize(before + kReadBytes);
  const ssize_t got = recv(descriptor_, buffer.data() + before, kReadBytes, 0);
  const int error = errno;
  buffer.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got > 0) return true;
  // After ECONNRESET nothing more comes either; the parser knows whether that was too soon.
  if (got == 0 || error == ECONNRESET) return false;
  if (error == EINTR) return std::nullopt;
  return lost(error);
}

// Feeds what arrives to Beast's parser; the body is taken out as it comes.
class Answer {
 public:
  explicit Answer(boost::optional<std::uint64_t> body_limit) {
    parser_.eager(true);
    parser_.body_limit(body_limit);
  }
  std::string& input() { return input_; }
  std::string& body() { return parser_.get().body(); }
  [[nodiscard]] unsigned status() const { return parser_.get().result_int(); }
  [[nodiscard]] bool has_header() const { return parser_.is_header_done(); }
  [[nodiscard]] bool complete() const { return parser_.is_done(); }

  Status parse();
  Status end_of_input();

 private:
  http::response_parser<http::string_body> parser_;
  std::string input_;
};

Status Answer::parse() {
  boost::system::error_code error;
  while (!input_.empty() && !parser_.is_done()) {
    const std::size_t used = parser_.put(boost::asio::buffer(input_), error);
    input_.erase(0, used);
    if (error == http::error::need_more) return {};
    if (error) {
      return fail(ErrorCode::kUnavailable, "the agent's answer is no HTTP: " + error.message());
    }
  }
  return {};
}

Status Answer::end_of_input() {
  boost::system::error_code error;
  if (parser_.got_some()) parser_.put_eof(error);
  if (error || !parser_.is_done()) {
    return fail(ErrorCode::kUnavailable, "the agent closed the connection before its answer ended");
  }
  return {};
}

std::string request_text(const std::string& method, const std::string& target,
                         const std::string& body) {
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n", method, target);
  if (!body.empty() || method != "GET") {
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  return text + "\r\n" + body;
}

// Hands every complete line to `take` and keeps the rest. False: `take` has had enough.
bool take_lines(std::string& text, const std::function<bool(const std::string&)>& take) {
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (!take(text.substr(begin, end - begin))) return false;
  }
  text.erase(0, begin);
  return true;
}

}  // namespace

Client::Client(std::string socket_path, int timeout_seconds)
    : path_(std::move(socket_path)), timeout_seconds_(timeout_seconds) {}

Result<ClientResponse> Client::call(const std::string& method, const std::string& target,
                                    const std::string& body) {
  Connection connection(path_, SteadyTime::clock::now() + std::chrono::seconds(timeout_seconds_));
  if (auto opened = connection.open(); !opened) return tl::unexpected(opened.error());
  if (auto sent = connection.send(request_text(method, target, body)); !sent) {
    return tl::unexpected(sent.error());
  }
  Answer answer(kBodyLimit);
  while (!answer.complete()) {
    const auto more = connection.receive(answer.input());
    if (!more) return tl::unexpected(more.error());
    if (!more->has_value()) continue;  // a signal is no reason to give up a request
    Status good = **more ? answer.parse() : answer.end_of_input();
    if (!good) return tl::unexpected(good.error());
  }
  return ClientResponse{answer.status(), std::move(answer.body())};
}

Status Client::follow(const std::string& target,
                      const std::function<bool(const std::string&)>& take) {
  Connection connection(path_, SteadyTime::clock::now() + std::chrono::seconds(timeout_seconds_));
  if (auto opened = connection.open(); !opened) return opened;
  if (auto sent = connection.send(request_text("GET", target, {})); !sent) return sent;
  Answer answer(boost::none);
  std::string text;
  while (!answer.complete()) {
    const auto more = connection.receive(answer.input());
    if (!more) return tl::unexpected(more.error());
    if (!more->has_value()) return {};
    Status good = **more ? answer.parse() : answer.end_of_input();
    if (answer.has_header()) {
      connection.set_deadline(std::nullopt);
      text += std::exchange(answer.body(), {});
      if (answer.status() < 400 && !take_lines(text, take)) return {};
    }
    if (!good) return good;
  }
  if (answer.status() >= 400) return tl::unexpected(error_of({answer.status(), text}));
  if (!text.empty()) take(text);  // a last line without its end
  return {};
}

}  // namespace weir
