"""JSON, SHA-256 and output without json, hashlib and socket: those import re, OpenSSL and enum, and
would be half of the time of a run, which the tests make by the thousand."""
import os
import time

try:
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

try:
    from _json import encode_basestring, make_encoder, make_scanner

    class _Context:
        strict, memo = True, {}
        object_hook = object_pairs_hook = None
        parse_float, parse_int, parse_constant = float, int, float

    _scan = make_scanner(_Context)
    _encode = make_encoder(None, None, encode_basestring, None, ":", ",", False, False, True)

    def loads(text):
        """The value of a JSON text; ValueError when it is none."""
        text = text.strip()
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            raise ValueError("no JSON") from None
        if end != len(text):
            raise ValueError("more than one JSON value")
        return value

    def dumps(value):
        """VALUE as the client writes it: no spaces, no escapes beyond the necessary."""
        return "".join(_encode(value, 0))

except ImportError:
    import json

    loads = json.loads

    def dumps(value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fingerprint(token):
    return sha256(token.encode()).hexdigest()[:8]


def uuid():
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def put(data, fd=1):
    """Write all of DATA (str or bytes), also to a descriptor that somebody made non-blocking."""
    view = memoryview(data.encode(errors="surrogateescape") if isinstance(data, str) else data)
    while view:
        try:
            view = view[os.write(fd, view):]
        except BlockingIOError:
            time.sleep(0.001)


def seconds(name, default):
    """The number of seconds in a FAKE_CLAUDE_ variable."""
    return float(os.environ.get("FAKE_CLAUDE_" + name) or default)
