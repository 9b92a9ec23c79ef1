/// The drivers ssh and hook against peers that keep the rules and peers that do not: a real SSH server that remembers what it was told, and
/// programs that hang, flood, die and talk rubbish.

#include "family/generic.hpp"
#include "manager/drivers/direct.hpp"
#include "manager/drivers/hook_driver.hpp"
#include "manager/drivers/ssh_driver.hpp"
#include "net/ssh.hpp"
#include "support/identities.hpp"
#include "support/temporary_folder.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <sys/stat.h>

namespace countersign::testing {
namespace {

using manager::ChannelTrust;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view k_ssh_family = R"(
[family]
id = "box"
name = "Box"
vendor = "Example"
driver = "ssh"
minimum_secure_only = "1"
[login]
user = "admin"
[ssh]
service = "ssh"
log_in = ["public_key", "password"]
[[ssh.read]]
command = "show"
facts = { "system.software" = '^Version (\S+)$', "trust.fingerprint" = '^root (\S+)$' }
settings = { "system.name" = '^name (.*)$' }
[[ssh.apply]]
setting = "system.name"
command = "name {value}"
[[ssh.set_password]]
command = "passwd"
input = "{old_password}:{password}\n"
[[ssh.restart]]
command = "restart"
expect = ['^restarting$']
[[service]]
id = "ssh"
title = "SSH"
transport = "tcp"
port = 22
door = "ssh"
level = 4
[[setting]]
path = "name"
canonical = "system.name"
kind = "string"
length = [0, 50]
)";

constexpr std::string_view k_hook_family = R"(
[family]
id = "web"
name = "Web"
vendor = "Example"
driver = "hook"
minimum_secure_only = "1"
[login]
user = "root"
[hook]
program = "hook.sh"
service = "https"
time_limit = 1
actions = ["read", "apply", "set_password", "install_certificate"]
[[service]]
id = "https"
title = "HTTPS"
transport = "tcp"
port = 443
door = "https"
level = 4
needs_certificate = true
[[setting]]
path = "name"
canonical = "system.name"
kind = "string"
length = [0, 50]
)";

/// What the SSH server was told, in order.
struct Told {
    std::mutex mutex;
    std::vector<std::string> list;
    std::string password = "old-password";
    void add(std::string what) {
        std::lock_guard const lock(mutex);
        list.push_back(std::move(what));
    }
    std::vector<std::string> all() {
        std::lock_guard const lock(mutex);
        return list;
    }
};

class BoxShell final : public net::SshShell {
public:
    explicit BoxShell(std::shared_ptr<Told> told) : told_(std::move(told)) {}
    [[nodiscard]] std::string welcome() const override { return {}; }
    net::Task<Reply> handle(std::string line) override {
        told_->add("command " + line);
        if (line == "show") co_return Reply{.text = "Version 2.0\nroot aa\nroot bb\nname Box one\n"};
        if (line == "restart") co_return Reply{.text = "not now\n"};
        co_return Reply{.text = {}, .refused = line != "name 'it'\\''s'"};
    }
    void on_push(std::function<void(std::string)>) override {}

private:
    std::shared_ptr<Told> told_;
};

/// Takes the new password from its standard input.
class PasswdProgram final : public net::SshProgram {
public:
    explicit PasswdProgram(std::shared_ptr<Told> told) : told_(std::move(told)) {}
    Reply handle(std::string_view bytes) override {
        given_ += bytes;
        return {};
    }
    Reply finish() override {
        told_->add("input " + given_);
        std::lock_guard const lock(told_->mutex);
        told_->password = given_.substr(given_.find(':') + 1, given_.size() - given_.find(':') - 2);
        return {.ended = true};
    }

private:
    std::shared_ptr<Told> told_;
    std::string given_;
};

class BoxService final : public net::SshService {
public:
    explicit BoxService(std::shared_ptr<Told> told) : told_(std::move(told)) {}
    Login authenticate(std::string const& user, SecretText const& password, std::string const&) override {
        told_->add("password " + password.reveal() + " of " + user);
        std::lock_guard const lock(told_->mutex);
        return password.reveal() == told_->password ? Login::granted : Login::refused;
    }
    std::shared_ptr<net::SshShell> open(std::string const&, std::string const&) override { return std::make_shared<BoxShell>(told_); }
    std::shared_ptr<net::SshProgram> start(net::SshRequest const& request) override {
        if (request.command != "passwd") return nullptr;
        told_->add("command passwd");
        return std::make_shared<PasswdProgram>(told_);
    }

private:
    std::shared_ptr<Told> told_;
};

