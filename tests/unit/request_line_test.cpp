// SPDX-License-Identifier: BSD-2-Clause
// The method and the path of a request by its first bytes, whatever those are.
#include "agent/request_line.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(RequestLine, HasWhatFollowsTheMethodWithoutTheQuery) {
  EXPECT_EQ(request_line("GET /a/b.html HTTP/1.1\r\nHost: x").path, "/a/b.html");
  EXPECT_EQ(request_line("POST /a?secret=1 HTTP/1.1").path, "/a");
  EXPECT_EQ(request_line("GET /a#part HTTP/1.1").path, "/a");
  EXPECT_EQ(request_line("GET /old\r\n").path, "/old");
  EXPECT_EQ(request_line("GET /old\n").path, "/old");
  EXPECT_EQ(request_line("GET http://a/b?c HTTP/1.1").path, "http://a/b");
}

TEST(RequestLine, HasTheQueryWhenItIsWanted) {
  EXPECT_EQ(request_line("POST /a?b=c&d#e HTTP/1.1", true).path, "/a?b=c&d#e");
  EXPECT_EQ(request_line("GET /a?\x1b[2J HTTP/1.1", true).path, "/a??[2J");
}

TEST(RequestLine, SaysWhetherThePathGoesOn) {
  const std::string head = "GET /" + std::string(115, 'a');
  EXPECT_EQ(request_line(head).path, head.substr(4));
  EXPECT_TRUE(request_line(head).is_cut);
  EXPECT_FALSE(request_line(head + " ").is_cut);
  EXPECT_FALSE(request_line(head + "?").is_cut) << "the query does, but not the path";
  EXPECT_TRUE(request_line(head + "?", true).is_cut);
  EXPECT_EQ(request_line("GET ").path, "");
  EXPECT_EQ(request_line("GET").path, "");
  EXPECT_EQ(request_line("").path, "");
}

TEST(RequestLine, HasAMethodOnlyWhereThereMayBeOne) {
  EXPECT_EQ(request_line("GET / HTTP/1.1").method, "GET");
  EXPECT_EQ(request_line("VERSION-CONTROL /a HTTP/1.1").method, "VERSION-CONTROL");
  for (const char* head : {"", "GET", " /a", "G\x1b[T /a", "\x16\x03\x01 \x02", "A1 /",
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ /"})
    EXPECT_EQ(request_line(head).method, "") << head;
}

TEST(RequestLine, HasOnlyPrintableAscii) {
  EXPECT_EQ(request_line(std::string_view("GET /\x1b[2J\t\0\x7f\xc3\xa4/", 15)).path,
            "/?[2J?????"
            "/");
  for (unsigned c = 0; c < 256; c++)
    for (const bool with_query : {false, true})
      for (const char found :
           request_line(std::string("GET /") + static_cast<char>(c), with_query).path)
        EXPECT_TRUE(found > ' ' && found < 0x7f) << c;
}

}  // namespace
}  // namespace weir
