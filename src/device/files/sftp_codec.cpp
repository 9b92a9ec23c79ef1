#include "device/files/sftp_codec.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace countersign::device::sftp {
namespace {

constexpr std::uint32_t k_has_size = 1;
constexpr std::uint32_t k_has_owner = 2;
constexpr std::uint32_t k_has_permissions = 4;
constexpr std::uint32_t k_has_times = 8;
constexpr std::uint32_t k_has_more = 0x8000'0000U;

/// Takes fields from the front; once one is missing, all are.
class Fields {
public:
    explicit Fields(std::string_view bytes) : left_(bytes) {}
    [[nodiscard]] bool whole() const { return whole_; }

    std::uint64_t number(std::size_t bytes) {
        auto const taken = take(bytes);
        std::uint64_t value = 0;
        for (char const c : taken) value = (value << 8U) | static_cast<unsigned char>(c);
        return value;
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
    std::uint32_t word() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t long_word() { return number(8); }
    std::string_view text() { return take(word()); }

    Attributes attributes() {
        Attributes out;
        auto const flags = word();
        if ((flags & k_has_size) != 0) out.size = long_word();
        if ((flags & k_has_owner) != 0) (void)long_word();
        if ((flags & k_has_permissions) != 0) out.permissions = word();
        if ((flags & k_has_times) != 0) {
            (void)word();
            out.changed = UtcTime(std::chrono::seconds(word()));
        }
        if ((flags & k_has_more) != 0) {
            // A count that lies is stopped by the end of the bytes.
            auto const pairs = word();
            for (std::uint32_t i = 0; i < pairs && whole_; ++i) {
                (void)text();
                (void)text();
            }
        }
        return out;
    }

private:
    std::string_view take(std::size_t count) {
        if (!whole_ || count > left_.size()) {
            whole_ = false;
            return {};
        }
        auto const taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }

    std::string_view left_;
    bool whole_ = true;
};

void put(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) out += static_cast<char>((value >> (8U * i)) & 0xffU);
}
void put_text(std::string& out, std::string_view text) {
    put(out, text.size(), 4);
    out += text;
}
void put_attributes(std::string& out, Attributes const& attributes) {
    std::uint32_t flags = 0;
    if (attributes.size) flags |= k_has_size;
    if (attributes.permissions) flags |= k_has_permissions;
    if (attributes.changed) flags |= k_has_times;
    put(out, flags, 4);
    if (attributes.size) put(out, *attributes.size, 8);
    if (attributes.permissions) put(out, *attributes.permissions, 4);
    if (!attributes.changed) return;
    auto const seconds =
        std::clamp<std::int64_t>(attributes.changed->time_since_epoch().count(), 0, std::numeric_limits<std::uint32_t>::max());
    put(out, static_cast<std::uint64_t>(seconds), 4);
    put(out, static_cast<std::uint64_t>(seconds), 4);
}

std::string begin(Type type) { return std::string(4, '\0') + static_cast<char>(type); }
std::string begin(Type type, std::uint32_t id) {
    auto out = begin(type);
    put(out, id, 4);
    return out;
}
std::string finish(std::string packet) {
    std::string length;
    put(length, packet.size() - 4, 4);
    return packet.replace(0, 4, length);
}

}  // namespace

Packet first_packet(std::string_view bytes) {
    Fields fields(bytes);
    auto const length = fields.word();
    if (!fields.whole()) return {};
    if (length == 0 || length > k_packet_limit) return {.content = std::nullopt, .too_long = true};
    if (bytes.size() - 4 < length) return {};
    return {.content = bytes.substr(4, length), .too_long = false};
}

Parsed parse_request(std::string_view packet) {
    Fields fields(packet);
    Request request;
    request.type = static_cast<Type>(fields.byte());
    if (request.type == Type::init) {
        request.number = fields.word();
        return {.id = 0, .request = fields.whole() ? std::optional(request) : std::nullopt};
    }
    request.id = fields.word();
    if (!fields.whole()) return {};
    switch (request.type) {
        case Type::open:
            request.path = fields.text();
            request.number = fields.word();
            request.attributes = fields.attributes();
            break;
        case Type::read:
            request.handle = fields.text();
            request.offset = fields.long_word();
            request.number = fields.word();
            break;
        case Type::write:
            request.handle = fields.text();
            request.offset = fields.long_word();
            request.data = fields.text();
            break;
        case Type::close:
        case Type::fstat:
        case Type::readdir: request.handle = fields.text(); break;
        case Type::fsetstat:
            request.handle = fields.text();
            request.attributes = fields.attributes();
            break;
        case Type::setstat:
        case Type::mkdir:
            request.path = fields.text();
            request.attributes = fields.attributes();
            break;
        case Type::lstat:
        case Type::opendir:
        case Type::remove:
        case Type::rmdir:
        case Type::realpath:
        case Type::stat:
        case Type::rename:
        case Type::readlink:
        case Type::symlink: request.path = fields.text(); break;
        default: break;
    }
    return {.id = request.id, .request = fields.whole() ? std::optional(request) : std::nullopt};
}

std::string write_version() {
    auto out = begin(Type::version);
    put(out, k_version, 4);
    return finish(std::move(out));
}

std::string write_status(std::uint32_t id, Status status, std::string_view text) {
    auto out = begin(Type::status, id);
    put(out, static_cast<std::uint32_t>(status), 4);
    put_text(out, text);
    put_text(out, "en");
    return finish(std::move(out));
}

std::string write_handle(std::uint32_t id, std::string_view handle) {
    auto out = begin(Type::handle, id);
    put_text(out, handle);
    return finish(std::move(out));
}

std::string write_data(std::uint32_t id, std::string_view data) {
    auto out = begin(Type::data, id);
    put_text(out, data);
    return finish(std::move(out));
}

std::string write_names(std::uint32_t id, std::vector<Name> const& names) {
    auto out = begin(Type::name, id);
    put(out, names.size(), 4);
    for (auto const& name : names) {
        put_text(out, name.name);
        put_text(out, name.line);
        put_attributes(out, name.attributes);
    }
    return finish(std::move(out));
}

std::string write_attributes(std::uint32_t id, Attributes const& attributes) {
    auto out = begin(Type::attributes, id);
    put_attributes(out, attributes);
    return finish(std::move(out));
}

}  // namespace countersign::device::sftp
