"""Rain on grids to rain of sub-basins, by the area each cell shares with an outline; grids as ESRI
ASCII. NetCDF is rain_netcdf.py, what becomes of the rain rain_files.py. docs/forecast-files.md."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fangxian.spine.core.clock import BEIJING
from fangxian.spine.core.tables import Note, UnreadableError

from .models import Basin

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
LACKING = 0.02  # of an outline, outside the grid or without data: more is no mean of it
TINY_MM = 0.05  # below zero by no more than this is what packing leaves: 0
MOST_MM_H = 500.0  # 401 mm fell in an hour at Shangdi in 1975; more is a wrong unit
MOST_HOURS = 1440  # a forecast of two months
STEP = re.compile(r"(?:_(?P<issued>\d{10})_|_\+)(?P<hour>\d{1,4})$")
CORNERS = ("xllcorner", "xllcenter", "yllcorner", "yllcenter")
HEADER = {"ncols", "nrows", *CORNERS, "cellsize", "dx", "dy", "nodata_value"}


@dataclass(frozen=True, slots=True)
class Grid:
    """Edges of columns and of rows in degrees, in the order of the values."""

    lon: tuple[float, ...]
    lat: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """Cells of an outline and the share of its area in each; ``outside`` lies in none."""

    rows: Ints
    cols: Ints
    share: Floats
    outside: float


@dataclass(frozen=True, slots=True)
class Field:
    """Rain (rows, columns) in mm up to the end of an hour, NaN where there is none."""

    hour: int
    grid: Grid
    values: Floats
    name: str


@dataclass
class Gridded:
    """A forecast on grids. Its hours are known, its members read when their turn comes;
    ``accumulated`` counts on from the issue."""

    issued_at: datetime
    hours: Sequence[int]
    members: Mapping[str, Callable[[], Iterator[Field]]]
    accumulated: bool
    origin: str
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class Land:
    """A basin with the outlines of its parts (WKB), by code."""

    basin: Basin
    outlines: tuple[bytes, ...]


def land_of(basin: Basin) -> Land:
    """Raises UnreadableError where a part has no outline, or one without an area."""
    import shapely
    import shapely.errors
    import shapely.geometry

    parts = list(basin.parts.order_by("code"))
    bare = "、".join(p.code for p in parts if not p.shape)
    if bare or not parts:
        raise UnreadableError(f"分块 {bare or '—'} 没有边界", f"no outline of part {bare or '-'}")
    outlines = []
    for part in parts:
        try:
            shape = shapely.make_valid(shapely.geometry.shape(part.shape or {}))
        except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError):
            shape = shapely.Point()
        if not shape.area > 0:
            zh, en = f"分块 {part.code} 的边界不是面", f"the outline of part {part.code} is no area"
            raise UnreadableError(zh, en)
        outlines.append(bytes(shapely.to_wkb(shape)))
    return Land(basin, tuple(outlines))


def box_of(lands: Iterable[Land]) -> tuple[float, float, float, float]:
    """West, south, east and north of all of them."""
    import shapely

    shapes = shapely.from_wkb([outline for land in lands for outline in land.outlines])
    west, south, east, north = map(float, shapely.total_bounds(shapes))
    return west, south, east, north


@lru_cache(1024)
def shares(grid: Grid, outline: bytes) -> Shares:
    """By area on the sphere: latitudes are drawn as their sines, which keeps areas."""
    import shapely

    def flat(points: Any) -> Any:
        return np.column_stack([points[:, 0], _flat(points[:, 1])])

    shape = shapely.transform(shapely.from_wkb(outline), flat)
    west, south, east, north = shape.bounds
    x, y = np.array(grid.lon, np.float64), _flat(np.array(grid.lat, np.float64))
    left, right = np.minimum(x[:-1], x[1:]), np.maximum(x[:-1], x[1:])
    low, high = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
    near_rows = np.flatnonzero((high > south) & (low < north))
    near_cols = np.flatnonzero((right > west) & (left < east))
    rows, cols = (a.ravel() for a in np.meshgrid(near_rows, near_cols, indexing="ij"))
    cells = shapely.box(left[cols], low[rows], right[cols], high[rows])
    shapely.prepare(shape)
    area = np.where(shapely.covers(shape, cells), shapely.area(cells), 0.0)
    cut = (area == 0) & shapely.intersects(shape, cells)
    area[cut] = shapely.area(shapely.intersection(shape, cells[cut]))
    there = area > 0
    share = area[there] / shape.area
    return Shares(rows[there], cols[there], share, max(1.0 - float(share.sum()), 0.0))


def _flat(lat: Any) -> Any:
    return np.degrees(np.sin(np.radians(np.clip(lat, -90.0, 90.0))))


def mean_mm(values: Floats, own: Shares, name: str) -> float:
    """The mean of an outline's cells. Raises UnreadableError for what is no rain, and where more
    than ``LACKING`` of the outline has none."""
    gone = np.isnan(values)
    lacks = own.outside + float(own.share[gone].sum())
    if lacks > LACKING:
        zh = f"{name}：边界有 {lacks:.1%} 在格网外（{own.outside:.1%}）或无数据"
        en = (
            f"{name}: {lacks:.1%} of the outline is outside the grid ({own.outside:.1%}) or no data"
        )
        raise UnreadableError(zh, en)
    mm = values[~gone]
    if mm.min() < -TINY_MM or mm.max() > MOST_MM_H:
        worst = mm.min() if mm.min() < -TINY_MM else mm.max()
        zh = f"{name}：格点雨量 {worst:.4g} 毫米，不在 0–{MOST_MM_H:g} 之内"
        raise UnreadableError(zh, f"{name}: {worst:.4g} mm in a cell, not of 0-{MOST_MM_H:g}")
    share = own.share[~gone]
    return float(np.maximum(mm, 0.0) @ share / share.sum())


def check_hours(hours: Iterable[int]) -> int:
    """The last hour. Raises UnreadableError where one from the first on is missing."""
    ahead = sorted(h for h in hours if h > 0)
    if not ahead:
        raise UnreadableError("没有发布之后的时刻", "it has no hour after the issue")
    missing = next((k for k, h in enumerate(ahead, 1) if h != k), None)
    if missing is not None:
        lost, there = ahead[-1] - len(ahead), ahead[missing - 1]
        zh = f"第 {missing} 小时缺（其后是第 {there} 小时，共缺 {lost} 个）；要逐小时"
        en = f"hour {missing} is missing (then comes {there}; {lost} in all); it must be hourly"
        raise UnreadableError(zh, en)
    if ahead[-1] > MOST_HOURS:
        zh = f"有 {ahead[-1]} 小时，最多 {MOST_HOURS}"
        raise UnreadableError(zh, f"{ahead[-1]} hours, at most {MOST_HOURS}")
    return ahead[-1]


Rows = list[list[float]]


def rain_by_basin(
    one: Gridded, member: str, lands: Sequence[Land]
) -> dict[str, Rows | UnreadableError]:
    """A member's rain (hours, parts) of each basin by code, or why there is none."""
    found: dict[str, Rows | UnreadableError] = {land.basin.code: [] for land in lands}
    before: dict[str, dict[int, tuple[Grid, Floats]]] = {land.basin.code: {} for land in lands}
    try:
        check_hours(one.hours)
        for field_ in one.members[member]():
            for land in lands:
                rows = found[land.basin.code]
                if isinstance(rows, UnreadableError):
                    continue
                own = before[land.basin.code] if one.accumulated else None
                try:
                    mm = _hour(land, field_, own)
                except UnreadableError as error:
                    found[land.basin.code] = error
                    continue
                if field_.hour > 0:
                    rows.append(mm)
    except UnreadableError as error:  # an hour is not there: no basin has the whole
        return {
            code: rows if isinstance(rows, Exception) else error for code, rows in found.items()
        }
    return found


