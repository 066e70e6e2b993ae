// Reports made without a network are kept on the phone and sent when it is back. Each carries an instance of its own,
// so that sending again never makes a second one. What the server has not confirmed stays here.
const STORE = 'reports';
const EVERY_MS = 30000;
const WIDEST = 1600;

function ask(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function store(mode) {
  const opening = indexedDB.open('fangxian-outbox', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'instance' });
  return (await ask(opening)).transaction(STORE, mode).objectStore(STORE);
}

export const keep = async (entry) => ask((await store('readwrite')).put(entry));
export const waiting = async () => ask((await store('readonly')).getAll());
const drop = async (instance) => ask((await store('readwrite')).delete(instance));

export function newInstance() {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0'));
  return `uuid:${hex.join('')}`;
}

function cookie(name) {
  const row = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return row ? row.slice(name.length + 1) : '';
}

// true when the server has it; false when it has not, now or because nobody is logged in
async function sent(entry) {
  const body = new FormData();
  for (const [name, value] of entry.fields) body.append(name, value);
  body.set('instance', entry.instance);
  body.set('made_at', entry.made_at);
  const headers = { 'X-Outbox': '1', 'X-CSRFToken': cookie('csrftoken') };
  try {
    const answer = await fetch(entry.url, { method: 'POST', body, headers, redirect: 'error' });
    if (answer.status === 201) await drop(entry.instance);
    return answer.status === 201;
  } catch {
    return false;
  }
}

let busy = false;
export async function sendAll() {
  if (busy) return;
  busy = true;
  const rows = await waiting();
  const lane = async () => {
    for (let row = rows.shift(); row; row = rows.shift()) if (!(await sent(row))) rows.length = 0;
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  busy = false;
  await show();
}

async function show() {
  const box = document.querySelector('[data-outbox]');
  if (!box) return;
  const n = (await waiting()).length;
  box.hidden = !n;
  box.querySelector('[data-n]').textContent = n;
}

// A photo is sent no wider than a screen needs.
async function shrunk(file) {
  if (!(file instanceof File) || !file.type.startsWith('image/') || !file.size) return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture || Math.max(picture.width, picture.height) <= WIDEST) return file;
  const scale = WIDEST / Math.max(picture.width, picture.height);
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.8));
  return new File([blob], file.name.replace(/\.\w+$/, '.jpg'), { type: 'image/jpeg' });
}

async function submit(form) {
  const fields = [];
  for (const [name, value] of new FormData(form)) fields.push([name, await shrunk(value)]);
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  try {
    if (!navigator.onLine) throw new TypeError('offline');
    const answer = await fetch(location.href, { method: 'POST', body, redirect: 'manual' });
    if (answer.type === 'opaqueredirect') location.assign('/m/reports');
    else form.submit(); // refused: the page with what is wrong comes by itself
  } catch {
    const entry = {
      instance: form.elements.instance.value,
      made_at: new Date().toISOString(),
      url: location.href,
    };
    await keep({ ...entry, fields: fields.filter(([name]) => name !== 'csrfmiddlewaretoken') });
    form.hidden = true;
    document.querySelector('[data-kept]').hidden = false;
    await show();
  }
}

const form = document.querySelector('form.fill');
if (form) {
  form.elements.instance.value = newInstance(); // a page out of the cache has an old one
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    form.querySelector('button').disabled = true;
    submit(form);
  });
}
document.querySelector('[data-outbox] button')?.addEventListener('click', sendAll);
if ('serviceWorker' in navigator && document.querySelector('[data-outbox]')) {
  navigator.serviceWorker.register('/m/sw.js').then(() => {
    // what one may need without a network is fetched while there is one
    for (const link of document.querySelectorAll('a[href^="/m/reports/"]'))
      fetch(link.href).catch(() => null);
  });
}
addEventListener('online', sendAll);
setInterval(sendAll, EVERY_MS);
sendAll();
