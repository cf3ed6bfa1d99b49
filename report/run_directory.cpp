// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/run_directory.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace tilework::report {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, int reason) {
  throw run_error(fmt::format("cannot write {}: {}; free some space or choose another --out", file.string(),
                              reason != 0 ? std::strerror(reason) : "write failed"));
}

/// Whether everything reached the file; if not, errno tells why.
template <typename Fill>
bool write_file(const fs::path& file, std::ios::openmode mode, Fill&& fill) {
  errno = 0;
  std::ofstream out(file, mode);
  fill(out);
  out.close();
  return static_cast<bool>(out);
}

/// A file that goes away unless it was renamed.
class partial_file {
public:
  explicit partial_file(fs::path path) : path_(std::move(path)) {}
  ~partial_file() {
    std::error_code ignored; // gone if it was renamed
    fs::remove(path_, ignored);
  }
  partial_file(const partial_file&) = delete;
  partial_file& operator=(const partial_file&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

private:
  fs::path path_;
};

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

run_directory run_directory::create_numbered(const fs::path& base, const std::string& name) {
  auto path = base / name;
  for (int n = 2; fs::exists(path); ++n)
    path = base / fmt::format("{}-{}", name, n);
  return create(path);
}

run_directory run_directory::open(const fs::path& path) {
  if (!fs::exists(path / configuration_file) || !fs::exists(path / checkpoint_file))
    throw input_error(fmt::format("{}:0:0: holds no run to resume ({} and {} are needed)", path.string(),
                                  configuration_file, checkpoint_file));
  return run_directory(path);
}

void run_directory::write(std::string_view name, std::string_view content) const {
  write(name, [content](std::ostream& out) { out << content; });
}

void run_directory::write(std::string_view name, const std::function<void(std::ostream&)>& fill) const {
  const auto target = path_ / name;
  const partial_file partial(fs::path(target) += ".partial");
  if (!write_file(partial.path(), std::ios::binary, fill))
    refuse(target, errno);
  std::error_code error;
  fs::rename(partial.path(), target, error);
  if (error)
    refuse(target, error.value());
}

void run_directory::append(std::string_view name, std::string_view line) const {
  const auto target = path_ / name;
  if (!write_file(target, std::ios::app, [line](std::ostream& out) { out << line << '\n'; }))
    refuse(target, errno);
}

void run_directory::append_bytes(std::string_view name, std::string_view bytes) const {
  const auto target = path_ / name;
  if (!write_file(target, std::ios::app | std::ios::binary, [bytes](std::ostream& out) { out << bytes; }))
    refuse(target, errno);
}

bool run_directory::cut(std::string_view name, std::uint64_t bytes) const {
  const auto target = path_ / name;
  std::error_code error;
  const auto size = fs::file_size(target, error);
  if (error || size < bytes)
    return false;
  fs::resize_file(target, bytes, error);
  if (error)
    refuse(target, error.value());
  return true;
}

} // namespace tilework::report
