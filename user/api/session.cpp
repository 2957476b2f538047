// SPDX-License-Identifier: BSD-2-Clause
// HTTP/1.1 on one connection with Beast: requests in turn, then perhaps a stream of lines.
// Whatever a peer sends or fails to send ends in an answer or in a close, within bounds.
#include "api/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "api/client.h"
#include "api/query.h"
#include "api/web_page.h"

namespace weir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

// After the last answer the peer's remaining bytes are read for a while: closing a socket
// with unread input resets it, and the reset may overtake the answer.
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr std::size_t kDrainBytes = 4UL * 1024 * 1024;

ApiResponse error_response(unsigned status, const Error& error) {
  ApiResponse response;
  response.status = status;
  response.body = error_body(error);
  return response;
}

ApiResponse error_response(const Error& error) {
  return error_response(status_of(error.code), error);
}

void set_common(http::response<http::string_body>& response) {
  response.set(http::field::cache_control, "no-store");
  for (const WebHeader& header : web_headers()) response.set(header.name, header.value);
}

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(StreamSocket socket, const Peer& peer, std::shared_ptr<SessionPool> pool)
      : stream_(std::move(socket)), peer_(peer), pool_(std::move(pool)) {
    pool_->sessions.insert(this);
  }
  ~HttpSession() override {
    leave_bulk();
    pool_->sessions.erase(this);
  }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void read_request();
  void publish(const std::string& line) override;
  [[nodiscard]] std::optional<Time> waiting_since() const override { return waiting_since_; }
  void close() override;

 private:
  void on_header(error_code error);
  void on_request(error_code error);
  void leave_bulk();
  void start_pages(ApiResponse&& response);
  void write_page();
  ApiResponse ask_handler();
  void answer(ApiResponse&& response, bool keep_alive);
  void answer_later(const ApiResponse& response);
  void start_stream(ApiResponse&& response);
  void append_lines(const std::string& lines);
  void write_lines();
  void watch_for_disconnect();
  void finish();
  void drain();

  beast::basic_stream<StreamProtocol, asio::io_context::executor_type> stream_;
  Peer peer_;
  std::shared_ptr<SessionPool> pool_;
  beast::flat_buffer input_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::array<char, 4096> scratch_{};
  std::size_t drained_ = 0;

  std::optional<Time> waiting_since_;
  bool streaming_ = false;
  bool chunked_ = true;
  bool writing_ = false;
  std::function<bool(const std::string&)> wanted_;
  std::function<bool(std::string&)> more_;
  std::string sending_;  // in the hands of the socket
  std::string pending_;  // waits for it
};

void HttpSession::read_request() {
  leave_bulk();
  waiting_since_ = std::chrono::steady_clock::now();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(pool_->limits.header_bytes));
  // What is allowed depends on the path; until that is known, the most.
  parser_->body_limit(std::max(pool_->limits.bulk_bytes, pool_->limits.body_bytes));
  stream_.expires_after(std::chrono::seconds(pool_->limits.idle_seconds));
  http::async_read_header(
      stream_, input_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_header(error); });
}

void HttpSession::on_header(error_code error) {
  if (error) return on_request(error);
  const auto target = parser_->get().target();
  const std::string_view path(target.data(), std::min(target.find('?'), target.size()));
  const std::string_view bulk_path = pool_->limits.bulk_path;
  const bool is_bulk = !bulk_path.empty() && path == bulk_path;
  if (!is_bulk) {
    const auto length = parser_->content_length();
    if (length && *length > pool_->limits.body_bytes) return on_request(http::error::body_limit);
    parser_->body_limit(pool_->limits.body_bytes);
  } else if (pool_->bulk != nullptr) {
    waiting_since_.reset();
    return answer(error_response({ErrorCode::kUnavailable, "another list is being sent just now",
                                  "try again when it is done"}),
                  false);
  } else {
    pool_->bulk = this;
  }
  http::async_read(
      stream_, input_, *parser_,
      [self = shared_from_this()](error_code failed, std::size_t) { self->on_request(failed); });
}

