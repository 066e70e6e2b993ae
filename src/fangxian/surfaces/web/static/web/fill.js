// A form of a report on the phone: a question is shown while it is asked; a position is filled in
// by a tap, never by itself.
import { make } from './dom.js';

const form = document.querySelector('form.fill');

function answer(path) {
  const boxes = Array.from(form.querySelectorAll(`[name="${path}"]`));
  const picked = boxes.filter((box) => !['radio', 'checkbox'].includes(box.type) || box.checked);
  return picked.map((box) => box.value).join(' ');
}

function show() {
  form.querySelectorAll('[data-if]').forEach((field) => {
    field.hidden = answer(field.dataset.if) !== field.dataset.is;
  });
}

form.querySelectorAll('[data-here]').forEach((input) => {
  if (!navigator.geolocation) return;
  const button = make('button', { class: 'mid', type: 'button' }, input.dataset.here);
  button.addEventListener('click', () =>
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const { latitude, longitude, altitude, accuracy } = coords;
      input.value = [latitude.toFixed(6), longitude.toFixed(6), altitude || 0, Math.round(accuracy)].join(
        ' ',
      );
    }),
  );
  input.after(button);
});

form.addEventListener('change', show);
show();
