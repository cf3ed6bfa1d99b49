// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/output_file.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace tilework::cli {

void write_file(const std::filesystem::path& path, std::string_view content) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.flush();
  if (!out)
    throw run_error(
        fmt::format("cannot write {}: {}", path.string(), errno != 0 ? std::strerror(errno) : "write failed"));
}

} // namespace tilework::cli
