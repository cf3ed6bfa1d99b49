// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/checkpoint.h>
#include <tilework/cli/checksum.h>
#include <tilework/core/byte_stream.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <istream>
#include <ostream>
#include <streambuf>
#include <vector>

namespace tilework::cli {
namespace {

struct header {
  std::array<char, 8> magic{'T', 'W', 'S', 'T', 'A', 'T', 'E', '\n'};
  std::uint32_t version = 6;
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

/// Passes bytes on and sums them up.
class summing_buffer final : public std::streambuf {
public:
  explicit summing_buffer(std::streambuf& target) : target_(target) {}
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t checksum() const { return crc_.checksum(); }

protected:
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const auto passed = target_.sputn(bytes, count);
    crc_.process_bytes(bytes, static_cast<std::size_t>(passed));
    bytes_ += static_cast<std::uint64_t>(passed);
    return passed;
  }
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    return traits_type::eq_int_type(c, traits_type::eof()) || xsputn(&byte, 1) == 1 ? traits_type::not_eof(c)
                                                                                    : traits_type::eof();
  }

private:
  std::streambuf& target_;
  crc64 crc_;
  std::uint64_t bytes_ = 0;
};

/// Reads to the end of a file.
bool is_intact(std::istream& in, const header& h) {
  crc64 crc;
  std::uint64_t bytes = 0;
  std::vector<char> piece(std::size_t{1} << 16U);
  do {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    crc.process_bytes(piece.data(), static_cast<std::size_t>(in.gcount()));
    bytes += static_cast<std::uint64_t>(in.gcount());
  } while (in);
  return bytes == h.state_bytes && crc.checksum() == h.state;
}

} // namespace

void write_checkpoint(std::ostream& out, const simulation& run, const std::string& resolved_yaml,
                      hardware::timing_mode timing) {
  header h;
  h.timing = static_cast<std::uint32_t>(timing);
  h.configuration = checksum(resolved_yaml);
  byte_writer(out).write(h); // room: size and checksum of the state are not known yet
  summing_buffer sum(*out.rdbuf());
  std::ostream state(&sum);
  run.save(state);
  if (!state)
    out.setstate(std::ios::badbit);
  h.state_bytes = sum.bytes();
  h.state = sum.checksum();
  out.seekp(0);
  byte_writer(out).write(h);
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
  const auto state = in.tellg();
  if (!is_intact(in, h))
    refuse("is damaged (checksum); start again without --resume");
  in.clear();
  in.seekg(state);
  run.restore(in);
}

} // namespace tilework::cli
