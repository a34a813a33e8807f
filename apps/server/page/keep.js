// What a reload of this tab brings back: the pictures, the style, the settings. In this browser only, and for a day at most.
import { done, store } from "./db.js";

const DAY = 86400e3, SOON = 150;
const KINDS = ["pictures", "own", "state"];
let tab = sessionStorage.getItem("tab"), timer = 0, saved = 0, last = Promise.resolve();

const key = (kind) => `${tab}/${kind}`;

// One after the other, so that what was put last stands there. Without a database, as in some private windows, nothing is kept.
function put(kind, value) {
  if (!tab) sessionStorage.setItem("tab", tab = crypto.randomUUID());
  return last = last.then(async () => done((await store("sessions", "readwrite")).put({ id: key(kind), made: Date.now(), value }))).catch(() => {});
}

export const pictures = (files) => put("pictures", files);
export const own = (blob, name) => put("own", { blob, name });

// At once, or while something is dragged a few times a second.
export function soon(state) {
  clearTimeout(timer);
  const save = () => {
    saved = performance.now();
    put("state", state());
  };
  timer = setTimeout(save, Math.max(0, saved + SOON - performance.now()));
}

export function forget() {
  clearTimeout(timer);
  if (!tab) return last;
  return last = last.then(async () => { for (const kind of KINDS) await done((await store("sessions", "readwrite")).delete(key(kind))); }).catch(() => {});
}

// Of tabs that were closed.
async function prune() {
  const sessions = await store("sessions", "readwrite");
  for (const { id, made } of await done(sessions.getAll()))
    if (made < Date.now() - DAY) await done((await store("sessions", "readwrite")).delete(id));
}

// { pictures, own, state }, or null.
export async function load() {
  try {
    await prune();
    if (!tab) return null;
    const kept = {};
    for (const kind of KINDS) kept[kind] = (await done((await store("sessions", "readonly")).get(key(kind))))?.value ?? null;
    return kept.pictures?.length || kept.own ? kept : null;
  } catch {
    return null;
  }
}
