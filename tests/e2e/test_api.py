"""The HTTP API as programs see it: calls, codes, shapes, errors."""
import base64
import unittest

from case import PipelineCase
from node import call


class ApiCase(PipelineCase):
    settings = {"drains.max_per_channel": 2}

    def setUp(self):
        self.name = self.channel_name()

    def expect(self, status, method, path, body=None, **options):
        answer = self.node.api(method, path, body, **options)
        self.assertEqual(answer.status, status, f"{method} {path}: {answer}")
        return answer

    def expect_error(self, status, method, path, body=None, mentions="", **options):
        answer = self.expect(status, method, path, body, **options)
        self.assertTrue(answer.json["error"])
        self.assertIn(mentions, answer.body.decode())
        return answer


class GeneralTest(ApiCase):
    def test_key_is_needed_as_bearer_or_basic(self):
        self.node.make_channel(self.name)
        path = f"/v3/channels/{self.name}"
        good = base64.b64encode(f"anyone:{self.node.key}".encode()).decode()
        bad = base64.b64encode(b"anyone:wrong").decode()
        port = self.node.port("api.listen")
        for status, headers in ((200, {"Authorization": f"Basic {good}"}), (401, {"Authorization": f"Basic {bad}"}), (401, {}),
                                (401, {"Authorization": "Bearer wrong"}), (401, {"Authorization": f"Bearer {self.node.key}x"})):
            self.assertEqual(call(port, "GET", path, headers=headers).status, status, headers)
        self.assertEqual(call(port, "GET", "/v3/healthcheck").status, 200)

    def test_every_answer_has_a_request_id(self):
        for path in (f"/v3/channels/{self.name}", "/v3/apps", "/v3/no-such-thing"):
            self.assertTrue(self.node.api("GET", path).headers.get("request-id"), path)

    def test_bad_bodies_are_named(self):
        self.expect_error(400, "PUT", f"/v3/apps/{self.name}", b"{not json")
        self.expect_error(400, "PUT", f"/v3/apps/{self.name}", [1, 2])
        self.expect_error(400, "PUT", f"/v3/apps/{self.name}", {"domainz": []}, mentions="domainz")
        self.expect_error(400, "PUT", f"/v3/apps/{self.name}", {"backends": [{"name": "web.1", "address": "nowhere"}]},
                          mentions="address")
        self.expect_error(413, "PUT", f"/v3/apps/{self.name}", b'"' + b"x" * 2_000_000 + b'"')
        self.expect(404, "GET", f"/v3/apps/{self.name}")

    def test_requests_that_are_no_requests_get_json_and_an_id_too(self):
        for path, head in (("/v3/apps?x=%zz", b"Host: a\r\n"), ("/v3/apps", b""), ("/v3/apps", b"Host: a\r\nX: " + b"y" * 40000)):
            answer = self.raw("api.listen", b"GET " + path.encode() + b" HTTP/1.1\r\n" + head + b"\r\n")
            status, rest = answer.split(b"\r\n", 1)
            self.assertRegex(status, rb"^HTTP/1.1 4\d\d ")
            self.assertRegex(rest, rb"(?s)request-id: \S+.*\{\"error\":\"[^\"]+\"\}\n$")

    def test_numbers_are_written_plainly(self):
        self.node.make_channel(self.name)
        made = self.expect(201, "POST", f"/v3/channels/{self.name}/drains", {"url": "http://127.0.0.1:9/numbers"})
        self.assertIn(b'"oldest_pending_age_s":0,', made.body)
        self.assertIn(b'"requests_per_s":', self.expect(200, "GET", "/v3/status").body)
        self.assertNotRegex(self.expect(200, "GET", "/v3/status").body, rb"\dE")

    def test_unknown_paths_and_methods(self):
        self.expect(404, "GET", "/v3/nonsense")
        self.expect(405, "POST", f"/v3/channels/{self.name}", {})


