// The one palette: canvases read the colours of the style sheet, so that badge, key, map and chart agree.
export function tones() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

// What draws on a canvas draws again, at once, when another palette holds: by the button, by the device, on paper.
export function onRepaint(paint) {
  document.addEventListener('palette', paint);
  ['print', '(prefers-color-scheme: dark)'].forEach((media) => {
    matchMedia(media).addEventListener('change', paint);
  });
}
