"""Host names of backends and drains: a silent zone delays only who uses it; answers are kept; trouble has its name."""
import time

from case import PipelineCase, wait_for
from dns import NameServer
from peers import Backend, HttpReceiver


class NamesTest(PipelineCase):
    with_node = False

    def setUp(self):
        self.names = self.using(NameServer())
        self.names.silent.add(".dead")
        self.node = self.new_node(process__dns_servers=self.names.address, drains__backoff_min="50ms",
                                  router__connect_timeout="1s")

    def app_at(self, app, host, port):
        self.node.must("PUT", f"/v3/apps/{app}", {"domains": [f"{app}.test"],
                                                  "backends": [{"name": "web.1", "address": f"{host}:{port}"}]})

    def metric(self, sample):
        page = self.node.admin("/metrics").body.decode()
        found = [line.split()[1] for line in page.splitlines() if line.startswith(sample + " ")]
        return float(found[0]) if found else 0.0

    def test_drains_whose_zone_is_silent_delay_no_backend_and_no_other_drain(self):
        for channel in range(4):
            self.node.make_channel(f"dead{channel}")
            for drain in range(6):
                self.node.add_drain(f"http://d{drain}.c{channel}.dead/", f"dead{channel}")
        tokens = [self.node.make_token(f"dead{channel}", "more") for channel in range(4)]
        for token in tokens:
            self.assertEqual(self.node.post_logs(token, [b"<190>1 - h a p - - x"]).status, 204)
        wait_for("look-ups of the silent zones", lambda: self.metric('sluice_names_under_way{user="drains"}') >= 8)
        backend, receiver = self.using(Backend()), self.using(HttpReceiver())
        self.names.addresses["good.zone"] = self.names.addresses["logs.zone"] = ["127.0.0.1"]
        self.app_at("good", "good.zone", backend.address.rsplit(":", 1)[1])
        self.node.make_channel("well")
        token = self.node.make_token("well", "more")
        self.node.add_drain(f"http://logs.zone:{receiver.address.rsplit(':', 1)[1]}/", "well")
        began = time.monotonic()
        self.assertEqual(self.node.request("good.test").status, 200)
        self.assertLess(time.monotonic() - began, 1.0)
        self.node.post_logs(token, [b"<190>1 - h a p - - hello"])
        wait_for("the line", receiver.lines)
        self.assertLess(time.monotonic() - began, 3.0)

    def test_a_backend_by_name_is_served_from_what_is_known_while_the_server_is_silent(self):
        backend = self.using(Backend())
        self.names.addresses["back.zone"] = ["127.0.0.1"]
        self.app_at("stale", "back.zone", backend.address.rsplit(":", 1)[1])
        self.assertEqual(self.node.request("stale.test").status, 200)
        self.names.silent.add("back.zone")
        for _ in range(4):
            time.sleep(0.7)
            self.assertEqual(self.node.request("stale.test").status, 200)

    def test_a_key_limited_to_channels_cannot_name_its_way_to_loopback(self):
        backend = self.using(Backend())
        port = backend.address.rsplit(":", 1)[1]
        self.names.addresses["inside.zone"] = ["127.0.0.1"]
        self.app_at("own", "inside.zone", port)
        self.assertEqual(self.node.request("own.test").status, 200)
        key = self.node.must("POST", "/v3/keys", {
            "name": "guest", "scopes": ["apps:read", "apps:write"], "channels": ["guest"]})["key"]
        body = {"domains": ["guest.test"], "backends": [{"name": "web.1", "address": f"inside.zone:{port}"}]}
        self.assertEqual(self.node.api("PUT", "/v3/apps/guest", body, key=key).status, 201)
        before = self.metric("sluice_router_backends_refused_total")
        self.assertEqual(self.node.request("guest.test").status, 503)
        self.assertGreater(self.metric("sluice_router_backends_refused_total"), before)
        self.node.must("PUT", "/v3/apps/guest", body)  # the node's own key may
        wait_for("the backend is tried again", lambda: self.node.request("guest.test").status == 200)

    def test_the_router_line_tells_a_silent_server_from_an_unknown_name(self):
        self.app_at("silent", "web.dead", 80)
        self.app_at("unknown", "gone.zone", 80)
        self.assertEqual(self.node.request("silent.test").status, 503)
        self.assertEqual(self.node.request("unknown.test").status, 503)
        self.assertEqual(self.router_line("silent", node=self.node)["cause"], "dns timeout")
        self.assertEqual(self.router_line("unknown", node=self.node)["cause"], "dns not found")

    def test_a_drain_has_the_error_class_dns_and_asks_rarely(self):
        self.node.make_channel("lost")
        token = self.node.make_token("lost", "more")
        drain = self.node.add_drain("http://gone.zone/", "lost")
        self.node.post_logs(token, [b"<190>1 - h a p - - x"])
        wait_for("the error", lambda: self.node.drain(drain, "lost")["stats"]["last_error"])
        stats = self.node.drain(drain, "lost")["stats"]
        self.assertIn("dns", str(stats["errors"]) + str(stats["last_error"]))
        before = self.names.asked["gone.zone"]
        time.sleep(1.5)
        self.assertLessEqual(self.names.asked["gone.zone"] - before, 2)
