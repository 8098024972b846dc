"""The well-behaved of a storm, and those who change the configuration. What happens to them is what a storm checks."""
import http.client
import json
import threading
import time
from contextlib import suppress

from node import syslog_line
from opponents import Actor
from peers import PATIENCE, wait_for  # noqa: F401


class Neighbour:
    """A tenant that does nothing wrong: an app with a backend, a token, and drains to receivers of its own."""

    def __init__(self, name, node, backend, receivers):
        self.name, self.backend, self.receivers = name, backend, receivers
        node.make_app(name, [backend])
        self.token = node.make_token(name)
        self.drains = [node.add_drain(receiver.url, name, filter="source=app") for receiver in receivers]
        self.accepted = []
        self.refused = 0
        self._lock = threading.Lock()
        self._next = 0

    def numbers(self, count):
        with self._lock:
            first = self._next
            self._next += count
        return [f"{self.name} line {number}" for number in range(first, first + count)]

    def post(self, node, count):
        """Counts lines as accepted when the answer said so; of a cut connection nobody knows."""
        texts = self.numbers(count)
        answer = node.post_logs(self.token, [syslog_line(text) for text in texts])
        with self._lock:
            if answer.status == 204:
                self.accepted.extend(texts)
            else:
                self.refused += count

    def missing(self):
        """Accepted lines that a receiver does not have, one list for each receiver."""
        found = []
        for receiver in self.receivers:
            got = {text.decode(errors="replace").strip() for text in receiver.texts()}
            found.append([text for text in self.accepted if text not in got])
        return found


class Writer(Actor):
    """Posts lines of one neighbour through the nodes in turn."""

    pause = 0.1

    def __init__(self, seed, neighbour, nodes):
        super().__init__(seed)
        self.neighbour, self.nodes = neighbour, nodes

    def step(self):
        node = self.random.choice(self.nodes)
        with suppress(http.client.HTTPException):
            self.neighbour.post(node, self.random.randrange(1, 20))


class Visitor(Actor):
    """Makes requests for a neighbour's app through one node, and keeps what was not answered as it should be."""

    pause = 0.1

    def __init__(self, seed, neighbour, node):
        super().__init__(seed)
        self.neighbour, self.node = neighbour, node
        self.seconds, self.failures = [], []

    def step(self):
        began = time.monotonic()
        try:
            answer = self.node.request(f"{self.neighbour.name}.test", "/echo?x", timeout=30)
            if answer.status != 200:
                self.failures.append(repr(answer))
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))
        self.seconds.append(time.monotonic() - began)


class Watcher(Actor):
    """Asks the operator's doors, which have a part of everything to themselves."""

    pause = 0.5

    def __init__(self, seed, node):
        super().__init__(seed)
        self.node = node
        self.failures = []

    def step(self):
        for what, ask in (("/readyz", lambda: self.node.admin("/readyz")),
                          ("/metrics", lambda: self.node.admin("/metrics")),
                          ("the node's own key", lambda: self.node.api("GET", "/v3/status"))):
            try:
                answer = ask()
                if answer.status != 200:
                    self.failures.append(f"{what}: {answer}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{what}: {error!r}")


