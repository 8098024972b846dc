"""Programs that are not ours at the other end: curl, openssl, logger, rsyslogd, an EventSource client."""
import os
import subprocess
import unittest

from case import PipelineCase, wait_for
from node import syslog_line
from peers import Certificates, free_port


class PeersTest(PipelineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = cls.new_authority()
        cls.tls_node = cls._start({"drains.ca_file": cls.authority.ca, "drains.backoff_min": "20ms", "drains.backoff_max": "200ms"})
        cls.addClassCleanup(cls.tls_node.kill)

    @classmethod
    def new_authority(cls):
        return Certificates(cls.folder / "authority")

    def setUp(self):
        self.channel = self.channel_name()
        self.token = self.node.make_channel(self.channel)

    def start(self, *command, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(word) for word in command], **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def file_has(self, path, text, seconds=15):
        wait_for(f"{text!r} in {path.name}", lambda: path.exists() and text in path.read_bytes(), seconds)

    # --- curl

    def test_curl_posts_lines_and_follows_them(self):
        followed = self.folder / "followed"
        session = self.node.must("POST", "/v3/sessions", {"channel_id": self.channel, "tail": True})["url"]
        with open(followed, "wb") as out:
            self.start("curl", "-sSN", session, stdout=out)
        body = self.folder / "body"
        line = syslog_line("posted by curl")
        body.write_bytes(b"%d %s" % (len(line), line))
        done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", f"token:{self.token}", "-H",
                               "Content-Type: application/logplex-1", "--data-binary", f"@{body}",
                               f"http://127.0.0.1:{self.node.port('ingress.http')}/logs"], capture_output=True, timeout=10)
        self.assertEqual(done.stdout, b"204", done)
        self.file_has(followed, b"app[web.1]: posted by curl\n")

    # --- logger

    def log_with_logger(self, *options):
        subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(self.node.port("ingress.syslog")), "--tcp",
                        "--octet-count", "--tag", self.token, *options], check=True, timeout=10)

    def test_logger_writes_by_octet_counted_tcp(self):
        self.log_with_logger("--rfc5424=notq", "plain")
        self.log_with_logger("--rfc5424", "--sd-id", "me@1", "--sd-param", 'key="value"', "with structured data")
        self.log_with_logger("--rfc5424=notq", "--priority", "local3.err", "--msgid", "ID47", "with priority")
        texts = lambda: [line.split("]: ", 1)[1] for line in self.node.logs(self.channel)]
        wait_for(f"three lines, have {texts()}", lambda: texts() == ["plain", "with structured data", "with priority"])

    # --- rsyslogd

    def rsyslogd(self, config):
        file = self.folder / f"{self.channel}.conf"
        file.write_text(f'global(workDirectory="{self.folder}")\n' + config)
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        with open(self.folder / f"{self.channel}.log", "wb") as log:
            return self.start("rsyslogd", "-n", "-f", file, "-i", self.folder / f"{self.channel}.pid", stdout=log, stderr=log,
                              env=environment)

    def test_rsyslogd_receives_from_a_syslog_drain(self):
        port, out = free_port(), self.folder / "rsyslog.out"
        self.rsyslogd(f'''
module(load="imtcp")
template(name="all" type="string" string="%PRI%|%TIMESTAMP:::date-rfc3339%|%HOSTNAME%|%APP-NAME%|%PROCID%|%MSG%\\n")
input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="r")
ruleset(name="r") {{ action(type="omfile" file="{out}" template="all") }}
''')
        token = self.tls_node.make_channel(self.channel)
        drain = self.tls_node.add_drain(f"syslog://127.0.0.1:{port}", self.channel)
        self.tls_node.post_logs(token, [syslog_line(f"line {n}") for n in range(200)])
        self.file_has(out, b"line 199\n")
        lines = [line.split("|") for line in out.read_text().splitlines()]
        self.assertEqual([line[5].strip() for line in lines], [f"line {n}" for n in range(200)])
        self.assertEqual({tuple(line[:5]) for line in lines},
                         {("190", "2024-05-06T07:08:09.123456+00:00", drain["token"], "app", "web.1")})

    def test_rsyslogd_sends_to_tcp_ingress(self):
        door = free_port()
        self.rsyslogd(f'''
module(load="imtcp")
template(name="out" type="string" string="<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% {self.token} %PROCID% - - %MSG%")
input(type="imtcp" port="{door}" address="127.0.0.1" ruleset="r")
ruleset(name="r") {{ action(type="omfwd" target="127.0.0.1" port="{self.node.port('ingress.syslog')}" protocol="tcp"
  TCP_Framing="octet-counted" template="out") }}
''')
        def listening():
            import socket
            try:
                socket.create_connection(("127.0.0.1", door), timeout=1).close()
                return True
            except OSError:
                return False
        wait_for("rsyslogd listens", listening)
        subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(door), "--tcp", "--octet-count", "--rfc5424=notq",
                        "--id=77", "through rsyslogd"], check=True, timeout=10)
        wait_for("the line", lambda: any(line.endswith("app[77]: through rsyslogd") for line in self.node.logs(self.channel)))

    # --- openssl

    def test_openssl_s_server_receives_from_a_tls_drain(self):
        certificate, key = self.authority.server("s_server")
        port, out = free_port(), self.folder / "s_server.out"
        with open(out, "wb") as output:
            server = self.start("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-key", key, "-quiet",
                                stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        token = self.tls_node.make_channel(self.channel)
        drain = self.tls_node.add_drain(f"syslog+tls://127.0.0.1:{port}", self.channel)
        self.tls_node.post_logs(token, [syslog_line("read by openssl")])
        line = f"<190>1 2024-05-06T07:08:09.123456+00:00 {drain['token']} app web.1 - - read by openssl\n".encode()
        self.file_has(out, b"%d %s" % (len(line), line))
        self.assertIsNone(server.poll())

    # --- EventSource

    def test_event_source_client_follows_and_resumes(self):
        script = self.folder / "follow.js"
        script.write_text('''
const EventSource = require("eventsource");
const source = new EventSource(process.argv[2]);
source.onmessage = (event) => console.log(event.lastEventId + " " + JSON.stringify(event.data));
source.onerror = (error) => console.log("error " + JSON.stringify(error));
''')
        out = self.folder / "events"
        url = self.node.must("POST", "/v3/sessions", {"channel_id": self.channel, "tail": True})["url"]
        self.node.post_logs(self.token, [syslog_line("history")])
        with open(out, "wb") as output:
            self.start("node", script, url, stdout=output, stderr=subprocess.STDOUT,
                       env={**os.environ, "NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs"})
        self.file_has(out, b"app[web.1]: history")
        self.node.post_logs(self.token, [syslog_line("live, in two\nlines")])
        self.file_has(out, b"live, in two\\nlines")
        self.assertNotIn(b"error", out.read_bytes())


if __name__ == "__main__":
    unittest.main()
