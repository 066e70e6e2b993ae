// Map widget: stations on a canvas, list and map in step, a time slider, a link that brings back what is seen.
import { make } from './dom.js';
import { onRepaint, tones } from './palette.js';
import { drawTrack, look, Names, Shape } from './shapes.js';
import { siteLayer } from './sites.js';

const LISTED = 150;
const HOUR = 3600e3;
const ENGLISH = document.documentElement.lang === 'en';

const beijing = (ms) => new Date(ms + 8 * HOUR).toISOString().slice(0, 16);
const spoken = (ms) => beijing(ms).replace('T', ' ');

function fixed(value, digits) {
  return value === null || value === undefined ? '—' : value.toFixed(digits);
}

function tip(point, words) {
  const level = point.level ? words.levels[point.level] : point.stale ? words.stale : words.normal;
  const rain = `${words.r1} ${fixed(point.r1, 1)} mm · ${words.r24} ${fixed(point.r24, 1)} mm`;
  const told = make('div', {}, make('b', { title: point.zh }, point.name), ` ${level}`, make('br'), rain);
  if (point.z !== null) told.append(make('br'), `${words.stage} ${fixed(point.z, 2)} m`);
  return told;
}

function badge(point, words) {
  if (point.stale) return [make('span', { class: 'stale' }, `○ ${words.stale}`)];
  return point.level ? [make('span', { class: `lv lv${point.level}` }, words.levels[point.level])] : [];
}

function listRow(point, words) {
  const about = { href: `/stations/${encodeURIComponent(point.code)}` };
  if (point.zh !== point.name) about.title = point.zh;
  return make(
    'tr',
    { 'data-code': point.code },
    make('th', { scope: 'row' }, make('a', about, point.name)),
    make('td', {}, ...badge(point, words)),
    make('td', { class: 'n' }, fixed(point.r1, 1)),
    make('td', { class: 'n' }, fixed(point.r24, 1)),
    make('td', { class: 'n' }, fixed(point.z, 2)),
  );
}

// The address holds layer, time, centre and zoom; what it does not say is as usual.
const link = {
  read: () => new URLSearchParams(location.search),
  write(changes) {
    const asked = this.read();
    Object.entries(changes).forEach(([name, value]) => (value ? asked.set(name, value) : asked.delete(name)));
    const told = asked.toString().replace(/%2C/g, ',').replace(/%3A/g, ':');
    history.replaceState(null, '', told ? `?${told}` : location.pathname);
    const twin = document.getElementById('map-twin');
    if (twin) twin.href = `/map?view=table${asked.get('at') ? `&at=${asked.get('at')}` : ''}`;
  },
};

// A county without the word for county: it is a label among many.
const short = ({ name, name_en: english }) =>
  ENGLISH && english ? english.replace(/ (District|County|City)$/, '') : name.replace(/[区县市]$/, '');

function drawCounties(map, outline) {
  // the land and its names lie under everything that is measured
  map.createPane('land').style.zIndex = 300;
  map.createPane('county').style.zIndex = 350;
  const renderer = L.canvas({ pane: 'land', padding: 0.3 });
  const counties = L.geoJSON(outline, { renderer, pane: 'land', interactive: false }).addTo(map);
  const paint = () => {
    const tone = tones();
    counties.setStyle({ color: tone('coast'), weight: 1, fillColor: tone('land'), fillOpacity: 1 });
  };
  paint();
  outline.features.forEach(({ properties }) =>
    L.marker(properties.centre, {
      pane: 'county',
      interactive: false,
      keyboard: false,
      icon: L.divIcon({
        className: 'small county',
        html: make('span', {}, short(properties)),
        iconSize: [80, 16],
      }),
    }).addTo(map),
  );
  return { counties, paint };
}

function follow(map, counties) {
  const asked = link.read();
  const centre = (asked.get('c') || '').split(',').map(Number);
  const zoom = Number(asked.get('z'));
  map.fitBounds(counties.getBounds(), { padding: [6, 6] });
  if (centre.length === 2 && centre.every(Number.isFinite) && zoom) map.setView(centre, zoom);
  map.on('moveend', () => {
    const { lat, lng } = map.getCenter();
    link.write({ c: `${lat.toFixed(3)},${lng.toFixed(3)}`, z: String(map.getZoom()) });
  });
}

