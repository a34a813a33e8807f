// The picture seen from near: the wheel, two fingers, keys and buttons; it is moved by dragging.
import { percent, t } from "./i18n.js";
import { speak } from "./messages.js";
import * as stage from "./stage.js";

const STEP = 1.4, MOST = 8, DOUBLE = 2.5, PAN = 0.12;
const NEAR = 28; // pixels from the divider: it is meant, not the picture
const $ = (id) => document.getElementById(id);
const frame = $("frame"), fingers = new Map();
let view = { z: 1, x: 0, y: 0 }; // how much larger, and where its left and upper edges are, in shares of the frame
let drag = null;

const inside = (v, low, high) => Math.min(high, Math.max(low, v));

function show(wanted, told = false) {
  const z = inside(wanted.z, 1, MOST);
  view = { z, x: inside(wanted.x, 1 - z, 0), y: inside(wanted.y, 1 - z, 0) };
  stage.setView(view);
  $("zoom-level").textContent = percent(z);
  $("zoom-out").setAttribute("aria-disabled", String(z <= 1));
  $("zoom-in").setAttribute("aria-disabled", String(z >= MOST));
  if (told) speak(t("zoomed", { percent: percent(z) }));
}

// What is at that place of the frame stays there.
function zoomTo(z, [px, py] = [0.5, 0.5], told = false) {
  const by = inside(z, 1, MOST) / view.z;
  show({ z, x: px - (px - view.x) * by, y: py - (py - view.y) * by }, told);
}

export const reset = () => show({ z: 1, x: 0, y: 0 });
export const retell = () => show(view);

function placeOf(e) {
  const box = frame.getBoundingClientRect();
  return [(e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height];
}

const drawn = () => !$("brush-area").hidden;

// Where the page itself is scrolled, the wheel does that; with Ctrl, which pinching on a touchpad is too, it never does.
function wheel(e) {
  const scrolls = document.documentElement.scrollHeight > innerHeight + 1;
  if (!e.ctrlKey && scrolls && view.z === 1) return;
  e.preventDefault();
  const pixels = e.deltaMode === 1 ? 32 * e.deltaY : e.deltaY;
  zoomTo(view.z * Math.exp(-inside(pixels, -100, 100) * (e.ctrlKey ? 0.01 : 0.0025)), placeOf(e));
}

function down(e) {
  fingers.set(e.pointerId, placeOf(e));
  if (fingers.size === 2) {
    const [a, b] = fingers.values();
    drag = { view, a, b, before: drag?.compare };
    if (drag.before !== undefined) stage.setCompare(drag.before); // the first finger has moved it already
  } else if (fingers.size === 1) {
    const divider = stage.dividerAt(), box = frame.getBoundingClientRect();
    const near = !drawn() && divider !== null && Math.abs(divider - (e.clientX - box.left)) < NEAR;
    const pans = e.button === 1 || (view.z > 1 && !near && !drawn() && e.button === 0);
    drag = { view, from: placeOf(e), pans, moves: near && view.z > 1 && e.button === 0, compare: stage.compared() };
    if (drag.pans || drag.moves) {
      e.preventDefault();
      frame.setPointerCapture(e.pointerId);
    }
  }
}

function move(e) {
  if (!fingers.has(e.pointerId)) return;
  const p = placeOf(e);
  fingers.set(e.pointerId, p);
  if (!drag) return;
  if (drag.a && fingers.size === 2) {
    const [a, b] = fingers.values(), box = frame.getBoundingClientRect();
    const far = (u, v) => Math.hypot((u[0] - v[0]) * box.width, (u[1] - v[1]) * box.height);
    const z = inside(drag.view.z * far(a, b) / Math.max(1, far(drag.a, drag.b)), 1, MOST), by = z / drag.view.z;
    const was = [(drag.a[0] + drag.b[0]) / 2, (drag.a[1] + drag.b[1]) / 2], is = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    show({ z, x: is[0] - (was[0] - drag.view.x) * by, y: is[1] - (was[1] - drag.view.y) * by });
    if (drag.before !== undefined) stage.setCompare(drag.before);
  } else if (drag.moves) {
    stage.setCompare(inside(100 * p[0], 0, 100));
  } else if (drag.pans) {
    show({ z: view.z, x: drag.view.x + p[0] - drag.from[0], y: drag.view.y + p[1] - drag.from[1] });
  }
}

function up(e) {
  fingers.delete(e.pointerId);
  drag = null;
}

function keys(e) {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const pan = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] }[e.key];
  if (e.key === "+" || e.key === "=") zoomTo(view.z * STEP, undefined, true);
  else if (e.key === "-") zoomTo(view.z / STEP, undefined, true);
  else if (e.key === "0") show({ z: 1, x: 0, y: 0 }, true);
  else if (pan && e.shiftKey && view.z > 1 && !drawn()) show({ z: view.z, x: view.x + pan[0], y: view.y + pan[1] });
  else return;
  e.preventDefault();
}

export function start() {
  frame.addEventListener("wheel", wheel, { passive: false });
  frame.addEventListener("pointerdown", down, { capture: true });
  frame.addEventListener("pointermove", move, { capture: true });
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, up, { capture: true });
  frame.addEventListener("dblclick", (e) => { if (!drawn()) zoomTo(view.z > 1 ? 1 : DOUBLE, placeOf(e), true); });
  frame.addEventListener("keydown", keys);
  $("zoom-in").addEventListener("click", () => zoomTo(view.z * STEP, undefined, true));
  $("zoom-out").addEventListener("click", () => zoomTo(view.z / STEP, undefined, true));
  $("zoom-level").addEventListener("click", () => show({ z: 1, x: 0, y: 0 }, true));
  show(view);
}
