#include "host/encrypted_file.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"

#include "countersign/errors/fil.hpp"
#include "countersign/errors/sto.hpp"

#include <sodium.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace countersign::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_magic = "countersign backup 1\n";
constexpr std::size_t k_piece = 65536;
constexpr std::size_t k_sealed_piece = k_piece + crypto_secretstream_xchacha20poly1305_ABYTES;
/// 256 MiB and a second or so: a backup leaves the machine, and guessing must stay dear.
constexpr std::uint64_t k_operations = crypto_pwhash_OPSLIMIT_MODERATE;
constexpr std::uint64_t k_memory = crypto_pwhash_MEMLIMIT_MODERATE;
constexpr std::size_t k_header = k_magic.size() + crypto_pwhash_SALTBYTES + crypto_secretstream_xchacha20poly1305_HEADERBYTES;

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
unsigned char const* bytes(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

Failure cannot_write(fs::path const& file, int error) {
    return fail(errors::fil::cannot_write, {{"file", file.string()}, {"detail", std::strerror(error)}});
}
Failure cannot_read(fs::path const& file, int error) {
    return fail(errors::fil::cannot_read, {{"file", file.string()}, {"detail", std::strerror(error)}});
}

/// 32 bytes.
Result<SecretText> key_of(SecretText const& passphrase, std::string_view salt) {
    std::string key(crypto_secretstream_xchacha20poly1305_KEYBYTES, '\0');
    auto const& text = passphrase.reveal();
    if (crypto_pwhash(bytes(key), key.size(), text.data(), text.size(), bytes(salt), k_operations, k_memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail(errors::fil::cannot_write, {{"file", "the key"}, {"detail", "not enough memory (256 MiB)"}});
    return SecretText(std::move(key));
}

class File {
public:
    File() = default;
    explicit File(int handle) : handle_(handle) {}
    File(File&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~File() {
        if (handle_ >= 0) ::close(handle_);
    }
    [[nodiscard]] int get() const { return handle_; }
    [[nodiscard]] bool good() const { return handle_ >= 0; }

    /// errno, or 0.
    [[nodiscard]] int write(std::string_view text) const {
        while (!text.empty()) {
            auto const count = ::write(handle_, text.data(), text.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return count == 0 ? ENOSPC : errno;
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return 0;
    }
    /// Up to `size` bytes; fewer only at the end of the file. Nothing: errno says why.
    [[nodiscard]] std::optional<std::string> read(std::size_t size) const {
        std::string out(size, '\0');
        std::size_t have = 0;
        while (have < size) {
            auto const count = ::read(handle_, out.data() + have, size - have);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return std::nullopt;
            if (count == 0) break;
            have += static_cast<std::size_t>(count);
        }
        out.resize(have);
        return out;
    }

private:
    int handle_ = -1;
};

}  // namespace

struct EncryptedWriter::State {
    fs::path file, temporary;
    File out;
    crypto_secretstream_xchacha20poly1305_state stream{};
    std::string waiting;

    ~State() {
        sodium_memzero(&stream, sizeof stream);
        sodium_memzero(waiting.data(), waiting.size());
        if (!temporary.empty()) ::unlink(temporary.c_str());
    }

    Result<void> push(std::string_view text, unsigned char tag) {
        std::string sealed(text.size() + crypto_secretstream_xchacha20poly1305_ABYTES, '\0');
        crypto_secretstream_xchacha20poly1305_push(&stream, bytes(sealed), nullptr, bytes(text), text.size(), nullptr, 0, tag);
        if (int const error = out.write(sealed)) return cannot_write(temporary, error);
        return {};
    }
};

EncryptedWriter::EncryptedWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
EncryptedWriter::EncryptedWriter(EncryptedWriter&&) noexcept = default;
EncryptedWriter& EncryptedWriter::operator=(EncryptedWriter&&) noexcept = default;
EncryptedWriter::~EncryptedWriter() = default;

Result<EncryptedWriter> EncryptedWriter::create(fs::path file, SecretText const& passphrase) {
    if (passphrase.reveal().size() < k_shortest_passphrase)
        return fail(errors::sto::weak_passphrase, {{"length", std::to_string(k_shortest_passphrase)}});
    std::error_code ignored;
    if (fs::exists(file, ignored)) return fail(errors::fil::exists, {{"file", file.string()}});
    auto const salt_bytes = random_bytes(crypto_pwhash_SALTBYTES);
    std::string const salt(reinterpret_cast<char const*>(salt_bytes.data()), salt_bytes.size());
    CS_TRY(auto const key, key_of(passphrase, salt));
    auto state = std::make_unique<State>();
    state->file = std::move(file);
    auto temporary = state->file;
    temporary += ".part-" + to_hex(random_bytes(4));
    state->out = File(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!state->out.good()) return cannot_write(temporary, errno);
    state->temporary = temporary;
    std::string header(crypto_secretstream_xchacha20poly1305_HEADERBYTES, '\0');
    crypto_secretstream_xchacha20poly1305_init_push(&state->stream, bytes(header), bytes(std::string_view(key.reveal())));
    if (int const error = state->out.write(std::string(k_magic) + salt + header)) return cannot_write(temporary, error);
    return EncryptedWriter(std::move(state));
}

Result<void> EncryptedWriter::write(std::string_view text) {
    auto& waiting = state_->waiting;
    waiting += text;
    std::size_t at = 0;
    for (; waiting.size() - at > k_piece; at += k_piece)
        CS_CHECK(state_->push(std::string_view(waiting).substr(at, k_piece), crypto_secretstream_xchacha20poly1305_TAG_MESSAGE));
    waiting.erase(0, at);
    return {};
}

Result<void> EncryptedWriter::finish() {
    CS_CHECK(state_->push(state_->waiting, crypto_secretstream_xchacha20poly1305_TAG_FINAL));
    if (::fsync(state_->out.get()) != 0) return cannot_write(state_->temporary, errno);
    // Never over a file that somebody made meanwhile.
    if (::link(state_->temporary.c_str(), state_->file.c_str()) != 0) {
        if (errno == EEXIST) return fail(errors::fil::exists, {{"file", state_->file.string()}});
        return cannot_write(state_->file, errno);
    }
    ::unlink(state_->temporary.c_str());
    state_->temporary.clear();
    auto const folder = state_->file.has_parent_path() ? state_->file.parent_path() : fs::path(".");
    File const handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle.good() || ::fsync(handle.get()) != 0) return cannot_write(folder, errno);
    return {};
}

struct EncryptedReader::State {
    fs::path file;
    File in;
    crypto_secretstream_xchacha20poly1305_state stream{};
    std::optional<std::string> next;  ///< the first piece, which was opened to try the key
    std::string line;                 ///< what is read and not given out yet
    bool ended = false;

    ~State() { sodium_memzero(&stream, sizeof stream); }

    Failure damaged(std::string_view detail) const {
        return fail(errors::sto::backup_damaged, {{"file", file.string()}, {"detail", detail}});
    }

    Result<std::string> pull() {
        auto sealed = in.read(k_sealed_piece);
        if (!sealed) return cannot_read(file, errno);
        if (sealed->size() < crypto_secretstream_xchacha20poly1305_ABYTES) return damaged("its end is missing");
        std::string out(sealed->size() - crypto_secretstream_xchacha20poly1305_ABYTES, '\0');
        unsigned char tag = 0;
        if (crypto_secretstream_xchacha20poly1305_pull(&stream, bytes(out), nullptr, &tag, bytes(*sealed), sealed->size(), nullptr, 0) != 0)
            return damaged("a piece of it was changed");
        ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
        if (ended) {
            auto const more = in.read(1);
            if (!more || !more->empty()) return damaged("something follows after its end");
        }
        return out;
    }
};

EncryptedReader::EncryptedReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
EncryptedReader::EncryptedReader(EncryptedReader&&) noexcept = default;
EncryptedReader& EncryptedReader::operator=(EncryptedReader&&) noexcept = default;
EncryptedReader::~EncryptedReader() = default;

Result<EncryptedReader> EncryptedReader::open(fs::path file, SecretText const& passphrase) {
    auto state = std::make_unique<State>();
    state->file = std::move(file);
    state->in = File(::open(state->file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!state->in.good()) return cannot_read(state->file, errno);
    auto const header = state->in.read(k_header);
    if (!header) return cannot_read(state->file, errno);
    if (header->size() != k_header || !header->starts_with(k_magic))
        return fail(errors::sto::not_a_backup, {{"file", state->file.string()}});
    auto const rest = std::string_view(*header).substr(k_magic.size());
    CS_TRY(auto const key, key_of(passphrase, rest.substr(0, crypto_pwhash_SALTBYTES)));
    auto const wrong = fail(errors::sto::backup_not_opened, {{"file", state->file.string()}});
    if (crypto_secretstream_xchacha20poly1305_init_pull(&state->stream, bytes(rest.substr(crypto_pwhash_SALTBYTES)),
                                                        bytes(std::string_view(key.reveal()))) != 0)
        return wrong;
    auto first = state->pull();
    if (!first) return wrong;
    state->next = std::move(*first);
    return EncryptedReader(std::move(state));
}

Result<std::optional<std::string>> EncryptedReader::read() {
    if (state_->next) return std::exchange(state_->next, std::nullopt);
    if (state_->ended) return std::nullopt;
    CS_TRY(auto piece, state_->pull());
    return std::optional(std::move(piece));
}

Result<std::optional<std::string>> EncryptedReader::read_line(std::size_t limit) {
    auto& line = state_->line;
    std::size_t searched = 0;
    while (true) {
        auto const end = line.find('\n', searched);
        if (end != std::string::npos) {
            auto out = line.substr(0, end);
            line.erase(0, end + 1);
            return std::optional(std::move(out));
        }
        searched = line.size();
        if (line.size() > limit) return state_->damaged("a line of it is too long");
        CS_TRY(auto piece, read());
        if (!piece) {
            if (!line.empty()) return state_->damaged("its last line has no end");
            return std::nullopt;
        }
        line += *piece;
    }
}

}  // namespace countersign::host
