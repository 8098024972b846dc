"""Receivers of drains as opponents: keys, certificates and handshakes, unasked answers, resets, clusters, our own ports."""
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from case import PipelineCase, wait_for
from dns import NameServer
from node import syslog_line
from peers import Certificates, HttpReceiver, RawServer, SyslogReceiver, free_port


def openssl(*arguments, cwd=None):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
    return done.stdout


class OpponentCase(PipelineCase):
    settings = {"drains.backoff_min": "20ms", "drains.backoff_max": "200ms"}

    @classmethod
    def setUpClass(cls):
        cls.keys = Path(tempfile.mkdtemp(prefix="sluice-e2e-keys-"))
        cls.addClassCleanup(shutil.rmtree, cls.keys, ignore_errors=True)
        cls.authority = Certificates(cls.keys)
        super().setUpClass()

    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def post(self, *texts):
        self.assertEqual(self.node.post_logs(self.token, [syslog_line(text) for text in texts]).status, 204)

    def create(self, url, **options):
        return self.node.api("POST", f"/v3/channels/{self.channel}/drains", {"url": url, **options})

    def told_about(self, drain):
        return self.node.api("POST", f"/v3/channels/{self.channel}/drains/{drain['id']}/test").json

    def stats(self, drain):
        shown = self.node.drain(drain, self.channel)
        self.assert_balanced(shown)
        return shown["stats"]

    def identity(self, *algorithm):
        """(certificate, key) as PEM text, signed by itself."""
        openssl("req", "-x509", "-nodes", "-days", "3", "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1",
                *algorithm, "-keyout", "own.key", "-out", "own.pem", cwd=self.keys)
        return (self.keys / "own.pem").read_text(), (self.keys / "own.key").read_text()


