"""Drains: exact bytes, verification, retry, and the ledger that always adds up."""
import re
import threading
import time
import unittest

from case import PipelineCase, wait_for
from node import syslog_line
from peers import Backend, Certificates, HttpReceiver, SyslogReceiver


class DrainCase(PipelineCase):
    settings = {"drains.backoff_min": "20ms", "drains.backoff_max": "200ms"}

    @classmethod
    def setUpClass(cls):
        super(PipelineCase, cls).setUpClass()
        import shutil
        import tempfile
        from pathlib import Path
        folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-certificates-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.authority = Certificates(folder)
        cls.settings = {**cls.settings, "drains.ca_file": cls.authority.ca}
        super().setUpClass()

    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def post(self, *texts, proc="web.1", node=None, token=None):
        answer = (node or self.node).post_logs(token or self.token, [syslog_line(text, proc=proc) for text in texts])
        self.assertEqual(answer.status, 204)

    def drain_to(self, receiver, **options):
        return self.node.add_drain(receiver.url, self.channel, **options)

    def wait_for_texts(self, receiver, texts, seconds=10):
        texts = [text if isinstance(text, bytes) else text.encode() for text in texts]
        wait_for(f"{texts[-3:]} (has {len(receiver.texts())} of {len(texts)}, errors {receiver.errors[:3]})",
                 lambda: receiver.texts() == texts, seconds)

    def ledger(self, drain):
        shown = self.node.drain(drain, self.channel)
        self.assert_balanced(shown)
        return shown["stats"]

    def wait_for_stats(self, drain, **expected):
        wait_for(f"{expected}, have {self.ledger(drain)}",
                 lambda: (lambda stats: all(stats[key] == value for key, value in expected.items()))(self.ledger(drain)))


