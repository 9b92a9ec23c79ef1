#include "net/smtp.hpp"

#include "base/text.hpp"
#include "dialect/smtp.hpp"
#include "net/connection.hpp"

#include "countersign/errors/net.hpp"

namespace countersign::net {

namespace {

namespace smtp = dialect::smtp;

constexpr Milliseconds k_end_of_message{std::chrono::minutes(2)};
constexpr std::size_t k_read = 4096;

/// One conversation; closes when it goes.
class Conversation {
public:
    Conversation(Executor executor, MailServer const& server) : server_(server), connection_(std::make_shared<Connection>(executor)) {
        connection_->name_peer(server.name + ":" + std::to_string(server.where.port));
    }
    ~Conversation() { connection_->close(); }
    Conversation(Conversation const&) = delete;
    Conversation& operator=(Conversation const&) = delete;

    /// Up to the point at which secrets may be said: verified TLS, and what the server offers inside of it.
    Task<Result<smtp::Offer>> open() {
        connection_->expect_within(server_.connect, "connect");
        CS_CO_CHECK(co_await connection_->connect(server_.where, server_.bind_address));
        if (server_.security == MailServer::Security::tls) CS_CO_CHECK(co_await begin_tls());
        CS_CO_CHECK(co_await expect(2, "the connection"));
        CS_CO_TRY(auto offer, co_await greet());
        if (server_.security == MailServer::Security::tls) co_return offer;
        if (!offer.starttls) co_return fail(errors::net::smtp_no_starttls, {{"peer", peer()}});
        CS_CO_CHECK(co_await ask("STARTTLS", 2, "STARTTLS"));
        // Said before TLS, for us to believe it afterwards (CVE-2011-0411).
        if (!reader_.empty())
            co_return fail(errors::net::smtp_protocol, {{"peer", peer()}, {"detail", "it says more than the answer to STARTTLS"}});
        CS_CO_CHECK(co_await begin_tls());
        co_return co_await greet();  // what was offered in clear counts for nothing (RFC 3207 section 4.2)
    }

    Task<Result<void>> log_in(smtp::Offer offer) {
        if (server_.user.empty()) co_return Result<void>();
        auto const& password = server_.password.reveal();
        if (offer.login.contains("PLAIN")) {
            SecretText const line("AUTH PLAIN " + to_base64('\0' + server_.user + '\0' + password));
            co_return as_login(co_await ask(line.reveal(), 2, "AUTH"));
        }
        if (!offer.login.contains("LOGIN")) co_return fail(errors::net::smtp_no_login, {{"peer", peer()}, {"user", server_.user}});
        CS_CO_CHECK(as_login(co_await ask("AUTH LOGIN", 3, "AUTH")));
        CS_CO_CHECK(as_login(co_await ask(to_base64(server_.user), 3, "AUTH")));
        SecretText const line(to_base64(password));
        co_return as_login(co_await ask(line.reveal(), 2, "AUTH"));
    }

    /// Sender and recipients.
    Task<Result<MailAccepted>> address(MailEnvelope envelope) {
        CS_CO_CHECK(co_await ask("MAIL FROM:<" + envelope.from + ">", 2, "the sender " + envelope.from));
        MailAccepted accepted;
        std::optional<Error> last;
        for (auto const& to : envelope.to) {
            auto taken = co_await ask("RCPT TO:<" + to + ">", 2, "the recipient " + to);
            if (taken) continue;
            if (taken.error().id() != errors::net::smtp_refused) co_return fail(std::move(taken).error());
            accepted.refused.push_back(to + ": " + std::string(taken.error().parameter("detail")));
            last = std::move(taken).error();
        }
        if (accepted.refused.size() == envelope.to.size() && last) co_return fail(std::move(*last));
        co_return accepted;
    }

    Task<Result<void>> give(std::string message) {
        CS_CO_CHECK(co_await ask("DATA", 3, "DATA"));
        connection_->expect_within(k_end_of_message, "the message");
        auto const data = smtp::as_data(message);
        CS_CO_CHECK(co_await connection_->write(data));
        co_return co_await expect(2, "the message", k_end_of_message);
    }

