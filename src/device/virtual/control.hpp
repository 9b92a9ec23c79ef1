#pragma once

/// The command line of a running estate, behind the Unix socket <data>/control.sock: one line a command.
///
///     list                    serial, address, family, name and faults of each system, one a line, tabs between
///     show SYSTEM             the same of one, then the services that are open
///     fault SYSTEM FAULT      dials a fault (device/virtual/fault.hpp)
///     clear SYSTEM [FAULT]    takes one fault back, by its name, or all
///
/// SYSTEM is a serial number, a name or an address; `*` in `fault` and `clear` stands for all. The answer's first line is "ok" or "error"
/// with the error's id and words.

#include "device/virtual/fault_book.hpp"
#include "device/virtual/running_estate.hpp"

#include <string>

namespace countersign::device {

fs::path control_socket(fs::path const& data);
/// Answers one command, on any loop.
net::Task<std::string> control(std::shared_ptr<FaultBook> faults, RunningEstate const& estate, std::string line);
/// `countersign-device control`: sends the words and gives what came back, without "ok". DEV-063.
Result<std::string> send_control(fs::path const& data, std::vector<std::string> const& words);

}  // namespace countersign::device
