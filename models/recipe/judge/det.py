"""Detection error trade-off plots: how much of one error has to be borne for less of the other (Martin et al., 1997)."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Callable

SIZE, MARGIN = 420, 56
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#ff7f0e", "#17becf", "#7f7f7f")


@dataclass(frozen=True)
class Axis:
    """What stands along a side of the plot: its ticks, the last of which may lie before the end."""

    label: str
    ticks: tuple
    most: float
    scale: Callable
    factor: float = 1  # of the numbers beside the ticks

    def place(self, value):
        """A value's distance along the axis, 0 to 1."""
        low, high, at = (self.scale(x) for x in (self.ticks[0], self.most, min(self.most, max(self.ticks[0], value))))
        return (at - low) / (high - low)


_SHARES, _DEVIATE = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4), NormalDist().inv_cdf
MATCHES = Axis("false match rate, %", _SHARES, 0.5, _DEVIATE, 100)
NON_MATCHES = Axis("false non-match rate, %", _SHARES, 0.5, _DEVIATE, 100)
ALARMS = Axis("false alarms of a phrase, an hour", (0.01, 0.03, 0.1, 0.3, 1, 3), 3, math.log)
MISSES = Axis("phrases missed, %", (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8), 0.9, _DEVIATE, 100)


def _text(x, y, words, anchor="middle", turned=False):
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{words}</text>'


def _line(a, b, colour="#ddd", width=1):
    return f'<path d="M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def svg(curves, across=MATCHES, up=NON_MATCHES):
    """The plot as SVG; `curves` maps a name to pairs of both errors."""

    def point(x, y):
        return MARGIN + SIZE * across.place(x), MARGIN / 2 + SIZE * (1 - up.place(y))

    parts = []
    for tick in across.ticks:
        bottom = point(tick, up.ticks[0])
        parts += [_line(bottom, point(tick, up.most)), _text(bottom[0], bottom[1] + 16, f"{across.factor * tick:g}")]
    for tick in up.ticks:
        left = point(across.ticks[0], tick)
        parts += [_line(left, point(across.most, tick)), _text(left[0] - 6, left[1] + 4, f"{up.factor * tick:g}", "end")]
    if across.scale is up.scale:
        parts.append(_line(point(across.ticks[0], up.ticks[0]), point(across.most, up.most), "#bbb"))
    parts.append(_text(MARGIN + SIZE / 2, SIZE + MARGIN + 12, across.label))
    parts.append(_text(14, MARGIN / 2 + SIZE / 2, up.label, turned=True))
    for number, (name, rates) in enumerate(curves.items()):
        colour, places = COLOURS[number % len(COLOURS)], [point(*pair) for pair in rates]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = MARGIN / 2 + 18 + 18 * number
        parts += [_line((MARGIN + SIZE - 150, y - 4), (MARGIN + SIZE - 130, y - 4), colour, 2)]
        parts.append(_text(MARGIN + SIZE - 124, y, name, "start"))
    width, height = SIZE + 1.5 * MARGIN, SIZE + 1.5 * MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>', *parts, "</svg>\n"])


def speakers(lines, group):
    """The curve of a group of voices, from the lines of `wavlm-export eval`."""
    for line in lines:
        if line["kind"] == "speaker" and line["group"] == group:
            return [(point["fmr"], point["fnmr"]) for point in line["curve"]]
    return []
