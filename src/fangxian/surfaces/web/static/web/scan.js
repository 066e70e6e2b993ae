// Tags of households on the phone: by the camera where the browser can read squares, else by a hand scanner or typed.
// Every scan goes the way of reports: kept on the phone until the server has it, and never twice.
import { keep, newInstance, sendAll } from './outbox.js';

const form = document.querySelector('form.scan');
const list = document.querySelector('[data-scanned]');
const box = document.querySelector('[data-outbox]');

function say(text, instance) {
  const line = document.createElement('li');
  line.textContent = text;
  line.dataset.instance = instance;
  list.prepend(line);
}

// what the server says of a scan stands beside it: one of a tag on no list must not look like done
addEventListener('outbox-sent', ({ detail }) => {
  const line = list.querySelector(`[data-instance="${detail.entry.instance}"]`);
  if (!line) return;
  line.textContent += detail.told.note ? ` ✗ ${detail.told.note}` : ' ✓';
  line.classList.toggle('late', Boolean(detail.told.note));
});

async function scanned(tag, said, byWord) {
  const entry = {
    instance: newInstance(),
    made_at: new Date().toISOString(),
    url: '/m/move/scan',
    title: `${tag} ${said}`,
    who: box.dataset.who,
    fields: [
      ['tag', tag],
      ['said', said],
      ['by_word', byWord ? '1' : ''],
    ],
  };
  await keep(entry);
  const button = form.querySelector(`button[value="${said}"]`);
  say(`${tag} ${button ? button.textContent.trim() : said}`, entry.instance);
  document.querySelectorAll(`[data-tag="${tag}"] [data-state]`).forEach((cell) => {
    cell.textContent = button ? button.textContent.trim() : said;
  });
  sendAll();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const tag = form.elements.tag.value.trim().split('/').pop();
  if (!tag) return;
  scanned(tag, event.submitter ? event.submitter.value : 'moved', form.elements.by_word.checked);
  form.elements.tag.value = '';
  form.elements.by_word.checked = false;
  form.elements.tag.focus();
});

document.querySelectorAll('[data-pick]').forEach((button) => {
  button.addEventListener('click', () => {
    form.elements.tag.value = button.dataset.pick;
    form.elements.by_word.checked = true; // no tag was seen
    form.scrollIntoView();
  });
});

async function watch(video, detector) {
  let last = '';
  for (;;) {
    const found = await detector.detect(video).catch(() => []);
    const tag = found.length ? found[0].rawValue.trim().split('/').pop() : '';
    if (tag && tag !== last) {
      last = tag;
      await scanned(tag, form.dataset.said || 'moved', false);
      if (navigator.vibrate) navigator.vibrate(60);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
  }
}

const camera = document.querySelector('[data-camera]');
if (camera && 'BarcodeDetector' in window && navigator.mediaDevices) {
  camera.hidden = false;
  camera.addEventListener('click', async () => {
    const video = document.querySelector('video');
    const media = await navigator.mediaDevices
      .getUserMedia({ video: { facingMode: 'environment' } })
      .catch(() => null);
    if (!media) return;
    video.srcObject = media;
    video.hidden = false;
    camera.hidden = true;
    await video.play();
    watch(video, new window.BarcodeDetector({ formats: ['qr_code'] }));
  });
}
