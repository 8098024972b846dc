#!/usr/bin/env python3
"""Checks the structure that CMake cannot: who includes whom, which folder may use which library, namespaces, what
coroutines may not be, sizes, READMEs, and that the links of ARCHITECTURE.md lead to the lines that they name.

usage: layers.py ROOT [--fix-links]      exit status 0, or 1 with one line per finding
"""
import re
import sys
from pathlib import Path

# A folder may include its own files and everything named here. Features never include each other, and nobody includes
# the programs (logplex/daemon, logplex/cli). Large folders have rooms below them, with an order of their own.
BASE = ["logplex/base", "logplex/base/bytes"]
MODEL = ["logplex/model", "logplex/model/decide"]
PURE = BASE + MODEL + ["logplex/wire"]
NET_ROOMS = ["logplex/net", "logplex/net/tls", "logplex/net/dial", "logplex/net/http"]
NET = PURE + ["logplex/runtime"] + NET_ROOMS
STORE = ["logplex/store", "logplex/store/sqlite", "logplex/store/redis", "logplex/store/places"]
FEATURE = NET + STORE + ["logplex/channel", "logplex/channel/seams"]
ROUTER_ROOMS = ["router/message", "router/http1", "router/line", "router/sockets", "router/proxy_protocol"]
CLIENT_PROTOCOL = FEATURE + ROUTER_ROOMS + ["router"]  # every other folder below router
DRAIN_KIND = FEATURE + ["drains/facts", "drains/kinds"]  # every other folder below drains
INGRESS_KIND = FEATURE + ["logplex/ingress"]  # every folder below logplex/ingress
API = ["logplex/api/frame", "logplex/api/tail", "logplex/api/calls"]
CLI = ["logplex/cli/view", "logplex/cli/client", "logplex/cli/grammar"]
MAY_INCLUDE = {
    "logplex/base/bytes": [],
    "logplex/base": ["logplex/base/bytes"],
    "logplex/model": BASE,
    "logplex/model/decide": BASE + ["logplex/model"],
    "logplex/wire": BASE + ["logplex/model"],
    "logplex/runtime": PURE,
    "logplex/net": PURE + ["logplex/runtime"],
    "logplex/net/tls": PURE + ["logplex/runtime", "logplex/net"],
    "logplex/net/dial": PURE + ["logplex/runtime", "logplex/net", "logplex/net/tls"],
    "logplex/net/http": PURE + ["logplex/runtime", "logplex/net"],
    "logplex/store": NET,
    "logplex/store/sqlite": NET + ["logplex/store"],
    "logplex/store/redis": NET + ["logplex/store", "logplex/store/sqlite"],
    "logplex/store/places": NET + ["logplex/store", "logplex/store/sqlite", "logplex/store/redis"],
    "logplex/channel/seams": NET,
    "logplex/channel": NET + ["logplex/channel/seams"],
    "router/message": BASE,
    "router/http1": BASE + ["router/message"],
    "router/proxy_protocol": BASE,
    "router/line": PURE + ["router/message"],
    "router/sockets": PURE + ["logplex/runtime", "logplex/net", "router/message", "router/http1"],
    "router": FEATURE + ROUTER_ROOMS,
    "drains/facts": PURE + ["logplex/net"],
    "drains/kinds": FEATURE + ["drains/facts"],
    "drains/delivery": DRAIN_KIND,
    "drains": DRAIN_KIND + ["drains/*"],
    "logplex/api/frame": FEATURE,
    "logplex/api/tail": FEATURE + ["logplex/api/frame"],
    "logplex/api/calls": FEATURE + ["drains/facts", "logplex/api/frame", "logplex/api/tail"],
    "logplex/api": FEATURE + API,
    "logplex/ingress": FEATURE,
    "logplex/daemon": FEATURE + ["router", "router/http1", "drains", "drains/*", "logplex/api", *API, "logplex/ingress"],
    "logplex/cli/view": NET,
    "logplex/cli/client": NET + ["logplex/cli/view"],
    "logplex/cli/grammar": NET + ["drains/facts"],
    "logplex/cli": NET + STORE + CLI + ["drains/facts"],
}
# Folders that are not named there are kinds: of drains, of protocols for the router's clients, of ingress.
MAY_INCLUDE_NEW = {"drains": DRAIN_KIND, "router": CLIENT_PROTOCOL, "logplex": INGRESS_KIND}
MOST_PAIRS = 25  # of source and header in one folder