class GenericDrivers : public ::testing::Test {
protected:
    GenericDrivers() {
        runtime_.start();
        auto ways = std::make_shared<manager::DirectWays>();
        ways->ssh = std::make_shared<net::SshCaller>(2);
        ways->ssh_key = std::make_shared<SecretText>(net::make_ssh_host_key().value());
        ways->hooks = folder_.path() / "hooks";
        ways->programs = std::make_shared<net::BlockingPool>(2);
        ways_ = std::move(ways);
        std::filesystem::create_directory(ways_->hooks);
    }

    template <class T>
    T wait(net::Task<T> task) {
        return net::run(runtime_, std::move(task));
    }
    static family::FamilyPtr parse(std::string_view text) {
        auto family = family::parse_family(text, "test.toml");
        if (!family) throw std::runtime_error(family.error().explanation());
        return *family;
    }
    std::unique_ptr<manager::Driver> make(std::string_view text, ChannelTrust trust, net::SshPeer ssh = {}) {
        auto peer = std::make_shared<manager::DirectPeer>();
        peer->ways = ways_;
        peer->system.name = "box";
        peer->address = "127.0.0.1";
        peer->certificate = trust == ChannelTrust::none ? "" : "aabb";
        peer->ssh = std::move(ssh);
        auto driver = manager::make_driver(parse(text), {.client = net::http::Client(net::http::Client::Settings{}),
                                                         .secure = true,
                                                         .trust = trust,
                                                         .peer = "box",
                                                         .direct = std::move(peer)});
        if (!driver) throw std::runtime_error(driver.error().message());
        (*driver)->use_credentials({"admin", SecretText(std::string("old-password"))});
        return std::move(*driver);
    }
    /// Everything with a secret in it.
    void ask_for_everything(manager::Driver& driver) {
        auto const identity = self_signed("box.example.test");
        (void)wait(driver.read_account());
        (void)wait(driver.apply({{"system.name", "x", ""}}));
        (void)wait(driver.set_password(SecretText(std::string("new-password"))));
        (void)wait(driver.install_trust(identity.chain));
        (void)wait(driver.install_certificate(identity.chain, identity.key));
        (void)wait(driver.begin_trial(std::chrono::seconds(60)));
        (void)wait(driver.register_feedback("https://m/"));
        (void)wait(driver.restart());
    }

    void write_hook(std::string const& text, ::mode_t mode = 0755) {
        (void)folder_.file("hooks/hook.sh", "#!/bin/sh\n" + text);
        ::chmod((ways_->hooks / "hook.sh").c_str(), mode);
    }
    Error hook_error(std::string const& text) {
        write_hook(text);
        auto const account = wait(make(k_hook_family, ChannelTrust::pinned)->read_account());
        return account ? Error(errors::gen::not_found) : account.error();
    }

    net::Runtime runtime_{1};
    TemporaryFolder folder_;
    std::shared_ptr<manager::DirectWays const> ways_;
};

class SshDrivers : public GenericDrivers {
protected:
    SshDrivers() { listen(); }
    void listen() {
        host_key_ = net::make_ssh_host_key().value();
        listener_ = net::listen_ssh(runtime_.executor(0), {"127.0.0.1", 0}, host_key_, std::make_shared<BoxService>(told_)).value();
    }
    net::SshPeer peer(std::vector<std::string> pins) {
        return {.where = listener_->local(), .host_keys = std::move(pins), .connect = net::Milliseconds(5000)};
    }
    std::string fingerprint() const { return net::ssh_fingerprint(host_key_).value(); }

    std::shared_ptr<Told> told_ = std::make_shared<Told>();
    SecretText host_key_;
    std::unique_ptr<net::Listener> listener_;
};

TEST_F(SshDrivers, read_what_the_expressions_find) {
    auto const account = wait(make(k_ssh_family, ChannelTrust::pinned, peer({fingerprint()}))->read_account());
    ASSERT_TRUE(account) << account.error().explanation();
    EXPECT_EQ(account->software, "2.0");
    EXPECT_THAT(account->trust_fingerprints, ElementsAre("aa", "bb"));
    EXPECT_EQ(account->settings.at("system.name"), "Box one");
    EXPECT_THAT(told_->all(), ElementsAre("password old-password of admin", "command show"));
}

