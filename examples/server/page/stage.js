// The picture on the wall: before and after, mixed by the sliders without asking the server again.
const $ = (id) => document.getElementById(id);
const before = $("before"), after = $("after"), frame = $("frame"), compare = $("compare");

// content: the photograph; plain and coloured: the painting, and the one with the photograph's colours.
const shown = { content: null, plain: null, coloured: null };

export function fitFrame() {
  if (!shown.content) return;
  const viewer = $("viewer"), narrow = window.matchMedia("(max-width: 860px)").matches;
  const style = getComputedStyle(viewer), pad = 2 * parseFloat(style.paddingLeft);
  const width = viewer.clientWidth - pad - 18;
  const height = narrow ? window.innerHeight * 0.56 : $("stage").clientHeight - pad - 70;
  const scale = Math.min(width / shown.content.width, height / shown.content.height);
  frame.style.width = `${Math.max(40, Math.round(shown.content.width * scale))}px`;
  frame.style.height = `${Math.max(40, Math.round(shown.content.height * scale))}px`;
}

function sized(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  return canvas.getContext("2d");
}

// Draws the mix: strength between the photograph and the painting, colour between both paintings.
function mix(canvas, images, strength, colour) {
  const { content, plain, coloured } = images;
  const size = plain ?? content;
  const g = sized(canvas, size.width, size.height);
  g.globalAlpha = 1;
  g.drawImage(content, 0, 0, size.width, size.height);
  if (!plain) return;
  const layer = new OffscreenCanvas(size.width, size.height), l = layer.getContext("2d");
  l.drawImage(plain, 0, 0);
  if (coloured && colour > 0) {
    l.globalAlpha = colour;
    l.drawImage(coloured, 0, 0, size.width, size.height);
  }
  g.globalAlpha = strength;
  g.drawImage(layer, 0, 0);
  g.globalAlpha = 1;
}

export function draw(strength, colour) {
  if (!shown.content) return;
  const size = shown.plain ?? shown.content;
  sized(before, size.width, size.height).drawImage(shown.content, 0, 0, size.width, size.height);
  mix(after, shown, strength, colour);
}

export function show(images, strength, colour) {
  Object.assign(shown, images);
  draw(strength, colour);
  fitFrame();
}

export const hasPainting = () => Boolean(shown.plain);
export const has = () => shown;

export function setCompare(percent) {
  compare.value = percent;
  before.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
  $("divider").style.left = `${percent}%`;
  frame.classList.toggle("no-before", percent < 12);
  frame.classList.toggle("no-after", percent > 88);
}

// The mix at the painting's full size, as a file.
export async function picture(strength, colour, type = "image/jpeg") {
  const canvas = document.createElement("canvas");
  mix(canvas, shown, strength, colour);
  return new Promise((done) => canvas.toBlob(done, type, 0.94));
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
    const at = Math.min(1, (now - start) / 700);
    setCompare(100 * (1 - at) ** 3);
    if (at < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