def _hour(land: Land, one: Field, before: dict[int, tuple[Grid, Floats]] | None) -> list[float]:
    """Rain of each part in an hour; ``before`` keeps what was counted up to the last one."""
    row = []
    for k, outline in enumerate(land.outlines):
        own = shares(one.grid, outline)
        values = one.values[own.rows, own.cols]
        if before is not None:
            grid, last = before.get(k, (one.grid, np.zeros(len(values))))
            before[k] = one.grid, values
            if grid != one.grid:
                zh, en = f"{one.name}：格网与前一小时不同", f"{one.name}: another grid than before"
                raise UnreadableError(zh, en)
            fall = np.nanmin(values - last, initial=0.0)
            if one.hour > 0 and fall < -TINY_MM:
                zh = f"{one.name}：累计雨量比前一小时少 {-fall:.3g} 毫米"
                raise UnreadableError(zh, f"{one.name}: the count falls by {-fall:.3g} mm")
            values = values - last if one.hour > 0 else np.zeros(len(values))
        row.append(mean_mm(values, own, one.name) if one.hour > 0 else 0.0)
    return row


def step_of(path: Path) -> tuple[datetime | None, int]:
    """Issue (Beijing), where it is named, and hour after it: ``.._+HHH.asc`` or
    ``.._YYYYMMDDHH_HHH.asc``. Raises UnreadableError."""
    told = STEP.search(path.stem)
    zh = f"{path.name}：文件名应以 _+HHH 或 _YYYYMMDDHH_HHH 结尾"
    en = f"{path.name}: its name must end with _+HHH or _YYYYMMDDHH_HHH"
    if told is None:
        raise UnreadableError(zh, en)
    if told["issued"] is None:
        return None, int(told["hour"])
    y, m, d, h = (int(told["issued"][a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10)))
    try:
        return datetime(y, m, d, h, tzinfo=BEIJING), int(told["hour"])
    except ValueError:
        raise UnreadableError(zh, en) from None


