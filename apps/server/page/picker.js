// The styles: cards in the gallery and for blends, the visitor's own picture, the tabs.
import { renderMixer, weigh } from "./blend.js";
import { language, t } from "./i18n.js";
import { note } from "./messages.js";
import { artistName } from "./problems.js";

const $ = (id) => document.getElementById(id);
const TABS = ["gallery", "blend", "own", "history"];

export const state = { list: [], mode: "gallery", single: null, blend: [], weights: [], point: [0.5, 0.5], own: null, ownNumber: 0 };
let changed = () => {}, hovered = () => {};

export const nameOf = (s) => s.display_name[language] ?? s.display_name.en;
export const byId = (id) => state.list.find((s) => s.style_id === id);

// What is chosen now: { picture, number } or { parts: [{ id, weight }] }; null while nothing is.
export function chosen() {
  if (state.mode === "own") return { picture: state.own, number: state.ownNumber };
  if (state.mode === "blend") {
    const parts = state.blend.map((id, i) => ({ id, weight: state.weights[i] })).filter((p) => p.weight > 0.001);
    return parts.length ? { parts } : null;
  }
  return state.single ? { parts: [{ id: state.single, weight: 1 }] } : null;
}

export function title() {
  if (state.mode === "own") return t("ownStyle");
  const ids = state.mode === "blend" ? state.blend : state.single ? [state.single] : [];
  if (ids.length > 2) return t("blendOf", { count: ids.length });
  const names = ids.map((id) => nameOf(byId(id)));
  const artist = ids.length === 1 ? artistName(byId(ids[0]).artist) : null;
  return names.join(" + ") + (artist ? ` — ${artist}` : "");
}

function card(style, role) {
  const b = document.createElement("button"), picture = document.createElement("span");
  b.type = "button";
  b.className = "style";
  b.dataset.id = style.style_id;
  if (role) b.setAttribute("role", role);
  picture.className = "picture";
  for (const kind of ["artwork", "mine"]) {
    const img = document.createElement("img");
    img.className = kind;
    img.alt = "";
    if (kind === "artwork" && style.preview_image) img.dataset.src = style.preview_image; // loaded when it is seen
    picture.append(img);
  }
  const name = document.createElement("span"), artist = document.createElement("span");
  name.className = "name";
  name.textContent = nameOf(style);
  artist.className = "artist";
  artist.textContent = artistName(style.artist);
  b.append(picture, name, " ", artist);
  return b;
}

// A style that has just come into the list.
export function choose(id) {
  openTab("gallery");
  pickSingle(id);
  const card = document.querySelector(`#gallery .style[data-id="${id}"]`);
  card?.scrollIntoView({ block: "nearest", inline: "nearest" });
  return card;
}

function singleCard(style) {
  const b = card(style, "radio");
  b.addEventListener("click", () => pickSingle(style.style_id));
  const mouse = (e, id) => { if (e.pointerType === "mouse") hovered(id); };
  b.addEventListener("pointerenter", (e) => mouse(e, state.mode === "gallery" && state.single === style.style_id ? null : style.style_id));
  b.addEventListener("pointerleave", (e) => mouse(e, null));
  return b;
}

function blendCard(style) {
  const b = card(style);
  b.addEventListener("click", () => pickBlend(style.style_id));
  return b;
}

// ------------------------------------------------------------------ what is seen

// The artwork of a card is loaded when it comes into view, and the style tried on the photograph.
const visible = new IntersectionObserver((list) => {
  const come = list.filter((e) => e.isIntersecting).map((e) => e.target);
  for (const card of come) {
    visible.unobserve(card);
    const img = card.querySelector(".artwork");
    if (img.dataset.src) img.src = img.dataset.src;
  }
  if (come.length) onSeen(come.map((card) => card.dataset.id));
}, { rootMargin: "80px" });
let onSeen = () => {};

