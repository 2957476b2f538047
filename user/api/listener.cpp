// SPDX-License-Identifier: BSD-2-Clause
// See listener.h.
#include "api/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

namespace weir {
namespace {

constexpr int kBacklog = 128;
constexpr const char* kGroup = "weir";
constexpr const char* kLoopback = "127.0.0.1:";  // where only a port is given
constexpr const char* kOtherSocket = "choose another path with --socket";

// A socket address of any family; the length is what the kernel is told.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

tl::unexpected<Error> fail_errno(const std::string& what, int error, std::string hint = {}) {
  const auto code = error == EACCES || error == EPERM ? ErrorCode::kPermission : ErrorCode::kSystem;
  return fail(code, fmt::format("{}: {}", what, std::strerror(error)), std::move(hint));
}

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress address;
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  constexpr std::size_t kMax = sizeof(local->sun_path) - 1;
  if (path.empty()) return fail(ErrorCode::kInvalid, "the socket's path is empty");
  if (path.size() > kMax) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("socket path {} has {} bytes, the kernel allows {}", path, path.size(), kMax),
        kOtherSocket);
  }
  local->sun_family = AF_UNIX;
  path.copy(local->sun_path, kMax);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

Result<SocketAddress> tcp_address(const std::string& text) {
  const auto wrong = [&](const char* why) {
    return fail(ErrorCode::kInvalid, fmt::format("listen address '{}': {}", text, why),
                "write it as 127.0.0.1:8080 or [::1]:8080");
  };
  const auto colon = text.rfind(':');
  const bool is_port = text.find_first_not_of("0123456789", colon == 0 ? 1 : 0) == text.npos;
  if (!text.empty() && is_port && (colon == 0 || colon == text.npos))
    return tcp_address(kLoopback + text.substr(colon == 0 ? 1 : 0));
  if (colon == std::string::npos) return wrong("the port is missing");
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || rest != end) return wrong("the port is not a number up to 65535");

  SocketAddress address;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) != 1) return wrong("no IPv6 address");
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    address.length = sizeof(*six);
  } else {
    auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (inet_pton(AF_INET, host.c_str(), &four->sin_addr) != 1) return wrong("no IPv4 address");
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    address.length = sizeof(*four);
  }
  return address;
}

std::string text_of(const SocketAddress& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
    return fmt::format("[{}]:{}", host, ntohs(six->sin6_port));
  }
  const auto* four = reinterpret_cast<const sockaddr_in*>(&address.storage);
  inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
  return fmt::format("{}:{}", host, ntohs(four->sin_port));
}

// "process 123", or less when the kernel does not know (another PID namespace).
std::string owner_of(int connected) {
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid > 0) {
    return fmt::format("process {}", peer.pid);
  }
  return "another process";
}

// Makes way for a new socket file: removes one that nobody answers at, refuses all else.
Status clear_path(const std::string& path, SocketAddress address) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("looking at socket " + path, errno, kOtherSocket);
  }
  if (!S_ISSOCK(file.st_mode)) {
    return fail(ErrorCode::kConflict, fmt::format("{} is there and is not a socket", path),
                "remove it, or choose another path with --socket");
  }
  // Non-blocking: a live process whose backlog is full must not make us wait (EAGAIN).
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return fail_errno("making a socket", errno);
  const int error = connect(probe, address.get(), address.length) == 0 ? 0 : errno;
  const std::string owner = owner_of(probe);
  ::close(probe);
  switch (error) {
    case ECONNREFUSED:
      if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
      return fail_errno("removing the stale socket " + path, errno, kOtherSocket);
    case ENOENT:
      return {};
    case 0:
    case EAGAIN:
    case EPROTOTYPE:  // answered, but by something that is no stream
      return fail(ErrorCode::kConflict, fmt::format("socket {} is taken by {}", path, owner),
                  kOtherSocket);
    default:
      return fail_errno("asking who is at socket " + path, error, kOtherSocket);
  }
}

