#pragma once

/// An authority that can be asked about revocation: lists and OCSP over real HTTP, with faults that a test turns on.

#include "net/revocation.hpp"
#include "pki/issue.hpp"
#include "unit/net/fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <map>
#include <mutex>
#include <set>

namespace countersign::net {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().explanation());
    return *std::move(result);
}

class AskedAuthority {
public:
    /// What its certificates name.
    enum class Names { nothing, lists, responder, both };

    AskedAuthority(std::vector<Executor> const& executors, std::string const& name = "Asked root")
        : now_(SystemClock().now()),
          root_(must(pki::CertificateAuthority::create_root(must(pki::PrivateKey::generate(pki::KeyType::ec_p256)), {.common_name = name},
                                                            pki::valid_for(now_, std::chrono::days(30))))),
          issuer_(root_),
          executor_(executors.front()) {
        auto router = std::make_shared<http::Router>();
        router->add({"GET", "/list.crl", 4096, [this](http::Request) -> Task<http::Response> { co_return list_answer(); }});
        router->add(
            {"POST", "/ocsp", 65536, [this](http::Request request) -> Task<http::Response> { co_return ocsp_answer(request.body); }});
        server_ = must(http::Server::listen(executors, {.where = {"127.0.0.1", 0}}, router));
    }

    /// Requests that nobody waits for may still be under way: their answers use this object.
    ~AskedAuthority() { asio::co_spawn(executor_, server_->close(std::chrono::seconds(10)), asio::use_future).get(); }
    AskedAuthority(AskedAuthority const&) = delete;
    AskedAuthority& operator=(AskedAuthority const&) = delete;

    [[nodiscard]] pki::Certificate const& root() const { return root_.certificate(); }
    [[nodiscard]] pki::CertificateAuthority const& issuer() const { return issuer_; }
    [[nodiscard]] pki::Anchors anchors() const { return pki::Anchors({root()}); }
    [[nodiscard]] std::string origin() const { return "http://" + to_string(server_->local()); }
    [[nodiscard]] std::string list_url() const { return origin() + "/list.crl"; }
    [[nodiscard]] std::string ocsp_url() const { return origin() + "/ocsp"; }
    [[nodiscard]] UtcTime now() const { return now_; }

    countersign::testing::TestIdentity issue(std::string const& name, Names names, bool must_staple = false) const {
        auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
        auto const request = must(pki::CertificateRequest::create(key, {.common_name = name}, {{pki::AlternativeName::Kind::dns, name}}));
        pki::IssueOptions options;
        if (names == Names::lists || names == Names::both) options.crl_urls = {list_url()};
        if (names == Names::responder || names == Names::both) options.ocsp_urls = {ocsp_url()};
        options.must_staple = must_staple;
        return {{must(issuer_.sign(request, pki::Profile::device, pki::valid_for(now_, std::chrono::days(10)), options))}, key};
    }
    void revoke(pki::Certificate const& certificate) {
        std::lock_guard const lock(mutex_);
        revoked_.push_back({.serial = certificate.serial(), .at = now_ - std::chrono::hours(1), .reason = 1, .issuer = std::nullopt});
    }
    /// From now on every answer has this status and body; 0: proper ones again.
    void answer_with(int status, std::string body = "") {
        std::lock_guard const lock(mutex_);
        status_ = status;
        body_ = std::move(body);
    }
    /// Lists and responses of others, signed with another key but under the same name.
    void sign_with(pki::CertificateAuthority other) {
        std::lock_guard const lock(mutex_);
        signer_ = std::move(other);
    }
    void shift_time(std::chrono::seconds by) {
        std::lock_guard const lock(mutex_);
        shift_ = by;
    }
    [[nodiscard]] int lists_given() const {
        std::lock_guard const lock(mutex_);
        return lists_;
    }
    [[nodiscard]] int answers_given() const {
        std::lock_guard const lock(mutex_);
        return answers_;
    }
    /// The DER of a response about `certificate` as it would be given now.
    [[nodiscard]] Bytes response_about(pki::Certificate const& certificate) {
        auto const request = pki::make_ocsp_request(certificate, issuer_.certificate(), false);
        std::lock_guard const lock(mutex_);
        return respond({request.der.begin(), request.der.end()});
    }

private:
    [[nodiscard]] pki::CertificateAuthority const& signer() const { return signer_ ? *signer_ : issuer_; }
    http::Response list_answer() {
        std::lock_guard const lock(mutex_);
        ++lists_;
        if (status_ != 0) return faulty();
        auto const at = now_ + shift_;
        auto const list =
            must(pki::Crl::parse(must(signer().sign_crl(revoked_, static_cast<std::uint64_t>(lists_), at, at + std::chrono::hours(1)))));
        auto const der = list.to_der();
        http::Response response;
        response.fields.set("Content-Type", "application/pkix-crl");
        response.body.assign(der.begin(), der.end());
        return response;
    }
    http::Response ocsp_answer(std::string const& body) {
        std::lock_guard const lock(mutex_);
        ++answers_;
        if (status_ != 0) return faulty();
        auto const der = respond(body);
        http::Response response;
        response.fields.set("Content-Type", "application/ocsp-response");
        response.body.assign(der.begin(), der.end());
        return response;
    }
    [[nodiscard]] Bytes respond(std::string const& request) {
        auto const state_of = [this](std::string const& serial) {
            for (auto const& entry : revoked_)
                if (entry.serial == serial) return pki::OcspStatus{pki::RevocationState::revoked, entry.at, entry.reason};
            return pki::OcspStatus{.state = pki::RevocationState::good};
        };
        return must(pki::answer_ocsp_request(bytes_of(request), issuer_.certificate(), signer().certificate(), signer().key(), state_of,
                                             now_ + shift_, std::chrono::hours(1)));
    }
    [[nodiscard]] http::Response faulty() const {
        auto response = http::Response::text(status_, body_);
        if (status_ >= 300 && status_ < 400) response.fields.set("Location", body_);
        return response;
    }

    mutable std::mutex mutex_;
    UtcTime now_;
    std::chrono::seconds shift_{0};
    pki::CertificateAuthority root_;
    pki::CertificateAuthority issuer_;
    Executor executor_;
    std::optional<pki::CertificateAuthority> signer_;
    std::vector<pki::RevokedEntry> revoked_;
    int status_ = 0;
    std::string body_;
    int lists_ = 0;
    int answers_ = 0;
    std::unique_ptr<http::Server> server_;
};

/// A clock that a test moves.
class MovedClock final : public Clock {
public:
    explicit MovedClock(UtcTime start) : seconds_(start.time_since_epoch().count()) {}
    [[nodiscard]] UtcTime now() const override { return UtcTime(std::chrono::seconds(seconds_.load())); }
    void advance(std::chrono::seconds by) { seconds_ += by.count(); }

private:
    std::atomic<std::int64_t> seconds_;
};

}  // namespace countersign::net
