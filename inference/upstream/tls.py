"""Trust for TLS connections to upstreams."""

import functools
import os
import ssl

import certifi


@functools.cache
def default_ssl_context() -> ssl.SSLContext:
    """Certificates and host names are verified, against the authorities of the system and certifi.

    SSL_CERT_FILE and SSL_CERT_DIR, when set, name the only authorities that are trusted. Made once
    and shared: loading the authorities takes tens of milliseconds.
    """
    context = ssl.create_default_context()
    # OpenSSL has read the two variables by itself.
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
