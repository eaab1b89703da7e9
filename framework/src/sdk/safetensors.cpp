#include <faceoff/error.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian, and read as they lie");

namespace faceoff {

namespace {

constexpr std::uint64_t longest_header = 100'000'000;

/// A file of which parts are read. It is not mapped: whoever cuts a file that is would end this process.
class Source {
 public:
  explicit Source(const std::filesystem::path& path) : path_(path.string()) {
    std::error_code error;
    const bool regular = std::filesystem::is_regular_file(path, error);  // a pipe is not waited for
    if (error) throw FileError(path_ + ": cannot open: " + error.message());
    if (!regular) throw FileError(path_ + ": not a regular file");
    in_.open(path, std::ios::binary);
    if (!in_) throw FileError(path_ + ": cannot open: " + std::generic_category().message(errno));
    size_ = std::filesystem::file_size(path);
  }

  std::uint64_t size() const { return size_; }
  /// So many bytes from there on, uint8.
  at::Tensor bytes(std::uint64_t at, std::uint64_t count) {
    at::Tensor part;
    try {
      part = at::empty({static_cast<std::int64_t>(count)}, at::kByte);
    } catch (const c10::Error&) {
      throw FileError(path_ + ": there is no memory for " + std::to_string(count) + " bytes of it");
    }
    in_.seekg(static_cast<std::streamoff>(at));
    in_.read(static_cast<char*>(part.data_ptr()), static_cast<std::streamsize>(count));
    if (!in_) throw FileError(path_ + ": it changed while it was read");
    return part;
  }

 private:
  std::string path_;
  std::ifstream in_;
  std::uint64_t size_ = 0;
};

std::string_view text_of(const at::Tensor& bytes) {
  return {static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()};
}

/// What a header says of a tensor: where it lies behind the header, and what it is.
struct Entry {
  std::uint64_t begin, end;
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> sizes;
};

std::pair<at::ScalarType, std::uint64_t> scalar_type(const std::string& name) {
  if (name == "F64") return {at::kDouble, 8};
  if (name == "F32") return {at::kFloat, 4};
  if (name == "F16") return {at::kHalf, 2};
  if (name == "BF16") return {at::kBFloat16, 2};
  if (name == "I64") return {at::kLong, 8};
  if (name == "U8") return {at::kByte, 1};
  return {at::ScalarType::Undefined, 0};
}

/// Parses the header, and refuses what nlohmann's parser lets pass: a name that stands twice, and lists in lists for as
/// much memory as there is.
nlohmann::json parse_header(std::string_view text) {
  constexpr int deepest = 3;  // a tensor's shape
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (depth >= deepest && (event == Event::object_start || event == Event::array_start))
      throw Error("its header is nested deeper than tensors are");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event != Event::key) return true;
    const auto name = parsed.get<std::string>();
    if (std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
      throw Error("its header has a name with control characters");
    if (!keys.back().insert(name).second) throw Error("its header names '" + name + "' twice");
    return true;
  };
  nlohmann::json header = nlohmann::json::parse(text, watch, false);
  if (!header.is_object()) throw Error("its header is no JSON object");
  return header;
}

/// A tensor's list of whole numbers; nlohmann's own conversion takes 2.5 and true for such.
std::vector<std::uint64_t> whole_numbers(const std::string& tensor, const nlohmann::json& about, const char* key) {
  const nlohmann::json list = about.value(key, nlohmann::json());
  if (!list.is_array() || !std::ranges::all_of(list, &nlohmann::json::is_number_unsigned)) {
    throw Error("tensor '" + tensor + "': " + key + " is no list of whole numbers");
  }
  return list.get<std::vector<std::uint64_t>>();
}

/// A tensor as a header says it, of so many bytes of numbers. Throws Error where it can't be.
Entry entry_of(const std::string& name, const nlohmann::json& about, std::uint64_t data_size) {
  if (!about.is_object()) throw Error("tensor '" + name + "' has no dtype, shape and data_offsets");
  const nlohmann::json dtype = about.value("dtype", nlohmann::json());
  const auto [type, width] = scalar_type(dtype.is_string() ? dtype.get<std::string>() : "");
  if (width == 0) throw Error("tensor '" + name + "' has the type " + dtype.dump());
  const std::vector<std::uint64_t> shape = whole_numbers(name, about, "shape");
  const std::vector<std::uint64_t> offsets = whole_numbers(name, about, "data_offsets");
  if (offsets.size() != 2) throw Error("tensor '" + name + "' has no begin and end in data_offsets");
  Entry entry{offsets[0], offsets[1], name, type, {}};
  std::uint64_t count = width;
  for (const std::uint64_t n : shape) {
    if (__builtin_mul_overflow(count, n, &count) || n > std::uint64_t{1} << 48U) {
      throw Error("tensor '" + name + "' is larger than can be");
    }
    entry.sizes.push_back(static_cast<std::int64_t>(n));
  }
  if (entry.begin > entry.end || entry.end > data_size || entry.end - entry.begin != count) {
    throw Error("tensor '" + name + "' should have " + std::to_string(count) + " bytes and lies at " +
                about.at("data_offsets").dump() + " of " + std::to_string(data_size));
  }
  return entry;
}

/// Throws Error where tensors do not fill a file's numbers, one behind the other.
void require_filled(std::vector<Entry>& entries, std::uint64_t data_size) {
  // Of an empty tensor and the one behind it, which begin together, the empty one first.
  std::ranges::sort(entries, {}, [](const Entry& one) { return std::tie(one.begin, one.end, one.name); });
  std::uint64_t reached = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != reached) throw Error("tensor '" + entry.name + "' overlaps another or leaves a hole");
    reached = entry.end;
  }
  if (reached != data_size) throw Error(std::to_string(data_size - reached) + " bytes at its end belong to no tensor");
}

