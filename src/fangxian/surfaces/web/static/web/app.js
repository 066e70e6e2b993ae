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

// The frame listens on every page, the panels to the kinds of thing the page shows. A stream that is
// not heard for a while is said: what stands on the page then is old.
const HEARD_MS = 8000;
const FRAME_TOPICS = 'order,response,health';
const broken = document.getElementById('stream-broken');
let heardAt = Date.now();

function heard() {
  heardAt = Date.now();
  if (!broken || broken.hidden) return;
  broken.hidden = true;
  changed();
}

function lookAtStream() {
  if (!broken || document.hidden || Date.now() - heardAt < HEARD_MS) return;
  if (broken.hidden)
    document.getElementById('stream-since').textContent = new Date(heardAt).toLocaleTimeString();
  broken.hidden = false;
}

if ('live' in body.dataset && 'EventSource' in window) {
  const topics = [body.dataset.live.trim(), FRAME_TOPICS].filter(Boolean).join(',');
  const source = new EventSource(`/live?topics=${encodeURIComponent(topics)}`);
  source.addEventListener('here', heard);
  source.onmessage = () => {
    heard();
    changed();
  };
  document.addEventListener('visibilitychange', () => {
    heardAt = Date.now();
    changed();
  });
  setInterval(lookAtStream, 1000);
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
