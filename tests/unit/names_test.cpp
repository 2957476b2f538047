// SPDX-License-Identifier: BSD-2-Clause
// The names of weir/verdict.h and back, and guesses at mistyped ones.
#include "config/names.h"

#include <gtest/gtest.h>

#include <set>

#include "config/suggest.h"

namespace weir {
namespace {

template <typename Enum>
void expect_round_trip(int count) {
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    EXPECT_EQ(from_name<Enum>(name_of(value)), value) << name_of(value);
  }
}

TEST(Names, OfEveryChoiceAreReadBack) {
  expect_round_trip<weir_event>(WEIR_EVENT_COUNT);
  expect_round_trip<weir_window>(WEIR_WINDOW_COUNT);
  expect_round_trip<weir_mode>(WEIR_MODE_COUNT);
  expect_round_trip<weir_protocol>(WEIR_PROTOCOL_COUNT);
  expect_round_trip<weir_action>(WEIR_ACTION_DEFERRED);
}

TEST(Names, AreThoseThatUsersWrite) {
  EXPECT_EQ(name_of(WEIR_EVENT_REQUEST), "request");
  EXPECT_EQ(name_of(WEIR_ACTION_CHALLENGE), "challenge");
  EXPECT_EQ(name_of(WEIR_WINDOW_SLIDING), "sliding");
  EXPECT_EQ(name_of(WEIR_MODE_OBSERVE), "observe");
  EXPECT_EQ(name_of(WEIR_PROTOCOL_TLS), "tls");
  EXPECT_EQ(name_of(WEIR_VERDICT_MALFORMED), "malformed");
  EXPECT_EQ(name_of(WEIR_REASON_OVER_LIMIT), "overLimit");
  EXPECT_EQ(help_of(WEIR_REASON_OVER_LIMIT), "over toMuch");
}

TEST(Names, OfReasonsAreAllDifferent) {
  std::set<std::string_view> names;
  for (int i = 0; i < WEIR_REASON_COUNT; ++i) {
    EXPECT_TRUE(names.insert(name_of(static_cast<weir_reason>(i))).second) << i;
  }
}

TEST(Names, OutOfRangeAreUnknownAndNotACrash) {
  EXPECT_EQ(name_of(WEIR_REASON_COUNT), "unknown");
  EXPECT_EQ(help_of(WEIR_REASON_COUNT), "unknown");
  EXPECT_EQ(name_of(WEIR_EVENT_COUNT), "unknown");
}

TEST(Names, ThatNobodyHasAreNotFound) {
  EXPECT_FALSE(from_name<weir_mode>(""));
  EXPECT_FALSE(from_name<weir_mode>("Observe"));
  EXPECT_FALSE(from_name<weir_mode>("observe "));
  EXPECT_FALSE(from_name<weir_event>("handshake"));
}

TEST(Names, AnOperatorCannotAskForDeferred) {
  EXPECT_EQ(name_of(WEIR_ACTION_DEFERRED), "deferred");
  EXPECT_FALSE(from_name<weir_action>("deferred"));
}

TEST(Names, ChoicesReadAsASentence) {
  EXPECT_EQ(choices<weir_action>(), "drop, reset, reply or challenge");
  EXPECT_EQ(choices<weir_window>(), "burst or sliding");
  EXPECT_EQ(choices<weir_mode>(), "observe or enforce");
  EXPECT_EQ(choices<weir_event>(), "syn, request or media");
  EXPECT_EQ(choices<weir_protocol>(), "tcp, http or tls");
}

struct GuessCase {
  const char* typed;
  const char* guess;
};

TEST(NearestName, IsAtMostTwoSlipsAndHalfTheNameAway) {
  const std::vector<std::string_view> names{"startThrottle", "toMuch", "tooMuch", "timeout",
                                            "mode",          "max",    "syn"};
  constexpr GuessCase kCases[] = {
      {"start_throttle", "startThrottle"},
      {"startTrottle", "startThrottle"},
      {"tomuch", "toMuch"},
      {"TOMUCH", "toMuch"},
      {"too_much", "tooMuch"},
      {"timout", "timeout"},
      {"tiemout", "timeout"},
      {"mdoe", "mode"},
      {"modes", "mode"},
      {"sny", "syn"},
      {"mix", "max"},
      {"x", ""},
      {"mi", ""},
      {"", ""},
      {"throttle", ""},
      {"completely", ""},
  };
  for (const auto& [typed, guess] : kCases) EXPECT_EQ(nearest_name(typed, names), guess) << typed;
  EXPECT_EQ(nearest_name(std::string(100'000, 'm'), names), "");
}

}  // namespace
}  // namespace weir
