"""The host: the data directory and secrets files, settings as files, what a start says, the unit."""
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

from case import PROGRAMS, ROOT, PipelineCase, wait_for
from test_process import sluiced


class DataDirectoryTest(PipelineCase):
    with_node = False

    def refused(self, node, *words):
        done = subprocess.run(node.command(), capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.strip().splitlines()[-1:]), 1)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def test_it_is_made_for_its_owner_alone(self):
        node = self.new_node()
        self.assertEqual(stat.S_IMODE(node.data_dir.stat().st_mode), 0o700)
        for entry in node.data_dir.iterdir():
            allowed = 0o644 if entry.name == "ports.json" else 0o600
            self.assertEqual(stat.S_IMODE(entry.stat().st_mode) & ~allowed, 0, entry)

    def test_others_may_not_write_to_it(self):
        for mode in (0o777, 0o770, 0o1777):
            node = self.new_node(start=False)
            node.data_dir.mkdir()
            node.data_dir.chmod(mode)
            self.refused(node, node.data_dir, "chmod go-w")
            self.assertEqual(list(node.data_dir.iterdir()), [])

    def test_it_may_not_belong_to_somebody_else(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a directory away")
        node = self.new_node(start=False)
        node.data_dir.mkdir()
        os.chown(node.data_dir, 12345, 12345)
        self.refused(node, node.data_dir, "12345")

    def test_an_api_key_that_others_can_change_or_read_is_not_taken(self):
        for mode in (0o666, 0o644, 0o620):
            node = self.new_node(start=False)
            node.data_dir.mkdir(0o700)
            (node.data_dir / "api-key").write_text("somebody-elses-key-0123456789\n")
            (node.data_dir / "api-key").chmod(mode)
            self.refused(node, "api-key", "chmod 600")

    def test_no_link_in_it_is_followed(self):
        for name in ("api-key.new", "api-key", "config.db", "owed-lines", "lock", "ports.json", "log-id"):
            node = self.new_node(start=False)
            node.data_dir.mkdir(0o700)
            victim = self.folder / f"victim-{name}"
            victim.write_text("precious")
            (node.data_dir / name).symlink_to(victim)
            self.refused(node, name, "link")
            self.assertEqual(victim.read_text(), "precious")

    def test_files_left_half_written_by_a_crash_are_removed(self):
        node = self.new_node(start=False)
        node.data_dir.mkdir(0o700)
        left = node.data_dir / "owed-lines.0123456789ab.new"
        left.write_text("half")
        node.start()
        self.assertFalse(left.exists())

    def test_a_process_shows_nothing_to_others_of_its_user(self):
        node = self.new_node()
        other = self.new_node(process__core_dumps="true")
        # The files below /proc of a process that may not be dumped belong to root.
        if os.geteuid() != 0:
            self.assertEqual(os.stat(f"/proc/{node.process.pid}/environ").st_uid, 0)
            self.assertEqual(os.stat(f"/proc/{other.process.pid}/environ").st_uid, os.geteuid())


class SecretsTest(PipelineCase):
    with_node = False

    def secret(self, name, text, mode=0o600):
        file = self.folder / name
        file.write_text(text)
        file.chmod(mode)
        return file

    def check(self, *arguments):
        return sluiced("--check-config", "--data-dir", self.folder / "none", *arguments)

    def test_the_api_key_comes_from_a_file(self):
        file = self.secret("key", "a-key-from-a-file-0123\n")
        node = self.new_node(api__key_file=file)
        self.assertEqual(node.key, "a-key-from-a-file-0123")
        self.assertEqual(node.api("GET", "/v3/apps").status, 200)
        command = Path(f"/proc/{node.process.pid}/cmdline").read_bytes()
        self.assertNotIn(b"a-key-from-a-file", command)

    def test_files_with_secrets_are_checked(self):
        good = self.secret("good", "0123456789abcdef0123\n")
        self.assertEqual(self.check("--set", f"api.key_file={good}").returncode, 0)
        for number, (text, mode, words) in enumerate([("0123456789abcdef", 0o666, "chmod 600"),
                                                      ("0123456789abcdef", 0o604, "chmod 600"), ("\n", 0o600, "empty")]):
            file = self.secret(f"bad{number}", text, mode)
            done = self.check("--set", f"api.key_file={file}")
            self.assertEqual(done.returncode, 2, done)
            self.assertIn("api.key_file", done.stderr)
            self.assertIn(words, done.stderr)
        done = self.check("--set", "api.key_file=/no/such/key")
        self.assertIn("No such file", done.stderr)

    def test_what_key_files_hold_is_checked_before_the_start(self):
        certificate, key = self.certificates().server()
        _, other_key = self.certificates().server("other")
        for number, (setting, text, mode) in enumerate([("store.secret_key_file", "short", 0o600),
                                                        ("store.secret_key_file", "", 0o600),
                                                        ("store.secret_key_file", "0" * 64, 0o644),
                                                        ("store.client_cert", "no certificate", 0o600)]):
            done = self.check("--set", f"{setting}={self.secret(f'wrong{number}', text, mode)}",
                              *(("--set", f"store.client_key={key}") if "client" in setting else ()))
            self.assertEqual(done.returncode, 2, (setting, text, done))
            self.assertIn(setting, done.stderr)
        done = self.check("--set", f"store.client_cert={certificate}", "--set", f"store.client_key={other_key}")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("store.client_cert", done.stderr)
        done = self.check("--set", f"store.client_cert={certificate}", "--set", f"store.client_key={key}",
                          "--set", f"store.secret_key_file={self.secret('keys', '01' * 32)}")
        self.assertEqual(done.returncode, 0, done)

    def test_a_secret_comes_from_one_place(self):
        file = self.secret("both", "0123456789abcdef0123")
        done = self.check("--set", f"api.key_file={file}", "--set", "api.key=0123456789abcdef4567")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("0123456789abcdef", done.stderr)

    def test_the_store_url_comes_from_a_file(self):
        file = self.secret("url", "redis://u:hunter2@127.0.0.1:notaport/0")
        done = self.check("--set", f"store.url_file={file}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("store.url_file", done.stderr)
        self.assertNotIn("hunter2", done.stderr)
        self.assertEqual(self.check("--set", f"store.url_file={self.secret('emb', 'embedded:')}").returncode, 0)

    def test_a_short_key_is_for_loopback_only(self):
        for address in ("0.0.0.0:0", ":0", "[::]:0", "127.0.0.1:0,10.1.2.3:0"):
            done = self.check("--set", "api.key=tooshort", "--set", f"api.listen={address}")
            self.assertEqual(done.returncode, 2, address)
            self.assertIn("api.key", done.stderr)
            self.assertNotIn("tooshort", done.stderr)
        for address in ("127.0.0.1:0", "[::1]:0", "localhost:0", ""):
            self.assertEqual(self.check("--set", "api.key=tooshort", "--set", f"api.listen={address}").returncode, 0)


class SettingsMistakesTest(PipelineCase):
    with_node = False

    def mistakes(self, text, *arguments):
        file = self.folder / "mistakes.toml"
        file.write_text(text)
        done = sluiced("--check-config", "--data-dir", self.folder / "none", "--config", file, *arguments)
        self.assertEqual(done.returncode, 2, done)
        return done.stderr.replace(str(file), "F").splitlines()

    def one(self, lines, *words):
        found = [line for line in lines if all(word in line for word in words)]
        self.assertEqual(len(found), 1, (words, lines))

    def test_all_mistakes_are_told_at_once_with_file_and_line(self):
        lines = self.mistakes('[router]\n'
                              'http = "127.0.0.1:7001"\n'
                              'htpps = ""\n'
                              'idle_timeout = "soon"\n'
                              'trusted_proxies = "10.0.0.0/99"\n'
                              '[ingress]\n'
                              'http = "0.0.0.0:7001"\n'
                              'syslog = "8080"\n'
                              '[drains]\n'
                              'ca_file = "/nope"\n'
                              'allow_cidrs = "not-a-network"\n'
                              '[fabric]\n'
                              'disk_budget = "16MiB"\n'
                              '[api]\n'
                              'listen = "0.0.0.0:7002"\n'
                              'key = "x"\n'
                              '[process]\n'
                              'dns_servers = "nameserver"\n')
        self.one(lines, "router.htpps", "did you mean router.https?", "F line 3")
        self.one(lines, "router.idle_timeout", "soon", "F line 4")
        self.one(lines, "router.trusted_proxies", "10.0.0.0/99", "F line 5")
        self.one(lines, "ingress.http", "7001", "router.http", "F line 7")
        self.one(lines, "ingress.syslog", "8080", "F line 8")
        self.one(lines, "drains.ca_file", "/nope", "No such file or directory", "F line 10")
        self.one(lines, "drains.allow_cidrs", "not-a-network", "F line 11")
        self.one(lines, "fabric.disk_budget", "auto", "F line 13")
        self.one(lines, "api.key", "F line 16")
        self.one(lines, "process.dns_servers", "nameserver", "F line 18")
        self.assertEqual(len(lines), 10, lines)

    def test_a_data_directory_that_cannot_be_made_is_a_mistake(self):
        done = sluiced("--check-config", "--data-dir", "/proc/nope")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("/proc/nope", done.stderr)
        self.assertEqual(sluiced("--check-config", "--data-dir", self.folder / "a/b/c").returncode, 0)
        self.assertFalse((self.folder / "a").exists())

    def test_roles_count_in_any_order(self):
        for roles in ("logplex,router", "router, logplex"):
            done = sluiced("--check-config", "--data-dir", self.folder / "none", "--set", f"process.roles={roles}")
            self.assertEqual(done.returncode, 0, done)

    def test_hangup_names_what_needs_a_restart_and_applies_the_rest(self):
        file = self.folder / "hup.toml"
        file.write_text('[router]\nidle_timeout = "55s"\n[process]\nlog_level = "info"\n')
        node = self.new_node(start=False)
        node.arguments = ["--config", str(file)]
        node.start()
        file.write_text('[router]\nidle_timeout = "33s"\n[process]\nlog_level = "debug"\n[drains]\nmax_age = "1h"\n')
        node.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: "settings reloaded" in node.log_path.read_text())
        log = node.log_path.read_text()
        for words in ("router.idle_timeout changed and needs a restart", "drains.max_age changed and needs a restart",
                      "process.log_level changed"):
            self.assertIn(words, log)
        self.assertNotIn("process.log_level changed and needs", log)
        self.assertNotIn("router.http changed", log)
        file.write_text('[router]\nidle_timeout = "soon"\nhtpp = 1\n')
        node.process.send_signal(signal.SIGHUP)
        wait_for("both mistakes", lambda: node.log_path.read_text().count("settings not reloaded") == 2)
        self.assertEqual(node.admin("/readyz").status, 200)

    def test_a_start_says_where_it_listens_and_where_the_key_is(self):
        node = self.new_node()
        log = node.log_path.read_text()
        for setting, port in node.ports.items():
            self.assertIn(f"msg=listening setting={setting} address=127.0.0.1:{port}", log)
        self.assertIn(f"file={node.data_dir}/api-key", log)
        node.restart()
        self.assertEqual(node.log_path.read_text().count("the API key is in a file"), 1)

    def test_more_memory_than_there_is_warns(self):
        node = self.new_node(fabric__memory_budget="1TiB")
        self.assertIn("more memory than this machine has", node.log_path.read_text())


class UnitTest(PipelineCase):
    with_node = False

    def test_the_unit_is_hardened_and_valid(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        unit = ROOT / "ops/sluiced.service"
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(unit)],
                              capture_output=True, text=True)
        if "offline" in done.stderr:
            self.skipTest("this systemd-analyze has no --offline")
        self.assertEqual(done.returncode, 0, done.stdout[-300:])
        folder = self.folder / "units"
        folder.mkdir()
        text = unit.read_text().replace("/usr/local/bin/sluiced", str(PROGRAMS / "sluiced"))
        (folder / "sluiced.service").write_text(text)
        shutil.copy(ROOT / "ops/sluiced.socket", folder)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(folder / "sluiced.service"),
                               str(folder / "sluiced.socket")], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
