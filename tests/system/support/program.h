// SPDX-License-Identifier: Apache-2.0
/// \file Runs the program under test as a user would: arguments, environment, signals; exit code and both streams.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::test {

/// A fresh folder that is removed with everything in it.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

struct program_result {
  int exit_code = 0; ///< -signal if a signal ended it
  std::string out;
  std::string err;
};

/// SIGINT as soon as a file has content: a point in the program's progress, where a delay would be a guess at its
/// speed.
struct interruption {
  std::filesystem::path when_filled;
};

struct program_call {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment{};
  std::optional<interruption> interrupt{};
  std::filesystem::path working_directory{}; ///< empty: a fresh folder that is removed afterwards
};

/// Runs to the end; a program that takes more than two minutes is killed.
program_result run_program(const program_call& call);
program_result run_program(std::vector<std::string> arguments);

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view content);
/// Lines of a text, without a last empty one.
std::vector<std::string> lines_of(const std::string& text);

} // namespace tilework::test
