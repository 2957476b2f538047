// SPDX-License-Identifier: BSD-2-Clause
#include "api/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(WebPage, HasEveryFileThatItNames) {
  const auto page = find_web_page("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  const std::string text(page->content);
  const std::regex named(R"re((?:src|href)="(/web/[^"]+)")re");
  int files = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), named), end; match != end; ++match) {
    EXPECT_TRUE(find_web_page((*match)[1].str())) << (*match)[1];
    files++;
  }
  EXPECT_EQ(files, 5);
}

TEST(WebPage, AsksNobodyElseAndHasNothingInline) {
  for (const WebFile& file : web_files()) {
    const std::string text(file.content);
    EXPECT_FALSE(text.empty()) << file.name;
    if (!file.name.ends_with(".html")) continue;
    EXPECT_THAT(text, Not(HasSubstr("://")));
    EXPECT_THAT(text, Not(HasSubstr("<style")));
    EXPECT_THAT(text, Not(HasSubstr(" style=")));
    EXPECT_FALSE(std::regex_search(text, std::regex(R"(\son\w+=)")));
    EXPECT_FALSE(std::regex_search(text, std::regex(R"(<script(?![^>]*src=))")));
  }
}

TEST(WebPage, NothingElseIsServed) {
  for (const char* path :
       {"", "/web", "/web/", "/web/../etc/passwd", "/index.html", "/web/weir.js/"})
    EXPECT_FALSE(find_web_page(path)) << path;
}

TEST(WebPage, ItsPolicyAllowsNothingInlineAndNoOtherHost) {
  std::string policy;
  for (const WebHeader& header : web_headers())
    if (std::string(header.name) == "Content-Security-Policy") policy = header.value;
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("http")));
}

TEST(WebHost, IsAnAddressOrLocalhost) {
  for (const char* own : {"127.0.0.1", "127.0.0.1:8080", "localhost", "LocalHost:80", "[::1]",
                          "[::1]:8080", "192.0.2.7:65535"})
    EXPECT_TRUE(is_own_host(own)) << own;
  for (const char* foreign :
       {"", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "localhost:", "localhost:x", "[::1", "[::1]x", "[::1]:", "[localhost]", "127.0.0.1:80:80",
        "[127.0.0.1]", " localhost", "user@localhost"})
    EXPECT_FALSE(is_own_host(foreign)) << foreign;
}

}  // namespace
}  // namespace weir
