// Preview of positions in a table that was sent: its points over the county outlines.
import { tones } from './palette.js';

const box = document.getElementById('preview-map');
const points = JSON.parse(document.getElementById('points').textContent);
const tone = tones();
const map = window.L.map(box, { preferCanvas: true, attributionControl: false });
map.fitBounds(window.L.latLngBounds(points.map(([lon, lat]) => [lat, lon])).pad(0.2));
map.zoomControl.setPosition('topright');

fetch('/map/counties.json')
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status))))
  .then((outline) =>
    window.L.geoJSON(outline, {
      style: { color: tone('line'), weight: 1, fill: false },
      interactive: false,
    }).addTo(map),
  )
  .catch(() => {});

points.forEach(([lon, lat, name]) => {
  const told = document.createElement('span');
  told.textContent = name;
  window.L.circleMarker([lat, lon], { radius: 5, weight: 1, color: tone('ink'), fillOpacity: 0.6 })
    .bindTooltip(told)
    .addTo(map);
});
