// Map layer of one kind of site: its sign in a square, never in a colour of a level; a click opens its page.
import { make } from './dom.js';
import { tones } from './palette.js';

function sign(icon) {
  const html = make('span', { class: 'site' }, icon);
  return window.L.divIcon({ className: 'sitebox', html, iconSize: [20, 20] });
}

function shapeOf(site) {
  return window.L.geoJSON(site.shape, { style: { color: tones()('ink'), weight: 2, fillOpacity: 0.1 } });
}

function dot(site, renderer) {
  const look = { renderer, radius: 3, weight: 1, color: tones()('ink'), fillOpacity: 0.2 };
  const made = window.L.circleMarker([site.lat, site.lon], look).bindTooltip(make('span', {}, site.name));
  return made.on('click', () => window.location.assign(site.link));
}

export function siteLayer(map, link) {
  const choice = document.getElementById('sites');
  if (!choice) return;
  const layer = window.L.layerGroup().addTo(map);
  const canvas = window.L.canvas();
  async function show() {
    link.write({ sites: choice.value });
    layer.clearLayers();
    if (!choice.value) return;
    const data = await (await fetch(`/map/sites.json?kind=${encodeURIComponent(choice.value)}`)).json();
    data.sites.forEach((site) => {
      if (site.shape) shapeOf(site).addTo(layer);
      if (site.lon === null) return;
      if (data.dots) {
        dot(site, canvas).addTo(layer);
        return;
      }
      window.L.marker([site.lat, site.lon], { icon: sign(data.icon), title: site.name })
        .on('click', () => window.location.assign(site.link))
        .addTo(layer);
    });
  }
  choice.addEventListener('change', show);
  choice.value = link.read().get('sites') || '';
  show();
}
