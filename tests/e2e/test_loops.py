"""Lines that come back: over two nodes, over three, over nodes that share a store, and through a forwarder. Each way
ends, and what is no loop delivers everything once."""
import collections
import itertools
import json
import select
import socket
import time

from case import PipelineCase, wait_for
from node import frame, syslog_line
from peers import RawServer
from test_redis import Redis


class Balancer(RawServer):
    """Takes connections and hands each to the next of these ports."""

    def __init__(self, *ports):
        self._next = itertools.cycle(ports)
        super().__init__()

    def serve(self, connection):
        try:
            with connection, socket.create_connection(("127.0.0.1", next(self._next))) as other:
                while ready := select.select([connection, other], [], [], 20)[0]:
                    for end in ready:
                        data = end.recv(65536)
                        if not data:
                            return
                        (other if end is connection else connection).sendall(data)
        except OSError:
            pass


class LoopCase(PipelineCase):
    with_node = False

    def nodes(self, count, **settings):
        made = [self.new_node(**settings) for _ in range(count)]
        return made, [node.make_channel("shop") for node in made]

    @staticmethod
    def texts(node, channel="shop"):
        return [line.split("]: ", 1)[1] for line in node.logs(channel, num=1500)]

    def counts(self, node, channel="shop"):
        return collections.Counter(self.texts(node, channel))

    def refused(self, *nodes):
        return sum(self.metric(node, 'sluice_ingress_refused_total{reason="loop"}') for node in nodes)

    def taken(self, *nodes):
        return sum(self.metric(node, "sluice_ingress_lines_total") for node in nodes)

    @staticmethod
    def metric(node, name):
        for line in node.admin("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric {name}")

    @staticmethod
    def drain(source, target, token, more=""):
        return source.add_drain(f"http://token:{token}@127.0.0.1:{target.port('ingress.http')}/logs{more}", "shop")

    @staticmethod
    def say(node, token, text):
        assert node.post_logs(token, [syslog_line(text)]).status == 204

    def come_to_rest(self, *nodes):
        """Waits until no node has taken a line for a second, for at most 20 s."""
        name = "sluice_ingress_lines_total"
        before, since = None, time.monotonic()
        end = since + 20
        while time.monotonic() < end:
            now = [self.metric(node, name) for node in nodes]
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > 1:
                return
            time.sleep(0.1)
        self.fail(f"lines go round: {before}")


class HttpLoopTest(LoopCase):
    def test_two_nodes_with_two_drains_each(self):
        (a, b), (token_a, token_b) = self.nodes(2)
        for more in ("?1", "?2"):
            self.drain(a, b, token_b, more)
            self.drain(b, a, token_a, more)
        for number in range(20):
            self.say(a, token_a, f"a{number}")
            self.say(b, token_b, f"b{number}")
        self.come_to_rest(a, b)
        self.assertGreater(self.refused(a, b), 0)
        self.assertEqual(self.counts(a), {f"a{n}": 1 for n in range(20)} | {f"b{n}": 2 for n in range(20)})
        self.assertEqual(self.counts(b), {f"b{n}": 1 for n in range(20)} | {f"a{n}": 2 for n in range(20)})

    def test_two_nodes_that_mirror_each_other_have_all_lines_once(self):
        """Also those of a frame in which others come back."""
        (a, b), (token_a, token_b) = self.nodes(2, drains__flush_window="300ms")
        self.drain(a, b, token_b)
        self.drain(b, a, token_a)
        for number in range(50):
            self.say(a, token_a, f"a{number}")
            self.say(b, token_b, f"b{number}")
        everything = {f"{node}{number}": 1 for node in "ab" for number in range(50)}
        self.come_to_rest(a, b)
        self.assertEqual(self.counts(a), everything)
        self.assertEqual(self.counts(b), everything)
        self.assertGreater(self.metric(a, 'sluice_ingress_lines_refused_total{reason="loop"}') + self.refused(a), 0)

    def test_a_ring_of_three(self):
        nodes, tokens = self.nodes(3)
        for at in range(3):
            self.drain(nodes[at], nodes[(at + 1) % 3], tokens[(at + 1) % 3])
        for node, token in zip(nodes, tokens):
            self.say(node, token, "x")
        self.come_to_rest(*nodes)
        for node in nodes:
            self.assertEqual(self.counts(node), {"x": 3})
        self.assertGreater(self.refused(*nodes), 0)

    def test_a_way_without_a_loop_delivers_everything_once(self):
        (a, b, c), (token_a, token_b, token_c) = self.nodes(3)
        self.drain(a, b, token_b)
        self.drain(b, c, token_c)
        for number in range(100):
            self.say(a, token_a, f"line {number}")
        everything = {f"line {number}": 1 for number in range(100)}
        for node in (b, c):
            wait_for("all lines", lambda node=node: sum(self.counts(node).values()) >= 100)
            self.assertEqual(self.counts(node), everything)
        self.assertEqual(self.refused(a, b, c), 0)


