"""Many, slow, silent and flooding clients: what they hold is bounded, others are served, and a stop ends in time."""
import resource
import signal
import socket
import subprocess
import threading
import time

from case import PipelineCase, node_module, read_all, wait_for
from frames import frame
from node import syslog_line
from peers import PATIENCE, Backend, HttpReceiver, basic

MIB = 1 << 20


def metrics(node):
    values = {}
    for line in node.admin("/metrics").body.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    return values


class Crowd:
    """Connections that are opened one after the other and closed together."""

    def __init__(self, case):
        self.connections = []
        case.addCleanup(self.close)

    def add(self, port, data=b"", source=None):
        connection = socket.socket()
        connection.settimeout(5)
        try:
            if source:
                connection.bind((source, 0))
            connection.connect(("127.0.0.1", port))
            self.connections.append(connection)
            connection.sendall(data)
        except OSError:
            connection.close()
            return None
        return connection

    def open_now(self):
        """Those that the other side has not closed or answered."""
        count = 0
        for connection in self.connections:
            connection.setblocking(False)
            try:
                connection.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                count += 1
            except OSError:
                pass
        return count

    def close(self):
        for connection in self.connections:
            connection.close()
        self.connections.clear()


def repeat(stop, action):
    """A thread that does it again and again until the event is set; errors are part of the game."""
    def run():
        while not stop.is_set():
            try:
                action()
            except OSError:
                time.sleep(0.01)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


class Flood:
    """Sends the same bytes without end on one connection and reads what comes back."""

    def __init__(self, case, port, data):
        self.stop = threading.Event()
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.answered = 0
        self.threads = [repeat(self.stop, lambda: self.connection.sendall(data)), repeat(self.stop, self._read)]
        case.addCleanup(self.close)

    def _read(self):
        self.answered += len(self.connection.recv(1 << 20))

    def close(self):
        self.stop.set()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for thread in self.threads:
            thread.join(10)
        self.connection.close()


class PipeliningTest(PipelineCase):
    settings = {"process.shards": 1}

    def serves_others_during(self, listener, path):
        request = f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        flood = Flood(self, self.node.port(listener), request * 500)
        wait_for("the flood runs", lambda: flood.answered > 100_000)
        slowest = 0
        for _ in range(20):
            begun = time.monotonic()
            self.assertEqual(self.node.request("shop.test").status, 200)
            self.assertEqual(self.node.api("GET", "/v3/channels/shop/tokens").status, 200)
            slowest = max(slowest, time.monotonic() - begun)
        before = flood.answered
        self.assertLess(slowest, 3.0)
        self.assertGreater(before, 0)
        flood.close()

    def test_a_client_that_pipelines_does_not_hold_others_up(self):
        self.node.make_app("shop", [self.using(Backend())])
        for listener, path in (("ingress.http", "/healthcheck"), ("api.listen", "/v3/healthcheck"),
                               ("admin.listen", "/healthz")):
            with self.subTest(listener):
                self.serves_others_during(listener, path)