void HttpSession::leave_bulk() {
  if (pool_->bulk == this) pool_->bulk = nullptr;
}

void HttpSession::on_request(error_code error) {
  waiting_since_.reset();
  if (!error) {
    const auto& request = parser_->get();
    stream_.expires_after(std::chrono::seconds(pool_->limits.idle_seconds));
    ApiResponse response = ask_handler();
    if (response.later) return answer_later(response);
    if (response.stream && request.method() != http::verb::head) {
      return start_stream(std::move(response));
    }
    if (response.more && request.method() != http::verb::head) {
      return start_pages(std::move(response));
    }
    return answer(std::move(response), request.keep_alive());
  }
  // Ends of the connection, tidy or not: there is nobody to answer to.
  if (error.category() != http::make_error_code(http::error::bad_method).category() ||
      error == http::error::end_of_stream || error == http::error::partial_message) {
    return close();
  }
  stream_.expires_after(std::chrono::seconds(pool_->limits.idle_seconds));
  if (error == http::error::body_limit) {
    return answer(error_response({ErrorCode::kTooLarge,
                                  fmt::format("the request's body is larger than {} bytes",
                                              pool_->limits.body_bytes)}),
                  false);
  }
  if (error == http::error::header_limit) {
    return answer(error_response(431, {ErrorCode::kTooLarge,
                                       fmt::format("the request's header is larger than {} bytes",
                                                   pool_->limits.header_bytes)}),
                  false);
  }
  answer(error_response({ErrorCode::kInvalid, "malformed HTTP request: " + error.message()}),
         false);
}

// A handler's exception is a bug, and must stay one request's bug.
ApiResponse HttpSession::ask_handler() {
  auto& message = parser_->get();
  const auto target = message.target();
  const auto question = target.find('?');
  const auto plain = target.substr(0, question);
  const auto path = percent_decode({plain.data(), plain.size()});
  if (!path || path->empty() || path->front() != '/') {
    return error_response({ErrorCode::kInvalid, "malformed path in the request"});
  }
  ApiRequest request;
  request.method =
      message.method() == http::verb::head ? "GET" : message.method_string().to_string();
  request.path = *path;
  if (question != beast::string_view::npos) request.query = target.substr(question + 1).to_string();
  request.body = std::move(message.body());
  request.host = message[http::field::host].to_string();
  request.peer = peer_;
  try {
    ApiResponse response = pool_->handler(request);
    if (response.status < 200 || response.status > 599) throw std::out_of_range("HTTP status");
    return response;
  } catch (const std::exception& exception) {
    spdlog::error("answering {} {}: {}", request.method, request.path, exception.what());
    return error_response({ErrorCode::kSystem, std::string("internal error: ") + exception.what()});
  } catch (...) {
    spdlog::error("answering {} {}: unknown exception", request.method, request.path);
    return error_response({ErrorCode::kSystem, "internal error"});
  }
}

void HttpSession::answer(ApiResponse&& response, bool keep_alive) {
  const bool head = parser_->get().method() == http::verb::head;
  response_ = {};
  response_.version(parser_->get().version() == 10 ? 10 : 11);
  response_.result(response.status);
  response_.set(http::field::content_type, response.content_type);
  set_common(response_);
  response_.keep_alive(keep_alive);
  response_.body() = std::move(response.body);
  response_.prepare_payload();
  if (head) response_.body().clear();  // Content-Length stays what GET would send
  http::async_write(stream_, response_,
                    [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                      if (error) return self->close();
                      if (!keep_alive) return self->finish();
                      self->read_request();
                    });
}

// The connection is not read meanwhile: one request at a time, as with all others.
void HttpSession::answer_later(const ApiResponse& response) {
  stream_.expires_never();
  response.later([self = shared_from_this()](ApiResponse late) {
    self->stream_.expires_after(std::chrono::seconds(self->pool_->limits.idle_seconds));
    self->answer(std::move(late), self->parser_->get().keep_alive());
  });
}

