#pragma once

/// What all drivers over HTTP(S) share: exchanges whose refusals become errors, pages with forms, and uploads. Where a
/// form stands and how its fields are called comes from the family file; hidden fields come from the system's own page.

#include "base/gather.hpp"
#include "dialect/web_form.hpp"
#include "manager/drivers/driver.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager {

class WebDriver : public Driver {
public:
    WebDriver(family::FamilyPtr family, Channel channel);
    void use_credentials(net::http::Credentials credentials) override;
    [[nodiscard]] ChannelTrust trust() const override { return channel_.trust; }
    [[nodiscard]] bool secure() const override { return channel_.secure; }
    net::Task<Result<void>> set_password(SecretText password) override;
    net::Task<Result<void>> install_trust(std::vector<pki::Certificate> roots) override;
    net::Task<Result<void>> withdraw_trust(std::vector<std::string> fingerprints) override;
    net::Task<Result<void>> install_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) override;
    net::Task<Result<void>> begin_trial(std::chrono::seconds within) override;
    net::Task<Result<void>> confirm_trial(std::string id) override;
    net::Task<Result<void>> cancel_trial() override;
    net::Task<Result<void>> restart() override;

protected:
    /// What is put into a form.
    struct Entries {
        std::map<std::string, std::string> values;  ///< field name -> value
        std::vector<net::http::Part> files;
    };

    /// The body of an answer with status 200. NET-010 for 401 and 403, NET-011 for any other.
    net::Task<Result<net::http::Response>> exchange(net::http::Request request);
    net::Task<Result<dialect::web::HtmlPage>> load_page(std::string path);
    /// Loads the page, fills in the form, posts it. DEV-002 with the system's words when it shows problems.
    net::Task<Result<void>> submit(family::Family::FormPlace place, Entries entries);
    /// The way in which a password is set in the family's protocol; called only when the channel is good enough.
    virtual net::Task<Result<void>> send_password(std::string password);

    /// Runs a command of the family in its own protocol.
    virtual net::Task<Result<void>> run(family::Command const& command, std::vector<family::Argument> arguments) = 0;
    /// The command with that behaviour. DEV-003 when the family has none.
    net::Task<Result<void>> run_behaviour(std::string_view behaviour, std::vector<family::Argument> arguments);

    /// MGR-005 when the channel is neither verified nor pinned.
    [[nodiscard]] Result<void> check_trust(std::string_view what) const;
    [[nodiscard]] family::Family const& family() const { return *family_; }
    [[nodiscard]] std::string const& peer() const { return channel_.peer; }
    [[nodiscard]] UtcTime now() const;
    /// Forms may be those of some versions only.
    void know_software(std::string software) { software_ = std::move(software); }
    /// The command with that behaviour, if the software has it; else null.
    [[nodiscard]] family::Command const* find_command_of_software(std::string_view behaviour) const;
    [[nodiscard]] net::http::Credentials const& credentials() const { return credentials_; }
    /// The password is printed in the product's manual: no secret, may be sent over any channel.
    [[nodiscard]] bool factory_password() const;

private:
    family::FamilyPtr family_;
    Channel channel_;
    net::http::Credentials credentials_;
    std::string software_;  ///< as the system said last
};

/// The form of that software that takes a file with this role for the first identity; null when the family has none.
family::Family::FormPlace find_form_with_role(family::Family const& family, std::string_view software, std::string_view role);

}  // namespace countersign::manager
