#pragma once

/// The groups of commands that work on certificates and need no manager (REQ WRK-1 to WRK-14).

#include "pki/certificate.hpp"
#include "pki/hash.hpp"
#include "workbench/certificates/facts.hpp"
#include "workbench/certificates/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace countersign::workbench {

using Work = std::function<Result<int>(Output&)>;
/// Runs `work` when the command is chosen, and prints its error.
void when_chosen(CLI::App* command, Context& context, Work work);

/// The parts of a subject and the alternative names, as options.
struct SubjectOptions {
    pki::SubjectFields fields;
    std::vector<std::string> names;  ///< "dns:X,ip:Y", each
    bool common_name_only = false;
    [[nodiscard]] bool given() const;
    /// The names, with the common name among them when it is a host name or an address. What is wrong becomes problems.
    [[nodiscard]] std::vector<pki::AlternativeName> alternative_names(Files& files) const;
};
void add_subject_options(CLI::App& command, SubjectOptions& options);

/// --hash, and --legacy for what is weak.
struct StrengthOptions {
    std::string hash;
    bool legacy = false;
    /// SHA-1 without --legacy is a problem, and a warning with it.
    [[nodiscard]] pki::Hash choose(Files& files) const;
    [[nodiscard]] int minimum_rsa_bits() const { return legacy ? 1024 : 2048; }
};
void add_strength_options(CLI::App& command, StrengthOptions& options);

/// A new key that a command makes on the way (--new-key), or that `key new` makes.
struct NewKeyOptions {
    OutputOption out;
    std::string type = "ec:p256";
    std::string passphrase_file;
    bool encrypt = false;
    bool traditional = false;
};
/// Checked, made and written. `files` has been told of the output and has checked its problems.
Result<pki::PrivateKey> make_key(Files& files, NewKeyOptions const& options, bool legacy);
/// What is wrong with the options becomes problems of `files`.
void check_new_key(Files& files, NewKeyOptions const& options, bool legacy);
/// A warning when the key is short.
void warn_of_weak_key(Files& files, pki::KeyText const& key);

void add_key_commands(CLI::App& app, Context& context);
void add_request_commands(CLI::App& app, Context& context);
void add_issue_commands(CLI::App& cert, Context& context);
void add_convert_commands(CLI::App& cert, Context& context);
void add_check_commands(CLI::App& cert, Context& context);
void add_trusted_command(CLI::App& cert, Context& context);
void add_trust_command(CLI::App& cert, Context& context);
void add_bundle_commands(CLI::App& app, Context& context);
void add_pfx_commands(CLI::App& app, Context& context);
void add_show_command(CLI::App& app, Context& context);
void add_crl_commands(CLI::App& app, Context& context);
void add_ocsp_commands(CLI::App& app, Context& context);

}  // namespace countersign::workbench
