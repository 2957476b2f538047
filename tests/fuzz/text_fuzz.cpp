// SPDX-License-Identifier: BSD-2-Clause
// Addresses, networks and durations: what is read is written so that it is read again as the
// same; and text for a terminal, which nothing may break out of.
#include "base/address.h"
#include "base/quote.h"
#include "base/time.h"
#include "fuzz.h"
#include "output/layout.h"

using namespace weir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  const auto address = Address::parse(text);
  if (address) {
    WEIR_CHECK(Address::parse(address->text()) == *address);
    WEIR_CHECK(address->is_v4() == (address->text().find(':') == std::string::npos));
    WEIR_CHECK(Prefix::parse(text).value().is_single());
  } else {
    WEIR_CHECK(is_one_line(address.error().message));
  }

  if (const auto prefix = Prefix::parse(text)) {
    WEIR_CHECK(Prefix::parse(prefix->text()) == *prefix);
    WEIR_CHECK(prefix->contains(prefix->address()));
    WEIR_CHECK(prefix->length() >= 0 && prefix->length() <= (prefix->is_v4() ? 32 : 128));
    WEIR_CHECK(Prefix::around(prefix->address(), prefix->length()) == *prefix);
  } else {
    WEIR_CHECK(is_one_line(prefix.error().message) && is_one_line(prefix.error().hint));
  }

  if (const auto duration = parse_duration(text)) {
    WEIR_CHECK(duration->count() > 0 && *duration <= kDurationMax);
    WEIR_CHECK(parse_duration(format_duration(*duration)) == *duration);
    WEIR_CHECK(!describe_duration(*duration).empty());
  } else {
    WEIR_CHECK(is_one_line(duration.error().message));
  }

  WEIR_CHECK(is_one_line(quoted(text)));
  WEIR_CHECK(is_one_line(one_line(text)));
  const std::string printable = layout::printable(text);
  WEIR_CHECK(is_one_line(printable));
  WEIR_CHECK(layout::printable(printable) == printable);
  for (const std::size_t columns : {3u, 10u, 100u})
    WEIR_CHECK(layout::width(layout::shortened(printable, columns)) <= columns);
  return 0;
}
