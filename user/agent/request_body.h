// SPDX-License-Identifier: BSD-2-Clause
// The JSON bodies of writing requests → plain structs. Every mistake is kInvalid and names the
// field; nesting, size and unknown fields are bounded here, not left to chance.
#pragma once

#include <string>

#include "agent/agent.h"

namespace weir {

struct AllowRequest {
  Prefix prefix;
  std::string reason;
};

struct AttachRequest {
  std::string name;
  Attach how = Attach::kAuto;
};

Result<BanRequest> ban_request_of(const std::string& body);
Result<AllowRequest> allow_request_of(const std::string& body);
Result<AttachRequest> attach_request_of(const std::string& body);
struct ModeRequest {
  Mode mode = WEIR_MODE_OBSERVE;
  Agent::Confirm confirm;
};

struct LimitRequest {
  Changes values;  // as text, by their names: what Agent::set_limit() takes
  Agent::Confirm confirm;
};

Result<ModeRequest> mode_request_of(const std::string& body);
Result<LimitRequest> limit_request_of(const std::string& body);
// Whether a body of POST /v1/confirm asks for the change to be undone.
Result<bool> undo_of(const std::string& body);

}  // namespace weir
