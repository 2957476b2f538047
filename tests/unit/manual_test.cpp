// SPDX-License-Identifier: BSD-2-Clause
// What is written about the settings for people: man weir.toml and the file that is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "config/fields.h"
#include "config/load.h"

namespace weir {
namespace {

using testing::HasSubstr;

std::string read(const std::string& name) {
  std::ifstream file(std::string(WEIR_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The keys in the manual's item lines, ".It Cm startThrottle , toMuch", and those in sentences.
std::vector<std::string> manual_words() {
  std::istringstream text(read("docs/man/weir.toml.5"));
  std::vector<std::string> words;
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(".It Cm ") && !line.starts_with(".Cm ")) continue;
    std::istringstream in(line);
    for (std::string word; in >> word;) words.push_back(word);
  }
  return words;
}

template <typename T>
void expect_all(const std::vector<std::string>& words, std::span<const Field<T>> fields) {
  for (const auto& field : fields)
    EXPECT_THAT(words, testing::Contains(std::string(field.name)))
        << "docs/man/weir.toml.5 does not tell of it";
}

TEST(Manual, TellsOfEveryKeyOfTheConfiguration) {
  const auto words = manual_words();
  expect_all(words, settings_fields());
  expect_all(words, service_fields());
  expect_all(words, limit_fields());
  expect_all(words, ban_fields());
  expect_all(words, path_fields());
  for (const char* list : {"interfaces", "allow", "mediaSuffixes", "ports"})
    EXPECT_THAT(words, testing::Contains(list));
  // Sections: those that the defaults have, and those that only a file can make.
  const std::string text = read("docs/man/weir.toml.5");
  for (const char* section : {".syn]", ".request]", ".media]", ".ban]", ".paths]]"})
    EXPECT_THAT(text, HasSubstr(section));
}

TEST(Manual, ItsExampleIsValid) {
  const std::string text = read("docs/man/weir.toml.5");
  const auto start = text.find("mode = \"enforce\"");
  ASSERT_NE(start, std::string::npos);
  const auto loaded = parse_settings(text.substr(start, text.find(".Ed", start) - start), "man");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.services.size(), 1U);
  EXPECT_EQ(loaded->settings.services[0].paths.size(), 1U);
}

TEST(InstalledFile, SaysNothingButTheDefaultsAndIsSafeToStartWith) {
  const std::string text = read("packaging/weir.toml");
  const auto as_it_is = parse_settings(text, "weir.toml");
  ASSERT_TRUE(as_it_is) << as_it_is.error().message;
  EXPECT_EQ(as_it_is->settings, default_settings().settings);
  EXPECT_TRUE(as_it_is->settings.interfaces.empty());
  EXPECT_EQ(as_it_is->settings.mode, WEIR_MODE_OBSERVE);

  std::string uncommented;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    uncommented +=
        (line.size() > 1 && line[0] == '#' && line[1] != ' ' ? line.substr(1) : line) + "\n";
  const auto changed = parse_settings(uncommented, "weir.toml");
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->settings, default_settings().settings);
}

}  // namespace
}  // namespace weir
