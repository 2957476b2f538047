// SPDX-License-Identifier: BSD-2-Clause
// What is configured about requests: parts of a page, the kick-out page, repeats, path rules and
// bans; what the file may say, and what of it reaches the kernel.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "config/encode.h"
#include "config/kick_reply.h"
#include "config/path_prefix.h"
#include "config_file.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kHttpService = "[services.web]\nports = [80]\nprotocol = \"http\"\n";
constexpr const char* kRequestLimit =
    "[services.web.request]\nstartThrottle = 10\ntoMuch = 20\naction = \"reply\"\n";

std::string refusal(const std::string& text) {
  const auto loaded = parse_settings(text, "weir.toml");
  return loaded ? std::string("accepted") : loaded.error().message;
}

weir_settings encoded_file(const std::string& text) {
  return encode_settings(parsed(text).settings);
}

std::string rule_text(const std::string& prefix, const std::string& more = {}) {
  return fmt::format(
      "[[services.web.paths]]\nprefix = \"{}\"\nstartThrottle = 5\ntoMuch = 10\ntimeout = \"1m\"\n"
      "{}\n",
      prefix, more);
}

// ---- media --------------------------------------------------------------------------------------

TEST(MediaLimit, IsThereWhereverRequestsAreMetered) {
  const auto loaded = parsed(std::string(kHttpService) + kRequestLimit);
  EXPECT_EQ(loaded.settings.services[0].limits[WEIR_EVENT_MEDIA],
            (Limit{.start_throttle = 600,
                   .to_much = 1200,
                   .timeout = 2s,
                   .window = WEIR_WINDOW_BURST,
                   .action = WEIR_ACTION_REPLY}))
      << "and its action is the requests'";
  EXPECT_EQ(loaded.origins.at("services.web.media.toMuch"), Origin::kDefault);
  EXPECT_FALSE(parsed(kHttpService).settings.services[0].limits[WEIR_EVENT_MEDIA]);
  const auto defaults = default_settings().settings;
  EXPECT_TRUE(defaults.services[0].limits[WEIR_EVENT_MEDIA]);
  EXPECT_FALSE(defaults.services[1].limits[WEIR_EVENT_MEDIA]);
}

TEST(MediaLimit, IsWhatTheFileSays) {
  const auto loaded = parsed(std::string(kHttpService) + kRequestLimit +
                             "[services.web.media]\nstartThrottle = 100\ntoMuch = 200\n"
                             "action = \"drop\"\n");
  EXPECT_EQ(loaded.settings.services[0].limits[WEIR_EVENT_MEDIA],
            (Limit{.start_throttle = 100, .to_much = 200, .timeout = 2s}));
  EXPECT_EQ(loaded.origins.at("services.web.media.toMuch"), Origin::kFile);
  EXPECT_EQ(
      refusal("[services.s]\nports = [22]\n[services.s.media]\nstartThrottle = 1\ntoMuch = 2\n"),
      "weir.toml:3:13: service s: requests cannot be seen in protocol tcp");
}

TEST(MediaLimit, ReachesTheKernel) {
  const weir_limit& limit =
      encoded_file(std::string(kHttpService) + kRequestLimit).services[0].limits[WEIR_EVENT_MEDIA];
  EXPECT_EQ(limit.enabled, 1U);
  EXPECT_EQ(limit.to_much, 1200U);
  EXPECT_EQ(limit.action, static_cast<__u32>(WEIR_ACTION_REPLY));
}

TEST(MediaSuffixes, AreTheOriginalsOnesByDefault) {
  const auto suffixes = parsed("").settings.media_suffixes;
  for (const char* each : {"gif", "png", "jpg", "ico", "css", "js", "woff2", "mp4"})
    EXPECT_THAT(suffixes, testing::Contains(each));
  const auto block = encoded_file("");
  EXPECT_STREQ(block.suffixes[0], suffixes[0].c_str());
  EXPECT_STREQ(block.suffixes[suffixes.size() - 1], suffixes.back().c_str());
  EXPECT_STREQ(block.suffixes[suffixes.size()], "");
}

