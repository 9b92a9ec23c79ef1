#pragma once

/// The files of a unit, the same through every door:
///
///     /configuration.xml            as the XML interface shows it, passwords as "***"; written: all settings in it or none
///     /status.xml
///     /certificates/<identity>.pem  the certificate and its chain, never the key; written: a pair in any form, or the answer to the
///                                   pending request, with all checks of an upload
///     /certificates/trust.pem       the trust list; written: replaces it or is added to it, as the family says
///
/// Roles hold as everywhere: who may only look cannot write (ACC-008). What was written is an event "file.written" (path, door, user,
/// peer), what was refused "file.refused" with the error's id.

#include "device/files/file_tree.hpp"
#include "device/unit.hpp"

#include <memory>

namespace countersign::device {

class UnitFiles final : public FileTree {
public:
    UnitFiles(std::weak_ptr<Unit> unit, Actor actor) : unit_(std::move(unit)), actor_(std::move(actor)) {}

    [[nodiscard]] Result<FileEntry> find(std::string_view path) const override;
    [[nodiscard]] Result<std::vector<FileEntry>> list(std::string_view folder) const override;
    [[nodiscard]] Result<std::string> read(std::string_view path) const override;
    [[nodiscard]] Result<void> check_writable(std::string_view path) const override;
    Result<void> write(std::string_view path, SecretText contents) override;

private:
    [[nodiscard]] std::vector<FileEntry> entries(Unit const& unit) const;
    [[nodiscard]] Result<std::shared_ptr<Unit>> alive(std::string_view path) const;
    Result<void> take(Unit& unit, std::string_view path, SecretText contents) const;

    std::weak_ptr<Unit> unit_;
    Actor actor_;
};

}  // namespace countersign::device
