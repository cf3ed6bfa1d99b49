// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/checkpoint.h>
#include <tilework/cli/checksum.h>
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <sstream>

namespace tilework::cli {
namespace {

struct header {
  std::array<char, 8> magic{'T', 'W', 'S', 'T', 'A', 'T', 'E', '\n'};
  std::uint32_t version = 2;
  std::uint32_t timing = 0;
  std::uint64_t configuration = 0; ///< checksum of the resolved configuration
  std::uint64_t state_bytes = 0;
  std::uint64_t state = 0; ///< checksum
};

std::uint64_t checksum(const std::string& bytes) {
  crc64 crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

} // namespace

std::string encode_checkpoint(const simulation& run, const std::string& resolved_yaml, hardware::timing_mode timing) {
  std::ostringstream state;
  run.save(state);
  const std::string body = state.str();
  header h;
  h.timing = static_cast<std::uint32_t>(timing);
  h.configuration = checksum(resolved_yaml);
  h.state_bytes = body.size();
  h.state = checksum(body);
  std::ostringstream out;
  byte_writer(out).write(h);
  return out.str() + body;
}

void restore_checkpoint(const std::filesystem::path& file, simulation& run, const std::string& resolved_yaml,
                        hardware::timing_mode timing) {
  const auto refuse = [&](std::string_view why) { throw input_error(fmt::format("{}:0:0: {}", file.string(), why)); };
  std::ifstream in(file, std::ios::binary);
  if (!in)
    refuse("cannot open the checkpoint");
  header h;
  try {
    byte_reader(in).read(h);
  } catch (const input_error& truncated) {
    refuse(truncated.what());
  }
  const header expected;
  if (h.magic != expected.magic || h.version != expected.version)
    refuse("is no checkpoint of this version of tilework; start again without --resume");
  if (h.configuration != checksum(resolved_yaml))
    refuse("belongs to another configuration than config.yaml beside it; restore that file or start again");
  if (h.timing != static_cast<std::uint32_t>(timing))
    refuse("was written with the other --timing mode; pass the same one");
  const std::string body{std::istreambuf_iterator<char>(in), {}};
  if (body.size() != h.state_bytes || checksum(body) != h.state)
    refuse("is damaged (checksum); start again without --resume");
  std::istringstream state(body);
  run.restore(state);
}

} // namespace tilework::cli
