"""A name server that misbehaves in one chosen way, on a loopback address of its own, port 53.

    with Resolver("nxdomain") as resolver:
        ... nameserver {resolver.address} in an /etc/resolv.conf of the test's ...

Every address in 127.0.0.0/8 is this machine's, so that many can listen at once; the port takes root.
"""
import itertools
import os
import socket
import threading

RCODES = {"servfail": 2, "nxdomain": 3, "refuses": 5, "has no address": 0}


class Resolver:
    def __init__(self, way):
        self.way, self.queries = way, 0
        self.stopping = threading.Event()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self.bind()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def bind(self):
        for n in itertools.count(os.getpid()):
            address = f"127.53.{n >> 8 & 255}.{n & 255 or 1}"
            try:
                self.socket.bind((address, 53))
                return address
            except OSError as e:
                if e.errno != 98:  # EADDRINUSE
                    raise

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.socket.close()

    def serve(self):
        self.socket.settimeout(0.1)
        while not self.stopping.is_set():
            try:
                query, client = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.queries += 1
            if self.way == "garbage":
                self.socket.sendto(b"\1\2\3", client)
            elif self.way != "silent":
                self.socket.sendto(self.answer(query), client)

    def answer(self, query):
        """The question, no records, and the code (RFC 1035, 4.1.1)."""
        end = query.index(b"\0", 12) + 5
        return query[:2] + bytes([0x81, 0x80 | RCODES[self.way]]) + b"\0\1\0\0\0\0\0\0" + query[12:end]
