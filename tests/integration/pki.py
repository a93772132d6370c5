"""A throw-away PKI of the shape that Puppet makes: a root, an intermediate
that signs the servers, one file with both certificates and one with both CRLs.
"""

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "puppet.test"

# Key usages of a CA, in the order of x509.KeyUsage: cert sign and CRL sign.
CA_USAGE = x509.KeyUsage(False, False, False, False, False, True, True,
                         False, False)

FORMATS = {
    "pkcs8": ser.PrivateFormat.PKCS8,
    "pkcs1": ser.PrivateFormat.TraditionalOpenSSL,
    "sec1": ser.PrivateFormat.TraditionalOpenSSL,
}


class Identity(NamedTuple):
    """Paths of a certificate and its key, and the certificate's serial."""

    cert: str
    key: str
    serial: int


class Span(NamedTuple):
    """Days from now: from when to when something is valid."""

    begin: int
    end: int

    def dates(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        return now + self.begin * day, now + self.end * day


NOW = Span(-1, 30)
PAST = Span(-30, -1)
FUTURE = Span(1, 30)


def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def x509_name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def pem(*things):
    return b"".join(t.public_bytes(ser.Encoding.PEM) for t in things)


def key_pem(key, form="pkcs8"):
    return key.private_bytes(ser.Encoding.PEM, FORMATS[form],
                             ser.NoEncryption())


def builder(subject, issuer, key, valid=NOW):
    begin, end = valid.dates()
    return (x509.CertificateBuilder()
            .subject_name(x509_name(subject))
            .issuer_name(x509_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end))


def signed_by(key):
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(
        key.public_key())


class Authority:
    """A certificate that signs others, and its CRL."""

    def __init__(self, name, parent=None):
        self.name = name
        self.key = ec_key()
        self.revoked = []
        signer = parent or self
        self.cert = (
            builder(name, signer.name, self.key)
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(CA_USAGE, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(
                self.key.public_key()), critical=False)
            .add_extension(signed_by(signer.key), critical=False)
            .sign(signer.key, hashes.SHA256()))

    def leaf(self, key, name, names, valid):
        sans = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
        uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH,
                                      ExtendedKeyUsageOID.CLIENT_AUTH])
        return (builder(name, self.name, key, valid)
                .add_extension(x509.BasicConstraints(False, None),
                               critical=True)
                .add_extension(sans, critical=False)
                .add_extension(uses, critical=True)
                .add_extension(signed_by(self.key), critical=False)
                .sign(self.key, hashes.SHA256()))

    def crl(self, valid=NOW):
        begin, end = valid.dates()
        crl = (x509.CertificateRevocationListBuilder()
               .issuer_name(x509_name(self.name))
               .last_update(begin).next_update(end))
        for serial in self.revoked:
            crl = crl.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial)
                .revocation_date(begin).build())
        return crl.sign(self.key, hashes.SHA256())


class Pki:
    """Root, intermediate and the files of both, below one folder.

    The files are written once and not changed: tests share them.  A test that
    changes files writes its own, from ca_pem(), crl_pem() and identity().
    """

    def __init__(self, folder, label="Puppet"):
        self.folder = folder
        self.root = Authority(label + " Root CA")
        self.intermediate = Authority(label + " CA: ca.test", self.root)
        self.count = 0
        self.good = self.identity(NAME)
        self.ca_file = self.write("ca.pem", self.ca_pem())
        self.crl_file = self.write("crl.pem", self.crl_pem())

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def ca_pem(self):
        return pem(self.intermediate.cert, self.root.cert)

    def crl_pem(self, valid=NOW):
        """Both CRLs.  `valid` is the intermediate's, which signs servers."""
        return pem(self.intermediate.crl(valid), self.root.crl())

    def root_crl_pem(self):
        """As where somebody copied the root's CRL only."""
        return pem(self.root.crl())

    def identity(self, name, names=None, valid=NOW, key=None, form="pkcs8"):
        """A certificate of the intermediate; Puppet sends it alone."""
        self.count += 1
        key = key or ec_key()
        cert = self.intermediate.leaf(key, name, names or [name], valid)
        base = "%d-%s" % (self.count, name)
        return Identity(self.write(base + ".pem", pem(cert)),
                        self.write(base + ".key", key_pem(key, form)),
                        cert.serial_number)

    def revoked(self):
        """A certificate, and the path of CRLs that list it."""
        bad = self.identity(NAME)
        self.intermediate.revoked.append(bad.serial)
        path = self.write("crl-revoking.pem", self.crl_pem())
        self.intermediate.revoked.remove(bad.serial)
        return bad, path
