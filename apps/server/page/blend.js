// The pad and the sliders that mix styles.
import { percent } from "./i18n.js";
import { byId, nameOf, state } from "./picker.js";

const $ = (id) => document.getElementById(id);
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]];
const MARGIN = 0.14; // of the pad, at each side of where the point can be
let changed = () => {};

// Bilinear shares of the corners that are in use; two styles lie left and right.
export function weigh() {
  const [x, y] = state.point, n = state.blend.length;
  if (n === 2) state.weights = [1 - x, x];
  else state.weights = state.blend.map((_, i) => Math.abs(1 - x - CORNERS[i][0]) * Math.abs(1 - y - CORNERS[i][1]));
  const sum = state.weights.reduce((a, b) => a + b, 0);
  state.weights = n === 1 ? [1] : state.weights.map((w) => (sum > 0 ? w / sum : 1 / n));
}

// One share is set; the others keep their proportions.
function setWeight(i, value) {
  const rest = state.weights.reduce((a, w, k) => a + (k === i ? 0 : w), 0), others = state.weights.length - 1;
  state.weights = state.weights.map((w, k) => (k === i ? value : rest > 0 ? w / rest * (1 - value) : (1 - value) / others));
  const w = state.weights;
  state.point = w.length === 2 ? [w[1], 0.5] : [0, 1].map((axis) => w.reduce((a, v, k) => a + v * CORNERS[k][axis], 0));
}

function weightRow(id, i) {
  const row = document.createElement("div"), label = document.createElement("label");
  const value = document.createElement("output"), range = document.createElement("input");
  row.className = "weight";
  range.type = "range";
  range.id = label.htmlFor = `weight-${id}`;
  label.textContent = nameOf(byId(id));
  range.max = "100";
  range.addEventListener("input", () => {
    setWeight(i, Number(range.value) / 100);
    showWeights();
    changed({ live: true });
  });
  row.append(label, range, value);
  return row;
}

export function renderMixer() {
  const pad = $("pad"), n = state.blend.length;
  $("mixer").hidden = n < 2;
  pad.classList.toggle("line", n === 2);
  for (const img of pad.querySelectorAll("img")) img.remove();
  for (const id of state.blend) {
    const img = document.createElement("img");
    img.alt = "";
    img.src = byId(id).preview_image;
    pad.append(img);
  }
  $("weights").replaceChildren(...state.blend.map(weightRow));
  showWeights();
}

function showWeights() {
  const at = (v) => `${100 * (MARGIN + (1 - 2 * MARGIN) * v)}%`;
  [...$("weights").children].forEach((row, i) => {
    const range = row.querySelector("input"), share = Math.round(100 * state.weights[i]);
    row.querySelector("output").textContent = percent(share / 100);
    if (Number(range.value) !== share) range.value = share;
    range.style.setProperty("--fill", `${share}%`);
    range.setAttribute("aria-valuetext", percent(share / 100));
  });
  const point = $("pad-point");
  point.style.left = at(state.point[0]);
  point.style.top = at(state.blend.length === 2 ? 0.5 : state.point[1]);
  point.setAttribute("aria-valuenow", Math.round(100 * state.point[0]));
  point.setAttribute("aria-valuetext", state.blend.map((id, i) => `${nameOf(byId(id))} ${percent(Math.round(100 * state.weights[i]) / 100)}`).join(", "));
}

function moveTo(x, y, live) {
  const inside = (v) => Math.min(1, Math.max(0, v));
  state.point = [inside(x), inside(y)];
  weigh();
  showWeights();
  changed({ live });
}

function follow(event) {
  const box = $("pad").getBoundingClientRect();
  const part = (v, from, size) => ((v - from) / size - MARGIN) / (1 - 2 * MARGIN);
  moveTo(part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height), true);
}

function keys(e) {
  const step = e.shiftKey ? 0.01 : 0.05, line = state.blend.length === 2;
  const moves = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: line ? [step, 0] : [0, -step], ArrowDown: line ? [-step, 0] : [0, step] };
  const [x, y] = state.point, move = moves[e.key];
  if (!move && e.key !== "Home" && e.key !== "End") return;
  e.preventDefault();
  if (move) moveTo(x + move[0], y + move[1], true);
  else moveTo(e.key === "Home" ? 0 : 1, y, true);
}

export function start(onChange) {
  changed = onChange;
  const pad = $("pad");
  pad.addEventListener("pointerdown", (e) => {
    pad.setPointerCapture(e.pointerId);
    follow(e);
  });
  pad.addEventListener("pointermove", (e) => { if (pad.hasPointerCapture(e.pointerId)) follow(e); });
  $("pad-point").addEventListener("keydown", keys);
}
