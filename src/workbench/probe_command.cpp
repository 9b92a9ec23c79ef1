#include "base/text.hpp"
#include "host/files.hpp"
#include "net/resolver.hpp"
#include "net/survey/revocation.hpp"
#include "workbench/certificates/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/probe_report.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>

namespace countersign::workbench {
namespace {

namespace survey = net::survey;

/// How long the authority of a certificate may take to say whether it revoked it.
constexpr net::Milliseconds k_authority_deadline{5000};

struct ProbeOptions {
    std::string target;
    std::vector<std::string> roots;
    std::vector<std::string> untrusted;
    std::string server_name;
    std::string start_tls;
    std::string address;
    std::string profile = "webpki";
    std::string save;
    unsigned timeout = 30;
    bool gentle = false;
    bool all_addresses = false;
    bool no_revocation = false;
};

struct Target {
    std::string host;
    std::uint16_t port = 0;  ///< 0: the usual one
};

/// "name", "name:port", "192.0.2.1", "[2001:db8::1]:port", "2001:db8::1", "https://name/".
Result<Target> parse_target(std::string const& text) {
    auto const wrong = [&text](std::string_view detail) {
        return fail(errors::gen::invalid_input, {{"field", "HOST[:PORT] " + printable(text)}, {"detail", detail}});
    };
    if (text.contains("://")) {
        CS_TRY(auto url, net::Url::parse(text));
        return Target{url.host, url.port};
    }
    Target target{.host = text};
    std::string_view port;
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string::npos) return wrong("there is no ]");
        target.host = text.substr(1, end - 1);
        auto const rest = std::string_view(text).substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return wrong("after the ] only a port may follow");
        if (!rest.empty()) port = rest.substr(1);
        if (!rest.empty() && port.empty()) return wrong("there is no port after the colon");
    } else if (std::ranges::count(text, ':') == 1) {
        auto const colon = text.find(':');
        target.host = text.substr(0, colon);
        port = std::string_view(text).substr(colon + 1);
        if (port.empty()) return wrong("there is no port after the colon");
    }
    if (target.host.ends_with('.')) target.host.pop_back();
    if (!is_ip_address(target.host) && !is_host_name(target.host))
        return wrong(why_no_host_name(target.host).value_or("this is neither a host name nor an address"));
    if (port.empty()) return target;
    auto const number = parse_number<std::uint16_t>(port);
    if (!number || *number == 0) return wrong("the port is a number from 1 to 65535");
    target.port = *number;
    return target;
}

/// Everything the command needs before it goes out.
struct Prepared {
    Target target;
    survey::SurveyRequest request;
    survey::JudgeRequest judge;
    std::vector<pki::Certificate> known;
};

Result<Prepared> prepare(ProbeOptions const& options, Context const& context, Output& output) {
    Files files(output);
    Prepared out;
    if (auto target = files.take(parse_target(options.target))) out.target = *std::move(target);
    if (!options.start_tls.empty())
        if (auto protocol = files.take(survey::parse_start_tls(options.start_tls))) out.request.start_tls = *protocol;
    if (auto strictness = files.take(pki::Strictness::find(options.profile))) out.judge.strictness = *strictness;
    auto const roots = options.roots.empty() ? std::vector<std::string>{host_store_file()} : options.roots;
    out.judge.anchors = pki::Anchors(files.certificates(roots));
    out.known = files.certificates(options.untrusted);
    auto const& name = options.server_name;
    if (!name.empty() && !is_host_name(name))
        files.problem(
            Error(errors::gen::invalid_input, {{"field", "--sni"}, {"detail", why_no_host_name(name).value_or("this is no host name")}}));
    auto const& address = options.address.empty() ? context.overrides.address : options.address;
    if (!address.empty() && !is_ip_address(address))
        files.problem(Error(errors::gen::invalid_input, {{"field", "--address"}, {"detail", "this is no IP address"}}));
    CS_CHECK(files.check());
    if (out.target.port == 0) out.target.port = survey::usual_port(out.request.start_tls);
    out.request.where = {address, out.target.port};
    out.request.server_name = name.empty() ? out.target.host : name;
    out.request.timeout = std::chrono::seconds(options.timeout);
    out.request.at_once = options.gentle ? 1 : 2;
    out.judge.called_name = out.request.server_name;
    return out;
}

/// Addresses to look at. Without --all-addresses the first that answers is enough.
net::Task<Result<std::vector<std::string>>> addresses_of(Prepared const& prepared) {
    if (!prepared.request.where.address.empty()) co_return std::vector<std::string>{prepared.request.where.address};
    net::Resolver resolver;
    co_return co_await resolver.resolve(prepared.target.host);
}

