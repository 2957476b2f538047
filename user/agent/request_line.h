// SPDX-License-Identifier: BSD-2-Clause
// What clients ask for, by the first bytes of their requests: hostile text, made harmless. Pure.
#pragma once

#include <string>
#include <string_view>

namespace weir {

struct RequestLine {
  std::string method;  // empty: it does not look like a request of HTTP/1
  // What follows the method, as it was sent but for what is not printable ASCII, which is '?'.
  std::string path;
  bool is_cut = false;  // the bytes end before the path does
};

// `with_query`: with what follows the path in its target, else up to '?' or '#'.
RequestLine request_line(std::string_view head, bool with_query = false);

}  // namespace weir
