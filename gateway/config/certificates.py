"""A certificate of our own, as it stands in gateway.yaml."""

from pathlib import Path

from pydantic import Field

from gateway.config.section import Section


class ClientCertificate(Section):
    """A certificate that proves to the provider who calls (mutual TLS)."""

    cert_file: Path = Field(
        description="PEM file with the certificate and those that lead to its issuer.", strict=False
    )
    key_file: Path = Field(description="PEM file with its private key, without a passphrase.", strict=False)