export async function makeMap(box) {
  const words = JSON.parse(document.getElementById('map-words').textContent);
  const tall = box.classList.contains('tall');
  const map = L.map(box, { preferCanvas: true, attributionControl: false, zoomSnap: 0.25, keyboard: true });
  map.setView([24.3, 117.5], 8.5);
  const renderer = L.canvas({ padding: 0.3 });
  const { counties, paint } = drawCounties(map, await (await fetch('/map/counties.json')).json());
  if (tall) follow(map, counties);
  else map.fitBounds(counties.getBounds(), { padding: [6, 6] });
  const [storm, layer, blind] = [L.layerGroup().addTo(map), L.layerGroup().addTo(map), L.layerGroup()];
  const byCode = new Map();
  let last = null;

  function drawPoints({ points }) {
    const tone = tones();
    layer.clearLayers();
    byCode.clear();
    const placed = points.filter((point) => point.lon !== null);
    for (let k = placed.length - 1; k >= 0; k -= 1) {
      const point = placed[k]; // the worst stand first in the list and are drawn last
      const mark = new Shape([point.lat, point.lon], { renderer, ...look(point, tall ? 9 : 6, tone) });
      mark.bindTooltip(() => tip(point, words));
      mark.on('click', () => pick(point.code, false));
      mark.addTo(layer);
      byCode.set(point.code, { mark, point });
    }
    new Names(map.getCenter(), { renderer }).name(placed.filter((point) => point.level)).addTo(layer);
  }

  function drawStorm(track) {
    const told = (f) =>
      make('div', {}, make('b', {}, track.name), ` ${spoken(Date.parse(f.at))}`, make('br'), f.told);
    drawTrack(track, storm, renderer, tones(), told);
    const key = document.getElementById('map-track-key');
    if (!key) return;
    key.hidden = !track.fixes.length;
    key.querySelector('span').textContent = track.key;
  }

  async function show(at) {
    const asked = at ? `?at=${encodeURIComponent(at)}` : '';
    const [data, track] = await Promise.all(
      ['data', 'track'].map(async (name) => (await fetch(`/map/${name}.json${asked}`)).json()),
    );
    last = { data, track };
    drawStorm(track);
    drawPoints(data);
    fill(data.points);
    box.dataset.ready = String(data.points.length);
    box.dataset.at = data.at;
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
  async function showBlind() {
    link.write({ layer: blindBox.checked ? 'blind' : '' });
    if (!blindBox.checked) {
      blind.remove();
      return;
    }
    const data = await (await fetch('/map/villages.json')).json();
    const color = tones()('blind');
    blind.clearLayers();
    data.points.forEach((p) =>
      L.circleMarker([p.lat, p.lon], { renderer, radius: 7, color, weight: 2, fill: false })
        .bindTooltip(make('span', { title: p.zh }, `${p.name} · ${p.km} km`))
        .addTo(blind),
    );
    blind.addTo(map);
  }
  if (blindBox) {
    blindBox.addEventListener('change', showBlind);
    if (blindBox.checked) showBlind();
  }
  siteLayer(map, link);
  onRepaint(() => {
    paint();
    if (last) {
      drawStorm(last.track);
      drawPoints(last.data);
    }
    blind.eachLayer((ring) => ring.setStyle({ color: tones()('blind') }));
    // on paper the map has a size of its own (screens.css); set anew, the canvas is drawn at once
    const seen = map.getBounds();
    map.invalidateSize({ animate: false });
    map.setView(seen.getCenter(), map.getBoundsZoom(seen), { reset: true, animate: false });
  });
  return { show, map };
}

function wire(show) {
  const slider = document.getElementById('slider');
  const label = document.getElementById('slider-at');
  const now = document.getElementById('slider-now');
  const base = slider ? Number(slider.dataset.end) : 0;
  const asked = slider && link.read().get('at') ? Date.parse(`${link.read().get('at')}:00+08:00`) : NaN;
  let live = Number.isNaN(asked);
  const tell = (text) => {
    label.textContent = text;
    slider.setAttribute('aria-valuetext', text);
  };
  const showNow = async () => {
    const data = await show();
    if (slider && live) tell(`${label.dataset.now} ${spoken(Date.parse(data.at))}`);
  };
  document.body.addEventListener('live', () => live && showNow());
  if (!slider) {
    showNow();
    return;
  }
  const gaps = new Set(JSON.parse(slider.dataset.gaps));
  const last = Number(slider.max);
  document.getElementById('slider-from').textContent = spoken(base - last * HOUR).slice(5);
  document.getElementById('slider-to').textContent = spoken(base).slice(5);
  gaps.forEach((k) => {
    const mark = document.createElement('i');
    mark.style.left = `${Math.round((100 * k) / (last + 1))}%`;
    document.getElementById('slider-gaps').append(mark);
  });
  let timer = 0;
  function place() {
    const k = Number(slider.value);
    const at = base - (last - k) * HOUR;
    tell(spoken(at) + (gaps.has(k) ? ` · ${slider.dataset.missing}` : ''));
    link.write({ at: beijing(at) });
    clearTimeout(timer);
    timer = setTimeout(() => show(new Date(at).toISOString()), 120);
  }
  slider.addEventListener('input', () => {
    live = false;
    place();
  });
  now.addEventListener('click', () => {
    link.write({ at: '' });
    if (!('live' in slider.dataset)) {
      location.reload(); // an older window was opened by a link
      return;
    }
    slider.value = slider.max;
    live = true;
    showNow();
  });
  if (live) showNow();
  else {
    slider.value = String(Math.max(0, Math.min(last, last - Math.round((base - asked) / HOUR))));
    place();
  }
}

const box = document.getElementById('map');
if (box) makeMap(box).then(({ show }) => wire(show));
