#include "base/text.hpp"
#include "base/toml_guard.hpp"
#include "family/family.hpp"
#include "family/problems.hpp"
#include "family/toml_reader.hpp"

#include "countersign/embedded_families.hpp"
#include "countersign/errors/fam.hpp"
#include "countersign/errors/fil.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace countersign::family {
namespace {

constexpr std::uintmax_t k_max_file = 1024 * 1024;

struct Source {
    std::string name;
    std::string text;
};

Result<Source> read_file(std::filesystem::path const& file) {
    std::error_code code;
    auto const size = std::filesystem::file_size(file, code);
    if (code) return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", code.message()}});
    if (size > k_max_file) return fail(errors::fil::too_large, {{"file", file.string()}, {"limit", std::to_string(k_max_file)}});
    std::ifstream stream(file, std::ios::binary);
    std::string text(size, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(size));
    if (!stream) return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", "it could not be read to its end"}});
    return Source{file.string(), std::move(text)};
}

std::vector<Error> problems_of(Error error) {
    if (error.id() == errors::fam::invalid_family_file || error.causes().empty()) return {std::move(error)};
    return error.causes();
}

/// All families of `sources`, or every problem of every file.
Result<std::vector<FamilyPtr>> parse_all(std::vector<Source> const& sources) {
    std::vector<FamilyPtr> families;
    std::vector<Error> problems;
    for (auto const& source : sources) {
        auto family = parse_family(source.text, source.name);
        if (!family) {
            std::ranges::move(problems_of(std::move(family).error()), std::back_inserter(problems));
            continue;
        }
        auto const same = std::ranges::find(families, (*family)->id, [](FamilyPtr const& f) { return f->id; });
        if (same == families.end()) {
            families.push_back(*std::move(family));
            continue;
        }
        Error twice(errors::fam::invalid_family_file);
        twice.with("file", source.name).with("line", "1").with("detail", "another file has the id " + (*family)->id + " too");
        problems.push_back(std::move(twice));
    }
    if (!problems.empty()) return fail(all_of(std::move(problems)));
    return families;
}

}  // namespace

Result<FamilyPtr> parse_family(std::string_view text, std::string_view file) {
    Problems problems(file);
    if (auto const line = find_fatal_toml(text)) {
        problems.add(*line, "a character that TOML does not allow here");
        return fail(all_of(problems.take()));
    }
    toml::table table;
    try {
        table = toml::parse(text, std::string_view(file));
    } catch (toml::parse_error const& error) {
        problems.add(error.source().begin.line, error.description());
        return fail(all_of(problems.take()));
    }
    Lines lines;
    auto family = std::make_shared<Family>(read_family(table, problems, lines));
    check_family(*family, lines, problems);
    if (!problems.empty()) return fail(all_of(problems.take()));
    return FamilyPtr(std::move(family));
}

Result<FamilyPtr> load_family(std::filesystem::path const& file) {
    CS_TRY(auto const source, read_file(file));
    return parse_family(source.text, source.name);
}

namespace {

Result<std::vector<Source>> read_folder(std::filesystem::path const& folder) {
    std::error_code code;
    std::vector<std::filesystem::path> files;
    for (auto entry = std::filesystem::directory_iterator(folder, code); !code && entry != std::filesystem::directory_iterator();
         entry.increment(code))
        if (entry->path().extension() == ".toml") files.push_back(entry->path());
    if (code) return fail(errors::fil::cannot_read, {{"file", folder.string()}, {"detail", code.message()}});
    if (files.empty()) return fail(errors::fil::cannot_read, {{"file", folder.string()}, {"detail", "it holds no *.toml"}});
    std::ranges::sort(files);
    std::vector<Source> sources;
    for (auto const& file : files) {
        CS_TRY(auto source, read_file(file));
        sources.push_back(std::move(source));
    }
    return sources;
}

std::vector<Source> embedded_sources() {
    std::vector<Source> sources;
    for (auto const& file : embedded::families()) sources.push_back({std::string(file.name), std::string(file.text)});
    return sources;
}

}  // namespace

Result<Families> Families::load_embedded() {
    Families result;
    CS_TRY(result.families_, parse_all(embedded_sources()));
    return result;
}

Result<Families> Families::load_folder(std::filesystem::path const& folder) {
    CS_TRY(auto const sources, read_folder(folder));
    Families result;
    CS_TRY(result.families_, parse_all(sources));
    return result;
}

Result<Families> Families::load_with_folder(std::filesystem::path const& folder) {
    auto sources = embedded_sources();
    CS_TRY(auto further, read_folder(folder));
    std::ranges::move(further, std::back_inserter(sources));
    Families result;
    CS_TRY(result.families_, parse_all(sources));
    return result;
}

}  // namespace countersign::family
