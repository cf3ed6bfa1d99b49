// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/run_directory.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace tilework::report {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, int reason) {
  throw run_error(fmt::format("cannot write {}: {}; free some space or choose another --out", file.string(),
                              reason != 0 ? std::strerror(reason) : "write failed"));
}

/// Whether everything reached the file; if not, errno tells why.
bool write_file(const fs::path& file, std::string_view content, std::ios::openmode mode) {
  errno = 0;
  std::ofstream out(file, mode);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  return static_cast<bool>(out);
}

} // namespace

run_directory run_directory::create(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / configuration_file, error))
    throw input_error(fmt::format("{}:0:0: holds an earlier run; choose another --out, remove it, or continue it with "
                                  "--resume {}",
                                  path.string(), path.string()));
  if (fs::is_directory(path, error) && !fs::is_empty(path, error))
    throw input_error(fmt::format("{}:0:0: is not empty; choose another --out", path.string()));
  fs::create_directories(path / "checkpoint", error);
  if (error)
    throw input_error(fmt::format("{}:0:0: cannot create the run directory: {}", path.string(), error.message()));
  return run_directory(path);
}

run_directory run_directory::open(const fs::path& path) {
  if (!fs::exists(path / configuration_file) || !fs::exists(path / checkpoint_file))
    throw input_error(fmt::format("{}:0:0: holds no run to resume ({} and {} are needed)", path.string(),
                                  configuration_file, checkpoint_file));
  return run_directory(path);
}

void run_directory::write(std::string_view name, std::string_view content) const {
  const auto target = path_ / name;
  auto partial = target;
  partial += ".partial";
  std::error_code error;
  if (write_file(partial, content, std::ios::binary)) {
    fs::rename(partial, target, error);
    if (!error)
      return;
  }
  const int reason = errno;
  fs::remove(partial, error);
  refuse(target, reason);
}

void run_directory::append(std::string_view name, std::string_view line) const {
  const auto target = path_ / name;
  if (!write_file(target, std::string(line) + '\n', std::ios::app))
    refuse(target, errno);
}

} // namespace tilework::report
