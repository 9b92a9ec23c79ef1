#include "device/hooks/delivery.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "host/program.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <cstdlib>

namespace countersign::device {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_file_limit = 4 * 1024 * 1024;
constexpr std::size_t k_shown = 600;  ///< of what a command said, in the error

SecretText content(HookPart part, HookMaterial const& material) {
    switch (part) {
        case HookPart::certificate: return SecretText(material.leaf + material.chain);
        case HookPart::leaf: return SecretText(std::string(material.leaf));
        case HookPart::chain: return SecretText(std::string(material.chain));
        case HookPart::key: return SecretText(material.key.reveal());
        case HookPart::combined: return SecretText(material.leaf + material.chain + material.key.reveal());
        case HookPart::trust: return SecretText(std::string(material.trust));
    }
    return {};
}

struct File {
    fs::path path;
    SecretText content;
};

fs::path previous(fs::path const& file) {
    auto out = file;
    out += ".previous";
    return out;
}

bool is_there(fs::path const& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
}

bool holds(File const& file) {
    auto held = host::read_secret_file(file.path, k_file_limit);
    return held && held->reveal() == file.content.reveal();
}

Error failed(Hook const& hook, std::string_view step, std::string_view detail) {
    return {errors::dev::hook_failed, {{"hook", hook.name}, {"step", step}, {"detail", detail}}};
}

/// Everything that a delivery depends on: when it changes, the hook is run again.
std::string digest(Hook const& hook, std::vector<File> const& files) {
    std::string all = std::to_string(hook.access.mode) + '\n' + join(hook.check, "\n") + '\n' + join(hook.reload, "\n") + '\n';
    for (auto const& file : files) all += file.path.string() + '\n' + host::hash_token(file.content.reveal()) + '\n';
    return host::hash_token(all);
}

class Record {
public:
    explicit Record(fs::path file) : file_(std::move(file)) {}
    [[nodiscard]] std::string read() const { return std::string(trim(host::read_file(file_, 256).value_or(""))); }
    Result<void> write(std::string_view state, std::string_view digest) const {
        return host::write_file(file_, std::string(state) + ' ' + std::string(digest) + '\n', host::Privacy::owner_only);
    }

private:
    fs::path file_;
};

Result<void> keep_previous(std::vector<File> const& files) {
    for (auto const& file : files) {
        if (!is_there(file.path)) {
            CS_CHECK(host::remove_file(previous(file.path)));
            continue;
        }
        CS_TRY(auto old, host::read_secret_file(file.path, k_file_limit));
        CS_CHECK(host::write_file(previous(file.path), old.reveal(), host::Privacy::owner_only));
    }
    return {};
}

Result<void> write_all(Hook const& hook, std::vector<File> const& files) {
    for (auto const& file : files) CS_CHECK(host::write_file_for(file.path, file.content.reveal(), hook.access));
    return {};
}

/// All that can be put back is; the first problem is told.
Result<void> put_back(Hook const& hook, std::vector<File> const& files) {
    Result<void> out;
    for (auto const& file : files) {
        Result<void> done;
        if (!is_there(previous(file.path))) {
            done = host::remove_file(file.path);
        } else if (auto old = host::read_secret_file(previous(file.path), k_file_limit)) {
            done = host::write_file_for(file.path, old->reveal(), hook.access);
        } else {
            done = fail(std::move(old).error());
        }
        if (!done && out) out = std::move(done);
    }
    return out;
}

std::vector<std::string> environment(Hook const& hook) {
    std::vector<std::string> out{"COUNTERSIGN_HOOK=" + hook.name, "COUNTERSIGN_IDENTITY=" + hook.identity, "LC_ALL=C.UTF-8"};
    char const* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
    out.push_back("PATH=" + std::string(path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin"));
    return out;
}

Result<void> run(Hook const& hook, std::string_view step, std::vector<std::string> const& command) {
    if (command.empty()) return {};
    auto ended = host::run_program(command, {.time = hook.timeout, .environment = environment(hook)});
    if (!ended) return fail(failed(hook, step, ended.error().message()));
    if (ended->timed_out) return fail(failed(hook, step, command.front() + " took over " + std::to_string(hook.timeout.count()) + " s"));
    if (ended->code == 0) return {};
    auto said = std::string(trim(ended->text));
    if (said.size() > k_shown) said = "..." + said.substr(said.size() - k_shown);
    return fail(failed(hook, step, command.front() + " ended with " + std::to_string(ended->code) + (said.empty() ? "" : ": " + said)));
}

}  // namespace

Result<Delivered> deliver(Hook const& hook, HookMaterial const& material, fs::path const& record_file) {
    std::vector<File> files;
    for (auto const& [part, path] : hook.files) files.push_back({path, content(part, material)});
    auto const wanted = digest(hook, files);
    Record const record(record_file);
    auto const state = record.read();
    bool const in_place = std::ranges::all_of(files, holds);
    if (in_place && state == "delivered " + wanted) return Delivered::fresh;
    auto written = [&]() -> Result<void> {
        // Cut off while new files stood there unchecked: those before them are in .previous already.
        if (!state.starts_with("writing ")) {
            CS_CHECK(keep_previous(files));
            CS_CHECK(record.write("writing", wanted));
        }
        return write_all(hook, files);
    }();
    auto back = [&](Error why) -> Result<Delivered> {
        if (auto done = put_back(hook, files); !done)
            why.because(std::move(done).error());
        else if (auto noted = record.write("refused", wanted); !noted)
            why.because(std::move(noted).error());
        return fail(std::move(why));
    };
    if (!written) {
        auto why = failed(hook, "write", written.error().message());
        // Nothing was begun: nothing to put back, and .previous may be of any time.
        if (!record.read().starts_with("writing ")) return fail(std::move(why));
        return back(std::move(why));
    }
    if (auto checked = run(hook, "check", hook.check); !checked) return back(std::move(checked).error());
    CS_CHECK(record.write("checked", wanted));
    CS_CHECK(run(hook, "reload", hook.reload));
    CS_CHECK(record.write("delivered", wanted));
    return Delivered::delivered;
}

}  // namespace countersign::device
