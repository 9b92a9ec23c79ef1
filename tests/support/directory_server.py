#!/usr/bin/env python3
"""A corporate directory for tests, written without our code: answers Search calls (protocols 1.9) over HTTP or, with a
certificate and key, HTTPS. Prints `ready`, then one line for each search: the client's address and what it asked for.

    directory_server.py ADDRESS PORT [CERTIFICATE KEY]

A search for "fault" gets a SOAP fault, one for "nonsense" something that is no answer.
"""
import http.server
import ssl
import sys
import xml.etree.ElementTree as ET

SERVICE = "{http://www.tandberg.net/2004/06/PhoneBookSearch/}"
ENTRIES = [("e_1", "Anna <Room 1>", "anna@example.test"), ("e_2", "Bert", "bert@example.test"),
           ("e_3", "alpha lab", "4711"), ("e_4", "Clara Anders", "clara@example.test")]


def text_of(search, name):
    return search.findtext(SERVICE + name) or ""


def answer(search):
    wanted = text_of(search, "SearchString").lower()
    hits = [entry for entry in ENTRIES if wanted in entry[1].lower()][:int(text_of(search, "MaxResult"))]
    ET.register_namespace("", SERVICE[1:-1])
    response = ET.Element(SERVICE + "SearchResponse")
    result = ET.SubElement(response, SERVICE + "SearchResult")
    ET.SubElement(result, SERVICE + "Name").text = "Root"
    ET.SubElement(result, SERVICE + "Id").text = "c_0"
    if not wanted:
        catalog = ET.SubElement(result, SERVICE + "Catalog")
        ET.SubElement(catalog, SERVICE + "Name").text = "Meeting rooms"
        ET.SubElement(catalog, SERVICE + "Id").text = "c_51"
    for entry_id, name, number in hits:
        entry = ET.SubElement(result, SERVICE + "Entry")
        ET.SubElement(entry, SERVICE + "Name").text = name
        ET.SubElement(entry, SERVICE + "Id").text = entry_id
        route = ET.SubElement(entry, SERVICE + "Route")
        for key, value in (("CallType", "Video"), ("Protocol", "SIP"), ("DialString", number)):
            ET.SubElement(route, SERVICE + key).text = value
    return ET.tostring(response)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        search = ET.fromstring(body).find(".//" + SERVICE + "Search")
        wanted = text_of(search, "SearchString")
        print("search", self.client_address[0], self.path, self.headers["SOAPAction"], repr(wanted),
              text_of(search, "Scope"), search.findtext(f"{SERVICE}Identification/{SERVICE}MACAddress"), flush=True)
        reply = answer(search)
        if wanted == "fault":
            reply = (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server'
                     b"</faultcode><faultstring>The directory is locked</faultstring></s:Fault></s:Body></s:Envelope>")
        if wanted == "nonsense":
            reply = b"<html><body>Welcome</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        print("refused", flush=True)  # a client that did not like our certificate


server = Server((sys.argv[1], int(sys.argv[2])), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("ready", flush=True)
server.serve_forever()
