#include "device/services/ssh_door.hpp"

#include "net/ssh.hpp"
#include "net/ssh_lines.hpp"
#include "support/child_process.hpp"
#include "support/program.hpp"
#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace countersign::device {
namespace {

using countersign::testing::ChildProcess;
using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_offset;
using countersign::testing::Ran;
using countersign::testing::RawClient;
using countersign::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint16_t k_ssh = 22 + k_offset;

/// A C-series with SSH on. OpenSSH's client asks.
class SshDoor : public ::testing::Test {
protected:
    /// The client's command line; the password comes from a program, as there is no terminal.
    std::string ssh(std::string const& options, std::string const& password = "TANDBERG", int prompts = 1) {
        auto const script = folder_.file("askpass", "#!/bin/sh\necho '" + password + "'\n");
        ::chmod(script.c_str(), 0700);
        return "SSH_ASKPASS=" + script + " SSH_ASKPASS_REQUIRE=force DISPLAY=none ssh -F none " + options + " -p " + std::to_string(k_ssh) +
               " -o UserKnownHostsFile=" + known_hosts() + " -o NumberOfPasswordPrompts=" + std::to_string(prompts) +
               " -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=accept-new -o PubkeyAuthentication=no -o LogLevel=ERROR anything@" +
               unit_->address();
    }
    Ran run(std::string const& command) { return run_in(folder_, command); }
    std::string known_hosts() { return (folder_.path() / "known_hosts").string(); }

    TemporaryFolder folder_;
    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("c-series", 1, [](UnitSpec& spec) { spec.settings["service.ssh.mode"] = "on"; });
};

TEST_F(SshDoor, carries_out_a_command_and_prints_nothing_but_its_answer) {
    auto const ran = run(ssh("") + " xstatus systemunit");
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_THAT(ran.output, ::testing::StartsWith("*s SystemUnit"));
    EXPECT_THAT(ran.output, ::testing::EndsWith("** end\n\nOK\n"));
    EXPECT_THAT(ran.output, Not(HasSubstr("\r")));
}

TEST_F(SshDoor, takes_the_lines_of_the_guide_in_a_shell_without_a_terminal) {
    auto const ran = run("printf 'xconfig networkservices telnet mode: off\\nbye\\n' | " + ssh("-T"));
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("Welcome to unit1\n"));
    EXPECT_THAT(ran.output, HasSubstr("\nOK\n"));
    EXPECT_THAT(ran.output, ::testing::EndsWith("** end\n\nOK\n"));
    EXPECT_THAT(ran.output, Not(HasSubstr("\r"))) << "programs wait for a line that is exactly OK (protocols 1.4)";
    EXPECT_EQ(estate_.stored(unit_, "service.telnet.mode"), "off");
}

TEST_F(SshDoor, tells_by_the_exit_status_whether_a_command_was_refused) {
    EXPECT_EQ(run(ssh("") + " xconfig systemunit name: fine").exit_code, 0);
    EXPECT_EQ(run(ssh("") + " xconfig networkservices https mode: maybe").exit_code, 1);
    EXPECT_EQ(run(ssh("") + " xcommand nonsense").exit_code, 1);
    EXPECT_EQ(run("printf 'nonsense\\nxstatus systemunit\\n' | " + ssh("-T")).exit_code, 1) << "any of the lines";
    EXPECT_EQ(run("printf 'nonsense\\rbye\\r' | " + ssh("-tt")).exit_code, 0) << "a person saw it";
}

TEST_F(SshDoor, completes_and_recalls_on_a_terminal) {
    auto const ran = run("printf 'xst\\tsystemu\\tsoft\\r\\033[A\\rbye\\r' | " + ssh("-tt"));
    EXPECT_THAT(ran.output, HasSubstr("*s SystemUnit Software Version: "));
    EXPECT_THAT(ran.output, HasSubstr("xStatus SystemUnit soft\r\n"));
}

TEST_F(SshDoor, answers_lines_whose_sender_has_no_more_to_say) {
    auto const ran = run("printf 'xconfig networkservices telnet mode: off' | " + ssh("-T"));
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, ::testing::EndsWith("** end\n\nOK\n"));
}

TEST_F(SshDoor, ends_lines_with_cr_lf_on_a_terminal_and_shows_what_is_typed) {
    auto const ran = run("printf 'xconfig networkservices telnet mode: off\\rbye\\r' | " + ssh("-tt"));
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("\r\nOK\r\n"));
    EXPECT_THAT(ran.output, HasSubstr("xconfig networkservices telnet mode: off\r\n"));
    EXPECT_EQ(estate_.stored(unit_, "service.telnet.mode"), "off");
}

TEST_F(SshDoor, takes_a_password_by_either_method) {
    for (auto const* method : {"password", "keyboard-interactive"}) {
        auto const ran = run(ssh(std::string("-o PreferredAuthentications=") + method) + " xstatus systemunit");
        EXPECT_EQ(ran.exit_code, 0) << method << ": " << ran.output;
    }
}

