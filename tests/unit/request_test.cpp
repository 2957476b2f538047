// SPDX-License-Identifier: BSD-2-Clause
// What is read of HTTP requests (bpf/lib/request.h).
#include <gtest/gtest.h>

#include <string>
#include <string_view>

extern "C" {
#include "lib/request.h"
}

namespace {

// FNV-1a, written again.
std::uint32_t fnv(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

weir_reader read(std::string_view text) {
  weir_reader reader{};
  for (const char c : text) weir_read_byte(&reader, static_cast<__u8>(c));
  return reader;
}

std::string path_of(std::string_view target) {
  const auto reader = read("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
  return {reader.path.text, reader.length};
}

std::string suffix_of(std::string_view target) {
  const auto reader = read("GET " + std::string(target) + " HTTP/1.1\r\n\r\n");
  return {reader.suffix, reader.suffix_length};
}

bool is_part(std::string_view field) {
  return read("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n").is_part != 0;
}

TEST(RequestPath, IsTheTargetWithoutItsQuery) {
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/register/?a=/b#c"), "/register/");
  EXPECT_EQ(path_of("/a#b?c"), "/a");
  EXPECT_EQ(path_of("*"), "");
}

TEST(RequestPath, IsDecodedOnce) {
  EXPECT_EQ(path_of("/%72egister/"), "/register/");
  EXPECT_EQ(path_of("/%52%65%47"), "/ReG");
  EXPECT_EQ(path_of("/%2572"), "/%72");
  EXPECT_EQ(path_of("%2fa"), "") << "no path: it does not begin with a slash";
  EXPECT_EQ(path_of("/a%2fb"), "/a/b");
  EXPECT_EQ(path_of("/%3fa"), "/?a") << "an escaped question mark begins no query";
}

TEST(RequestPath, HasNoEmptyOrDottedSegments) {
  EXPECT_EQ(path_of("//a///b//"), "/a/b/");
  EXPECT_EQ(path_of("/./a/././b/."), "/a/b/");
  EXPECT_EQ(path_of("/x/../register/"), "/register/");
  EXPECT_EQ(path_of("/x/y/../../register"), "/register");
  EXPECT_EQ(path_of("/../../a"), "/a");
  EXPECT_EQ(path_of("/a/.."), "/");
  EXPECT_EQ(path_of("/%2e%2e/%2E/a"), "/a");
  EXPECT_EQ(path_of("/.well-known/..a/..."), "/.well-known/..a/...");
}

TEST(RequestPath, OfAnAbsoluteUrlComesBehindTheHost) {
  EXPECT_EQ(path_of("http://example.org:80/register/?x"), "/register/");
  EXPECT_EQ(path_of("HTTP://a/b"), "/b");
  EXPECT_EQ(path_of("http://a"), "");
  EXPECT_EQ(path_of("example.org:443"), "");
}

TEST(RequestPath, IsCutWhereNoRuleReaches) {
  const std::string longest = "/" + std::string(WEIR_PATH_MAX - 1, 'a');
  EXPECT_EQ(path_of(longest + "b/c/../d"), longest);
  EXPECT_EQ(path_of(std::string(5000, '/')), "/");
  std::string deep;
  for (int i = 0; i < 45; i++) deep += "/b";
  EXPECT_EQ(path_of(deep + "/../.."), deep.substr(0, deep.size() - 3));
}

TEST(RequestSuffix, IsWhatFollowsTheLastDotOfTheLastSegment) {
  EXPECT_EQ(suffix_of("/a.b/c.tar.GZ"), "gz");
  EXPECT_EQ(suffix_of("/a.png?v=1.css"), "png");
  EXPECT_EQ(suffix_of("/a.png/"), "");
  EXPECT_EQ(suffix_of("/a"), "");
  EXPECT_EQ(suffix_of("/a.abcdefghijklmn"), "abcdefghijklmn");
  EXPECT_EQ(suffix_of("/a.abcdefghijklmno"), "");
  EXPECT_EQ(suffix_of("/" + std::string(500, 'x') + ".jpg"), "jpg");
  EXPECT_EQ(suffix_of("/a.%70ng"), "png");
}

TEST(RequestFields, SayWhatIsPartOfAPage) {
  EXPECT_TRUE(is_part("Range: bytes=0-"));
  EXPECT_TRUE(is_part("rAnGe:bytes=0-"));
  EXPECT_TRUE(is_part("X-Requested-With: XMLHttpRequest"));
  for (const char* destination : {"image", "script", "style", "font", "iframe"})
    EXPECT_TRUE(is_part(std::string("Sec-Fetch-Dest: ") + destination)) << destination;
  EXPECT_FALSE(is_part("Sec-Fetch-Dest: document"));
  EXPECT_FALSE(is_part("Sec-Fetch-Dest: images"));
  EXPECT_FALSE(is_part("X-Requested-With: com.example.app"));
  EXPECT_FALSE(is_part("If-Range: x"));
  EXPECT_FALSE(is_part("X: Range: bytes=0-"));
}

TEST(RequestFields, OfABodyAreNone) {
  EXPECT_EQ(read("POST / HTTP/1.1\r\n\r\nRange: a\r\n").is_part, 0);
}

TEST(Requests, CountWhateverTheirMethodIs) {
  for (const char* text :
       {"GET / HTTP/1.1\r\n\r\n", "get / HTTP/1.1\r\n\r\n", "FROB / HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET /\n\n", "G", "\xff\xfe"})
    EXPECT_EQ(read(text).requests, 1u) << text;
  EXPECT_EQ(read("").requests, 0u);
  EXPECT_EQ(read("\r\n").requests, 0u);
}

TEST(Requests, BehindEachOtherAreEachCounted) {
  const std::string one = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto reader = read(one + one + one);
  EXPECT_EQ(reader.requests, 3u);
  EXPECT_EQ(std::string(reader.path.text, reader.length), "/a");
  EXPECT_EQ(read(one + "Range: no request").requests, 1u);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET / = 1" + one).requests, 2u);
  EXPECT_EQ(read("POST / HTTP/1.1\r\ncontent-length:29\r\n\r\n" + one).requests, 1u);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + one).body, 1000 - one.size());
  EXPECT_EQ(read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + one).requests, 1u);
  EXPECT_GE(read("POST / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n").body,
            WEIR_BODY_MAX / 8);
  EXPECT_EQ(fnv("content-length"), WEIR_HASH_CONTENT_LENGTH);
  EXPECT_EQ(fnv("transfer-encoding"), WEIR_HASH_TRANSFER_CODING);
}

