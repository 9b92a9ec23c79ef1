#include "manager/drivers/ssh_driver.hpp"

#include "base/text.hpp"
#include "manager/drivers/web_driver.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

using family::Action;
using family::SshStep;

namespace {

constexpr std::size_t k_shown = 300;

std::string name_of(SshStep const& step) { return step.command.empty() ? step.file : step.command; }

/// The beginning of an answer, for people.
std::string shown(std::string_view text) {
    std::string out(trim(text.substr(0, k_shown)));
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return is_utf8(out) ? out : "(no text)";
}

}  // namespace

std::string why_not_expected(SshStep const& step, net::SshAnswer const& answer) {
    auto const& wanted = step.exit_status;
    bool const status = wanted.empty() ? answer.exit_status == 0 : std::ranges::find(wanted, answer.exit_status) != wanted.end();
    if (!status) return "exit status " + std::to_string(answer.exit_status);
    for (auto const& pattern : step.expect)
        if (!pattern.matches_a_line_of(answer.output)) return "no line fits " + pattern.text();
    return {};
}

void take_readings(SshStep const& step, std::string_view answer, Facts& facts, std::map<std::string, std::string>& settings) {
    for (auto const& reading : step.readings) {
        auto found = reading.pattern.find_all(answer);
        if (!reading.setting.empty()) {
            if (!found.empty()) settings.try_emplace(reading.setting, std::move(found.front()));
            continue;
        }
        auto& values = facts[reading.fact];
        for (auto& value : found) values.push_back(std::move(value));
    }
}

family::Values SshDriver::common_values() const {
    auto const& direct = *channel().direct;
    return {{"host_name", direct.system.host_name}, {"address", direct.address}, {"user", credentials().user}};
}

Result<SshDriver::Ready> SshDriver::make_ready(SshStep const& step, family::Values const& values) const {
    Ready ready{.step = &step, .task = {.file = step.file, .mode = step.mode, .limit = step.time_limit}};
    if (step.command.empty()) {
        ready.task.input = SecretText(family::fill_template(step.content, values));
        return ready;
    }
    ready.task.input = SecretText(family::fill_template(step.input, values));
    auto command = family::fill_command(step.command, values, family().ssh->quoting);
    if (!command)
        return fail(errors::mgr::value_not_for_command,
                    {{"system", channel().peer}, {"request", step.command}, {"detail", command.error().parameter("detail")}});
    ready.task.command = *std::move(command);
    return ready;
}

net::Task<Result<std::vector<std::string>>> SshDriver::carry_out(std::vector<Ready> steps, bool secret, Way way) {
    auto const& direct = *channel().direct;
    CS_CO_CHECK(check_trust("its host key is not pinned"));
    auto const& script = *family().ssh;
    net::SshLogin login{.user = credentials().user};
    if (script.public_key && way == Way::any) login.key = direct.ways->ssh_key;
    if (script.password && !credentials().password.empty()) login.password = credentials().password.duplicate();
    std::vector<net::SshTask> tasks;
    std::vector<SshStep const*> plan;
    for (auto& ready : steps) {
        plan.push_back(ready.step);
        tasks.push_back(std::move(ready.task));
    }
    auto const goes_on = [plan, family = family_ptr()](std::size_t index, net::SshAnswer const& answer) {
        return why_not_expected(*plan[index], answer).empty();
    };
    auto talk = co_await direct.ways->ssh->talk(direct.ssh, std::move(login), std::move(tasks), goes_on);
    if (!talk) co_return fail(std::move(talk).error());
    opened_by_key_ = talk->opened_by == net::SshOpenedBy::key;
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < talk->answers.size(); ++i) {
        if (auto const why = why_not_expected(*plan[i], talk->answers[i]); !why.empty()) {
            // A command that was given a secret may repeat it.
            auto const said = secret ? std::string("its answer is not shown, it could hold a secret") : shown(talk->answers[i].output);
            co_return fail(errors::mgr::answer_not_expected,
                           {{"system", channel().peer}, {"request", name_of(*plan[i])}, {"detail", why + ": " + said}});
        }
        answers.push_back(std::move(talk->answers[i].output));
    }
    co_return answers;
}

net::Task<Result<Account>> SshDriver::read_account() {
    auto const& steps = family().ssh->steps.at(Action::read);
    std::vector<Ready> ready;
    for (auto const& step : steps) {
        CS_CO_TRY(auto one, make_ready(step, common_values()));
        ready.push_back(std::move(one));
    }
    CS_CO_TRY(auto const answers, co_await carry_out(std::move(ready), false, Way::any));
    Facts facts;
    std::map<std::string, std::string> settings;
    for (std::size_t i = 0; i < answers.size(); ++i) take_readings(steps[i], answers[i], facts, settings);
    auto account = account_of(facts, settings);
    note_trial(account.trial);
    co_return account;
}

net::Task<Result<void>> SshDriver::apply(std::vector<SettingChange> changes) {
    std::optional<std::string> feedback;
    CS_CO_TRY(auto const wanted, in_family_words(changes, feedback));
    std::vector<Ready> ready;
    std::vector<Error> problems;
    for (auto const& change : wanted) {
        auto values = common_values();
        values["value"] = change.value;
        for (auto const& step : family().ssh->steps.at(Action::apply)) {
            if (step.setting != change.setting->canonical) continue;
            auto one = make_ready(step, values);
            if (one)
                ready.push_back(*std::move(one));
            else
                problems.push_back(std::move(one).error());
        }
    }
    if (!problems.empty()) co_return fail(gather(std::move(problems)));
    if (!ready.empty()) CS_CO_CHECK(co_await carry_out(std::move(ready), false, Way::any));
    if (feedback) co_return co_await register_feedback(*feedback);
    co_return Result<void>();
}

net::Task<Result<void>> SshDriver::act_now(Action action, Given given) {
    auto values = common_values();
    for (auto const& [name, value] : given) values[name] = value.reveal();
    bool const secret = std::ranges::any_of(given, [](auto const& one) { return family::is_secret_placeholder(one.first); });
    std::vector<Ready> ready;
    std::optional<Error> problem;
    for (auto const& step : family().ssh->steps.at(action)) {
        auto one = make_ready(step, values);
        if (!one) {
            problem = std::move(one).error();
            break;
        }
        ready.push_back(*std::move(one));
    }
    for (auto& [name, value] : values) wipe(value.data(), value.size());
    if (problem) co_return fail(std::move(*problem));
    CS_CO_CHECK(co_await carry_out(std::move(ready), secret, Way::any));
    if (action != Action::set_password) co_return Result<void>();
    // That it opens the system is proven with nothing else: the public key would let us in with any password.
    auto old = credentials().duplicate();
    use_credentials({old.user, given.at("password").duplicate()});
    auto proven = co_await carry_out({}, true, Way::password_only);
    if (proven) co_return Result<void>();
    use_credentials(std::move(old));
    co_return fail(std::move(proven).error());
}

}  // namespace countersign::manager
