"""Reads what drains send: octet-counted frames and the syslog lines inside, kept as bytes."""
import re
from dataclasses import dataclass

_LINE = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<source>\S+) (?P<proc>\S+) (?P<msgid>\S+) (?P<rest>.*)", re.S)


@dataclass
class Line:
    """One syslog line. `text` is what follows the structured data of a syslog drain, or the msgid of an HTTP drain."""
    raw: bytes
    pri: int
    time: str
    host: str
    source: str
    proc: str
    text: bytes


def split_frames(data):
    """(frames, rest): the complete `LENGTH SP bytes` frames at the start of data, and the bytes behind them."""
    frames = []
    while data:
        head = re.match(rb"([1-9]\d{0,5}) ", data)
        if not head:
            if re.fullmatch(rb"[1-9]\d{0,5}", data):
                break
            raise ValueError(f"no frame begins with {data[:40]!r}")
        end = head.end() + int(head[1])
        if len(data) < end:
            break
        frames.append(data[head.end():end])
        data = data[end:]
    return frames, data


def frame(line):
    return str(len(line)).encode() + b" " + line


def parse_line(raw, structured_data):
    found = _LINE.fullmatch(raw)
    if not found:
        raise ValueError(f"not a syslog line: {raw[:100]!r}")
    text = found["rest"]
    if structured_data:
        if not text.startswith(b"- "):
            raise ValueError(f"no structured data: {raw[:100]!r}")
        text = text[2:]
    names = (found[name].decode() for name in ("time", "host", "source", "proc"))
    return Line(raw, int(found["pri"]), *names, text)
