// SPDX-License-Identifier: BSD-2-Clause
// What the data path tells as it happens: the rings of notices, requests and samples.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "dataplane/dataplane.h"
#include "dataplane/kernel_object.h"
#include "weir/abi.h"

struct ring_buffer;

namespace weir {

class Rings {
 public:
  // Keeps none of the maps' descriptors. kSystem.
  static Result<Rings> open(const KernelMaps& maps);

  // Polls readable when there are notices. The others announce nothing.
  [[nodiscard]] int notice_descriptor() const;
  void drain_notices(const std::function<void(const weir_notice&)>& take);
  void drain_requests(const DataPlane::RequestTaker& take);
  void drain_samples(const std::function<void(const weir_sample&)>& take);

 private:
  using Ring = std::unique_ptr<ring_buffer, void (*)(ring_buffer*)>;
  // At an address of their own: libbpf hands it to its callbacks.
  struct Takers {
    const std::function<void(const weir_notice&)>* notice = nullptr;
    const DataPlane::RequestTaker* request = nullptr;
    const std::function<void(const weir_sample&)>* sample = nullptr;
  };
  static int on_notice(void* takers, void* data, std::size_t size);
  static int on_request(void* takers, void* data, std::size_t size);
  static int on_sample(void* takers, void* data, std::size_t size);

  Rings(std::unique_ptr<Takers> takers, Ring notices, Ring requests, Ring samples)
      : takers_(std::move(takers)),
        notices_(std::move(notices)),
        requests_(std::move(requests)),
        samples_(std::move(samples)) {}

  std::unique_ptr<Takers> takers_;
  Ring notices_, requests_, samples_;
};

}  // namespace weir
