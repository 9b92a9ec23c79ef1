#pragma once

/// Serial lines, and pseudo terminals in their place, as streams.

#include "net/stream.hpp"

#include <memory>
#include <string>

namespace countersign::net {

struct Terminal {
    std::shared_ptr<Stream> stream;  ///< peer() and local() are {"serial", 0}
    std::string device;              ///< what a person opens: "/dev/pts/3", "/dev/ttyS0"
};

/// A new pseudo terminal in raw mode, mode 0600. It stays when its other end is opened and closed: as on a serial line, nobody hears the
/// plug. Costs two descriptors. NET-014.
Result<Terminal> open_pseudo_terminal(Executor executor);
/// 115,200 bits per second, 8 bits, no parity, one stop bit, no flow control. NET-014 when it cannot be opened or is no terminal.
Result<Terminal> open_serial_line(Executor executor, std::string const& device);

}  // namespace countersign::net
