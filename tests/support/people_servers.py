"""Where people come from: a real slapd with TLS, and an authority for people's certificates with openssl's own responder."""

import shutil

from estate import Authority, run, wait_for
from servers import free_port

SUFFIX = "dc=company,dc=com"


class Slapd:
    """OpenLDAP's server on an address of the world: LDAPS and StartTLS, a person who may search, and nobody else who may read."""

    def __init__(self, world, host, address, authority, tls=True):
        self.world, self.host, self.address, self.folder = world, host, address, world.folder / f"slapd-{host}"
        self.ldap, self.ldaps, self.child = free_port(), free_port(), None
        (self.folder / "data").mkdir(parents=True)
        lines = [f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "inetorgperson", "nis")]
        lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", f"pidfile {self.folder}/pid"]
        if tls:
            key, certificate = authority.issue(host)
            lines += [f"TLSCertificateFile {certificate}", f"TLSCertificateKeyFile {key}"]
        lines += ["database mdb", f"suffix {SUFFIX}", f"directory {self.folder}/data", "maxsize 16777216",
                  "access to attrs=userPassword by anonymous auth by * none",
                  f'access to * by dn.exact="cn=countersign,{SUFFIX}" read by self read by anonymous auth by * none']
        self.configuration = self.folder / "slapd.conf"
        self.configuration.write_text("\n".join(lines) + "\n")

    def entry(self, dn, **attributes):
        lines = [f"dn: {dn}"]
        for name, values in attributes.items():
            lines += [f"{name}: {value}" for value in (values if isinstance(values, list) else [values])]
        return "\n".join(lines) + "\n\n"

    def fill(self, people, groups):
        """`people`: name to password; `groups`: name to members. In place of what was there."""
        shutil.rmtree(self.folder / "data")
        (self.folder / "data").mkdir()
        text = self.entry(SUFFIX, objectClass=["dcObject", "organization"], dc="company", o="Company")
        text += self.entry(f"cn=countersign,{SUFFIX}", objectClass=["organizationalRole", "simpleSecurityObject"], cn="countersign",
                           userPassword="search-4711")
        for unit in ("people", "groups"):
            text += self.entry(f"ou={unit},{SUFFIX}", objectClass="organizationalUnit", ou=unit)
        for name, password in people.items():
            text += self.entry(self.person(name), objectClass="inetOrgPerson", uid=name, cn=f"{name.capitalize()} Of The Directory", sn=name,
                               userPassword=password)
        for name, members in groups.items():
            text += self.entry(f"cn={name},ou=groups,{SUFFIX}", objectClass="groupOfNames", cn=name,
                               member=[self.person(member) for member in members])
        file = self.folder / "data.ldif"
        file.write_text(text)
        run("slapadd", "-f", self.configuration, "-l", file)

    def person(self, name):
        return f"uid={name},ou=people,{SUFFIX}"

    def start(self):
        if self.child:
            self.child.start()
        else:
            self.child = self.world.start(f"slapd-{self.host}", "slapd", "-f", self.configuration, "-d", "256", "-h",
                                          f"ldap://{self.address}:{self.ldap} ldaps://{self.address}:{self.ldaps}")
        wait_for(lambda: "slapd starting" in self.child.text(), "slapd starts")

    def stop(self):
        self.child.stop()

    def heard(self, word):
        return word in self.child.text()


class PeopleAuthority(Authority):
    """Issues client certificates to people, and answers for them."""

    def __init__(self, folder):
        super().__init__(folder, "People CA")
        self.port = free_port()
        (self.folder / "index.txt").touch()
        self.config = self.folder / "ocsp.conf"
        self.config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index.txt\ndefault_md=sha256\n")

    def person(self, name, email, days=365):
        """curl's options of somebody with a certificate."""
        key, certificate = self.issue(name)
        base = self.folder / name
        extensions = base.with_name(base.name + ".ext")
        extensions.write_text(f"subjectAltName=email:{email}\nextendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n"
                              f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{self.port}\n")
        run("openssl", "x509", "-req", "-in", base.with_name(base.name + ".csr"), "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
            "-out", certificate, "-extfile", extensions, "-days", str(days))
        self.openssl_ca("-valid", certificate)
        return ["--cert", str(certificate), "--key", str(key)]

    def openssl_ca(self, *arguments):
        run("openssl", "ca", "-config", self.config, "-cert", self.certificate, "-keyfile", self.key, *arguments)

    def revoke(self, person):
        self.openssl_ca("-revoke", person[1])

    def start_responder(self, world):
        child = world.start("people-responder", "openssl", "ocsp", "-port", str(self.port), "-index", self.folder / "index.txt", "-CA",
                            self.certificate, "-rsigner", self.certificate, "-rkey", self.key, "-ndays", "1")
        world.children.remove(child)
        child.await_line("ACCEPT")
        return child