class AppsTest(ApiCase):
    def backend(self, name="web.1", port=9):
        return {"name": name, "address": f"127.0.0.1:{port}"}

    def test_put_creates_then_replaces(self):
        path, domain = f"/v3/apps/{self.name}", f"{self.name}.test"
        made = self.expect(201, "PUT", path, {"domains": [domain], "backends": [self.backend()]}).json
        self.assertLessEqual({"name", "domains", "backends", "features", "channel"}, set(made))
        self.assertEqual((made["name"], made["domains"], made["channel"]), (self.name, [domain], self.name))
        self.assertEqual(made["backends"][0]["address"], "127.0.0.1:9")
        self.expect(200, "GET", f"/v3/channels/{self.name}")
        replaced = self.expect(200, "PUT", path, {"domains": []}).json
        self.assertEqual((replaced["domains"], replaced["backends"]), ([], []))
        self.assertEqual(self.node.request(domain).status, 404)

    def test_domain_of_another_app_is_409_and_changes_nothing(self):
        domain = f"{self.name}.test"
        self.node.must("PUT", f"/v3/apps/{self.name}", {"domains": [domain]})
        self.expect_error(409, "PUT", f"/v3/apps/{self.name}-two", {"domains": ["free.test", domain]}, mentions=domain)
        self.expect(404, "GET", f"/v3/apps/{self.name}-two")
        self.expect(404, "GET", f"/v3/channels/{self.name}-two")

    def test_domains_and_backends_one_at_a_time(self):
        path = f"/v3/apps/{self.name}"
        self.node.must("PUT", path, {})
        self.node.must("PUT", f"{path}/domains/one.{self.name}.test", {})
        self.node.must("PUT", f"{path}/backends/web.7", {"address": "127.0.0.1:77"})
        shown = self.node.must("GET", path)
        self.assertEqual((shown["domains"], [b["name"] for b in shown["backends"]]), ([f"one.{self.name}.test"], ["web.7"]))
        self.node.must("DELETE", f"{path}/domains/one.{self.name}.test")
        self.node.must("DELETE", f"{path}/backends/web.7")
        shown = self.node.must("GET", path)
        self.assertEqual((shown["domains"], shown["backends"]), ([], []))

    def test_delete_takes_the_channel_unless_asked_to_keep_it(self):
        for keep in (False, True):
            name = f"{self.name}-{keep}".lower()
            self.node.must("PUT", f"/v3/apps/{name}", {})
            self.expect(204, "DELETE", f"/v3/apps/{name}" + ("?keep_channel=true" if keep else ""))
            self.expect(404, "GET", f"/v3/apps/{name}")
            self.expect(200 if keep else 404, "GET", f"/v3/channels/{name}")

    def test_list_is_paged(self):
        for number in range(3):
            self.node.must("PUT", f"/v3/apps/{self.name}-{number}", {})
        listed = self.node.must("GET", "/v3/apps")
        self.assertIn("next", listed)
        self.assertLessEqual({f"{self.name}-{n}" for n in range(3)}, {app["name"] for app in listed["items"]})

    def test_put_adopts_a_channel_with_its_tokens(self):
        token = self.node.make_channel(self.name)
        self.expect(201, "PUT", f"/v3/apps/{self.name}", {})
        self.assertEqual(self.node.must("GET", f"/v3/channels/{self.name}")["tokens"], {"app": token})

    def test_maintenance_answers_503_as_h80(self):
        domain = f"{self.name}.test"
        self.node.must("PUT", f"/v3/apps/{self.name}", {"domains": [domain], "backends": [self.backend()]})
        self.node.must("PATCH", f"/v3/apps/{self.name}", {"features": {"maintenance": True}})
        self.assertEqual(self.node.request(domain).status, 503)
        line = self.router_line(self.name)
        self.assertEqual((line["code"], line["at"], line["desc"]), ("H80", "info", "Maintenance mode"))


class ChannelsTest(ApiCase):
    def test_put_is_a_declarative_set_of_tokens(self):
        path = f"/v3/channels/{self.name}"
        made = self.expect(201, "PUT", path, {"tokens": ["a", "b"]}).json
        self.assertEqual((made["channel"], set(made["tokens"])), (self.name, {"a", "b"}))
        again = self.expect(200, "PUT", path, {"tokens": ["b", "c"]}).json
        self.assertEqual((set(again["tokens"]), again["tokens"]["b"]), ({"b", "c"}, made["tokens"]["b"]))
        self.assertNotIn("tokens", self.expect(200, "PUT", path, {}).json)
        self.expect(400, "PUT", path, ["not", "an", "object"])
        self.expect(204, "DELETE", path)
        self.expect(404, "GET", path)
        self.expect(404, "DELETE", path)

    def test_tokens(self):
        path = f"/v3/channels/{self.name}/tokens"
        self.expect(404, "POST", path, {"name": "app"})
        self.node.must("PUT", f"/v3/channels/{self.name}", {})
        self.expect(400, "POST", path, {})
        made = self.expect(200, "POST", path, {"name": "app"}).json
        self.assertRegex(made["token"], r"^t\.[0-9a-f-]{36}$")
        listed = self.node.must("GET", path)["items"]
        self.assertEqual([item["name"] for item in listed], ["app"])
        self.assertNotIn(made["token"], str(listed))