TEST(MediaSuffixes, AreInLowerCaseAndWithoutTheirDot) {
  const auto settings = parsed("mediaSuffixes = [\".JPG\", \"Mp3\"]\n").settings;
  EXPECT_THAT(settings.media_suffixes, ElementsAre("jpg", "mp3"));
  EXPECT_THAT(parsed("mediaSuffixes = []\n").settings.media_suffixes, IsEmpty());
  EXPECT_STREQ(encoded_file("mediaSuffixes = []\n").suffixes[0], "");
}

TEST(MediaSuffixes, ThatAreNoneAreRefusedByName) {
  for (const char* text : {"", ".", "..jpg", "a b", "ä", "tar.gz", "abcdefghijklmno"})
    EXPECT_THAT(refusal(fmt::format("mediaSuffixes = [\"png\", \"{}\"]\n", text)),
                StartsWith("weir.toml:1:25: mediaSuffixes: "))
        << text;
  parsed("mediaSuffixes = [\"abcdefghijklmn\"]\n");
  EXPECT_EQ(refusal("mediaSuffixes = [1]\n"),
            "weir.toml:1:18: mediaSuffixes.0 must be a string, not a whole number");
}

TEST(MediaSuffixes, FillTheirTableAndNoMore) {
  std::string list;
  for (int i = 1; i < WEIR_SUFFIX_COUNT; ++i) list += fmt::format("\"s{}\",", i);
  const auto block = encoded_file("mediaSuffixes = [" + list + "]\n");
  EXPECT_STREQ(block.suffixes[WEIR_SUFFIX_COUNT - 2], "s63");
  EXPECT_STREQ(block.suffixes[WEIR_SUFFIX_COUNT - 1], "");
  EXPECT_THAT(refusal("mediaSuffixes = [" + list + "\"s64\"]\n"),
              HasSubstr("mediaSuffixes: more than 63 suffixes"));
}

// ---- the kick-out page --------------------------------------------------------------------------

TEST(KickReply, IsAWholeAnswerThatBringsTheBrowserBack) {
  const auto block = encoded_file("replyText = \"<p>slow down\"\n");
  EXPECT_EQ(std::string(block.reply.text, block.reply.length),
            "HTTP/1.1 429 Too Many Requests\r\n"
            "Retry-After: 3\r\n"
            "Refresh: 3\r\n"
            "Connection: close\r\n"
            "Content-Type: text/html\r\n"
            "Content-Length: 12\r\n"
            "\r\n"
            "<p>slow down");
}

TEST(KickReply, NamesTheCharactersOfAPageThatHasOthersThanAscii) {
  EXPECT_THAT(kick_reply("<p>langsam, €"), HasSubstr("text/html; charset=utf-8\r\n"));
}

TEST(KickReply, OfTheDefaultPageFitsAFrameThatDriversCanGrow) {
  EXPECT_LE(kick_reply(kDefaultReplyText).size(), 330U);
  EXPECT_THAT(std::string(kDefaultReplyText), HasSubstr("3 seconds"));
  EXPECT_TRUE(check_reply_text(kDefaultReplyText));
}

// RFC 1071, 1 by its letter: pairs of bytes, the odd one with a zero, the carries added.
std::uint32_t sum_of(const std::string& text) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const char pair[2] = {text[i], i + 1 < text.size() ? text[i + 1] : '\0'};
    std::uint16_t word = 0;
    std::memcpy(&word, pair, sizeof word);
    sum += word;
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

TEST(KickReply, HasItsSumWithIt) {
  for (const char* page : {"a", "ab", "abc", "abcd", "abcde"}) {
    const auto block = encoded_file(fmt::format("replyText = \"{}\"\n", page));
    EXPECT_EQ(block.reply.sum, sum_of(kick_reply(page))) << page;
  }
}

TEST(KickReply, ThatCannotBeSentIsRefusedByName) {
  EXPECT_THAT(refusal("replyText = \"\"\n"), HasSubstr("1:13: replyText is empty"));
  EXPECT_THAT(refusal("replyText = \"a\\u0000b\"\n"),
              HasSubstr("replyText has a control character (number 0)"));
  EXPECT_THAT(refusal("replyText = \"a\\r\\nb\"\n"), HasSubstr("(number 13)"));
  EXPECT_THAT(refusal("replyText = 3\n"), HasSubstr("replyText must be a string"));
  parsed("replyText = \"\"\"<h1>Langsam!</h1>\n\t<p>ä, €\"\"\"\n");
  EXPECT_FALSE(check_reply_text("\xff\xfe"));
  EXPECT_FALSE(check_reply_text("cut \xe2\x82"));

  const std::size_t around = kick_reply(std::string(500, 'x')).size() - 500;
  const std::string longest(WEIR_REPLY_MAX - around, 'x');
  EXPECT_EQ(encoded_file("replyText = \"" + longest + "\"\n").reply.length, WEIR_REPLY_MAX);
  EXPECT_THAT(refusal("replyText = \"" + longest + "x\"\n"),
              HasSubstr(fmt::format("replyText is too long: {} bytes, and the page may have {}",
                                    longest.size() + 1, longest.size())));
}

