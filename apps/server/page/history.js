// What was downloaded, in this browser's own database; the server knows nothing of it.
import * as database from "./db.js";
import { language, t } from "./i18n.js";
import { speak } from "./messages.js";

const KEEP = 24, KEEP_BYTES = 200e6, THUMBNAIL = 240;
const $ = (id) => document.getElementById(id);
const { done } = database;
let urls = [], onOpen = () => {};

const store = (mode) => database.store("paintings", mode);

async function thumbnail(blob) {
  const full = await createImageBitmap(blob), scale = THUMBNAIL / Math.min(full.width, full.height);
  const canvas = new OffscreenCanvas(Math.ceil(full.width * scale), Math.ceil(full.height * scale)), g = canvas.getContext("2d");
  g.imageSmoothingQuality = "high";
  g.drawImage(full, 0, 0, canvas.width, canvas.height);
  full.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}

// The oldest go, by number and by bytes.
async function prune() {
  const list = await done((await store("readonly")).getAll());
  let count = 0, bytes = 0;
  for (const entry of list.reverse()) {
    count++;
    bytes += entry.blob.size;
    if (count > KEEP || (bytes > KEEP_BYTES && count > 1)) await done((await store("readwrite")).delete(entry.id));
  }
}

export async function add(entry) {
  try {
    const whole = { ...entry, thumbnail: await thumbnail(entry.blob), made: Date.now() };
    await done((await store("readwrite")).add(whole));
    await prune();
  } catch { /* a private window may have no database: then there is no history */ }
  return render();
}

function element(tag, className, text) {
  const e = document.createElement(tag);
  e.className = className;
  if (text) e.textContent = text;
  if (tag === "button") e.type = "button";
  return e;
}

// The focus goes to the neighbour of what was removed.
async function remove(entry, item) {
  const index = [...$("history").children].indexOf(item);
  await done((await store("readwrite")).delete(entry.id));
  await render();
  speak(t("removed") + entry.title);
  const left = $("history").children;
  (left[Math.min(index, left.length - 1)]?.querySelector(".open") ?? $("tab-history")).focus();
}

function item(entry) {
  const li = element("li", ""), open = element("button", "open"), img = element("img", ""), close = element("button", "remove");
  img.src = URL.createObjectURL(entry.thumbnail);
  urls.push(img.src);
  img.alt = "";
  const when = new Date(entry.made).toLocaleDateString(language === "zh" ? "zh-CN" : "en", { month: "short", day: "numeric" });
  open.append(img, element("span", "", `${entry.title.split(" — ")[0]} · ${when}`));
  open.addEventListener("click", () => onOpen(entry));
  close.setAttribute("aria-label", `${t("remove")}: ${entry.title}`);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", "M6 6l12 12M18 6 6 18");
  svg.append(path);
  close.append(svg);
  close.addEventListener("click", () => remove(entry, li));
  li.append(open, close);
  return li;
}

export async function render() {
  let list = [];
  try { list = await done((await store("readonly")).getAll()); } catch { /* as above */ }
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  $("history").replaceChildren(...list.reverse().map(item));
  $("clear-history").hidden = !list.length;
}

// All at once only after a second press.
export function start(callback) {
  onOpen = callback;
  const button = $("clear-history");
  let sure = false;
  const ask = (on) => { sure = on; button.textContent = t(on ? "clearSure" : "clear"); };
  button.addEventListener("blur", () => ask(false));
  button.addEventListener("click", async () => {
    if (!sure) return ask(true);
    ask(false);
    await done((await store("readwrite")).clear());
    await render();
    $("tab-history").focus();
  });
  return render();
}
