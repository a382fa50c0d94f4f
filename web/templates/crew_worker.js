// Keeps the crew's page on the phone, so that it opens without a network. Keeps no data: the page itself does that.
const CACHE = "crew-{{ stamp }}";
const FILES = [{% for file in files %}"/static/{{ stamp }}/{{ file }}"{% if not loop.last %}, {% endif %}{% endfor %}];

async function keep() {
  const cache = await caches.open(CACHE);
  const page = await fetch("/crew/shell", { credentials: "omit" });
  if (!page.ok || page.redirected) throw new Error("no page");
  await Promise.all([cache.put("/crew", page), cache.addAll(FILES)]);
  await self.skipWaiting();
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("crew-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(address, request) {
  return (await caches.match(address)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === "/crew") event.respondWith(kept("/crew", request));
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(kept(url.pathname, request));
  }
});
