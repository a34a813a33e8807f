// Puts the page together: a picture comes in, styles are tried on it, a painting goes out.
import * as api from "./api.js";
import * as blend from "./blend.js";
import { busy, download, listSizes, saveEntry } from "./download.js";
import * as history from "./history.js";
import * as learn from "./learn.js";
import { firstLanguage, language, percent, setLanguage, t } from "./i18n.js";
import { note, report, worked } from "./messages.js";
import { decode, photo, styleCopy, take } from "./photo.js";
import * as picker from "./picker.js";
import * as previews from "./previews.js";
import * as stage from "./stage.js";
import * as where from "./where.js";

const $ = (id) => document.getElementById(id);
let entry = null; // of the history, while it is on the wall
let last = null;  // how the last preview went
let revealed = false;

// ------------------------------------------------------------------ pictures in

function onWall() {
  document.body.dataset.state = "picture";
  $("empty").hidden = true;
  $("viewer").hidden = false;
  $("new-picture").hidden = false;
}

async function takePhoto(file) {
  try {
    await take(file);
    worked();
    previews.forget();
    entry = last = null;
    revealed = false;
    onWall();
    picker.state.single ??= picker.state.list[0]?.style_id ?? null;
    where.reset(photo.bitmap);
    where.offer(true);
    stage.show({ content: photo.bitmap, plain: null, coloured: null });
    stage.setCompare(0);
    await listSizes();
    picker.renderCards();
    caption();
    refresh();
  } catch (error) {
    report(error, () => takePhoto(file));
  }
}

async function takeStyle(file) {
  try {
    const bitmap = await decode(file), canvas = $("own-picture");
    canvas.width = 480;
    canvas.height = Math.max(1, Math.round(480 * bitmap.height / bitmap.width));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
    ownLabel();
    picker.setOwn(await styleCopy(bitmap));
    learn.offer((file.name ?? "").replace(/\.[^.]*$/, ""));
    worked();
  } catch (error) {
    report(error, () => takeStyle(file));
  }
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
  $("download").disabled = !entry && !(photo.bitmap && picker.chosen());
}

function settled(how) {
  last = how;
  caption();
  if (last && !revealed) stage.reveal();
  revealed ||= Boolean(last);
}

async function openEntry(chosen) {
  const [content, plain] = await Promise.all([createImageBitmap(chosen.before), createImageBitmap(chosen.blob)]);
  onWall();
  entry = chosen;
  where.offer(false);
  // the photograph is drawn in the painting's size, up to what a screen has
  const scale = Math.min(1, 1600 / Math.max(plain.width, plain.height));
  const large = await createImageBitmap(content, { resizeWidth: Math.max(1, Math.round(plain.width * scale)),
    resizeHeight: Math.max(1, Math.round(plain.height * scale)), resizeQuality: "high" });
  stage.show({ content: large, plain, coloured: null, strength: 1, colour: 0 });
  stage.setCompare(0);
  caption();
}

// ------------------------------------------------------------------ wiring

function fileButton(button, input, taken) {
  $(button).addEventListener("click", () => $(input).click());
  $(input).addEventListener("change", (e) => {
    if (e.target.files[0]) taken(e.target.files[0]);
    e.target.value = "";
  });
}

function dropping() {
  let depth = 0;
  const files = (e) => [...(e.dataTransfer?.types ?? [])].includes("Files");
  const away = () => { depth = 0; $("drop").hidden = true; };
  document.addEventListener("dragenter", (e) => { if (files(e)) { depth++; $("drop").hidden = false; } });
  document.addEventListener("dragleave", () => { if (--depth <= 0) away(); });
  document.addEventListener("dragover", (e) => e.preventDefault());
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    away();
    const file = e.dataTransfer.files[0];
    if (file) (e.target.closest("#pane-own") ? takeStyle : takePhoto)(file);
  });
  document.addEventListener("paste", (e) => {
    const file = [...e.clipboardData.files].find((f) => f.type.startsWith("image/"));
    if (file) (!$("pane-own").hidden && photo.bitmap ? takeStyle : takePhoto)(file);
  });
}

function showSlider(id) {
  const e = $(id), text = percent(id === "strokes" ? previews.strokes() : Number(e.value) / 100);
  $(`${id}-value`).textContent = text;
  e.setAttribute("aria-valuetext", text);
  e.style.setProperty("--fill", `${100 * (e.value - e.min) / (e.max - e.min)}%`);
}

function sliders() {
  for (const id of ["strength", "colour", "strokes"]) {
    showSlider(id);
    $(id).addEventListener("input", () => {
      showSlider(id);
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
  for (const id of ["strength", "colour", "strokes"]) showSlider(id);
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
  } catch (error) {
    report(error, load);
  }
}

async function example() {
  try {
    const blob = await (await api.call("/page/example.jpg")).blob();
    takePhoto(new File([blob], "example.jpg", { type: blob.type }));
  } catch (error) {
    report(error, example);
  }
}

function start() {
  setLanguage(firstLanguage());
  theme();
  picker.start(refresh, previews.hover);
  blend.start(refresh);
  previews.start(settled);
  where.start(caption);
  dropping();
  sliders();
  fileButton("choose-button", "choose", takePhoto);
  fileButton("camera-button", "camera", takePhoto);
  fileButton("own-drop", "own-file", takeStyle);
  $("size").addEventListener("change", () => refresh());
  $("auto-strength").addEventListener("click", autoStrength);
  $("new-picture").addEventListener("click", () => $("choose").click());
  $("download").addEventListener("click", () => { if (entry) saveEntry(entry); else if (!busy()) download(); });
  $("example").addEventListener("click", example);
  $("language").addEventListener("click", switchLanguage);
  history.start(openEntry);
  learn.start(learnt);
  load();
}

start();
