// SPDX-License-Identifier: Apache-2.0
// Which room may include which: arrows point down only.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {
namespace {

namespace fs = std::filesystem;
using rooms = std::set<std::string>;

const std::map<std::string, rooms> allowed{
    {"core", {}},
    {"config", {"core"}},
    {"numerics", {"core"}},
    {"physics", {"core"}},
    {"catalog", {"core", "config", "physics"}},
    {"tlm", {"core"}},
    {"modules", {"core", "tlm", "physics", "numerics"}},
    {"workloads", {"core", "numerics"}},
    {"report", {"core"}},
    {"platforms", {"core", "config", "modules", "tlm", "physics", "numerics"}},
    {"cli", {"core", "config", "numerics", "physics", "tlm", "modules", "workloads", "report", "platforms", "catalog"}},
};
const rooms with_systemc{"tlm", "modules", "platforms", "cli"};

bool is_source(const fs::path& file) {
  return file.extension() == ".h" || file.extension() == ".cpp";
}

struct finding {
  std::vector<std::string> violations; ///< "room/file -> what", sorted
  std::map<std::string, int> files;    ///< scanned, per room
};

/// The header that a line includes, or nothing.
std::string_view included(std::string_view line) {
  const auto skip = [&line](std::string_view text) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const bool found = line.starts_with(text);
    if (found)
      line.remove_prefix(text.size());
    return found;
  };
  if (!skip("#") || !skip("include") || (!skip("<") && !skip("\"")))
    return {};
  return line.substr(0, line.find_first_of(">\""));
}

bool is_kernel_header(std::string_view header) {
  constexpr std::string_view prefixes[] = {"systemc", "sysc/", "tlm_", "tlm."};
  return header == "tlm" ||
         std::ranges::any_of(prefixes, [header](std::string_view prefix) { return header.starts_with(prefix); });
}

void check_line(const std::string& room, const std::string& where, std::string_view line, finding& found) {
  auto header = included(line);
  if (is_kernel_header(header) && !with_systemc.contains(room))
    found.violations.push_back(where + " -> " + std::string(header));
  while (header.starts_with("../"))
    header.remove_prefix(3);
  if (header.starts_with("tilework/"))
    header.remove_prefix(9);
  const std::string target(header.substr(0, header.find('/')));
  const bool in_a_room = header.size() > target.size() && allowed.contains(target);
  if (in_a_room && target != room && !allowed.at(room).contains(target))
    found.violations.push_back(where + " -> " + target);
}

finding scan(const fs::path& root) {
  finding found;
  for (const auto& [room, below] : allowed) {
    if (!fs::is_directory(root / room))
      continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      if (!entry.is_regular_file() || !is_source(entry.path()))
        continue;
      ++found.files[room];
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);)
        check_line(room, fs::relative(entry.path(), root).string(), line, found);
    }
  }
  std::ranges::sort(found.violations);
  return found;
}

TEST(arrows, point_down_only) {
  const char* source = std::getenv("TILEWORK_SOURCE");
  ASSERT_NE(source, nullptr) << "set TILEWORK_SOURCE to the root of the source tree";
  const auto found = scan(source);
  EXPECT_EQ(found.violations, std::vector<std::string>{});
  for (const auto& [room, below] : allowed)
    EXPECT_GT(found.files.count(room), 0U) << room << " has no sources: is this the right tree?";
}

TEST(arrows, allowed_ones_have_no_cycle) {
  for (const auto& [room, below] : allowed)
    for (const auto& target : below)
      EXPECT_FALSE(allowed.at(target).contains(room)) << room << " <-> " << target;
}

/// Shows that the scan fails where it should.
TEST(arrows, planted_violations_are_found) {
  const auto root = fs::temp_directory_path() / ("tilework_arrows_" + std::to_string(::getpid()));
  const auto plant = [&root](const fs::path& file, const std::string& text) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  };
  plant("core/a.h", "#include <tilework/core/b.h>\n#include <vector>\n#include <fmt/format.h>\n");
  plant("core/up.h", "#pragma once\n#  include <tilework/tlm/time.h>\n");
  plant("physics/devices/clock.cpp", "#include <systemc>\n#include \"tilework/modules/tile/tile.h\"\n");
  plant("numerics/relative.h", "#include \"../workloads/mapping.h\"\n");
  plant("workloads/x.cpp",
        "// #include <tilework/physics/x.h>\n#include <tilework/physics/y.h>\n#include <tlm_utils/z.h>\n");
  plant("modules/fine.cpp",
        "#include <tilework/physics/y.h>\n#include <systemc>\n#include <tlm_utils/peq_with_get.h>\n");
  plant("report/notes.md", "#include <tilework/cli/x.h>\n");
  const auto found = scan(root);
  fs::remove_all(root);
  EXPECT_EQ(found.violations,
            (std::vector<std::string>{"core/up.h -> tlm", "numerics/relative.h -> workloads",
                                      "physics/devices/clock.cpp -> modules", "physics/devices/clock.cpp -> systemc",
                                      "workloads/x.cpp -> physics", "workloads/x.cpp -> tlm_utils/z.h"}));
}

} // namespace
} // namespace tilework
