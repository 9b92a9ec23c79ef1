#include "workbench/silent_terminal.hpp"

#include <unistd.h>

namespace countersign::workbench {
namespace {

/// For the handler, which can be given nothing. Written before it is installed.
termios g_before{};

/// Only what POSIX allows in a handler. SA_RESETHAND made the usual end the answer to the second signal.
void restore_and_end(int signal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
    raise(signal);
}

}  // namespace

SilentTerminal::SilentTerminal() : terminal_(isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &g_before) == 0) {
    if (!terminal_) return;
    struct sigaction action{};
    action.sa_handler = restore_and_end;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (std::size_t i = 0; i < k_signals.size(); ++i) {
        sigaction(k_signals.at(i), nullptr, &before_.at(i));
        // What was told to be ignored (nohup) stays so, and a handler of the program keeps its work.
        if (before_.at(i).sa_handler == SIG_DFL) sigaction(k_signals.at(i), &action, nullptr);
    }
    auto silent = g_before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_cc[VSUSP] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
}

SilentTerminal::~SilentTerminal() {
    if (!terminal_) return;
    tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
    for (std::size_t i = 0; i < k_signals.size(); ++i) sigaction(k_signals.at(i), &before_.at(i), nullptr);
}

}  // namespace countersign::workbench
