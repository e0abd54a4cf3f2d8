"""Runs the scenarios of one group in the guest: run.py GROUP PROGRAM SHARE [NAME…]

The group is a module beside this one. Each scenario is a function marked with `@scenario`; it gets a `Stage` and fails by
an exception. What it needs lies in SHARE, what it leaves goes there: `report.json`, and for each failure the program's lines.
"""
import importlib
import json
import sys
import time
import traceback
from datetime import datetime

from program import Failed
from stage import SCENARIOS, Stage


def attempt(stage, function):
    """Why the scenario failed; None if it did not."""
    stage.runs.clear()
    try:
        function(stage)
        return None
    except Failed as failure:
        return str(failure)
    except Exception:
        return traceback.format_exc()


def recoveries(lines):
    """Seconds from each loss of a source to the next frame, with the cause of the loss."""
    lost = {}
    for line in lines:
        time = datetime.fromisoformat(line["time"]).timestamp()
        if line.get("event") == "lost":
            lost.setdefault(line["source"], (time, line["cause"]))
        elif line.get("event") == "streaming" and line["source"] in lost:
            since, cause = lost.pop(line["source"])
            yield f"{time - since:.2f} s: {cause}"


def main(group, program, share, *names):
    importlib.import_module(group)
    stage = Stage(program, share)
    done = []
    for function in SCENARIOS:
        name = function.__name__
        if names and name not in names:
            continue
        start = time.monotonic()
        before = len(stage.scores)
        failure = attempt(stage, function)
        for scores in stage.scores[before:]:
            scores["scenario"] = name
        if failure is not None:
            lines = "".join(json.dumps(line) + "\n" for run in stage.runs for line in run.lines)
            said = "".join(run.said() for run in stage.runs)
            stage.write(f"{name}.lines", (lines + said).encode())
        seconds = time.monotonic() - start
        print(f"{'ok    ' if failure is None else 'FAILED'} {seconds:5.1f} s  {name}", flush=True)
        for recovery in (recovery for run in stage.runs for recovery in recoveries(run.lines)):
            print(f"       streaming again after {recovery}", flush=True)
        if failure is not None:
            print("       " + failure.replace("\n", "\n       "), flush=True)
        done.append({"name": name, "failure": failure, "seconds": round(seconds, 1)})
        stage.write("report.json", json.dumps({"scenarios": done, "scores": stage.scores, "complete": False}).encode())
    stage.write("report.json", json.dumps({"scenarios": done, "scores": stage.scores, "complete": True}).encode())
    return 1 if any(scenario["failure"] is not None for scenario in done) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
