// SPDX-License-Identifier: BSD-2-Clause
// One request to the agent over its Unix socket, for the CLI. Blocking, with a time limit.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace weir {

struct ClientResponse {
  unsigned status = 0;
  std::string body;
};

class Client {
 public:
  explicit Client(std::string socket_path, int timeout_seconds = 10);

  // kUnavailable when nobody answers at the socket, kPermission when it may not be opened.
  // An HTTP error status is an answer, not an Error; see error_of().
  Result<ClientResponse> call(const std::string& method, const std::string& target,
                              const std::string& body = {});
  // Reads a stream of lines until it ends, `take` returns false, or a signal's handler returns.
  // No time limit once the answer has begun. An HTTP error status is the Error it carries;
  // kUnavailable when the agent cuts the stream off.
  Status follow(const std::string& target, const std::function<bool(const std::string&)>& take);

 private:
  std::string path_;
  int timeout_seconds_;
};

// The Error in an answer with a 4xx or 5xx status: {"error":{"code","message","hint"}}.
Error error_of(const ClientResponse& response);
// The other direction, for the server's side.
std::string error_body(const Error& error);
unsigned status_of(ErrorCode code);

}  // namespace weir
