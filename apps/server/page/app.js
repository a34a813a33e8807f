// Puts the page together: a picture comes in, styles are tried on it, a painting goes out.
import { album } from "./album.js";
import * as pictures from "./album.js";
import * as api from "./api.js";
import * as blend from "./blend.js";
import { busy, copyPicture, download, downloadAll, listSizes, sharePicture } from "./download.js";
import * as history from "./history.js";
import * as input from "./input.js";
import * as install from "./install.js";
import * as keep from "./keep.js";
import * as learn from "./learn.js";
import { firstLanguage, language, percent, setLanguage, t } from "./i18n.js";
import { note, report, worked } from "./messages.js";
import { close, decode, open, photo, styleCopy, take } from "./photo.js";
import * as picker from "./picker.js";
import * as previews from "./previews.js";
import * as stage from "./stage.js";
import * as where from "./where.js";
import * as zoom from "./zoom.js";

const $ = (id) => document.getElementById(id);
let entry = null; // of the history, while it is on the wall
let last = null;  // how the last preview went
let revealed = false, hung = null; // hung: the item of the album that is on the wall
let wantedSize = null; // of a download, from before a reload

// ------------------------------------------------------------------ pictures in

function onWall() {
  document.body.dataset.state = "picture";
  $("empty").hidden = true;
  $("viewer").hidden = false;
  $("new-picture").hidden = false;
}

function offWall() {
  document.body.dataset.state = "empty";
  $("empty").hidden = false;
  $("viewer").hidden = $("new-picture").hidden = true;
}

// One of the pictures of the album comes onto the wall.
async function showPicture(at) {
  const item = album.items[at];
  if (!item) return;
  pictures.select(at);
  try {
    const opened = await open(item.file);
    if (album.items[album.at] !== item) return; // another was chosen meanwhile
    leavePicture();
    take(opened);
    hung = item;
    worked();
    previews.forget();
    entry = last = null;
    onWall();
    picker.state.single ??= picker.state.list[0]?.style_id ?? null;
    where.reset(photo.bitmap, item.mask);
    where.offer(true);
    zoom.reset();
    stage.show({ content: photo.bitmap, plain: null, coloured: null });
    stage.setCompare(0);
    await listSizes(wantedSize);
    wantedSize = null;
    picker.renderCards();
    caption();
    refresh();
  } catch (error) {
    if (error.retry || album.items.length < 2) report(error, () => showPicture(at));
    if (!error.retry && album.items.length < 2) pictures.select(0);
    throw error;
  }
}

// What was drawn on it stays with it.
function leavePicture() {
  if (hung && !entry) hung.mask = [...where.steps()];
}

const go = (at) => showPicture(at).then(remember, () => {});

async function takePhotos(files, more = {}) {
  const kept = { items: album.items, at: album.at };
  revealed = revealed && more.add;
  leavePicture();
  const listed = pictures.take(files, more);
  listed.catch(() => {});
  const first = more.add ? kept.items.length : album.at;
  try {
    await showPicture(first);
    keep.pictures(album.items.map((item) => item.file));
    remember();
  } catch (error) {
    if (files.length === 1 && kept.items.length) await pictures.back(kept);
  }
  try {
    await listed;
  } catch (error) {
    if (album.items.length && album.items[album.at] !== hung) await go(album.at); // it could not be read itself
    report(error);
  }
  keep.pictures(album.items.map((item) => item.file));
}

function removePicture() {
  pictures.remove();
  keep.pictures(album.items.map((item) => item.file));
  go(album.at);
}

// The room is empty again, and nothing is kept of what was on the wall.
function closePicture() {
  previews.forget();
  pictures.close();
  close();
  entry = last = hung = null;
  offWall();
  worked();
  keep.forget();
}

async function takeStyle([file]) {
  try {
    const bitmap = await decode(file), name = (file.name ?? "").replace(/\.[^.]*$/, "");
    const small = await styleCopy(bitmap);
    drawStyle(bitmap, name);
    picker.setOwn(small);
    keep.own(small, name);
    remember();
    worked();
  } catch (error) {
    report(error, () => takeStyle([file]));
  }
}