class DoorTest(OpponentCase):
    def refused(self, field, sentence, url="https://127.0.0.1:9/", **options):
        answer = self.create(url, **options)
        self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)
        self.assertIn(sentence, answer.json["error"])

    def test_key_material(self):
        weak = self.identity("-newkey", "rsa:1024")
        large = self.identity("-newkey", "rsa:4608", "-pkeyopt", "rsa_keygen_primes:3")
        other_curve = self.identity("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")
        good = self.identity("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")
        another = self.identity("-newkey", "ed25519")
        self.refused("ca", "ca must hold certificates as PEM text", ca="aaa")
        self.refused("client_cert", "this one has 1024", client_cert=weak[0], client_key=weak[1])
        self.refused("client_key", "this one has 4608", client_cert=large[0], client_key=large[1])
        self.refused("client_cert", "not on secp256k1", client_cert=other_curve[0], client_key=other_curve[1])
        self.refused("client_key", "does not belong", client_cert=good[0], client_key=another[1])
        self.refused("client_key", "is missing", client_cert=good[0])
        for number, (cert, key) in enumerate((good, another)):
            made = self.create(f"https://127.0.0.1:9/{number}", ca=cert, client_cert=cert, client_key=key)
            self.assertEqual(made.status, 201, made)

    def test_a_flood_of_certificates_from_one_key_leaves_others_their_place(self):
        neighbour = f"{self.channel}-neighbour"
        self.node.make_channel(neighbour)
        keys = [self.node.must("POST", "/v3/keys", {"name": "k", "scopes": ["drains:write"], "channels": [channel]})
                for channel in (self.channel, neighbour)]
        cert, key = self.identity("-newkey", "rsa:4096")
        drain = {"url": "https://127.0.0.1:9/", "ca": cert * 60, "client_cert": cert, "client_key": key}
        flood = [self.begin_call(keys[0]["key"], f"/v3/channels/{self.channel}/drains", drain) for _ in range(64)]
        made = self.node.api("POST", f"/v3/channels/{neighbour}/drains", {**drain, "ca": cert}, key=keys[1]["key"])
        self.assertEqual(made.status, 201, made)
        answers = [connection.recv(65536) for connection in flood]
        statuses = {answer.split()[1] for answer in answers}
        self.assertLessEqual(statuses, {b"201", b"409", b"429"})
        refused = [answer for answer in answers if answer.split()[1] == b"429"]
        self.assertTrue(refused and all(b"\r\nRetry-After: 1\r\n" in answer for answer in refused), statuses)
        limited = f'sluice_api_limited_total{{limit="certificates_per_key"}} {len(refused)}\n'
        self.assertIn(limited, self.node.admin("/metrics").body.decode())

    def begin_call(self, key, path, body):
        connection = socket.create_connection(("127.0.0.1", self.node.port("api.listen")), timeout=20)
        self.addCleanup(connection.close)
        body = json.dumps(body).encode()
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\n"
                           f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return connection

    def test_secrets(self):
        for secret in ("whsec_", "whsec_c2hvcnQ=", "whsec_*", "whsec_" + "QUFB" * 30):
            self.refused("secret", "base64 of 24 to 64 bytes", secret=secret)
        made = self.create("https://127.0.0.1:9/", secret="whsec_" + "QUFB" * 8)
        self.assertEqual(made.status, 201, made)

    def test_insecure_is_for_two_schemes(self):
        for url in ("https://127.0.0.1:9/#insecure", "http://127.0.0.1:9/#insecure", "syslog://127.0.0.1:9#insecure"):
            self.refused("url", "only syslog+tls:// and kafka+tls:// take #insecure", url)

    def test_path_of_a_url_is_for_who_may_change_it(self):
        drain = self.create("https://127.0.0.1:9/receiver/v1/http/KEY?x=y").json
        self.assertEqual(drain["url"], "https://127.0.0.1:9/receiver/v1/http/KEY?x=y")
        key = self.node.api("POST", "/v3/keys", {"name": "r", "scopes": ["drains:read"]}).json["key"]
        path = f"/v3/channels/{self.channel}/drains/{drain['id']}"
        shown = self.node.api("GET", path, headers={"Authorization": f"Bearer {key}"}).json
        self.assertEqual(shown["url"], "https://127.0.0.1:9/***")

    def test_own_listeners_are_no_receivers(self):
        for setting in ("ingress.http", "ingress.syslog", "api.listen", "admin.listen", "router.http"):
            port = self.node.port(setting)
            for url in (f"http://127.0.0.1:{port}/logs", f"syslog://127.0.0.1:{port}", f"kafka://127.0.0.1:{port}/t"):
                self.refused("url", "a listener of this node itself", url)

    def test_own_listeners_by_name_are_refused_at_connect(self):
        port = self.node.port("ingress.syslog")
        drain = self.create(f"syslog://localhost:{port}").json
        told = self.told_about(drain)
        self.assertEqual((told["ok"], told["error_class"]), (False, "refused_address"), told)
        self.assertIn("this is a listener of this node itself", told["error"])


class PrivateAddressTest(PipelineCase):
    with_node = False

    def test_errors_do_not_say_what_a_name_resolves_to(self):
        names = self.using(NameServer())
        names.addresses["inside.zone"] = ["10.11.12.13"]
        node = self.new_node(drains__allow_cidrs="", process__dns_servers=names.address)
        node.make_channel("private")
        drain = node.must("POST", "/v3/channels/private/drains", {"url": "http://inside.zone:9/"})
        told = node.api("POST", f"/v3/channels/private/drains/{drain['id']}/test").json
        self.assertEqual(told["error_class"], "refused_address")
        self.assertIn("it is a private address", told["error"])
        token = node.make_token("private", "app")
        node.post_logs(token, [syslog_line("to nowhere")])
        wait_for("the drain has failed", lambda: node.drain(drain, "private")["stats"]["last_error"])
        shown = [str(told), str(node.drain(drain, "private")), "".join(node.logs("private"))]
        for text in shown:
            self.assertNotIn("10.11.12.13", text)


