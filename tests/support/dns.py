"""A name server on 127.0.0.1 (UDP) that says what a test wants. Names that it does not know do not exist."""
import socket
import struct
import threading


class NameServer:
    def __init__(self):
        self.addresses = {}     # name -> list of IPv4 addresses
        self.ttl = 1
        self.silent = set()     # endings of names that get no answer
        self.asked = {}         # name -> queries
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self):
        self._socket.close()

    def _run(self):
        while True:
            try:
                query, peer = self._socket.recvfrom(2000)
                answer = self._answer(query)
                if answer:
                    self._socket.sendto(answer, peer)
            except OSError:
                return

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += query[at] + 1
        kind = struct.unpack_from("!H", query, at + 1)[0]
        name = ".".join(labels)
        self.asked[name] = self.asked.get(name, 0) + 1
        if any(name.endswith(ending) for ending in self.silent):
            return None
        known = name in self.addresses
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, self.ttl, 4) + socket.inet_aton(address)
                           for address in self.addresses.get(name, []) if kind == 1)
        count = len(self.addresses.get(name, [])) if kind == 1 else 0
        return query[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, count, 0, 0) + query[12:at + 5] + records
