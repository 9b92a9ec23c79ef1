// Gives a fuzz target every file of some folders once, without libFuzzer: what was found stays found.
//
//   fuzz_replay TARGET FOLDER...     exit code 0, or 1 when there is no input; a broken target ends the program

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#define CS_FUZZ_TARGET(name) extern "C" int fuzz_##name(std::uint8_t const* data, std::size_t size);
#include "targets.inc"
#undef CS_FUZZ_TARGET

namespace {

struct Target {
    std::string_view name;
    int (*run)(std::uint8_t const*, std::size_t);
};

constexpr Target k_targets[] = {
#define CS_FUZZ_TARGET(name) {#name, fuzz_##name},
#include "targets.inc"
#undef CS_FUZZ_TARGET
};

std::vector<std::filesystem::path> files_of(std::span<char* const> folders) {
    std::vector<std::filesystem::path> out;
    for (std::filesystem::path const folder : folders) {
        if (!std::filesystem::is_directory(folder)) continue;
        for (auto const& entry : std::filesystem::directory_iterator(folder)) {
            if (entry.is_regular_file()) out.push_back(entry.path());
        }
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    std::span<char* const> const arguments(argv, static_cast<std::size_t>(argc));
    std::string_view const name = argc > 1 ? argv[1] : "";
    auto const* const target = std::ranges::find(k_targets, name, &Target::name);
    if (target == std::end(k_targets)) {
        std::fprintf(stderr, "fuzz_replay: there is no target '%s'\n", std::string(name).c_str());
        return 1;
    }
    auto const files = files_of(arguments.subspan(2));
    for (auto const& file : files) {
        // Printed before: the last line names the input that broke the target.
        std::printf("%s\n", file.c_str());
        std::fflush(stdout);
        std::ifstream in(file, std::ios::binary);
        std::vector<char> const content{std::istreambuf_iterator<char>(in), {}};
        // A copy of exactly this size, so that a sanitizer sees a read beyond its end.
        std::vector<std::uint8_t> const bytes(content.begin(), content.end());
        target->run(bytes.data(), bytes.size());
    }
    if (files.empty()) std::fprintf(stderr, "fuzz_replay: %s has no inputs; put some into fuzz/corpus\n", argv[1]);
    return files.empty() ? 1 : 0;
}
