// SPDX-License-Identifier: BSD-2-Clause
// The bodies of writing requests: what is read, and that every mistake is named.
#include "agent/request_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

template <typename T>
std::string mistake(const Result<T>& result) {
  if (result) return "no mistake";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  return result.error().message;
}

TEST(BanBody, HasAllFieldsOrTheirDefaults) {
  const auto whole = ban_request_of(
      R"({"address":"203.0.113.0/24","for":"90s","reason":"r","all":true,"force":true})");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->prefix.text(), "203.0.113.0/24");
  EXPECT_EQ(whole->duration, std::chrono::seconds(90));
  EXPECT_EQ(whole->reason, "r");
  EXPECT_TRUE(whole->all);
  EXPECT_TRUE(whole->force);
  const auto least = ban_request_of(R"({"address":"2001:db8::1"})");
  ASSERT_TRUE(least);
  EXPECT_EQ(least->prefix.text(), "2001:db8::1/128");
  EXPECT_FALSE(least->duration);
  EXPECT_EQ(least->reason, "");
  EXPECT_FALSE(least->all);
  EXPECT_FALSE(least->force);
}

struct Wrong {
  const char* body;
  const char* message;
};

TEST(BanBody, NamesEveryMistake) {
  const Wrong table[] = {
      {"", "not a JSON object"},
      {"address=203.0.113.7", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"null", "not a JSON object"},
      {R"("203.0.113.7")", "not a JSON object"},
      {R"({"address":"203.0.113.7")", "not a JSON object"},
      {R"({"address":"203.0.113.7"} x)", "not a JSON object"},
      {"{\"address\":\"203.0.113.7\",\"reason\":\"\xff\"}", "not a JSON object"},
      {"{}", "address is missing"},
      {R"({"address":""})", "address is missing"},
      {R"({"address":7})", "address must be a text"},
      {R"({"address":null})", "address must be a text"},
      {R"({"address":"203.0.113"})", "\"203.0.113\" is not an"},
      {R"({"address":"203.0.113.7/24"})", "host bits"},
      {R"({"address":"203.0.113.7","for":3600})", "for must be a text"},
      {R"({"address":"203.0.113.7","for":""})", "duration \"\""},
      {R"({"address":"203.0.113.7","for":"1"})", "has no unit"},
      {R"({"address":"203.0.113.7","reason":["x"]})", "reason must be a text"},
      {R"({"address":"203.0.113.7","all":"yes"})", "all must be true or false"},
      {R"({"address":"203.0.113.7","force":1})", "force must be true or false"},
      {R"({"address":"203.0.113.7","until":"1h"})", "no field \"until\""},
      {R"({"address":{"a":{"b":{"c":{"d":{"e":1}}}}}})", "nests too deep"},
  };
  for (const auto& row : table)
    EXPECT_THAT(mistake(ban_request_of(row.body)), HasSubstr(row.message)) << row.body;
}

TEST(BanBody, BoundsTheReason) {
  const auto body = [](std::size_t length) {
    return R"({"address":"203.0.113.7","reason":")" + std::string(length, 'x') + "\"}";
  };
  EXPECT_TRUE(ban_request_of(body(256)));
  EXPECT_THAT(mistake(ban_request_of(body(257))), HasSubstr("longer than 256"));
}

TEST(Body, NestingIsBoundedWhereverItIsAndHoweverItEnds) {
  const std::string open(100'000, '[');
  for (const std::string& body : {open, open + std::string(100'000, ']'), R"({"address":)" + open,
                                  R"({"mode":)" + open + "1" + std::string(100'000, ']') + "}"}) {
    EXPECT_THAT(mistake(mode_request_of(body)), HasSubstr("too deep"));
    EXPECT_THAT(mistake(limit_request_of(body)), HasSubstr("too deep"));
  }
}

TEST(AllowBody, HasAnAddressAndAReason) {
  const auto allow = allow_request_of(R"({"address":"::1","reason":"self"})");
  ASSERT_TRUE(allow);
  EXPECT_EQ(allow->prefix.text(), "::1/128");
  EXPECT_EQ(allow->reason, "self");
  EXPECT_THAT(mistake(allow_request_of(R"({"reason":"x"})")), HasSubstr("address is missing"));
  EXPECT_THAT(mistake(allow_request_of(R"({"address":"::1","for":"1h"})")), HasSubstr("no field"));
}

TEST(AttachBody, HasANameAndAWay) {
  const auto plain = attach_request_of(R"({"name":"eth0"})");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name, "eth0");
  EXPECT_EQ(plain->how, Attach::kAuto);
  EXPECT_EQ(attach_request_of(R"({"name":"eth0","attach":"tc"})")->how, Attach::kTc);
  EXPECT_THAT(mistake(attach_request_of("{}")), HasSubstr("name is missing"));
  EXPECT_THAT(mistake(attach_request_of(R"({"name":1})")), HasSubstr("name must be a text"));
  EXPECT_THAT(mistake(attach_request_of(R"({"name":"eth0","attach":"glue"})")),
              HasSubstr("attach cannot be \"glue\""));
}

TEST(ModeBody, IsOneOfTheModes) {
  EXPECT_EQ(mode_request_of(R"({"mode":"enforce"})")->mode, WEIR_MODE_ENFORCE);
  EXPECT_EQ(mode_request_of(R"({"mode":"observe"})")->mode, WEIR_MODE_OBSERVE);
  EXPECT_THAT(mistake(mode_request_of(R"({"mode":"Enforce"})")),
              HasSubstr("mode cannot be \"Enforce\""));
  EXPECT_THAT(mistake(mode_request_of("{}")), HasSubstr("mode cannot be"));
}

TEST(LimitBody, HasTheValuesAsTextUnderTheirOneName) {
  EXPECT_THAT(limit_request_of(R"({"startThrottle":5,"tooMuch":"9","timeoutMs":1500,"delayMs":20,
                           "window":"burst","action":"drop"})")
                  ->values,
              UnorderedElementsAre(Pair("startThrottle", "5"), Pair("toMuch", "9"),
                                   Pair("timeout", "1500ms"), Pair("delay", "20ms"),
                                   Pair("window", "burst"), Pair("action", "drop")));
  EXPECT_THAT(limit_request_of(R"({"timeout":"2s"})")->values,
              UnorderedElementsAre(Pair("timeout", "2s")));
}

TEST(LimitBody, NamesEveryMistake) {
  const Wrong table[] = {
      {"{}", "no value is given"},
      {R"({"toMuch":1.5})", "toMuch must be"},
      {R"({"toMuch":true})", "toMuch must be"},
      {R"({"toMuch":null})", "toMuch must be"},
      {R"({"window":{}})", "window must be"},
      {R"({"timeoutMs":"1500"})", "timeoutMs must be"},
      {R"({"colour":"red"})", "no field \"colour\""},
  };
  for (const auto& row : table)
    EXPECT_THAT(mistake(limit_request_of(row.body)), HasSubstr(row.message)) << row.body;
}

}  // namespace
}  // namespace weir
