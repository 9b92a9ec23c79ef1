#include "dialect/archive/inflate.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <zlib.h>

namespace countersign::dialect::archive {
namespace {

/// Without zlib's own head and check sum: zip has its own.
constexpr int k_raw = -MAX_WBITS;
constexpr std::size_t k_first = 64UL * 1024;

struct End {
    void operator()(z_stream* stream) const { ::inflateEnd(stream); }
};

}  // namespace

std::optional<std::string> inflate(std::string_view packed, std::size_t most) {
    if (packed.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
    z_stream stream{};
    if (::inflateInit2(&stream, k_raw) != Z_OK) return std::nullopt;
    std::unique_ptr<z_stream, End> const held(&stream);
    // zlib does not write here; its type is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    int state = Z_OK;
    while (state == Z_OK) {
        // One byte beyond the limit shows that there is more.
        auto const room = std::min(std::max(k_first, out.size()), most + 1 - out.size());
        if (room == 0) return std::nullopt;
        auto const before = out.size();
        out.resize(before + room);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(room);
        state = ::inflate(&stream, Z_NO_FLUSH);
        out.resize(out.size() - stream.avail_out);
        if (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) return std::nullopt;
    }
    if (state != Z_STREAM_END || stream.avail_in > 0 || out.size() > most) return std::nullopt;
    return out;
}

}  // namespace countersign::dialect::archive