function drawStyle(bitmap, name) {
  const canvas = $("own-picture");
  canvas.width = 480;
  canvas.height = Math.max(1, Math.round(480 * bitmap.height / bitmap.width));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
  ownLabel();
  learn.offer(name);
}

const ownLabel = () => { $("own-label").textContent = t($("own-picture").hidden ? "chooseStyle" : "otherStyle"); };

// ------------------------------------------------------------------ what is on the wall

function refresh(how) {
  if (!photo.bitmap) {
    if (entry) note(t("first"));
    return;
  }
  if (entry) {
    entry = null;
    where.offer(true);
    stage.show({ content: photo.bitmap, plain: null, coloured: null });
  }
  previews.endHover();
  mix();
  previews.refresh(how);
  remember();
}

// Strength and colour are mixed here, at once; only the painting in the photograph's colours is asked for.
function mix() {
  if (!entry) stage.show({ strength: Number($("strength").value) / 100, colour: Number($("colour").value) / 100 });
}

function caption() {
  const text = [entry ? entry.title : photo.bitmap ? picker.title() : ""];
  if (!entry && last && !last.live)
    text.push(t("ready", { time: last.ms < 1000 ? `${Math.round(last.ms)} ms` : `${(last.ms / 1000).toFixed(1)} s` }));
  if (!entry && last?.degraded) text.push(t("shrunk"));
  $("caption").textContent = text.filter(Boolean).join(" · ");
  stage.describe(entry ? entry.title : stage.has().plain ? picker.title() : "");
  const ready = Boolean(entry || (photo.bitmap && picker.chosen()));
  for (const id of ["download", "copy", "share"]) $(id).disabled = !ready;
  $("download-all").disabled = !(photo.bitmap && picker.chosen());
}

function settled(how) {
  last = how;
  caption();
  if (last && !revealed) stage.reveal();
  revealed ||= Boolean(last);
}

async function openEntry(chosen) {
  const [content, plain] = await Promise.all([createImageBitmap(chosen.before), createImageBitmap(chosen.blob)]);
  leavePicture();
  onWall();
  entry = chosen;
  where.offer(false);
  zoom.reset();
  // the photograph is drawn in the painting's size, up to what a screen has
  const scale = Math.min(1, 1600 / Math.max(plain.width, plain.height));
  const large = await createImageBitmap(content, { resizeWidth: Math.max(1, Math.round(plain.width * scale)),
    resizeHeight: Math.max(1, Math.round(plain.height * scale)), resizeQuality: "high" });
  stage.show({ content: large, plain, coloured: null, strength: 1, colour: 0 });
  stage.setCompare(0);
  caption();
}

// ------------------------------------------------------------------ kept for a reload

const SLIDERS = ["strength", "colour", "strokes"];
const format = () => document.querySelector("input[name=format]:checked");

function state() {
  leavePicture();
  const size = $("size").selectedOptions[0];
  return { style: picker.snapshot(), sliders: Object.fromEntries(SLIDERS.map((id) => [id, $(id).value])), format: format().value,
    size: size && !("own" in size.dataset) ? size.value : null, at: album.at, masks: album.items.map((item) => item.mask) };
}

function remember() {
  if (album.items.length) keep.soon(state);
}

async function restore() {
  const kept = await keep.load();
  if (!kept || photo.bitmap) return;
  const { style, sliders = {}, at = 0, masks = [] } = kept.state ?? {};
  for (const id of SLIDERS) {
    $(id).value = sliders[id] ?? $(id).value;
    showSlider(id);
  }
  const kind = document.querySelector(`input[name=format][value="${CSS.escape(kept.state?.format ?? "jpeg")}"]`);
  if (kind) kind.checked = true;
  wantedSize = kept.state?.size ?? null;
  if (kept.own) drawStyle(await createImageBitmap(kept.own.blob), kept.own.name);
  picker.resume(style, kept.own?.blob);
  if (kept.pictures?.length) await takePhotos(kept.pictures, { masks, at });
}

