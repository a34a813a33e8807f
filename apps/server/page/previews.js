// Styles tried on small copies of the photograph: thumbnails, what is pointed at, what is chosen.
import * as api from "./api.js";
import { noteBusy, report, serverAnswered } from "./messages.js";
import { copy, photo, PREVIEW, SHARP, thumbnailSide } from "./photo.js";
import * as picker from "./picker.js";
import * as stage from "./stage.js";

const LIVE = 320, KEEP = 40, AT_ONCE = 3;
const $ = (id) => document.getElementById(id);

// The style_scale that the slider stands for: half, the same or twice, and steps between that look even.
export const strokes = () => 2 ** (Number($("strokes").value) / 4);

// ------------------------------------------------------------------ paintings, kept and shared

const kept = new Map(), pending = new Map();

function keep(key, painting) {
  kept.set(key, painting);
  if (kept.size > KEEP) kept.delete(kept.keys().next().value);
}

async function request(style, side, coloured, scale, signal) {
  const start = performance.now(), content = await copy(side), number = photo.number;
  const settings = { output_size: side, quality: 90, style_scale: scale, ...(coloured ? { preserve_color: 1 } : {}) };
  const { blob, degraded } = await api.paint(content, style, settings, { signal, onBusy: noteBusy });
  const bitmap = await createImageBitmap(blob);
  return { bitmap, degraded, number, ms: performance.now() - start };
}

// A painting on a small copy. Those who want the same share one request; it ends when all have left.
async function painted(style, side, coloured, signal) {
  const scale = strokes(), key = [photo.number, style.picture ? `own ${style.number}` : style.parts.map((p) => p.id + p.weight.toFixed(3)).join(),
    side, coloured, scale].join("|");
  const known = kept.get(key);
  if (known) {
    kept.delete(key); // and to the end: the oldest goes first
    kept.set(key, known);
    return known;
  }
  let entry = pending.get(key);
  if (!entry) {
    const made = entry = { users: 0, abort: new AbortController(), forget: () => { if (pending.get(key) === made) pending.delete(key); } };
    entry.promise = request(style, side, coloured, scale, entry.abort.signal).then((p) => {
      if (!p.degraded && p.number === photo.number) keep(key, p);
      return p;
    }).finally(entry.forget);
    pending.set(key, entry);
  }
  entry.users++;
  return new Promise((done, fail) => {
    const leave = () => {
      if (--entry.users === 0) {
        entry.forget(); // who asks now asks anew
        entry.abort.abort();
      }
      fail(new DOMException("cancelled", "AbortError"));
    };
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    entry.promise.then(done, fail).finally(() => signal.removeEventListener("abort", leave));
  });
}

async function both(style, side, signal) {
  const [plain, coloured] = await Promise.all([painted(style, side, false, signal),
    stage.has().colour > 0 ? painted(style, side, true, signal) : null]);
  return { plain: plain.bitmap, coloured: coloured?.bitmap ?? null, degraded: plain.degraded, ms: plain.ms };
}

// ------------------------------------------------------------------ thumbnails

const thumbs = new Map(), seen = new Set();
let batch = null; // of one photograph: { abort, working, told }

// Cards that have come into view.
export function look(ids) {
  for (const id of ids) seen.add(id);
  if (batch && !batch.abort.signal.aborted) thumbnails();
}

const next = () => [...seen].find((id) => !thumbs.has(id) && !batch.taken.has(id) && picker.byId(id));

async function worker(mine, side) {
  for (let id = next(); id && mine === batch; id = next()) {
    mine.taken.add(id);
    const { blob } = await api.paint(await copy(side), { parts: [{ id, weight: 1 }] }, { output_size: side, quality: 85 },
      { signal: mine.abort.signal });
    const bitmap = await createImageBitmap(blob);
    if (mine.abort.signal.aborted) return;
    thumbs.set(id, bitmap);
    picker.setThumbnail(id, URL.createObjectURL(blob));
  }
}

// Each style that is seen on the visitor's own picture, a few at a time; another photograph ends it.
async function thumbnails() {
  if (!batch || batch.abort.signal.aborted) {
    batch = { abort: new AbortController(), working: 0, taken: new Set(), told: false };
    performance.mark("thumbnails-start");
  }
  const mine = batch, side = thumbnailSide();
  while (mine.working < AT_ONCE && next()) {
    mine.working++;
    worker(mine, side).catch(() => mine.abort.abort()) // the preview tells what is wrong, and trying again starts them too
      .finally(() => {
        if (--mine.working || mine.abort.signal.aborted || mine.told || next()) return;
        mine.told = true;
        performance.measure("thumbnails", "thumbnails-start");
      });
  }
}