class SharedStoreTest(LoopCase):
    def setUp(self):
        self.redis = Redis(self.folder / f"redis-{self.id().rsplit('.', 1)[1]}")
        self.addCleanup(self.redis.close)

    def cluster(self, setting):
        nodes = [self.new_node(store__url=self.redis.url) for _ in range(2)]
        token = nodes[0].make_channel("shop")
        wait_for("the channel on the other", lambda: nodes[1].api("GET", "/v3/channels/shop").status == 200)
        balancer = Balancer(*(node.port(setting) for node in reversed(nodes)))
        self.addCleanup(balancer.close)
        return nodes, token, balancer

    def test_through_the_balancer_any_node_refuses_at_once(self):
        (a, b), token, balancer = self.cluster("ingress.http")
        for more in ("?1", "?2"):
            a.add_drain(f"http://token:{token}@127.0.0.1:{balancer.port}/logs{more}", "shop")
        wait_for("the drains on the other", lambda: len(b.must("GET", "/v3/channels/shop/drains")["items"]) == 2)
        for number in range(10):
            self.say(a, token, f"line {number}")
        wait_for("they come back", lambda: self.refused(a, b) >= 2)
        self.come_to_rest(a, b)
        self.assertEqual(self.taken(a, b), 10)

    def test_a_syslog_drain_to_the_balancer(self):
        (a, b), end, balancer = self.cluster("ingress.syslog")
        tokens = [end]
        for _ in range(4):
            tokens.append(a.must("POST", "/v3/channels/shop/tokens", {"name": tokens[-1]})["token"])
        for host in ("127.0.0.1", "127.0.0.2"):
            a.add_drain(f"syslog://127.0.0.1:{balancer.port}/?{host}", "shop")
        wait_for("the drains on the other", lambda: len(b.must("GET", "/v3/channels/shop/drains")["items"]) == 2)
        self.say(a, tokens[-1], "line")
        wait_for("they come back", lambda: self.refused(a, b) >= 2)
        self.come_to_rest(a, b)
        self.assertEqual(self.taken(a, b), 1)


