// Day, night or as the device says: kept in a cookie of this browser, so that the server links the right palette.
const ORDER = ['light', 'dark', 'auto'];
const MEDIA = { light: 'not all', dark: 'screen', auto: 'screen and (prefers-color-scheme: dark)' };
const button = document.querySelector('[data-theme-button]');
const sheet = document.getElementById('night');

function show(theme) {
  sheet.media = MEDIA[theme];
  button.dataset.themeButton = theme;
  const words = button.dataset;
  const told = { light: words.light, dark: words.dark, auto: words.auto }[theme];
  button.setAttribute('aria-label', told);
  button.title = told;
}

if (button && sheet) {
  button.hidden = false;
  button.addEventListener('click', () => {
    const next = ORDER[(ORDER.indexOf(button.dataset.themeButton) + 1) % ORDER.length];
    document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
    show(next);
    // a style sheet whose media changed counts from the next frame on
    requestAnimationFrame(() => setTimeout(() => document.dispatchEvent(new Event('palette')), 30));
  });
}
