// The page as a program of its own, where the browser can: over HTTPS, or from this machine.
const $ = (id) => document.getElementById(id);
let ask = null;

export function start() {
  if (!navigator.serviceWorker) return;
  // Scripts of other addresses than this one are not made.
  const policy = window.trustedTypes?.createPolicy("stylize", { createScriptURL: (path) => {
    if (path !== "/page/service.js") throw new TypeError("another script");
    return path;
  } });
  const path = "/page/service.js";
  navigator.serviceWorker.register(policy ? policy.createScriptURL(path) : path, { scope: "/" }).catch(() => {}); // the page works without
  window.addEventListener("beforeinstallprompt", (e) => {
    e.preventDefault();
    ask = e;
    $("install").hidden = false;
  });
  window.addEventListener("appinstalled", () => { $("install").hidden = true; });
  $("install").addEventListener("click", async () => {
    $("install").hidden = true;
    await ask?.prompt();
    ask = null;
  });
}
