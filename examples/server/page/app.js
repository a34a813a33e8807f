// Puts the page together: a picture comes in, styles are tried on it, a painting goes out.
import * as api from "./api.js";
import * as history from "./history.js";
import { firstLanguage, language, setLanguage, t } from "./i18n.js";
import * as picker from "./picker.js";
import * as stage from "./stage.js";

const PREVIEW = 640, THUMBNAIL = 160, HOVER = 320;
const $ = (id) => document.getElementById(id);
const photo = { file: null, bitmap: null, preview: null, thumbnail: null, number: 0 };
let running = null, timer = 0, toastTimer = 0, final = false;

const strength = () => Number($("strength").value) / 100;
const colour = () => Number($("colour").value) / 100;

function toast(text) {
  const e = $("toast");
  e.textContent = text;
  e.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { e.hidden = true; }, 6000);
}

function report(error) {
  if (error.name !== "AbortError") toast(error instanceof api.Failure ? error.message : t("failed") + error.message);
}

// ------------------------------------------------------------------ pictures in

// As JPEG with the longer side at most `side`; smaller pictures keep their size.
async function scaled(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(16, Math.round(bitmap.width * scale)), height = Math.max(16, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height), g = canvas.getContext("2d");
  g.imageSmoothingQuality = "high";
  g.drawImage(bitmap, 0, 0, width, height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new api.Failure(t("unreadable"));
  }
}

// The file itself if the server reads it, else what the browser made of it.
async function upload(file, bitmap) {
  const limits = await api.limits();
  const known = ["image/jpeg", "image/png", "image/webp"].includes(file.type);
  return known && file.size < limits.max_request_bytes * 0.9 ? file : scaled(bitmap, 4096);
}

async function takePhoto(file) {
  try {
    const bitmap = await decode(file);
    photo.number++;
    photo.bitmap = bitmap;
    photo.file = await upload(file, bitmap);
    photo.preview = await scaled(bitmap, PREVIEW);
    photo.thumbnail = await scaled(bitmap, THUMBNAIL);
    $("empty").hidden = true;
    $("viewer").hidden = false;
    $("new-picture").hidden = false;
    picker.clearThumbnails();
    stage.show({ content: bitmap, plain: null, coloured: null }, 1, 0);
    stage.setCompare(0);
    if (!picker.state.single && picker.state.list.length) picker.state.single = picker.state.list[0].style_id;
    picker.renderCards();
    thumbnails();
    refresh();
  } catch (error) {
    report(error);
  }
}

async function takeStyle(file) {
  try {
    const bitmap = await decode(file), canvas = $("own-picture");
    picker.state.own = await scaled(bitmap, 1024);
    canvas.width = 320;
    canvas.height = Math.max(1, Math.round(320 * bitmap.height / bitmap.width));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
    refresh();
  } catch (error) {
    report(error);
  }
}

// ------------------------------------------------------------------ painting

// Each style on the visitor's own picture, two at a time; another photograph ends it.
async function thumbnails() {
  const number = photo.number, queue = [...picker.state.list];
  const one = async () => {
    for (let style = queue.shift(); style && number === photo.number; style = queue.shift()) {
      try {
        const { blob } = await api.paint(photo.thumbnail, { parts: [{ id: style.style_id, weight: 1 }] },
          { output_size: THUMBNAIL, quality: 85 });
        if (number === photo.number) picker.setThumbnail(style.style_id, URL.createObjectURL(blob));
      } catch (error) {
        report(error);
        return;
      }
    }
  };
  await Promise.all([one(), one()]);
}

function buttons() {
  $("paint").disabled = !photo.bitmap || !picker.chosen();
  $("download").disabled = !stage.hasPainting();
}

