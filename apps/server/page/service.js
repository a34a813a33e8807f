// Lets the page open without a network, as a program that was installed does: its files are asked of the server first, and
// taken from here where it is away. What is painted is never kept here.
const NAME = "stylize-page";
const FILES = ["/", "/page/album.js", "/page/api.js", "/page/app.js", "/page/base.css", "/page/blend.js", "/page/camera.js", "/page/db.js",
  "/page/download.js", "/page/history.js", "/page/i18n.js", "/page/icon.svg", "/page/input.js", "/page/install.js", "/page/keep.js",
  "/page/learn.js", "/page/mask.js", "/page/messages.js", "/page/panel.css", "/page/photo.js", "/page/picker.js", "/page/previews.js",
  "/page/problems.js", "/page/small.css", "/page/stage.css", "/page/stage.js", "/page/where.js", "/page/zip.js", "/page/zoom.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function serve(request) {
  const cache = await caches.open(NAME);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone()).catch(() => {}); // a full disk does not keep the page away
    return answer;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === self.location.origin && FILES.includes(pathname)) event.respondWith(serve(event.request));
});
