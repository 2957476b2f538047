// SPDX-License-Identifier: BSD-2-Clause
// Error ↔ HTTP: both directions grow from one table.
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "api/client.h"

namespace weir {
namespace {

struct CodeName {
  ErrorCode code;
  std::string_view name;
  unsigned status;
};

// Of two codes with one status, the first stands for an answer without a readable body.
constexpr std::array<CodeName, 8> kCodes{{
    {ErrorCode::kInvalid, "invalid", 400},
    {ErrorCode::kPermission, "permission", 403},
    {ErrorCode::kRefused, "refused", 403},
    {ErrorCode::kNotFound, "notFound", 404},
    {ErrorCode::kConflict, "conflict", 409},
    {ErrorCode::kTooLarge, "tooLarge", 413},
    {ErrorCode::kSystem, "system", 500},
    {ErrorCode::kUnavailable, "unavailable", 503},
}};

const CodeName& entry_of(ErrorCode code) {
  for (const CodeName& entry : kCodes) {
    if (entry.code == code) return entry;
  }
  return kCodes[6];
}

ErrorCode code_of_status(unsigned status) {
  for (const CodeName& entry : kCodes) {
    if (entry.status == status) return entry.code;
  }
  return status < 500 ? ErrorCode::kInvalid : ErrorCode::kSystem;
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

unsigned status_of(ErrorCode code) { return entry_of(code).status; }

std::string error_body(const Error& error) {
  const nlohmann::ordered_json document{
      {"error",
       {{"code", entry_of(error.code).name}, {"message", error.message}, {"hint", error.hint}}}};
  // Messages may quote what a client sent; bytes that are not UTF-8 must not throw here.
  return document.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

Error error_of(const ClientResponse& response) {
  Error error{code_of_status(response.status), "", ""};
  const auto document = nlohmann::json::parse(response.body, nullptr, false);
  if (document.is_object()) {
    if (const auto found = document.find("error"); found != document.end() && found->is_object()) {
      const std::string name = text_at(*found, "code");
      for (const CodeName& entry : kCodes) {
        if (entry.name == name) error.code = entry.code;
      }
      error.message = text_at(*found, "message");
      error.hint = text_at(*found, "hint");
    }
  }
  if (error.message.empty()) {
    error.message = "the agent answered with HTTP status " + std::to_string(response.status);
  }
  return error;
}

}  // namespace weir