async function paintPreview(style, size, signal) {
  const settings = { output_size: size, quality: 92 };
  const options = { signal, onBusy: () => toast(t("busyServer")) };
  const wantsColour = colour() > 0;
  const [plain, coloured] = await Promise.all([
    api.paint(photo.preview, style, settings, options),
    wantsColour ? api.paint(photo.preview, style, { ...settings, preserve_color: 1 }, options) : null,
  ]);
  return {
    plain: await createImageBitmap(plain.blob),
    coloured: coloured ? await createImageBitmap(coloured.blob) : null,
    degraded: plain.degraded,
  };
}

// Paints the preview anew, soon; what is under way is given up.
function refresh(message) {
  if (typeof message === "string") toast(message);
  final = false;
  buttons();
  clearTimeout(timer);
  timer = setTimeout(preview, 60);
}

async function preview() {
  const style = picker.chosen();
  running?.abort();
  if (!photo.bitmap || !style) return;
  const mine = running = new AbortController(), start = performance.now(), first = !stage.hasPainting();
  const side = Math.min(PREVIEW, Math.max(photo.bitmap.width, photo.bitmap.height));
  $("busy").hidden = false;
  try {
    const made = await paintPreview(style, side, mine.signal);
    if (mine !== running) return;
    stage.show({ content: photo.bitmap, plain: made.plain, coloured: made.coloured }, strength(), colour());
    if (first) stage.reveal();
    caption(performance.now() - start, made.degraded);
    buttons();
  } catch (error) {
    report(error);
  } finally {
    if (mine === running) $("busy").hidden = true;
  }
}

function caption(ms, degraded) {
  const time = ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  $("caption").textContent = `${picker.title()} · ${t("ready").replace("{time}", time)}${degraded ? t("shrunk") : ""}`;
}

// Trying a style by pointing at it: small and fast, and gone when the pointer leaves.
let hoverTimer = 0, hoverWas = null, hoverAbort = null;
function hover(id) {
  clearTimeout(hoverTimer);
  hoverAbort?.abort();
  if (!id) {
    if (hoverWas) stage.show(hoverWas, strength(), colour());
    hoverWas = null;
    return;
  }
  if (!photo.bitmap || picker.state.mode !== "gallery" || id === picker.state.single) return;
  hoverTimer = setTimeout(async () => {
    const abort = hoverAbort = new AbortController(), number = photo.number;
    try {
      const { blob } = await api.paint(photo.preview, { parts: [{ id, weight: 1 }] }, { output_size: HOVER, quality: 88 },
        { signal: abort.signal });
      const plain = await createImageBitmap(blob);
      if (abort.signal.aborted || number !== photo.number) return;
      hoverWas ??= { ...stage.has() };
      stage.show({ plain, coloured: null }, strength(), 0);
    } catch { /* pointing at something is no request that has to be answered */ }
  }, 120);
}

function progress(value) {
  const bar = $("progress");
  bar.hidden = value === null;
  if (value === null) return;
  bar.setAttribute("aria-valuenow", Math.round(value * 100));
  bar.firstElementChild.style.width = `${Math.max(4, value * 100)}%`;
}

// The painting in the size asked for, from the original file.
async function paintFull() {
  const style = picker.chosen(), size = Math.min(Number($("size").value), (await api.limits()).max_output_size);
  const button = $("paint"), start = performance.now();
  running?.abort();
  button.disabled = true;
  button.textContent = t("painting");
  $("busy").hidden = false;
  progress(0);
  try {
    const settings = { output_size: size, quality: 95 };
    const make = (more) => size > 1024
      ? api.paintJob(photo.file, style, { ...settings, ...more }, progress)
      : api.paint(photo.file, style, { ...settings, ...more }, { onBusy: () => toast(t("busyServer")) });
    const plain = await make({}), coloured = colour() > 0 ? await make({ preserve_color: 1 }) : null;
    stage.show({ content: photo.bitmap, plain: await createImageBitmap(plain.blob),
      coloured: coloured ? await createImageBitmap(coloured.blob) : null }, strength(), colour());
    final = true;
    progress(1);
    caption(performance.now() - start, plain.degraded);
    await history.add(await stage.picture(strength(), colour()), picker.title());
    history.render(openEntry);
  } catch (error) {
    report(error);
  } finally {
    progress(null);
    $("busy").hidden = true;
    button.textContent = t("paint");
    buttons();
  }
}

