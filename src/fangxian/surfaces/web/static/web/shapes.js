// What stands on the map's canvas: a shape for each level, the names of the worst, the typhoon's track.
import { tones } from './palette.js';

const SIZE = { 1: 3, 2: 1.5, 3: 0, 4: -1 }; // red is the largest
const NAMED = 8;
const FONT = 12;

export const Shape = L.CircleMarker.extend({
  _updatePath() {
    const ctx = this._renderer._ctx;
    const p = this._point;
    const r = this.options.radius;
    if (!this._renderer._drawing || this._empty()) return;
    ctx.beginPath();
    const kind = this.options.kind;
    if (kind === 1) {
      ctx.moveTo(p.x, p.y - r);
      ctx.lineTo(p.x + r, p.y + r * 0.8);
      ctx.lineTo(p.x - r, p.y + r * 0.8);
      ctx.closePath();
    } else if (kind === 2) {
      ctx.moveTo(p.x, p.y - r);
      ctx.lineTo(p.x + r, p.y);
      ctx.lineTo(p.x, p.y + r);
      ctx.lineTo(p.x - r, p.y);
      ctx.closePath();
    } else if (kind === 4) {
      ctx.rect(p.x - r * 0.8, p.y - r * 0.8, r * 1.6, r * 1.6);
    } else {
      ctx.arc(p.x, p.y, r, 0, Math.PI * 2);
    }
    this._renderer._fillStroke(ctx, this);
  },
});

// Names beside the worst stations, with a halo of paper; one that would lie over another is left out.
export const Names = L.CircleMarker.extend({
  options: { interactive: false, radius: 1 },
  name(points) {
    this.named = points.slice(0, NAMED);
    return this;
  },
  _empty: () => false,
  _containsPoint: () => false,
  _updateBounds() {
    this._pxBounds = L.bounds([-1e5, -1e5], [1e5, 1e5]);
  },
  _updatePath() {
    if (!this._renderer._drawing || !this.named) return;
    const ctx = this._renderer._ctx;
    const tone = tones();
    const taken = [];
    ctx.save();
    ctx.globalAlpha = 1;
    ctx.font = `600 ${FONT}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textBaseline = 'middle';
    ctx.lineJoin = 'round';
    ctx.lineWidth = 3.5;
    this.named.forEach(({ lat, lon, name }) => {
      const at = this._map.latLngToLayerPoint([lat, lon]);
      const wide = ctx.measureText(name).width;
      const free = [at.x + 14, at.x - 14 - wide].find(
        (x) =>
          !taken.some((o) => Math.abs(o.y - at.y) < FONT + 3 && x < o.x + o.wide + 4 && o.x < x + wide + 4),
      );
      if (free === undefined) return;
      taken.push({ x: free, y: at.y, wide });
      ctx.strokeStyle = tone('paper');
      ctx.strokeText(name, free, at.y);
      ctx.fillStyle = tone('ink');
      ctx.fillText(name, free, at.y);
    });
    ctx.restore();
  },
});

export function look(point, big, tone) {
  if (point.stale)
    return { kind: 0, radius: 5, color: tone('gap'), weight: 1.4, fillColor: tone('paper'), fillOpacity: 1 };
  if (point.level)
    return {
      kind: point.level,
      radius: big + SIZE[point.level],
      color: tone('paper'),
      weight: 1,
      fillColor: tone(`l${point.level}`),
      fillOpacity: 1,
    };
  return { kind: 0, radius: 3.5, color: tone('paper'), weight: 0.5, fillColor: tone('ok'), fillOpacity: 1 };
}

// Where the storm has been: a solid line, a ring at each fix, a larger one where it is now.
export function drawTrack(track, group, renderer, tone, told) {
  group.clearLayers();
  if (!track.fixes.length) return;
  const line = track.fixes.map((f) => [f.lat, f.lon]);
  L.polyline(line, { renderer, color: tone('ink'), weight: 2, interactive: false }).addTo(group);
  track.fixes.forEach((f, k) =>
    L.circleMarker([f.lat, f.lon], {
      renderer,
      radius: k === line.length - 1 ? 7 : 3,
      color: tone('ink'),
      weight: 2,
      fillColor: tone('paper'),
      fillOpacity: 1,
    })
      .bindTooltip(() => told(f))
      .addTo(group),
  );
}
