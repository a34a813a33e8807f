// The picture on the wall: before and after, mixed by the sliders without asking the server again.
import { t } from "./i18n.js";

const $ = (id) => document.getElementById(id);
const before = $("before"), after = $("after"), frame = $("frame"), compare = $("compare");

// content: the photograph; plain and coloured: the painting, and the one with the photograph's colours; mask: its
// alpha says where the painting is, with inverted where it is not; null: everywhere.
let view = { z: 1, x: 0, y: 0 }, share = 0;
let shown = { content: null, plain: null, coloured: null, strength: 1, colour: 0, mask: null, inverted: false };

export function fitFrame() {
  if (!shown.content) return;
  const viewer = $("viewer"), stacked = getComputedStyle(document.querySelector("main")).display === "flex";
  const style = getComputedStyle(viewer), pad = (a, b) => parseFloat(style[a]) + parseFloat(style[b]);
  const others = [...viewer.children].filter((e) => e !== frame && e.offsetHeight > 1);
  const taken = others.reduce((sum, e) => sum + e.offsetHeight + parseFloat(getComputedStyle(e).marginTop) + parseFloat(style.rowGap), 0);
  const width = viewer.clientWidth - pad("paddingLeft", "paddingRight") - 18;
  const height = stacked ? Math.max(150, window.innerHeight * (window.innerHeight < 760 ? 0.25 : 0.33)) : $("stage").clientHeight - pad("paddingTop", "paddingBottom") - 18 - taken;
  const scale = Math.min(width / shown.content.width, height / shown.content.height);
  frame.style.width = `${Math.max(40, Math.round(shown.content.width * scale))}px`;
  frame.style.height = `${Math.max(40, Math.round(shown.content.height * scale))}px`;
  setCompare(share);
}

function sized(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  return canvas.getContext("2d");
}

// All mixes are what the server does with strength, preserve_color and masks.
export function draw() {
  const { content, plain, coloured, strength, colour, mask, inverted } = shown;
  if (!content) return;
  const w = content.width, h = content.height;
  sized(before, w, h).drawImage(content, 0, 0);
  const g = sized(after, w, h);
  g.globalAlpha = 1;
  g.imageSmoothingQuality = "high";
  g.drawImage(content, 0, 0);
  if (!plain) return;
  const layer = new OffscreenCanvas(w, h), l = layer.getContext("2d");
  l.imageSmoothingQuality = "high";
  l.drawImage(plain, 0, 0, w, h);
  if (coloured && colour > 0) {
    l.globalAlpha = colour;
    l.drawImage(coloured, 0, 0, w, h);
  }
  if (mask) {
    l.globalAlpha = 1;
    l.globalCompositeOperation = inverted ? "destination-out" : "destination-in";
    l.drawImage(mask, 0, 0, w, h);
  }
  g.globalAlpha = strength;
  g.drawImage(layer, 0, 0);
  g.globalAlpha = 1;
}

// Shows what is given; the rest stays as it is.
export function show(change) {
  const other = change.content && change.content !== shown.content;
  shown = { ...shown, ...change };
  draw();
  if (other) fitFrame();
  frame.classList.toggle("plain", !shown.plain);
}

export const has = () => shown;

export function describe(title) {
  after.setAttribute("aria-label", title ? t("inStyle", { name: title }) : t("photograph"));
}

// The knob stays inside the frame, so that it can be grasped at both ends.
function placeKnob() {
  const width = frame.clientWidth, x = share / 100 * width;
  $("knob").style.left = `${Math.min(Math.max(x, 30), Math.max(30, width - 30))}px`;
}

export function setCompare(percent) {
  share = percent;
  compare.value = percent;
  // of the picture, which is larger than the frame and lies somewhere else
  const cut = Math.min(1, Math.max(0, (percent / 100 - view.x) / view.z));
  before.style.clipPath = `inset(0 ${100 - 100 * cut}% 0 0)`;
  $("divider").style.left = `${percent}%`;
  frame.classList.toggle("no-before", percent < 15);
  frame.classList.toggle("no-after", percent > 85);
  frame.classList.toggle("no-divider", percent <= 0 || percent >= 100);
  placeKnob();
}

export const compared = () => share;

// In pixels of the frame; null where there is none.
export const dividerAt = () => (frame.classList.contains("plain") ? null : share / 100 * frame.clientWidth);

export function setView(wanted) {
  view = wanted;
  $("view").style.transform = view.z === 1 ? "" : `translate(${100 * view.x}%, ${100 * view.y}%) scale(${view.z})`;
  $("view").style.setProperty("--zoom", view.z);
  frame.classList.toggle("zoomed", view.z > 1);
  setCompare(share);
}

let sweeping = false;
compare.addEventListener("input", () => {
  sweeping = false;
  setCompare(Number(compare.value));
});
window.addEventListener("resize", fitFrame);

// A short sweep from the photograph to the painting shows that both are there.
export function reveal() {
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return setCompare(0);
  const start = performance.now();
  sweeping = true;
  const step = (now) => {
    if (!sweeping) return;
    const at = Math.min(1, (now - start) / 900);
    setCompare(100 * (1 - at) ** 3);
    if (at < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
