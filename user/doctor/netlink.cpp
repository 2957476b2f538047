// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/netlink.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace weir::doctor {

Attributes attributes_in(const void* start, std::size_t length) {
  Attributes found;
  const auto* attribute = static_cast<const rtattr*>(start);
  for (auto left = static_cast<unsigned>(length); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left))
    found[attribute->rta_type & NLA_TYPE_MASK] = attribute;
  return found;
}

Attributes nested(const Attributes& in, unsigned type) {
  const auto found = in.find(type);
  if (found == in.end()) return {};
  return attributes_in(RTA_DATA(found->second), RTA_PAYLOAD(found->second));
}

std::string text_of(const Attributes& in, unsigned type) {
  const auto found = in.find(type);
  if (found == in.end()) return {};
  const auto* text = static_cast<const char*>(RTA_DATA(found->second));
  return {text, strnlen(text, RTA_PAYLOAD(found->second))};
}

unsigned number_of(const Attributes& in, unsigned type) {
  const auto found = in.find(type);
  if (found == in.end()) return 0;
  std::uint32_t number = 0;
  std::memcpy(&number, RTA_DATA(found->second),
              std::min<std::size_t>(sizeof number, RTA_PAYLOAD(found->second)));
  return number;
}

}  // namespace weir::doctor