    /// The server's answer to it is of no interest.
    Task<> say_goodbye() {
        connection_->expect_within(server_.connect, "QUIT");
        std::string_view const line = "QUIT\r\n";
        (void)co_await connection_->write(line);
    }

private:
    [[nodiscard]] std::string peer() const { return connection_->peer_name(); }

    Task<Result<void>> begin_tls() {
        connection_->expect_within(server_.connect, "TLS handshake");
        CS_CO_TRY(auto context, tls::ClientContext::get(server_.profile, nullptr));
        co_return co_await connection_->handshake(std::move(context),
                                                  {.policy = server_.policy, .called_name = server_.name, .at = server_.at});
    }

    Task<Result<smtp::Offer>> greet() {
        CS_CO_TRY(auto reply, co_await exchange("EHLO " + server_.client_name, "EHLO"));
        if (!reply.positive()) co_return fail(refused(reply, "EHLO"));
        co_return smtp::read_offer(reply);
    }

    Task<Result<smtp::Reply>> read(Milliseconds limit, char const* step) {
        connection_->expect_within(limit, step);
        for (;;) {
            auto reply = reader_.next();
            if (!reply) co_return fail(std::move(reply.error().with("peer", peer())));
            if (*reply) co_return std::move(**reply);
            std::string bytes;
            CS_CO_TRY(auto const got, co_await connection_->read_into(bytes, k_read));
            if (got == 0) co_return fail(errors::net::connection_lost, {{"peer", peer()}, {"detail", "it closed without an answer"}});
            reader_.feed(bytes);
        }
    }

    Task<Result<smtp::Reply>> exchange(std::string line, char const* step) {
        connection_->expect_within(server_.step, step);
        SecretText const whole(std::move(line) + "\r\n");
        CS_CO_CHECK(co_await connection_->write(whole.reveal()));
        co_return co_await read(server_.step, step);
    }

    Task<Result<void>> ask(std::string line, int wanted, std::string what) {
        CS_CO_TRY(auto const reply, co_await exchange(std::move(line), "a command"));
        if (reply.code / 100 == wanted) co_return Result<void>();
        co_return fail(refused(reply, what));
    }

    Task<Result<void>> expect(int wanted, std::string what, Milliseconds limit = Milliseconds(0)) {
        CS_CO_TRY(auto const reply, co_await read(limit.count() > 0 ? limit : server_.step, "its answer"));
        if (reply.code / 100 == wanted) co_return Result<void>();
        co_return fail(refused(reply, what));
    }

    [[nodiscard]] Error refused(smtp::Reply const& reply, std::string_view what) const {
        return Error(errors::net::smtp_refused, {{"peer", peer()}, {"what", what}, {"detail", reply.text()}});
    }

    /// A refusal of the log-in under its own name.
    [[nodiscard]] Result<void> as_login(Result<void> done) const {
        if (done || done.error().id() != errors::net::smtp_refused) return done;
        return fail(errors::net::smtp_login_refused,
                    {{"peer", peer()}, {"user", server_.user}, {"detail", done.error().parameter("detail")}});
    }

    MailServer const& server_;
    std::shared_ptr<Connection> connection_;
    smtp::ReplyReader reader_;
};

}  // namespace

Task<Result<MailAccepted>> submit_mail(MailServer server, MailEnvelope envelope, std::string message) {
    Conversation conversation(co_await asio::this_coro::executor, server);
    CS_CO_TRY(auto offer, co_await conversation.open());
    CS_CO_CHECK(co_await conversation.log_in(std::move(offer)));
    CS_CO_TRY(auto accepted, co_await conversation.address(std::move(envelope)));
    CS_CO_CHECK(co_await conversation.give(std::move(message)));
    co_await conversation.say_goodbye();
    co_return accepted;
}

}  // namespace countersign::net
