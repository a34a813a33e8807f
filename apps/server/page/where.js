// Where the style is painted: a mask that is drawn on the picture with a soft brush. None: everywhere.
import { t } from "./i18n.js";
import { speak } from "./messages.js";
import * as stage from "./stage.js";

const $ = (id) => document.getElementById(id);
const SOFT = 0.55;    // of the radius: where the edge of the brush begins to fade
const SPACING = 0.25; // of the radius: from one dab to the next
const STEP = 0.02;    // of the longer side: the arrow keys

// What is drawn stands in the canvas' alpha: where the style is, or with `inverted` where it is not.
let canvas = null, drawn = false, inverted = false, editing = false, at = null, changed = () => {};
let number = 0; // of the mask, so that another one is known

const used = () => drawn && canvas;

function show() {
  const mask = used() || (editing && !inverted) ? canvas : null;
  stage.show({ mask, inverted });
}

function touched() {
  number++;
  show();
  changed();
}

const radius = () => Number($("brush-size").value) / 100 * Math.max(canvas.width, canvas.height);

function dab(x, y) {
  const g = canvas.getContext("2d"), r = radius(), paints = $("tool-brush").checked !== inverted;
  const shade = g.createRadialGradient(x, y, r * SOFT, x, y, r);
  shade.addColorStop(0, "#fff");
  shade.addColorStop(1, "#fff0");
  g.globalCompositeOperation = paints ? "source-over" : "destination-out";
  g.fillStyle = shade;
  g.fillRect(x - r, y - r, 2 * r, 2 * r);
  drawn ||= paints;
}

function line(to) {
  const from = at ?? to, far = Math.hypot(to.x - from.x, to.y - from.y);
  const dabs = Math.max(1, Math.ceil(far / (SPACING * radius())));
  for (let i = 1; i <= dabs; i++) dab(from.x + (to.x - from.x) * i / dabs, from.y + (to.y - from.y) * i / dabs);
  at = to;
  show();
}

function place(event) {
  const box = $("brush-area").getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width * canvas.width, y: (event.clientY - box.top) / box.height * canvas.height };
}

// The circle of the brush.
function ring(p) {
  const r = $("brush-ring"), share = 2 * radius() / canvas.width;
  r.hidden = !p;
  if (!p) return;
  r.style.left = `${100 * p.x / canvas.width}%`;
  r.style.top = `${100 * p.y / canvas.height}%`;
  r.style.width = `${100 * share}%`;
}

function edit(on) {
  editing = on;
  $("where").setAttribute("aria-expanded", String(on));
  $("where").dataset.i18n = on ? "done" : "where";
  $("where").textContent = t($("where").dataset.i18n);
  $("brush-tools").hidden = $("brush-area").hidden = !on;
  stage.fitFrame();
  ring(null);
  show();
  if (on && !drawn) speak(t("whereHint"));
}

function keys(e) {
  const far = STEP * Math.max(canvas.width, canvas.height) * (e.shiftKey ? 4 : 1);
  const moves = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }, move = moves[e.key];
  at ??= { x: canvas.width / 2, y: canvas.height / 2 };
  if (move) {
    at = { x: Math.min(canvas.width, Math.max(0, at.x + move[0])), y: Math.min(canvas.height, Math.max(0, at.y + move[1])) };
  } else if (e.key === " " || e.key === "Enter") {
    dab(at.x, at.y);
    touched();
  } else if (e.key === "Escape") {
    edit(false);
    $("where").focus();
  } else return;
  e.preventDefault();
  if (editing) ring(at);
}

// For another photograph; the mask of the one before does not fit.
export function reset(content) {
  canvas = new OffscreenCanvas(content.width, content.height);
  drawn = inverted = false;
  at = null;
  number++;
  edit(false);
}

// Shown for the visitor's photograph, not for what the history has.
export function offer(on) {
  $("where-row").hidden = !on;
  if (!on && editing) edit(false);
  stage.show({ mask: on && used() ? canvas : null, inverted });
}

// A number for each mask, 0 without one.
export const version = () => (used() ? number : 0);

// As the server takes it: a grey picture, white where the style is painted; null for everywhere.
export async function picture() {
  if (!used()) return null;
  const grey = new OffscreenCanvas(canvas.width, canvas.height), g = grey.getContext("2d");
  g.fillStyle = "#fff";
  g.drawImage(canvas, 0, 0);
  if (inverted) {
    g.globalCompositeOperation = "source-out";
    g.fillRect(0, 0, grey.width, grey.height);
  }
  g.globalCompositeOperation = "destination-over";
  g.fillStyle = "#000";
  g.fillRect(0, 0, grey.width, grey.height);
  return grey.convertToBlob({ type: "image/png" });
}

export function start(onChange) {
  const size = $("brush-size"), fill = () => size.style.setProperty("--fill", `${100 * (size.value - size.min) / (size.max - size.min)}%`);
  size.addEventListener("input", fill);
  fill();
  changed = onChange;
  const area = $("brush-area");
  area.addEventListener("pointerdown", (e) => {
    area.setPointerCapture(e.pointerId);
    at = null;
    line(place(e));
  });
  area.addEventListener("pointermove", (e) => {
    if (area.hasPointerCapture(e.pointerId)) line(place(e));
    ring(place(e));
  });
  area.addEventListener("pointerup", () => touched());
  area.addEventListener("pointerleave", () => ring(null));
  area.addEventListener("focus", () => { if (area.matches(":focus-visible")) ring(at ??= { x: canvas.width / 2, y: canvas.height / 2 }); });
  area.addEventListener("blur", () => ring(null));
  area.addEventListener("keydown", keys);
  $("where").addEventListener("click", () => edit(!editing));
  $("brush-invert").addEventListener("click", () => {
    inverted = !inverted;
    touched();
  });
  $("brush-clear").addEventListener("click", () => {
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    drawn = inverted = false;
    touched();
    edit(false);
    $("where").focus();
  });
}
