#include "device/services/ssh_door.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/files/scp_session.hpp"
#include "device/files/sftp_session.hpp"
#include "device/files/unit_files.hpp"
#include "device/services/dataport.hpp"
#include "net/ssh.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace countersign::device {
namespace {

constexpr std::size_t k_key_limit = 16 * 1024;

std::string seal_context(Unit const& unit) { return "SSH host key of " + unit.spec().serial; }

Result<SecretText> load_host_key(Unit const& unit, fs::path const& file) {
    CS_TRY(auto sealed, host::read_file(file, k_key_limit));
    CS_TRY(auto key, unit.environment().sealer->open(trim(sealed), seal_context(unit)));
    if (auto fingerprint = net::ssh_fingerprint(key); !fingerprint) return fail(std::move(fingerprint).error().at(file.string()));
    return key;
}

class Shell final : public net::SshShell {
public:
    Shell(std::shared_ptr<Unit> unit, Actor actor) : dataport_(std::move(unit), std::move(actor)) {}

    [[nodiscard]] std::string welcome() const override { return dataport_.welcome(); }
    net::Task<Reply> handle(std::string line) override {
        auto text = co_await dataport_.handle(std::move(line));
        co_return Reply{std::move(text), dataport_.ended(), dataport_.echo(), dataport_.refused()};
    }
    [[nodiscard]] std::vector<std::string> complete(std::string_view line) const override { return dataport_.complete(line); }
    void on_push(std::function<void(std::string)> push) override { dataport_.on_push(std::move(push)); }

private:
    Dataport dataport_;
};

class Service final : public net::SshService {
public:
    Service(std::weak_ptr<Unit> unit, family::Service const& service) : unit_(std::move(unit)), id_(service.id), files_(service.files) {}

    Login authenticate(std::string const& user, SecretText const& password, std::string const& peer) override {
        auto const unit = unit_.lock();
        if (!unit) return Login::locked_out;
        auto const allowed = unit->authenticate(user, password, {id_, user, peer});
        if (allowed) return Login::granted;
        return allowed.error().id() == errors::acc::locked_out ? Login::locked_out : Login::refused;
    }
    std::shared_ptr<net::SshShell> open(std::string const& user, std::string const& peer) override {
        auto unit = unit_.lock();
        if (!unit) return nullptr;
        return std::make_shared<Shell>(std::move(unit), Actor{id_, user, peer});
    }
    std::shared_ptr<net::SshProgram> start(net::SshRequest const& request) override {
        auto const offers = [this](std::string_view way) { return std::ranges::find(files_, way) != files_.end(); };
        auto const files = [&] { return std::make_shared<UnitFiles>(unit_, Actor{id_, request.user, request.peer}); };
        if (request.subsystem == "sftp" && offers("sftp")) return std::make_shared<SftpSession>(files());
        if (request.subsystem.empty() && offers("scp")) return make_scp(files(), request.command);
        return nullptr;
    }

private:
    std::weak_ptr<Unit> unit_;
    std::string id_;
    std::vector<std::string> files_;  ///< ways to transfer them
};

/// Whoever switches SSH off over SSH reads the answer before the connection ends.
class SshDoor final : public Door {
public:
    explicit SshDoor(std::unique_ptr<net::SshListener> listener) : listener_(std::move(listener)) {}
    [[nodiscard]] net::Endpoint local() const override { return listener_->local(); }
    net::Task<> close(net::Milliseconds grace) override { return listener_->finish(grace); }

private:
    std::unique_ptr<net::SshListener> listener_;
};

}  // namespace

Result<SecretText> ensure_ssh_host_key(Unit& unit) {
    auto const file = unit.environment().data / unit.spec().serial / "ssh-host-key.sealed";
    std::error_code ignored;
    if (fs::exists(file, ignored)) {
        auto held = load_host_key(unit, file);
        if (held) return held;
        log::error("ssh.host_key_damaged", held.error(), {{"unit", unit.spec().serial}});
        unit.report("ssh.host_key_damaged", {{"detail", held.error().message()}});
    }
    CS_TRY(auto key, net::make_ssh_host_key());
    CS_CHECK(host::write_file(file, unit.environment().sealer->seal(key, seal_context(unit)) + "\n", host::Privacy::owner_only,
                              unit.environment().durability));
    return key;
}

Result<std::unique_ptr<Door>> open_ssh_door(Unit& unit, family::Service const& service, net::Endpoint where) {
    CS_TRY(auto key, ensure_ssh_host_key(unit));
    CS_TRY(auto fingerprint, net::ssh_fingerprint(key));
    net::SshLimits limits;
    limits.block = Dataport::k_max_block;
    auto talk = std::make_shared<Service>(unit.weak_from_this(), service);
    CS_TRY(auto listener, net::listen_ssh(unit.executor(), std::move(where), key, std::move(talk), limits));
    unit.publish_fact("service.ssh.host_key", std::move(fingerprint));
    return std::make_unique<SshDoor>(std::move(listener));
}

}  // namespace countersign::device
