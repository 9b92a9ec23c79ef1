#pragma once

/// What the drivers share that have no protocol of their own (docs/driver-sdk.md): what the family file does not describe is refused
/// with MGR-102, and no password and no key leaves for a peer that is neither verified nor pinned (MGR-005).

#include "family/generic.hpp"
#include "manager/drivers/direct.hpp"
#include "manager/drivers/driver.hpp"
#include "manager/drivers/facts.hpp"

namespace countersign::manager {

class GenericDriver : public Driver {
public:
    GenericDriver(family::FamilyPtr family, Channel channel) : family_(std::move(family)), channel_(std::move(channel)) {}
    void use_credentials(net::http::Credentials credentials) override { credentials_ = std::move(credentials); }
    [[nodiscard]] ChannelTrust trust() const override { return channel_.trust; }
    [[nodiscard]] bool secure() const override { return channel_.secure; }

    net::Task<Result<void>> set_password(SecretText password) override;
    net::Task<Result<void>> install_trust(std::vector<pki::Certificate> roots) override;
    net::Task<Result<void>> withdraw_trust(std::vector<std::string> fingerprints) override;
    net::Task<Result<void>> install_certificate(std::vector<pki::Certificate> chain, pki::PrivateKey key) override;
    net::Task<Result<void>> restart() override { return act(family::Action::restart, {}); }
    net::Task<Result<void>> begin_trial(std::chrono::seconds within) override;
    net::Task<Result<void>> confirm_trial(std::string id) override;
    net::Task<Result<void>> cancel_trial() override;
    net::Task<Result<void>> register_feedback(std::string url) override;

protected:
    /// What an action is given, by the names of the placeholders. Those that are secret are wiped with it.
    using Given = std::map<std::string, SecretText, std::less<>>;
    /// Does it. Called when the action is described, and with a secret only when the channel is good enough.
    virtual net::Task<Result<void>> act_now(family::Action action, Given given) = 0;

    [[nodiscard]] Result<void> check_described(family::Action action) const;
    [[nodiscard]] bool may_have_secrets() const { return channel_.secure && channel_.trust >= ChannelTrust::pinned; }
    [[nodiscard]] Result<void> check_trust(std::string_view what) const;
    /// MGR-005 when nobody said whom we talk to.
    [[nodiscard]] family::Family const& family() const { return *family_; }
    [[nodiscard]] family::FamilyPtr const& family_ptr() const { return family_; }
    [[nodiscard]] Channel const& channel() const { return channel_; }
    [[nodiscard]] net::http::Credentials const& credentials() const { return credentials_; }
    [[nodiscard]] UtcTime now() const { return channel_.clock ? channel_.clock->now() : SystemClock().now(); }
    /// The changes in the family's words; every problem at once. The registration for feedback is taken out, when it is no setting.
    struct Change {
        family::Setting const* setting;
        std::string canonical_value;
        std::string value;
    };
    Result<std::vector<Change>> in_family_words(std::vector<SettingChange> const& changes, std::optional<std::string>& feedback) const;
    /// From facts and settings in the family's words.
    [[nodiscard]] Account account_of(Facts const& facts, std::map<std::string, std::string> const& settings) const;
    void note_trial(std::string id) { trial_ = std::move(id); }

private:
    net::Task<Result<void>> act(family::Action action, Given given);

    family::FamilyPtr family_;
    Channel channel_;
    net::http::Credentials credentials_;
    std::string trial_;  ///< as the account said last
};

}  // namespace countersign::manager
