"""A printable report as parts, and as one HTML file; `web.report_pdf` prints the same parts."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

STYLE = """
@page { size: A4; margin: 18mm 16mm; }
body { font: 11pt/1.45 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; color: #15202b; max-width: 182mm;
  margin: 0 auto; padding: 8mm; }
h1 { font-size: 20pt; margin: 0 0 4pt; } h2 { font-size: 13.5pt; margin: 16pt 0 4pt; break-after: avoid; }
p { margin: 0 0 6pt; } li { margin: 0 0 3pt; }
table { border-collapse: collapse; width: 100%; font-size: 9pt; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; } tr { break-inside: avoid; }
th, td { border-bottom: 0.5pt solid #c3ccd5; padding: 2pt 4pt; text-align: right; }
.left { text-align: left; }
.wide { overflow-x: auto; }
img { width: 100%; max-height: 230mm; object-fit: contain; break-inside: avoid; }
.notice { background: #ffb300; padding: 4pt 8pt; font-weight: 700; text-align: center; }
@media screen and (max-width: 700px) { body { padding: 4mm; } h1 { font-size: 16pt; } th, td { padding: 2pt 3pt; } }
@media print { body { padding: 0; } .wide { overflow: visible; } }
"""

LEFT = ' class="left"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A chapter."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table; the first `left` columns are words and stand at the left, the others are figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1

    @classmethod
    def of(cls, head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> Grid:
        """From any sequences."""
        return cls(head=tuple(head), rows=tuple(tuple(row) for row in rows), left=left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG with what it shows."""

    png: bytes
    text: str


Part = Heading | Paragraph | Items | Grid | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report in one language.

    Attributes
    ----------
    title, subtitle
        Above it.
    lang
        Of the text.
    notice
        Of the demonstration region, or None.
    parts
        In order.
    """

    title: str
    subtitle: str
    lang: str
    notice: str | None
    parts: tuple[Part, ...]


def report_html(report: Report) -> str:
    """One HTML file that asks nobody for anything and prints on A4."""
    body = [f'<p class="notice">{html.escape(report.notice)}</p>'] if report.notice else []
    body += [f"<h1>{html.escape(report.title)}</h1>", f"<p>{html.escape(report.subtitle)}</p>"]
    body += [_html(part) for part in report.parts]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{report.lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{html.escape(report.title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _html(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h2>{html.escape(part.text)}</h2>"
    if isinstance(part, Paragraph):
        return f"<p>{html.escape(part.text)}</p>"
    if isinstance(part, Items):
        return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in part.texts) + "</ul>"
    if isinstance(part, Picture):
        data = base64.b64encode(part.png).decode("ascii")
        return f'<img alt="{html.escape(part.text, quote=True)}" src="data:image/png;base64,{data}">'
    head = _cells("th", part.head, part.left)
    rows = "".join(f"<tr>{_cells('td', row, part.left)}</tr>" for row in part.rows)
    # A table wider than a small screen is moved by itself, not the page.
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(tag: str, cells: Sequence[str], left: int) -> str:
    return "".join(
        f"<{tag}{LEFT if number < left else ''}>{html.escape(cell)}</{tag}>" for number, cell in enumerate(cells)
    )
