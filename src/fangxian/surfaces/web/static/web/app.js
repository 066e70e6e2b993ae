// The frame's own script: live refresh, search (Ctrl-K), log (F2). Pages work without it.
const body = document.body;

// One refresh in PAUSE_MS at most, and always one after the last change.
const PAUSE_MS = 2000;
const GATHER_MS = 300;
let due = 0;
let refreshedAt = -Infinity;

function changed() {
  if (due || document.hidden) return;
  due = setTimeout(refresh, Math.max(GATHER_MS, refreshedAt + PAUSE_MS - performance.now()));
}

function refresh() {
  due = 0;
  refreshedAt = performance.now();
  body.dispatchEvent(new Event('live'));
}

// Only what listens asks to be told, and only of the kinds of thing the page shows.
const listens = document.querySelector('[hx-trigger*="live"], #map');
if ('live' in body.dataset && listens && 'EventSource' in window) {
  const source = new EventSource(`/live?topics=${encodeURIComponent(body.dataset.live)}`);
  source.onmessage = changed;
  document.addEventListener('visibilitychange', changed);
}

const dialog = document.getElementById('search');
function openSearch() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector('input').focus();
}
document.querySelectorAll('[data-open-search]').forEach((b) => b.addEventListener('click', openSearch));
document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    openSearch();
  }
  const log = document.getElementById('log-text');
  if (event.key === 'F2' && log) {
    event.preventDefault();
    log.focus();
  }
  if (dialog && dialog.open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    const links = [...dialog.querySelectorAll('.hits a')];
    const at = links.indexOf(document.activeElement);
    const to = event.key === 'ArrowDown' ? at + 1 : at - 1;
    const next = links[Math.max(0, Math.min(links.length - 1, to))];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }
});

// What is being typed or opened in a panel is never swept away by a refresh; it comes once the panel is free.
let owed = false;
body.addEventListener('htmx:beforeRequest', (event) => {
  const panel = event.target;
  if (event.detail.requestConfig.verb !== 'get' || !panel.dataset || !panel.dataset.panel) return;
  const busy =
    panel.contains(document.activeElement) && /INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName);
  if (busy || panel.querySelector('details[open]')) {
    event.preventDefault();
    owed = true;
  }
});
function free() {
  if (!owed) return;
  owed = false;
  changed();
}
document.addEventListener('focusout', free);
document.addEventListener('toggle', free, true);
