"""Xinanjiang as one would explain it at a blackboard: one sub-basin, one step after the other, the
plain formulas of docs/methods/xinanjiang.md, no speed. The compiled drivers are held to it."""

import math


def evaporate(p, wu, wl, wd, rain_mm, need):
    """From the upper layer, then the lower, then the deep one."""
    if wu + rain_mm >= need:
        return need, 0.0, 0.0
    eu = wu + rain_mm
    if wl >= p["C"] * p["LM"]:
        el, ed = (need - eu) * wl / p["LM"], 0.0
    elif wl >= p["C"] * (need - eu):
        el, ed = p["C"] * (need - eu), 0.0
    else:
        el, ed = wl, min(p["C"] * (need - eu) - wl, wd)
    return eu, min(el, wl), ed


def runoff(p, w, net):
    """From the tension-water curve."""
    wmm = p["WM"] * (1 + p["B"]) / (1 - p["IM"])
    a = wmm * (1 - max(1 - w / p["WM"], 0) ** (1 / (1 + p["B"])))
    r = net - (p["WM"] - w)
    if net + a < wmm:
        r += p["WM"] * (1 - (net + a) / wmm) ** (1 + p["B"])
    return min(max(r, 0.0), net)


def three_sources(p, keep, net, r, s, fr, *, flat=False):
    """Of the impervious share at once; of the rest of the area that runs off in slices of 5 mm.
    What a spot of that area can hold shrinks with it, or is flat."""
    new = max(r / net - p["IM"], 1e-6)  # at least a millionth of the basin
    r, sealed = new * net, p["IM"] * net
    share = 1.0 if flat else 1 - (1 - new) ** (1 / p["EX"])
    largest = max(p["SM"] * (1 + p["EX"]) * share, 1e-6)
    mean = largest / (1 + p["EX"])
    s = s * fr / new
    rs = max(s - mean, 0) * new
    s, fr = min(s, mean), new
    n = math.floor(net / 5) + 1
    part, left, ri, rg = r / fr / n, keep ** (1 / n), 0.0, 0.0
    for _ in range(n):
        au = largest * (1 - max(1 - s / mean, 0) ** (1 / (1 + p["EX"])))
        over = part + s - mean
        if part + au < largest:
            over += mean * (1 - (part + au) / largest) ** (1 + p["EX"])
        over = min(max(over, 0.0), part + s)
        s += part - over
        rs += over * fr
        ri += (1 - left) * p["KI"] / (p["KI"] + p["KG"]) * s * fr
        rg += (1 - left) * p["KG"] / (p["KI"] + p["KG"]) * s * fr
        s *= left
    return r + sealed, s, fr, rs + sealed, ri, rg


class Way:
    """To the outlet: three reservoirs, lag, network, reaches."""

    def __init__(self, p, area_km2, dt_h, network_km2):
        self.p, self.dt, self.u = p, dt_h, area_km2 / (3.6 * dt_h)
        self.c = {name: p["C" + name] ** (dt_h / 24) for name in "SIGR"}
        if area_km2 < network_km2:
            self.c["R"] = 0.0
        self.flow = {"QS": 0.0, "QI": 0.0, "QG": 0.0, "QN": 0.0}
        self.waiting = [0.0] * int(p.get("L", 0) / dt_h + 1e-9)
        self.into, self.out = ([0.0] * int(p["KE"] / dt_h + 1e-9) for _ in range(2))

    def step(self, depths):
        for name, depth in depths.items():
            c = self.c[name]
            self.flow["Q" + name] = c * self.flow["Q" + name] + (1 - c) * depth * self.u
        self.waiting.append(self.flow["QS"] + self.flow["QI"] + self.flow["QG"])
        c = self.c["R"]
        self.flow["QN"] = c * self.flow["QN"] + (1 - c) * self.waiting.pop(0)
        return self.reaches(self.flow["QN"])

    def reaches(self, q):
        dt, x = self.dt, 0.5 - len(self.into) * (1 - 2 * self.p["XE"]) / 2
        below = dt - dt * x + 0.5 * dt
        for j in range(len(self.into)):
            leaves = (0.5 * dt - dt * x) * q + (0.5 * dt + dt * x) * self.into[j]
            leaves = (leaves + (dt - dt * x - 0.5 * dt) * self.out[j]) / below
            self.into[j], self.out[j] = q, leaves
            q = leaves
        return q


def simulate(
    p, area_km2, dt_h, rain, pan, *, wu, wl, wd, s=0.0, fr=0.0, network_km2=200.0, flat=False
):
    """Rows of dictionaries, one a step, of all fluxes and states."""
    keep = (1 - p["KI"] - p["KG"]) ** (dt_h / 24)
    ki, kg = ((1 - keep) * p[k] / (p["KI"] + p["KG"]) for k in ("KI", "KG"))
    way, told = Way(p, area_km2, dt_h, network_km2), []
    deep = p["WM"] - p["UM"] - p["LM"]
    for rain_mm, pan_mm in zip(rain, pan, strict=True):
        eu, el, ed = evaporate(p, wu, wl, wd, rain_mm, p["KC"] * pan_mm)
        net = max(rain_mm - eu - el - ed, 0.0)
        r, rs, ri, rg = 0.0, 0.0, ki * s * fr, kg * s * fr
        if net > 0:
            r = runoff(p, wu + wl + wd, net)
            r, s, fr, rs, ri, rg = three_sources(p, keep, net, r, s, fr, flat=flat)
        else:
            s *= keep
        # the layers are filled from above
        wu, wl, wd = max(wu + rain_mm - eu - r, 0.0), wl - el, wd - ed
        wl, wu = wl + max(wu - p["UM"], 0), min(wu, p["UM"])
        wd, wl = wd + max(wl - p["LM"], 0), min(wl, p["LM"])
        rs, r, wd = rs + max(wd - deep, 0), r + max(wd - deep, 0), min(wd, deep)
        q = way.step({"S": rs, "I": ri, "G": rg})
        land = {"WU": wu, "WL": wl, "WD": wd, "S": s, "FR": fr, "R": r, "RS": rs, "RI": ri}
        told.append({"P": rain_mm, "E": eu + el + ed, **land, "RG": rg, **way.flow, "Q": q})
    return told