class DrainsTest(ApiCase):
    def setUp(self):
        super().setUp()
        self.node.make_channel(self.name)
        self.path = f"/v3/channels/{self.name}/drains"

    def test_life_of_a_drain(self):
        answer = self.expect(201, "POST", self.path, {"url": "http://127.0.0.1:9/one"})
        made = answer.json
        self.assertRegex(made["token"], r"^d\.[0-9a-f-]{36}$")
        self.assertIsInstance(made["id"], int)
        self.assertLessEqual({"id", "token", "url", "format", "durable", "filter", "status", "stats"}, set(made))
        self.assertTrue(answer.headers["location"].endswith(f"{self.path}/{made['id']}"))
        for which in (made["id"], made["token"]):
            self.assertEqual(self.node.must("GET", f"{self.path}/{which}")["url"], "http://127.0.0.1:9/one")
        changed = self.expect(200, "PUT", f"{self.path}/{made['id']}", {"url": "http://127.0.0.1:9/two"}).json
        self.assertEqual((changed["id"], changed["token"], changed["url"]),
                         (made["id"], made["token"], "http://127.0.0.1:9/two"))
        self.expect(204, "DELETE", f"{self.path}/{made['id']}")
        self.expect(404, "GET", f"{self.path}/{made['id']}")
        self.expect(404, "DELETE", f"{self.path}/{made['id']}")

    def test_refusals(self):
        self.expect(404, "POST", f"/v3/channels/{self.name}-none/drains", {"url": "http://127.0.0.1:9/"})
        for url in ("i am not a url", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"):
            self.assertIn(self.node.api("POST", self.path, {"url": url}).status, (400, 422), url)
        self.expect_error(400, "POST", self.path, {"url": "http://127.0.0.1:9/", "filter": "text~("})
        self.expect(201, "POST", self.path, {"url": "http://127.0.0.1:9/a"})
        answer = self.expect(409, "POST", self.path, {"url": "http://127.0.0.1:9/a"})
        self.assertEqual(answer.json, {"error": "already exists"})
        self.expect(201, "POST", self.path, {"url": "http://127.0.0.1:9/b"})
        answer = self.expect(422, "POST", self.path, {"url": "http://127.0.0.1:9/c"})
        self.assertEqual(answer.json, {"error": "maximum number of drains reached"})

    def test_reserved_drain_gets_its_url_later(self):
        reserved = self.expect(201, "POST", self.path, {}).json
        self.assertNotIn("http", str(reserved.get("url")))
        filled = self.expect(200, "PUT", f"{self.path}/{reserved['id']}", {"url": "http://127.0.0.1:9/"}).json
        self.assertEqual((filled["id"], filled["token"]), (reserved["id"], reserved["token"]))

    def test_drain_of_another_channel_is_404(self):
        made = self.node.add_drain("http://127.0.0.1:9/mine", self.name)
        self.node.make_channel(f"{self.name}-other")
        self.expect(404, "GET", f"/v3/channels/{self.name}-other/drains/{made['id']}")
        self.expect(404, "DELETE", f"/v3/channels/{self.name}-other/drains/{made['id']}")
        self.expect(200, "GET", f"{self.path}/{made['id']}")

    def test_global_drains_are_listed_apart(self):
        made = self.node.add_drain("http://127.0.0.1:9/everything", filter="source=heroku proc=router")
        self.assertEqual(made["filter"], "source=heroku proc=router")
        self.assertIn(made["id"], [item["id"] for item in self.node.must("GET", "/v3/drains")["items"]])
        self.assertNotIn(str(made["token"]), str(self.node.must("GET", f"/v3/channels/{self.name}")))
        self.expect(204, "DELETE", f"/v3/drains/{made['id']}")
        self.expect(404, "GET", f"/v3/drains/{made['id']}")


if __name__ == "__main__":
    unittest.main()
