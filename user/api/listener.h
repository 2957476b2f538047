// SPDX-License-Identifier: BSD-2-Clause
// Listening sockets for the API: the Unix socket file with its owner, mode and predecessors,
// and TCP. Plain POSIX; nothing is accepted in here.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace weir {

// A listening descriptor and, for Unix sockets, the file that leads to it.
class Listener {
 public:
  // A socket file nobody answers at is replaced. kConflict: it is answered (with the pid), or
  // the path is something else than a socket. kInvalid: the path is empty or over 107 bytes.
  static Result<Listener> open_unix(const std::string& path);
  // "192.0.2.1:8080", "[::1]:8080", or "8080" for the loopback. kInvalid as check_tcp_address(),
  // kConflict when taken.
  static Result<Listener> open_tcp(const std::string& address);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();  // closes the descriptor; leaves the file, see remove_file()

  [[nodiscard]] int family() const { return family_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  // Hands the descriptor over to the caller.
  int release();
  // Removes the socket file if it is still the one made here. Must be called while the socket
  // is open: only that keeps the file system from giving its inode number to another file.
  void remove_file();

 private:
  Listener(int family, std::string address);

  int descriptor_ = -1;
  int family_;
  std::string address_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // 0: no file
};

// kInvalid when a text is not ADDR:PORT with a literal address (IPv6 in brackets).
Status check_tcp_address(const std::string& address);

}  // namespace weir