class Server:
    """`openssl s_server` with these options; reads what comes."""

    def __init__(self, *options, cwd=None):
        self.port = free_port()
        self._process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", *options], cwd=cwd,
                                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("openssl listens", self._listens)

    def _listens(self):
        if self._process.poll() is not None:
            raise RuntimeError("openssl s_server ended")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def say(self, text):
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def close(self):
        self._process.kill()
        self._process.communicate()


def der_integer(value):
    body = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + der_length(len(body)) + body


def der_length(size):
    return bytes([size]) if size < 128 else b"\x82" + struct.pack(">H", size)


def huge_group():
    """PEM of a Diffie-Hellman group of 10,000 bits. Nobody looks whether it is a prime."""
    import base64
    modulus = random.Random(1).getrandbits(10_000) | 1 | 1 << 9_999
    body = der_integer(modulus) + der_integer(2)
    der = b"\x30" + der_length(len(body)) + body
    return f"-----BEGIN DH PARAMETERS-----\n{base64.encodebytes(der).decode()}-----END DH PARAMETERS-----\n"


class HandshakeTest(OpponentCase):
    def told_by(self, *options, fragment="#insecure"):
        server = self.using(Server(*options, cwd=self.keys))
        drain = self.create(f"syslog+tls://127.0.0.1:{server.port}{fragment}").json
        before = time.monotonic()
        told = self.told_about(drain)
        return told, time.monotonic() - before

    def test_huge_groups_are_not_taken(self):
        (self.keys / "group.pem").write_text(huge_group())
        certificate, key = self.authority.server("group")
        told, _ = self.told_by("-cert", certificate, "-key", key, "-tls1_2", "-cipher", "DHE:@SECLEVEL=0", "-dhparam", "group.pem")
        self.assertEqual((told["ok"], told["error_class"]), (False, "tls"), told)

    def test_keys_of_certificates_have_limits(self):
        for bits, more in ((1024, ()), (8256, ("-pkeyopt", "rsa_keygen_primes:5"))):
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", *more, "-out", "peer.key",
                    cwd=self.keys)
            openssl("req", "-x509", "-days", "3", "-subj", "/CN=x", "-key", "peer.key", "-out", "peer.pem", cwd=self.keys)
            told, _ = self.told_by("-cert", "peer.pem", "-key", "peer.key", "-cipher", "DEFAULT:@SECLEVEL=0")
            self.assertEqual((told["ok"], told["error_class"]), (False, "tls"), told)
            self.assertIn(f"an RSA key must have 2048 to 8192 bits, and this one has {bits}", told["error"])

    def test_long_chains_are_not_taken(self):
        certificate, key = self.authority.server("chain")
        one = Path(certificate).read_text()
        for copies in (12, 200):
            (self.keys / "chain.pem").write_text(one * copies)
            told, _ = self.told_by("-cert", certificate, "-key", key, "-cert_chain", "chain.pem")
            self.assertEqual((told["ok"], told["error_class"]), (False, "tls"), told)
            self.assertRegex(told["error"], "more than 10 certificates|more than 64 KiB")

    def test_renegotiation_is_refused_and_lines_arrive(self):
        certificate, key = self.authority.server("again")
        server = self.using(Server("-cert", certificate, "-key", key, "-tls1_2", cwd=self.keys))
        drain = self.create(f"syslog+tls://127.0.0.1:{server.port}#insecure").json
        self.post("one")
        wait_for("the first line", lambda: self.stats(drain)["delivered"] == 1)
        for _ in range(5):
            server.say(b"r\n")
        self.post("two")
        wait_for("the second line", lambda: self.stats(drain)["delivered"] == 2)

    def test_other_end_that_speaks_no_tls_is_said_and_is_no_matter_of_certificates(self):
        receiver = self.using(HttpReceiver())
        drain = self.create(f"https://127.0.0.1:{receiver.port}/").json
        self.post("line")
        wait_for("the error", lambda: self.stats(drain)["last_error"])
        self.assertIn("the other end does not speak TLS", self.stats(drain)["last_error"])
        self.assertNotIn("L14", json.dumps(self.node.logs(self.channel, num=100, tail=0), default=str))

    def test_flood_of_dear_handshakes_leaves_others_their_time(self):
        """A receiver that ends each connection, and a key of ours of 4096 bits."""
        cert, key = self.identity("-newkey", "rsa:4096", "-pkeyopt", "rsa_keygen_primes:3")
        answered = HttpReceiver(self.authority.server_context())
        answered.extra_headers.append(("Connection", "close"))
        receiver = self.using(answered)
        ca = self.authority.ca.read_text()
        for number in range(6):
            made = self.create(f"{receiver.url}/{number}", ca=ca, client_cert=cert, client_key=key)
            self.assertEqual(made.status, 201, made)
        stop = time.monotonic() + 5
        slowest = 0
        while time.monotonic() < stop:
            self.post("line")
            before = time.monotonic()
            self.node.api("GET", "/v3/healthcheck")
            slowest = max(slowest, time.monotonic() - before)
        self.assertLess(slowest, 2.0)