function save(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

async function download() {
  if (!final) await paintFull();
  if (final) save(await stage.picture(strength(), colour()), "stylize.jpg");
}

async function openEntry(entry) {
  const plain = await createImageBitmap(entry.blob);
  $("empty").hidden = true;
  $("viewer").hidden = false;
  stage.show({ content: plain, plain, coloured: null }, 1, 0);
  stage.setCompare(0);
  $("caption").textContent = entry.title;
  final = true;
  buttons();
}

// ------------------------------------------------------------------ wiring

function onFile(id, take) {
  $(id).addEventListener("change", (e) => {
    if (e.target.files[0]) take(e.target.files[0]);
    e.target.value = "";
  });
}

function labelKeys() {
  for (const label of document.querySelectorAll("label[role=button]"))
    label.addEventListener("keydown", (e) => {
      if (e.key === "Enter" || e.key === " ") {
        e.preventDefault();
        label.querySelector("input").click();
      }
    });
}

function dropping() {
  let depth = 0;
  const files = (e) => [...(e.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (e) => { if (files(e)) { depth++; $("drop").hidden = false; } });
  document.addEventListener("dragleave", () => { if (--depth <= 0) { depth = 0; $("drop").hidden = true; } });
  document.addEventListener("dragover", (e) => e.preventDefault());
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    depth = 0;
    $("drop").hidden = true;
    const file = e.dataTransfer.files[0];
    if (file) (e.target.closest("#own-drop") ? takeStyle : takePhoto)(file);
  });
  document.addEventListener("paste", (e) => {
    const file = [...e.clipboardData.files].find((f) => f.type.startsWith("image/"));
    if (file) (picker.state.mode === "own" && photo.bitmap ? takeStyle : takePhoto)(file);
  });
}

function slider(id, onInput) {
  const show = () => { $(`${id}-value`).textContent = `${$(id).value} %`; };
  $(id).addEventListener("input", () => { show(); onInput(); });
  show();
}

function theme() {
  const root = document.documentElement, saved = localStorage.getItem("theme");
  if (saved) root.dataset.theme = saved;
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

function frames() {
  const pick = [0, 1, 3].map((i) => picker.state.list[i]).filter(Boolean);
  document.querySelectorAll(".frames span").forEach((e, i) => {
    if (pick[i]?.preview_image) e.style.backgroundImage = `url("${pick[i].preview_image}")`;
  });
}

async function start() {
  setLanguage(firstLanguage());
  theme();
  picker.start(refresh, hover);
  labelKeys();
  dropping();
  onFile("choose", takePhoto);
  onFile("camera", takePhoto);
  onFile("own-file", takeStyle);
  slider("strength", () => stage.draw(strength(), colour()));
  slider("colour", () => {
    stage.draw(strength(), colour());
    if (colour() > 0 && !stage.has().coloured) refresh();
  });
  $("size").addEventListener("change", () => { final = false; });
  $("paint").addEventListener("click", paintFull);
  $("download").addEventListener("click", () => download().catch(report));
  $("new-picture").addEventListener("click", () => $("choose").click());
  $("example").addEventListener("click", async () => {
    try { takePhoto(await (await api.call("/page/example.jpg")).blob()); } catch (error) { report(error); }
  });
  $("language").addEventListener("click", () => {
    setLanguage(language === "zh" ? "en" : "zh");
    localStorage.setItem("language", language);
    picker.renderCards();
    if (photo.bitmap) $("caption").textContent = picker.title();
  });
  history.render(openEntry);
  try {
    picker.state.list = await api.styles();
    picker.renderCards();
    frames();
    const { max_output_size: most } = await api.limits();
    for (const option of [...$("size").options]) if (Number(option.value) > most) option.remove();
  } catch (error) {
    report(error);
  }
}

start();
