"""When each line of a render was in which stage, and how many cores were at work: `manage.py render --timeline out.html`."""

from __future__ import annotations

import html
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from rendering.values import STAGES

COLOURS = {
    "script": "#8a8f98", "speech": "#3b7dd8", "alignment": "#7d5fc4", "motion": "#b05cc0", "frames": "#d9822b",
    "smoothing": "#c9a227", "delivery": "#2f9e6e",
}  # fmt: skip
EVERY = 0.25  # seconds between two samples of the processor time
WIDE, ROW = 1200, 22  # pixels
TICKS = os.sysconf("SC_CLK_TCK")


class Timeline:
    """Bars of stages, gathered while a render runs. `line` may be called from any thread."""

    def __init__(self, count: int) -> None:
        self.begun = time.perf_counter()
        self.bars: list[list[tuple[str, float, float]]] = [[] for _ in range(count + 1)]
        self.spent: list[tuple[float, float]] = []  # (seconds since begun, processor seconds)
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def line(self, number: int, stage: str) -> None:
        """Line `number`, from 1, is in this stage now. 0 is the joining of all."""
        now = time.perf_counter() - self.begun
        with self.lock:
            bars = self.bars[number]
            if bars:
                last, begin, _ = bars[-1]
                bars[-1] = (last, begin, now)
                if last == stage:
                    return
            bars.append((stage, now, now))

    def end(self) -> None:
        self.over.set()
        self.watcher.join()

    def cores(self) -> float:
        """Cores at work, on average, from the first sentence to the last frame."""
        with self.lock:
            begins = [
                begin for bars in self.bars[1:] for stage, begin, _ in bars if stage == "speech"
            ]
            ends = [end for bars in self.bars[1:] for stage, _, end in bars if stage == "frames"]
        if not begins or not ends or len(self.spent) < 2:
            return 0.0
        first, last = (self._spent_at(at) for at in (min(begins), max(ends)))
        return (last - first) / max(max(ends) - min(begins), EVERY)

    def _spent_at(self, wanted: float) -> float:
        """Processor seconds at that time, between the samples around it."""
        before = after = self.spent[0]
        for after in self.spent:
            if after[0] >= wanted:
                break
            before = after
        span = after[0] - before[0]
        share = (wanted - before[0]) / span if span > 0 else 0.0
        return before[1] + (after[1] - before[1]) * min(1.0, share)

    def _watch(self) -> None:
        while not self.over.wait(EVERY):
            self.spent.append((time.perf_counter() - self.begun, processor_seconds()))

    def write(self, path: Path) -> None:
        """The page: a row for each line, a bar for each stage, and the cores at work under them."""
        whole = max([end for bars in self.bars for _, _, end in bars] + [1.0])
        scale = WIDE / whole
        rows = []
        for number, bars in enumerate(self.bars):
            name, y = ("Film" if number == 0 else f"Line {number}"), self._row(number)
            rows.append(f'<text x="0" y="{y + 15}">{name}</text>')
            rows += [
                f'<rect x="{70 + begin * scale:.1f}" y="{y}" width="{max(1.0, (end - begin) * scale):.1f}" height="{ROW - 5}" '
                f'fill="{COLOURS[stage]}"><title>{name}, {stage}: {begin:.1f} to {end:.1f} s</title></rect>'
                for stage, begin, end in bars
            ]
        under = self._row(len(self.bars)) + 70
        points = [
            f"{70 + at * scale:.1f},{under - 60 * (spent - was) / (at - then) / (os.cpu_count() or 1):.1f}"
            for (then, was), (at, spent) in zip(self.spent, self.spent[1:], strict=False)
        ]
        rows.append(f'<text x="0" y="{under}">Cores</text>')
        rows.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="#d14343" stroke-width="1.5"/>'
        )
        for second in range(0, int(whole) + 1, max(1, int(whole) // 12)):
            rows.append(f'<text x="{70 + second * scale:.1f}" y="{under + 24}">{second} s</text>')
        legend = "".join(
            f'<span><i style="background:{COLOURS[stage]}"></i>{html.escape(stage)}</span>'
            for stage in STAGES
        )
        path.write_text(
            f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Timeline of a render</title>
<style>body{{font:14px system-ui;margin:24px;color-scheme:light dark}}text{{font:12px system-ui;fill:currentColor}}
span{{margin-right:16px}}i{{display:inline-block;width:12px;height:12px;margin-right:6px}}svg{{max-width:100%}}</style>
<h1>Timeline of a render</h1>
<p>{whole:.1f} s. From the first sentence to the last frame {self.cores():.2f} of {os.cpu_count()} cores were at work.</p>
<p>{legend}</p>
<svg viewBox="0 0 {WIDE + 90} {under + 34}" role="img" aria-label="A bar for each stage of each line">{"".join(rows)}</svg></html>
""",
            encoding="utf-8",
        )  # fmt: skip

    def _row(self, number: int) -> int:
        """Where the row stands: the lines in order, the film under them."""
        return ROW * ((number - 1) % len(self.bars)) if number < len(self.bars) else ROW * number


def processor_seconds() -> float:
    """Processor time of this process and of all that it started, as far as they still run or were waited for (proc(5))."""
    total, found = 0, [os.getpid()]
    for pid in found:
        with suppress(OSError, ValueError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
            for task in os.listdir(f"/proc/{pid}/task"):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return total / TICKS
