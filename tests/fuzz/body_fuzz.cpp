// SPDX-License-Identifier: BSD-2-Clause
// What strangers send to the agent: bodies of requests, and the first bytes of HTTP requests in
// notices. Nothing throws; what is accepted is within its bounds.
#include "agent/request_body.h"
#include "agent/request_line.h"
#include "agent/run.h"
#include "fuzz.h"

using namespace weir;

namespace {

template <typename T>
void check_mistake(const Result<T>& result) {
  if (result) return;
  WEIR_CHECK(result.error().code == ErrorCode::kInvalid);
  WEIR_CHECK(!result.error().message.empty());
  WEIR_CHECK(is_one_line(result.error().message));
}

void check_prefix(const Prefix& prefix) { WEIR_CHECK(Prefix::parse(prefix.text()) == prefix); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(text_of(data, size));
  const auto ban = ban_request_of(body);
  check_mistake(ban);
  if (ban) {
    check_prefix(ban->prefix);
    WEIR_CHECK(ban->reason.size() <= 256);
    WEIR_CHECK(!ban->duration || (ban->duration->count() > 0 && *ban->duration <= kDurationMax));
  }
  const auto allow = allow_request_of(body);
  check_mistake(allow);
  if (allow) check_prefix(allow->prefix);
  const auto attach = attach_request_of(body);
  check_mistake(attach);
  WEIR_CHECK(!attach || !attach->name.empty());
  const auto mode = mode_request_of(body);
  check_mistake(mode);
  WEIR_CHECK(!mode || mode->mode < WEIR_MODE_COUNT);
  const auto limit = limit_request_of(body);
  check_mistake(limit);
  WEIR_CHECK(!limit || !limit->values.empty());
  if (limit && limit->confirm)
    WEIR_CHECK(*limit->confirm >= kConfirmMin && *limit->confirm <= kConfirmMax);
  check_mistake(undo_of(body));

  for (const bool with_query : {false, true}) {
    const RequestLine line = request_line(body, with_query);
    WEIR_CHECK(line.method.size() + line.path.size() <= body.size());
    for (const char c : line.method + line.path) WEIR_CHECK(c > ' ' && c < 0x7f);
    WEIR_CHECK(with_query || line.path.find('#') == std::string::npos);
  }
  return 0;
}
