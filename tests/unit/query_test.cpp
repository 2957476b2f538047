// SPDX-License-Identifier: BSD-2-Clause
#include "api/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;

TEST(Query, HasWhatIsGivenUnescaped) {
  const auto query = Query::parse("period=minutes&name=a%20b%26c&bare", {"period", "name", "bare"});
  ASSERT_TRUE(query);
  EXPECT_EQ(query->value("period"), "minutes");
  EXPECT_EQ(query->value("name"), "a b&c");
  EXPECT_EQ(query->value("bare"), "");
  EXPECT_FALSE(query->value("other"));
  EXPECT_TRUE(Query::parse("", {}));
}

TEST(Query, RefusesWhatIsUnknownTwiceOrMalformed) {
  for (const char* wrong : {"x=1", "a=1&a=2", "a=%2", "a=%zz", "a=%0a", "a=\x1b[2J", "%61%00=1"}) {
    const auto query = Query::parse(wrong, {"a", "b"});
    ASSERT_FALSE(query) << wrong;
    EXPECT_EQ(query.error().code, ErrorCode::kInvalid) << wrong;
    EXPECT_EQ(query.error().message.find('\x1b'), std::string::npos);
  }
  EXPECT_THAT(Query::parse("x=1", {"a", "b"}).error().hint, HasSubstr("a, b"));
}

TEST(Query, NumbersAreBounded) {
  const auto number = [](const char* text) {
    return Query::parse(text, {"n"}).value().number("n", 7, 100);
  };
  EXPECT_EQ(number("").value(), 7u);
  EXPECT_EQ(number("n=100").value(), 100u);
  for (const char* wrong :
       {"n=0", "n=101", "n=-1", "n=1.5", "n=", "n=1x", "n=18446744073709551616"})
    EXPECT_FALSE(number(wrong)) << wrong;
}

TEST(Query, FlagsAreOneOrZero) {
  const auto flag = [](const char* text) { return Query::parse(text, {"f"}).value().flag("f"); };
  EXPECT_FALSE(flag("").value());
  EXPECT_TRUE(flag("f").value());
  EXPECT_TRUE(flag("f=1").value());
  EXPECT_FALSE(flag("f=0").value());
  EXPECT_FALSE(flag("f=yes"));
}

}  // namespace
}  // namespace weir
