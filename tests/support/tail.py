"""A client that follows a tail session, as text or as server-sent events, on a thread of its own."""
import http.client
import socket
import threading
import urllib.parse


class Tail:
    """Follows a url until `close()` or until the other side ends it (`ended`)."""

    def __init__(self, url, accept="text/plain", headers=None):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self._connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""),
                                 headers={"Accept": accept, **(headers or {})})
        self._socket = self._connection.sock  # before the response takes it over
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.getheaders()}
        self._data = b""
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while piece := self._response.read1(65536):
                self._data += piece
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self.ended.set()

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.ended.wait(5)
        self._connection.close()

    def text(self):
        return self._data.decode(errors="replace")

    def lines(self):
        """Every complete line of a text session."""
        return self.text().split("\n")[:-1]

    def texts(self):
        return [line.split("]: ", 1)[1] for line in self.lines() if "]: " in line]

    def events(self):
        """(id, data) of every complete event that has data, read as the WHATWG standard says."""
        found = []
        for block in self.text().replace("\r\n", "\n").split("\n\n")[:-1]:
            event_id, data = None, []
            for line in block.split("\n"):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "id":
                    event_id = value
                elif name == "data":
                    data.append(value)
            if data:
                found.append((event_id, "\n".join(data)))
        return found
