// SPDX-License-Identifier: BSD-2-Clause
// An agent that is asked over its routes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "agent/routes.h"
#include "agent_fixture.h"

namespace weir {

class AgentRoutes : public AgentTest {
 protected:
  using Json = nlohmann::ordered_json;

  // The answer to a GET, as the loop would bring it about.
  Json get(const std::string& path, const std::string& query = "", unsigned status = 200) {
    ApiRequest request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    request.peer.local = true;
    ApiResponse response = answer(*agent_, request);
    if (response.later) {
      const auto later = response.later;
      bool called = false;
      later([&](ApiResponse late) {
        response = std::move(late);
        called = true;
      });
      for (int i = 0; i < 1000 && agent_->hurry_users(); i++) slices_++;
      EXPECT_TRUE(called);
    }
    EXPECT_EQ(response.status, status) << path << "?" << query;
    return Json::parse(response.body);
  }

  int slices_ = 0;  // that a walk over the sources took
};

}  // namespace weir
