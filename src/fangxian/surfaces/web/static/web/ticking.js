// Clocks in seconds that go on between two refreshes.
function told(seconds) {
  const size = Math.abs(seconds);
  const two = (n) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(size / 3600), Math.floor(size / 60) % 60];
  const text = `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(size % 60)}`;
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