Status make_parent(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) return {};
  std::error_code error;
  if (!std::filesystem::create_directories(parent, error)) {
    if (error) return fail_errno("making directory " + parent.string(), error.value());
    return {};
  }
  // Just made: whatever the umask is, group members must be able to reach the socket.
  if (chmod(parent.c_str(), 0755) != 0) {
    return fail_errno("setting the mode of " + parent.string(), errno);
  }
  return {};
}

// Opens the file to the group only when it belongs to the right one.
Status hand_to_group(const std::string& path) {
  if (const group* entry = getgrnam(kGroup)) {
    // Without privileges the file stays with the caller's own group, which is as safe.
    if (lchown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) != 0 && errno != EPERM) {
      return fail_errno("giving socket " + path + " to group weir", errno);
    }
  }
  if (chmod(path.c_str(), 0660) != 0) return fail_errno("setting the mode of " + path, errno);
  return {};
}

}  // namespace

Listener::Listener(int family, std::string address)
    : descriptor_(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      family_(family),
      address_(std::move(address)) {}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(other.release()),
      family_(other.family_),
      address_(std::move(other.address_)),
      device_(other.device_),
      inode_(std::exchange(other.inode_, 0)) {}

Listener::~Listener() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int Listener::release() { return std::exchange(descriptor_, -1); }

void Listener::remove_file() {
  struct stat file {};
  if (inode_ == 0 || lstat(address_.c_str(), &file) != 0) return;
  if (file.st_ino == inode_ && file.st_dev == device_) unlink(address_.c_str());
  inode_ = 0;
}

Result<Listener> Listener::open_unix(const std::string& path) {
  auto address = unix_address(path);
  if (!address) return tl::unexpected(address.error());
  if (auto made = make_parent(path); !made) return tl::unexpected(made.error());
  if (auto clear = clear_path(path, *address); !clear) return tl::unexpected(clear.error());

  Listener listener(AF_UNIX, path);
  if (listener.descriptor_ < 0) return fail_errno("making a socket", errno);
  // Closed to everybody else until owner and mode are right; the process has one thread.
  const mode_t before = umask(0177);
  const int bound = bind(listener.descriptor_, address->get(), address->length);
  const int error = errno;
  umask(before);
  if (bound != 0) return fail_errno("making socket " + path, error, kOtherSocket);

  struct stat file {};
  if (lstat(path.c_str(), &file) == 0) {
    listener.device_ = file.st_dev;
    listener.inode_ = file.st_ino;
  }
  Status ready = hand_to_group(path);
  if (ready && listen(listener.descriptor_, kBacklog) != 0) {
    ready = fail_errno("listening at " + path, errno);
  }
  if (!ready) {
    listener.remove_file();
    return tl::unexpected(ready.error());
  }
  return listener;
}

Result<Listener> Listener::open_tcp(const std::string& text) {
  auto address = tcp_address(text);
  if (!address) return tl::unexpected(address.error());
  Listener listener(address->storage.ss_family, text);
  const int descriptor = listener.descriptor_;
  if (descriptor < 0) return fail_errno("making a socket for " + text, errno);
  const int on = 1;  // or the port stays taken for a minute after a restart
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(descriptor, address->get(), address->length) != 0 || listen(descriptor, kBacklog) != 0) {
    const int error = errno;
    if (error == EADDRINUSE) {
      return fail(ErrorCode::kConflict, fmt::format("{} is taken by another process", text),
                  "choose another port with --web");
    }
    return fail_errno("listening at " + text, error);
  }
  SocketAddress got;
  got.length = sizeof(got.storage);
  if (getsockname(descriptor, got.get(), &got.length) == 0) listener.address_ = text_of(got);
  return listener;
}

Status check_tcp_address(const std::string& address) {
  const auto parsed = tcp_address(address);
  if (!parsed) return tl::unexpected(parsed.error());
  return {};
}

}  // namespace weir
