#pragma once

/// HTTP messages as values; no socket and no Beast in here.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/address.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::http {

/// Header fields in order; names compare without case.
class Fields {
public:
    struct Field {
        std::string name;
        std::string value;
    };
    Fields() = default;
    Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
    /// The first of that name, or empty.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    void set(std::string_view name, std::string_view value);  ///< replaces all of that name
    void add(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    [[nodiscard]] std::vector<Field> const& list() const { return fields_; }

private:
    std::vector<Field> fields_;
};

struct Request {
    std::string method = "GET";
    std::string target = "/";  ///< as on the wire
    Fields fields;
    std::string body;

    // Filled by the server:
    std::string path;                               ///< decoded, without the query; no "..", no empty segments
    std::map<std::string, std::string> query;       ///< decoded; the last of equal names
    std::map<std::string, std::string> parameters;  ///< from the route's pattern: /systems/{id}
    Endpoint peer;
    Endpoint local;
    bool secure = false;                                ///< came over TLS
    std::vector<pki::Certificate> client_certificates;  ///< presented and verified
    std::vector<pki::Certificate> shown_certificates;   ///< presented, verified or not (tls::ServerContext::ClientCertificates)
    std::string user;                                   ///< set by the authentication of the door
};

/// Receives the pieces of a streamed answer (server-sent events). Fails when the client has gone.
using BodyWriter = std::function<Task<Result<void>>(std::string piece)>;

struct Upgrade;

struct Response {
    int status = 200;
    Fields fields;
    std::string body;
    /// When set, called after the head was sent, with chunked encoding; `body` is ignored.
    std::function<Task<>(BodyWriter)> stream;
    /// With status 101: what the connection is used for from then on (net/http/websocket.hpp).
    std::shared_ptr<Upgrade const> upgrade;

    static Response text(int status, std::string body);
    static Response html(int status, std::string body);
    static Response xml(int status, std::string body);
    static Response json(int status, std::string body);
    static Response redirect(int status, std::string_view location);
};

std::string_view reason_phrase(int status);

/// application/x-www-form-urlencoded. NET-016. At most 1,000 fields.
Result<std::map<std::string, std::string>> parse_form(std::string_view body);
std::string encode_form(std::vector<std::pair<std::string, std::string>> const& fields);
std::string url_encode(std::string_view text);
/// %XX and, in forms, '+'. Nothing when an escape is broken.
std::optional<std::string> url_decode(std::string_view text, bool plus_is_space);

/// One part of multipart/form-data (RFC 7578).
struct Part {
    std::string name;
    std::string file_name;  ///< empty: a plain field
    std::string content_type;
    std::string content;
};
/// NET-016 for a missing boundary, a part without a name, an end that is missing; at most 100 parts.
Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body);
/// Returns the body; sets `content_type`.
std::string encode_multipart(std::vector<Part> const& parts, std::string& content_type);

/// Either form kind, as fields; files under their field name.
Result<std::map<std::string, Part>> parse_any_form(Request const& request);

}  // namespace countersign::net::http
