// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/listeners.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "base/fd.h"

namespace weir {
namespace {

constexpr const char* kListenInHex = "0A";
constexpr std::size_t kWord = 8;  // hex digits of 32 bits

template <typename Number>
std::optional<Number> hex(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "0100007F:0050": words in host byte order, as they stand in memory.
std::optional<Listener> parse(const std::string& local) {
  const auto colon = local.find(':');
  if (colon != kWord && colon != 4 * kWord) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  const std::size_t words = colon / kWord;
  if (words == 1) bytes[10] = bytes[11] = 0xff;
  for (std::size_t i = 0; i < words; i++) {
    const auto word = hex<std::uint32_t>(std::string_view(local).substr(i * kWord, kWord));
    if (!word) return std::nullopt;
    std::memcpy(bytes.data() + (words == 1 ? 12 : i * 4), &*word, sizeof *word);
  }
  const auto port = hex<std::uint16_t>(std::string_view(local).substr(colon + 1));
  if (!port) return std::nullopt;
  return Listener{Address(bytes), *port};
}

bool is_any(const Address& address) {
  const auto& bytes = address.bytes();
  return std::all_of(bytes.begin() + (address.is_v4() ? 12 : 0), bytes.end(),
                     [](auto byte) { return byte == 0; });
}

}  // namespace

std::vector<Listener> read_listeners(std::istream& file) {
  std::vector<Listener> found;
  std::string line;
  std::getline(file, line);  // the headings
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state;
    if (!(words >> number >> local >> remote >> state) || state != kListenInHex) break;
    if (const auto listener = parse(local)) found.push_back(*listener);
  }
  return found;
}

std::vector<Listener> listeners() {
  std::vector<Listener> found;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(path);
    for (const auto& listener : read_listeners(file)) found.push_back(listener);
  }
  return found;
}

void touch(const Listener& listener) {
  const bool v4 = listener.address.is_v4(), any = is_any(listener.address);
  const Fd fd(socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  const linger reset{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (v4) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener.port);
    std::memcpy(&to.sin_addr, listener.address.bytes().data() + 12, sizeof to.sin_addr);
    if (any) to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(listener.port);
    std::memcpy(&to.sin6_addr, listener.address.bytes().data(), sizeof to.sin6_addr);
    if (any) to.sin6_addr = in6addr_loopback;
    (void)connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
}

}  // namespace weir