/// Whether torch.save wrote it: a zip archive, or a pickle of its magic number before PyTorch 1.6.
bool written_by_pytorch(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") ||
         bytes.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
}

}  // namespace

TensorFile::TensorFile(const std::filesystem::path& path) : path_(path.string()) {
  Source file(path);
  const auto fail = [&](const std::string& what,
                        const std::string& instead = "scripts/models makes the standard weights") {
    throw FileError(path_ + ": not a whole safetensors file: " + what + "; " + instead);
  };
  std::uint64_t header_size = 0;
  constexpr std::uint64_t longest_start = 15;  // by which a PyTorch file is told
  const at::Tensor start = file.bytes(0, std::min(file.size(), longest_start));
  if (written_by_pytorch(text_of(start))) {
    fail("it is a PyTorch file", "scripts/export --state-dict " + path_ + " OUT.safetensors converts a state dict");
  }
  if (file.size() < sizeof header_size) fail("it has " + std::to_string(file.size()) + " bytes");
  std::memcpy(&header_size, start.data_ptr(), sizeof header_size);
  if (header_size > longest_header || header_size > file.size() - sizeof header_size) {
    fail("it says that its header has " + std::to_string(header_size) + " bytes");
  }
  const std::uint64_t data = sizeof header_size + header_size, data_size = file.size() - data;
  const at::Tensor header_bytes = file.bytes(sizeof header_size, header_size);
  std::vector<Entry> entries;
  try {
    const nlohmann::json header = parse_header(text_of(header_bytes));
    for (const auto& [name, about] : header.items()) {
      if (name == "__metadata__") {
        metadata_ = about.get<std::map<std::string, std::string>>();
      } else {
        entries.push_back(entry_of(name, about, data_size));
      }
    }
    require_filled(entries, data_size);
  } catch (const nlohmann::json::exception&) {
    fail("its __metadata__ is not of words alone");
  } catch (const Error& error) {
    fail(error.what());
  }
  const at::Tensor numbers = file.bytes(data, data_size);
  for (const Entry& entry : entries) {
    tensors_[entry.name] = at::from_blob(
        static_cast<char*>(numbers.data_ptr()) + entry.begin, entry.sizes, [numbers](void*) {},
        at::TensorOptions(entry.type));
  }
}

std::string to_safetensors(const std::map<std::string, at::Tensor>& tensors,
                           const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor values = tensor.to(at::kCPU, at::kFloat).contiguous();
    const std::size_t begin = data.size();
    data.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
    header[name] = {{"dtype", "F32"}, {"shape", values.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors begin at a multiple of 8 bytes
  const std::uint64_t size = text.size();
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes + text + data;
}

at::Tensor TensorFile::get(const std::string& name, at::IntArrayRef shape, at::ScalarType dtype) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw FileError(path_ + ": no tensor '" + name + "'");
  const at::Tensor& stored = found->second;
  const auto fits = [](std::int64_t size, std::int64_t wanted) { return wanted < 0 ? size != 0 : size == wanted; };
  const auto print = [](at::IntArrayRef sizes) {
    std::string text;
    for (const std::int64_t n : sizes)
      text += (text.empty() ? "" : ", ") + (n < 0 ? std::string("any") : std::to_string(n));
    return "[" + text + "]";
  };
  if (!std::ranges::equal(stored.sizes(), shape, fits)) {
    throw FileError(path_ + ": tensor '" + name + "' has the shape " + print(stored.sizes()) + ", not " + print(shape));
  }
  const at::Tensor tensor = stored.to(dtype, /*non_blocking=*/false, /*copy=*/true);
  if (!at::isfinite(tensor).all().item<bool>())
    throw FileError(path_ + ": tensor '" + name + "' has values that are not finite");
  return tensor;
}

}  // namespace faceoff