TEST_F(SshDoor, refuses_a_wrong_password) {
    EventLog events(unit_);
    auto const ran = run(ssh("-o PreferredAuthentications=password", "wrong") + " xstatus");
    EXPECT_EQ(ran.exit_code, 255);
    EXPECT_THAT(ran.output, HasSubstr("Permission denied"));
    EXPECT_EQ(events.count("login.failed"), 1U);
}

TEST_F(SshDoor, closes_after_three_wrong_passwords) {
    EventLog events(unit_);
    auto const ran = run(ssh("-o PreferredAuthentications=password", "wrong", 9) + " xstatus");
    EXPECT_EQ(ran.exit_code, 255);
    EXPECT_EQ(events.count("login.failed"), 3U);
}

TEST_F(SshDoor, locks_an_address_out_after_five_wrong_passwords) {
    EventLog events(unit_);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(run(ssh("-o PreferredAuthentications=password", "wrong") + " xstatus").exit_code, 255);
    EXPECT_TRUE(events.wait_for("login.locked"));
    EXPECT_EQ(run(ssh("") + " xstatus").exit_code, 255) << "the right password has to wait too";
}

TEST_F(SshDoor, keeps_its_host_key_over_a_restart) {
    EventLog events(unit_);
    EXPECT_EQ(run(ssh("") + " xcom boot").exit_code, 0);
    ASSERT_TRUE(events.wait_for("boot.done"));
    auto const ran = run(ssh("") + " xstatus systemunit");
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
}

TEST_F(SshDoor, shows_the_fingerprint_of_its_host_key) {
    auto const ran = run(ssh("") + " xstatus security ssh");
    auto const fingerprint = estate_.fact(unit_, "service.ssh.host_key");
    EXPECT_THAT(ran.output, HasSubstr("*s Security SSH HostKey Fingerprint: \"" + fingerprint));
    EXPECT_THAT(fingerprint, ::testing::StartsWith("SHA256:"));
    EXPECT_THAT(run("ssh-keygen -l -f " + known_hosts()).output, HasSubstr(fingerprint));
}

TEST_F(SshDoor, keeps_its_host_key_sealed_and_for_its_owner_only) {
    auto const file = estate_.environment().data / unit_->spec().serial / "ssh-host-key.sealed";
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_THAT(host::read_file(file).value(), Not(HasSubstr("PRIVATE KEY")));
}

TEST_F(SshDoor, replaces_a_damaged_host_key_and_says_so) {
    auto const file = estate_.environment().data / unit_->spec().serial / "ssh-host-key.sealed";
    ASSERT_TRUE(host::write_file(file, "rubbish", host::Privacy::owner_only));
    EventLog events(unit_);
    EXPECT_TRUE(estate_.on_loop([this] { return ensure_ssh_host_key(*unit_).has_value(); }));
    EXPECT_EQ(events.count("ssh.host_key_damaged"), 1U);
    EXPECT_THAT(host::read_file(file).value(), Not(HasSubstr("rubbish")));
}

TEST_F(SshDoor, speaks_no_algorithm_of_the_past) {
    for (auto const* old : {"-o Ciphers=aes128-cbc", "-o Ciphers=aes128-ctr -o MACs=hmac-sha1",
                            "-o KexAlgorithms=diffie-hellman-group14-sha1", "-o HostKeyAlgorithms=ssh-rsa,rsa-sha2-256"}) {
        auto const ran = run(ssh(std::string(old) + " -o LogLevel=INFO") + " xstatus");
        EXPECT_EQ(ran.exit_code, 255) << old;
        EXPECT_THAT(ran.output, HasSubstr("no matching")) << old << ran.output;
    }
}

TEST_F(SshDoor, has_no_subsystem_but_that_of_files) {
    EXPECT_EQ(run(ssh("-s") + " sftp </dev/null").exit_code, 0);
    EXPECT_NE(run(ssh("-s") + " netconf </dev/null").exit_code, 0);
}

TEST_F(SshDoor, gives_files_only_where_the_family_has_them) {
    unit_ = estate_.boot("mxp", 2, [](UnitSpec& spec) { spec.settings["service.ssh.mode"] = "on"; });
    EXPECT_NE(run(ssh("-s") + " sftp </dev/null").exit_code, 0);
    EXPECT_THAT(run(ssh("") + " scp -f /configuration.xml </dev/null").output, HasSubstr("ERROR"));
}

TEST_F(SshDoor, closes_connections_beyond_the_eighth) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<RawClient>(unit_->address(), k_ssh));
        EXPECT_THAT(clients.back()->read_until("\n"), ::testing::StartsWith("SSH-2.0-"));
    }
    RawClient ninth(unit_->address(), k_ssh);
    EXPECT_EQ(ninth.read_until("\n"), "");
    EXPECT_TRUE(ninth.is_closed());
}