// ---- repeats ------------------------------------------------------------------------------------

TEST(Repeats, AreRefusedByHttpServicesThatDoNotSayOtherwise) {
  const auto repeats = [](const std::string& text) {
    return encoded_file(text).services[0].repeats;
  };
  EXPECT_EQ(repeats(kHttpService), 1U);
  EXPECT_EQ(repeats(std::string(kHttpService) + "repeats = false\n"), 0U);
  EXPECT_EQ(repeats(std::string(kHttpService) + "repeats = true\n"), 1U);
  EXPECT_EQ(repeats("[services.s]\nports = [22]\n"), 0U);
  EXPECT_EQ(repeats("[services.s]\nports = [22]\nrepeats = false\n"), 0U);
  EXPECT_EQ(refusal("[services.s]\nports = [22]\nrepeats = true\n"),
            "weir.toml:3:11: service s: repeats cannot be seen in protocol tcp");
  EXPECT_EQ(refusal("[services.s]\nports = [22]\nrepeats = 1\n"),
            "weir.toml:3:11: services.s.repeats must be true or false, not a whole number");
}

// ---- path rules ---------------------------------------------------------------------------------

TEST(NormalPrefix, IsReadAsRequestsAre) {
  const std::vector<std::array<const char*, 2>> cases{
      {"/", "/"},
      {"/register/", "/register/"},
      {"/%72egister", "/register"},
      {"/a%20b", "/a b"},
      {"/\xc3\xa4", "/\xc3\xa4"},
      {"/%C3%a4", "/\xc3\xa4"},
      {"//a///b//", "/a/b/"},
      {"/././a/./b/.", "/a/b/."},  // may be the start of /a/b/.git
      {"/a/..", "/a/.."},
      {"/a.b./c", "/a.b./c"},
      {"/%2e/a", "/a"},
  };
  for (const auto& [written, read] : cases) EXPECT_EQ(normal_prefix(written), read) << written;
}

TEST(NormalPrefix, ThatNoRequestCanMatchIsRefused) {
  for (const char* text :
       {"", "register", "http://x/", "/a?b", "/a#b", "/a\nb", "/a\x7f", "/%", "/%4", "/%4g", "/%00",
        "/%2f", "/%3F", "/%23", "/%25", "/a/../b", "/%2e%2e/b"})
    EXPECT_FALSE(normal_prefix(text)) << text;
}

