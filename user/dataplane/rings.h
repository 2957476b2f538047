// SPDX-License-Identifier: BSD-2-Clause
// What the data path tells as it happens: the rings of notices and of requests.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "dataplane/dataplane.h"
#include "weir/abi.h"

struct ring_buffer;

namespace weir {

class Rings {
 public:
  // Takes the descriptors of their maps, and keeps none of them. kSystem.
  static Result<Rings> open(int notices_map, int requests_map);

  // Polls readable when there are notices. Requests announce nothing.
  [[nodiscard]] int notice_descriptor() const;
  void drain_notices(const std::function<void(const weir_notice&)>& take);
  void drain_requests(const DataPlane::RequestTaker& take);

 private:
  using Ring = std::unique_ptr<ring_buffer, void (*)(ring_buffer*)>;
  // At an address of their own: libbpf hands it to its callbacks.
  struct Takers {
    const std::function<void(const weir_notice&)>* notice = nullptr;
    const DataPlane::RequestTaker* request = nullptr;
  };
  static int on_notice(void* takers, void* data, std::size_t size);
  static int on_request(void* takers, void* data, std::size_t size);

  Rings(std::unique_ptr<Takers> takers, Ring notices, Ring requests)
      : takers_(std::move(takers)), notices_(std::move(notices)), requests_(std::move(requests)) {}

  std::unique_ptr<Takers> takers_;
  Ring notices_, requests_;
};

}  // namespace weir
