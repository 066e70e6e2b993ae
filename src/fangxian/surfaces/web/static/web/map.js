// Map widget: stations on a canvas, list and map in step, a time slider. It draws what it is given.
import { make } from './dom.js';

const LISTED = 150;
const COLOURS = { 1: '#c8102e', 2: '#e8730c', 3: '#f7c600', 4: '#1f6fd6' };

const Shape = L.CircleMarker.extend({
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

function look(point, big) {
  if (point.stale)
    return { kind: 0, radius: 5, color: '#8795a1', weight: 1.4, fillColor: '#fff', fillOpacity: 1 };
  if (point.level)
    return {
      kind: point.level,
      radius: big,
      color: point.level === 3 ? '#3d3200' : '#fff',
      weight: 1,
      fillColor: COLOURS[point.level],
      fillOpacity: 1,
    };
  return { kind: 0, radius: 3.5, color: '#fff', weight: 0.5, fillColor: '#5f7f77', fillOpacity: 1 };
}

function fixed(value, digits) {
  return value === null || value === undefined ? '—' : value.toFixed(digits);
}

function tip(point, words) {
  const level = point.level ? words.levels[point.level] : point.stale ? words.stale : words.normal;
  const rain = `${words.r1} ${fixed(point.r1, 1)} mm · ${words.r24} ${fixed(point.r24, 1)} mm`;
  const told = make('div', {}, make('b', {}, point.name), ` ${level}`, make('br'), rain);
  if (point.z !== null) told.append(make('br'), `${words.stage} ${fixed(point.z, 2)} m`);
  return told;
}

function badge(point, words) {
  if (point.stale) return [make('span', { class: 'stale' }, `○ ${words.stale}`)];
  return point.level ? [make('span', { class: `lv lv${point.level}` }, words.levels[point.level])] : [];
}

function listRow(point, words) {
  const link = make('a', { href: `/stations/${encodeURIComponent(point.code)}` }, point.name);
  return make(
    'tr',
    { 'data-code': point.code },
    make('th', { scope: 'row' }, link),
    make('td', {}, ...badge(point, words)),
    make('td', { class: 'n' }, fixed(point.r1, 1)),
    make('td', { class: 'n' }, fixed(point.r24, 1)),
    make('td', { class: 'n' }, fixed(point.z, 2)),
  );
}

export async function makeMap(box) {
  const words = JSON.parse(document.getElementById('map-words').textContent);
  const map = L.map(box, { preferCanvas: true, attributionControl: false, zoomSnap: 0.25, keyboard: true });
  map.setView([24.3, 117.5], 8.5);
  const renderer = L.canvas({ padding: 0.3 });
  const layer = L.layerGroup().addTo(map);
  const blind = L.layerGroup();
  const byCode = new Map();

  const outline = await (await fetch('/map/counties.json')).json();
  const counties = L.geoJSON(outline, {
    renderer,
    interactive: false,
    style: { color: '#9fb0bd', weight: 1, fillColor: '#f7f9fa', fillOpacity: 1 },
  }).addTo(map);
  map.fitBounds(counties.getBounds(), { padding: [6, 6] });
  outline.features.forEach((f) =>
    L.marker(f.properties.centre, {
      interactive: false,
      keyboard: false,
      icon: L.divIcon({
        className: 'small',
        html: make('span', {}, f.properties.name.replace(/[区县市]$/, '')),
        iconSize: [60, 16],
      }),
    }).addTo(map),
  );

  async function show(at) {
    const url = at ? `/map/data.json?at=${encodeURIComponent(at)}` : '/map/data.json';
    const data = await (await fetch(url)).json();
    layer.clearLayers();
    byCode.clear();
    for (let k = data.points.length - 1; k >= 0; k -= 1) {
      const point = data.points[k];
      if (point.lon === null) continue;
      const mark = new Shape([point.lat, point.lon], {
        renderer,
        ...look(point, box.classList.contains('tall') ? 9 : 6),
      });
      mark.bindTooltip(() => tip(point, words));
      mark.on('click', () => pick(point.code, false));
      mark.addTo(layer);
      byCode.set(point.code, { mark, point });
    }
    fill(data.points);
    box.dataset.ready = String(data.points.length);
    performance.mark('map-ready');
    return data;
  }

  const list = document.getElementById('map-list');
  function fill(points) {
    if (!list) return;
    list.replaceChildren(...points.slice(0, LISTED).map((point) => listRow(point, words)));
    const count = document.getElementById('map-count');
    if (count) count.textContent = `${Math.min(LISTED, points.length)} / ${points.length}`;
  }
  function pick(code, pan) {
    const found = byCode.get(code);
    document.querySelectorAll('#map-list tr.hit').forEach((r) => r.classList.remove('hit'));
    const row = document.querySelector(`#map-list tr[data-code="${CSS.escape(code)}"]`);
    if (row) {
      row.classList.add('hit');
      if (!pan) row.scrollIntoView({ block: 'nearest' });
    }
    if (!found) return;
    if (pan) map.panTo(found.mark.getLatLng());
    found.mark.openTooltip();
  }
  if (list) {
    list.addEventListener('mouseover', (e) => {
      const row = e.target.closest('tr');
      if (row) pick(row.dataset.code, false);
    });
    list.addEventListener('click', (e) => {
      const row = e.target.closest('tr');
      if (row && !e.target.closest('a')) pick(row.dataset.code, true);
    });
  }

  const blindBox = document.getElementById('blind');
  if (blindBox) {
    const showBlind = async () => {
      if (!blindBox.checked) {
        blind.remove();
        return;
      }
      const data = await (await fetch('/map/villages.json')).json();
      blind.clearLayers();
      data.points.forEach((p) =>
        L.circleMarker([p.lat, p.lon], { renderer, radius: 7, color: '#6b2fa0', weight: 2, fill: false })
          .bindTooltip(make('span', {}, `${p.name} · ${p.km} km`))
          .addTo(blind),
      );
      blind.addTo(map);
    };
    blindBox.addEventListener('change', showBlind);
    if (blindBox.checked) showBlind();
  }
  return { show, map };
}

function wire(show) {
  const slider = document.getElementById('slider');
  const label = document.getElementById('slider-at');
  const base = slider ? Number(slider.dataset.end) : 0;
  let live = true;
  show();
  document.body.addEventListener('live', () => {
    if (live) show();
  });
  if (!slider) return;
  const gaps = new Set(JSON.parse(slider.dataset.gaps));
  const last = Number(slider.max);
  gaps.forEach((k) => {
    const mark = document.createElement('i');
    mark.style.left = `${Math.round((100 * k) / (last + 1))}%`;
    document.getElementById('slider-gaps').append(mark);
  });
  let timer = 0;
  function place() {
    const k = Number(slider.value);
    const at = new Date(base - (last - k) * 3600e3);
    const text = new Date(at.getTime() + 8 * 3600e3).toISOString().slice(0, 16).replace('T', ' ');
    const missing = gaps.has(k) ? ` · ${slider.dataset.missing}` : '';
    label.textContent = text + missing;
    slider.setAttribute('aria-valuetext', text + missing);
    clearTimeout(timer);
    timer = setTimeout(() => show(at.toISOString()), 120);
  }
  slider.addEventListener('input', () => {
    live = false;
    place();
  });
  document.getElementById('slider-now').addEventListener('click', () => {
    slider.value = slider.max;
    live = true;
    label.textContent = label.dataset.now;
    show();
  });
}

const box = document.getElementById('map');
if (box) makeMap(box).then(({ show }) => wire(show));
