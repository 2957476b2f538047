// SPDX-License-Identifier: BSD-2-Clause
// What is read of HTTP requests in the kernel (bpf/lib/request.h), from any bytes, in any pieces.
#include <cstring>

#include "fuzz.h"

extern "C" {
#include "lib/request.h"
}

namespace {

void check(const weir_reader& reader) {
  WEIR_CHECK(reader.phase <= WEIR_READING_BODY);
  WEIR_CHECK(reader.length <= WEIR_PATH_MAX);
  WEIR_CHECK(reader.suffix_length <= WEIR_SUFFIX_MAX);
  WEIR_CHECK(reader.is_part <= 1);
  if (reader.length == 0) return;
  // A path as servers see it: from the root, without empty or dotted segments.
  const std::string_view path(reader.path.text, reader.length);
  WEIR_CHECK(path.front() == '/');
  const bool has_ended = reader.phase == WEIR_READING_SKIP || reader.phase == WEIR_READING_NAME ||
                         reader.phase == WEIR_READING_VALUE;
  if (has_ended && reader.requests == 1 && path.size() < WEIR_PATH_MAX) {
    WEIR_CHECK(path.find("//") == std::string_view::npos);
    WEIR_CHECK(path.find("/./") == std::string_view::npos);
    WEIR_CHECK(path.find("/../") == std::string_view::npos);
    WEIR_CHECK(!path.ends_with("/.") && !path.ends_with("/.."));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir_reader reader{};
  std::uint32_t requests = 0;
  for (std::size_t i = 0; i < size; i++) {
    weir_read_byte(&reader, data[i]);
    WEIR_CHECK(reader.requests >= requests && reader.requests <= requests + 1);
    requests = reader.requests;
    check(reader);
  }
  return 0;
}
