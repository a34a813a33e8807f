// The styles: cards in the gallery, the blend and its pad, the visitor's own picture.
import { language, t } from "./i18n.js";

const $ = (id) => document.getElementById(id);
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]];

export const state = {
  list: [], mode: "gallery", single: null, blend: [], point: [0.5, 0.5], weights: [], own: null, ownName: "",
};
let changed = () => {}, hovered = () => {};

const nameOf = (s) => s.display_name[language] ?? s.display_name.en;
export const byId = (id) => state.list.find((s) => s.style_id === id);

// What is chosen now: { picture } or { parts: [{ id, weight }] }; null while nothing is.
export function chosen() {
  if (state.mode === "own") return state.own ? { picture: state.own } : null;
  if (state.mode === "blend") {
    const parts = state.blend.map((id, i) => ({ id, weight: state.weights[i] })).filter((p) => p.weight > 0.001);
    return parts.length ? { parts } : null;
  }
  return state.single ? { parts: [{ id: state.single, weight: 1 }] } : null;
}

export function title() {
  if (state.mode === "own") return t("ownStyle");
  const ids = state.mode === "blend" ? state.blend : state.single ? [state.single] : [];
  const names = ids.map((id) => nameOf(byId(id)));
  const artist = ids.length === 1 ? byId(ids[0]).artist : null;
  return names.join(" + ") + (artist ? ` — ${artist}` : "");
}

function card(style, onPick) {
  const b = document.createElement("button");
  b.type = "button";
  b.className = "style";
  b.dataset.id = style.style_id;
  b.setAttribute("aria-pressed", "false");
  const picture = document.createElement("span");
  picture.className = "picture";
  for (const kind of ["artwork", "mine"]) {
    const img = document.createElement("img");
    img.className = kind;
    img.alt = "";
    img.loading = "lazy";
    if (kind === "artwork" && style.preview_image) img.src = style.preview_image;
    picture.append(img);
  }
  const name = document.createElement("span"), artist = document.createElement("span");
  name.className = "name";
  name.textContent = nameOf(style);
  artist.className = "artist";
  artist.textContent = style.artist ?? "";
  b.append(picture, name, artist);
  b.title = nameOf(style) + (style.artist ? ` — ${style.artist}` : "");
  b.addEventListener("click", () => onPick(style.style_id));
  b.addEventListener("pointerenter", (e) => { if (e.pointerType === "mouse") hovered(style.style_id); });
  b.addEventListener("pointerleave", (e) => { if (e.pointerType === "mouse") hovered(null); });
  return b;
}

export function renderCards() {
  const painted = new Map([...document.querySelectorAll(".style.painted")].map((b) => [b.dataset.id, b.querySelector(".mine").src]));
  $("gallery").replaceChildren(...state.list.map((s) => card(s, pickSingle)));
  $("blend-grid").replaceChildren(...state.list.filter((s) => s.blendable).map((s) => card(s, pickBlend)));
  for (const [id, src] of painted) setThumbnail(id, src);
  mark();
}

export function setThumbnail(id, src) {
  for (const b of document.querySelectorAll(`.style[data-id="${id}"]`)) {
    const img = b.querySelector(".mine");
    img.onload = () => b.classList.add("painted");
    img.src = src;
  }
}

export function clearThumbnails() {
  for (const b of document.querySelectorAll(".style.painted")) {
    b.classList.remove("painted");
    b.querySelector(".mine").removeAttribute("src");
  }
}

function mark() {
  for (const b of document.querySelectorAll("#gallery .style"))
    b.setAttribute("aria-pressed", String(b.dataset.id === state.single));
  for (const b of document.querySelectorAll("#blend-grid .style"))
    b.setAttribute("aria-pressed", String(state.blend.includes(b.dataset.id)));
}

function pickSingle(id) {
  state.single = id;
  mark();
  changed();
}

function pickBlend(id) {
  const at = state.blend.indexOf(id);
  if (at >= 0) state.blend.splice(at, 1);
  else if (state.blend.length < 4) state.blend.push(id);
  else return changed(t("fourAtMost"));
  state.point = [0.5, 0.5];
  weigh();
  renderBlend();
  mark();
  changed();
}

