// What is on the screen turns grey when no new one has come for a minute.
const OLD_MS = 60_000;
const screen = document.querySelector('#screen');
let toldAt = Date.now();

screen.addEventListener('htmx:afterSwap', () => {
  toldAt = Date.now();
});
setInterval(() => {
  screen.classList.toggle('stale', Date.now() - toldAt > OLD_MS);
}, 5_000);