void HttpSession::start_stream(ApiResponse&& response) {
  http::response<http::string_body> head;
  chunked_ = parser_->get().version() >= 11;  // HTTP/1.0 knows only "until the end"
  head.version(chunked_ ? 11 : 10);
  head.result(response.status);
  head.set(http::field::content_type, response.content_type);
  set_common(head);
  head.set(http::field::connection, "close");
  if (chunked_) head.chunked(true);
  std::ostringstream text;
  text << head.base();

  streaming_ = true;
  wanted_ = std::move(response.wanted);
  pending_ = text.str();
  if (!response.body.empty()) append_lines(response.body);
  stream_.expires_never();
  write_lines();
  watch_for_disconnect();
}

void HttpSession::start_pages(ApiResponse&& response) {
  http::response<http::string_body> head;
  chunked_ = parser_->get().version() >= 11;
  head.version(chunked_ ? 11 : 10);
  head.result(response.status);
  head.set(http::field::content_type, response.content_type);
  head.set(http::field::cache_control, "no-store");
  head.set(http::field::connection, "close");
  if (chunked_) head.chunked(true);
  std::ostringstream text;
  text << head.base();
  pending_ = text.str();
  more_ = std::move(response.more);
  write_page();
}

void HttpSession::write_page() {
  if (more_) {
    std::string page;
    const bool goes_on = more_(page);
    if (!page.empty()) append_lines(page);  // an empty chunk would be the end
    if (!goes_on) {
      more_ = nullptr;
      if (chunked_) pending_ += "0\r\n\r\n";
    }
  }
  sending_.clear();
  sending_.swap(pending_);
  const bool is_last = !more_;
  stream_.expires_after(std::chrono::seconds(pool_->limits.idle_seconds));
  asio::async_write(stream_, asio::buffer(sending_),
                    [self = shared_from_this(), is_last](error_code error, std::size_t) {
                      if (error) return self->close();
                      if (is_last) return self->finish();
                      self->write_page();
                    });
}

void HttpSession::append_lines(const std::string& lines) {
  if (chunked_) {
    fmt::format_to(std::back_inserter(pending_), "{:x}\r\n{}\r\n", lines.size(), lines);
  } else {
    pending_ += lines;
  }
}

void HttpSession::publish(const std::string& line) {
  if (!streaming_ || (wanted_ && !wanted_(line))) return;
  append_lines(line + "\n");
  if (pending_.size() > pool_->limits.stream_backlog_bytes) return close();
  if (!writing_) write_lines();
}

void HttpSession::write_lines() {
  writing_ = true;
  sending_.clear();
  sending_.swap(pending_);
  asio::async_write(stream_, asio::buffer(sending_),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      self->writing_ = false;
                      if (error) return self->close();
                      if (!self->pending_.empty()) self->write_lines();
                    });
}

// A stream's reader has nothing more to say: its input is read only to notice that it left.
void HttpSession::watch_for_disconnect() {
  stream_.async_read_some(asio::buffer(scratch_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error) return self->close();
                            self->watch_for_disconnect();
                          });
}

void HttpSession::finish() {
  waiting_since_ = std::chrono::steady_clock::now();
  error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  stream_.expires_after(kDrainTime);
  drain();
}

void HttpSession::drain() {
  stream_.async_read_some(asio::buffer(scratch_),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->drained_ += bytes;
                            if (error || self->drained_ > kDrainBytes) return self->close();
                            self->drain();
                          });
}

void HttpSession::close() {
  streaming_ = false;
  leave_bulk();
  stream_.close();
}

}  // namespace

void start_session(StreamSocket socket, const Peer& peer, std::shared_ptr<SessionPool> pool) {
  std::make_shared<HttpSession>(std::move(socket), peer, std::move(pool))->read_request();
}

}  // namespace weir
