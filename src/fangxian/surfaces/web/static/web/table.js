// Keyboard of a register: / searches, j and k (or the arrows) go by rows, Enter opens. Pages work without it.
const rows = [...document.querySelectorAll('table[data-rows] tbody tr')];
let at = -1;

function go(to) {
  if (!rows[to]) return;
  if (rows[at]) rows[at].classList.remove('hit');
  at = to;
  rows[at].classList.add('hit');
  rows[at].scrollIntoView({ block: 'nearest' });
  const link = rows[at].querySelector('a');
  if (link) link.focus();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) return;
  if (event.key === '/') {
    const search = document.querySelector('form[data-register] input[name="q"]');
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === 'j' || event.key === 'ArrowDown') {
    event.preventDefault();
    go(at + 1);
  } else if (event.key === 'k' || event.key === 'ArrowUp') {
    event.preventDefault();
    go(Math.max(0, at - 1));
  }
});
