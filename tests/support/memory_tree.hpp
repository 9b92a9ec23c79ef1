#pragma once

/// Files of no system: what those who transfer files do to a tree, without one. Two can be written; what is written stays to be looked at.

#include "device/files/file_tree.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace countersign::testing {

class MemoryTree final : public device::FileTree {
public:
    std::map<std::string, std::string, std::less<>> files{
        {"/a.txt", "first"}, {"/folder/b.txt", "second"}, {"/folder/fixed.txt", "never changes"}};
    std::vector<std::pair<std::string, std::string>> written;
    bool read_only_peer = false;
    bool refuses_contents = false;

    [[nodiscard]] Result<device::FileEntry> find(std::string_view path) const override {
        if (path == "/" || path == "/folder") return device::FileEntry{.path = std::string(path), .folder = true};
        auto const found = files.find(path);
        if (found == files.end()) return nothing_at(path);
        return device::FileEntry{.path = found->first, .writable = !path.ends_with("fixed.txt"), .size = found->second.size()};
    }
    [[nodiscard]] Result<std::vector<device::FileEntry>> list(std::string_view folder) const override {
        if (folder != "/" && folder != "/folder") return nothing_at(folder);
        std::vector<device::FileEntry> out;
        if (folder == "/") out.push_back({.path = "/folder", .folder = true});
        for (auto const& [path, content] : files)
            if (path.starts_with("/folder/") == (folder == "/folder")) out.push_back({.path = path, .size = content.size()});
        return out;
    }
    [[nodiscard]] Result<std::string> read(std::string_view path) const override {
        auto const found = files.find(path);
        if (found == files.end()) return nothing_at(path);
        return found->second;
    }
    [[nodiscard]] Result<void> check_writable(std::string_view path) const override {
        CS_TRY(auto const entry, find(path));
        if (read_only_peer) return fail(errors::acc::read_only, {{"user", "auditor"}});
        if (!entry.writable) return fail(errors::dev::file_read_only, {{"path", path}});
        return {};
    }
    Result<void> write(std::string_view path, SecretText contents) override {
        CS_CHECK(check_writable(path));
        if (refuses_contents) return fail(errors::gen::invalid_input, {{"field", path}, {"detail", "it is not what it should be"}});
        written.emplace_back(path, contents.reveal());
        return {};
    }

private:
    static Failure nothing_at(std::string_view path) { return fail(errors::gen::not_found, {{"what", "file"}, {"name", path}}); }
};

}  // namespace countersign::testing