net::Task<Result<std::vector<survey::Survey>>> look(Prepared const& prepared, bool all) {
    CS_CO_TRY(auto const addresses, co_await addresses_of(prepared));
    std::vector<survey::Survey> out;
    for (auto const& address : addresses) {
        auto request = prepared.request;
        request.where.address = address;
        auto seen = co_await survey::look_at(std::move(request));
        bool const reached = seen.contact != survey::Contact::unreachable;
        if (!all && !out.empty()) out.pop_back();
        out.push_back(std::move(seen));
        if (!all && reached) break;
    }
    co_return out;
}

/// Twice: what leads to a trusted root, and then with what its authorities say.
net::Task<survey::Judgement> judge(survey::Survey const& seen, survey::JudgeRequest request, bool ask) {
    request.at = SystemClock().now();
    auto first = survey::judge(seen, request);
    if (!ask) co_return first;
    auto const answers = co_await survey::ask_authorities(seen, first, {.deadline = k_authority_deadline});
    request.revocation = answers.view();
    request.unanswered = answers.unanswered;
    co_return survey::judge(seen, request);
}

/// DIR/<address>-<n>.pem: what each server sent, in the order in which it sent it.
Result<void> save(std::string const& folder, std::vector<Probed> const& all) {
    if (folder.empty()) return {};
    CS_CHECK(host::ensure_folder(folder));
    for (auto const& one : all) {
        auto const& chains = one.survey.chains;
        for (std::size_t i = 0; i < chains.size(); ++i) {
            auto const name = replace_all(one.survey.request.where.address, ":", "_") + "-" +
                              std::to_string(one.survey.request.where.port) + (i == 0 ? "" : "-" + std::to_string(i + 1)) + ".pem";
            CS_CHECK(host::write_file(std::filesystem::path(folder) / name, pki::to_pem(chains[i].certificates), host::Privacy::shared));
        }
    }
    return {};
}

Result<int> probe(ProbeOptions const& options, Context const& context, Output& output) {
    CS_TRY(auto prepared, prepare(options, context, output));
    prepared.judge.known = prepared.known;
    net::Runtime runtime(1);
    runtime.start();
    CS_TRY(auto surveys, net::run(runtime, look(prepared, options.all_addresses)));
    std::vector<Probed> all;
    std::optional<Error> unreachable;
    bool holds = true;
    for (auto& seen : surveys) {
        if (seen.contact == survey::Contact::unreachable) unreachable = seen.error;
        auto judgement = net::run(runtime, judge(seen, prepared.judge, !options.no_revocation));
        holds = holds && judgement.holds();
        all.push_back({prepared.target.host, std::move(seen), std::move(judgement), SystemClock().now()});
    }
    CS_CHECK(save(options.save, all));
    json::array list;
    for (auto const& one : all)
        if (one.survey.contact != survey::Contact::unreachable) list.push_back(json_of(one));
    if (unreachable && list.empty()) return fail(*unreachable);
    if (!output.value(json::object{{"servers", std::move(list)}})) {
        bool first = true;
        for (auto const& one : all) {
            if (one.survey.contact == survey::Contact::unreachable) continue;
            if (!std::exchange(first, false)) output.line("");
            print(output, one);
        }
    }
    if (unreachable) return fail(*unreachable);
    return holds ? k_holds : k_does_not_hold;
}

}  // namespace

void add_probe_command(CLI::App& app, Context& context) {
    auto options = std::make_shared<ProbeOptions>();
    auto* command = app.add_subcommand("probe", "Look at a live server: protocols, ciphers, chain, name, dates, revocation, level");
    command->add_option("target", options->target, "HOST, HOST:PORT, [IPv6]:PORT or a URL")->required();
    command->add_option("--roots", options->roots, "Trusted roots instead of the machine's (PEM or DER)");
    command->add_option("--untrusted", options->untrusted, "Intermediates that may complete the chain");
    command->add_option("--sni", options->server_name, "Call the server by this name; its certificate must be made for it");
    command->add_option("--starttls", options->start_tls, "Protocol that begins in clear: " + join(survey::start_tls_names(), ", "));
    command->add_option("--address", options->address, "Connect to this address instead of asking DNS");
    command->add_flag("--all-addresses", options->all_addresses, "Look at every address that DNS gives");
    command->add_option("--profile", options->profile, "How strictly certificates are judged: " + join(pki::Strictness::names(), ", "))
        ->capture_default_str();
    command->add_option("--save", options->save, "Write the certificates that were sent to this folder");
    command->add_option("--timeout", options->timeout, "Seconds for everything")->check(CLI::Range(1, 3600))->capture_default_str();
    command->add_flag("--no-revocation", options->no_revocation, "Ask no authority whether the certificates are revoked");
    command->add_flag("--gentle", options->gentle, "One connection at a time");
    command->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            auto code = probe(*options, context, output);
            return code ? *code : output.error(code.error());
        };
    });
}

}  // namespace countersign::workbench