TEST_F(SshDrivers, set_values_as_one_word_and_say_what_was_answered_otherwise) {
    auto driver = make(k_ssh_family, ChannelTrust::pinned, peer({fingerprint()}));
    EXPECT_TRUE(wait(driver->apply({{"system.name", "it's", ""}})));
    auto const refused = wait(driver->apply({{"system.name", "other", ""}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::mgr::answer_not_expected);
    EXPECT_THAT(refused.error().parameter("detail"), HasSubstr("exit status 1"));
    auto const restart = wait(driver->restart());
    ASSERT_FALSE(restart);
    EXPECT_THAT(restart.error().parameter("detail"), HasSubstr("not now"));
    auto const option = wait(driver->apply({{"system.name", "--factory", ""}}));
    ASSERT_FALSE(option);
    EXPECT_EQ(option.error().id(), errors::mgr::value_not_for_command);
}

TEST_F(SshDrivers, give_a_new_password_on_standard_input_and_prove_it) {
    auto driver = make(k_ssh_family, ChannelTrust::pinned, peer({fingerprint()}));
    auto const done = wait(driver->set_password(SecretText(std::string("new-password"))));
    ASSERT_TRUE(done) << done.error().explanation();
    EXPECT_THAT(told_->all(), ElementsAre("password old-password of admin", "command passwd", "input old-password:new-password\n",
                                          "password new-password of admin"));
}

TEST_F(SshDrivers, refuse_what_the_family_does_not_describe) {
    auto driver = make(k_ssh_family, ChannelTrust::pinned, peer({fingerprint()}));
    auto const identity = self_signed("box.example.test");
    auto const refused = wait(driver->install_certificate(identity.chain, identity.key));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::mgr::action_not_described);
    EXPECT_THAT(told_->all(), IsEmpty());
}

TEST_F(SshDrivers, tell_nothing_to_a_peer_with_another_host_key) {
    auto const pinned = fingerprint();
    listen();
    // However sure the channel was: the key is compared again on every connection.
    auto driver = make(k_ssh_family, ChannelTrust::pinned, peer({pinned}));
    ask_for_everything(*driver);
    auto const account = wait(driver->read_account());
    ASSERT_FALSE(account);
    EXPECT_EQ(account.error().id(), errors::mgr::ssh_host_key_changed);
    EXPECT_EQ(account.error().parameter("fingerprint"), fingerprint());
    EXPECT_THAT(told_->all(), IsEmpty());
}

TEST_F(SshDrivers, tell_nothing_to_a_peer_that_nobody_pinned) {
    for (auto const& pins : {std::vector<std::string>(), std::vector{fingerprint()}})
        ask_for_everything(*make(k_ssh_family, ChannelTrust::none, peer(pins)));
    ask_for_everything(*make(k_ssh_family, ChannelTrust::pinned, peer({})));
    EXPECT_THAT(told_->all(), IsEmpty());
}

TEST_F(SshDrivers, end_with_a_peer_that_says_nothing) {
    auto silent = net::listen_tcp(runtime_.executor(0), {"127.0.0.1", 0}, [](std::shared_ptr<net::Stream> stream) -> net::Task<> {
                      (void)co_await stream->read_some(100'000, net::Milliseconds(60'000));
                      (void)co_await stream->read_some(100'000, net::Milliseconds(60'000));
                  }).value();
    net::SshPeer const peer{.where = silent->local(), .connect = net::Milliseconds(1000)};
    auto const shown = wait(ways_->ssh->look_at(peer));
    ASSERT_FALSE(shown);
    EXPECT_TRUE(shown.error().id() == errors::net::timed_out || shown.error().id() == errors::net::connection_lost)
        << shown.error().message();
}

TEST_F(GenericDrivers, hooks_answer_with_facts_and_settings) {
    write_hook(R"(cat > "$(dirname "$0")/../asked"; env > "$(dirname "$0")/../env"
echo '{"facts": {"system.software": "1.9", "trust.fingerprint": ["aa", "bb"]}, "settings": {"system.name": "Web"}}')");
    auto const account = wait(make(k_hook_family, ChannelTrust::pinned)->read_account());
    ASSERT_TRUE(account) << account.error().explanation();
    EXPECT_EQ(account->software, "1.9");
    EXPECT_THAT(account->trust_fingerprints, ElementsAre("aa", "bb"));
    EXPECT_EQ(account->settings.at("system.name"), "Web");
    auto const asked = folder_.read("asked");
    EXPECT_THAT(asked, HasSubstr(R"("action":"read")"));
    EXPECT_THAT(asked, HasSubstr(R"("login_password":"old-password")"));
    EXPECT_THAT(asked, HasSubstr(R"("certificate_sha256":"aabb")"));
    EXPECT_THAT(folder_.read("env"), Not(HasSubstr("HOME=")));
}

TEST_F(GenericDrivers, hooks_are_given_no_secret_for_a_peer_that_is_nobody) {
    write_hook(R"(cat >> "$(dirname "$0")/../asked"; echo '{}')");
    ask_for_everything(*make(k_hook_family, ChannelTrust::none));
    auto const asked = folder_.read("asked");
    ASSERT_THAT(asked, HasSubstr(R"("action":"read")")) << "the hook was not even run: this test proves nothing";
    for (auto const* secret : {"old-password", "new-password", "PRIVATE KEY"}) EXPECT_THAT(asked, Not(HasSubstr(secret)));
    auto const identity = self_signed("box.example.test");
    auto const refused = wait(make(k_hook_family, ChannelTrust::none)->install_certificate(identity.chain, identity.key));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::mgr::no_secure_channel);
}