// ------------------------------------------------------------------ wiring

function showSlider(id) {
  const e = $(id), text = percent(id === "strokes" ? previews.strokes() : Number(e.value) / 100);
  $(`${id}-value`).textContent = text;
  e.setAttribute("aria-valuetext", text);
  e.style.setProperty("--fill", `${100 * (e.value - e.min) / (e.max - e.min)}%`);
}

function sliders() {
  for (const id of SLIDERS) {
    showSlider(id);
    $(id).addEventListener("input", () => {
      showSlider(id);
      remember();
      if (id === "strokes") refresh({ live: true });
      else if (entry || (id === "colour" && Number($(id).value) > 0 && !stage.has().coloured)) refresh();
      else mix();
    });
  }
}

async function autoStrength() {
  if (!photo.bitmap) return note(t("first"));
  try {
    const best = await previews.bestStrength();
    if (best === null) return;
    $("strength").value = Math.round(100 * best);
    $("strength").dispatchEvent(new Event("input"));
  } catch (error) {
    report(error, autoStrength);
  }
}

function theme() {
  const root = document.documentElement, saved = localStorage.getItem("theme"), system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => $("theme").setAttribute("aria-pressed", String(dark()));
  if (saved) root.dataset.theme = saved;
  system.addEventListener("change", show);
  $("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    show();
  });
  show();
}

function switchLanguage() {
  setLanguage(language === "zh" ? "en" : "zh");
  localStorage.setItem("language", language);
  picker.renderCards();
  ownLabel();
  learn.retell();
  history.render();
  for (const id of SLIDERS) showSlider(id);
  zoom.retell();
  pictures.retell();
  if (photo.bitmap) listSizes().catch(report);
  caption();
}

// The artworks of the empty room.
function frames() {
  document.querySelectorAll(".frames span").forEach((e, i) => {
    const style = picker.state.list[[2, 8, 0, 1, 3][i]];
    if (style?.preview_image) e.style.backgroundImage = `url("${style.preview_image}")`;
  });
}

// A style was learnt: it is the one that is painted next.
async function learnt(id) {
  picker.state.list = await api.styles();
  picker.renderCards();
  const card = picker.choose(id);
  if (card && document.activeElement === document.body) card.focus({ preventScroll: true });
}

async function load() {
  try {
    picker.state.list = await api.styles();
    picker.renderCards();
    frames();
    await api.limits();
    await restore();
  } catch (error) {
    report(error, load);
  }
}

async function example() {
  try {
    const blob = await (await api.call("/page/example.jpg")).blob();
    takePhotos([new File([blob], "example.jpg", { type: blob.type })]);
  } catch (error) {
    report(error, example);
  }
}

function start() {
  setLanguage(firstLanguage());
  theme();
  picker.start(refresh, previews.hover, previews.look);
  blend.start(refresh);
  previews.start(settled);
  where.start(() => {
    caption();
    remember();
  });
  zoom.start();
  pictures.start(go, removePicture);
  sliders();
  input.start({ photos: (files, add) => takePhotos(files, { add: add === true }), style: takeStyle,
    wantsStyle: () => !$("pane-own").hidden && photo.bitmap, onError: report });
  $("size").addEventListener("change", () => refresh());
  $("auto-strength").addEventListener("click", autoStrength);
  for (const e of document.querySelectorAll("input[name=format]")) e.addEventListener("change", remember);
  const unlessBusy = (id, what) => $(id).addEventListener("click", () => { if (!busy()) what(entry); });
  unlessBusy("download", download);
  unlessBusy("copy", copyPicture);
  unlessBusy("share", sharePicture);
  unlessBusy("download-all", () => {
    leavePicture();
    downloadAll(album.items);
  });
  $("brand").addEventListener("click", (e) => {
    e.preventDefault();
    if (document.body.dataset.state !== "empty") closePicture();
  });
  $("example").addEventListener("click", example);
  $("language").addEventListener("click", switchLanguage);
  history.start(openEntry);
  install.start();
  learn.start(learnt);
  load();
}

start();
