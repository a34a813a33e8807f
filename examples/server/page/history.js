// What was painted, in this browser's own database; the server knows nothing of it.
import { t } from "./i18n.js";

const KEEP = 24;
const $ = (id) => document.getElementById(id);
const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error); });
let urls = [];

async function store(mode) {
  const open = indexedDB.open("stylize", 1);
  open.onupgradeneeded = () => open.result.createObjectStore("paintings", { keyPath: "id", autoIncrement: true });
  return (await done(open)).transaction("paintings", mode).objectStore("paintings");
}

export async function add(blob, title) {
  try {
    await done((await store("readwrite")).add({ blob, title, made: Date.now() }));
    const keys = await done((await store("readonly")).getAllKeys());
    for (const key of keys.slice(0, Math.max(0, keys.length - KEEP))) await done((await store("readwrite")).delete(key));
  } catch { /* a private window may have no database: then there is no history */ }
}

export async function render(onOpen) {
  let list = [];
  try { list = await done((await store("readonly")).getAll()); } catch { /* as above */ }
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  $("history").replaceChildren(...list.reverse().map((entry) => {
    const item = document.createElement("li"), open = document.createElement("button");
    const remove = document.createElement("button"), img = document.createElement("img");
    img.src = URL.createObjectURL(entry.blob);
    urls.push(img.src);
    img.alt = entry.title;
    open.type = remove.type = "button";
    open.append(img);
    open.addEventListener("click", () => onOpen(entry));
    remove.className = "remove";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `${t("remove")}: ${entry.title}`);
    remove.addEventListener("click", async () => {
      await done((await store("readwrite")).delete(entry.id));
      render(onOpen);
    });
    item.append(open, remove);
    return item;
  }));
  $("clear-history").hidden = !list.length;
  $("history-hint").hidden = list.length > 0;
  $("clear-history").onclick = async () => {
    await done((await store("readwrite")).clear());
    render(onOpen);
  };
}
