// The frame's own script: live refresh, search (Ctrl-K), log (F2). Pages work without it.
const body = document.body;

if (body.dataset.live && 'EventSource' in window) {
  const source = new EventSource('/live');
  let waiting = 0;
  source.onmessage = () => {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = 0;
      if (!document.hidden) body.dispatchEvent(new Event('live'));
    }, 300);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) body.dispatchEvent(new Event('live'));
  });
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
    if (next) { event.preventDefault(); next.focus(); }
  }
});

// what is being typed or opened in a panel is never swept away by a refresh
body.addEventListener('htmx:beforeRequest', (event) => {
  const panel = event.target;
  if (event.detail.requestConfig.verb !== 'get' || !panel.dataset || !panel.dataset.panel) return;
  const busy = panel.contains(document.activeElement) && /INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName);
  if (busy || panel.querySelector('details[open]')) event.preventDefault();
});
