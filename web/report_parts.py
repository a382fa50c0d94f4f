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
th:first-child, td:first-child, .second th:nth-child(2), .second td:nth-child(2) { text-align: left; }
img { width: 100%; max-height: 230mm; object-fit: contain; break-inside: avoid; }
.notice { background: #ffb300; padding: 4pt 8pt; font-weight: 700; text-align: center; }
@media print { body { padding: 0; } }
"""


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
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in part.head)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in part.rows)
    css = ' class="second"' if part.left > 1 else ""
    return f"<table{css}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
