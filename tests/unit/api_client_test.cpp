// SPDX-License-Identifier: BSD-2-Clause
// The CLI's client against a scripted peer, and errors on their way through HTTP and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "api/client.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Accepts one client, reads its request's header, sends pieces, and hangs up.
class ScriptedPeer {
 public:
  ScriptedPeer() {
    char name[] = "/tmp/weir-client-XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    path_ = directory_ + "/s";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_, 4) != 0) {
      throw std::runtime_error("bind");
    }
  }
  ~ScriptedPeer() {
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
    std::filesystem::remove_all(directory_);
  }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  // Each piece is its own write; `wait_for_end` keeps the connection until the client leaves.
  void answer(std::vector<std::string> pieces, bool wait_for_end = false) {
    thread_ = std::thread([this, pieces = std::move(pieces), wait_for_end] {
      const int client = accept(listener_, nullptr, nullptr);
      char buffer[4096];
      while (request_.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(client, buffer, sizeof(buffer), 0);
        if (got <= 0) break;
        request_.append(buffer, static_cast<std::size_t>(got));
      }
      for (const std::string& piece : pieces) {
        if (::send(client, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
      }
      while (wait_for_end && recv(client, buffer, sizeof(buffer), 0) > 0) {
      }
      ::close(client);
    });
  }
  const std::string& path() const { return path_; }
  const std::string& request() {
    thread_.join();
    return request_;
  }

 private:
  std::string directory_, path_, request_;
  int listener_ = -1;
  std::thread thread_;
};

std::string chunk(const std::string& text) {
  std::ostringstream out;
  out << std::hex << text.size() << "\r\n" << text << "\r\n";
  return out.str();
}

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(ApiClient, SendsTheRequestAndReadsABodyOfKnownLength) {
  ScriptedPeer peer;
  peer.answer({"HTTP/1.1 201 Created\r\nContent-Le", "ngth: 5\r\n\r\nhe", "llo"}, true);
  const auto response = Client(peer.path()).call("POST", "/v1/bans", "{}");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201U);
  EXPECT_EQ(response->body, "hello");
  const std::string request = peer.request();
  EXPECT_THAT(request, StartsWith("POST /v1/bans HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nHost: "));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Length: 2\r\n"));
  EXPECT_THAT(request, testing::EndsWith("\r\n\r\n{}"));
}

TEST(ApiClient, ReadsChunksAndBodiesThatEndWithTheConnection) {
  {
    ScriptedPeer peer;
    peer.answer({kChunked + chunk("one ") + "3\r\ntw", "o\r\n0\r\n\r\n"}, true);
    EXPECT_EQ(Client(peer.path()).call("GET", "/").value().body, "one two");
  }
  ScriptedPeer peer;
  peer.answer({"HTTP/1.1 200 OK\r\n\r\n", "until ", "the end"});
  EXPECT_EQ(Client(peer.path()).call("GET", "/").value().body, "until the end");
}

TEST(ApiClient, ReadsAnAnswerLargerThanAnyBuffer) {
  const std::string body(5'000'000, 'x');
  ScriptedPeer peer;
  peer.answer({"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n", body}, true);
  EXPECT_EQ(Client(peer.path()).call("GET", "/").value().body, body);
}

