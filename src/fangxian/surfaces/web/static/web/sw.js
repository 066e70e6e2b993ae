// The phone pages of reports without a network: the newest that was seen. With one, always the server's.
const CACHE = 'phone-1';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const ours = ['/m/reports', '/m/move', '/m/checkpoint', '/m/cold-scan', '/static/'].some((start) =>
    pathname.startsWith(start),
  );
  if (event.request.method === 'GET' && origin === self.location.origin && ours) {
    event.respondWith(newest(event.request));
  }
});

async function newest(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.redirected)
      await caches.delete(CACHE); // logged out: nothing of one person stays for the next
    else if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = (await cache.match(request)) || (await cache.match(request, { ignoreSearch: true }));
    if (kept) return kept;
    throw error;
  }
}
