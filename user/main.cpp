// SPDX-License-Identifier: BSD-2-Clause
// The `weir` program: parse, execute, and say once what went wrong.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "base/quote.h"
#include "cli/execute.h"
#include "cli/parse.h"

namespace {

constexpr int kWrongUsage = 2;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int report(const weir::Error& error, int code) {
  std::string text = "weir: " + weir::one_line(error.message) + "\n";
  if (!error.hint.empty()) text += "hint: " + weir::one_line(error.hint) + "\n";
  std::fputs(text.c_str(), stderr);
  return code;
}

int run(const std::vector<std::string>& arguments) {
  using namespace weir::cli;
  const auto parsed = parse(arguments, {environment("WEIR_SOCKET"), environment("WEIR_CONFIG")});
  if (!parsed) return report(parsed.error(), kWrongUsage);
  if (const auto* text = std::get_if<Text>(&*parsed)) {
    std::fputs(text->text.c_str(), stdout);
    return 0;
  }
  const auto done = execute(std::get<Invocation>(*parsed));
  return done ? 0 : report(done.error(), exit_code(done.error()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& exception) {  // std::bad_alloc and bugs
    return report({weir::ErrorCode::kSystem, std::string("internal error: ") + exception.what()},
                  1);
  }
}