TEST_F(GenericDrivers, hooks_that_hang_are_killed_with_all_that_they_started) {
    auto const error = hook_error("sleep 1000 & echo $! > \"$(dirname \"$0\")/../child\"; sleep 1000");
    EXPECT_EQ(error.id(), errors::mgr::hook_failed);
    EXPECT_THAT(error.parameter("detail"), HasSubstr("within 1 s"));
    auto const child = std::stoi(folder_.read("child"));
    // Whoever collects it, it does not run any more.
    auto const running = [child] {
        std::ifstream status("/proc/" + std::to_string(child) + "/stat");
        std::string text((std::istreambuf_iterator<char>(status)), std::istreambuf_iterator<char>());
        auto const state = text.rfind(") ");
        return state != std::string::npos && text[state + 2] != 'Z';
    };
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (running() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_FALSE(running());
}

TEST_F(GenericDrivers, hooks_that_flood_die_or_talk_rubbish_are_told_apart) {
    EXPECT_THAT(hook_error("while :; do echo 0123456789012345678901234567890123456789; done").parameter("detail"),
                HasSubstr("more than 1 MiB"));
    EXPECT_THAT(hook_error("echo 'no such server' >&2; exit 3").parameter("detail"), HasSubstr("status 3"));
    EXPECT_THAT(hook_error("kill -9 $$").parameter("detail"), HasSubstr("status 137"));
    EXPECT_THAT(hook_error("echo hello").parameter("detail"), HasSubstr("no JSON document"));
    EXPECT_THAT(hook_error("echo '[]'").parameter("detail"), HasSubstr("no JSON object"));
    EXPECT_THAT(hook_error("echo '{\"fcats\": {}}'").parameter("detail"), HasSubstr("no member fcats"));
    EXPECT_THAT(hook_error("exec true").parameter("detail"), HasSubstr("no JSON document")) << "it need not read what it is given";
    EXPECT_EQ(hook_error("echo '{\"login_refused\": true}'").id(), errors::net::login_refused);
    auto const refused = hook_error("echo '{\"problems\": [\"too long\", \"too old\"]}'");
    EXPECT_EQ(refused.id(), errors::gen::several_problems);
    ASSERT_EQ(refused.causes().size(), 2U);
    EXPECT_EQ(refused.causes().front().id(), errors::mgr::refused_by_system);
}

TEST_F(GenericDrivers, hooks_that_somebody_else_could_change_are_not_run) {
    auto const refused = [this] {
        auto const account = wait(make(k_hook_family, ChannelTrust::pinned)->read_account());
        return !account && account.error().id() == errors::mgr::hook_refused;
    };
    EXPECT_TRUE(refused()) << "there is none";
    write_hook("echo '{}'", 0644);
    EXPECT_TRUE(refused()) << "not executable";
    write_hook("echo '{}'", 0775);
    EXPECT_TRUE(refused()) << "its group writes it";
    write_hook("echo '{}'", 0757);
    EXPECT_TRUE(refused()) << "others write it";
    write_hook("echo '{}'");
    EXPECT_FALSE(refused());
    ::chmod(ways_->hooks.c_str(), 0777);
    EXPECT_TRUE(refused()) << "others write the folder";
    ::chmod(ways_->hooks.c_str(), 0755);
    std::filesystem::rename(ways_->hooks / "hook.sh", folder_.path() / "elsewhere.sh");
    std::filesystem::create_symlink(folder_.path() / "elsewhere.sh", ways_->hooks / "hook.sh");
    EXPECT_TRUE(refused()) << "a link";
}

TEST(HookAnswers, are_refused_whole_when_a_part_is_bad) {
    for (auto const* wrong :
         {"", "{", "null", R"({"facts": []})", R"({"facts": {"no.such": "x"}})", R"({"facts": {"system.software": {}}})",
          R"({"facts": {"system.software": 1.5}})", R"({"settings": {"a": ["b"]}})", R"({"login_refused": "yes"})",
          R"({"problems": [null]})", R"({"problems": [[["x"]]]})"})
        EXPECT_FALSE(manager::parse_hook_answer(wrong)) << wrong;
    auto const good = manager::parse_hook_answer(R"({"facts": {"system.restart_pending": true}, "problems": [], "opened_by_key": true})");
    ASSERT_TRUE(good);
    EXPECT_THAT(good->facts.at("system.restart_pending"), ElementsAre("true"));
    EXPECT_TRUE(good->opened_by_key);
}

}  // namespace
}  // namespace countersign::testing