# header pattern -> files that may include it (regular expressions on the path)
LIBRARY_ONLY_IN = {
    r"hiredis/": r"logplex/store/redis/",
    r"librdkafka/": r"drains/kafka/",
    r"openssl/|boost/asio/ssl": r"logplex/net/tls/|logplex/(base|net|api)/([a-z]+/)?[a-z_]*(auth|hash|rng|uuid|seal|secret)",
    r"zstd\.h": r"logplex/[a-z]+/zstd",
    r"sqlite3\.h": r"logplex/store/(sqlite|places)/",
    r"prometheus/": r"logplex/base/metrics",
    r"spdlog/": r"logplex/base/log",
    r"toml\+\+/": r"logplex/base/settings",
    r"CLI/": r"logplex/(daemon|cli)/",
    r"nlohmann/": r"$^",
    r"[a-z]mmintrin|arm_neon": r"logplex/base/bytes/bytes16_",
}
NO_ASIO_IN = ("logplex/base/", "logplex/model/", "logplex/wire/", "router/message/", "router/http1/")
FORBIDDEN = {
    "boost/asio.hpp": "include the Asio headers that are needed, one by one",
    "boost/beast.hpp": "include the Beast headers that are needed, one by one",
    "regex": "std::regex is not used; RE2 is",
}
MAX_LINES = {".hpp": 250, ".cpp": 500}
LINK_DRIFT = 10  # lines by which a link may be off before it is a finding
README_MAX_LINES = 40
TOP_LEVEL = {"router", "logplex", "drains", "redis-scripts", "tests", "ops", "cmake", "build"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LINK = re.compile(r"\[(`[^`\]]+`|[^\]`]+)\]\(([^)#:]+)(?:#L(\d+))?\)")
# What reads as the difference of two wall times, which may not fit into a Duration.
WALL_DIFFERENCE = re.compile(r"\b(wall(_now)?|received)\(\)\s*-[^>=-]|\s-\s*[\w.:>()*-]*\b(wall(_now)?|received)\(\)")
# Coroutines are named functions: what a lambda captured may be gone when its coroutine goes on.
CAPTURING_COROUTINE = re.compile(r"\[[^\]]+\]\s*(\([^)]*\))?\s*(mutable\s*)?->\s*Task<")
# g++ 12 destroys an aggregate twice that is built with braces in the statement of a co_await.
AGGREGATE_AT_AWAIT = re.compile(r"\bco_(await|yield)\b[^;]*\b[A-Z]\w*\{")
NAMESPACE = re.compile(r"^namespace (sluice[\w:]*) \{", re.M)
OPEN_ENDED = re.compile(r"\b(TODO|FIXME|XXX)\b")


class Findings:
    def __init__(self, root):
        self.root = root
        self.lines = []

    def add(self, path, line, text):
        where = str(path.relative_to(self.root)) if isinstance(path, Path) else path
        self.lines.append(f"{where}:{line}: {text}" if line else f"{where}: {text}")


def folder_of(name):
    """The folder of a file, or the one to whose floor it belongs."""
    if re.fullmatch(r"drains/[a-z]+/[a-z_]+_(facts|url)\.[ch]pp", name):
        return "drains/facts"
    return name.rsplit("/", 1)[0] if "/" in name else ""


def has_place(folder):
    return folder in MAY_INCLUDE or re.fullmatch(r"(drains|router|logplex/ingress)/[a-z0-9]+", folder) is not None


def may_include(folder, other):
    if folder == other:
        return True
    allowed = MAY_INCLUDE.get(folder, MAY_INCLUDE_NEW[folder.split("/")[0]])
    return other in allowed or other.split("/")[0] + "/*" in allowed


def name_in_own_test_folder(found, folder, target):
    return folder.startswith("tests/") and "/" not in target and (found.root / folder / target).is_file()


def check_own_include(found, path, number, folder, target):
    if name_in_own_test_folder(found, folder, target):
        return
    if not (found.root / target).is_file():
        found.add(path, number, f'"{target}" is no path from the root of the project')
    elif has_place(folder) and not may_include(folder, folder_of(target)):
        found.add(path, number, f"{folder} must not include {folder_of(target)}")


def check_library_include(found, path, number, name, target):
    if target in FORBIDDEN:
        found.add(path, number, f"<{target}>: {FORBIDDEN[target]}")
    if target.startswith("boost/asio") and name.startswith(NO_ASIO_IN):
        found.add(path, number, f"<{target}>: this folder knows no Asio")
    if name.startswith("tests/"):
        return
    for library, allowed in LIBRARY_ONLY_IN.items():
        if re.match(library, target) and not re.match(allowed, name):
            found.add(path, number, f"<{target}> belongs elsewhere (only in {allowed})")


def namespace_of(folder):
    """Features and programs have a namespace each, for all of their rooms; what stands below them shares one."""
    if folder == "router/http1":
        return "sluice::router::http1"
    top = folder.removeprefix("logplex/").split("/")[0]
    return f"sluice::{top}" if top in ("router", "drains", "api", "ingress", "daemon", "cli") else "sluice"


def check_namespace(found, path, folder, text):
    """What a file defines stands in its folder's namespace; other ones are opened for declarations ahead only."""
    named = NAMESPACE.findall(text)
    right = namespace_of(folder)
    if named and not {right, f"{right}::{path.stem}"} & set(named):
        found.add(path, 0, f"opens {', '.join(sorted(set(named)))}; its folder's namespace is {right}")


def check_coroutines(found, path, number, line):
    if CAPTURING_COROUTINE.search(line):
        found.add(path, number, "a coroutine that captures: make it a named function with parameters")
    if AGGREGATE_AT_AWAIT.search(line):
        found.add(path, number, "an aggregate with braces beside co_await: build it in the line before and move it in")


def check_source(found, path):
    name = str(path.relative_to(found.root))
    folder = folder_of(name)
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if not name.startswith("tests/"):
        check_namespace(found, path, folder, text)
    limit = MAX_LINES[".cpp" if name.startswith("tests/") else path.suffix]
    if len(lines) > limit:
        found.add(path, 0, f"{len(lines)} lines; the limit is {limit}")
    for number, line in enumerate(lines, 1):
        if OPEN_ENDED.search(line):
            found.add(path, number, "what is left open stands in a README, not in the code")
        if WALL_DIFFERENCE.search(line) and name != "logplex/base/wall_time.hpp":
            found.add(path, number, "time_between() and later() are how wall times are subtracted and added")
        if not name.startswith("tests/"):
            check_coroutines(found, path, number, line)
        include = INCLUDE.match(line)
        if include and include[1] == '"':
            check_own_include(found, path, number, folder, include[2])
        elif include:
            check_library_include(found, path, number, name, include[2])


def check_folder(found, folder):
    if not has_place(folder):
        found.add(folder, 0, "a new folder: give it its place in ops/layers.py")
    readme = found.root / folder / "README.md"
    if not readme.is_file():
        found.add(folder, 0, "has no README.md")
    elif len(readme.read_text(encoding="utf-8").splitlines()) > README_MAX_LINES:
        found.add(readme, 0, f"longer than {README_MAX_LINES} lines")
    pairs = {path.stem for path in (found.root / folder).glob("*.[ch]pp")}
    if len(pairs) > MOST_PAIRS:
        found.add(folder, 0, f"{len(pairs)} pairs of source and header; the limit is {MOST_PAIRS}: give it rooms")


def check_unit_test(found, path):
    folder = folder_of(str(path.relative_to(found.root / "tests/unit")))
    if not has_place(folder) and folder != "redis-scripts":
        found.add(path, 0, "tests/unit mirrors the folders of the code; there is no such folder")


def line_of(path, symbol):
    """Where a symbol is defined: a type's or function's own line, not a call of it or a declaration ahead."""
    word = re.escape(symbol)
    patterns = (rf"^[^/]*\b(class|struct) {word}\b(?!.*;)", rf"^[\w<>:,*& ]+[ *&]{word}\(", rf"^[^/]*\b{word}\b")
    lines = path.read_text(encoding="utf-8").splitlines()
    for pattern in patterns:
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line):
                return number
    return None