class ResetTest(OpponentCase):
    def test_balancer_without_receivers_is_no_receiver(self):
        port = free_port()
        listener = self.using(socket.create_server(("127.0.0.1", port)))
        drain = self.create(f"syslog://127.0.0.1:{port}").json
        texts = [f"line {number}" for number in range(6)]
        for number in range(4):
            self.post(texts[number])
            connection, _ = listener.accept()
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.assertEqual(self.stats(drain)["delivered"], 0)
        listener.close()
        receiver = self.using(SyslogReceiver(port=port))
        self.post(*texts[4:])
        wait_for("all lines", lambda: self.stats(drain)["delivered"] == 6)
        self.assertEqual([text.decode().strip() for text in receiver.texts()], texts)


class Cluster(RawServer):
    """A Kafka broker as far as metadata: it names as many brokers as it is told."""

    def __init__(self, brokers):
        self.brokers = brokers
        super().__init__()

    def serve(self, connection):
        try:
            with connection, connection.makefile("rb") as stream:
                while head := stream.read(4):
                    request = stream.read(struct.unpack(">i", head)[0])
                    api, version, correlation = struct.unpack(">hhi", request[:8])
                    body = struct.pack(">i", correlation) + self._answer(api, version)
                    connection.sendall(struct.pack(">i", len(body)) + body)
        except OSError:
            pass

    def _answer(self, api, version):
        if api == 18:
            ranges = [(0, 0, 7), (3, 0, 1), (18, 0, 0), (22, 0, 0)]
            error = 35 if version > 0 else 0
            return struct.pack(">hi", error, len(ranges)) + b"".join(struct.pack(">hhh", *row) for row in ranges)
        if api == 3:
            def text(value):
                return struct.pack(">h", len(value)) + value
            rows = b"".join(struct.pack(">i", number) + text(b"127.0.0.1") + struct.pack(">ih", self.port, -1)
                            for number in range(1, self.brokers + 1))
            topic = struct.pack(">h", 0) + text(b"t") + b"\0" + struct.pack(">i", 1)
            topic += struct.pack(">hii", 0, 0, 1) + struct.pack(">ii", 1, 1) * 2
            return struct.pack(">i", self.brokers) + rows + struct.pack(">ii", 1, 1) + topic
        return struct.pack(">hqh", 0, 1, 0)