TEST(Requests, AreWholeWhenAllFieldsAreThere) {
  const auto whole = read("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(weir_is_whole(&whole));
  const auto cut = read("GET / HTTP/1.1\r\n");
  EXPECT_FALSE(weir_is_whole(&cut));
  const auto body = read("POST / HTTP/1.1\r\n\r\na");
  EXPECT_FALSE(weir_is_whole(&body));
}

TEST(RequestUrl, IsTheSameForTheSameTargetOnly) {
  EXPECT_EQ(read("GET /a?b HTTP/1.1\r\n").url, read("GET /a?b HTTP/1.0\r\nX: y\r\n").url);
  EXPECT_NE(read("GET /a?b HTTP/1.1\r\n").url, read("GET /a?c HTTP/1.1\r\n").url);
  EXPECT_NE(read("GET / HTTP/1.1\r\n").url, 0u);
}

TEST(RequestFields, NamesAndValuesHaveTheirHashes) {
  EXPECT_EQ(fnv("range"), WEIR_HASH_RANGE);
  EXPECT_EQ(fnv("x-requested-with"), WEIR_HASH_REQUESTED_WITH);
  EXPECT_EQ(fnv("sec-fetch-dest"), WEIR_HASH_FETCH_DEST);
  EXPECT_EQ(fnv("xmlhttprequest"), WEIR_HASH_XMLHTTPREQUEST);
  EXPECT_EQ(fnv("iframe"), WEIR_HASH_IFRAME);
}

}  // namespace
