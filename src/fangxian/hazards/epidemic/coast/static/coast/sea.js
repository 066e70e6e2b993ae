// The sea map: where vessels were heard last, the shore, and the waters in which anybody is heard at all.
const box = document.getElementById('sea');

function tone(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#555';
}

async function json(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} ${answer.status}`);
  return answer.json();
}

function drawHearing(map, data) {
  const most = Math.max(1, ...data.heard.map((row) => row[2]));
  for (const [x, y, n] of data.heard) {
    const south = y * data.cell;
    const west = x * data.cell;
    const share = Math.log(1 + n) / Math.log(1 + most);
    window.L.rectangle(
      [
        [south, west],
        [south + data.cell, west + data.cell],
      ],
      { stroke: false, fillColor: tone('--act'), fillOpacity: 0.08 + 0.3 * share, interactive: false },
    ).addTo(map);
  }
}

function drawVessels(map, data) {
  const only = box.dataset.track;
  for (const [track, name, lon, lat, minutes, level] of data.vessels) {
    if (only && track !== only) continue;
    const old = minutes > 15;
    const look = {
      radius: level ? 6 : 4,
      weight: level ? 3 : 1,
      color: level ? tone('--l1') : tone('--ink'),
      fillColor: old ? tone('--paper') : tone('--ink'),
      fillOpacity: old ? 0 : 0.8,
    };
    const spot = window.L.circleMarker([lat, lon], look).addTo(map);
    spot.bindTooltip(`${name} · ${minutes} ${box.dataset.minutes}`);
    spot.on('click', () => {
      window.location.assign(`/coast/map?track=${encodeURIComponent(track)}`);
    });
    if (only) map.setView([lat, lon], 11);
  }
}

async function start() {
  const map = window.L.map(box, { preferCanvas: true, zoomControl: true, attributionControl: true });
  map.setView([23.95, 117.75], 9);
  map.attributionControl.setPrefix(false);
  map.attributionControl.addAttribution('GSHHG, LGPL-3.0');
  const [shore, data] = await Promise.all([json('/coast/shore.json'), json('/coast/map.json')]);
  drawHearing(map, data);
  for (const [, line] of shore.pieces) {
    window.L.polyline(
      line.map(([lon, lat]) => [lat, lon]),
      { weight: 1.5, color: tone('--ink'), interactive: false },
    ).addTo(map);
  }
  for (const [name, lon, lat] of data.ports) {
    window.L.circle([lat, lon], { radius: 700, weight: 1, color: tone('--ink-3'), fillOpacity: 0 })
      .bindTooltip(name)
      .addTo(map);
  }
  drawVessels(map, data);
}

if (box && window.L) start();
else if (box) addEventListener('load', start);
