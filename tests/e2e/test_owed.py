"""What receivers had not confirmed when the node was told to stop: they get it from the next one."""
import re
import subprocess
import unittest

from case import PipelineCase, wait_for
from node import syslog_line
from peers import HttpReceiver, SyslogReceiver


def numbers(receiver, channel=None):
    """What the receiver got, in order: `channel:number` of each line."""
    texts = [text.decode() if isinstance(text, bytes) else text for text in receiver.texts()]
    return [text.strip() for text in texts if channel is None or text.startswith(channel + ":")]


class OwedCase(PipelineCase):
    with_node = False

    def send(self, node, token, channel, first, count):
        lines = [syslog_line(f"{channel}:{n}") for n in range(first, first + count)]
        self.assertEqual(node.post_logs(token, lines).status, 204)
        return [f"{channel}:{n}" for n in range(first, first + count)]

    def owe(self, node, lines):
        """A drain of channel "owed" whose receiver is away; what brings that, and what it gets then."""
        url, back = self.away(HttpReceiver)
        token = node.make_channel("owed")
        drain = node.add_drain(url, "owed")
        return drain, back, self.send(node, token, "owed", 0, lines)

    def wait_for_all(self, receiver, channel, expected):
        wait_for(f"{len(expected)} lines of {channel}", lambda: len(numbers(receiver, channel)) >= len(expected))
        self.assertEqual(numbers(receiver, channel), expected)

    def restart(self, node, **settings):
        self.assertEqual(node.stop(), 0)
        for name, value in settings.items():
            node.settings[name.replace("__", ".", 1)] = value
        node.start()

    def assert_account(self, node, drain, channel, lines):
        def settled():
            now = node.drain(drain, channel)
            return now if now["stats"]["delivered"] >= lines else None
        now = wait_for("the account", settled)
        self.assert_balanced(now)
        stats = now["stats"]
        self.assertEqual((stats["offered"], stats["delivered"], stats["dropped"]), (lines, lines, {}))