class MemoryTest(PipelineCase):
    settings = {"fabric.memory_budget": "16MiB", "process.memory_reserve": "32MiB", "process.shards": 2}
    most = (16 + 32) * MIB * 1.1

    def class_of(self, name):
        values = metrics(self.node)
        return {kind: values[f'sluice_memory_{kind}{{class="{name}"}}'] for kind in
                ("held_bytes", "limit_bytes", "evicted_total")}

    def holds_its_part(self, name, data, listener, count):
        crowd = Crowd(self)
        before = self.class_of(name)["evicted_total"]
        for _ in range(count):
            crowd.add(self.node.port(listener), data)
        wait_for("the largest give up", lambda: self.class_of(name)["evicted_total"] > before)
        wait_for("the class is within its part",
                 lambda: (lambda c: c["held_bytes"] <= c["limit_bytes"])(self.class_of(name)))
        self.assert_holds_less(self.node, self.most)
        return crowd

    def test_half_heads_at_the_api(self):
        head = b"GET /v3/apps HTTP/1.1\r\nHost: h\r\n" + b"a:b\r\n" * 3000
        crowd = self.holds_its_part("api_bodies", head, "api.listen", 500)
        self.assertGreater(crowd.open_now(), 0)
        for connection in crowd.connections[:20]:
            connection.settimeout(5)
        answers = [read_all(connection)[:12] for connection in crowd.connections[:20]]
        self.assertIn(b"HTTP/1.1 503", answers)

    def test_half_bodies_at_the_api(self):
        head = (f"POST /v3/keys HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.node.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n").encode()
        crowd = self.holds_its_part("api_bodies", head + b" " * 900_000, "api.listen", 60)
        self.assertGreater(crowd.open_now(), 0)
        self.assertEqual(self.node.api("GET", "/v3/apps").status, 200)

    def test_half_bodies_at_ingress(self):
        token = self.node.make_channel(self.channel_name())
        head = (f"POST /logs HTTP/1.1\r\nHost: h\r\nAuthorization: {basic('token', token)}\r\n"
                f"Content-Type: application/logplex-1\r\nContent-Length: 8000000\r\n\r\n").encode()
        crowd = Crowd(self)
        body = frame(syslog_line("x" * 10_000)) * 700
        for _ in range(40):
            crowd.add(self.node.port("ingress.http"), head + body)
        time.sleep(0.5)
        self.assert_holds_less(self.node, self.most)
        line = syslog_line("still taken")
        wait_for("a small body is taken", lambda: self.node.post_logs(token, [line]).status == 204)

    def holds_its_part_all_the_time(self, attack):
        """Samples the memory while the attack comes in: what is read while others are told to give up counts too."""
        highest, stop = [0], threading.Event()

        def sample():
            highest[0] = max(highest[0], self.node.resident_bytes())
            time.sleep(0.002)
        sampler = repeat(stop, sample)
        attack()
        time.sleep(1)
        stop.set()
        sampler.join()
        if not self.node.sanitized:
            self.assertLess(highest[0], self.most)
        self.assertEqual(self.node.api("GET", "/v3/apps").status, 200)

    def test_bodies_of_tiny_messages(self):
        token = self.node.make_channel(self.channel_name())
        head = (f"POST /logs HTTP/1.1\r\nHost: h\r\nAuthorization: {basic('token', token)}\r\n"
                f"Content-Type: application/logplex-1\r\nContent-Length: 7900000\r\n\r\n").encode()
        crowd = Crowd(self)
        self.holds_its_part_all_the_time(
            lambda: [crowd.add(self.node.port("ingress.http"), head + b"1 x" * 400_000) for _ in range(60)])

    def test_whole_bodies_of_many_values(self):
        head = (f"POST /v3/keys HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.node.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: 1000001\r\n\r\n").encode()
        crowd = Crowd(self)
        self.holds_its_part_all_the_time(
            lambda: [crowd.add(self.node.port("api.listen"), head + b"[" + b"0," * 499_999 + b"0]") for _ in range(100)])

    def test_half_heads_of_a_backend(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=400)
        self.addCleanup(listener.close)
        held = Crowd(self)

        def serve():
            connection, _ = listener.accept()
            held.connections.append(connection)
            connection.settimeout(2)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500_000)
        stop = threading.Event()
        for _ in range(4):
            repeat(stop, serve)
        self.addCleanup(stop.set)
        self.node.must("PUT", "/v3/apps/half", {"domains": ["half.test"], "backends": [
            {"name": "web.1", "address": "127.0.0.1:%d" % listener.getsockname()[1]}]})
        crowd = Crowd(self)
        self.holds_its_part_all_the_time(
            lambda: [crowd.add(self.node.port("router.http"), b"GET / HTTP/1.1\r\nHost: half.test\r\n\r\n") for _ in range(300)])

    def test_answers_that_nobody_reads(self):
        for n in range(60):
            self.node.must("PUT", f"/v3/channels/{self.channel_name()}-{n:03}-{'x' * 60}", {"tokens": ["a"]})
        request = f"GET /v3/channels?limit=1000 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {self.node.key}\r\n\r\n"
        crowd = Crowd(self)
        for _ in range(200):
            crowd.add(self.node.port("api.listen"), request.encode() * 500)
        time.sleep(0.5)
        self.assert_holds_less(self.node, self.most)
        self.assertEqual(self.node.api("GET", "/v3/apps").status, 200)


