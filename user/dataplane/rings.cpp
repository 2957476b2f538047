// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/rings.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace weir {

Result<Rings> Rings::open(const KernelMaps& maps) {
  auto takers = std::make_unique<Takers>();
  const auto ring = [&](int map, ring_buffer_sample_fn take) {
    return Ring(ring_buffer__new(map, take, takers.get(), nullptr), ring_buffer__free);
  };
  Ring notices = ring(maps.notices, on_notice), requests = ring(maps.requests, on_request),
       samples = ring(maps.samples, on_sample);
  if (!notices || !requests || !samples)
    return fail(ErrorCode::kSystem,
                fmt::format("opening the rings of the data path: {}", std::strerror(errno)));
  return Rings(std::move(takers), std::move(notices), std::move(requests), std::move(samples));
}

int Rings::notice_descriptor() const { return ring_buffer__epoll_fd(notices_.get()); }

int Rings::on_notice(void* takers, void* data, std::size_t size) {
  const auto* take = static_cast<const Takers*>(takers)->notice;
  if (size >= sizeof(weir_notice)) (*take)(*static_cast<const weir_notice*>(data));
  return 0;
}

void Rings::drain_notices(const std::function<void(const weir_notice&)>& take) {
  takers_->notice = &take;
  ring_buffer__consume(notices_.get());
  takers_->notice = nullptr;
}

int Rings::on_request(void* takers, void* data, std::size_t size) {
  const auto* take = static_cast<const Takers*>(takers)->request;
  const __u32 kind = size >= sizeof kind ? *static_cast<const __u32*>(data) : 0;
  if (kind == WEIR_TOLD_REQUEST && size >= sizeof(weir_request))
    take->request(*static_cast<const weir_request*>(data));
  else if (kind == WEIR_TOLD_ANSWER && size >= sizeof(weir_request_answer))
    take->answer(*static_cast<const weir_request_answer*>(data));
  return 0;
}

void Rings::drain_requests(const DataPlane::RequestTaker& take) {
  takers_->request = &take;
  ring_buffer__consume(requests_.get());
  takers_->request = nullptr;
}

int Rings::on_sample(void* takers, void* data, std::size_t size) {
  const auto* take = static_cast<const Takers*>(takers)->sample;
  if (size >= sizeof(weir_sample)) (*take)(*static_cast<const weir_sample*>(data));
  return 0;
}

void Rings::drain_samples(const std::function<void(const weir_sample&)>& take) {
  takers_->sample = &take;
  ring_buffer__consume(samples_.get());
  takers_->sample = nullptr;
}

}  // namespace weir