def check_links(found, page, fix):
    """Each [`name`](file#Lnn) leads to the line where name stands; with fix the numbers are made right."""
    def check(link):
        text, target, number = link[1], link[2], link[3]
        path = found.root / target
        if not path.exists():
            found.add(page, 0, f"link to {target}, which does not exist")
        if not number or not path.is_file():
            return link[0]
        right = line_of(path, text.strip("`")) if text.startswith("`") else int(number)
        if right is None:
            found.add(page, 0, f"{target} has no {text}")
        elif abs(right - int(number)) > LINK_DRIFT and not fix:
            found.add(page, 0, f"{text} stands in line {right} of {target}, not {number}; run ops/dev layers --fix-links")
        return f"[{text}]({target}#L{right if fix and right else number})"
    before = page.read_text(encoding="utf-8")
    after = LINK.sub(check, before)
    if fix and after != before:
        page.write_text(after, encoding="utf-8")


def main(root, fix_links=False):
    found = Findings(root)
    check_links(found, root / "ARCHITECTURE.md", fix_links)
    sources = [p for top in ("router", "logplex", "drains", "tests") for p in (root / top).rglob("*.[ch]pp")]
    for path in sorted(sources):
        check_source(found, path)
    for folder in sorted({folder_of(str(p.relative_to(root))) for p in sources}):
        if not folder.startswith("tests"):
            check_folder(found, folder)
    for path in sorted((root / "tests/unit").rglob("*.cpp")):
        check_unit_test(found, path)
    for entry in sorted(root.iterdir()):
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in TOP_LEVEL and entry.name != "sluice-data":
            found.add(entry.name, 0, "no other folders at the top level")
    for line in found.lines:
        print(line)
    print(f"layers: {len(sources)} files, {len(found.lines)} findings")
    return 1 if found.lines else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), "--fix-links" in sys.argv))
