"""A bar chart for the docs, as SVG: each case's rate against the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.bars import REFERENCE, US
from benchmarks.rounds import Measured

_ROW, _TOP, _LEFT, _WIDTH, _RIGHT = 34, 48, 330, 420, 90
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2933 }
  .title { font-weight: 600 } .faint { fill: #616e7c }
  .us { fill: #2563ab } .reference { fill: #b8c4d0 }
  .one { stroke: #616e7c; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb } .faint { fill: #9aa5b1 }
    .us { fill: #63a4ea } .reference { fill: #52606d }
  }
""".strip("\n")


def svg(cases: Sequence[Measured]) -> str:
    """Bars are shares of the reference's rate, the figures answers per second."""
    rows = [
        (one.title, one.median(US, "rate") or 0.0, ratio)
        for one in cases
        if (ratio := one.ratio("rate", US, REFERENCE)) is not None
    ]
    longest = max([1.0, *(ratio for _, _, ratio in rows)])
    scale = _WIDTH / longest
    height = _TOP + _ROW * len(rows) + 28
    width = _LEFT + _WIDTH + _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        "<title>Answers per second on one core, as a share of a bare relay's</title>",
        f"<style>\n{_STYLE}\n</style>",
        '<text class="title" x="12" y="24">Answers per second on one core, '
        "as a share of a bare relay's</text>",
    ]
    for place, (title, rate, ratio) in enumerate(rows):
        top = _TOP + place * _ROW
        parts += [
            f'<text x="{_LEFT - 10}" y="{top + 16}" text-anchor="end">{escape(title)}</text>',
            f'<rect class="us" x="{_LEFT}" y="{top}" width="{ratio * scale:.1f}" height="14"/>',
            f'<rect class="reference" x="{_LEFT}" y="{top + 16}" width="{scale:.1f}" height="6"/>',
            f'<text x="{_LEFT + ratio * scale + 6:.1f}" y="{top + 12}">{ratio:.2f}'
            f'<tspan class="faint"> {rate:,.0f}/s</tspan></text>',
        ]
    bottom = _TOP + _ROW * len(rows)
    one = _LEFT + scale
    parts += [
        f'<line class="one" x1="{one:.1f}" x2="{one:.1f}" y1="{_TOP - 8}" y2="{bottom}"/>',
        f'<text class="faint" x="{_LEFT}" y="{bottom + 16}">thick: Pointsman, everything on; '
        "thin: the relay, twenty lines, no gateway work</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
