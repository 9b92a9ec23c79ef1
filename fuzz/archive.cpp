// Archives of answers: tar and zip, and what is deflated in them.

#include "dialect/archive/archive.hpp"

#include "dialect/archive/inflate.hpp"
#include "fuzz/target.hpp"

using namespace countersign;
using namespace countersign::dialect;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    archive::Limits const limits{.files = 100, .bytes = 1UL << 20};
    auto const text = fuzz::text_of(data, size);
    if (auto const files = archive::read(text, limits)) {
        must_hold(files->size() <= limits.files, "an archive has a limit of files");
        std::size_t bytes = 0;
        for (auto const& file : *files) bytes += file.content.size();
        must_hold(bytes <= limits.bytes, "an archive has a limit of bytes");
        auto const again = archive::read(archive::write_zip(*files, UtcTime()), limits);
        // A folder's name ends with a slash, and a folder is left out.
        for (auto const& file : *files)
            if (file.name.ends_with('/')) return 0;
        must_hold(again && *again == *files, "what was read can be written, and is read as the same");
    }
    constexpr std::size_t most = 1UL << 16;
    if (auto const unpacked = archive::inflate(text, most)) must_hold(unpacked->size() <= most, "unpacking ends at the limit");
    return 0;
}