TEST_F(SshDoor, survives_what_is_not_ssh) {
    RawClient stranger(unit_->address(), k_ssh);
    stranger.send("GET / HTTP/1.1\r\n\r\n" + std::string(64 * 1024, 'x') + "\r\n");
    EXPECT_TRUE(stranger.is_closed());
    EXPECT_EQ(run(ssh("") + " xstatus systemunit").exit_code, 0);
}

TEST_F(SshDoor, ends_sessions_and_their_threads_when_it_is_closed) {
    auto const threads = [] { return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()); };
    auto const before = threads();
    // A pipe that is open at both ends never ends.
    auto const pipe = (folder_.path() / "input").string();
    ChildProcess const client({"sh", "-c", "mkfifo " + pipe + " && exec env " + ssh("-T") + " 0<>" + pipe});
    client.wait_until([&client] { return client.output().contains("Login successful"); });
    EXPECT_EQ(threads(), before + 1);
    estate_.run(unit_->power_off());
    EXPECT_EQ(threads(), before);
    EXPECT_THROW(RawClient(unit_->address(), k_ssh), std::runtime_error);
}

/// Nobody to talk to: for what happens before that.
class Nobody final : public net::SshService {
public:
    Login authenticate(std::string const&, SecretText const&, std::string const&) override { return Login::refused; }
    std::shared_ptr<net::SshShell> open(std::string const&, std::string const&) override { return nullptr; }
};

TEST_F(SshDoor, closes_on_a_peer_that_stays_silent_in_the_handshake) {
    net::SshLimits limits;
    limits.handshake = net::Milliseconds(200);
    auto const listener = net::listen_ssh(estate_.runtime().executor(0), {estate_.address(2), 0}, net::make_ssh_host_key().value(),
                                          std::make_shared<Nobody>(), limits)
                              .value();
    RawClient silent(estate_.address(2), listener->local().port);
    EXPECT_TRUE(silent.is_closed());
}

TEST_F(SshDoor, closes_on_a_peer_that_does_not_log_in) {
    net::SshLimits limits;
    limits.login = net::Milliseconds(500);
    auto const listener = net::listen_ssh(estate_.runtime().executor(0), {estate_.address(1), 0}, net::make_ssh_host_key().value(),
                                          std::make_shared<Nobody>(), limits)
                              .value();
    // The program that gives the password takes its time.
    auto const script = folder_.file("slow", "#!/bin/sh\nsleep 5\necho late\n");
    ::chmod(script.c_str(), 0700);
    auto const ran =
        run("SSH_ASKPASS=" + script + " SSH_ASKPASS_REQUIRE=force DISPLAY=none ssh -F none -o UserKnownHostsFile=" + known_hosts() +
            " -o StrictHostKeyChecking=accept-new -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 -p " +
            std::to_string(listener->local().port) + " x@" + estate_.address(1));
    EXPECT_EQ(ran.exit_code, 255);
    EXPECT_THAT(ran.output, Not(HasSubstr("Permission denied"))) << "nobody looked at the password";
}

TEST(SshHostKey, is_refused_when_it_is_none) {
    EXPECT_FALSE(net::ssh_fingerprint(SecretText("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")));
}

std::vector<std::string> texts(std::vector<net::SshLines::Line> const& lines) {
    std::vector<std::string> out;
    for (auto const& line : lines) out.push_back(line.text);
    return out;
}

TEST(SshLines, edit_what_is_typed_on_a_terminal) {
    net::SshLines lines(100);
    lines.use_terminal();
    auto const input = lines.feed(
        "xstatuz\x7fs\r\x1b[Ahelp\x15"
        "bye\r\nno\x03gr\xc3\xbc\x08un\n");
    EXPECT_THAT(texts(input.lines), ElementsAre("xstatus", "bye", "grun"));
    EXPECT_THAT(input.echo, ::testing::StartsWith("xstatus\r\n")) << "what is typed in one go is shown as it is at last";
}

TEST(SshLines, end_at_control_d_on_an_empty_line_only) {
    net::SshLines lines(100);
    lines.use_terminal();
    EXPECT_FALSE(lines.feed("x\x04").ended);
    EXPECT_TRUE(lines.feed("\r\x04").ended);
}

TEST(SshLines, mark_a_line_that_is_too_long_and_go_on_with_the_next) {
    net::SshLines lines(4);
    auto const input = lines.feed("12345\n1234\n");
    ASSERT_EQ(input.lines.size(), 2U);
    EXPECT_TRUE(input.lines[0].too_long);
    EXPECT_EQ(input.lines[1].text, "1234");
    EXPECT_FALSE(input.lines[1].too_long);
}

}  // namespace
}  // namespace countersign::device