TEST(PathRules, ReachTheKernelWithWhatTheRequestsHave) {
  const auto block = encoded_file("[services.s]\nports = [22]\n" + std::string(kHttpService) +
                                  kRequestLimit + "delay = \"250ms\"\n" +
                                  rule_text("/register/", "ban = \"1h\"") + rule_text("/%73earch"));
  const weir_path_rule& rule = block.rules[0];
  EXPECT_EQ(std::string(rule.prefix, rule.length), "/register/");
  EXPECT_EQ(rule.service, 2U);
  EXPECT_EQ(rule.bans, 1U);
  EXPECT_EQ(rule.limit.enabled, 1U);
  EXPECT_EQ(rule.limit.window, static_cast<__u32>(WEIR_WINDOW_SLIDING));
  EXPECT_EQ(rule.limit.start_throttle, 5U);
  EXPECT_EQ(rule.limit.to_much, 10U);
  EXPECT_EQ(rule.limit.timeout_ms, 60'000U);
  EXPECT_EQ(rule.limit.delay_ms, 250U);
  EXPECT_EQ(rule.limit.action, static_cast<__u32>(WEIR_ACTION_REPLY));
  EXPECT_EQ(std::string(block.rules[1].prefix, block.rules[1].length), "/search");
  EXPECT_EQ(block.rules[1].bans, 0U);
  EXPECT_EQ(block.rules[2].service, 0U);
}

TEST(PathRules, WithoutALimitOnRequestsDrop) {
  const auto block = encoded_file(kHttpService + rule_text("/a"));
  EXPECT_EQ(block.rules[0].limit.action, static_cast<__u32>(WEIR_ACTION_DROP));
  EXPECT_EQ(block.rules[0].limit.delay_ms, 500U);
}

TEST(PathRules, ThatAreSealedLogTheirLongWindows) {
  const auto block = encoded_file(kHttpService + rule_text("/a") +
                                  "[[services.web.paths]]\nprefix = \"/b\"\nstartThrottle = 500\n"
                                  "toMuch = 1000\ntimeout = \"7d\"\n");
  EXPECT_EQ(block.rules[0].limit.stride_shift, 0);
  EXPECT_GT(block.rules[1].limit.stride_shift, 0);
  EXPECT_GT(block.rules[1].limit.tick_shift, 0);
}

TEST(PathRules, MayBeAThousandAndTheirNumbersAreThoseOfTheBlock) {
  std::string text = kHttpService;
  for (int i = 0; i < WEIR_RULE_MAX; ++i) text += rule_text(fmt::format("/{}/", i));
  const auto settings = parsed(text).settings;
  const auto block = encode_settings(settings);
  for (std::size_t i = 0; i < WEIR_RULE_MAX; ++i) {
    const PathRule* rule = settings.find_rule(i);
    ASSERT_NE(rule, nullptr);
    ASSERT_EQ(rule->prefix, std::string(block.rules[i].prefix, block.rules[i].length));
  }
  EXPECT_EQ(settings.find_rule(WEIR_RULE_MAX), nullptr);
  EXPECT_THAT(refusal(text + rule_text("/one-more")),
              HasSubstr("path rule 1025 of service web: more than 1024 path rules"));
}

TEST(PathRules, ThatMeanTheSamePathAreRefused) {
  EXPECT_THAT(refusal(kHttpService + rule_text("/a/b") + rule_text("/%61//b")),
              HasSubstr("path rule 2 of service web: prefix \"/%61//b\" has a rule already"));
}

TEST(PathRules, NeedHttp) {
  EXPECT_THAT(refusal("[services.web]\nports = [80]\n" + rule_text("/a")),
              HasSubstr("service web: paths cannot be seen in protocol tcp"));
}

TEST(PathRules, MayHaveAPrefixAsLongAsThePathsThatAreLookedAt) {
  const std::string longest = "/" + std::string(WEIR_PATH_MAX - 1, 'a');
  EXPECT_EQ(encoded_file(kHttpService + rule_text(longest)).rules[0].length, WEIR_PATH_MAX);
  EXPECT_THAT(refusal(kHttpService + rule_text(longest + "a")),
              HasSubstr("path rule 1 of service web: prefix is longer than 100 bytes"));
  std::string coded = "/";
  for (int i = 1; i < WEIR_PATH_MAX; ++i) coded += "%61";
  EXPECT_EQ(encoded_file(kHttpService + rule_text(coded)).rules[0].length, WEIR_PATH_MAX);
}

// ---- bans ---------------------------------------------------------------------------------------

TEST(BanRule, IsALimitWhoseNextKickIsTheLast) {
  const auto ban = [](const std::string& lines) {
    return encoded_file(std::string(kHttpService) + "[services.web.ban]\n" + lines).services[0].ban;
  };
  EXPECT_EQ(ban("").enabled, 1U);
  EXPECT_EQ(ban("").window, static_cast<__u32>(WEIR_WINDOW_SLIDING));
  EXPECT_EQ(ban("after = 30\n").to_much, 29U);
  EXPECT_EQ(ban("after = 30\n").start_throttle, 29U) << "no stage of delay";
  EXPECT_EQ(ban("within = \"5m\"\n").timeout_ms, 300'000U);
  EXPECT_EQ(ban("after = 1\n").to_much, 0U);
  EXPECT_EQ(ban("after = 200\n").stride_shift, 2);
  EXPECT_EQ(encoded_file(kHttpService).services[0].ban.enabled, 0U);
}

}  // namespace
}  // namespace weir
