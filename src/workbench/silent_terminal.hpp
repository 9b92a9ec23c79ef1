#pragma once

/// The terminal of standard input without echo, while a secret is typed. It gets its echo back when this ends, and also when the
/// program is ended meanwhile by Ctrl-C, Ctrl-\, a hang-up or a request to end. Ctrl-Z does nothing: a secret that is
/// typed after going on would be shown. Where standard input is no terminal it does nothing at all.

#include <array>
#include <csignal>
#include <termios.h>

namespace countersign::workbench {

class SilentTerminal {
public:
    SilentTerminal();
    ~SilentTerminal();
    SilentTerminal(SilentTerminal const&) = delete;
    SilentTerminal& operator=(SilentTerminal const&) = delete;

    [[nodiscard]] bool is_terminal() const { return terminal_; }

private:
    static constexpr std::array<int, 4> k_signals{SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    bool terminal_ = false;
    std::array<struct sigaction, k_signals.size()> before_{};
};

}  // namespace countersign::workbench
