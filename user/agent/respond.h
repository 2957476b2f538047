// SPDX-License-Identifier: BSD-2-Clause
// Documents and Errors as answers of the API. Private to agent/.
#pragma once

#include <nlohmann/json.hpp>

#include "agent/agent.h"
#include "api/client.h"
#include "api/server.h"
#include "output/json.h"

namespace weir {

inline constexpr int kIndented = 2;  // for people with curl
inline constexpr int kCompact = -1;

inline ApiResponse respond(const nlohmann::ordered_json& document, int indent = kIndented) {
  ApiResponse response;
  response.body = dump(document, indent) + "\n";
  return response;
}

inline ApiResponse respond(const Error& error) {
  ApiResponse response;
  response.status = status_of(error.code);
  response.body = error_body(error);
  return response;
}

inline ApiResponse respond(const Result<Done>& done) {
  if (!done) return respond(done.error());
  return respond(nlohmann::ordered_json{
      {"schema", 1}, {"message", done->message}, {"notices", done->notices}});
}

}  // namespace weir