class OwedTest(OwedCase):
    def test_what_was_lost_before_the_stop_is_told_once(self):
        node = self.new_node(fabric__memory_budget="4MiB", process__shards=1, drains__backoff_max="200ms")
        url, back = self.away(HttpReceiver)
        token, sent = node.make_channel("owed"), 0
        drain = node.add_drain(url, "owed")
        while sent < 3000:
            node.post_logs(token, [syslog_line(f"owed:{n} " + "x" * 2000) for n in range(sent, sent + 100)])
            sent += 100
        before = node.drain(drain, "owed")["stats"]
        self.assertGreater(sum(before["dropped"].values()), 0)
        self.restart(node)

        receiver = back()
        wait_for("the drain has nothing left", lambda: node.drain(drain, "owed")["stats"]["pending_lines"] == 0)
        texts = [text.decode() if isinstance(text, bytes) else text for text in receiver.texts()]
        got = [int(text[5:].split(" ", 1)[0]) for text in texts if text.startswith("owed:")]
        told = sum(int(re.search(r"Error L10 .*: (\d+) messages? dropped", text)[1]) for text in texts if "L10" in text)
        self.assertEqual(got, sorted(set(got)))
        self.assertEqual(told, sent - len(got), f"dropped before the stop: {before['dropped']}")

    def test_each_line_once_and_in_order_after_restarts_with_other_shards(self):
        node = self.new_node(process__shards=2, drains__backoff_max="200ms")
        channels = [f"owed-{n}" for n in range(4)]  # on both shards
        tokens = {channel: node.make_channel(channel) for channel in channels}
        urls = {kind: self.away(kind) for kind in (HttpReceiver, SyslogReceiver)}
        (http_url, http_back), (syslog_url, syslog_back) = urls[HttpReceiver], urls[SyslogReceiver]
        drains = {channel: node.add_drain(http_url if n % 2 else syslog_url, channel)
                  for n, channel in enumerate(channels)}
        everything_url, everything_back = self.away(HttpReceiver)
        everything = node.add_drain(everything_url)
        expected = {channel: self.send(node, tokens[channel], channel, 0, 300) for channel in channels}

        self.restart(node, process__shards=1)
        for channel in channels:
            self.assertEqual(node.drain(drains[channel], channel)["stats"]["pending_lines"], 300)
            self.assert_balanced(node.drain(drains[channel], channel))
            expected[channel] += self.send(node, tokens[channel], channel, 300, 50)
        self.assertEqual(node.drain(everything)["stats"]["pending_lines"], 1400)
        self.restart(node, process__shards=2)
        for channel in channels:
            expected[channel] += self.send(node, tokens[channel], channel, 350, 50)

        http, syslog, all_of_them = http_back(), syslog_back(), everything_back()
        for n, channel in enumerate(channels):
            self.wait_for_all(http if n % 2 else syslog, channel, expected[channel])
            self.wait_for_all(all_of_them, channel, expected[channel])
            self.assert_account(node, drains[channel], channel, 400)
        self.assert_account(node, everything, None, 1600)

        # Nobody is owed anything any more.
        self.restart(node)
        self.assertFalse((node.data_dir / "owed-lines").exists())
        for channel in channels:
            expected[channel] += self.send(node, tokens[channel], channel, 400, 1)
            self.wait_for_all(all_of_them, channel, expected[channel])

    def test_a_drain_that_has_everything_and_a_new_one_get_nothing_again(self):
        node = self.new_node(drains__backoff_max="200ms")
        token = node.make_channel("mixed")
        url, back = self.away(HttpReceiver)
        well, later = self.using(HttpReceiver()), self.using(HttpReceiver())
        owed, owed_all = node.add_drain(url, "mixed"), node.add_drain(url)
        node.add_drain(well.url, "mixed"), node.add_drain(well.url)
        expected = self.send(node, token, "mixed", 0, 20)
        wait_for("both", lambda: len(well.lines()) == 40)
        self.restart(node)
        node.add_drain(later.url, "mixed"), node.add_drain(later.url)
        more = self.send(node, token, "mixed", 20, 5)
        receiver = back()
        wait_for("twice each", lambda: len(receiver.lines()) == 50)
        self.assertEqual(sorted(numbers(receiver)), sorted(2 * (expected + more)))
        wait_for("the new ones", lambda: len(well.lines()) == 50 and len(later.lines()) == 10)
        self.assertEqual(sorted(numbers(later)), sorted(2 * more))
        self.assert_account(node, owed, "mixed", 25)
        self.assert_account(node, owed_all, None, 25)

    def test_lines_of_deleted_drains_and_channels_are_not_kept(self):
        node = self.new_node()
        url, _ = self.away(HttpReceiver)
        for channel in ("left", "deleted"):
            token = node.make_channel(channel)
            drain = node.add_drain(url, channel)
            self.send(node, token, channel, 0, 3)
        node.must("DELETE", "/v3/channels/deleted")
        self.assertEqual(node.stop(), 0)
        self.assertIn("lines=3 channels=1", node.log_path.read_text())
        self.assertTrue((node.data_dir / "owed-lines").exists())
        self.assertEqual((node.data_dir / "owed-lines").stat().st_mode & 0o777, 0o600)
        node.start()
        self.assertFalse((node.data_dir / "owed-lines").exists())

    def test_own_log_says_what_is_kept_and_restored(self):
        node = self.new_node(process__shards=1)
        drain, *_ = self.owe(node, 2)
        self.assertEqual(node.stop(), 0)
        log = node.log_path.read_text()
        self.assertRegex(log, rf"lines are kept for the next start\W.* drain={drain['id']} channel=owed lines=2 "
                              r"last_error=.*[Rr]efused")
        self.assertNotIn("stay undelivered", log)
        node.start()
        self.assertRegex(node.log_path.read_text(), r"kept lines restored\W.* lines=2 drains=1")
        self.assertIn(b"sluice_fabric_lines_restored_total 2", node.admin("/metrics").body)

    def test_what_cannot_be_written_is_said_and_the_stop_goes_on(self):
        node = self.new_node()
        drain, *_ = self.owe(node, 2)
        (node.data_dir / "owed-lines").mkdir()
        self.assertEqual(node.stop(), 0)
        log = node.log_path.read_text()
        self.assertRegex(log, r"undelivered lines cannot be kept\W.*owed-lines")
        self.assertRegex(log, rf"lines stay undelivered\W.* drain={drain['id']} channel=owed lines=2 ")

    def test_a_damaged_file_costs_what_is_damaged_and_is_kept_aside(self):
        node = self.new_node(process__shards=1, drains__backoff_max="200ms")
        url, back = self.away(HttpReceiver)
        tokens = {channel: node.make_channel(channel) for channel in ("one", "two")}
        for channel, token in tokens.items():
            node.add_drain(url, channel)
            self.send(node, token, channel, 0, 3)
        self.assertEqual(node.stop(), 0)
        file = node.data_dir / "owed-lines"
        damaged = bytearray(file.read_bytes())
        damaged[damaged.index(b"one:1")] ^= 1
        file.write_bytes(damaged)
        node.start()
        receiver = back()
        self.wait_for_all(receiver, "two", ["two:0", "two:1", "two:2"])
        self.assertRegex(node.log_path.read_text(), r"kept lines are damaged\b.* channels=1 lines=3")
        self.assertEqual((node.data_dir / "owed-lines.unread").read_bytes(), damaged)
        self.assertEqual(numbers(receiver, "one"), [])

    def test_another_logs_file_and_nonsense_are_kept_aside(self):
        node = self.new_node()
        for content in (b"nonsense", b"", b"SLCOWED1" + b"\xff" * 100):
            self.assertEqual(node.stop(), 0)
            (node.data_dir / "owed-lines").write_bytes(content)
            node.start()
            self.assertIn("kept lines cannot be read", node.log_path.read_text())
            self.assertEqual((node.data_dir / "owed-lines.unread").read_bytes(), content)

    def test_a_paused_drains_lines_are_kept(self):
        node = self.new_node()
        receiver = self.using(HttpReceiver())
        token = node.make_channel("paused")
        drain = node.add_drain(receiver.url, "paused")
        node.must("POST", f"/v3/channels/paused/drains/{drain['id']}/pause")
        expected = self.send(node, token, "paused", 0, 10)
        self.restart(node)
        self.assertEqual(node.drain(drain, "paused")["stats"]["pending_lines"], 10)
        node.must("POST", f"/v3/channels/paused/drains/{drain['id']}/resume")
        self.wait_for_all(receiver, "paused", expected)

    def test_a_failed_start_in_between_loses_nothing(self):
        node = self.new_node(drains__backoff_max="200ms")
        _, back, expected = self.owe(node, 10)
        self.assertEqual(node.stop(), 0)
        address = node.settings["router.http"]
        node.settings["router.http"] = "192.0.2.1:80"
        self.assertEqual(subprocess.run(node.command(), capture_output=True, timeout=20).returncode, 1)
        node.settings["router.http"] = address
        node.start()
        self.wait_for_all(back(), "owed", expected)

    def test_a_run_without_any_configuration_hands_them_on(self):
        node = self.new_node(drains__backoff_max="200ms")
        _, back, expected = self.owe(node, 10)
        self.assertEqual(node.stop(), 0)
        node.settings["store.url"] = "redis://127.0.0.1:1"
        with subprocess.Popen(node.command(), stderr=subprocess.DEVNULL) as waiting:
            wait_for("it has taken them over", lambda: not (node.data_dir / "owed-lines").exists())
            waiting.terminate()
            self.assertEqual(waiting.wait(20), 0)
        self.assertTrue((node.data_dir / "owed-lines").exists())
        del node.settings["store.url"]
        node.start()
        self.wait_for_all(back(), "owed", expected)


if __name__ == "__main__":
    unittest.main()
