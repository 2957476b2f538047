// SPDX-License-Identifier: BSD-2-Clause
// The names of the ways to attach.
#include <string_view>

#include "dataplane/dataplane.h"

namespace weir {

const char* attach_name(Attach attach) {
  switch (attach) {
    case Attach::kAuto:
      return "auto";
    case Attach::kNative:
      return "native";
    case Attach::kGeneric:
      return "generic";
    case Attach::kTc:
      return "tc";
  }
  return "?";
}

std::optional<Attach> attach_from_name(std::string_view name) {
  for (const Attach attach : {Attach::kAuto, Attach::kNative, Attach::kGeneric, Attach::kTc})
    if (name == attach_name(attach)) return attach;
  return std::nullopt;
}

}  // namespace weir
