// SPDX-License-Identifier: Apache-2.0
#include "support/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace tilework::test {
namespace {

using clock = std::chrono::steady_clock;
constexpr auto time_limit = std::chrono::minutes(2);
constexpr auto polling_interval = std::chrono::milliseconds(1);

[[noreturn]] void become_program(const program_call& call, const temporary_directory& scratch) {
  const auto redirect = [&](std::string_view name, int stream) {
    const int file = ::open((scratch / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, stream);
    ::close(file);
  };
  redirect("stdout", STDOUT_FILENO);
  redirect("stderr", STDERR_FILENO);
  ::unsetenv("TILEWORK_DATA"); // the caller's data must not decide a test
  for (const auto& [name, value] : call.environment)
    ::setenv(name.c_str(), value.c_str(), 1);
  const auto folder = call.working_directory.empty() ? scratch / "work" : call.working_directory;
  std::vector<char*> arguments{const_cast<char*>(TILEWORK_PROGRAM)}; // NOLINT: exec does not write to them
  for (const auto& argument : call.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str())); // NOLINT
  arguments.push_back(nullptr);
  if (::chdir(folder.c_str()) == 0)
    ::execv(TILEWORK_PROGRAM, arguments.data());
  ::_exit(127);
}

/// Sends SIGINT once, when it is due.
class interrupter {
public:
  explicit interrupter(const std::optional<interruption>& what) : what_(what) {}
  void look(pid_t program) {
    std::error_code absent;
    if (!what_ || sent_ || std::filesystem::file_size(what_->when_filled, absent) == 0 || absent)
      return;
    ::kill(program, SIGINT);
    sent_ = true;
  }

private:
  const std::optional<interruption>& what_;
  bool sent_ = false;
};

int wait_for(pid_t program, const std::optional<interruption>& what) {
  const auto begin = clock::now();
  interrupter interrupt(what);
  for (;;) {
    int status = 0;
    const auto ended = ::waitpid(program, &status, WNOHANG);
    if (ended == program)
      return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    if (ended < 0 && errno != EINTR)
      throw std::runtime_error("cannot wait for the program");
    interrupt.look(program);
    if (clock::now() - begin > time_limit)
      ::kill(program, SIGKILL);
    std::this_thread::sleep_for(polling_interval);
  }
}

} // namespace

temporary_directory::temporary_directory() {
  auto name = (std::filesystem::temp_directory_path() / "tilework-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("cannot create a temporary folder");
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored; // a file that is left behind fails no test
  std::filesystem::remove_all(path_, ignored);
}

program_result run_program(const program_call& call) {
  const temporary_directory scratch;
  std::filesystem::create_directory(scratch / "work");
  const pid_t program = ::fork();
  if (program < 0)
    throw std::runtime_error("cannot start the program");
  if (program == 0)
    become_program(call, scratch);
  program_result result;
  result.exit_code = wait_for(program, call.interrupt);
  result.out = read_file(scratch / "stdout");
  result.err = read_file(scratch / "stderr");
  return result;
}

program_result run_program(std::vector<std::string> arguments) {
  return run_program(program_call{.arguments = std::move(arguments)});
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw std::runtime_error("cannot open " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary);
  out << content;
  out.close();
  if (!out)
    throw std::runtime_error("cannot write " + file.string());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

} // namespace tilework::test