def group_steps(
    paths: Iterable[Path], issued: datetime | None
) -> tuple[dict[datetime, dict[int, Path]], list[Note]]:
    """Files by issue and hour, and what is wrong with the others. An issue with an hour twice is
    left out."""
    found: dict[datetime, dict[int, Path]] = {}
    wrong: list[Note] = []
    broken = set()
    for path in sorted(paths):
        try:
            own, hour = step_of(path)
        except UnreadableError as error:
            wrong.append(Note(error.zh, error.en))
            continue
        at = own or issued
        if at is None:
            zh, en = "文件名不含发布时刻，请给 --issued", "its name tells no issue: give --issued"
            wrong.append(Note(f"{path.name}：{zh}", f"{path.name}: {en}"))
        elif issued is not None and at != issued:
            zh, en = "发布时刻与 --issued 不同", "of another issue than --issued"
            wrong.append(Note(f"{path.name}：{zh}", f"{path.name}: {en}"))
        elif hour in found.setdefault(at, {}):
            other = found[at][hour].name
            zh, en = f"与 {other} 是同一小时，这次预报未收", f"the hour of {other}: not taken"
            wrong.append(Note(f"{path.name}：{zh}", f"{path.name}: {en}"))
            broken.add(at)
        else:
            found[at][hour] = path
    return {at: own for at, own in found.items() if at not in broken}, wrong


def ascii_rain(
    steps: Mapping[int, Path], issued_at: datetime, *, member: str, accumulated: bool, origin: str
) -> Gridded:
    """A forecast of one grid an hour."""
    hours = sorted(steps)
    one = Gridded(issued_at, hours, {}, accumulated, origin)
    if 0 in steps and not accumulated:
        zh, en = "是发布时刻之前的雨，未收", "is rain before the issue, not taken"
        one.notes.append(Note(f"{steps[0].name} {zh}", f"{steps[0].name} {en}"))
        hours = hours[1:]
    one.members = {member: partial(_fields, steps, hours)}
    return one


def _fields(steps: Mapping[int, Path], hours: Sequence[int]) -> Iterator[Field]:
    for hour in hours:
        grid, values = read_ascii(steps[hour])
        yield Field(hour, grid, values, steps[hour].name)


def read_ascii(path: Path) -> tuple[Grid, Floats]:
    """An ESRI ASCII grid in degrees, NaN where it says NODATA. Raises UnreadableError."""
    try:
        with path.open(encoding="ascii") as file:
            words = file.read().lower().split()
        told: dict[str, float] = {}
        while 2 * len(told) < len(words) and words[2 * len(told)] in HEADER:
            k = 2 * len(told)
            if words[k] in told:
                raise ValueError(f"{words[k]} twice")
            told[words[k]] = float(words[k + 1])
        shape = int(told["nrows"]), int(told["ncols"])
        values = np.array(words[2 * len(told) :], np.float64).reshape(shape)
        grid = _grid(told)
    except (OSError, ValueError, KeyError, IndexError) as error:
        why = f"no {error}" if isinstance(error, KeyError) else str(error)[:120]
        zh, en = f"{path.name} 不是 ASCII 格网：{why}", f"{path.name} is no ASCII grid: {why}"
        raise UnreadableError(zh, en) from error
    values[(values == told.get("nodata_value", -9999.0)) | ~np.isfinite(values)] = np.nan
    return grid, values


def _grid(told: Mapping[str, float]) -> Grid:
    """Its rows from the north. Raises KeyError and ValueError."""
    dx = told["dx"] if "dx" in told else told["cellsize"]
    dy = told["dy"] if "dy" in told else told["cellsize"]
    west = told["xllcenter"] - dx / 2 if "xllcenter" in told else told["xllcorner"]
    south = told["yllcenter"] - dy / 2 if "yllcenter" in told else told["yllcorner"]
    n_rows, n_cols = int(told["nrows"]), int(told["ncols"])
    if not (dx > 0 and dy > 0 and n_rows > 0 and n_cols > 0):
        raise ValueError("its size")
    lat = [south + dy * k for k in range(n_rows, -1, -1)]
    grid = Grid(tuple(west + dx * k for k in range(n_cols + 1)), tuple(lat))
    check_degrees(grid)
    return grid


def check_degrees(grid: Grid) -> None:
    """Raises ValueError for what are no longitudes and latitudes, metres for example."""
    if not (min(grid.lon) >= -181 and max(grid.lon) <= 361):
        raise ValueError(f"x {min(grid.lon):g} - {max(grid.lon):g}: no longitudes in degrees")
    if not (min(grid.lat) >= -91 and max(grid.lat) <= 91):
        raise ValueError(f"y {min(grid.lat):g} - {max(grid.lat):g}: no latitudes in degrees")
