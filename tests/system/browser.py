"""Chromium as a reader uses it, driven over its debugging pipe with the standard library alone."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Failure(Exception):
    """What is wrong, in a line."""


class Browser:
    """One page of a headless Chromium."""

    def __init__(self) -> None:
        program = shutil.which("chromium")
        if not program:
            raise Failure("no chromium: scripts/bootstrap --lint installs it")
        self.profile = tempfile.mkdtemp(prefix="faceoff-browser-")
        read_commands, self.commands = os.pipe()
        self.answers, write_answers = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
        options += ["--disable-dev-shm-usage", "--disable-background-networking", f"--user-data-dir={self.profile}"]
        # Chromium reads commands from descriptor 3 and answers on 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{read_commands} 4>&{write_answers} && exec "$@"', "bash", program, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(read_commands, write_answers),
            start_new_session=True,
        )
        os.close(read_commands)
        os.close(write_answers)
        self.buffer = b""
        self.count = 0
        self.session = ""
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        os.close(self.commands)  # which ends it
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, until: float) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0.0, until - time.monotonic()))
            block = os.read(self.answers, 1 << 20) if ready else b""
            if not block:
                raise Failure("chromium gives no answer" if not ready else "chromium ended")
            self.buffer += block
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.count += 1
        command: dict[str, Any] = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        self.send(json.dumps(command).encode() + b"\0")
        until = time.monotonic() + 60
        while True:
            message = self.receive(until)
            if message.get("id") == self.count:
                if "error" in message:
                    raise Failure(f"{method}: {message['error']['message']}")
                return message["result"]
            self.note(message)

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.commands, data) :]

    def note(self, event: dict[str, Any]) -> None:
        """Whatever the console shows, and whatever is asked of the network."""
        given = event.get("params", {})
        match event.get("method"):
            case "Runtime.consoleAPICalled" if given["type"] in ("error", "warning", "assert"):
                self.complaints.append(" ".join(str(one.get("value", one)) for one in given["args"]))
            case "Runtime.exceptionThrown":
                details = given["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded":
                self.complaints.append(given["entry"]["text"])
            case "Network.requestWillBeSent":
                url = given["request"]["url"]
                if not url.startswith(("data:", "file:", "about:")):
                    self.complaints.append(f"it asks for {url}")

    def evaluate(self, expression: str) -> Any:
        """A JavaScript expression's value; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failure(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> None:
        """A page that complains is waited for no longer: what it does not say now it never will."""
        until = time.monotonic() + seconds
        while not self.evaluate(expression):
            if self.complaints or time.monotonic() > until:
                raise Failure(f"never true: {expression}; console: {self.complaints}")
            time.sleep(0.1)

    def window(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def dark(self, dark: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def scripts(self, allowed: bool) -> None:
        self.call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def open(self, page: Path) -> None:
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=page.absolute().as_uri())
        self.wait("document.readyState === 'complete'")

    def click(self, selector: str) -> None:
        """With the mouse, where it is seen."""
        place = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def key(self, name: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name)

    def picture(self, whole: bool = False) -> bytes:
        """What is seen as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])


@contextmanager
def browser() -> Iterator[Browser]:
    one = Browser()
    try:
        yield one
    finally:
        one.close()
