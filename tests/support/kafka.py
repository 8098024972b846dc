"""A real Apache Kafka on free loopback ports, and kcat to read it back. ops/kafka-jars fetches the broker."""
import base64
import collections
import json
import os
import signal
import socket
import subprocess
import uuid
from pathlib import Path

from node import end_with_parent
from peers import free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
JAVA = ["java", "-Xms96m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
PLAIN_USERS = {"plain": "plain-s3cret", "nobody": "nobody-s3cret"}
SCRAM_USERS = {"scram": "scram-s3cret"}
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")

Message = collections.namedtuple("Message", "key value partition offset headers")


def jars():
    """The folder with the broker; says how to get it."""
    folder = Path(os.environ.get("SLUICE_KAFKA_JARS", ROOT / "build/kafka-jars"))
    if not (folder / "kafka.pom.xml").exists():
        raise RuntimeError(f"no Kafka broker in {folder}: run ./ops/kafka-jars (./ops/test does)")
    return folder


class Broker:
    """One node of a cluster: broker and controller in one process."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.folder = cluster.folder / f"broker{number}"
        self.folder.mkdir(parents=True)
        names = ("CONTROLLER", "PLAINTEXT") + (("SASL", "SASL_TLS", "SSL") if cluster.secure else ())
        self.ports = {name: free_port() for name in names}
        self.settings = {}
        self.process = None

    @property
    def log_path(self):
        return self.folder / "broker.log"

    def _java(self, *arguments):
        return [*JAVA, "-cp", f"{jars()}/*", *arguments]

    def _properties(self):
        cluster = self.cluster
        addresses = {name: f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()}
        protocols = {"CONTROLLER": "PLAINTEXT", "PLAINTEXT": "PLAINTEXT", "SASL": "SASL_PLAINTEXT", "SASL_TLS": "SASL_SSL",
                     "SSL": "SSL"}
        replicas = len(cluster.brokers)
        lines = {
            "process.roles": "broker,controller", "node.id": self.number,
            "listeners": ",".join(addresses.values()),
            "advertised.listeners": ",".join(a for name, a in addresses.items() if name != "CONTROLLER"),
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": ",".join(f"{name}:{protocols[name]}" for name in self.ports),
            "controller.quorum.voters": ",".join(f"{b.number}@127.0.0.1:{b.ports['CONTROLLER']}" for b in cluster.brokers),
            "log.dirs": self.folder / "data", "num.partitions": 4, "default.replication.factor": replicas,
            "min.insync.replicas": max(1, replicas - 1), "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 1, "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1, "group.initial.rebalance.delay.ms": 0,
            "controlled.shutdown.retry.backoff.ms": 200, "leader.imbalance.check.interval.seconds": 2,
            "leader.imbalance.per.broker.percentage": 0,
        }
        if cluster.secure:
            lines.update(cluster.security())
        lines.update(self.settings)
        return "".join(f"{name}={value}\n" for name, value in lines.items())

    def format(self):
        (self.folder / "server.properties").write_text(self._properties())
        scram = [argument for user, password in SCRAM_USERS.items() for mechanism in SCRAM for argument in
                 ("--add-scram", f"{mechanism}=[name={user},password={password}]")] if self.cluster.secure else []
        done = subprocess.run(self._java("kafka.tools.StorageTool", "format", f"--cluster-id={self.cluster.id}", "-c",
                                         str(self.folder / "server.properties"), *scram), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"Kafka storage: {done.stdout}{done.stderr}")

    def start(self):
        (self.folder / "server.properties").write_text(self._properties())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self._java("kafka.Kafka", str(self.folder / "server.properties")),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_parent)

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the broker ended: {self.log_path.read_text(errors='replace')[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.ports["PLAINTEXT"]), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self, sig=signal.SIGTERM, seconds=60):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def restart(self, sig=signal.SIGTERM, **settings):
        """Settings with _ for the dot stay until the next restart."""
        self.stop(sig)
        self.settings = {name.replace("_", "."): value for name, value in settings.items()}
        self.start()
        self.cluster.wait_until_up()


class Kafka:
    """A cluster. `secure` adds the listeners SASL and, over TLS, SASL_TLS (PLAIN and SCRAM), SSL (client certificates) and
    an authorizer that lets only the users plain and scram, certificates, and whoever comes to the plain listener do
    things."""

    def __init__(self, folder, brokers=1, certificates=None):
        self.folder = Path(folder)
        self.id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self.certificates = certificates
        self.secure = certificates is not None
        self.brokers = []
        for number in range(1, brokers + 1):
            self.brokers.append(Broker(self, number))
        try:
            for broker in self.brokers:
                broker.format()
                broker.start()
            self.wait_until_up()
        except BaseException:
            self.close()
            raise

    def security(self):
        certificate, key = self.certificates.server("kafka")
        store = self.folder / "kafka.keystore.pem"
        store.write_text(key.read_text() + certificate.read_text())
        users = " ".join(f'user_{name}="{password}"' for name, password in PLAIN_USERS.items())
        plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        modules = {"PLAIN": plain, **dict.fromkeys(SCRAM, scram)}
        return {
            "sasl.enabled.mechanisms": ",".join(modules),
            **{f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config": module
               for listener in ("sasl", "sasl_tls") for mechanism, module in modules.items()},
            "ssl.keystore.type": "PEM", "ssl.keystore.location": store,
            "ssl.truststore.type": "PEM", "ssl.truststore.location": self.certificates.ca,
            "listener.name.ssl.ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:plain;User:scram;User:CN=client",
        }

    def addresses(self, listener="PLAINTEXT"):
        return ",".join(f"127.0.0.1:{broker.ports[listener]}" for broker in self.brokers)

    def wait_until_up(self):
        wait_for("Kafka answers", lambda: all(b.is_up() for b in self.brokers if b.process) and self._is_ready(), 60)

    def _is_ready(self):
        """Every broker is known to the cluster."""
        done = subprocess.run(["kcat", "-L", "-J", "-m", "5", "-b", self.addresses()], capture_output=True)
        return done.returncode == 0 and len(json.loads(done.stdout)["brokers"]) == len(self.brokers)

    def read(self, topic):
        """Everything in the topic, read by kcat: in order within each partition."""
        return list(self.stream(topic))

    def stream(self, topic):
        """The same one by one, for topics that are too long to hold."""
        command = ["kcat", "-C", "-b", self.addresses(), "-t", topic, "-o", "beginning", "-e", "-q",
                   "-f", "%k\t%p\t%o\t%h\t%s\n"]
        with open(self.folder / "kcat.log", "w+") as log, subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=end_with_parent) as kcat:
            for line in kcat.stdout:
                yield _message(line.removesuffix("\n"))
            if kcat.wait():
                log.seek(0)
                raise RuntimeError(f"kcat: {log.read()}")

    def close(self):
        for broker in self.brokers:
            broker.stop(signal.SIGKILL)


def _message(line):
    key, partition, offset, headers, value = line.split("\t", 4)
    return Message(key, value, int(partition), int(offset), dict(h.split("=", 1) for h in headers.split(",") if h))
