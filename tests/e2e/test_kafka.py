"""Kafka drains against a real Apache Kafka, read back with kcat.

The classes named Soak restart brokers under load, and take one away: for a few seconds here, and as long as
SLUICE_SOAK_SECONDS says, a restart each 20 s under 10,000 lines a second, with ./ops/dev soak kafka.
"""
import os
import re
import signal
import threading
import time
import unittest
from pathlib import Path

import case
import kafka
import peers
from case import wait_for
from node import syslog_line

SOAK_SECONDS = float(os.environ.get("SLUICE_SOAK_SECONDS", "0"))
RATE = 10000 if SOAK_SECONDS else 2000
PERIOD = 20 if SOAK_SECONDS else 2
OUTAGE = SOAK_SECONDS or 8
OUTAGE_RATE = 3000
CHANNELS = 8
PASSWORDS = {**kafka.PLAIN_USERS, **kafka.SCRAM_USERS}


class Load:
    """Numbered lines into several channels at a steady rate until it is stopped."""

    def __init__(self, node, prefix, lines_per_second):
        self.node = node
        self.channels = [f"{prefix}-{n}" for n in range(CHANNELS)]
        self.tokens = [node.make_channel(channel) for channel in self.channels]
        self.sent = [0] * CHANNELS
        self.rate = lines_per_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure = None
        self._thread.start()

    def _run(self):
        batch = 100
        began, rounds = time.monotonic(), 0
        try:
            while not self._stop.is_set():
                for n, token in enumerate(self.tokens):
                    self.post(n, token, batch)
                rounds += 1
                self._stop.wait(max(0, began + rounds * batch * CHANNELS / self.rate - time.monotonic()))
        except Exception as error:  # shown by finish()
            self.failure = error

    def post(self, n, token, batch):
        lines = [syslog_line(f"number={self.sent[n] + i} " + "x" * 150) for i in range(batch)]
        answer = self.node.post_logs(token, lines)
        if answer.status != 204:
            raise AssertionError(answer)
        self.sent[n] += batch

    def finish(self):
        """Stops it; how many lines there are."""
        self._stop.set()
        self._thread.join()
        if self.failure:
            raise self.failure
        return sum(self.sent)


class KafkaCase(case.PipelineCase):
    # One test has six ways to log in on one channel.
    settings = {"drains.backoff_max": "500ms", "limits.kafka_producers_per_channel": "6"}
    brokers = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._certificates = peers.Certificates(cls.folder / "certificates") if cls.brokers == 1 else None
        cls.kafka = kafka.Kafka(cls.folder / "kafka", cls.brokers, cls._certificates)
        cls.addClassCleanup(cls.kafka.close)

    def url(self, topic, options="", listener="PLAINTEXT", scheme="kafka"):
        return f"{scheme}://{self.kafka.addresses(listener)}/{topic}{options}"

    def wait_for_delivery(self, drain, lines, channel=None, seconds=60):
        """Until that many are delivered; the drain as it then is."""
        def delivered():
            now = self.node.drain(drain, channel)
            return now if now["stats"]["delivered"] >= lines else None
        now = wait_for(f"{lines} lines delivered, of {self.node.drain(drain, channel)}", delivered, seconds)
        self.assert_balanced(now)
        return now

    def wait_for_trouble(self, drain, words, channel=None, seconds=40):
        def told():
            now = self.node.drain(drain, channel)
            error = now["stats"]["last_error"] or ""
            return now if now["status"] in ("degraded", "disabled") and words in error else None
        return wait_for(f"the drain says {words!r}", told, seconds)

    def assert_each_once_in_order(self, messages, load):
        """kcat reads each partition in the order of its offsets, and a key has one partition."""
        following = dict.fromkeys(load.channels, 0)
        for message in messages:
            self.assertEqual(message.key, message.headers["channel"])
            number = int(message.value.split("number=", 1)[1].split(" ", 1)[0])
            self.assertEqual(number, following[message.key], f"{message.key}: lost, repeated or out of order")
            following[message.key] += 1
        self.assertEqual(following, dict(zip(load.channels, load.sent)))


