#include "device/virtual/faulty_door.hpp"

#include "base/log.hpp"
#include "device/repository/factory.hpp"
#include "device/virtual/fault_book.hpp"

#include <array>
#include <map>
#include <mutex>
#include <utility>

namespace countersign::device {
namespace {

using Context = std::shared_ptr<net::tls::ServerContext const>;

constexpr auto k_day = std::chrono::hours(24);

/// The pair of the system as it is, but for the fault. The vendor's authority vouches for it, unless that is the fault.
Result<CertificatePair> make_faulty(Unit const& unit, std::string const& identity, Fault::Kind kind) {
    auto const* right = unit.pair_in_effect(identity);
    pki::SubjectFields subject;
    std::vector<pki::AlternativeName> names;
    if (kind == Fault::Kind::wrong_name) {
        subject.common_name = "wrong-name.invalid";
        names.push_back({pki::AlternativeName::Kind::dns, subject.common_name});
    } else if (right != nullptr) {
        subject.common_name = right->chain.front().common_name();
        names = right->chain.front().alternative_names();
    }
    CS_TRY(auto type, pki::parse_key_type("ec:p256"));
    CS_TRY(auto key, pki::PrivateKey::generate(type));
    CS_TRY(auto request, pki::CertificateRequest::create(key, subject, names));
    auto const now = unit.environment().clock->now();
    auto validity = pki::valid_for(now, k_day * 365);
    if (kind == Fault::Kind::expired) validity = {now - k_day * 366, now - k_day};
    if (kind == Fault::Kind::untrusted) {
        pki::SubjectFields stranger;
        stranger.common_name = "Unknown Authority";
        CS_TRY(auto stranger_key, pki::PrivateKey::generate(type));
        CS_TRY(auto authority, pki::CertificateAuthority::create_root(stranger_key, stranger, pki::valid_for(now, k_day * 3650)));
        CS_TRY(auto certificate, authority.sign(request, pki::Profile::device, validity));
        return CertificatePair{{std::move(certificate)}, std::move(key)};
    }
    CS_TRY(auto certificate, unit.environment().factory->sign(unit.family(), request, validity));
    return CertificatePair{{std::move(certificate)}, std::move(key)};
}

Result<Context> make_context(Unit const& unit, std::string const& identity, Fault::Kind kind) {
    CS_TRY(auto pair, make_faulty(unit, identity, kind));
    return net::tls::ServerContext::create({.chain = pair.chain,
                                            .key = pair.key,
                                            .profile = unit.environment().tls_profile,
                                            .clients = net::tls::ServerContext::ClientCertificates::ignored,
                                            .client_anchors = {}});
}

/// What doors went on showing when keeps_certificate was dialled, by system and service: a restart opens other doors.
class Kept {
public:
    /// What was kept before, else `now`, which is kept.
    Context keep(std::string const& key, Context now) {
        std::lock_guard const lock(mutex_);
        return held_.try_emplace(key, std::move(now)).first->second;
    }
    void forget(std::string const& key) {
        std::lock_guard const lock(mutex_);
        held_.erase(key);
    }

private:
    std::mutex mutex_;
    std::map<std::string, Context> held_;
};

/// Shared by the door and by what was posted to the unit's loop.
class Shown : public std::enable_shared_from_this<Shown> {
public:
    Shown(std::weak_ptr<Unit> unit, family::Service const& service, std::string serial, std::shared_ptr<FaultBook> faults,
          std::shared_ptr<Kept> kept, std::unique_ptr<Door> door, Context right)
        : unit_(std::move(unit)),
          service_(service),
          serial_(std::move(serial)),
          faults_(std::move(faults)),
          kept_(std::move(kept)),
          door_(std::move(door)),
          right_(std::move(right)) {}

    void start(net::Executor executor) {
        auto again = [held = weak_from_this(), executor = std::move(executor)] {
            net::asio::post(executor, [held] {
                if (auto self = held.lock()) self->show();
            });
        };
        watch_ = faults_->watch(serial_, std::move(again));
        show();
    }
    void show() {
        static constexpr std::array kinds{Fault::Kind::expired, Fault::Kind::wrong_name, Fault::Kind::untrusted};
        auto const unit = unit_.lock();
        if (!unit) return;
        for (auto const kind : kinds) {
            if (!faults_->find(serial_, kind)) continue;
            if (shown_ == kind) return;
            auto faulty = make_context(*unit, service_.identity, kind);
            if (!faulty) return log::error("fault.not_shown", faulty.error(), {{"unit", serial_}});
            shown_ = kind;
            return door_->replace_identity(*std::move(faulty));
        }
        auto const key = serial_ + " " + service_.id;
        if (faults_->find(serial_, Fault::Kind::keeps_certificate)) {
            if (shown_ == Fault::Kind::keeps_certificate) return;
            shown_ = Fault::Kind::keeps_certificate;
            return door_->replace_identity(kept_->keep(key, right_));
        }
        kept_->forget(key);
        if (shown_) door_->replace_identity(right_);
        shown_.reset();
    }
    void replace(Context right) {
        right_ = std::move(right);
        if (!shown_) door_->replace_identity(right_);
    }
    [[nodiscard]] Door& door() { return *door_; }
    [[nodiscard]] Door const& door() const { return *door_; }

private:
    std::weak_ptr<Unit> unit_;
    family::Service const& service_;  ///< of the family, which the unit keeps
    std::string serial_;
    std::shared_ptr<FaultBook> faults_;
    std::shared_ptr<Kept> kept_;
    std::unique_ptr<Door> door_;
    Context right_;
    std::optional<Fault::Kind> shown_;
    std::shared_ptr<FaultBook::Watch> watch_;
};

class FaultyDoor final : public Door {
public:
    explicit FaultyDoor(std::shared_ptr<Shown> shown) : shown_(std::move(shown)) {}
    [[nodiscard]] net::Endpoint local() const override { return shown_->door().local(); }
    net::Task<> close(net::Milliseconds grace) override {
        auto const shown = shown_;
        co_await shown->door().close(grace);
    }
    void replace_identity(Context right) override { shown_->replace(std::move(right)); }
    void end_connections() override { shown_->door().end_connections(); }

private:
    std::shared_ptr<Shown> shown_;
};

}  // namespace

DoorOpener with_faults(DoorOpener opener, std::shared_ptr<FaultBook> faults) {
    return [opener = std::move(opener), faults = std::move(faults), kept = std::make_shared<Kept>()](
               Unit& unit, family::Service const& service, net::Endpoint where) -> Result<std::unique_ptr<Door>> {
        CS_TRY(auto door, opener(unit, service, std::move(where)));
        if (!service.needs_certificate) return door;
        CS_TRY(auto right, unit.server_context(service));
        auto shown =
            std::make_shared<Shown>(unit.weak_from_this(), service, unit.spec().serial, faults, kept, std::move(door), std::move(right));
        shown->start(unit.executor());
        return std::unique_ptr<Door>(std::make_unique<FaultyDoor>(std::move(shown)));
    };
}

}  // namespace countersign::device
