// The checkpoint on a phone: a code scanned, typed or from a hand scanner is looked up in the people that came with the
// page, the decision stands at once, and who was met is kept until the server has it. Works without a network.
import { keep, newInstance, sendAll } from '../web/outbox.js';
import { make } from '../web/dom.js';

const form = document.querySelector('form.meet');
const list = document.querySelector('ul[data-met]');
const told = document.querySelector('[data-decision]');
const box = document.querySelector('[data-outbox]');
const people = JSON.parse(document.getElementById('people').textContent);
const plain = (text) => text.toUpperCase().replace(/\s+/g, '');
const byCode = new Map(people.map((one) => [plain(one.code), one]));
const bySeat = new Map();
for (const one of people) {
  const seat = plain(`${one.carrier}${one.seat}`);
  if (one.seat) bySeat.set(seat, [...(bySeat.get(seat) || []), one]);
}

async function put(code, said) {
  const entry = {
    instance: newInstance(),
    made_at: new Date().toISOString(),
    url: '/m/checkpoint/scan',
    title: `${code} ${said}`,
    who: box.dataset.who,
    fields: [
      ['code', code],
      ['said', said],
    ],
  };
  await keep(entry);
  sendAll();
  return entry.instance;
}

addEventListener('outbox-sent', ({ detail }) => {
  const line = list.querySelector(`[data-instance="${detail.entry.instance}"]`);
  if (!line) return;
  line.append(detail.told.note ? ` ✗ ${detail.told.note}` : ' ✓');
  line.classList.toggle('late', Boolean(detail.told.note));
});

const mark = (code, text) =>
  document.querySelectorAll(`[data-code="${code}"] [data-state]`).forEach((cell) => {
    cell.textContent = text;
  });

async function meet(text) {
  const code = plain(text.split('/').pop());
  const sitting = bySeat.get(plain(text)) || [];
  if (!byCode.has(code) && sitting.length > 1) {
    told.textContent = `${text}：${form.dataset.several} ${sitting.map((one) => one.code).join('、')}`;
    told.classList.add('late');
    return;
  }
  const one = byCode.get(code) || sitting[0];
  told.textContent = one
    ? `${one.carrier} ${one.seat} ${one.name}：${one.decision} → ${one.to}`
    : `${text}：${form.dataset.unknown}`;
  told.classList.toggle('late', !one);
  const sent = one ? one.code : code;
  const line = make(
    'li',
    {},
    one ? `${form.dataset.met} ${one.carrier} ${one.seat} ${one.name}` : `${text} ?`,
  );
  line.dataset.instance = await put(sent, 'met');
  if (one) {
    mark(one.code, '✓');
    const undo = make('button', { class: 'btn', type: 'button' }, form.dataset.undo);
    undo.addEventListener('click', async () => {
      undo.disabled = true;
      await put(one.code, 'not_him');
      mark(one.code, '');
      line.firstChild.textContent = `${form.dataset.undo} ${one.carrier} ${one.seat}`;
      line.classList.add('muted');
    });
    line.append(undo);
  }
  list.prepend(line);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = form.elements.code.value.trim();
  if (!text) return;
  form.elements.code.value = '';
  form.elements.code.focus();
  meet(text);
});

async function watch(video, detector) {
  let last = '';
  for (;;) {
    const found = await detector.detect(video).catch(() => []);
    const text = found.length ? found[0].rawValue.trim() : '';
    if (text && text !== last) {
      last = text;
      await meet(text);
      if (navigator.vibrate) navigator.vibrate(60);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
  }
}

const camera = document.querySelector('[data-camera]');
if ('BarcodeDetector' in window && navigator.mediaDevices) {
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
