"""The program `moead-edge` as a scenario runs it: its lines as they come, waited for without a fixed delay."""
import json
import signal
import subprocess
import threading
import time

# Longer than anything takes in an emulated machine beside other work; only a program that hangs waits for so long.
PATIENCE = 60


class Failed(Exception):
    """An expectation that did not hold."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


class Edge:
    """A run of the program. As a context it is ended when the scenario leaves it."""

    def __init__(self, program, *arguments, **popen):
        self.lines = []
        self.seen = 0
        self.arrived = threading.Condition()
        self.process = subprocess.Popen(
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen
        )
        self.errors = b""
        self.readers = [threading.Thread(target=read, daemon=True) for read in (self._read_lines, self._read_errors)]
        for reader in self.readers:
            reader.start()

    def _read_lines(self):
        for line in self.process.stdout:
            with self.arrived:
                self.lines.append(json.loads(line))
                self.arrived.notify_all()
        with self.arrived:
            self.arrived.notify_all()

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()

    def _next(self, deadline):
        """The next line, or None when there will be none."""
        with self.arrived:
            while self.seen == len(self.lines):
                if not self.readers[0].is_alive() and self.seen == len(self.lines):
                    return None
                if not self.arrived.wait(min(1, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    raise Failed(f"nothing for {PATIENCE} s")
            self.seen += 1
            return self.lines[self.seen - 1]

    def wait(self, what, matches):
        """The first line from here on that matches; those before it are passed over."""
        passed, deadline = [], time.monotonic() + PATIENCE
        while True:
            try:
                line = self._next(deadline)
            except Failed as reason:
                raise Failed(f"waiting for {what}: {reason}; {tell(passed)}") from None
            if line is None:
                self.process.wait()
                raise Failed(f"waiting for {what}: the program ended, status {self.process.returncode}; {tell(passed)}")
            if matches(line):
                return line
            passed.append(line)
            if time.monotonic() >= deadline:
                raise Failed(f"waiting for {what}: it did not come within {PATIENCE} s; {tell(passed)}")

    def wait_event(self, *names, source=None):
        """The next status line with one of these names."""
        return self.wait(
            f"the event {' or '.join(names)}",
            lambda line: line.get("event") in names and source in (None, line["source"]),
        )

    def wait_results(self, count, source=None):
        """The next results of frames that were judged."""
        return [
            self.wait(f"result {number + 1} of {count}", lambda line: is_result(line) and source in (None, line["source"]))
            for number in range(count)
        ]

    def finish(self, signal_number=signal.SIGINT, status=0):
        """Asks it to end, checks status and summary, and returns the summary."""
        if signal_number is not None:
            self.process.send_signal(signal_number)
        self.end(status)
        return self.summary()

    def end(self, status=0):
        """Waits for its end."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"the program did not end within {PATIENCE} s; {tell(self.lines)}") from None
        for reader in self.readers:
            reader.join()
        found = self.process.returncode
        expect(found == status, f"status {found}, expected {status}; {tell(self.lines)}; it said {self.said()!r}")
        expect("panicked" not in self.said(), f"a panic: {self.said()!r}")
        return self

    def said(self):
        """Standard error of a program that has ended."""
        return self.errors.decode(errors="replace")

    def results(self):
        """Results of frames that were judged, of a program that has ended."""
        return [line for line in self.lines if is_result(line)]

    def summary(self, source=None):
        """The last line of a source, whose numbers must add up."""
        summaries = [
            line for line in self.lines if line.get("event") == "summary" and source in (None, line["source"])
        ]
        expect(len(summaries) == 1, f"{len(summaries)} summaries; {tell(self.lines)}")
        summary = summaries[0]
        frames = summary["frames"]
        accounted = frames["judged"] + frames["dropped"]["policy"] + frames["corrupt"]
        expect(frames["received"] == accounted, f"received is not judged + policy + corrupt: {summary}")
        expect(frames["judged"] == sum(summary["verdicts"].values()), f"judged is not the sum of verdicts: {summary}")
        return summary


def is_result(line):
    return "event" not in line and line["error"] is None


def tell(lines):
    """The last lines, shortened, for a message."""
    told = []
    for line in lines[-8:]:
        names = ("event", "source", "cause", "frame", "score", "verdict", "error", "frames")
        told.append(json.dumps({name: line[name] for name in names if name in line}))
    return f"{len(lines)} lines, the last ones: " + " ".join(told) if lines else "no lines"


def memory(process):
    """Resident memory in bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