class ClusterTest(OpponentCase):
    def process(self, field):
        text = Path(f"/proc/{self.node.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", text)[1])

    def test_cluster_with_thousands_of_brokers_makes_no_threads(self):
        cluster = self.using(Cluster(9_000))
        threads, memory = self.process("Threads"), self.process("VmRSS")
        drain = self.create(f"kafka://127.0.0.1:{cluster.port}/t").json
        self.post("line")
        most = 0
        def ended():
            nonlocal most
            most = max(most, self.process("Threads"))
            return self.node.drain(drain, self.channel)["status"] == "disabled"
        wait_for("the drain is disabled", ended, 30)
        self.assertIn("more than 256 brokers", self.stats(drain)["last_error"])
        self.assertLess(most - threads, 270)
        wait_for("the threads have ended", lambda: self.process("Threads") - threads < 10, 30)
        self.assertLess(self.process("VmRSS") - memory, 100_000)
        self.assertEqual(self.stats(drain)["pending_lines"], 1)


class ProducerSharesTest(OpponentCase):
    settings = {**OpponentCase.settings, "drains.kafka_max_producers": "8", "drains.max_per_channel": "10"}

    def test_channel_has_its_share_and_global_drains_have_theirs(self):
        drains = [self.create(f"kafka://127.0.0.1:9/t?sasl.mechanism=PLAIN&sasl.username=u{n}&sasl.password=p").json
                  for n in range(6)]
        self.post("line")
        errors = lambda: [self.stats(drain)["last_error"] or "" for drain in drains]
        wait_for("two are refused", lambda: sum("kafka_producers_per_channel" in error for error in errors()) == 2)
        other = self.node.make_channel(self.channel + "-b")
        more = [self.node.api("POST", f"/v3/channels/{self.channel}-b/drains",
                              {"url": f"kafka://127.0.0.1:9/t?sasl.mechanism=PLAIN&sasl.username=v{n}&sasl.password=p"}).json
                for n in range(4)]
        self.node.post_logs(other, [syslog_line("line")])
        def refused():
            shown = [self.node.drain(drain, self.channel + "-b")["stats"]["last_error"] or "" for drain in more]
            return sum("are for global drains" in error for error in shown) == 2
        wait_for("the rest is for global drains", refused)
        made = self.node.api("POST", "/v3/drains", {"url": "kafka://127.0.0.1:9/t?sasl.mechanism=PLAIN&sasl.username=op&sasl.password=p"}).json
        self.post("line")
        def connects():
            error = self.node.api("GET", f"/v3/drains/{made['id']}").json["stats"]["last_error"] or ""
            return error and "producers" not in error
        wait_for("the global drain has a producer", connects)


class DeafBrokersTest(OpponentCase):
    def test_a_stop_does_not_wait_for_producers_whose_brokers_are_deaf(self):
        broker = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.addCleanup(broker.close)
        node = self.new_node(drains__kafka_max_producers="48", process__shutdown_deadline="3s")
        token = node.make_channel(self.channel)
        for number in range(32):
            node.add_drain(f"kafka://127.0.0.1:{broker.getsockname()[1]}/t?sasl.mechanism=PLAIN&sasl.username=u{number}"
                           "&sasl.password=p")
        node.post_logs(token, [syslog_line("line")])
        producers = lambda: re.search(r"^sluice_kafka_producers (\d+)", node.admin("/metrics").body.decode(), re.M)[1]
        wait_for("each has a producer", lambda: producers() == "32", 30)
        began = time.monotonic()
        self.assertEqual(node.stop(60), 0)
        self.assertLess(time.monotonic() - began, 8)  # each of them may take five seconds


class OriginTest(OpponentCase):
    def test_http_receivers_are_told_which_log_the_lines_are_of(self):
        receiver = self.using(HttpReceiver())
        made = self.create(receiver.url, headers={"X-Own": "1"})
        self.assertEqual(made.status, 201)
        self.post("line")
        wait_for("a delivery", lambda: receiver.deliveries)
        headers = {name.lower(): value for name, value in dict(receiver.deliveries[0].headers).items()}
        self.assertRegex(headers["sluice-origin"], "^[0-9a-f]{16}$")
        refused = self.create(receiver.url + "/2", headers={"Sluice-Origin": "0"})
        self.assertEqual((refused.status, "sets" in refused.json["error"]), (400, True), refused)


if __name__ == "__main__":
    unittest.main()
