#include "workbench/certificates/files.hpp"

#include "base/text.hpp"
#include "host/files.hpp"
#include "pki/token.hpp"
#include "workbench/commands.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace countersign::workbench {

namespace crt = errors::crt;
namespace fil = errors::fil;
namespace fs = std::filesystem;

namespace {

/// Revocation lists are the largest files that are read; in PEM they are a third larger.
constexpr std::size_t k_largest_file = 2 * pki::k_crl_limit;

bool same_file(std::string const& a, std::string const& b) {
    std::error_code code;
    if (fs::exists(a, code) && fs::exists(b, code)) return fs::equivalent(a, b, code);
    return fs::weakly_canonical(a, code) == fs::weakly_canonical(b, code);
}

template <class T>
T const* first(pki::Contents const& contents) {
    for (auto const& item : contents.items) {
        if (auto const* found = std::get_if<T>(&item.value)) return found;
    }
    return nullptr;
}

template <class T>
std::size_t count(pki::Contents const& contents) {
    return static_cast<std::size_t>(
        std::ranges::count_if(contents.items, [](pki::Item const& item) { return std::holds_alternative<T>(item.value); }));
}

bool is_locked(pki::Contents const& contents) {
    return first<pki::LockedKey>(contents) != nullptr || first<pki::LockedPackage>(contents) != nullptr;
}

}  // namespace

std::string_view kind_of(pki::Item const& item) {
    static constexpr std::string_view names[] = {"a certificate", "a certificate request", "a private key",   "a revocation list",
                                                 "a public key",  "a locked private key",  "a locked package"};
    return names[item.value.index()];
}

CLI::Option* add_key_options(CLI::App& command, KeyOption& option, std::string const& name, std::string const& help,
                             std::string const& passphrase_option) {
    auto* added = command.add_option(name, option.file, help + ": a file, or pkcs11:... for a key on a token");
    command.add_option(passphrase_option, option.passphrase_file,
                       "File with the passphrase of that key (default: asked on the terminal when it is needed)");
    command.add_option("--module", option.module, "PKCS#11 module (.so) of the token");
    command.add_option("--pin-file", option.pin_file, "File with the PIN of the token (default: asked on the terminal)");
    return added;
}

void add_output_options(CLI::App& command, OutputOption& option, std::string const& help) {
    command.add_option("--out", option.file, help)->required();
    command.add_flag("--force", option.force, "Replace the file when it exists");
}

Result<SecretText> ask_passphrase(std::string const& file, std::string const& what) {
    if (file.empty() && isatty(STDIN_FILENO) != 1) {
        return fail(crt::passphrase_needed, {{"needed", what + ", in a file, as there is no terminal to ask on"}});
    }
    return read_secret_line(file, what);
}

Result<SecretText> ask_new_passphrase(std::string const& file, std::string const& what) {
    CS_TRY(auto first_time, ask_passphrase(file, "New " + what));
    if (first_time.empty()) return fail(errors::gen::invalid_input, {{"field", what}, {"detail", "it is empty"}});
    if (!file.empty()) return first_time;
    CS_TRY(auto second_time, ask_passphrase(file, "Once more"));
    if (first_time.reveal() != second_time.reveal())
        return fail(errors::gen::invalid_input, {{"field", what}, {"detail", "it was not typed the same twice"}});
    return first_time;
}

std::optional<SecretText> Files::read(std::string const& file, std::size_t limit) {
    read_.push_back(file);
    // "-" is standard input, as everywhere; a file of that name is "./-".
    return take(host::read_secret_file(file == "-" ? "/dev/stdin" : file, limit));
}

std::optional<std::string> Files::bytes(std::string const& file, std::size_t limit) {
    auto text = read(file, limit);
    if (!text) return std::nullopt;
    return text->reveal();
}

std::optional<pki::Contents> Files::contents(std::string const& file, std::string const& passphrase_file, Ask ask) {
    auto text = read(file, k_largest_file);
    if (!text) return std::nullopt;
    if (text->empty()) {
        problem(Error(fil::cannot_read, {{"file", printable(file)}, {"detail", "it is empty"}}));
        return std::nullopt;
    }
    auto const read_it = [&](SecretText const& passphrase) {
        return pki::read_contents(text->reveal(), passphrase, {.bytes = k_largest_file}).map_error(at(printable(file)));
    };
    auto contents = take(Result<pki::Contents>(read_it(SecretText())));
    if (!contents || !is_locked(*contents) || (passphrase_file.empty() && ask == Ask::no)) return contents;
    auto passphrase = take(ask_passphrase(passphrase_file, "Passphrase of " + file));
    if (!passphrase) return std::nullopt;
    if (passphrase->empty()) {
        // Without one it was tried already.
        problem(Error(errors::gen::invalid_input, {{"field", "passphrase of " + printable(file)}, {"detail", "it is empty"}}));
        return std::nullopt;
    }
    return take(Result<pki::Contents>(read_it(*passphrase)));
}

void Files::warn_about(std::string const& file, pki::Contents const& contents) const {
    for (auto const& one : contents.problems) warn(file + ": a part is left out: " + one.message());
}

void Files::other_content(std::string const& file, pki::Contents const& contents, std::string_view expected) {
    if (contents.items.empty() && !contents.problems.empty()) {
        for (auto one : contents.problems) problem(std::move(one.at(printable(file))));
        return;
    }
    std::set<std::string_view> kinds;
    for (auto const& item : contents.items) kinds.insert(kind_of(item));
    if (kinds.contains("a locked package")) return problem(Error(crt::passphrase_needed).at(printable(file)));
    std::string found;
    for (auto const kind : kinds) found += (found.empty() ? "" : " and ") + std::string(kind);
    problem(Error(crt::other_content, {{"file", printable(file)}, {"found", found.empty() ? "nothing" : found}, {"expected", expected}}));
}

