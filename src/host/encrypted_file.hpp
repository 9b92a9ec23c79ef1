#pragma once

/// A file that only a passphrase opens, written and read as a stream: libsodium's secretstream (XChaCha20-Poly1305), with a key made of
/// the passphrase by Argon2id. A piece that was changed, moved or left out is found before anything of it is given out, and so is an end
/// that was cut off. Blocks: not for an event loop.

#include "base/result.hpp"
#include "base/secret.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::host {

/// Shortest passphrase that is taken, in bytes.
inline constexpr std::size_t k_shortest_passphrase = 12;

class EncryptedWriter {
public:
    /// Writes beside `file`, mode 0600; it gets its name when it is whole (finish). FIL-002, FIL-004 when there is a file of that name,
    /// STO-014 when the passphrase is too short.
    static Result<EncryptedWriter> create(std::filesystem::path file, SecretText const& passphrase);
    EncryptedWriter(EncryptedWriter&&) noexcept;
    EncryptedWriter& operator=(EncryptedWriter&&) noexcept;
    /// What was not finished is removed.
    ~EncryptedWriter();
    Result<void> write(std::string_view text);  ///< FIL-002
    Result<void> finish();                      ///< durable, or FIL-002, FIL-004

private:
    struct State;
    explicit EncryptedWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

class EncryptedReader {
public:
    /// FIL-001; STO-010 when it is no such file; STO-011 when the passphrase is another one, or its first piece was changed.
    static Result<EncryptedReader> open(std::filesystem::path file, SecretText const& passphrase);
    EncryptedReader(EncryptedReader&&) noexcept;
    EncryptedReader& operator=(EncryptedReader&&) noexcept;
    ~EncryptedReader();
    /// The next piece, 64 KiB at most; nothing after the last one. STO-012 when the file was changed or cut off.
    Result<std::optional<std::string>> read();
    /// The next line without its end; nothing after the last one. Lines of more than `limit` bytes are STO-012.
    Result<std::optional<std::string>> read_line(std::size_t limit);

private:
    struct State;
    explicit EncryptedReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace countersign::host