// ------------------------------------------------------------------ what is chosen

let wanted = null, current = null, looping = false, settled = { plain: null, coloured: null };
let onSettled = () => {};

export function start(callback) { onSettled = callback; }

// Forgets all that was painted of the photograph before.
export function forget() {
  batch?.abort.abort();
  batch = null;
  current?.abort();
  thumbs.clear();
  kept.clear();
  settled = { plain: null, coloured: null };
  picker.clearThumbnails();
}

// Told only when it takes long: a word that comes and goes with each click would flicker.
let busyTimer = 0;
function showBusy(on) {
  clearTimeout(busyTimer);
  if (on) busyTimer = setTimeout(() => { $("busy").hidden = false; }, 400);
  else $("busy").hidden = true;
}

function measure(name, from) {
  performance.measure(name, { start: from, end: performance.now() });
}

// The thumbnail, if there is one, fills the frame until something sharper comes.
function atOnce(style, from) {
  const id = style.parts?.length === 1 ? style.parts[0].id : null, thumb = thumbs.get(id);
  if (!thumb) return;
  stage.show({ plain: thumb, coloured: null });
  measure("click-to-first-paint", from);
}

// Paints the preview anew. Live: many come while something is dragged, each one is to be seen.
export function refresh({ live = false } = {}) {
  const style = picker.chosen();
  if (!photo.bitmap || !style) return;
  const from = performance.now();
  wanted = { style, live, from };
  if (!live || current?.side !== LIVE) current?.abort();
  if (!live) atOnce(style, from);
  if (!looping) loop();
}

async function loop() {
  looping = true;
  $("stage").setAttribute("aria-busy", "true");
  showBusy(true);
  while (wanted) {
    const ask = wanted;
    wanted = null;
    try {
      await paintSteps(ask);
    } catch (error) {
      if (error.name !== "AbortError") onSettled(null);
      report(error, refresh);
    }
  }
  showBusy(false);
  $("stage").setAttribute("aria-busy", "false");
  looping = false;
}

// The strokes are finer in a larger painting, so the last step has the size of the download, if it is not too large.
const lastSide = () => Math.min(Number($("size").value) || PREVIEW, SHARP);

// Coarse while dragging, then the preview, then what will be downloaded.
async function paintSteps({ style, live, from }) {
  const abort = new AbortController(), last = lastSide();
  let first = true;
  for (const side of new Set([...(live ? [LIVE] : []), PREVIEW, last].map((s) => Math.min(s, last)))) {
    if (wanted) return;
    current = Object.assign(abort, { side });
    const made = await both(style, side, abort.signal);
    if (abort.signal.aborted) return;
    settled = { plain: made.plain, coloured: made.coloured };
    if (!hovered) stage.show(settled);
    if (first) measure("click-to-preview", from);
    thumbnails(); // what is chosen comes first
    if (side >= Math.min(PREVIEW, last)) showBusy(false);
    if (first || side === PREVIEW) onSettled({ ms: made.ms, degraded: made.degraded, live: side === LIVE });
    serverAnswered();
    first = false;
  }
}

// The largest strength that leaves enough of the photograph's structure in the chosen style; null while none is chosen.
export async function bestStrength() {
  const style = picker.chosen(), side = Math.min(PREVIEW, lastSide());
  if (!style) return null;
  const settings = { output_size: side, quality: 60, style_scale: strokes(), strength: "auto" };
  return (await api.paint(await copy(side), style, settings, { onBusy: noteBusy })).strength;
}

// ------------------------------------------------------------------ what is pointed at

let hovered = null, hoverTimer = 0, hoverAbort = null;

// Trying a style by pointing at it; gone when the pointer leaves, and ready when it is clicked.
export function hover(id) {
  clearTimeout(hoverTimer);
  hoverAbort?.abort();
  if (hovered) {
    hovered = null;
    stage.show(settled);
  }
  if (!id || !photo.bitmap || !settled.plain) return;
  hoverTimer = setTimeout(() => peek(id), 70);
}

async function peek(id) {
  const abort = hoverAbort = new AbortController(), style = { parts: [{ id, weight: 1 }] };
  const side = Math.min(PREVIEW, lastSide());
  hovered = id;
  atOnce(style, performance.now());
  try {
    const made = await both(style, side, abort.signal);
    if (hovered === id) stage.show({ plain: made.plain, coloured: made.coloured });
  } catch { /* pointing at something is no request that has to be answered */ }
}

// The click on what is pointed at makes it the chosen one.
export function endHover() {
  clearTimeout(hoverTimer);
  hovered = null;
}