class DescriptorsTest(PipelineCase):
    with_node = False

    def limited_node(self, soft, hard, **settings):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard > before[1]:
            self.skipTest(f"this machine allows {before[1]} descriptors")
        node = self.new_node(start=False, **settings)
        popen = subprocess.Popen

        def limited(*arguments, preexec_fn=None, **options):
            def both():
                preexec_fn()
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            return popen(*arguments, preexec_fn=both, **options)

        node_module.subprocess.Popen = limited
        try:
            node.start()
        finally:
            node_module.subprocess.Popen = popen
        return node

    def test_the_limit_is_raised_and_shown(self):
        node = self.limited_node(256, 2048)
        self.assertEqual(metrics(node)["sluice_process_descriptor_limit"], 2048)
        self.assertGreater(metrics(node)["sluice_process_open_descriptors"], 10)
        log = node.log_path.read_text()
        self.assertIn("descriptors=2048", log)
        self.assertIn("router.max_connections", log)

    def test_idle_connections_to_the_router_leave_room_for_everything_else(self):
        node = self.limited_node(256, 512)
        receiver = self.using(HttpReceiver())
        token = node.make_channel("shop")
        node.add_drain(receiver.url, "shop")
        crowd = Crowd(self)
        for _ in range(600):
            crowd.add(node.port("router.http"))
        time.sleep(0.3)
        self.assertEqual(node.admin("/readyz").status, 200)
        self.assertEqual(node.api("GET", "/v3/apps").status, 200)
        self.assertEqual(node.post_logs(token, [syslog_line("arrives")]).status, 204)
        wait_for("the drain delivers", lambda: any(b"arrives" in text for text in receiver.texts()))
        refused = [value for name, value in metrics(node).items()
                   if name.startswith("sluice_listener_refused_total") and "router.http" in name]
        self.assertGreater(sum(refused), 0)


class AddressesTest(PipelineCase):
    settings = {"limits.client_connections_per_address": 5, "process.shards": 1}

    def test_one_address_does_not_take_all_connections(self):
        self.node.make_app("shop", [self.using(Backend())])
        crowd = Crowd(self)
        for _ in range(8):
            crowd.add(self.node.port("router.http"))
        wait_for("three are closed", lambda: crowd.open_now() == 5)
        name = 'sluice_listener_refused_total{listener="router.http",reason="address"}'
        self.assertEqual(metrics(self.node)[name], 3)
        other = crowd.add(self.node.port("router.http"),
                          b"GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n", "127.0.0.2")
        self.assertIn(b"200 OK", read_all(other))
        crowd.close()
        wait_for("its places are free again", lambda: self.node.request("shop.test").status == 200)

    def test_trusted_proxies_are_exempt(self):
        node = self.new_node(limits__client_connections_per_address=2, router__trusted_proxies="127.0.0.1")
        crowd = Crowd(self)
        for _ in range(6):
            crowd.add(node.port("router.http"))
        time.sleep(0.2)
        self.assertEqual(crowd.open_now(), 6)

    def test_without_a_number_an_address_leaves_room_when_the_listener_is_nearly_full(self):
        node = self.new_node(router__max_connections=40)
        node.make_app("shop", [self.using(Backend())])
        crowd = Crowd(self)
        for _ in range(40):
            crowd.add(node.port("router.http"))
        wait_for("some are closed", lambda: crowd.open_now() < 40)
        self.assertGreaterEqual(crowd.open_now(), 30)
        other = crowd.add(node.port("router.http"),
                          b"GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n", "127.0.0.2")
        self.assertIn(b"200 OK", read_all(other))


