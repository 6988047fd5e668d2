"""Certificates made for one test: an authority of its own, and what it issues."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, as files."""

    certificate: Path
    key: Path

    def server_context(self, *, clients_of: Path | None = None) -> ssl.SSLContext:
        """Return a server's context; with `clients_of`, a client has to show a certificate of that authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if clients_of is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients_of)
        return context


class Authority:
    """A certification authority that nobody trusts who was not told to. Writes into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("test authority")
        self.file = folder / "authority.pem"
        certificate = self._signed(
            self._builder(self._name, self._key).add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            )
        )
        self.file.write_bytes(certificate)

    def issue(self, host: str = "127.0.0.1", *, expired: bool = False, password: bytes | None = None) -> Issued:
        """Issue a certificate for a name or an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        builder = self._builder(_name(host), key, expired=expired).add_extension(
            x509.SubjectAlternativeName([alternative]), critical=False
        )
        issued = Issued(self._folder / f"{host}.pem", self._folder / f"{host}.key")
        issued.certificate.write_bytes(self._signed(builder))
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        issued.key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        )
        return issued

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, expired: bool = False
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        day = timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * day)
            .not_valid_after(now - day if expired else now + day)
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
