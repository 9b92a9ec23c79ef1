#include "manager/drivers/hook_driver.hpp"

#include "base/text.hpp"
#include "host/exchange.hpp"
#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace countersign::manager {

namespace json = boost::json;
using family::Action;

namespace {

constexpr int k_version = 1;
constexpr std::size_t k_shown = 400;

std::string shown(std::string_view text) {
    std::string out(trim(text.substr(0, k_shown)));
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return is_utf8(out) ? out : "(no text)";
}

json::value text_or_null(std::string const& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

/// Why the end of a run is no answer; empty: it is one.
std::string why_failed(host::ExchangeEnd const& end, std::chrono::seconds limit, bool secret) {
    using How = host::ExchangeEnd::How;
    if (end.how == How::timed_out) return "it did not end within " + std::to_string(limit.count()) + " s and was killed";
    if (end.how == How::flooded) return "it wrote more than 1 MiB and was killed";
    if (end.code == 0) return {};
    auto why = "it ended with status " + std::to_string(end.code);
    // A program that was given a secret may repeat it.
    if (!end.complaint.empty()) why += secret ? "; what it said is not shown, it could hold a secret" : ": " + shown(end.complaint);
    return why;
}

}  // namespace

SecretText HookDriver::document(Action action, std::vector<Change> const& changes, Given const& given) const {
    auto const& peer = *channel().direct;
    auto const& system = peer.system;
    json::object out{{"version", k_version},
                     {"action", family::name_of(action)},
                     {"family", family().id},
                     {"system",
                      {{"id", system.id},
                       {"name", system.name},
                       {"host_name", system.host_name},
                       {"address", peer.address},
                       {"serial_number", system.serial_number},
                       {"user", credentials().user}}},
                     {"peer",
                      {{"trust", to_string(channel().trust)},
                       {"service", peer.service},
                       {"port", peer.port},
                       {"certificate_sha256", text_or_null(peer.certificate)},
                       {"host_key", text_or_null(peer.ssh.host_keys.empty() ? std::string() : peer.ssh.host_keys.front())}}}};
    if (may_have_secrets() && !credentials().password.empty()) out["login_password"] = credentials().password.reveal();
    json::array settings;
    for (auto const& change : changes)
        settings.push_back(json::object{{"canonical", change.setting->canonical},
                                        {"path", change.setting->path},
                                        {"canonical_value", change.canonical_value},
                                        {"value", change.value}});
    if (!settings.empty()) out["settings"] = std::move(settings);
    for (auto const& [name, value] : given)
        if (may_have_secrets() || !family::is_secret_placeholder(name)) out[name] = value.reveal();
    return SecretText(json::serialize(out) + "\n");
}

net::Task<Result<HookAnswer>> HookDriver::run(Action action, std::vector<Change> changes, Given given) {
    CS_CO_CHECK(check_described(action));
    auto const& hook = *family().hook;
    auto const& ways = *channel().direct->ways;
    auto const refuse = [](std::string const& file, std::string_view why) {
        return fail(errors::mgr::hook_refused, {{"file", file}, {"detail", why}});
    };
    if (ways.hooks.empty()) co_return refuse(hook.program, "the manager was started without a folder of hooks");
    bool const secret = may_have_secrets() && (!credentials().password.empty() || std::ranges::any_of(given, [](auto const& one) {
                            return family::is_secret_placeholder(one.first);
                        }));
    auto const limit = hook.time_limit;
    struct Outcome {
        std::string untrusted;
        Result<host::ExchangeEnd> end = host::ExchangeEnd{};
    };
    auto const program = ways.hooks / hook.program;
    auto input = document(action, changes, given);
    auto outcome = co_await net::offload(*ways.programs, [program, limit, input = std::move(input)] {
        Outcome result{.untrusted = host::why_not_trusted(program)};
        host::ExchangeLimits limits{
            .time = limit, .output = k_hook_output, .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}};
        if (result.untrusted.empty()) result.end = host::exchange_with(program, input, limits);
        return result;
    });
    if (!outcome.untrusted.empty()) co_return refuse(program.string(), outcome.untrusted);
    if (!outcome.end) co_return refuse(program.string(), outcome.end.error().parameter("detail"));
    auto const failed = [&](std::string_view why) {
        return fail(errors::mgr::hook_failed, {{"hook", hook.program}, {"action", family::name_of(action)}, {"detail", why}});
    };
    if (auto const why = why_failed(*outcome.end, limit, secret); !why.empty()) co_return failed(why);
    auto answer = parse_hook_answer(outcome.end->output);
    if (!answer) co_return failed(answer.error().parameter("detail"));
    if (answer->login_refused) co_return fail(errors::net::login_refused, {{"peer", channel().peer}});
    std::vector<Error> problems;
    for (auto const& text : answer->problems)
        problems.push_back(
            Error(errors::mgr::refused_by_system, {{"system", channel().peer}, {"request", family::name_of(action)}, {"detail", text}}));
    if (!problems.empty()) co_return fail(gather(std::move(problems)));
    opened_by_key_ = answer->opened_by_key;
    co_return std::move(*answer);
}

net::Task<Result<Account>> HookDriver::read_account() {
    CS_CO_TRY(auto const answer, co_await run(Action::read, {}, {}));
    auto account = account_of(answer.facts, answer.settings);
    note_trial(account.trial);
    co_return account;
}

net::Task<Result<void>> HookDriver::apply(std::vector<SettingChange> changes) {
    std::optional<std::string> feedback;
    CS_CO_TRY(auto wanted, in_family_words(changes, feedback));
    if (!wanted.empty()) CS_CO_CHECK(co_await run(Action::apply, std::move(wanted), {}));
    if (feedback) co_return co_await register_feedback(*feedback);
    co_return Result<void>();
}

net::Task<Result<void>> HookDriver::act_now(Action action, Given given) {
    CS_CO_CHECK(co_await run(action, {}, std::move(given)));
    co_return Result<void>();
}

}  // namespace countersign::manager