// Bilinear shares of the corners that are in use; two styles lie left and right.
function weigh() {
  const [x, y] = state.point, n = state.blend.length;
  if (n === 2) state.weights = [1 - x, x];
  else state.weights = state.blend.map((_, i) => Math.abs(1 - x - CORNERS[i][0]) * Math.abs(1 - y - CORNERS[i][1]));
  const sum = state.weights.reduce((a, b) => a + b, 0) || 1;
  state.weights = n === 1 ? [1] : state.weights.map((w) => w / sum);
}

function renderBlend() {
  const pad = $("pad");
  for (const img of pad.querySelectorAll("img")) img.remove();
  for (const id of state.blend) {
    const img = document.createElement("img");
    img.alt = "";
    img.src = byId(id).preview_image;
    pad.append(img);
  }
  $("weights").replaceChildren(...state.blend.map((id, i) => {
    const label = document.createElement("label"), name = document.createElement("span");
    const value = document.createElement("output"), range = document.createElement("input");
    label.className = "slider";
    name.textContent = nameOf(byId(id));
    range.type = "range";
    range.id = `weight-${id}`;
    label.htmlFor = range.id; // the output would be taken else
    range.max = "100";
    range.addEventListener("input", () => {
      state.weights[i] = Number(range.value) / 100;
      const rest = state.weights.reduce((a, w, k) => a + (k === i ? 0 : w), 0);
      state.weights = state.weights.map((w, k) => k === i ? w : rest > 0 ? w / rest * (1 - state.weights[i]) : (1 - state.weights[i]) / (state.weights.length - 1 || 1));
      showWeights(i);
      changed();
    });
    label.append(name, value, range);
    return label;
  }));
  showWeights(-1);
}

function showWeights(except) {
  [...$("weights").children].forEach((label, i) => {
    const percent = Math.round(100 * state.weights[i]);
    label.querySelector("output").textContent = `${percent} %`;
    if (i !== except) label.querySelector("input").value = percent;
  });
  const n = state.blend.length, w = state.weights;
  if (except >= 0 && n > 1)
    state.point = n === 2 ? [w[1], 0.5] : [0, 1].map((axis) => w.reduce((a, v, i) => a + v * CORNERS[i][axis], 0));
  $("pad-point").style.left = `${6 + 88 * state.point[0]}%`;
  $("pad-point").style.top = `${6 + 88 * state.point[1]}%`;
}

function movePoint(event) {
  const box = $("pad").getBoundingClientRect();
  const part = (v, from, size) => Math.min(1, Math.max(0, ((v - from) / size - 0.06) / 0.88));
  state.point = [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
  weigh();
  showWeights(-1);
  changed();
}

export function setMode(mode) {
  state.mode = mode;
  for (const name of ["gallery", "blend", "own"]) {
    const on = name === mode, tab = $(`tab-${name}`);
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    $(`pane-${name}`).hidden = !on;
  }
  if (mode === "blend" && !state.blend.length && state.single) {
    state.blend = [state.single];
    weigh();
    renderBlend();
    mark();
  }
  changed();
}

export function start(onChange, onHover) {
  changed = onChange;
  hovered = onHover;
  const tabs = ["gallery", "blend", "own"];
  tabs.forEach((name, i) => {
    $(`tab-${name}`).addEventListener("click", () => setMode(name));
    $(`tab-${name}`).addEventListener("keydown", (e) => {
      const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
      if (!step) return;
      const next = tabs[(i + step + tabs.length) % tabs.length];
      setMode(next);
      $(`tab-${next}`).focus();
    });
  });
  const pad = $("pad");
  pad.addEventListener("pointerdown", (e) => {
    if (state.blend.length < 2) return;
    pad.setPointerCapture(e.pointerId);
    movePoint(e);
  });
  pad.addEventListener("pointermove", (e) => { if (pad.hasPointerCapture(e.pointerId)) movePoint(e); });
}
