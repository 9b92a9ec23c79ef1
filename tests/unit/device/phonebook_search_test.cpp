#include "device/clients/phonebook_search.hpp"

#include "device/services/node_xml.hpp"
#include "unit/device/running_unit.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::device {
namespace {

using countersign::testing::ChildProcess;
using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_offset;
using countersign::testing::NameServer;
using countersign::testing::TemporaryFolder;
using countersign::testing::TestAuthority;
using countersign::testing::TestIdentity;
using countersign::testing::TimeServer;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view k_name = "directory.example.test";

/// A directory of Python's, on address(100).
class Directory {
public:
    Directory(std::string const& address, std::optional<TestIdentity> const& identity) {
        std::vector<std::string> arguments{"python3", CS_SOURCE_DIR "/tests/support/directory_server.py", address,
                                           std::to_string((identity ? 443 : 80) + k_offset)};
        if (identity) {
            arguments.push_back(folder_.file("cert.pem", pki::to_pem(identity->chain)));
            arguments.push_back(folder_.file("key.pem", identity->key.to_pem().reveal()));
        }
        process_ = std::make_unique<ChildProcess>(std::move(arguments));
        process_->wait_until([this] { return process_->output().contains("ready"); });
    }
    [[nodiscard]] std::string log() const { return process_->output(); }

private:
    TemporaryFolder folder_;
    std::unique_ptr<ChildProcess> process_;
};

class PhonebookSearch : public ::testing::Test {
protected:
    std::string servers() { return estate_.address(100); }
    Result<CommandAnswer> search(std::shared_ptr<Unit> const& unit, std::string const& text) {
        return estate_.run(
            unit->run_command("Phonebook Search", {{"PhonebookType", "Corporate"}, {"SearchString", text}}, "", {"test", "admin", ""}));
    }
    std::shared_ptr<Unit> unit_with(std::string const& url, std::map<std::string, std::string> more = {}) {
        return estate_.boot("c-series", 1, [&](UnitSpec& spec) {
            spec.settings = std::move(more);
            spec.settings["client.phonebook.url"] = url;
        });
    }
    static std::string text_of(std::vector<Node> const& nodes) {
        dialect::XmlElement root("Result");
        root.children = to_xml(nodes);
        return dialect::write_xml(root);
    }
    Estate estate_;
};

TEST_F(PhonebookSearch, asks_the_directory_server_from_the_systems_own_address) {
    Directory const directory(servers(), {});
    auto const unit = unit_with("http://" + servers() + "/");
    auto const answer = search(unit, "an");
    ASSERT_TRUE(answer) << answer.error().message();
    auto const xml = text_of(answer->values);
    EXPECT_THAT(xml, HasSubstr("<TotalRows>2</TotalRows>"));
    EXPECT_THAT(xml, HasSubstr("<Contact item=\"1\"><Name>Anna &lt;Room 1&gt;</Name><ContactId>e_1</ContactId>"));
    EXPECT_THAT(xml, HasSubstr("<Number>anna@example.test</Number><Protocol>SIP</Protocol>"));
    EXPECT_THAT(xml, Not(HasSubstr("Bert")));
    EXPECT_THAT(directory.log(), HasSubstr("search " + unit->address() +
                                           " /tms/public/external/phonebook/phonebookservice.asmx?op=Search "
                                           "\"http://www.tandberg.net/2004/06/PhoneBookSearch/Search\" 'an' SubTree " +
                                           unit->spec().mac));
}

TEST_F(PhonebookSearch, lists_folders_of_the_root) {
    Directory const directory(servers(), {});
    auto const unit = unit_with("http://" + servers() + "/");
    auto const answer = search(unit, "");
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_THAT(text_of(answer->values), HasSubstr("<Folder item=\"1\"><Name>Meeting rooms</Name><FolderId>c_51</FolderId></Folder>"));
}

TEST_F(PhonebookSearch, keeps_names_that_start_with_what_is_asked_for) {
    Directory const directory(servers(), {});
    auto const unit = unit_with("http://" + servers() + "/");
    family::Command const command{.path = "CorpDirSearch", .words = {}, .dialect = "xapi", .behaviour = "", .result = "", .parameters = {}};
    auto const nodes = estate_.run(search_phonebook({unit, &command, {{"StartsWith", "a"}}, "", {}}));
    ASSERT_TRUE(nodes) << nodes.error().message();
    auto const xml = text_of(*nodes);
    EXPECT_THAT(xml, HasSubstr("Anna"));
    EXPECT_THAT(xml, HasSubstr("alpha lab"));
    EXPECT_THAT(xml, Not(HasSubstr("Clara"))) << "it contains an a and begins with c";
}

TEST_F(PhonebookSearch, says_what_the_server_said) {
    Directory const directory(servers(), {});
    auto const unit = unit_with("http://" + servers() + "/");
    auto const fault = search(unit, "fault");
    ASSERT_FALSE(fault);
    EXPECT_EQ(fault.error().id(), errors::dev::phonebook_failed);
    EXPECT_THAT(fault.error().message(), HasSubstr("The directory is locked"));
    EXPECT_EQ(search(unit, "nonsense").error().id(), errors::dev::phonebook_failed);
}

TEST_F(PhonebookSearch, needs_an_address) {
    for (auto const url : {"", "127.0.0.1"}) {
        auto const unit = unit_with(url);
        EXPECT_EQ(search(unit, "a").error().id(), errors::dev::no_phonebook) << url;
        estate_.run(unit->power_off());
    }
}

TEST_F(PhonebookSearch, never_falls_back_from_https_to_http) {
    Directory const plain(servers(), {});
    auto const unit = unit_with("https://" + servers() + "/");
    EXPECT_EQ(search(unit, "a").error().id(), errors::dev::phonebook_failed);
    EXPECT_THAT(plain.log(), Not(HasSubstr("search")));
}

TEST_F(PhonebookSearch, takes_any_certificate_while_verification_is_off) {
    Directory const directory(servers(), countersign::testing::self_signed("somebody.else.test"));
    auto const unit = unit_with("https://" + servers() + "/");
    EXPECT_TRUE(search(unit, "a"));
    EXPECT_THAT(directory.log(), HasSubstr("search"));
}

struct Fault {
    char const* description;
    std::function<TestIdentity(TestAuthority const&)> identity;
    char const* diagnosis;  ///< empty: taken
};
void PrintTo(Fault const& fault, std::ostream* out) { *out << fault.description; }

class VerifiedDirectory : public PhonebookSearch, public ::testing::WithParamInterface<Fault> {};

TEST_P(VerifiedDirectory, is_asked_only_when_it_proves_who_it_is) {
    TestAuthority const authority;
    NameServer const names("example.test", {{std::string(k_name), servers()}, {"ntp.example.test", servers()}}, servers(), 53 + k_offset);
    TimeServer const time(servers(), 123 + k_offset);
    Directory const directory(servers(), GetParam().identity(authority));
    auto const unit = unit_with(
        "https://" + std::string(k_name) + "/",
        {{"name.dns.server.1", servers()}, {"time.ntp.mode", "On"}, {"time.ntp.address", "ntp.example.test"}, {"client.verify", "On"}});
    EventLog events(unit);
    estate_.trust(unit, authority.root());
    auto const ready = [&] { return estate_.on_loop([&] { return unit->verify_state().effective(); }); };
    if (!ready()) ASSERT_TRUE(events.wait_for("time.changed"));
    ASSERT_TRUE(ready());

    auto const answer = search(unit, "a");
    std::string const line = GetParam().diagnosis;
    ASSERT_EQ(answer.has_value(), line.empty());
    if (answer) return;
    EXPECT_EQ(answer.error().id(), errors::dev::phonebook_failed);
    EXPECT_THAT(answer.error().message(), HasSubstr(line));
    EXPECT_THAT(directory.log(), Not(HasSubstr("search")));
    auto const event = events.wait_for("tls.failed");
    ASSERT_TRUE(event);
    EXPECT_EQ(event->field("client"), "phonebook");
    EXPECT_EQ(event->field("server"), "https://" + std::string(k_name) + ":" + std::to_string(443 + k_offset));
    EXPECT_EQ(event->field("syslog"), line);
    EXPECT_THAT(line, HasSubstr("VerifyResult=" + std::string(event->field("verify_result")) +
                                ", NameCheck: " + std::string(event->field("name_check"))));
    EXPECT_THAT(std::string(event->field("detail")), HasSubstr("before a byte of payload was sent"));
    EXPECT_EQ(events.count("tls.failed"), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Certificates, VerifiedDirectory,
    ::testing::Values(Fault{"right", [](TestAuthority const& authority) { return authority.issue(std::string(k_name)); }, ""},
                      Fault{"wrong_name", [](TestAuthority const& authority) { return authority.issue("other.example.test"); },
                            "SSL: socklib_sslHandshake: VerifyResult=0=OK, NameCheck: Mismatch"},
                      Fault{"expired", [](TestAuthority const& authority) { return authority.issue_expired(std::string(k_name)); },
                            "SSL: socklib_sslHandshake: VerifyResult=10=CERT_HAS_EXPIRED, NameCheck: Match"},
                      Fault{"self_signed", [](TestAuthority const&) { return countersign::testing::self_signed(std::string(k_name)); },
                            "SSL: socklib_sslHandshake: VerifyResult=18=DEPTH_ZERO_SELF_SIGNED_CERT, NameCheck: Match"},
                      Fault{"untrusted_and_wrong_name",
                            [](TestAuthority const&) { return TestAuthority("Another root").issue("other.example.test"); },
                            "SSL: socklib_sslHandshake: VerifyResult=20=UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NameCheck: Mismatch"}),
    [](auto const& info) { return std::string(info.param.description); });

TEST(PhonebookResult, has_entities_on_classic_dataports) {
    dialect::phonebook::Answer answer{.name = "", .id = "138", .catalogs = {{"Rooms", "140", true, false}}, .entries = {}};
    answer.entries.push_back(
        {.name = "charlie", .id = "29", .is_last = true, .base_dn = "", .system_type = "", .routes = {{"", "SIP", "4711", "", "", ""}}});
    auto const nodes = phonebook_result(answer, family::DataportStyle::classic, 0, 40);
    ASSERT_EQ(nodes.size(), 1U);
    ASSERT_EQ(nodes[0].children.size(), 2U);
    auto const member = [&](std::size_t item, std::string_view name) {
        auto const& members = nodes[0].children[item].children;
        auto const at = std::ranges::find(members, name, &Node::name);
        return at == members.end() ? std::string("(none)") : at->value;
    };
    EXPECT_EQ(member(0, "Name"), "Rooms");
    EXPECT_EQ(member(0, "ID"), "140");
    EXPECT_EQ(member(0, "DialString"), "(none)");
    EXPECT_EQ(member(1, "DialString"), "4711");
    EXPECT_EQ(member(1, "Path"), "138");
    EXPECT_EQ(member(1, "IsLast"), "True");
}

}  // namespace
}  // namespace countersign::device