TEST(ApiClient, HandsOverAnErrorStatusAsAnAnswer) {
  ScriptedPeer peer;
  peer.answer({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(Client(peer.path()).call("GET", "/").value().status, 404U);
}

TEST(ApiClient, SaysWhenAnAnswerIsCutShortOrNoHttp) {
  for (const char* text : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                           "SSH-2.0-OpenSSH_9.2\r\n\r\n"}) {
    ScriptedPeer peer;
    peer.answer({text});
    const auto response = Client(peer.path()).call("GET", "/");
    ASSERT_FALSE(response) << text;
    EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  }
}

TEST(ApiClient, GivesUpOnAnAgentThatDoesNotAnswer) {
  ScriptedPeer peer;
  peer.answer({}, true);
  const auto response = Client(peer.path(), 1).call("GET", "/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
}

TEST(ApiClient, SaysWhenNobodyAnswers) {
  const auto absent = Client("/tmp/weir-no-such-socket").call("GET", "/");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(absent.error().message, "no agent answers at /tmp/weir-no-such-socket");
  EXPECT_EQ(Client("/dev/null").call("GET", "/").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(Client(std::string(200, 'x')).call("GET", "/").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Client("").call("GET", "/").error().code, ErrorCode::kInvalid);
}

// In a process of its own: root may open every socket, so it must stop being root.
TEST(ApiClientDeathTest, SaysWhatToDoAboutAForbiddenSocket) {
  ScriptedPeer peer;
  ASSERT_EQ(chmod(peer.path().c_str(), 0), 0);
  const auto ask_as_nobody = [&] {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && setuid(kNobody) != 0) std::_Exit(1);
    const auto response = Client(peer.path()).call("GET", "/");
    const bool right = !response && response.error().code == ErrorCode::kPermission &&
                       response.error().hint == "run as root or join group weir";
    std::_Exit(right ? 0 : 2);
  };
  EXPECT_EXIT(ask_as_nobody(), testing::ExitedWithCode(0), "");
}

TEST(ApiClient, FollowsLinesHoweverTheyAreCutIntoPieces) {
  ScriptedPeer peer;
  peer.answer({kChunked, chunk("on"), chunk("e\ntwo\nth"), "4\r\nre", "e\n\r\n", chunk("\nrest"),
               "0\r\n\r\n"});
  std::vector<std::string> lines;
  const auto done = Client(peer.path()).follow("/v1/events", [&](const std::string& line) {
    lines.push_back(line);
    return true;
  });
  EXPECT_TRUE(done);
  EXPECT_THAT(lines, ElementsAre("one", "two", "three", "", "rest"));
}

TEST(ApiClient, StopsFollowingWhenTheTakerHasEnough) {
  ScriptedPeer peer;
  peer.answer({kChunked, chunk("one\ntwo\n")}, true);
  std::vector<std::string> lines;
  const auto done = Client(peer.path()).follow("/v1/events", [&](const std::string& line) {
    lines.push_back(line);
    return false;
  });
  EXPECT_TRUE(done);
  EXPECT_THAT(lines, ElementsAre("one"));
}

TEST(ApiClient, SaysWhenAStreamIsCutOffOrRefused) {
  const auto take = [](const std::string&) { return true; };
  {
    ScriptedPeer peer;
    peer.answer({kChunked, chunk("one\n")});
    EXPECT_EQ(Client(peer.path()).follow("/", take).error().code, ErrorCode::kUnavailable);
  }
  const std::string body = error_body({ErrorCode::kPermission, "no", "ask"});
  ScriptedPeer peer;
  peer.answer({"HTTP/1.1 403 Forbidden\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + body});
  const auto refused = Client(peer.path()).follow("/", take);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermission);
  EXPECT_EQ(refused.error().message, "no");
}

TEST(ApiErrors, AreTheSameAfterTheirWayThroughHttp) {
  for (const auto code : {ErrorCode::kInvalid, ErrorCode::kNotFound, ErrorCode::kConflict,
                          ErrorCode::kRefused, ErrorCode::kPermission, ErrorCode::kUnavailable,
                          ErrorCode::kTooLarge, ErrorCode::kSystem}) {
    const Error before{code, "what, to \"what\", why", "the remedy"};
    const Error after = error_of({status_of(code), error_body(before)});
    EXPECT_EQ(after.code, before.code);
    EXPECT_EQ(after.message, before.message);
    EXPECT_EQ(after.hint, before.hint);
  }
}

TEST(ApiErrors, HaveTheStatusThatHttpKnowsThemBy) {
  EXPECT_EQ(status_of(ErrorCode::kInvalid), 400U);
  EXPECT_EQ(status_of(ErrorCode::kRefused), 403U);
  EXPECT_EQ(status_of(ErrorCode::kPermission), 403U);
  EXPECT_EQ(status_of(ErrorCode::kNotFound), 404U);
  EXPECT_EQ(status_of(ErrorCode::kConflict), 409U);
  EXPECT_EQ(status_of(ErrorCode::kTooLarge), 413U);
  EXPECT_EQ(status_of(ErrorCode::kSystem), 500U);
  EXPECT_EQ(status_of(ErrorCode::kUnavailable), 503U);
}

TEST(ApiErrors, AreMadeOfAnyAnswer) {
  EXPECT_EQ(error_of({404, ""}).code, ErrorCode::kNotFound);
  EXPECT_EQ(error_of({404, "<html>"}).message, "the agent answered with HTTP status 404");
  EXPECT_EQ(error_of({431, "[]"}).code, ErrorCode::kInvalid);
  EXPECT_EQ(error_of({502, R"({"error":7})"}).code, ErrorCode::kSystem);
  EXPECT_EQ(error_of({403, R"({"error":{"code":5,"message":["x"]}})"}).code,
            ErrorCode::kPermission);
  EXPECT_EQ(error_of({500, std::string(100'000, '[')}).code, ErrorCode::kSystem);
}

TEST(ApiErrors, MayQuoteBytesThatAreNotUtf8) {
  EXPECT_THAT(error_body({ErrorCode::kInvalid, "bad \xff", ""}), HasSubstr("bad \\ufffd"));
}

}  // namespace
}  // namespace weir