class Changer(Actor):
    """Changes the configuration at random through random nodes: apps, tokens, drains, keys, sessions, tails."""

    FILTERS = ("", "source=app", "-text~x", "level<=warning", "text~[a-z]{1,20}", "status>=500 proc=router")
    pause = 0.1

    def __init__(self, seed, name, nodes, targets):
        super().__init__(seed)
        self.name, self.nodes, self.targets = name, nodes, targets
        self.odd = []

    def call(self, method, path, body=None):
        node = self.random.choice(self.nodes)
        with suppress(http.client.HTTPException):
            answer = node.api(method, path, body)
            if answer.status >= 500 and answer.status != 503:
                self.odd.append(f"{method} {path}: {answer}")
            return answer
        return None

    def app(self):
        return f"{self.name}-{self.random.randrange(4)}"

    def step(self):
        self.random.choice((self.put_app, self.put_app, self.delete_app, self.add_drain, self.add_drain, self.add_drain,
                            self.act_on_drain, self.act_on_drain, self.remove_drain, self.make_key, self.tail,
                            self.write, self.ask))()

    def put_app(self):
        name = self.app()
        backends = [{"name": f"web.{n}", "address": address}
                    for n, address in enumerate(self.random.sample(self.targets, self.random.randrange(3)))]
        self.call("PUT", f"/v3/apps/{name}", {"domains": [f"{name}.test"], "backends": backends})

    def delete_app(self):
        self.call("DELETE", f"/v3/apps/{self.app()}")

    def add_drain(self):
        scheme = self.random.choice(("http", "syslog", "https", "syslog+tls"))
        target = self.random.choice([*self.targets, f"host{self.random.randrange(50)}.dead-zone.test:80"])
        url = f"{scheme}://{target}" + ("/logs" if scheme.startswith("http") else "")
        where = f"/v3/channels/{self.app()}/drains" if self.random.random() < 0.9 else "/v3/drains"
        self.call("POST", where, {"url": url, "filter": self.random.choice(self.FILTERS)})

    def drains(self):
        where = self.random.choice((f"/v3/channels/{self.app()}/drains", "/v3/drains"))
        answer = self.call("GET", where)
        items = answer.json if answer is not None and answer.status == 200 else []
        items = items["items"] if isinstance(items, dict) else items
        return where, items

    def act_on_drain(self):
        where, items = self.drains()
        if items:
            action = self.random.choice(("pause", "resume", "test", "resume"))
            body = {"from": "now"} if action == "resume" and self.random.random() < 0.3 else {}
            self.call("POST", f"{where}/{self.random.choice(items)['id']}/{action}", body)

    def remove_drain(self):
        where, items = self.drains()
        if items:
            self.call("DELETE", f"{where}/{self.random.choice(items)['id']}")

    def make_key(self):
        made = self.call("POST", "/v3/keys", {"name": f"{self.name}-key", "scopes": ["logs:read"], "channels": [self.app()],
                                              "expires_in": "2s"})
        if made is not None and made.status == 201 and self.random.random() < 0.5:
            self.call("DELETE", f"/v3/keys/{made.json['id']}")

    def tail(self):
        made = self.call("POST", "/v3/sessions", {"channel_id": self.app(), "tail": True})
        if made is None or made.status != 201:
            return
        node = self.random.choice(self.nodes)
        path = "/sessions/" + made.json["url"].rsplit("/sessions/", 1)[1]
        connection = http.client.HTTPConnection("127.0.0.1", node.port("api.listen"), timeout=0.3)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            connection.getresponse().read(64)
        connection.close()

    def write(self):
        made = self.call("POST", f"/v3/channels/{self.app()}/tokens", {"name": "app"})
        if made is not None and made.status == 201:
            with suppress(http.client.HTTPException):
                lines = [syslog_line("a=1 " * 500) for _ in range(self.random.randrange(1, 100))]
                self.random.choice(self.nodes).post_logs(made.json["token"], lines)

    def ask(self):
        path = self.random.choice((f"/v3/channels/{self.app()}/logs?num=1500&filter=text~[a-z]%2B1", "/v3/apps", "/v3/status",
                                   "/v3/channels", f"/v3/apps/{self.app()}", "/v3/keys"))
        self.call("GET", path)

    def remove_everything(self, node):
        """Leaves nothing of its own behind."""
        for number in range(4):
            node.api("DELETE", f"/v3/apps/{self.name}-{number}")
        for drain in node.must("GET", "/v3/drains")["items"]:
            node.api("DELETE", f"/v3/drains/{drain['id']}")


def drains_of(node):
    """Every drain that the node knows, with its channel (nothing for global ones)."""
    found = [(None, drain) for drain in items_of(node.must("GET", "/v3/drains"))]
    for app in items_of(node.must("GET", "/v3/apps?limit=1000")):
        name = app["name"] if isinstance(app, dict) else app
        found += [(name, drain) for drain in items_of(node.must("GET", f"/v3/channels/{name}/drains"))]
    return found


def items_of(answer):
    return answer["items"] if isinstance(answer, dict) else answer


def wait_for_lines(neighbour, silence=3.0):
    """What receivers still lack of the accepted lines when nothing has come for a while."""
    missing, since = neighbour.missing(), time.monotonic()
    while any(missing) and time.monotonic() < since + silence * PATIENCE:
        time.sleep(0.2)
        before, missing = missing, neighbour.missing()
        if list(map(len, before)) != list(map(len, missing)):
            since = time.monotonic()
    return missing


def as_text(things, most=5):
    return json.dumps(things[:most], indent=1)
