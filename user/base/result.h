// SPDX-License-Identifier: BSD-2-Clause
// Errors as values: what was being done, to what, why; and what to do about it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace weir {

enum class ErrorCode {
  kInvalid,      // the request itself is wrong (HTTP 400)
  kNotFound,     // names something that is not there (404)
  kConflict,     // taken, or already there (409)
  kRefused,      // refused for safety; --force overrides (403)
  kPermission,   // the caller, or this process, lacks the right (403)
  kUnavailable,  // nobody answers (503)
  kTooLarge,     // over a stated bound (413)
  kSystem,       // the kernel, a file or a library said no (500)
};

struct Error {
  ErrorCode code = ErrorCode::kSystem;
  std::string message;  // one line: what, to what, why
  std::string hint{};   // one line: the remedy; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

// "opening /x: permission denied": adds what was being done, on the way up.
inline tl::unexpected<Error> fail(std::string context, Error error) {
  error.message = std::move(context) + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace weir
