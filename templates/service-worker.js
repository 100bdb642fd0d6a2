// Shows a page that says so while the server is away. Everything else comes from the network: what
// is kept here is that page and its files alone.

const CACHE = {{ ("offline-" + version)|tojson }};
const PAGE = {{ page|tojson }};
const FILES = {{ files|tojson }};
const ADMIN = {{ admin|tojson }};
const GATEWAY_ERRORS = [502, 504]; // of a proxy before a server that is away

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([...FILES, new Request(PAGE, { cache: "no-store" })]);
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const clear = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
    await self.registration.navigationPreload?.enable();
  };
  event.waitUntil(clear());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" || pathname.startsWith(ADMIN)) return;
  if (request.mode === "navigate") event.respondWith(visit(event));
  else if (FILES.includes(pathname)) event.respondWith(fromNetworkOr(request));
});

async function visit({ request, preloadResponse }) {
  try {
    const response = (await preloadResponse) ?? (await fetch(request));
    if (!GATEWAY_ERRORS.includes(response.status)) return response;
  } catch {
    // the server is away, or this device is offline
  }
  const page = await caches.match(PAGE);
  if (!page) return Response.error();
  return new Response(page.body, { status: 503, headers: page.headers });
}

async function fromNetworkOr(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request)) ?? Response.error();
  }
}
