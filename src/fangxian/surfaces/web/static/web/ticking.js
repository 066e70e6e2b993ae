// Clocks in seconds that go on between two refreshes.
function told(seconds) {
  const size = Math.abs(seconds);
  const text = `${Math.floor(size / 60)}:${String(size % 60).padStart(2, '0')}`;
  return seconds < 0 ? `-${text}` : text;
}

setInterval(() => {
  document.querySelectorAll('[data-since]').forEach((cell) => {
    cell.dataset.since = Number(cell.dataset.since) + 1;
    cell.textContent = told(Number(cell.dataset.since));
  });
  document.querySelectorAll('[data-left]').forEach((cell) => {
    cell.dataset.left = Number(cell.dataset.left) - 1;
    cell.textContent = told(Number(cell.dataset.left));
    cell.classList.toggle('late', Number(cell.dataset.left) < 0);
  });
}, 1000);
