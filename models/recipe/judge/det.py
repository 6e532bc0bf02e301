"""A detection error trade-off plot: both error rates of speaker verification on axes of normal deviates (Martin et al., 1997)."""

from statistics import NormalDist

SIZE, MARGIN = 420, 56
TICKS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
LEAST, MOST = TICKS[0], 0.5
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def _place(rate):
    """A rate's distance along an axis, 0 to 1."""
    low, high, at = (NormalDist().inv_cdf(x) for x in (LEAST, MOST, min(MOST, max(LEAST, rate))))
    return (at - low) / (high - low)


def _point(fmr, fnmr):
    return MARGIN + SIZE * _place(fmr), MARGIN / 2 + SIZE * (1 - _place(fnmr))


def _text(x, y, words, anchor="middle", turned=False):
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{words}</text>'


def _line(a, b, colour="#ddd", width=1):
    return f'<path d="M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def svg(curves):
    """The plot as SVG; `curves` maps a name to (false match rate, false non-match rate) pairs."""
    parts = []
    for tick in TICKS:
        label = f"{100 * tick:g}"
        bottom, left = _point(tick, LEAST), _point(LEAST, tick)
        parts += [_line(bottom, _point(tick, MOST)), _line(left, _point(MOST, tick))]
        parts += [_text(bottom[0], bottom[1] + 16, label), _text(left[0] - 6, left[1] + 4, label, "end")]
    parts.append(_line(_point(LEAST, LEAST), _point(MOST, MOST), "#bbb"))
    parts.append(_text(MARGIN + SIZE / 2, SIZE + MARGIN + 12, "false match rate, %"))
    parts.append(_text(14, MARGIN / 2 + SIZE / 2, "false non-match rate, %", turned=True))
    for number, (name, rates) in enumerate(curves.items()):
        colour, places = COLOURS[number % len(COLOURS)], [_point(*pair) for pair in rates]
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
