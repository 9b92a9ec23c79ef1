#include "host/files.hpp"
#include "workbench/certificates/commands.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>

namespace countersign::workbench {
namespace {

struct MergeOptions {
    std::vector<std::string> in;
    std::string passphrase_file;
    OutputOption out;
};

Result<int> merge(Output& output, MergeOptions const& options) {
    Files files(output);
    auto const all = files.certificates(options.in, options.passphrase_file);
    files.will_write(options.out);
    CS_CHECK(files.check());
    std::vector<pki::Certificate> merged;
    for (auto const& one : all) {
        if (std::ranges::find(merged, one) == merged.end()) {
            merged.push_back(one);
        } else {
            files.warn("there twice, written once: " + subject_of(one));
        }
    }
    CS_CHECK(Files::write(options.out, pki::to_pem(merged)));
    auto const now = SystemClock().now();
    if (output.value(json::object{{"file", printable(options.out.file)}, {"certificates", json_of(merged, now)}})) return k_holds;
    output.line(printable(options.out.file) + ": " + std::to_string(merged.size()) + " certificates");
    Table table{{"", "Subject", "Valid until"}, {}};
    for (std::size_t i = 0; i < merged.size(); ++i)
        table.rows.push_back({std::to_string(i + 1), subject_of(merged[i]), ending(output, merged[i].not_after(), now)});
    output.table(table);
    return k_holds;
}

struct SplitOptions {
    std::string in;
    std::string passphrase_file;
    std::string folder;
    std::string to = "pem";
    bool force = false;
};

/// "certificate-007.pem": as many digits as the last one needs. Nothing of the certificates is in the names.
std::string file_name(std::size_t number, std::size_t count, std::string_view extension) {
    auto digits = std::to_string(number);
    auto const width = std::max<std::size_t>(2, std::to_string(count).size());
    return "certificate-" + std::string(width - std::min(width, digits.size()), '0') + digits + "." + std::string(extension);
}

Result<int> split_bundle(Output& output, SplitOptions const& options) {
    Files files(output);
    auto const certificates = files.certificates({options.in}, options.passphrase_file);
    CS_CHECK(files.check());
    CS_CHECK(host::ensure_folder(options.folder));
    std::vector<OutputOption> outs;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        auto const name = std::filesystem::path(options.folder) / file_name(i + 1, certificates.size(), options.to);
        outs.push_back({.file = name.string(), .force = options.force});
        files.will_write(outs.back());
    }
    CS_CHECK(files.check());
    auto const now = SystemClock().now();
    json::array written;
    Table table{{"File", "Subject", "Valid until"}, {}};
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        auto const& one = certificates[i];
        auto const der = one.to_der();
        CS_CHECK(Files::write(outs[i], options.to == "der" ? std::string(der.begin(), der.end()) : one.to_pem()));
        written.push_back(json::object{{"file", printable(outs[i].file)}, {"certificate", json_of(one, now)}});
        table.rows.push_back({printable(outs[i].file), subject_of(one), ending(output, one.not_after(), now)});
    }
    if (!output.value(json::object{{"files", std::move(written)}})) output.table(table);
    return k_holds;
}

}  // namespace

void add_bundle_commands(CLI::App& app, Context& context) {
    auto* bundle = app.add_subcommand("bundle", "Files with several certificates")->require_subcommand(1);
    auto options = std::make_shared<MergeOptions>();
    auto* merging = bundle->add_subcommand("merge", "Put the certificates of several files into one PEM file");
    merging->add_option("files", options->in, "Files with certificates: PEM, DER, PKCS#7 or PFX")->required();
    merging->add_option("--passphrase-file", options->passphrase_file, "File with the passphrase of a PFX");
    add_output_options(*merging, options->out, "File for all of them (combined.pem)");
    when_chosen(merging, context, [options](Output& output) { return merge(output, *options); });

    auto parts = std::make_shared<SplitOptions>();
    auto* splitting = bundle->add_subcommand("split", "Write each certificate of a file into a file of its own");
    splitting->add_option("file", parts->in, "File with certificates")->required();
    splitting->add_option("--out-dir", parts->folder, "Folder for certificate-01.pem and so on")->required();
    splitting->add_option("--to", parts->to, "pem or der")->check(CLI::IsMember({"pem", "der"}))->capture_default_str();
    splitting->add_option("--passphrase-file", parts->passphrase_file, "File with the passphrase of a PFX");
    splitting->add_flag("--force", parts->force, "Replace files that exist");
    when_chosen(splitting, context, [parts](Output& output) { return split_bundle(output, *parts); });
}

}  // namespace countersign::workbench