class IdleTest(PipelineCase):
    with_node = False

    def test_idle_connections_to_the_api_give_way(self):
        node = self.new_node(api__max_connections=400, process__shards=2)
        crowd = Crowd(self)
        answered = f"GET /v3/apps HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {node.key}\r\n\r\n".encode()
        for data in (b"", b"GET /v3/apps HTTP/1.1\r\nHost", answered):
            for _ in range(500):
                crowd.add(node.port("api.listen"), data)
            self.assertEqual(node.api("GET", "/v3/apps").status, 200)
            if data != answered:
                self.assertGreater(crowd.open_now(), 200)  # no more are closed than have to be
        closed = metrics(node)['sluice_http_crowded_out_total{listener="api.listen"}']
        self.assertGreater(closed, 1000)

    def test_a_tail_stays_when_idle_connections_crowd(self):
        node = self.new_node(api__max_connections=40, process__shards=1)
        node.make_channel("logs")
        tail = Crowd(self).add(node.port("api.listen"),
                               f"GET /v3/channels/logs/logs?tail=1 HTTP/1.1\r\nHost: h\r\n"
                               f"Authorization: Bearer {node.key}\r\n\r\n".encode())
        self.assertIn(b"200 OK", tail.recv(4096))
        crowd = Crowd(self)
        for _ in range(100):
            crowd.add(node.port("api.listen"))
        tail.setblocking(False)
        with self.assertRaises(BlockingIOError):
            while tail.recv(4096):
                pass

    def test_idle_connections_to_the_admin_listener_give_way(self):
        node = self.new_node(process__shards=2, process__memory_reserve="64MiB")
        limit = metrics(node)['sluice_listener_connections_limit{listener="admin.listen"}']
        crowd = Crowd(self)
        for _ in range(int(limit) + 100):
            crowd.add(node.port("admin.listen"))
        self.assertEqual(node.admin("/readyz").status, 200)
        self.assertEqual(node.admin("/metrics").status, 200)


class DeafBackendTest(PipelineCase):
    settings = {"router.max_connections": 40, "router.trusted_proxies": "127.0.0.1", "process.shards": 2}

    def test_an_app_whose_backend_is_deaf_leaves_room_for_others(self):
        self.node.make_app("shop", [self.using(Backend())])
        listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.addCleanup(listener.close)
        self.node.must("PUT", "/v3/apps/deaf", {"domains": ["deaf.test"], "backends": [
            {"name": "web.1", "address": f"127.0.0.1:{listener.getsockname()[1]}"}]})
        crowd = Crowd(self)
        for _ in range(200):
            crowd.add(self.node.port("router.http"), b"GET / HTTP/1.1\r\nHost: deaf.test\r\n\r\n")
        for _ in range(5):
            self.assertEqual(self.node.request("shop.test").status, 200)
        self.assertGreater(metrics(self.node)['sluice_router_errors_total{code="H22"}'], 0)
        self.assertGreaterEqual(crowd.open_now(), 30)


class StopTest(PipelineCase):
    with_node = False
    deadline = 3

    def test_a_stop_ends_in_time_whatever_clients_do(self):
        node = self.new_node(process__shutdown_deadline=f"{self.deadline}s", process__shards=2)
        silent = self.using(HttpReceiver())
        silent.next_status = lambda: time.sleep(30) or 204
        node.make_app("shop", [self.using(Backend())])
        token = node.make_channel("logs")
        node.add_drain(silent.url, "logs")
        node.post_logs(token, [syslog_line("owed")])
        crowd = Crowd(self)
        begun = {"router.http": b"POST /echo HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1000\r\n\r\nab",
                 "ingress.http": b"POST /logs HTTP/1.1\r\nHost: h\r\nContent-Le",
                 "ingress.syslog": b"100 <190>1 2024-05-06T07:08:09Z h ",
                 "api.listen": f"GET /v3/channels/logs/logs?tail=1 HTTP/1.1\r\nHost: h\r\n"
                               f"Authorization: Bearer {node.key}\r\n\r\n".encode(),
                 "admin.listen": b"GET /met"}
        floods = {"router.http": b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n" * 50,
                  "ingress.http": b"GET /healthcheck HTTP/1.1\r\nHost: h\r\n\r\n" * 500,
                  "ingress.syslog": frame(syslog_line("flood", app=token)) * 500,
                  "api.listen": b"GET /v3/healthcheck HTTP/1.1\r\nHost: h\r\n\r\n" * 500,
                  "admin.listen": b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 100}
        running = []
        for listener, data in begun.items():
            for _ in range(5):
                crowd.add(node.port(listener))
                crowd.add(node.port(listener), data)
            running.append(Flood(self, node.port(listener), floods[listener]))
        time.sleep(1)
        asked = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        status = node.process.wait(30)
        took = time.monotonic() - asked
        self.assertEqual(status, 0)
        self.assertLess(took, self.deadline + 1 + (PATIENCE if node.sanitized else 0))