class SyslogLoopTest(LoopCase):
    def two_ways_back_by_http_end(self, a, b, named):
        for more in ("?1", "?2"):
            self.drain(b, a, named, more)
        self.say(a, named, "x")
        wait_for("it comes back", lambda: self.refused(a) >= 2)
        self.come_to_rest(a, b)
        self.assertEqual((self.counts(a), self.counts(b)), ({"x": 1}, {"x": 1}))

    def test_by_syslog_there_and_by_http_back(self):
        (a, b), (_, token_b) = self.nodes(2)
        named = a.must("POST", "/v3/channels/shop/tokens", {"name": token_b})["token"]
        forwarder = Balancer(b.port("ingress.syslog"))
        self.addCleanup(forwarder.close)
        a.add_drain(f"syslog://127.0.0.1:{forwarder.port}", "shop")
        self.two_ways_back_by_http_end(a, b, named)

    def test_tokens_named_by_tokens_lead_to_an_end(self):
        (a, b), (_, token_b) = self.nodes(2)
        named = a.must("POST", "/v3/channels/shop/tokens", {"name": token_b})["token"]
        back = b.must("POST", "/v3/channels/shop/tokens", {"name": named})["token"]
        first = a.must("POST", "/v3/channels/shop/tokens", {"name": back})["token"]
        for source, target in ((a, b), (b, a)):
            source.add_drain(f"syslog://127.0.0.1:{target.port('ingress.syslog')}", "shop")
        self.say(a, first, "x")
        wait_for("it comes back", lambda: self.refused(a) >= 1)
        self.come_to_rest(a, b)
        self.assertEqual((self.counts(a), self.counts(b)), ({"x": 1}, {"x": 1}))

    def nodes_whose_tokens_name_each_other(self):
        """As an import can make them: a line that leaves one of them by syslog has the other's token as its app-name."""
        unknown = "t.00000000-0000-4000-8000-000000000001"
        (a, b), _ = self.nodes(2)
        token_a = a.make_token("shop", unknown)
        token_b = b.make_token("shop", token_a)
        b.stop()
        document = self.folder / f"{b.data_dir.name}.json"
        self.tool(b, "store", "export", "--from", b.data_dir, "-o", document)
        moved = document.read_text()
        self.assertIn(token_b[2:], moved)
        document.write_text(moved.replace(token_b[2:], unknown[2:]))
        again = self.new_node(start=False)
        self.tool(b, "store", "import", document, "--to", again.data_dir)
        again.start()
        return a, again, token_a

    def tool(self, node, *words):
        done = node.cli(*map(str, words))
        self.assertEqual(done.returncode, 0, done)

    def test_by_syslog_there_and_back(self):
        for form in ("rfc5424", "logplex"):
            with self.subTest(form):
                a, b, token = self.nodes_whose_tokens_name_each_other()
                for source, target in ((a, b), (b, a)):
                    source.add_drain(f"syslog://127.0.0.1:{target.port('ingress.syslog')}", "shop", format=form)
                self.say(a, token, "x")
                wait_for("it comes back", lambda a=a, b=b: self.refused(a, b) >= 1)
                self.come_to_rest(a, b)
                self.assertEqual((self.counts(a), self.counts(b)), ({"x": 1}, {"x": 1}))

    def test_two_syslog_drains_each_end_too(self):
        a, b, token = self.nodes_whose_tokens_name_each_other()
        for host in ("127.0.0.1", "127.0.0.2"):
            for source, target in ((a, b), (b, a)):
                port = target.port("ingress.syslog")
                source.add_drain(f"syslog://127.0.0.1:{port}/?{host}", "shop", format="rfc5424")
        self.say(a, token, "x")
        wait_for("it comes back", lambda: self.refused(a) >= 1)
        self.come_to_rest(a, b)
        self.assertEqual((self.counts(a), self.counts(b)), ({"x": 1}, {"x": 2}))

    def test_by_syslog_of_format_rfc5424_there_and_by_http_back(self):
        (a, b), (_, token_b) = self.nodes(2)
        named = a.make_token("shop", token_b)
        a.add_drain(f"syslog://127.0.0.1:{b.port('ingress.syslog')}", "shop", format="rfc5424")
        self.two_ways_back_by_http_end(a, b, named)

    def test_the_element_of_a_way_stands_in_no_line(self):
        node = self.new_node()
        token = node.make_channel("shop")
        with socket.create_connection(("127.0.0.1", node.port("ingress.syslog"))) as sender:
            told = '[a k="v"][sluice@32473 passed="00000000000000aa"]'
            sender.sendall(frame(f"<190>1 2026-01-02T03:04:05Z web7 {token} web.1 - {told} x".encode()))
            wait_for("the line", lambda: self.texts(node) == ["x"])
        line = json.loads(node.api("GET", "/v3/channels/shop/logs", headers={"Accept": "application/x-ndjson"}).body)
        self.assertEqual(line["structured_data"], '[a k="v"]')

    def test_lines_of_other_drains_pass(self):
        node = self.new_node()
        token = node.make_channel("shop")
        with socket.create_connection(("127.0.0.1", node.port("ingress.syslog"))) as sender:
            host = "d.6ba7b810-9dad-41d1-80b4-00c04fd430c8"
            sender.sendall(frame(f"<190>1 2026-01-02T03:04:05Z {host} {token} web.1 - - x".encode()))
            wait_for("the line", lambda: self.texts(node) == ["x"])
        self.assertEqual(self.refused(node), 0)
