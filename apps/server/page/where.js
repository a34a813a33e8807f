// Where the style is painted: a mask that is drawn on the picture with a soft brush. None: everywhere.
import { t } from "./i18n.js";
import { Mask } from "./mask.js";
import { speak } from "./messages.js";
import * as stage from "./stage.js";

const $ = (id) => document.getElementById(id);
const STEP = 0.02; // of the longer side: the arrow keys

let mask = null, editing = false, at = null, changed = () => {};
let number = 0; // of the mask, so that another one is known

const used = () => Boolean(mask?.used);

function show() {
  const shown = used() || (editing && !mask.inverted);
  stage.show({ mask: shown ? mask.canvas : null, inverted: Boolean(mask?.inverted) });
  // not `disabled`: the focus would be lost with the last step
  $("brush-undo").setAttribute("aria-disabled", String(!mask?.steps.length));
  $("brush-redo").setAttribute("aria-disabled", String(!mask?.undone.length));
}

function touched() {
  number++;
  show();
  changed();
}

const radius = () => Number($("brush-size").value) / 100;
const most = () => [mask.canvas.width / mask.unit, mask.canvas.height / mask.unit];
const middle = () => most().map((v) => v / 2);

function place(event) {
  const box = $("brush-area").getBoundingClientRect(), [width, height] = most();
  return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
}

const begin = (point) => mask.add({ paint: $("tool-brush").checked, radius: radius(), points: [point] });

// The circle of the brush.
function ring(p) {
  const r = $("brush-ring");
  r.hidden = !p;
  if (!p) return;
  const [width, height] = most();
  r.style.left = `${100 * p[0] / width}%`;
  r.style.top = `${100 * p[1] / height}%`;
  r.style.width = `${200 * radius() / width}%`;
}

function edit(on) {
  editing = on;
  $("where").setAttribute("aria-expanded", String(on));
  $("where").dataset.i18n = on ? "done" : "where";
  $("where").textContent = t($("where").dataset.i18n);
  $("brush-tools").hidden = $("brush-steps").hidden = $("brush-area").hidden = !on;
  stage.fitFrame();
  ring(null);
  show();
  if (on && !used()) speak(t("whereHint"));
}

function undo(back = true) {
  if (!(back ? mask.undo() : mask.redo())) return;
  touched();
  speak(t(back ? "undone" : "redone"));
}

function keys(e) {
  const far = STEP * (e.shiftKey ? 4 : 1), [width, height] = most();
  const moves = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }, move = moves[e.key];
  at ??= middle();
  if (move) {
    at = [Math.min(width, Math.max(0, at[0] + move[0])), Math.min(height, Math.max(0, at[1] + move[1]))];
  } else if (e.key === " " || e.key === "Enter") {
    begin(at);
    touched();
  } else if (e.key === "Escape") {
    edit(false);
    $("where").focus();
  } else return;
  e.preventDefault();
  if (editing) ring(at);
}

// As in any program that draws; text fields have an undo of their own.
function undoKeys(e) {
  if (!editing || !(e.ctrlKey || e.metaKey) || e.altKey || e.target.matches("input[type=text], input[type=password]")) return;
  const key = e.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  e.preventDefault();
  undo(key === "z" && !e.shiftKey);
}

// For another photograph, with what was drawn on it before.
export function reset(content, steps = []) {
  mask = new Mask(content, steps);
  at = null;
  number++;
  edit(false);
}

// Shown for the visitor's photograph, not for what the history has.
export function offer(on) {
  $("where").hidden = !on;
  if (!on && editing) edit(false);
  stage.show({ mask: on && used() ? mask.canvas : null, inverted: Boolean(mask?.inverted) });
}

// A number for each mask, 0 without one.
export const version = () => (used() ? number : 0);
export const steps = () => mask?.steps ?? [];
export const picture = () => mask.picture();
// The same for a picture that is not on the wall.
export const pictureOf = async (list, size) => (list?.length ? new Mask(size, list).picture() : null);

// One finger or the mouse's main button draws. Two fingers move the picture: what the first has begun is taken back.
function drawing(area) {
  let pointer = null;
  area.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    if (pointer !== null || !e.isPrimary) {
      if (pointer !== null) mask.undo();
      pointer = null;
      return show();
    }
    pointer = e.pointerId;
    area.setPointerCapture(e.pointerId);
    begin(place(e));
    show();
  });
  area.addEventListener("pointermove", (e) => {
    if (e.pointerId === pointer) {
      mask.extend(place(e));
      show();
    }
    ring(e.pointerType === "touch" && pointer === null ? null : place(e));
  });
  const end = (e) => {
    if (e.pointerId !== pointer) return;
    pointer = null;
    touched();
  };
  area.addEventListener("pointerup", end);
  area.addEventListener("pointercancel", end);
}

export function start(onChange) {
  const size = $("brush-size"), fill = () => size.style.setProperty("--fill", `${100 * (size.value - size.min) / (size.max - size.min)}%`);
  size.addEventListener("input", fill);
  fill();
  changed = onChange;
  const area = $("brush-area");
  drawing(area);
  area.addEventListener("pointerleave", () => ring(null));
  area.addEventListener("focus", () => { if (area.matches(":focus-visible")) ring(at ??= middle()); });
  area.addEventListener("blur", () => ring(null));
  area.addEventListener("keydown", keys);
  document.addEventListener("keydown", undoKeys);
  $("where").addEventListener("click", () => edit(!editing));
  $("brush-undo").addEventListener("click", () => undo());
  $("brush-redo").addEventListener("click", () => undo(false));
  $("brush-invert").addEventListener("click", () => {
    mask.add({ invert: true });
    touched();
  });
  $("brush-clear").addEventListener("click", () => {
    if (mask.steps.length) mask.add({ clear: true });
    touched();
    edit(false);
    $("where").focus();
  });
}
