#pragma once

/// One short conversation with a server: connect, ask for TLS where a protocol begins in clear, send a hello made by hand and read the
/// answer, or make a whole handshake. Every one has a deadline, and together they have a number and a time. Internal to this folder.

#include "net/connection.hpp"
#include "net/survey.hpp"
#include "net/survey/hello.hpp"
#include "net/tls/closer_look.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace countersign::net::survey {

/// What came back for a hello.
struct Reply {
    enum class Kind { chosen, alert, silent, closed, not_tls, malformed, start_tls_refused, unreachable, not_asked };
    Kind kind = Kind::not_asked;  ///< not_asked: connections or time have run out
    Flight flight;
    std::string seen;            ///< of what is not TLS, or was said instead of going over to it
    std::optional<Error> error;  ///< unreachable
    /// "alert handshake_failure", "closed" ...
    [[nodiscard]] std::string in_words() const;
};

struct WholeHandshake {
    bool done = false;
    bool refused_late = false;  ///< TLS 1.3: it went to its end, and then the server sent an alert
    std::string error;
    tls::HandshakeReport report;
    std::shared_ptr<tls::CloserAnswer> answer = std::make_shared<tls::CloserAnswer>();
};

class Talk {
public:
    explicit Talk(SurveyRequest const& request);

    Task<Reply> ask(Hello hello);
    Task<WholeHandshake> shake_hands(tls::CloserLook look, std::string server_name);

    /// From now on a server that answered within `first` is given that much more time only.
    void expect_as_quick_as(Milliseconds first);
    [[nodiscard]] unsigned connections() const { return connections_; }
    [[nodiscard]] Milliseconds elapsed() const;
    /// Something was not asked because connections or time had run out.
    [[nodiscard]] bool cut_short() const { return cut_short_; }

private:
    using Time = std::chrono::steady_clock::time_point;
    /// Counts one more, or says that there may be no more.
    bool begin();
    [[nodiscard]] Milliseconds patience() const;
    /// Connected, and TLS is what comes next; or `reply` says why not.
    Task<bool> open(std::shared_ptr<Connection> connection, Reply& reply);

    /// Closes; with one connection at a time, not before the server has closed too.
    Task<> leave(std::shared_ptr<Connection> connection) const;

    SurveyRequest const& request_;
    Time started_ = std::chrono::steady_clock::now();
    Milliseconds patience_;
    unsigned connections_ = 0;
    bool cut_short_ = false;
};

}  // namespace countersign::net::survey
