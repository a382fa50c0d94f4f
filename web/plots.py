"""Pictures for planners and reports, drawn by matplotlib. The only module that touches it, and only when asked to."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gis.files import unwritable
from web.plans import Planner, Post

FloatArray = npt.NDArray[np.float64]

SHARE_COLOURS: Final = ("#b2182b", "#ef8a62", "#fddbc7", "#d1e5f0", "#67a9cf", "#2166ac")
SHARE_STEPS: Final = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0001)
"""A village below the first step is darkest red; the steps around nine tenths are those that standards ask for."""

NO_DATA: Final = "#c8c8c8"
DPI: Final = 130
KM_PER_DEGREE: Final = 111.2
SCALES_KM: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
PIXEL_DEG: Final = 3e-4
"""Shapes are drawn to within so many degrees, about 30 m: finer than a pixel."""


def share_colour(share: float) -> str:
    """The colour of a share, the same on every map and picture; readable to the colour-blind (ColorBrewer RdBu)."""
    if np.isnan(share):
        return NO_DATA
    return SHARE_COLOURS[min(int(np.searchsorted(SHARE_STEPS, share, side="right")) - 1, len(SHARE_COLOURS) - 1)]


def share_legend() -> list[tuple[str, str]]:
    """Colour and words of every step."""
    ends = [*SHARE_STEPS[:-1], 1.0]
    return [
        (colour, f"{ends[step] * 100:.0f}-{ends[step + 1] * 100:.0f}%") for step, colour in enumerate(SHARE_COLOURS)
    ]


def area_map(
    planner: Planner,
    colours: Mapping[str, str],
    posts: Sequence[Post],
    *,
    title: str,
    legend: Sequence[tuple[str, str]],
    meaning: str = "",
    post_word: str = "",
    fills: Sequence[tuple[Any, str]] = (),
) -> bytes:
    """A PNG of the villages in colours, with posts and a scale.

    Parameters
    ----------
    planner
        Of the region.
    colours
        By code of the village.
    posts
        Drawn as points.
    title
        Above the map.
    legend
        Colour and words.
    meaning
        Of the colours, above the legend.
    post_word
        What the points are, in the legend.
    fills
        Multipolygons in degrees and their colours, the last on top.
    """
    figure, axes = _figure(8.0, 8.0)
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    rings, faces = [], []
    for area in planner.demand.villages:
        shape = planner.region.boundaries.polygon(area.code).simplify(PIXEL_DEG)
        for part in getattr(shape, "geoms", [shape]):
            rings.append(np.asarray(part.exterior.coords)[:, :2])
            faces.append(colours.get(area.code, NO_DATA))
    axes.add_collection(PolyCollection(rings, facecolors=faces, edgecolors="#ffffff", linewidths=0.3))
    for area in planner.kecamatan:
        shape = planner.region.boundaries.polygon(area.code).simplify(PIXEL_DEG)
        for part in getattr(shape, "geoms", [shape]):
            line = np.asarray(part.exterior.coords)
            axes.plot(line[:, 0], line[:, 1], color="#333333", linewidth=0.5)
    for shape, colour in fills:
        _add_shape(axes, shape.simplify(PIXEL_DEG), facecolor=colour, edgecolor="none", alpha=0.9, zorder=3)
    keys: list[Any] = [Patch(facecolor=colour, label=words) for colour, words in legend]
    if posts:
        points = axes.scatter(
            [post.location.lon for post in posts], [post.location.lat for post in posts], s=26, c="#111111",
            edgecolors="#ffffff", linewidths=0.9, zorder=5, label=post_word,
        )  # fmt: skip
        keys += [points] if post_word else []
    box = planner.region.boundaries.bounds
    axes.set_xlim(box.west, box.east)
    axes.set_ylim(box.south, box.north)
    axes.set_aspect(1 / np.cos(np.radians((box.south + box.north) / 2)))
    axes.set_axis_off()
    axes.set_title(title, fontsize=11, loc="left")
    axes.legend(
        handles=keys, loc="lower left", fontsize=8, frameon=True, title=meaning or None, title_fontsize=8,
        alignment="left",
    )  # fmt: skip
    _add_scale(axes, box)
    if planner.region.notice:
        figure.text(0.5, 0.01, planner.region.notice, ha="center", color="#9c1c15", weight="bold")
    return _png(figure)


def _add_scale(axes: Any, box: Any) -> None:
    """A bar of whole kilometres at the lower right, at most a quarter as long as the map is wide."""
    km_deg = 1 / (KM_PER_DEGREE * np.cos(np.radians((box.south + box.north) / 2)))
    room_km = (box.east - box.west) / km_deg / 4
    length_km = max((step for step in SCALES_KM if step <= room_km), default=SCALES_KM[0])
    right, low = box.east - 0.02 * (box.east - box.west), box.south + 0.02 * (box.north - box.south)
    left = right - length_km * km_deg
    axes.plot([left, right], [low, low], color="#111111", linewidth=2.5, solid_capstyle="butt", zorder=6)
    axes.annotate(
        f"{length_km:g} km", ((left + right) / 2, low), xytext=(0, 3), textcoords="offset points", ha="center",
        va="bottom", fontsize=8, zorder=6,
    )  # fmt: skip


def beside(pictures: Sequence[bytes]) -> bytes:
    """Pictures side by side as one PNG."""
    from PIL import Image

    images = [Image.open(io.BytesIO(one)) for one in pictures]
    whole = Image.new("RGB", (sum(one.width for one in images), max(one.height for one in images)), "#ffffff")
    left = 0
    for one in images:
        whole.paste(one, (left, 0))
        left += one.width
    stream = io.BytesIO()
    whole.save(stream, format="png")
    return stream.getvalue()


def _add_shape(axes: Any, shape: Any, **look: Any) -> None:
    """Add a multipolygon with its holes."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    rings = [ring for part in getattr(shape, "geoms", [shape]) for ring in (part.exterior, *part.interiors)]
    if rings:
        joined = Outline.make_compound_path(*(Outline(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings))
        axes.add_patch(PathPatch(joined, **look))


def distribution(
    series: Mapping[str, tuple[FloatArray, FloatArray]], *, standard_s: float, title: str, across: str, up: str
) -> bytes:
    """A PNG of cumulative shares over minutes: for each name its minutes and shares."""
    figure, axes = _figure(8.0, 4.5)
    for name, (minutes, shares) in series.items():
        axes.step(minutes, np.asarray(shares) * 100, where="post", label=name)
    axes.axvline(standard_s / 60, color="#9c1c15", linestyle="--", linewidth=1)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_ylim(0, 100)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=11, loc="left")
    return _png(figure)


def write_picture(path: Path, picture: bytes) -> None:
    """Write a picture, whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(picture)
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    # Without pyplot: no window, and nothing that threads would share.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _png(figure: Any) -> bytes:
    stream = io.BytesIO()
    # No date and no version in the file: the same plan gives the same bytes.
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def font_files() -> tuple[str, str]:
    """DejaVu Sans, regular and bold, which come with matplotlib: PDF files carry their fonts with them."""
    from matplotlib.font_manager import FontProperties, findfont

    return findfont(FontProperties(family="DejaVu Sans")), findfont(FontProperties(family="DejaVu Sans", weight="bold"))
