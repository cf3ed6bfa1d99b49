// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/workloads/datasets/idx.h>

#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/device/back_inserter.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace tilework::workload {
namespace {

using bytes = std::vector<std::uint8_t>;
constexpr std::uint32_t images_magic = 0x00000803; // unsigned bytes, three dimensions
constexpr std::uint32_t labels_magic = 0x00000801; // unsigned bytes, one dimension

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw input_error(fmt::format("{}:0:0: {}", file.string(), what));
}

bytes read_file(const std::filesystem::path& path) {
  std::error_code unreadable; // counts as absent
  if (!std::filesystem::is_regular_file(path, unreadable))
    fail(path, "cannot open: no such file");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail(path, "cannot open: permission denied or not readable");
  boost::iostreams::filtering_istream in;
  if (path.extension() == ".gz")
    in.push(boost::iostreams::gzip_decompressor());
  in.push(file);
  std::vector<char> content;
  try {
    boost::iostreams::copy(in, boost::iostreams::back_inserter(content));
  } catch (const boost::iostreams::gzip_error&) {
    fail(path, "corrupt: not a complete gzip file; fetch or copy it again");
  }
  return {content.begin(), content.end()};
}

/// A file that was read, and its place of reading.
class idx_reader {
public:
  idx_reader(std::filesystem::path path, std::uint32_t magic) : path_(std::move(path)), content_(read_file(path_)) {
    const std::uint32_t found = next_word();
    if (found != magic)
      fail(path_, fmt::format("wrong magic number {}: expected {}, an IDX file of {}", found, magic,
                              magic == images_magic ? "images" : "labels"));
  }

  std::uint32_t next_word() {
    if (content_.size() - position_ < 4)
      fail(path_,
           fmt::format("truncated: the header ends after {} bytes; fetch or copy the file again", content_.size()));
    std::uint32_t word = 0;
    for (int i = 0; i < 4; ++i)
      word = (word << 8U) | content_[position_++];
    return word;
  }

  /// Everything after the header, which must be `expected` bytes.
  bytes take_rest(std::uint64_t expected) {
    const std::uint64_t found = content_.size() - position_;
    if (found < expected)
      fail(path_,
           fmt::format("truncated: the header announces {} bytes of data, the file has {}; fetch or copy it again",
                       expected, found));
    if (found > expected)
      fail(path_, fmt::format("{} trailing bytes after the {} that the header announces", found - expected, expected));
    content_.erase(content_.begin(), content_.begin() + static_cast<std::ptrdiff_t>(position_));
    return std::move(content_);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
  bytes content_;
  std::size_t position_ = 0;
};

} // namespace

labelled_set read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, idx_shape shape) {
  idx_reader image_file(images, images_magic);
  const std::uint32_t count = image_file.next_word();
  const std::uint32_t rows = image_file.next_word();
  const std::uint32_t columns = image_file.next_word();
  if (rows != shape.rows || columns != shape.columns)
    fail(images, fmt::format("images of {} x {} pixels: expected {} x {}", rows, columns, shape.rows, shape.columns));
  if (count == 0)
    fail(images, "holds no images");
  const std::uint32_t features = rows * columns;

  idx_reader label_file(labels, labels_magic);
  const std::uint32_t label_count = label_file.next_word();
  if (label_count != count)
    fail(labels, fmt::format("{} labels for the {} images of {}: the files do not belong together", label_count, count,
                             images.string()));

  bytes pixels = image_file.take_rest(std::uint64_t{count} * features);
  bytes classes = label_file.take_rest(count);
  const auto wrong = std::ranges::find_if(classes, [&](std::uint8_t c) { return c >= shape.classes; });
  if (wrong != classes.end())
    fail(labels, fmt::format("label {} of sample {} is out of range: allowed are 0 to {}", *wrong,
                             wrong - classes.begin(), shape.classes - 1));
  return {features, std::move(pixels), std::move(classes)};
}

labelled_set read_idx_directory(const std::filesystem::path& directory, data_split split, idx_shape shape) {
  const std::string_view prefix = split == data_split::train ? "train" : "t10k";
  const auto locate = [&](std::string_view kind) {
    const auto plain = directory / fmt::format("{}-{}-ubyte", prefix, kind);
    auto packed = plain;
    packed += ".gz";
    for (const auto& candidate : {plain, packed})
      if (std::filesystem::exists(candidate))
        return candidate;
    fail(plain,
         fmt::format("no such file, plain or .gz: pass --data DIR with {} in DIR/NAME or in DIR", idx_file_names));
  };
  const auto images = locate("images-idx3");
  return read_idx(images, locate("labels-idx1"), shape);
}

} // namespace tilework::workload