std::optional<pki::Certificate> Files::certificate(std::string const& file) {
    // A certificate that stands beside a locked key needs no passphrase.
    auto found = contents(file, "", Ask::no);
    if (found && first<pki::Certificate>(*found) == nullptr && is_locked(*found)) found = contents(file, "", Ask::yes);
    if (!found) return std::nullopt;
    auto const* certificate = first<pki::Certificate>(*found);
    if (certificate == nullptr) {
        bool const request = first<pki::CertificateRequest>(*found) != nullptr;
        if (request) {
            problem(Error(crt::request_instead_of_certificate).at(printable(file)));
        } else {
            other_content(file, *found, "a certificate");
        }
        return std::nullopt;
    }
    warn_about(file, *found);
    if (auto const many = count<pki::Certificate>(*found); many > 1)
        warn(file + " holds " + std::to_string(many) + " certificates; the first is taken, " + certificate->subject());
    return *certificate;
}

std::optional<pki::CertificateRequest> Files::request(std::string const& file) {
    auto const found = contents(file);
    if (!found) return std::nullopt;
    auto const* request = first<pki::CertificateRequest>(*found);
    if (request == nullptr) {
        other_content(file, *found, "a certificate request");
        return std::nullopt;
    }
    warn_about(file, *found);
    if (auto const many = count<pki::CertificateRequest>(*found); many > 1)
        warn(file + " holds " + std::to_string(many) + " requests; the first is taken, " + request->subject());
    return *request;
}

std::vector<pki::Certificate> Files::certificates(std::vector<std::string> const& files, std::string const& passphrase_file) {
    std::vector<pki::Certificate> out;
    for (auto const& file : files) {
        auto const found = contents(file, passphrase_file, Ask::yes);
        if (!found) continue;
        auto const some = found->certificates();
        if (some.empty()) {
            other_content(file, *found, "a certificate");
            continue;
        }
        warn_about(file, *found);
        out.insert(out.end(), some.begin(), some.end());
    }
    return out;
}

std::vector<pki::Crl> Files::crls(std::vector<std::string> const& files) {
    std::vector<pki::Crl> out;
    for (auto const& file : files) {
        auto const found = contents(file);
        if (!found) continue;
        auto const some = found->crls();
        if (some.empty()) {
            other_content(file, *found, "a revocation list");
            continue;
        }
        warn_about(file, *found);
        out.insert(out.end(), some.begin(), some.end());
    }
    return out;
}

std::optional<pki::PrivateKey> Files::key(KeyOption const& option) {
    if (pki::is_token_uri(option.file)) {
        auto pin = take(ask_passphrase(option.pin_file, "PIN of the token"));
        if (!pin) return std::nullopt;
        return take(pki::open_token_key(option.file, option.module, *pin));
    }
    auto const found = contents(option.file, option.passphrase_file, Ask::yes);
    if (!found) return std::nullopt;
    auto const* key = first<pki::PrivateKey>(*found);
    if (key == nullptr) {
        other_content(option.file, *found, "a private key");
        return std::nullopt;
    }
    if (auto const many = count<pki::PrivateKey>(*found); many > 1)
        warn(option.file + " holds " + std::to_string(many) + " private keys; the first is taken");
    return *key;
}

void Files::will_write(OutputOption const& option) {
    auto const name = printable(option.file);
    std::error_code code;
    auto const refuse = [&](std::string_view detail) { problem(Error(fil::cannot_write, {{"file", name}, {"detail", detail}})); };
    if (option.file.empty()) return refuse("it has no name");
    for (auto const& input : read_) {
        if (same_file(input, option.file)) return refuse("it is an input of this command as well");
    }
    for (auto const& other : written_) {
        if (same_file(other, option.file)) return refuse("another output has this name");
    }
    written_.push_back(option.file);
    auto const path = fs::path(option.file);
    if (fs::is_directory(path, code)) return refuse("it is a folder");
    if (path.has_parent_path() && !fs::is_directory(path.parent_path(), code))
        return refuse("there is no folder " + printable(path.parent_path().string()));
    // Replacing a file by name would put an ordinary file into the place of /dev/null.
    if (fs::exists(path, code) && !fs::is_regular_file(path, code)) return refuse("it is no ordinary file");
    if (!option.force && fs::exists(fs::symlink_status(path, code))) problem(Error(fil::exists, {{"file", name}}));
}

Result<void> Files::check() const {
    if (problems_.empty()) return {};
    if (problems_.size() == 1) return fail(problems_.front());
    Error all(errors::gen::several_problems);
    for (auto const& one : problems_) all.because(one);
    return fail(std::move(all));
}

Result<void> Files::write(OutputOption const& option, std::string_view content, Kind kind) {
    auto const privacy = kind == Kind::private_key ? host::Privacy::owner_only : host::Privacy::shared;
    return option.force ? host::write_file(option.file, content, privacy) : host::create_file(option.file, content, privacy);
}

std::string host_store_file() {
    auto const* named = std::getenv("SSL_CERT_FILE");
    return named != nullptr ? named : "/etc/ssl/certs/ca-certificates.crt";
}

}  // namespace countersign::workbench
