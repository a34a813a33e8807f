// Several pictures at once: one is on the wall, the others wait in a row below it.
import { Failure } from "./api.js";
import { t } from "./i18n.js";
import { miniature } from "./photo.js";

const MOST = 100;
const $ = (id) => document.getElementById(id);
export const album = { items: [], at: 0 }; // items: { file, mask, url } with the steps of what is drawn on each
let go = () => {};

const tell = () => {
  const { items, at } = album;
  [...$("album-list").children].forEach((li, i) => {
    const button = li.firstElementChild;
    button.setAttribute("aria-label", t("pictureAt", { at: i + 1, count: items.length, name: items[i].file.name }));
    button.setAttribute("aria-current", String(i === at));
  });
  $("album").hidden = $("download-all").hidden = items.length < 2;
  $("download-all-text").textContent = t("downloadAll", { count: items.length });
  $("download-all").setAttribute("aria-label", t("downloadAllLabel", { count: items.length }));
};

function entry(item) {
  const li = document.createElement("li"), button = document.createElement("button"), img = document.createElement("img");
  button.type = "button";
  button.className = "mini";
  img.alt = "";
  if (item.url) img.src = item.url;
  button.append(img);
  button.addEventListener("click", () => go(album.items.indexOf(item)));
  li.append(button);
  return li;
}

// One after the other, for each needs the whole picture for a moment; what cannot be read comes off the list.
async function miniatures(items) {
  const wrong = [];
  for (const item of items) {
    if (!album.items.includes(item) || item.url) continue;
    try {
      item.url = URL.createObjectURL(await miniature(item.file));
      const img = $("album-list").children[album.items.indexOf(item)]?.querySelector("img");
      if (img) img.src = item.url;
    } catch {
      wrong.push(item);
    }
  }
  return wrong;
}

function render() {
  $("album-list").replaceChildren(...album.items.map(entry));
  tell();
  $("album-list").children[album.at]?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function forget(items) {
  for (const item of items) if (item.url) URL.revokeObjectURL(item.url);
}

// Files instead of those of before, or behind them. Throws what is to be told when all is done.
export async function take(files, { add = false, masks = [], at = 0 } = {}) {
  const before = add ? album.items : [], room = Math.max(0, MOST - before.length);
  const items = files.slice(0, room).map((file, i) => ({ file, mask: masks[i] ?? [], url: "" }));
  if (!add) {
    forget(album.items);
    album.at = Math.min(at, items.length - 1);
  }
  album.items = [...before, ...items];
  render();
  if (album.items.length < 2) return;
  const wrong = await miniatures(items);
  if (wrong.length) drop(wrong);
  if (wrong.length) throw new Failure(t("someUnreadable", { names: wrong.map((i) => i.file.name).join(t("comma")) }));
  if (files.length > room) throw new Failure(t("tooMany", { count: MOST }));
}

// Takes some off the list; true if the one on the wall is among them.
function drop(gone) {
  const current = album.items[album.at], lost = gone.includes(current);
  const left = album.items.filter((item) => !gone.includes(item));
  forget(gone);
  album.at = lost ? Math.min(album.at, Math.max(0, left.length - 1)) : left.indexOf(current);
  album.items = left;
  render();
  return lost;
}

export const remove = () => drop([album.items[album.at]]);

// As it was, for what came instead cannot be read.
export async function back({ items, at }) {
  forget(album.items);
  Object.assign(album, { items, at });
  render();
  const missing = items.length > 1 ? items : [];
  for (const item of missing) item.url = "";
  await miniatures(missing);
}

export function close() {
  forget(album.items);
  Object.assign(album, { items: [], at: 0 });
  render();
}

export function select(at) {
  album.at = at;
  tell();
}

export const retell = tell;

export function start(onGo, onRemove) {
  go = onGo;
  $("album-remove").addEventListener("click", onRemove);
  tell();
}