class KafkaDrainTest(KafkaCase):
    def test_router_lines_of_all_apps_in_one_topic(self):
        backend = self.using(peers.Backend())
        drain = self.node.add_drain(self.url("router-lines"), filter="source=heroku proc=router")
        for app in ("shop", "blog"):
            self.node.make_app(app, [backend])
            for n in range(5):
                self.assertEqual(self.node.request(f"{app}.test", f"/{n}").status, 200)
        now = self.wait_for_delivery(drain, 10)
        self.assertEqual(now["format"], "rfc5424")
        self.assertEqual(now["status"], "active")
        for app in ("shop", "blog"):
            mine = [m for m in self.kafka.read("router-lines") if m.key == app]
            # Each request came to one of two shards, which hand their lines to the channel's own.
            self.assertEqual(sorted(m.value.split(" path=", 1)[1].split(" ", 1)[0] for m in mine),
                             [f'"/{n}"' for n in range(5)])
            self.assertEqual({m.headers["source"] + "/" + m.headers["process"] for m in mine}, {"heroku/router"})
            self.assertEqual(sorted({len(m.headers["frame-id"]) for m in mine}), [32])
            numbers = [int(m.headers["seq"]) for m in mine]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 5)))
            self.assertFalse(mine[0].value.endswith("\n"))
        metrics = self.node.admin("/metrics").body.decode()
        for figure in ("queue_lines 0", "in_flight_lines 0", "acknowledged_lines_total 10"):
            name, value = figure.split()
            self.assertIn(f'sluice_kafka_drain_{name}{{drain="{drain["id"]}"}} {value}\n', metrics)
        self.node.must("DELETE", f"/v3/drains/{drain['id']}")

    def test_formats_and_keys(self):
        token = self.node.make_channel("formats")
        wanted = {"json": ("json", "?key=request_id"), "raw": ("raw", "?key=none&compression=none&headers=none")}
        for topic, (form, options) in wanted.items():
            drain = self.node.add_drain(self.url(topic, options), "formats", format=form)
            self.node.post_logs(token, [syslog_line("at=info request_id=7 took=3ms\n")])
            self.wait_for_delivery(drain, 1, "formats")
            self.node.must("DELETE", f"/v3/channels/formats/drains/{drain['id']}")
        as_json, = self.kafka.read("json")
        self.assertEqual(as_json.key, "7")
        self.assertIn('"channel":"formats","fields":{"at":"info","request_id":"7","took":"3ms"}', as_json.value)
        raw, = self.kafka.read("raw")
        self.assertEqual(raw.value, "at=info request_id=7 took=3ms")
        self.assertEqual((raw.key, raw.headers), ("", {}))

    LOGINS = [("plain", "PLAIN"), *(("scram", mechanism) for mechanism in kafka.SCRAM)]

    def log_in(self, user, mechanism, password, topic, tls=False):
        """What a drain that logs in so is made of. What it sends is read back without a login."""
        options = f"?sasl.mechanism={mechanism}&sasl.username={user}&sasl.password={password}"
        if tls:
            return {"url": self.url(topic, options, "SASL_TLS", "kafka+tls"), "ca": self.certificates().ca.read_text()}
        return {"url": self.url(topic, options, "SASL")}

    def assert_shows_no_secret(self, channel):
        """Whatever can be asked, or is written."""
        drains = self.node.must("GET", f"/v3/channels/{channel}/drains")
        shown = [str(drains), "".join(self.node.logs(channel)), self.node.admin("/metrics").body.decode(),
                 self.node.log_path.read_text(errors="replace")]
        for text in shown:
            self.assertNotIn("s3cret", text)

    def test_passwords(self):
        channel = self.channel_name()
        token = self.node.make_channel(channel)
        for tls in (False, True):
            for user, mechanism in self.LOGINS:
                with self.subTest(mechanism=mechanism, tls=tls):
                    topic = f"by-{mechanism}-{tls}"
                    drain = self.node.add_drain(channel=channel, **self.log_in(user, mechanism, PASSWORDS[user], topic, tls))
                    sent = [f"number={n} by {mechanism}" for n in range(100)]
                    self.node.post_logs(token, [syslog_line(text) for text in sent])
                    now = self.wait_for_delivery(drain, len(sent), channel)
                    self.assertEqual((now["status"], now["stats"]["errors"]), ("active", {}))
                    self.assertEqual([m.value.split(" - - ", 1)[1] for m in self.kafka.read(topic)], sent)
                    self.node.must("DELETE", f"/v3/channels/{channel}/drains/{drain['id']}")
        self.assert_shows_no_secret(channel)

    def test_wrong_passwords(self):
        channel = self.channel_name()
        token = self.node.make_channel(channel)
        drains = [self.node.add_drain(channel=channel, **self.log_in(user, mechanism, "wr0ng-s3cret", "mended", tls))
                  for tls in (False, True) for user, mechanism in self.LOGINS]
        self.node.post_logs(token, [syslog_line("hello")])
        for drain in drains:
            now = self.wait_for_trouble(drain, "uthentication failed", channel)
            self.assertEqual((now["stats"]["pending_lines"], now["stats"]["dropped"]), (1, {}))
            self.assertGreaterEqual(now["stats"]["errors"]["auth"], 1)
        self.assert_does_not_spin()
        for drain, (user, mechanism) in zip(drains, self.LOGINS):
            self.node.must("PUT", f"/v3/channels/{channel}/drains/{drain['id']}",
                           self.log_in(user, mechanism, PASSWORDS[user], "mended"))
            self.wait_for_delivery(drain, 1, channel)
        self.assertEqual(len(self.kafka.read("mended")), len(self.LOGINS))
        self.assert_shows_no_secret(channel)
        for drain in drains:
            self.node.must("DELETE", f"/v3/channels/{channel}/drains/{drain['id']}")

    def test_certificates(self):
        token = self.node.make_channel("certificates")
        certificate, key = self.certificates().server("client", usage="clientAuth")
        own = {"ca": self.certificates().ca.read_text(), "client_cert": certificate.read_text(),
               "client_key": key.read_text()}
        drain = self.node.add_drain(self.url("by-certificate", "", "SSL", "kafka+tls"), "certificates", **own)
        self.node.post_logs(token, [syslog_line("hello")])
        self.wait_for_delivery(drain, 1, "certificates")
        self.assertEqual(len(self.kafka.read("by-certificate")), 1)
        del own["ca"]
        other = self.node.add_drain(self.url("by-nobody", "", "SSL", "kafka+tls"), "certificates", **own)
        self.node.post_logs(token, [syslog_line("hello")])
        self.wait_for_trouble(other, "certificate", "certificates")
        self.assertNotIn("PRIVATE KEY", self.node.log_path.read_text(errors="replace"))
        for made in (drain, other):
            self.node.must("DELETE", f"/v3/channels/certificates/drains/{made['id']}")

    def test_refused_authorisation(self):
        token = self.node.make_channel("refused")
        options = f"?sasl.username=nobody&sasl.password={kafka.PLAIN_USERS['nobody']}"
        drain = self.node.add_drain(self.url("forbidden", options, "SASL"), "refused")
        self.node.post_logs(token, [syslog_line("hello")])
        now = self.wait_for_trouble(drain, "authorization failed", "refused")
        self.assertEqual(now["stats"]["pending_lines"], 1)
        # A producer may end before its reports say why, which counts as another class at first.
        wait_for("the class of the refusal",
                 lambda: self.node.drain(drain, "refused")["stats"]["errors"].get("authorization", 0) >= 1)
        self.assert_does_not_spin()
        self.node.must("DELETE", f"/v3/channels/refused/drains/{drain['id']}")

    def test_stopping_sends_what_there_is(self):
        node = self.new_node()
        token = node.make_channel("stopping")
        node.add_drain(self.url("stopping", "?linger=5s"), "stopping")
        node.post_logs(token, [syslog_line(f"number={n}") for n in range(500)])
        self.assertEqual(node.stop(60), 0)
        self.assertEqual(len(self.kafka.read("stopping")), 500)

    def test_lines_that_are_too_large(self):
        self.restart_with(message_max_bytes=6000)
        token = self.node.make_channel("large")
        drain = self.node.add_drain(self.url("small-messages", "?compression=none"), "large")
        sizes = [100, 5000, 9000, 100, 8000, 5000, 100]
        for size in sizes:
            self.node.post_logs(token, [syslog_line(f"size={size} " + os.urandom(size // 2).hex())])
        small = [size for size in sizes if size < 6000]
        self.wait_for_delivery(drain, len(small), "large")
        now = wait_for("all lines are settled", lambda: (lambda d: d if d["stats"]["pending_lines"] == 0 else None)(
            self.node.drain(drain, "large")), 60)
        self.assertEqual(now["stats"]["dropped"], {"rejected": len(sizes) - len(small)})
        values = [m.value for m in self.kafka.read("small-messages") if "size=" in m.value]
        self.assertEqual([int(v.split("size=", 1)[1].split(" ", 1)[0]) for v in values], small)
        self.node.must("DELETE", f"/v3/channels/large/drains/{drain['id']}")

    def test_records_that_the_broker_refuses(self):
        """A compacted topic takes no record without a key: those are rejected and named, the others arrive."""
        self.restart_with(log_cleanup_policy="compact")
        token = self.node.make_channel("refused")
        drain = self.node.add_drain(self.url("compacted", "?key=id"), "refused")
        lines = ["id=1 one", "no key", "id=2 two", "none here either", "id=3 three"]
        for line in lines:
            self.node.post_logs(token, [syslog_line(line)])
        self.wait_for_delivery(drain, 3, "refused")
        now = wait_for("all lines are settled", lambda: (lambda d: d if d["stats"]["pending_lines"] == 0 else None)(
            self.node.drain(drain, "refused")), 60)
        self.assertEqual(now["stats"]["dropped"], {"rejected": 2})
        self.assertNotIn("large", now["stats"]["last_error"] or "")
        self.assertEqual(sorted(m.key for m in self.kafka.read("compacted")), ["1", "2", "3"])
        self.node.must("DELETE", f"/v3/channels/refused/drains/{drain['id']}")

    def test_a_topic_that_is_not_there(self):
        self.restart_with(auto_create_topics_enable="false")
        token = self.node.make_channel("nowhere")
        drain = self.node.add_drain(self.url("not-there"), "nowhere")
        self.node.post_logs(token, [syslog_line("hello")])
        now = self.wait_for_trouble(drain, "topic not-there", "nowhere")
        self.assertEqual(now["stats"]["pending_lines"], 1)
        self.assertGreaterEqual(now["stats"]["errors"]["topic"], 1)
        self.assert_does_not_spin()
        self.restart_with()
        self.wait_for_delivery(drain, 1, "nowhere")
        self.node.must("DELETE", f"/v3/channels/nowhere/drains/{drain['id']}")

    def restart_with(self, **settings):
        """Restarts the broker; what it is told is taken back at the end."""
        broker = self.kafka.brokers[0]
        broker.restart(**settings)
        if settings:
            self.addCleanup(lambda: broker.settings and broker.restart())

    def assert_does_not_spin(self):
        """A node that can only wait does so."""
        def spent():
            fields = Path(f"/proc/{self.node.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        before = spent()
        time.sleep(2)
        self.assertLess(spent() - before, 1.0, "CPU seconds in two seconds of waiting; a thread that spins takes two")


class KafkaSoak(KafkaCase):
    """Under load, brokers are stopped in turn, every other one with SIGKILL, and started again."""

    settings = {**KafkaCase.settings, "fabric.memory_budget": "256MiB"}

    def soak(self, topic):
        drain = self.node.add_drain(self.url(topic), filter="source=app")
        load = Load(self.node, topic, RATE)
        self.wait_for_delivery(drain, 1000)
        began, restarts = time.monotonic(), 0
        while restarts < max(2, len(self.kafka.brokers)) or time.monotonic() - began < SOAK_SECONDS:
            time.sleep(max(0.0, began + (restarts + 1) * PERIOD - time.monotonic()))
            broker = self.kafka.brokers[restarts % len(self.kafka.brokers)]
            broker.restart(signal.SIGKILL if restarts % 2 else signal.SIGTERM)
            restarts += 1
        lines = load.finish()
        loaded = time.monotonic() - began
        now = self.wait_for_delivery(drain, lines, seconds=120)
        self.assertEqual(now["stats"]["dropped"], {})
        self.assert_each_once_in_order(self.kafka.stream(topic), load)
        print(f"{len(self.kafka.brokers)} broker(s), {restarts} restarts, {lines} lines in {loaded:.0f} s, "
              f"{lines / loaded:.0f} a second: each once and in order, nothing dropped; errors {now['stats']['errors']}")


class KafkaRestartSoak(KafkaSoak):
    def test_each_line_once_and_in_order_over_restarts(self):
        self.soak("restarts")


class KafkaClusterSoak(KafkaSoak):
    """Three brokers: leaders move away from the one that stops, and back."""

    brokers = 3

    def test_each_line_once_and_in_order_while_leaders_move(self):
        self.soak("cluster")


class KafkaOutageSoak(KafkaCase):
    """The only broker is away while lines go on, for one node that can hold them and one that cannot."""

    with_node = False

    def loaded_node(self, topic, **settings):
        node = self.new_node(drains__backoff_max="500ms", **settings)
        drain = node.add_drain(self.url(topic), filter="source=app")
        return node, drain, Load(node, topic, OUTAGE_RATE)

    def settled(self, node, drain):
        """What became of the lines, when none waits any more."""
        def stats():
            self.kafka.brokers[0].is_up()  # raises when it has ended
            now = node.drain(drain)
            self.assert_balanced(now)
            return now["stats"] if now["stats"]["pending_lines"] == 0 else None

        def waiting():
            metrics = node.admin("/metrics").body.decode().splitlines()
            return "\n".join([f"all lines are settled: {node.drain(drain)}",
                              *(line for line in metrics if line.startswith("sluice_kafka")),
                              self.kafka.brokers[0].log_path.read_text(errors="replace")[-2000:]])
        return wait_for(waiting, stats, 100)

    def test_what_memory_holds_arrives_and_all_else_is_counted(self):
        ample = f"{256 + int(OUTAGE * OUTAGE_RATE / 1000)}MiB"
        plenty, plenty_drain, plenty_load = self.loaded_node("plenty", fabric__memory_budget=ample)
        little, little_drain, little_load = self.loaded_node(
            "little", fabric__memory_budget=f"{int(4 + OUTAGE / 10)}MiB", drains__kafka_queue_bytes="1MiB")
        for node, drain in ((plenty, plenty_drain), (little, little_drain)):
            wait_for("lines arrive", lambda: node.drain(drain)["stats"]["delivered"] > 1000, 60)
        broker = self.kafka.brokers[0]
        broker.stop()
        time.sleep(OUTAGE)
        for node, drain in ((plenty, plenty_drain), (little, little_drain)):
            self.assertEqual(node.drain(drain)["status"], "degraded")
        waiting = plenty.drain(plenty_drain)["stats"]["pending_lines"]
        broker.restart()
        began = time.monotonic()
        time.sleep(2)
        sent = [load.finish() for load in (plenty_load, little_load)]

        stats = self.settled(plenty, plenty_drain)
        caught_up = time.monotonic() - began
        self.assertEqual((stats["offered"], stats["delivered"], stats["dropped"]), (sent[0], sent[0], {}))
        self.assert_each_once_in_order(self.kafka.stream("plenty"), plenty_load)

        stats = self.settled(little, little_drain)
        read, told = self.assert_in_order("little", little_load)
        self.assertGreater(sent[1], read)
        self.assertEqual((stats["offered"], stats["delivered"]), (sent[1], read))
        self.assertEqual(stats["dropped"], {"memory_budget": sent[1] - read})
        self.assertEqual(told, sent[1] - read, "lines that L10 notices speak of")
        print(f"{OUTAGE:.0f} s without a broker: of {sent[0]} lines {waiting} waited, all there {caught_up:.0f} s later, each "
              f"once and in order; with little memory {read} of {sent[1]} arrived, in order, and {told} are told as missing")

    def assert_in_order(self, topic, load):
        """Each line of the load at most once and in order within its channel; how many there are, and how many the
        notices between them say are missing."""
        last = dict.fromkeys(load.channels, -1)
        lines = missing = 0
        for message in self.kafka.stream(topic):
            if message.key not in last:
                missing += int(re.search(r"Error L10 .*: (\d+) messages? dropped", message.value)[1])
                continue
            number = int(message.value.split("number=", 1)[1].split(" ", 1)[0])
            self.assertGreater(number, last[message.key], f"{message.key}: repeated or out of order")
            last[message.key] = number
            lines += 1
        return lines, missing


class KafkaOwedTest(KafkaCase):
    """Brokers are away when the node is told to stop, and come back after it has started again."""

    with_node = False

    def test_what_was_not_confirmed_is_sent_after_the_restart_once_in_order_with_its_numbers(self):
        node = self.new_node(process__shutdown_deadline="2s", drains__backoff_max="500ms")
        token = node.make_channel("owed")
        drain = node.add_drain(self.url("owed"), "owed")
        everything = node.add_drain(self.url("owed-all"), filter="source=app")

        def post(first, count):
            lines = [syslog_line(f"number={n}") for n in range(first, first + count)]
            self.assertEqual(node.post_logs(token, lines).status, 204)

        post(0, 100)
        for which, channel in ((drain, "owed"), (everything, None)):
            wait_for("delivery", lambda: node.drain(which, channel)["stats"]["delivered"] == 100, 60)
        self.kafka.brokers[0].stop()
        post(100, 400)
        self.assertEqual(node.stop(), 0)
        self.assertTrue((node.data_dir / "owed-lines").exists())
        node.start()
        self.assertEqual(node.drain(drain, "owed")["stats"]["pending_lines"], 400)
        post(500, 10)
        self.kafka.brokers[0].start()
        self.kafka.wait_until_up()
        for which, channel, topic in ((drain, "owed", "owed"), (everything, None, "owed-all")):
            wait_for("delivery", lambda: node.drain(which, channel)["stats"]["delivered"] == 410, 60)
            self.assert_balanced(node.drain(which, channel))
            messages = [m for m in self.kafka.read(topic) if "number=" in m.value]
            self.assertEqual([int(m.value.split("number=", 1)[1]) for m in messages], list(range(510)))
            first = int(messages[0].headers["seq"])
            self.assertEqual([int(m.headers["seq"]) for m in messages], list(range(first, first + 510)))


if __name__ == "__main__":
    unittest.main()
