// The market's scan on a phone: the certificate's signature, its papers and the list of revoked ones are judged here,
// without a network; what was found is kept until the server has it.
import { keep, newInstance, sendAll } from '../web/outbox.js';
import { make } from '../web/dom.js';

const form = document.querySelector('form.scan');
const verdict = document.querySelector('[data-verdict]');
const done = document.querySelector('[data-done]');
const box = document.querySelector('[data-outbox]');
const age = document.querySelector('[data-age] b');
const words = form.dataset;
const english = document.documentElement.lang.startsWith('en') ? 1 : 0;
const STORE = 'fangxian-cold-known';

let known = JSON.parse(document.getElementById('known').textContent);
const kept = JSON.parse(localStorage.getItem(STORE) || 'null');
if (kept && kept.at >= known.at)
  known = kept; // the page came from the phone itself, the list was newer
else known.got = Date.now();

// by the phone's own clock: the server's may be a drill's
const hoursOld = () => (Date.now() - known.got) / 3600000;

function showAge() {
  const stale = hoursOld() > known.stale_h;
  const at = new Date(known.at).toLocaleString(document.documentElement.lang, { timeZone: 'Asia/Shanghai' });
  age.textContent = `${at}${stale ? words.stale : ''}`;
  age.classList.toggle('late', stale);
}

async function sync() {
  const answer = await fetch('/m/cold-scan/known', { redirect: 'manual' }).catch(() => null);
  if (!answer || !answer.ok) return;
  known = await answer.json();
  known.got = Date.now();
  localStorage.setItem(STORE, JSON.stringify(known));
  showAge();
}

const bytes = (text) => {
  const padded = text
    .replace(/-/g, '+')
    .replace(/_/g, '/')
    .padEnd(Math.ceil(text.length / 4) * 4, '=');
  return Uint8Array.from(atob(padded), (c) => c.charCodeAt(0));
};

function readCode(code) {
  const parts = code.trim().split('.');
  if (parts.length !== 4 || parts[0] !== 'FX1') return { why: words.strange };
  try {
    const said = bytes(parts[2]);
    const key = known.keys[parts[1]];
    if (!key || !window.nacl.sign.detached.verify(said, bytes(parts[3]), bytes(key)))
      return { why: words.fake };
    return { body: JSON.parse(new TextDecoder().decode(said)) };
  } catch {
    return { why: words.damaged };
  }
}

const name = (kind) => (known.names[kind] || [kind, kind])[english];

// what a certificate says of a paper: a hash of its hash, so that nobody makes papers from a certificate
const markOf = (sha256) => {
  const raw = Uint8Array.from(sha256.match(/../g) || [], (pair) => parseInt(pair, 16));
  const hash = window.nacl.hash(raw).subarray(0, 32);
  return Array.from(hash, (b) => b.toString(16).padStart(2, '0')).join('');
};

// what stands against goods with this certificate and these papers
export function against(code, papers) {
  const { why, body } = readCode(code);
  if (why) return { why: [why] };
  const found = [];
  if (body.s in known.revoked) found.push(`${words.revoked}${known.revoked[body.s]}`);
  else if (!known.whole) found.push(words.part);
  for (const kind of known.wanted) {
    if (!papers[kind]) found.push(`${words.missing} ${name(kind)}`);
    else if (markOf(papers[kind]) !== body.p[kind]) found.push(`${words.replaced}${name(kind)}`);
  }
  return { why: found, body };
}

async function papersGiven() {
  const found = {};
  for (const line of form.elements.papers.value.split(/\s+/)) {
    const [head, kind, hash] = line.split('.');
    if (head === 'FX1P' && hash) found[kind] = hash.toLowerCase();
  }
  for (const input of form.querySelectorAll('input[data-kind]')) {
    const file = input.files[0];
    if (!file) continue;
    if (!crypto.subtle) throw new Error(words.unsafe);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    found[input.dataset.kind] = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
  }
  return found;
}

function show(why, body) {
  verdict.textContent = '';
  const good = !why.length;
  verdict.append(make('b', { class: good ? 'good' : 'late' }, good ? words.good : words.bad));
  if (body) verdict.append(make('div', {}, `${body.g} ${body.l} ${body.w} kg`));
  for (const line of why) verdict.append(make('div', { class: 'late' }, line));
}

async function judge() {
  const code = form.elements.code.value.trim();
  let papers;
  try {
    papers = await papersGiven();
  } catch (error) {
    show([error.message]);
    return;
  }
  const { why, body } = against(code, papers);
  show(why, body);
  const instance = newInstance();
  const line = make('li', {}, `${body ? body.l : code.slice(0, 20)} ${why.length ? '✗' : '✓'}`);
  line.dataset.instance = instance;
  done.prepend(line);
  await keep({
    instance,
    made_at: new Date().toISOString(),
    url: '/m/cold-scan/scan',
    title: line.textContent,
    who: box.dataset.who,
    fields: [
      ['site', form.elements.site.value],
      ['code', code],
      ['papers', JSON.stringify(papers)],
    ],
  });
  sendAll();
  form.elements.code.value = '';
  form.elements.papers.value = '';
  for (const input of form.querySelectorAll('input[type=file]')) input.value = '';
  form.elements.code.focus();
}

addEventListener('outbox-sent', ({ detail }) => {
  const line = done.querySelector(`[data-instance="${detail.entry.instance}"]`);
  if (!line) return;
  line.append(detail.told.note ? ` · ${detail.told.note}` : ' · ✓');
  line.classList.toggle('late', Boolean(detail.told.note));
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  judge();
});

// a hand scanner types a code and Enter: a paper's code goes to the papers, a certificate's stays
form.elements.code.addEventListener('change', () => {
  const text = form.elements.code.value.trim();
  if (!text.startsWith('FX1P.')) return;
  form.elements.papers.value = `${form.elements.papers.value}\n${text}`.trim();
  form.elements.code.value = '';
});
form.elements.code.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !form.elements.code.value.trim().startsWith('FX1P.')) return;
  event.preventDefault();
  form.elements.code.dispatchEvent(new Event('change'));
});

async function watch(video, detector) {
  let last = '';
  for (;;) {
    const found = await detector.detect(video).catch(() => []);
    const text = found.length ? found[0].rawValue.trim() : '';
    if (text && text !== last) {
      last = text;
      form.elements.code.value = text;
      form.elements.code.dispatchEvent(new Event('change'));
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

showAge();
sync();
setInterval(sync, 5 * 60 * 1000);
