#pragma once

/// The files of one command. Inputs are told apart by their content and never by their name; what does not fit is said
/// with what the file holds instead. Outputs are never overwritten unasked, never the same file as an input, and written whole or
/// not at all. Everything that is wrong is collected, so that a command names all of it at once and before it does anything.

#include "base/secret.hpp"
#include "pki/contents.hpp"
#include "pki/key.hpp"
#include "workbench/output.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::workbench {

/// A private key as it is named on the command line: a file, or a key on a token ("pkcs11:...").
struct KeyOption {
    std::string file;
    std::string passphrase_file;  ///< of an encrypted key; empty: asked for on the terminal
    std::string module;           ///< of a token
    std::string pin_file;         ///< of a token
};
/// Adds `name` ("--key") and, with `prefix` ("", "ca-") in their names, --passphrase-file, --module and --pin-file.
CLI::Option* add_key_options(CLI::App& command, KeyOption& option, std::string const& name, std::string const& help,
                             std::string const& passphrase_option = "--passphrase-file");

struct OutputOption {
    std::string file;
    bool force = false;
};
/// --out (required) and --force.
void add_output_options(CLI::App& command, OutputOption& option, std::string const& help);

/// Asks on the terminal without echo when there is no file; CRT-004 when there is no terminal either.
Result<SecretText> ask_passphrase(std::string const& file, std::string const& what);
/// Asks twice. GEN-001 when both differ or it is empty.
Result<SecretText> ask_new_passphrase(std::string const& file, std::string const& what);

class Files {
public:
    explicit Files(Output& output) : output_(output) {}

    // What cannot be read becomes a problem, and the answer is nothing.

    /// Everything that the file holds. Packages and keys are opened with the passphrase of `passphrase_file`; without one they
    /// stay locked, or it is asked for when `ask` is yes.
    enum class Ask { no, yes };
    std::optional<pki::Contents> contents(std::string const& file, std::string const& passphrase_file = "", Ask ask = Ask::no);
    /// The first certificate; a warning when there are more.
    std::optional<pki::Certificate> certificate(std::string const& file);
    std::optional<pki::CertificateRequest> request(std::string const& file);
    /// All certificates of all files, PEM bundles, DER, PKCS#7 and PKCS#12; each file has one at least.
    std::vector<pki::Certificate> certificates(std::vector<std::string> const& files, std::string const& passphrase_file = "");
    std::vector<pki::Crl> crls(std::vector<std::string> const& files);
    std::optional<pki::PrivateKey> key(KeyOption const& option);
    /// A problem: the file holds something else than `expected` ("a private key").
    void other_content(std::string const& file, pki::Contents const& contents, std::string_view expected);
    /// The bytes as they are.
    std::optional<std::string> bytes(std::string const& file, std::size_t limit);

    /// Says that a file will be written. To be called after the inputs were read.
    void will_write(OutputOption const& option);

    /// The value, or a problem.
    template <class T>
    std::optional<T> take(Result<T> result) {
        if (result) return std::optional<T>(*std::move(result));
        problem(std::move(result).error());
        return std::nullopt;
    }
    /// A problem, unless it is good.
    void must_hold(Result<void> result) {
        if (!result) problem(std::move(result).error());
    }
    void problem(Error error) { problems_.push_back(std::move(error)); }
    void warn(std::string_view text) const { output_.warning(text); }
    /// The one problem, or GEN-006 with all of them.
    [[nodiscard]] Result<void> check() const;

    enum class Kind { open, private_key };
    /// Mode 0644 or 0600. FIL-002, FIL-004.
    static Result<void> write(OutputOption const& option, std::string_view content, Kind kind = Kind::open);

private:
    std::optional<SecretText> read(std::string const& file, std::size_t limit);
    void warn_about(std::string const& file, pki::Contents const& contents) const;

    Output& output_;
    std::vector<std::string> read_;
    std::vector<std::string> written_;
    std::vector<Error> problems_;
};

/// What OpenSSL's programs on this host trust: $SSL_CERT_FILE, else the file that Debian's ca-certificates writes.
std::string host_store_file();

/// "a certificate", "a private key": what an item is.
std::string_view kind_of(pki::Item const& item);

}  // namespace countersign::workbench