export function renderCards() {
  const painted = new Map([...document.querySelectorAll(".style.painted")].map((b) => [b.dataset.id, b.querySelector(".mine").src]));
  $("gallery").replaceChildren(...state.list.map(singleCard));
  $("blend-grid").replaceChildren(...state.list.filter((s) => s.blendable).map(blendCard));
  visible.disconnect();
  for (const card of document.querySelectorAll(".style")) visible.observe(card);
  for (const [id, src] of painted) setThumbnail(id, src);
  mark();
  renderMixer();
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
    URL.revokeObjectURL(b.querySelector(".mine").src);
    b.querySelector(".mine").removeAttribute("src");
  }
}

// One stop for the tabulator in the gallery, as in any group of radio buttons.
function mark() {
  const cards = [...document.querySelectorAll("#gallery .style")];
  const stop = cards.find((b) => b.dataset.id === state.single) ?? cards[0];
  for (const b of cards) {
    b.setAttribute("aria-checked", String(b.dataset.id === state.single));
    b.tabIndex = b === stop ? 0 : -1;
  }
  for (const b of document.querySelectorAll("#blend-grid .style"))
    b.setAttribute("aria-pressed", String(state.blend.includes(b.dataset.id)));
}

function pickSingle(id) {
  state.single = id;
  state.mode = "gallery";
  mark();
  changed();
}

function pickBlend(id) {
  const at = state.blend.indexOf(id);
  if (at < 0 && state.blend.length === 4) return note(t("fourAtMost"));
  if (at >= 0) state.blend.splice(at, 1);
  else state.blend.push(id);
  state.point = [0.5, 0.5];
  state.mode = "blend";
  weigh();
  renderMixer();
  mark();
  changed();
}

export function setOwn(picture) {
  state.own = picture;
  state.ownNumber++;
  state.mode = "own";
  changed();
}

// Opening a tab changes the style only if there is something in it to paint with.
function openTab(name) {
  for (const other of TABS) {
    const on = other === name, tab = $(`tab-${other}`);
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    $(`pane-${other}`).hidden = !on;
  }
  if (name === "blend" && !state.blend.length && state.single && byId(state.single).blendable) {
    state.blend = [state.single];
    weigh();
    mark();
  }
  const ready = { gallery: state.single, blend: state.blend.length, own: state.own }[name];
  if (ready && state.mode !== name) {
    state.mode = name;
    changed();
  }
  renderMixer();
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function tabKeys(e) {
  const at = TABS.indexOf(e.target.id.slice(4)), last = TABS.length - 1;
  const to = e.key === "Home" ? 0 : e.key === "End" ? last : e.key === "ArrowRight" || e.key === "ArrowLeft" ? (at + STEPS[e.key] + TABS.length) % TABS.length : -1;
  if (to < 0) return;
  e.preventDefault();
  openTab(TABS[to]);
  $(`tab-${TABS[to]}`).focus();
}

function galleryKeys(e) {
  const cards = [...$("gallery").children], at = cards.indexOf(e.target.closest(".style"));
  const to = e.key === "Home" ? 0 : e.key === "End" ? cards.length - 1 : STEPS[e.key] ? (at + STEPS[e.key] + cards.length) % cards.length : -1;
  if (at < 0 || to < 0) return;
  e.preventDefault();
  cards[to].focus();
  pickSingle(cards[to].dataset.id);
}

// For a reload.
export const snapshot = () => ({ mode: state.mode, single: state.single, blend: state.blend, point: state.point, weights: state.weights });

export function resume(kept, own) {
  const known = (id) => Boolean(byId(id));
  if (own) Object.assign(state, { own, ownNumber: state.ownNumber + 1 });
  if (!kept) return;
  if (known(kept.single)) state.single = kept.single;
  if (kept.blend.every((id) => known(id) && byId(id).blendable)) Object.assign(state, { blend: kept.blend, point: kept.point, weights: kept.weights });
  mark();
  if ({ gallery: state.single, blend: state.blend.length, own: state.own }[kept.mode]) openTab(kept.mode);
}

export function start(onChange, onHover, seen) {
  changed = onChange;
  onSeen = seen;
  hovered = onHover;
  for (const name of TABS) $(`tab-${name}`).addEventListener("click", () => openTab(name));
  document.querySelector(".tabs").addEventListener("keydown", tabKeys);
  $("gallery").addEventListener("keydown", galleryKeys);
}
