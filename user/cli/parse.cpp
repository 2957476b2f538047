// SPDX-License-Identifier: BSD-2-Clause
// Runs the grammar over the arguments and turns CLI11's complaints into ours.
#include "cli/parse.h"

#include <CLI/Error.hpp>
#include <algorithm>

#include "cli/grammar.h"
#include "config/suggest.h"

namespace weir::cli {
namespace {

// "weir ban add": how to call a command.
std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

std::string see_help(const CLI::App& app) { return "see '" + full_name(app) + " --help'"; }

std::string nearest(const std::string& word, const std::vector<std::string>& names) {
  return std::string(nearest_name(word, {names.begin(), names.end()}));
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

tl::unexpected<Error> unknown_command(const CLI::App& app, const std::string& word) {
  const std::string message = app.get_parent() == nullptr
                                  ? "unknown command '" + word + "'"
                                  : "unknown command '" + app.get_name() + " " + word + "'";
  const auto names = command_names(app);
  if (const auto near = nearest(word, names); !near.empty()) {
    return usage(message, "did you mean '" + full_name(app) + " " + near + "'?");
  }
  // "weir ban 192.0.2.1" is what hands type first.
  if (std::find(names.begin(), names.end(), "add") != names.end() && Prefix::parse(word)) {
    return usage(message, "did you mean '" + full_name(app) + " add " + word + "'?");
  }
  return usage(message, see_help(app));
}

// The first argument that nobody wanted, seen by the command it was given to.
tl::unexpected<Error> unexpected_argument(const CLI::App& app, const std::string& word) {
  if (word.size() > 1 && word.front() == '-') {
    const std::string name = word.substr(0, word.find('='));
    const std::string message = "unknown option '" + name + "' for '" + full_name(app) + "'";
    if (const auto near = nearest(name, option_names(app)); !near.empty()) {
      return usage(message, "did you mean '" + near + "'?");
    }
    return usage(message, see_help(app));
  }
  if (!app.get_subcommands({}).empty() && app.get_subcommands().empty()) {
    return unknown_command(app, word);
  }
  return usage("unexpected argument '" + word + "' for '" + full_name(app) + "'", see_help(app));
}

tl::unexpected<Error> explain(Grammar& grammar, const CLI::ParseError& error) {
  for (const CLI::App* app = &grammar.app(); app != nullptr;) {
    const auto left = app->remaining();
    if (!left.empty()) return unexpected_argument(*app, left.front());
    const auto named = app->get_subcommands();
    app = named.empty() ? nullptr : named.front();
  }
  const CLI::App& chosen = grammar.chosen();
  return usage("'" + full_name(chosen) + "': " + error.what(), see_help(chosen));
}

}  // namespace

Result<Parsed> parse(const std::vector<std::string>& arguments, const Environment& environment) {
  Grammar grammar(environment);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
  if (arguments == std::vector<std::string>{"help"}) reversed = {"--help"};
  try {
    grammar.app().parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return Text{grammar.app().help()};
  } catch (const CLI::CallForVersion& version) {
    return Text{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return explain(grammar, error);
  }
  auto invocation = grammar.invocation();
  if (!invocation) return tl::unexpected(invocation.error());
  return std::move(*invocation);
}

}  // namespace weir::cli
