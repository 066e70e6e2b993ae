"""Rain of NetCDF files by CF: classic ones by SciPy, NetCDF-4 by h5netcdf (the extra ``grids``).
Which cells a sub-basin takes is rain_grids.py."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fangxian.spine.core.clock import beijing
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.tables import Note, UnreadableError

from .rain_grids import Field, Floats, Grid, Gridded, check_degrees

RAIN = (
    "precipitation_amount",
    "lwe_thickness_of_precipitation_amount",
    "thickness_of_rainfall_amount",
    "rainfall_amount",
)
NAMES = {"tp", "apcp", "rain", "rainfall", "precip", "precipitation", "prec", "pre", "pr", "r1"}
TO_MM = {"mm": 1.0, "kg m-2": 1.0, "kg m**-2": 1.0, "kg/m2": 1.0, "kg/m^2": 1.0, "kg m^-2": 1.0}
TO_MM |= {"millimeter": 1.0, "millimetre": 1.0, "m": 1000.0, "m of water equivalent": 1000.0}
MEMBERS = {"member", "members", "realization", "number", "ensemble", "ens"}
UNITS_S = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hr": 3600}
UNITS_S |= {"hour": 3600, "d": 86400, "day": 86400}
SINCE = re.compile(
    r"(?P<unit>[a-z]+?)s? since (?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:[t ]+(?P<H>\d{1,2})(?::(?P<M>\d{1,2}))?(?::(?P<S>\d{1,2})(?:\.\d*)?)?)?"
    r"\s*(?P<z>z|utc|gmt|[+-]\d{1,2}(?::?\d{2})?)?"
)
CALENDARS = {"", "standard", "gregorian", "proleptic_gregorian"}
FILL = 9.9e36  # what NetCDF itself writes where nothing was written is 9.969e36
BROKEN = (
    *(OSError, EOFError, MemoryError, RuntimeError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
)


@dataclass(frozen=True)
class Variable:
    """A variable of either kind of file; ``read`` takes an index."""

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    attrs: Mapping[str, Any]
    read: Callable[[Any], Any]

    def text(self, name: str) -> str:
        value = self.attrs.get(name, "")
        value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return str(value).strip().casefold()

    def all(self) -> Any:
        return np.asarray(self.read(...))


def read_netcdf(
    path: Path,
    *,
    issued: datetime | None,
    member: str | None,
    accumulated: bool | None,
    box: tuple[float, float, float, float],
) -> tuple[Gridded, Callable[[], None]]:
    """A forecast, and what closes its file. Only what lies in ``box`` is read. Raises
    ``file.unfit``, and ``call.wrong`` where nobody says when it was issued."""
    try:
        variables, close = _open(path)
        try:
            return _forecast(path, variables, issued, member, accumulated, box), close
        except BaseException:
            close()
            raise
    except UnreadableError as error:
        raise Problem("file.unfit", file=path.name, zh=error.zh, en=error.en) from error
    except BROKEN as error:
        why = f"{type(error).__name__} {error}"[:200]
        zh, en = f"不是可读的 NetCDF：{why}", f"no readable NetCDF: {why}"
        raise Problem("file.unfit", file=path.name, zh=zh, en=en) from error


def _open(path: Path) -> tuple[dict[str, Variable], Callable[[], None]]:
    with path.open("rb") as file:
        mark = file.read(4)
    if mark in (b"CDF\x01", b"CDF\x02"):
        from scipy.io import netcdf_file

        old: Any = netcdf_file(str(path), "r", mmap=False)
        return {
            name: Variable(name, v.dimensions, v.shape, dict(v._attributes), v.__getitem__)
            for name, v in old.variables.items()
        }, old.close
    if mark != b"\x89HDF":
        raise UnreadableError("不是 NetCDF（classic 或 NetCDF-4）", "neither NetCDF classic nor -4")
    try:
        import h5netcdf
        import h5py
    except ImportError:
        zh = "读 NetCDF-4 需要 h5netcdf：pip install fangxian[grids]"
        en = "NetCDF-4 needs h5netcdf: pip install fangxian[grids]"
        raise UnreadableError(zh, en) from None
    with h5py.File(path, "r") as probe:  # a damaged one is left open by h5netcdf 1.8
        probe.attrs.get("_nc3_strict")
    new = h5netcdf.File(path, "r")
    try:
        return {
            name: Variable(name, v.dimensions, v.shape, dict(v.attrs), v.__getitem__)
            for name, v in new.variables.items()
        }, new.close
    except BROKEN:
        new.close()
        raise


def _forecast(
    path: Path,
    variables: Mapping[str, Variable],
    issued: datetime | None,
    member: str | None,
    accumulated: bool | None,
    box: tuple[float, float, float, float],
) -> Gridded:
    rain = _rain(variables)
    lat = _coordinate(variables, rain, "latitude", ("lat", "latitude"), "degrees_north")
    lon = _coordinate(variables, rain, "longitude", ("lon", "longitude"), "degrees_east")
    time = _time(variables, rain)
    at = _issue(path, variables, issued)
    ends, own = _spans(variables, rain, time, at)
    counted = own if accumulated is None else accumulated
    if counted is None:
        zh = f"{path.name} 没有说是逐时还是累计雨量，请给 --hourly 或 --accumulated"
        en = f"{path.name} says neither by the hour nor counted on: give --hourly or --accumulated"
        raise Problem("call.wrong", zh=zh, en=en)
    hours = [_hour(at, end) for end in ends]
    names = _members(variables, rain, member)
    strange = [
        dim
        for dim, n in zip(rain.dims, rain.shape, strict=True)
        if n > 1 and dim not in (*time.dims, lat.dims[0], lon.dims[0], names[0])
    ]
    if strange:
        zh, en = f"{rain.name} 另有维 {strange}", f"{rain.name} has dimensions {strange} as well"
        raise UnreadableError(zh, en)
    rows, lats = _window(lat, box[1], box[3])
    cols, lons = _window(lon, box[0], box[2])
    grid = Grid(lons, lats)
    check_degrees(grid)
    order = sorted(range(len(hours)), key=hours.__getitem__)
    if len(set(hours)) < len(hours):
        raise UnreadableError("有的时刻出现两次", "a time comes twice")
    taken = [k for k in order if hours[k] > 0 or (counted and hours[k] == 0)]
    one = Gridded(at, hours, {}, counted, path.name)
    zh, en = ("自发布起累计", "counted on") if counted else ("逐时", "by the hour")
    one.notes.append(Note(f"{path.name}：按{zh}雨量读", f"{path.name}: read as rain {en}"))
    before = sum(h <= 0 for h in hours) if not counted else sum(h < 0 for h in hours)
    if before:
        zh, en = f"发布前的 {before} 个时刻未收", f"{before} times up to the issue are not taken"
        one.notes.append(Note(f"{path.name}：{zh}", f"{path.name}: {en}"))
    places = {time.dims[0] if time.dims else "": "t", lat.dims[0]: "y", lon.dims[0]: "x"}
    pick = {"t": slice(None), "y": rows, "x": cols}
    for k, name in names[1]:
        index = [k if d == names[0] else pick[places[d]] if d in places else 0 for d in rain.dims]
        axes = [places[d] for d in rain.dims if d in places and d != names[0]]
        steps = [(hours[t], t) for t in taken]
        read = partial(_fields, rain, tuple(index), axes, grid, steps)
        one.members = {**one.members, name: read}
    return one


def _fields(
    rain: Variable, index: Any, axes: list[str], grid: Grid, steps: Sequence[tuple[int, int]]
) -> Iterator[Field]:
    """A member is read in one piece: its chunks are unpacked once."""
    try:
        raw = np.asarray(rain.read(index))
        values = _unpacked(rain, raw)
    except BROKEN as error:
        zh, en = f"{rain.name} 读不出：{error}", f"{rain.name} cannot be read: {error}"
        raise UnreadableError(zh, en) from error
    values = values if "t" in axes else values[None]
    axes = axes if "t" in axes else ["t", *axes]
    values = values.transpose([axes.index(a) for a in "tyx"])
    for hour, t in steps:
        yield Field(hour, grid, values[t], f"+{hour:03d} h")


def _unpacked(rain: Variable, raw: Any) -> Floats:
    """In mm, NaN where nothing is."""
    values: Floats = raw.astype(np.float64)
    gone = ~np.isfinite(values) | (np.abs(values) > FILL)
    for name in ("_FillValue", "missing_value"):
        for mark in np.atleast_1d(rain.attrs.get(name, ())):
            gone |= values == float(mark)
    scale, add = (
        float(np.ravel(rain.attrs.get(name, default))[0])
        for name, default in (("scale_factor", 1.0), ("add_offset", 0.0))
    )
    values = (values * scale + add) * TO_MM[rain.text("units")]
    values[gone] = np.nan
    return values


def _rain(variables: Mapping[str, Variable]) -> Variable:
    """By its standard name, else by its own; never one whose unit is no depth."""
    for name in RAIN:
        found = [v for v in variables.values() if v.text("standard_name") == name]
        if found:
            break
    else:
        plain = [v for v in variables.values() if len(v.dims) > 1 and not v.text("standard_name")]
        found = [v for v in plain if v.name.casefold() in NAMES]
    if len(found) != 1:
        has = ", ".join(sorted(v.name for v in found or variables.values()))
        zh, en = f"找不到唯一的雨量变量；有 {has}", f"no one variable of rain; there are {has}"
        raise UnreadableError(zh, en)
    if found[0].text("units") not in TO_MM:
        unit = found[0].text("units")
        zh = f"{found[0].name} 的单位“{unit}”不是 mm、kg m-2、m"
        raise UnreadableError(zh, f"{found[0].name} is in {unit!r}, not in mm, kg m-2 or m")
    return found[0]


def _coordinate(
    variables: Mapping[str, Variable],
    rain: Variable,
    standard: str,
    names: Sequence[str],
    unit: str,
) -> Variable:
    found = [
        v
        for v in variables.values()
        if v.text("standard_name") == standard
        or (not v.text("standard_name") and v.name.casefold() in names)
        or (not v.text("standard_name") and v.text("units") == unit)
    ]
    own = [v for v in found if len(v.dims) == 1 and v.dims[0] in rain.dims]
    if len(own) != 1:
        zh = f"{rain.name} 没有一维的 {standard} 坐标（旋转或曲线格网请先插值）"
        en = f"{rain.name} has no {standard} of one dimension (other grids: interpolate first)"
        raise UnreadableError(zh, en)
    return own[0]


def _time(variables: Mapping[str, Variable], rain: Variable) -> Variable:
    """Valid times, by step or one alone."""
    told = [
        v
        for v in variables.values()
        if " since " in v.text("units")
        and v.text("standard_name") in ("time", "")
        and (v.dims == () or (len(v.dims) == 1 and v.dims[0] in rain.dims))
        and not v.name.endswith(("_bnds", "_bounds"))
    ]
    best = [v for v in told if v.dims and v.text("standard_name") == "time"]
    best = best or [v for v in told if v.dims] or told
    if len(best) != 1:
        zh, en = f"{rain.name} 没有时间坐标（CF）", f"{rain.name} has no coordinate of time (CF)"
        raise UnreadableError(zh, en)
    return best[0]


def moments(values: Any, one: Variable) -> list[datetime]:
    """CF times; UTC where the unit names no zone, as CF says. Raises UnreadableError."""
    unit, calendar = one.text("units"), one.text("calendar")
    told = SINCE.fullmatch(unit)
    if told is None or told["unit"] not in UNITS_S or calendar not in CALENDARS:
        zh = f"{one.name} 的单位或历法读不懂：{unit} {calendar}"
        raise UnreadableError(zh, f"{one.name}: units or calendar not known: {unit} {calendar}")
    y, m, d, hour, minute, second = (int(told[k] or 0) for k in ("y", "m", "d", "H", "M", "S"))
    zone, off = told["z"] or "z", timedelta()
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        digits = digits.zfill(2) + "00" if len(digits) < 3 else digits.zfill(4)
        off = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (
            -1 if zone[0] == "-" else 1
        )
    base = datetime(y, m, d, hour, minute, second, tzinfo=timezone(off)).astimezone(UTC)
    seconds = np.ravel(values).astype(np.float64) * UNITS_S[told["unit"]]
    return [beijing(base + timedelta(seconds=round(float(s)))) for s in seconds]


def _issue(path: Path, variables: Mapping[str, Variable], issued: datetime | None) -> datetime:
    rows = [v for v in variables.values() if v.text("standard_name") == "forecast_reference_time"]
    own = [at for v in rows for at in moments(v.all(), v)]
    if len(set(own)) > 1:
        raise UnreadableError("一个文件里有多次预报", "it holds several issues")
    if issued is None and not own:
        zh = f"{path.name} 没有发布时刻（forecast_reference_time），请给 --issued"
        en = f"{path.name} tells no issue (forecast_reference_time): give --issued"
        raise Problem("call.wrong", zh=zh, en=en)
    if issued is not None and own and issued != own[0]:
        zh = f"发布时刻是 {own[0]:%Y-%m-%d %H:%M}，与 --issued 不同"
        raise UnreadableError(zh, f"issued {own[0]:%Y-%m-%d %H:%M} Beijing, not as --issued says")
    return issued or own[0]


def _spans(
    variables: Mapping[str, Variable], rain: Variable, time: Variable, at: datetime
) -> tuple[list[datetime], bool | None]:
    """Ends of the times, and whether rain is counted on: bounds tell it surely, words may; None
    where nothing does, for hourly rain that rises looks like a count."""
    bounds = variables.get(time.text("bounds")) or variables.get(str(time.attrs.get("bounds")))
    if bounds is None:
        told = f"{rain.text('cell_methods')} {rain.text('grib_steptype')}"
        told += (
            f" {rain.text('GRIB_stepType')} {rain.text('long_name')} {rain.text('accumulation')}"
        )
        counted = None
        if re.search(r"interval: 1 (h|hr|hour)\b|hourly|逐时|小时雨量", told):
            counted = False
        elif re.search(r"accum|累计|累积", told):
            counted = True
        return moments(time.all(), time), counted
    own = Variable(bounds.name, bounds.dims, bounds.shape, time.attrs, bounds.read)
    told_s = np.reshape(bounds.all(), (-1, 2))
    starts, ends = moments(told_s[:, 0], own), moments(told_s[:, 1], own)
    if all(abs((b - a).total_seconds() - 3600) < 180 for a, b in zip(starts, ends, strict=True)):
        return ends, False
    if len(set(starts)) > 1:
        raise UnreadableError("时段不是一小时", "its spans are no hours")
    if starts[0] < at and at not in ends:
        zh, en = "累计自发布之前起，而无发布时刻的值", "counted from before the issue, without it"
        raise UnreadableError(zh, en)
    return ends, True


def _hour(at: datetime, end: datetime) -> int:
    hours = (end - at).total_seconds() / 3600
    if abs(hours - round(hours)) > 0.05:  # days as 32-bit numbers are off by minutes
        zh = f"{end:%Y-%m-%d %H:%M} 与发布时刻不差整小时"
        raise UnreadableError(zh, f"{end:%Y-%m-%d %H:%M} is no whole hour from the issue")
    return round(hours)


def _members(
    variables: Mapping[str, Variable], rain: Variable, member: str | None
) -> tuple[str, list[tuple[int, str]]]:
    """The dimension of members, "" for none; place and name of each, or of the one asked for."""
    real = [v.dims[0] for v in variables.values()
            if v.text("standard_name") == "realization" and len(v.dims) == 1]  # fmt: skip
    dim = next((d for d in rain.dims if d in real or d.casefold() in MEMBERS), "")
    if not dim:
        return "", [(0, member or "1")]
    own = [v for v in variables.values() if v.dims == (dim,)]
    own = [v for v in own if v.name == dim or v.text("standard_name") == "realization"] or own[:1]
    n = rain.shape[rain.dims.index(dim)]
    names = [_plain(value) for value in own[0].all()] if own else [str(k + 1) for k in range(n)]
    if len(set(names)) < n:
        raise UnreadableError(f"成员重名：{names[:9]}", f"members of the same name: {names[:9]}")
    if member is not None and member not in names:
        zh, en = f"没有成员 {member}；有 {names[:9]}", f"no member {member}; it has {names[:9]}"
        raise UnreadableError(zh, en)
    return dim, [(k, name) for k, name in enumerate(names) if member in (None, name)]


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return f"{value:g}" if isinstance(value, np.number) else str(value)


def _window(one: Variable, low: float, high: float) -> tuple[slice, tuple[float, ...]]:
    """The cells about low to high, and their edges half way between the middles."""
    middle = one.all().astype(np.float64)
    steps = np.diff(middle)
    if len(middle) < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        zh, en = f"{one.name} 不是单调的坐标", f"{one.name} neither rises nor falls"
        raise UnreadableError(zh, en)
    inner = middle[:-1] + steps / 2
    edges = np.concatenate([[middle[0] - steps[0] / 2], inner, [middle[-1] + steps[-1] / 2]])
    near = (np.maximum(edges[:-1], edges[1:]) > low) & (np.minimum(edges[:-1], edges[1:]) < high)
    cells = np.flatnonzero(near)
    if not cells.size:
        cells = np.array([0])  # any cell: the outline lies in none
    first, last = int(cells[0]), int(cells[-1]) + 1
    return slice(first, last), tuple(edges[first : last + 1].tolist())
