"""A report as PDF. The only module that touches fpdf2, and only when asked to."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

from web.plots import font_files
from web.report_parts import Grid, Heading, Items, Paragraph, Part, Picture, Report

FONT: Final = "body"
TEXT_PT: Final = 10
TABLE_PT: Final = 7.5
LINE_MM: Final = 5.0
LINE_GREY: Final = 190
CELL_MM: Final = 2.8
"""Padding of a cell, both sides together."""


def report_pdf(report: Report) -> bytes:
    """The report on A4 pages, numbered, with its fonts inside."""
    from fpdf import FPDF

    class Sheet(FPDF):
        """Pages with a foot."""

        def footer(self) -> None:
            """Title and number of the page."""
            self.set_y(-12)
            self.set_font(FONT, size=8)
            self.cell(0, 6, f"{report.title} - {self.page_no()}/{{nb}}", align="C")

    sheet = Sheet(format="A4")
    regular, bold = font_files()
    sheet.add_font(FONT, "", regular)
    sheet.add_font(FONT, "B", bold)
    sheet.set_auto_page_break(True, margin=16)
    sheet.set_title(report.title)
    sheet.set_lang(report.lang)
    sheet.add_page()
    if report.notice:
        sheet.set_font(FONT, "B", 11)
        sheet.set_fill_color(255, 179, 0)
        sheet.cell(0, 8, report.notice, align="C", fill=True, new_x="LMARGIN", new_y="NEXT")
    sheet.set_font(FONT, "B", 18)
    sheet.multi_cell(0, 9, report.title, align="L", new_x="LMARGIN", new_y="NEXT")
    sheet.set_font(FONT, size=TEXT_PT)
    sheet.multi_cell(0, LINE_MM, report.subtitle, align="L", new_x="LMARGIN", new_y="NEXT")
    for part in report.parts:
        _print(sheet, part)
    return bytes(sheet.output())


def _print(sheet: Any, part: Part) -> None:
    if isinstance(part, Heading):
        sheet.ln(3)
        if sheet.will_page_break(30):
            sheet.add_page()
        sheet.set_font(FONT, "B", 13)
        sheet.multi_cell(0, 7, part.text, align="L", new_x="LMARGIN", new_y="NEXT")
        sheet.set_font(FONT, size=TEXT_PT)
    elif isinstance(part, Paragraph):
        sheet.multi_cell(0, LINE_MM, part.text, align="L", new_x="LMARGIN", new_y="NEXT")
        sheet.ln(1)
    elif isinstance(part, Items):
        for text in part.texts:
            sheet.multi_cell(0, LINE_MM, f"\u2022 {text}", align="L", new_x="LMARGIN", new_y="NEXT")
        sheet.ln(1)
    elif isinstance(part, Picture):
        sheet.ln(2)
        sheet.image(io.BytesIO(part.png), w=sheet.epw, alt_text=part.text)
        sheet.ln(2)
    else:
        _grid(sheet, part)


def column_widths(part: Grid, measure: Callable[[str], float], room_mm: float) -> list[float]:
    """Millimetres of the columns of a table: figures are never broken; words may be where there is no room.

    Parameters
    ----------
    part
        The table.
    measure
        Millimetres of a text.
    room_mm
        Of the page.
    """
    columns = list(zip(part.head, *part.rows, strict=True))
    least = [max(measure(word) for cell in column for word in cell.split(" ")) + CELL_MM for column in columns]
    whole = [max(measure(cell) for cell in column) + CELL_MM for column in columns]
    # Headings may break between words, figures may not.
    body = [max((measure(cell) for cell in column[1:]), default=0.0) + CELL_MM for column in columns]
    needed = [max(low, full) for low, full in zip(least, body, strict=True)]
    if sum(whole) <= room_mm:
        needed = whole
    if sum(needed) > room_mm:
        needed = least
    spare = room_mm - sum(needed)
    return [width + spare * width / sum(needed) for width in needed]


def _grid(sheet: Any, part: Grid) -> None:
    from fpdf.enums import TableBordersLayout
    from fpdf.fonts import FontFace

    sheet.set_font(FONT, size=TABLE_PT)
    widths = column_widths(part, sheet.get_string_width, sheet.epw)
    align = tuple("LEFT" if number < part.left else "RIGHT" for number in range(len(part.head)))
    sheet.set_draw_color(LINE_GREY)
    with sheet.table(
        col_widths=tuple(widths), text_align=align, line_height=4.2, headings_style=FontFace(emphasis="BOLD"),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES, padding=0.4,
    ) as table:  # fmt: skip
        for cells in (part.head, *part.rows):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    sheet.set_font(FONT, size=TEXT_PT)
    sheet.ln(2)
