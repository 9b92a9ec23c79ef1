#pragma once

/// The dataport of a logged-in session, whichever line it came over (Telnet, SSH, serial; REQ DPT-1): lines in, text out with LF
/// line ends. It keeps what belongs to a session (a multi-line argument that is being typed, feedback expressions, preferences, syslog)
/// and leaves the rest to dialect::xapi (words and forms) and Unit (rules).

#include "device/services/session_feedback.hpp"
#include "device/unit.hpp"
#include "dialect/xapi_text.hpp"
#include "dialect/xapi_writer.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace countersign::device {

class Dataport {
public:
    static constexpr std::size_t k_max_body = 256 * 1024;  ///< of a multi-line argument, bytes
    /// Of a command with its multi-line argument in one piece (protocols 1.3), bytes.
    static constexpr std::size_t k_max_block = k_max_body + 8 * 1024;

    Dataport(std::shared_ptr<Unit> unit, Actor actor);
    ~Dataport();

    /// What the system says after log-in.
    [[nodiscard]] std::string welcome() const;
    /// Carries out one line and returns what is printed. The next line may be given when this one is done. What stands behind a line
    /// end inside it is the multi-line argument.
    net::Task<std::string> handle(std::string line);
    /// `bye` was said.
    [[nodiscard]] bool ended() const { return ended_; }
    /// The last line was answered with an error.
    [[nodiscard]] bool refused() const { return refused_; }
    /// What `echo on` and `echo off` asked for: whether a terminal is shown what it types.
    [[nodiscard]] bool echo() const { return echo_; }
    /// Words that may stand where the line ends (dialect::xapi::complete_line).
    [[nodiscard]] std::vector<std::string> complete(std::string_view line) const;
    /// Called on the unit's executor with text that nobody asked for at that moment: feedback and syslog. Must not be slow.
    void on_push(std::function<void(std::string)> push);

private:
    using Request = dialect::xapi::TextRequest;

    net::Task<std::string> carry_out(Request request);
    std::string answer(Request const& request);
    std::string refuse(Error const& error, std::string_view verb, std::string_view result_id);
    std::string apply(dialect::xapi::SetSetting const& change, Request const& request);
    std::string show(dialect::xapi::GetSettings const& wanted, Request const& request) const;
    std::string show(dialect::xapi::GetStatus const& wanted, Request const& request);
    std::string show(dialect::xapi::GetXml const& wanted, Request const& request);
    std::string show(dialect::xapi::GetDocument const& wanted, Request const& request);
    std::string show(dialect::xapi::ListEvents const& wanted, Request const& request);
    std::string change(dialect::xapi::Feedback const& feedback, Request const& request);
    std::string change(dialect::xapi::Preference const& preference, Request const& request);
    std::string change(dialect::xapi::Syslog const& syslog, Request const& request);
    // dataport_words.cpp
    std::string change(dialect::xapi::CertificateWord const& word, Request const& request);
    std::string change(dialect::xapi::SwitchService const& wanted, Request const& request);
    std::string change(dialect::xapi::ChangePassword const& wanted, Request const& request);
    std::string change(dialect::xapi::ConsoleWord const& wanted, Request const& request);
    std::string set_all_back(std::string_view answer);

    net::Task<std::string> call(dialect::xapi::CommandCall call, std::string result_id);
    net::Task<std::string> take_body_line(std::string line);
    net::Task<std::string> take_block(std::string line, std::string body);
    void listen();
    void hear(Event const& event);
    void hear(StatusNews const& news);

    struct PendingBody {
        dialect::xapi::CommandCall call;
        std::string result_id;
        bool too_long = false;
    };

    std::shared_ptr<Unit> unit_;
    Actor actor_;
    dialect::xapi::Preferences preferences_;
    std::unique_ptr<dialect::xapi::Writer const> writer_;  ///< never null
    bool ended_ = false;
    bool refused_ = false;
    bool echo_ = true;
    bool syslog_ = false;
    std::optional<PendingBody> body_;
    std::optional<Request> reset_;  ///< it was asked whether all is to be deleted; the next line is the answer
    SessionFeedback feedback_;
    std::function<void(std::string)> push_;
    std::unique_ptr<Unit::Subscription> subscription_;
    StatusWatch status_;
};

}  // namespace countersign::device
