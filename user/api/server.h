// SPDX-License-Identifier: BSD-2-Clause
// HTTP/1.1 over a Unix socket (and, read-only, over TCP): sessions, bounds and time limits.
// Knows nothing of Weir's routes; hands each request to one handler on the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

struct Peer {
  bool local = false;  // came over the Unix socket: uid, gid and pid are the kernel's word
  unsigned uid = 0, gid = 0;
  int pid = 0;
};

struct ApiRequest {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without query
  std::string query;   // as sent
  std::string body;
  std::string host;  // the Host field, as sent
  Peer peer;
};

struct ApiResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  // A body that is made page by page, each when the one before it has been sent: appends the next
  // and says whether there are more. Empty: `body` is all.
  std::function<bool(std::string& page)> more{};
  bool stream = false;  // after the body, keep open and send every publish()ed line
  std::function<bool(const std::string& line)> wanted{};  // stream: which lines; empty: all
  // When there is one, this is no answer yet: it is called with what takes the answer, at any time
  // and once, on the loop's thread. Not a stream.
  std::function<void(std::function<void(ApiResponse)>)> later{};
};

struct ServerLimits {
  std::size_t header_bytes = std::size_t{16} * 1024;
  std::size_t body_bytes = std::size_t{256} * 1024;
  // The one path whose bodies may be larger, one at a time; the text outlives the server.
  std::string_view bulk_path;
  std::size_t bulk_bytes = std::size_t{128} * 1024 * 1024;
  std::size_t clients = 256;
  int idle_seconds = 30;  // a request must be complete in this time
  std::size_t stream_backlog_bytes = std::size_t{1024} * 1024;  // a slower reader is cut off
};

class Server {
 public:
  using Handler = std::function<ApiResponse(const ApiRequest&)>;

  // Listens at a Unix socket path, mode 0660, group `weir` where that group exists. A socket
  // file nobody answers at is replaced; one that is answered is kConflict with its pid.
  static Result<std::unique_ptr<Server>> listen_unix(boost::asio::io_context& loop,
                                                     const std::string& path, Handler handler,
                                                     ServerLimits limits = {});
  // Listens at "192.0.2.1:8080", "[::1]:8080" or, on the loopback, "8080"; port 0 takes a free one.
  // Peers are not local.
  static Result<std::unique_ptr<Server>> listen_tcp(boost::asio::io_context& loop,
                                                    const std::string& address, Handler handler,
                                                    ServerLimits limits = {});
  virtual ~Server() = default;
  // Where it listens: the path, or the address with the port it has got.
  [[nodiscard]] virtual std::string address() const = 0;
  // Sends one line (without its end) to every streaming client.
  virtual void publish(const std::string& line) = 0;
  // Stops listening, closes every session, removes the socket file.
  virtual void close() = 0;
};

}  // namespace weir
