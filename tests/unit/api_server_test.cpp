// SPDX-License-Identifier: BSD-2-Clause
// The API server on real sockets: what it answers, whom it cuts off, what it does to files.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "api/server.h"

namespace weir {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A client that never blocks, so that one thread can play both sides.
class RawClient {
 public:
  explicit RawClient(const std::string& path)
      : descriptor_(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    connected_ = connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  explicit RawClient(std::uint16_t port)
      : descriptor_(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    address.sin6_port = htons(port);
    connected_ = connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { hang_up(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  // Sends as much as fits now; the number of bytes.
  std::size_t send(std::string_view text) {
    const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  void hang_up() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }
  // What has come so far.
  const std::string& text() {
    char buffer[65536];
    ssize_t got = 0;
    while ((got = recv(descriptor_, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
      text_.append(buffer, static_cast<std::size_t>(got));
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) ended_ = true;
    return text_;
  }
  bool ended() {
    text();
    return ended_;
  }
  bool has(std::string_view part) { return text().find(part) != std::string::npos; }

 private:
  int descriptor_;
  bool connected_ = false;
  bool ended_ = false;
  std::string text_;
};

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: weir\r\n\r\n";
}

class ApiServer : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/weir-api-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    path_ = directory_ + "/weir.sock";
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void serve(ServerLimits limits = {}) {
    auto server = Server::listen_unix(loop_, path_, handler(), limits);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  Server::Handler handler() {
    return [this](const ApiRequest& request) {
      last_ = request;
      if (request.path == "/throw") throw std::runtime_error("a bug");
      if (request.path == "/throw-other") throw 1;
      if (request.path == "/status-9999") return ApiResponse{.status = 9999, .body = ""};
      if (request.path == "/close") server_->close();
      if (request.path == "/stream") {
        return ApiResponse{.content_type = "application/x-ndjson",
                           .body = "old 1\nold 2\n",
                           .stream = true,
                           .wanted = [](const std::string& line) { return line != "unwanted"; }};
      }
      if (request.path == "/later") {
        ApiResponse response;
        response.later = [this](auto take) { late_.push_back(take); };
        return response;
      }
      return ApiResponse{.body = "{\"path\":\"" + request.path + "\"}"};
    };
  }

  // Runs the loop until something has come true; false when it does not in ten seconds.
  template <typename Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  // A client that knows the rules is answered.
  testing::AssertionResult serves_others() {
    RawClient other(path_);
    other.send(get("/other"));
    if (until([&] { return other.has("{\"path\":\"/other\"}"); })) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "got: " << other.text();
  }

  // Sends everything, however slowly it is taken; stops when the server has hung up.
  void send_all(RawClient& client, std::string_view text) {
    until([&] {
      text.remove_prefix(client.send(text));
      return text.empty() || client.ended();
    });
  }

  std::string directory_, path_;
  boost::asio::io_context loop_;
  std::unique_ptr<Server> server_;
  ApiRequest last_;
  std::vector<std::function<void(ApiResponse)>> late_;
};

TEST_F(ApiServer, AnswersRequestsInTurnOnOneConnection) {
  serve();
  RawClient client(path_);
  client.send(get("/one"));
  ASSERT_TRUE(until([&] { return client.has("/one"); }));
  EXPECT_THAT(client.text(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                                   HasSubstr("Content-Type: application/json\r\n"),
                                   HasSubstr("Content-Length: 15\r\n")));
  client.send(get("/two") + get("/three"));  // pipelined
  EXPECT_TRUE(until([&] { return client.has("/two") && client.has("/three"); }));
  EXPECT_FALSE(client.ended());
}

TEST_F(ApiServer, HandsOverMethodPathQueryBodyAndTheKernelsWordAboutThePeer) {
  serve();
  RawClient client(path_);
  client.send(
      "POST /v1/bans/192.0.2.0%2F24?all=1&x=%20 HTTP/1.1\r\nHost: weir\r\n"
      "Content-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(until([&] { return client.has("200 OK"); }));
  EXPECT_EQ(last_.method, "POST");
  EXPECT_EQ(last_.path, "/v1/bans/192.0.2.0/24");
  EXPECT_EQ(last_.query, "all=1&x=%20");
  EXPECT_EQ(last_.body, "body");
  EXPECT_TRUE(last_.peer.local);
  EXPECT_EQ(last_.peer.uid, getuid());
  EXPECT_EQ(last_.peer.gid, getgid());
  EXPECT_EQ(last_.peer.pid, getpid());
}

TEST_F(ApiServer, AnswersHeadLikeGetWithoutTheBody) {
  serve();
  RawClient client(path_);
  client.send("HEAD /x HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.ended(); }));
  EXPECT_EQ(last_.method, "GET");
  EXPECT_THAT(client.text(), AllOf(HasSubstr("Content-Length: 13"), Not(HasSubstr("path"))));
}

TEST_F(ApiServer, AnswersGarbageWith400AndCloses) {
  const std::string cases[] = {
      "\x16\x03\x01\x02\x01garbage\r\n\r\n",
      "hello\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET noslash HTTP/1.1\r\nConnection: close\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nConnection: close\r\n\r\n",
      "GET /%00 HTTP/1.1\r\nConnection: close\r\n\r\n",
      "GET /%4 HTTP/1.1\r\nConnection: close\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "GET / HTTP/1.1\r\nbad header\r\n\r\n",
  };
  serve();
  for (const std::string& text : cases) {
    SCOPED_TRACE(text);
    RawClient client(path_);
    client.send(text);
    EXPECT_TRUE(until([&] { return client.ended(); }));
    EXPECT_THAT(client.text(),
                AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("{\"error\":{\"code\":\"invalid\"")));
    EXPECT_TRUE(serves_others());
  }
}

TEST_F(ApiServer, ServesOthersWhileARequestIsHalfThere) {
  serve();
  RawClient half(path_), body(path_), silent(path_);
  half.send("GET /v1/sta");
  body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_TRUE(serves_others());
  half.send("ts HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(until([&] { return half.has("{\"path\":\"/v1/stats\"}"); }));
  EXPECT_FALSE(body.ended());
}

TEST_F(ApiServer, ClosesARequestThatIsNotCompleteInTime) {
  serve({.idle_seconds = 1});
  RawClient client(path_);
  client.send("GET /v1/sta");
  EXPECT_TRUE(until([&] { return client.ended(); }));
}

TEST_F(ApiServer, RefusesAHeaderWithoutEnd) {
  serve();
  for (const std::string& text :
       {std::string(1 << 20, 'x'), std::string(1 << 20, '['),
        "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'a') + "\r\n\r\n"}) {
    RawClient client(path_);
    send_all(client, text);
    EXPECT_TRUE(until([&] { return client.has("\r\n\r\n"); }));
    EXPECT_THAT(client.text(), testing::MatchesRegex("HTTP/1.1 4(00|31) (.|\r|\n)*"));
    client.hang_up();
    EXPECT_TRUE(serves_others());
  }
}

TEST_F(ApiServer, RefusesALargeBodyBeforeReadingIt) {
  serve({.body_bytes = 1000});
  RawClient declared(path_), chunked(path_);
  declared.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
  send_all(chunked, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                        std::string(2000, '[') + "\r\n0\r\n\r\n");
  for (RawClient* client : {&declared, &chunked}) {
    EXPECT_TRUE(until([&] { return client->ended(); }));
    EXPECT_THAT(client->text(), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("tooLarge")));
  }
  EXPECT_TRUE(serves_others());
}

TEST_F(ApiServer, AnswersEvenAClientThatGoesOnSendingAMegabyte) {
  serve({.body_bytes = 1000});
  RawClient client(path_);
  send_all(client,
           "POST / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + std::string(1 << 20, 'x'));
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_THAT(client.text(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(ApiServer, TheIdlestClientMakesRoomWhenThereAreTooMany) {
  serve({.clients = 2});
  RawClient first(path_), second(path_);
  first.send(get("/first"));
  ASSERT_TRUE(until([&] { return first.has("/first"); }));
  second.send("GET /half");
  RawClient third(path_);
  third.send(get("/third"));
  ASSERT_TRUE(until([&] { return third.has("/third"); }));
  EXPECT_TRUE(first.ended() != second.ended()) << "one is enough";
}

TEST_F(ApiServer, TurnsAwayMoreClientsThanItsLimitWhenAllAreBusy) {
  serve({.clients = 2});
  RawClient first(path_), second(path_);
  first.send(get("/stream"));
  second.send(get("/stream"));
  ASSERT_TRUE(until([&] { return first.has("old 2") && second.has("old 2"); }));
  RawClient third(path_);
  ASSERT_TRUE(until([&] { return third.ended(); }));
  EXPECT_THAT(third.text(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("unavailable")));
  first.hang_up();
  EXPECT_TRUE(until([&] {
    RawClient fourth(path_);
    fourth.send(get("/fourth"));
    until([&] { return fourth.has("}"); });
    return fourth.has("\"/fourth\"");
  }));
}

TEST_F(ApiServer, SurvivesExceptionsOfTheHandler) {
  serve();
  for (const char* path : {"/throw", "/throw-other", "/status-9999"}) {
    RawClient client(path_);
    client.send(get(path));
    EXPECT_TRUE(until([&] { return client.has("}"); }));
    EXPECT_THAT(client.text(), AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("\"system\"")));
    EXPECT_TRUE(serves_others());
  }
}

TEST_F(ApiServer, StreamsTheBodyAndThenTheLinesThatAreWanted) {
  serve();
  RawClient client(path_), plain(path_);
  client.send(get("/stream"));
  plain.send(get("/plain"));
  ASSERT_TRUE(until([&] { return client.has("old 2") && plain.has("/plain"); }));
  server_->publish("unwanted");
  server_->publish("new");
  ASSERT_TRUE(until([&] { return client.has("4\r\nnew\n\r\n"); }));
  EXPECT_THAT(client.text(), AllOf(HasSubstr("Transfer-Encoding: chunked\r\n"),
                                   HasSubstr("\r\n\r\nc\r\nold 1\nold 2\n\r\n4\r\nnew\n\r\n"),
                                   Not(HasSubstr("unwanted"))));
  EXPECT_FALSE(client.ended());
  EXPECT_THAT(plain.text(), Not(HasSubstr("new")));
}

TEST_F(ApiServer, StreamsToHttp10WithoutChunks) {
  serve();
  RawClient client(path_);
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.has("old 2"); }));
  server_->publish("new");
  ASSERT_TRUE(until([&] { return client.has("new"); }));
  EXPECT_THAT(client.text(), AllOf(StartsWith("HTTP/1.0 200"), Not(HasSubstr("chunked")),
                                   HasSubstr("\r\n\r\nold 1\nold 2\nnew\n")));
}

TEST_F(ApiServer, CutsOffAReaderThatIsTooSlowAndServesTheOthers) {
  serve({.clients = 2, .stream_backlog_bytes = 100'000});
  RawClient slow(path_), quick(path_);
  slow.send(get("/stream"));
  quick.send(get("/stream"));
  ASSERT_TRUE(until([&] { return slow.has("old 2") && quick.has("old 2"); }));
  const std::string line(10'000, 'x');
  for (int i = 0; i < 200; ++i) {  // far more than a socket's buffer and the backlog hold
    server_->publish(line);
    until([&] {  // the quick one keeps up
      quick.text();
      return loop_.poll() == 0;
    });
  }
  server_->publish("last");
  EXPECT_TRUE(until([&] { return quick.has("5\r\nlast\n\r\n"); }));
  EXPECT_FALSE(quick.ended());
  EXPECT_TRUE(until([&] { return slow.ended(); }));
  EXPECT_FALSE(slow.has("last"));
  EXPECT_TRUE(serves_others()) << "its place must be free again";
}

TEST_F(ApiServer, NoticesThatAStreamsReaderHasLeft) {
  serve({.clients = 1});
  {
    RawClient client(path_);
    client.send(get("/stream"));
    ASSERT_TRUE(until([&] { return client.has("old 2"); }));
  }
  EXPECT_TRUE(until([&] { return loop_.poll() == 0; }));
  EXPECT_TRUE(serves_others()) << "nothing was published, and yet its place is free";
}

TEST_F(ApiServer, MakesTheSocketOnlyForOwnerAndGroup) {
  const mode_t before = umask(0);
  path_ = directory_ + "/made/weir.sock";
  serve();
  umask(before);
  struct stat file {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_TRUE(S_ISSOCK(file.st_mode));
  EXPECT_EQ(file.st_mode & 07777, 0660);
  ASSERT_EQ(stat((directory_ + "/made").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0755);
  EXPECT_EQ(server_->address(), path_);
}

TEST_F(ApiServer, MakesTheDirectoryReadableUnderAStrictUmask) {
  const mode_t before = umask(0077);
  path_ = directory_ + "/made/weir.sock";
  serve();
  umask(before);
  struct stat file {};
  ASSERT_EQ(stat((directory_ + "/made").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0755);
}

TEST_F(ApiServer, ReplacesAStaleSocketFile) {
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(dead);
  serve();
  EXPECT_TRUE(serves_others());
}

TEST_F(ApiServer, RefusesASocketThatIsAnsweredAndNamesTheProcess) {
  serve();
  const auto second = Server::listen_unix(loop_, path_, handler());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_EQ(second.error().message,
            "socket " + path_ + " is taken by process " + std::to_string(getpid()));
  EXPECT_THAT(second.error().hint, HasSubstr("--socket"));
  EXPECT_TRUE(serves_others());
}

TEST_F(ApiServer, LeavesAFileThatIsNoSocketAlone) {
  std::ofstream(path_) << "precious";
  const auto server = Server::listen_unix(loop_, path_, handler());
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kConflict);
  EXPECT_THAT(server.error().message, HasSubstr(path_ + " is there and is not a socket"));
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

TEST_F(ApiServer, RefusesPathsThatDoNotFit) {
  const std::string longest = directory_ + "/" + std::string(107 - directory_.size() - 1, 'x');
  const auto fits = Server::listen_unix(loop_, longest, handler());
  EXPECT_TRUE(fits) << fits.error().message;
  const auto server = Server::listen_unix(loop_, longest + "x", handler());
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(server.error().message, HasSubstr("has 108 bytes, the kernel allows 107"));
  EXPECT_FALSE(Server::listen_unix(loop_, "", handler()));
}

TEST_F(ApiServer, RemovesItsSocketFileOnCloseAndEndsItsSessions) {
  serve();
  RawClient idle(path_), stream(path_);
  idle.send(get("/idle"));
  stream.send(get("/stream"));
  ASSERT_TRUE(until([&] { return idle.has("/idle") && stream.has("old 2"); }));
  server_->close();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(until([&] { return idle.ended() && stream.ended(); }));
  server_->publish("to nobody");
  server_->close();
  loop_.restart();
  EXPECT_TRUE(until([&] { return loop_.poll() == 0; })) << "nothing keeps the loop running";
}

TEST_F(ApiServer, LeavesASocketFileThatIsNoLongerItsOwn) {
  serve();
  std::filesystem::remove(path_);
  auto successor = Server::listen_unix(loop_, path_, handler());
  ASSERT_TRUE(successor);
  server_->close();
  EXPECT_TRUE(serves_others());
}

TEST_F(ApiServer, MayBeClosedByItsOwnHandler) {
  serve();
  RawClient client(path_);
  client.send(get("/close"));
  EXPECT_TRUE(until([&] { return client.ended(); }));
}

TEST_F(ApiServer, MayBeDestroyedWhileClientsAreThere) {
  serve();
  RawClient stream(path_), half(path_);
  stream.send(get("/stream"));
  half.send("GET");
  ASSERT_TRUE(until([&] { return stream.has("old 2"); }));
  server_.reset();
  EXPECT_TRUE(until([&] { return stream.ended() && half.ended(); }));
}

TEST_F(ApiServer, ServesTcpToPeersThatAreNotLocal) {
  auto server = Server::listen_tcp(loop_, "[::1]:0", handler());
  ASSERT_TRUE(server) << server.error().message;
  const std::string address = (*server)->address();
  ASSERT_THAT(address, StartsWith("[::1]:"));
  RawClient client(static_cast<std::uint16_t>(std::stoi(address.substr(6))));
  ASSERT_TRUE(client.connected());
  client.send(get("/tcp"));
  EXPECT_TRUE(until([&] { return client.has("{\"path\":\"/tcp\"}"); }));
  EXPECT_FALSE(last_.peer.local);

  const auto second = Server::listen_tcp(loop_, address, handler());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
}

TEST_F(ApiServer, APortAloneIsOnTheLoopback) {
  for (const char* port : {"0", ":0"}) {
    auto server = Server::listen_tcp(loop_, port, handler());
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_THAT((*server)->address(), StartsWith("127.0.0.1:"));
  }
}

TEST_F(ApiServer, AnswersLaterAndOthersInTheMeantime) {
  serve();
  RawClient client(path_), gone(path_);
  client.send(get("/later"));
  gone.send(get("/later"));
  ASSERT_TRUE(until([&] { return late_.size() == 2; }));
  EXPECT_TRUE(serves_others());
  gone.hang_up();
  for (const auto& take : late_) take(ApiResponse{.body = "at last"});
  late_.clear();
  EXPECT_TRUE(until([&] { return client.has("at last"); }));
  client.send(get("/again"));
  EXPECT_TRUE(until([&] { return client.has("{\"path\":\"/again\"}"); }))
      << "the connection goes on";
  EXPECT_TRUE(serves_others());
}

TEST_F(ApiServer, EveryAnswerHasThePolicyOfThePage) {
  serve();
  RawClient client(path_), stream(path_);
  client.send(get("/x"));
  stream.send(get("/stream"));
  for (RawClient* one : {&client, &stream}) {
    EXPECT_TRUE(until([&] { return one->has("Content-Security-Policy: default-src 'none'"); }));
    EXPECT_TRUE(one->has("X-Content-Type-Options: nosniff"));
  }
}

TEST_F(ApiServer, TellsTheHandlerTheHost) {
  serve();
  RawClient client(path_);
  client.send("GET /x HTTP/1.1\r\nHost: evil.example:80\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.has("/x"); }));
  EXPECT_EQ(last_.host, "evil.example:80");
}

TEST_F(ApiServer, RefusesTcpAddressesThatAreNone) {
  for (const char* address :
       {"", ":", "808x", ":99999", "localhost:80", "::1:8080", "[::1]", "[::1]:", "[]:1",
        "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x"}) {
    const auto server = Server::listen_tcp(loop_, address, handler());
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalid) << address;
    EXPECT_THAT(server.error().hint, HasSubstr("127.0.0.1:8080"));
  }
}

}  // namespace
}  // namespace weir
