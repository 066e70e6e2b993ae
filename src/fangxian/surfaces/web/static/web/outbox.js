// Reports made without a network are kept on the phone and sent when it is back. Each carries an instance of its own,
// so that sending again never makes a second one. What the server has not confirmed stays here.
import { make } from './dom.js';

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

// 'sent'; 'refused' (it stays, told); 'denied' (the rest goes on);
// 'later' (no network, nobody logged in, a broken server)
async function sent(entry) {
  const body = new FormData();
  for (const [name, value] of entry.fields) body.append(name, value);
  body.set('instance', entry.instance);
  body.set('made_at', entry.made_at);
  body.set('who', entry.who);
  const headers = { 'X-Outbox': 'queued', 'X-CSRFToken': cookie('csrftoken') };
  try {
    const answer = await fetch(entry.url, { method: 'POST', body, headers, redirect: 'manual' });
    if (answer.status === 201) {
      await drop(entry.instance);
      const detail = { entry, told: await answer.json().catch(() => ({})) };
      dispatchEvent(new CustomEvent('outbox-sent', { detail }));
      return 'sent';
    }
    if ([400, 404, 409, 413, 422].includes(answer.status)) {
      await keep({ ...entry, refused: answer.status });
      return 'refused';
    }
    return answer.status === 403 ? 'denied' : 'later';
  } catch {
    return 'later';
  }
}

const box = document.querySelector('[data-outbox]');
const who = box ? box.dataset.who : '';
const mine = (rows) => rows.filter((row) => row.who === who);

async function round() {
  const rows = mine(await waiting()).filter((row) => !row.refused);
  const lane = async () => {
    for (let row = rows.shift(); row; row = rows.shift()) if ((await sent(row)) === 'later') rows.length = 0;
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

let busy = false;
let again = false; // something was kept while a round was under way: it does not wait for the next half minute
export async function sendAll() {
  again = true;
  if (busy || !box) return;
  busy = true;
  try {
    while (again) {
      again = false;
      await round();
    }
  } finally {
    busy = false;
  }
  await show();
}

function tell(name, n) {
  const line = box.querySelector(`[data-${name}]`);
  line.hidden = !n;
  line.querySelector('b').textContent = n;
}

async function show() {
  const rows = await waiting();
  const refused = mine(rows).filter((row) => row.refused);
  tell('waiting', mine(rows).length - refused.length);
  tell('others', rows.length - mine(rows).length);
  tell('refused', refused.length);
  box.hidden = !rows.length;
  const list = box.querySelector('ul');
  list.textContent = '';
  for (const row of refused) {
    const again = make(
      'a',
      { href: row.url },
      `${row.title} ${row.made_at.slice(0, 16).replace('T', ' ')}Z (${row.refused})`,
    );
    const away = make('button', { class: 'btn', type: 'button' }, box.dataset.away);
    away.addEventListener('click', () => drop(row.instance).then(show));
    list.append(make('li', {}, again, away));
  }
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
  const answer = await fetch(location.href, {
    method: 'POST',
    body,
    headers: { 'X-Outbox': 'direct' },
    redirect: 'manual',
  }).catch(() => null);
  if (answer && answer.status === 201) return location.assign('/m/reports');
  if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 403) {
    return form.submit(); // refused: the page with what is wrong comes by itself
  }
  // no network, a broken server, or a log-in that has ended: nothing of what was typed is lost
  await keep({
    instance: form.elements.instance.value,
    made_at: new Date().toISOString(),
    url: location.href,
    title: document.querySelector('h1').textContent.trim(),
    who,
    fields: fields.filter(([name]) => name !== 'csrfmiddlewaretoken'),
  });
  form.hidden = true;
  document.querySelector('[data-kept]').hidden = false;
  return show();
}

const form = document.querySelector('form.fill');
if (form && box) {
  form.elements.instance.value = newInstance(); // a page out of the cache has an old one
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    form.querySelector('button').disabled = true;
    submit(form);
  });
}
box?.querySelector('[data-send]').addEventListener('click', sendAll);
if (box && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register('/m/sw.js').then(() => {
    // what one may need without a network is fetched while there is one
    for (const link of document.querySelectorAll(
      'a[href^="/m/reports/"], a[href^="/m/move"], a[href^="/m/checkpoint"]',
    ))
      fetch(link.href)
        .then((answer) => answer.text())
        .catch(() => null);
  });
}
addEventListener('online', sendAll);
setInterval(sendAll, EVERY_MS);
sendAll();