class HttpDrainTest(DrainCase):
    def test_https_headers_and_bytes_are_logplex_s(self):
        receiver = self.using(HttpReceiver(self.authority.server_context()))
        drain = self.drain_to(receiver)
        self.post("one", "two\n")
        self.wait_for_texts(receiver, ["one", "two\n"])
        delivery = receiver.deliveries[0]
        self.assertEqual(delivery.path, "/logs")
        self.assertEqual([name.lower() for name in delivery.names],
                         ["host", "content-type", "logplex-msg-count", "logplex-frame-id", "logplex-drain-token",
                          "user-agent", "sluice-origin", "content-length"])
        self.assertEqual(delivery.headers["host"], receiver.address)
        self.assertEqual(delivery.headers["content-type"], "application/logplex-1")
        self.assertEqual(delivery.headers["logplex-drain-token"], drain["token"])
        self.assertRegex(delivery.headers["logplex-frame-id"], r"^[0-9A-F]{32}$")
        self.assertTrue(delivery.headers["user-agent"].startswith("Logplex/"))
        line = b"<190>1 2024-05-06T07:08:09.123456+00:00 host app web.1 - one"
        self.assertTrue(delivery.body.startswith(b"%d %s" % (len(line), line)), delivery.body)
        self.assertEqual(sum(int(d.headers["logplex-msg-count"]) for d in receiver.deliveries), 2)
        self.wait_for_stats(drain, offered=2, delivered=2, pending_lines=0)

    def test_certificate_of_an_unknown_authority_gets_nothing(self):
        stranger = Certificates(self.folder / "stranger")
        receiver = self.using(HttpReceiver(stranger.server_context()))
        drain = self.drain_to(receiver)
        self.post("secret")
        wait_for("an error in the status", lambda: self.ledger(drain)["last_error"])
        self.assertEqual(receiver.deliveries, [])
        stats = self.ledger(drain)
        self.assertEqual((stats["delivered"], stats["filtered"], stats["dropped"]), (0, 0, {}))

    def test_certificate_of_another_host_gets_nothing(self):
        receiver = self.using(HttpReceiver(self.authority.server_context("elsewhere", "DNS:elsewhere.test")))
        drain = self.drain_to(receiver)
        self.post("secret")
        wait_for("an error in the status", lambda: self.ledger(drain)["last_error"])
        self.assertEqual(receiver.deliveries, [])

    def test_temporary_errors_are_retried_with_the_same_frame(self):
        receiver = self.using(HttpReceiver())
        receiver.statuses = [500, 429, 503, 302]
        drain = self.drain_to(receiver)
        self.post("stubborn")
        self.wait_for_texts(receiver, ["stubborn"])
        self.assertEqual([d.status for d in receiver.deliveries], [500, 429, 503, 302, 204])
        self.assertEqual(len({d.headers["logplex-frame-id"] for d in receiver.deliveries}), 1)
        self.assertEqual(len({d.body for d in receiver.deliveries}), 1)
        self.wait_for_stats(drain, offered=1, delivered=1, pending_lines=0)

    def test_refused_for_good_is_dropped_and_reported_in_band(self):
        receiver = self.using(HttpReceiver())
        receiver.statuses = [404]
        drain = self.drain_to(receiver)
        self.post("unwanted 1", "unwanted 2")
        wait_for("the refusal", lambda: receiver.deliveries)
        self.wait_for_stats(drain, pending_lines=0)
        dropped = self.ledger(drain)["offered"] - self.ledger(drain)["delivered"]
        self.post("wanted")
        wait_for("the next line", lambda: b"wanted" in receiver.texts())
        notice = next(line for line in receiver.lines() if b"L10" in line.text)
        self.assertRegex(notice.text.decode(), rf"^Error L10 \(output buffer overflow\): {dropped} messages dropped since "
                                               r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\.$")
        self.assertEqual((notice.pri, notice.source, notice.proc), (172, "heroku", "logplex"))
        self.wait_for_stats(drain, offered=3, pending_lines=0)
        self.assertEqual(sum(self.ledger(drain)["dropped"].values()), dropped)

    def test_receiver_that_comes_later_gets_everything(self):
        url, back = self.away(HttpReceiver)
        drain = self.node.add_drain(url, self.channel)
        self.post(*(f"n{n}" for n in range(50)))
        wait_for("an error in the status", lambda: self.ledger(drain)["last_error"])
        self.wait_for_stats(drain, offered=50, delivered=0, pending_lines=50)
        late = back()
        self.wait_for_texts(late, [f"n{n}" for n in range(50)])
        self.wait_for_stats(drain, delivered=50, pending_lines=0)

    def test_lines_are_batched_under_load(self):
        receiver = self.using(HttpReceiver())
        self.drain_to(receiver)
        count = 10_000
        for start in range(0, count, 500):
            self.post(*(f"n{n}" for n in range(start, start + 500)))
        self.wait_for_texts(receiver, [f"n{n}" for n in range(count)], 20)
        self.assertLess(len(receiver.deliveries), count / 20)
        self.assertLessEqual(max(len(d.body) for d in receiver.deliveries), 102_400 + 10_300)

    def test_new_drain_gets_what_comes_after_its_201_and_nothing_before(self):
        self.post("before")
        receiver = self.using(HttpReceiver())
        drain = self.drain_to(receiver)
        self.post("after")
        self.wait_for_texts(receiver, ["after"])
        self.wait_for_stats(drain, offered=1, delivered=1)

    def test_userinfo_becomes_basic_and_extra_headers_are_sent(self):
        receiver = self.using(HttpReceiver())
        self.node.add_drain(f"http://me:pass@{receiver.address}/in?x=1", self.channel, headers={"X-Team": "blue"})
        self.post("hello")
        self.wait_for_texts(receiver, ["hello"])
        delivery = receiver.deliveries[0]
        self.assertEqual((delivery.path, delivery.headers["authorization"]), ("/in?x=1", "Basic bWU6cGFzcw=="))
        self.assertEqual(delivery.headers["x-team"], "blue")

    def test_test_call_sends_one_line_outside_the_ledger(self):
        receiver = self.using(HttpReceiver())
        drain = self.drain_to(receiver)
        answer = self.node.api("POST", f"/v3/channels/{self.channel}/drains/{drain['id']}/test")
        self.assertEqual(answer.status, 200, answer)
        wait_for("the test line", lambda: len(receiver.lines()) == 1)
        self.assertEqual(self.ledger(drain)["offered"], 0)

    def test_paused_drain_waits_and_goes_on_from_its_cursor(self):
        receiver = self.using(HttpReceiver())
        drain = self.drain_to(receiver)
        where = f"/v3/channels/{self.channel}/drains/{drain['id']}"
        self.node.must("POST", f"{where}/pause", {})
        self.assertEqual(self.node.drain(drain, self.channel)["status"], "paused")
        self.post("kept 1", "kept 2")
        self.wait_for_stats(drain, offered=2, delivered=0, pending_lines=2)
        self.assertEqual(receiver.deliveries, [])
        self.node.must("POST", f"{where}/resume", {})
        self.wait_for_texts(receiver, ["kept 1", "kept 2"])


class SyslogDrainTest(DrainCase):
    def test_bytes_are_logplex_s(self):
        receiver = self.using(SyslogReceiver())
        drain = self.drain_to(receiver)
        self.post("one", "two\n")
        self.wait_for_texts(receiver, ["one\n", "two\n"])
        self.assertEqual(receiver.lines()[0].raw,
                         f"<190>1 2024-05-06T07:08:09.123456+00:00 {drain['token']} app web.1 - - one\n".encode())
        self.wait_for_stats(drain, offered=2, delivered=2, pending_lines=0)

    def test_tls_is_verified_and_delivers(self):
        receiver = self.using(SyslogReceiver(self.authority.server_context()))
        self.drain_to(receiver)
        self.post(*(f"n{n}" for n in range(300)))
        self.wait_for_texts(receiver, [f"n{n}\n" for n in range(300)])

    def test_tls_to_a_wrong_host_delivers_nothing_unless_insecure(self):
        receiver = self.using(SyslogReceiver(self.authority.server_context("elsewhere", "DNS:elsewhere.test")))
        strict = self.drain_to(receiver)
        self.post("careful")
        wait_for("an error in the status", lambda: self.ledger(strict)["last_error"])
        self.assertEqual(receiver.lines(), [])
        self.node.add_drain(receiver.url + "#insecure", self.channel)
        self.post("careless")
        self.wait_for_texts(receiver, ["careless\n"])
        self.assertEqual(self.ledger(strict)["delivered"], 0)

    def test_owner_reads_of_an_untrusted_certificate_in_tails_only(self):
        receiver = self.using(SyslogReceiver(self.authority.server_context("elsewhere", "DNS:elsewhere.test")))
        trusted = self.using(HttpReceiver(self.authority.server_context()))
        bystander = self.drain_to(trusted)
        strict = self.drain_to(receiver)
        self.post("careful")
        notice = 'heroku[logplex]: Error L14 (certificate validation): error="'
        def noticed():
            return [line for line in self.node.logs(self.channel) if notice in line]
        lines = wait_for("L14 in the history", noticed)
        self.assertIn(f'uri="{receiver.url}"', lines[0])
        self.wait_for_texts(trusted, ["careful"])
        self.post("later")
        self.wait_for_texts(trusted, ["careful", "later"])
        self.assertEqual(self.ledger(bystander)["delivered"], 2)
        self.assertGreaterEqual(self.ledger(bystander)["filtered"], 1)

    def test_connection_is_made_again_after_a_reset(self):
        receiver = self.using(SyslogReceiver())
        self.drain_to(receiver)
        self.post("before")
        self.wait_for_texts(receiver, ["before\n"])
        receiver.drop()
        sent = 0
        def another():
            nonlocal sent
            self.post(f"after {sent}")
            sent += 1
            return receiver.connections >= 2 and len(receiver.texts()) >= 2
        wait_for("lines on a second connection", another)
        self.assertEqual(len(set(receiver.texts())), len(receiver.texts()))

    def test_stalled_receiver_delays_only_itself(self):
        stalled, prompt = self.using(SyslogReceiver()), self.using(SyslogReceiver())
        lagging = self.drain_to(stalled)
        self.drain_to(prompt)
        self.post("hello")
        self.wait_for_texts(stalled, ["hello\n"])
        stalled.stall()
        texts = [f"n{n} {'x' * 500}" for n in range(4000)]
        began = time.monotonic()
        for start in range(0, len(texts), 500):
            self.post(*texts[start:start + 500])
        self.wait_for_texts(prompt, ["hello\n"] + [text + "\n" for text in texts])
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual(self.ledger(lagging)["offered"], 4001)
        stalled.resume()
        wait_for("the stalled one catches up", lambda: stalled.texts()[-1:] == [(texts[-1] + "\n").encode()], 15)


class GlobalDrainTest(DrainCase):
    def test_router_lines_of_every_app_reach_one_receiver(self):
        receiver = self.using(HttpReceiver())
        drain = self.node.add_drain(receiver.url, filter="source=heroku proc=router")
        self.addCleanup(self.node.api, "DELETE", f"/v3/drains/{drain['id']}")
        backend = self.using(Backend())
        for number in range(5):
            self.node.make_app(f"shared-{number}", [backend])
            self.node.request(f"shared-{number}.test", f"/{number}")
        self.post("not for you")
        wait_for("five router lines", lambda: len(receiver.lines()) == 5)
        self.assertEqual({re.search(rb'path="/(\d)"', text)[1] for text in receiver.texts()}, set(b"%d" % n for n in range(5)))
        wait_for("the filtered line is counted", lambda: self.node.drain(drain)["stats"]["filtered"] == 1)
        shown = self.node.drain(drain)
        self.assert_balanced(shown)
        self.assertEqual((shown["stats"]["offered"], shown["stats"]["delivered"]), (6, 5))

    def test_syslog_to_a_global_drain_keeps_order_per_channel(self):
        receiver = self.using(SyslogReceiver())
        drain = self.node.add_drain(receiver.url, filter="proc=ordered")
        self.addCleanup(self.node.api, "DELETE", f"/v3/drains/{drain['id']}")
        tokens = [self.node.make_channel(f"ordered-{n}") for n in range(8)]
        for number in range(100):
            for which, token in enumerate(tokens):
                self.post(f"{which}:{number}", proc="ordered", token=token)
        wait_for("all lines", lambda: len(receiver.texts()) == 800)
        for which in range(8):
            mine = [int(text.split(b":")[1]) for text in receiver.texts() if text.startswith(b"%d:" % which)]
            self.assertEqual(mine, list(range(100)))


class LedgerTest(DrainCase):
    def test_every_answer_adds_up_under_load_and_failures(self):
        good, flaky = self.using(HttpReceiver()), self.using(HttpReceiver())
        flaky.statuses = [500, 204, 404, 204, 429, 400] * 20
        drains = [self.drain_to(good), self.drain_to(flaky, filter="text~7"), self.node.add_drain("http://127.0.0.1:9/", self.channel)]
        posted = 0
        def write():
            nonlocal posted
            for start in range(0, 6000, 60):
                self.post(*(f"n{n}" for n in range(start, start + 60)))
                posted += 60
        writer = threading.Thread(target=write)
        writer.start()
        samples = 0
        while writer.is_alive():
            for drain in drains:
                self.ledger(drain)
                samples += 1
        writer.join()
        self.assertGreater(samples, 10)
        self.assertEqual(posted, 6000)
        self.wait_for_stats(drains[0], offered=6000, delivered=6000, pending_lines=0)
        self.wait_for_stats(drains[1], offered=6000, filtered=sum("7" not in str(n) for n in range(6000)), pending_lines=0)
        self.wait_for_stats(drains[2], offered=6000, delivered=0, pending_lines=6000)

    def test_lines_given_up_for_memory_are_counted_and_reported(self):
        node = self.new_node(fabric__memory_budget="2MiB", fabric__history_lines=100, **{
            name.replace(".", "__"): value for name, value in self.settings.items()})
        token = node.make_channel("full")
        url, back = self.away(HttpReceiver)
        drain = node.add_drain(url, "full")
        count = 12_000
        for start in range(0, count, 300):
            self.post(*(f"n{n} {'y' * 400}" for n in range(start, start + 300)), node=node, token=token)
        shown = node.drain(drain, "full")
        self.assert_balanced(shown)
        self.assertEqual(shown["stats"]["offered"], count)
        self.assertGreater(sum(shown["stats"]["dropped"].values()), 0)
        late = back()
        wait_for("the last line", lambda: late.texts() and late.texts()[-1].startswith(b"n%d " % (count - 1)), 15)
        reported = sum(int(n) for text in late.texts() for n in re.findall(rb"L10 .*: (\d+) messages dropped", text))
        numbers = [int(text.split()[0][1:]) for text in late.texts() if text.startswith(b"n")]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(len(numbers) + reported, count)
        wait_for("nothing pending", lambda: node.drain(drain, "full")["stats"]["pending_lines"] == 0)
        shown = node.drain(drain, "full")
        self.assert_balanced(shown)
        self.assertEqual((sum(shown["stats"]["dropped"].values()), shown["stats"]["delivered"]), (reported, len(numbers)))


class AddressGuardTest(PipelineCase):
    settings = {"drains.allow_cidrs": ""}

    def test_private_addresses_get_nothing_unless_allowed(self):
        receiver = self.using(HttpReceiver())
        token = self.node.make_channel("guarded")
        answer = self.node.api("POST", "/v3/channels/guarded/drains", {"url": receiver.url})
        self.node.post_logs(token, [syslog_line("secret")])
        if answer.status == 201:
            drain = answer.json
            wait_for("the refusal in the status", lambda: self.node.drain(drain, "guarded")["stats"]["last_error"])
            self.assert_balanced(self.node.drain(drain, "guarded"))
        else:
            self.assertIn(answer.status, (400, 422), answer)
            self.assertIn("error", answer.json)
        self.assertEqual(receiver.deliveries, [])


if __name__ == "__main__":
    unittest.main()
