// The painting as a file: always the server's own, from the original photograph, with all settings.
import * as api from "./api.js";
import * as history from "./history.js";
import { percent, t } from "./i18n.js";
import { noteBusy, report, speak, worked } from "./messages.js";
import { copy, photo, toSend } from "./photo.js";
import * as picker from "./picker.js";
import { strokes } from "./previews.js";
import * as where from "./where.js";

const SIDES = [512, 1024, 2048, 4096, 8192], USUAL = 2048;
const JOB_FROM = 1024; // larger ones are jobs, which tell how far they are
const $ = (id) => document.getElementById(id);
let running = null, last = null;

function dimensions(side) {
  const scale = side / Math.max(photo.width, photo.height);
  return `${Math.max(1, Math.round(photo.width * scale))} × ${Math.max(1, Math.round(photo.height * scale))}`;
}

// The sizes in pixels of this photograph, up to what the server allows.
export async function listSizes() {
  const { max_output_size: most } = await api.limits(), own = Math.max(photo.width, photo.height);
  const option = (side, text) => new Option(text, String(side));
  const list = SIDES.filter((s) => s <= most && s !== own).map((s) => option(s, dimensions(s)));
  if (own <= most) list.unshift(option(own, t("original", { size: dimensions(own) })));
  const before = $("size").value;
  $("size").replaceChildren(...list);
  const has = (value) => list.some((o) => o.value === String(value));
  $("size").value = has(before) ? before : own <= USUAL && has(own) ? own : has(USUAL) ? USUAL : list.at(-1).value;
}

const format = () => document.querySelector("input[name=format]:checked").value;

function settings() {
  return { output_size: Number($("size").value), strength: Number($("strength").value) / 100,
    preserve_color: Number($("colour").value) / 100, style_scale: strokes(), format: format(), quality: 95 };
}

function save(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  const bytes = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "kilobyte", maximumFractionDigits: 0 });
  speak(t("saved", { name, size: bytes.format(Math.max(1, blob.size / 1000)) }));
}

function show(text, share) {
  const bar = $("progress");
  $("work-text").textContent = text;
  bar.setAttribute("aria-valuetext", text);
  bar.setAttribute("aria-valuenow", Math.round(share * 100));
  bar.firstElementChild.style.width = `${Math.max(3, share * 100)}%`;
}

// The button becomes a line of progress with a way to cancel, and the focus goes with it.
function working(on) {
  const held = [$("download"), $("cancel")].includes(document.activeElement);
  $("download").hidden = on;
  $("work").hidden = !on;
  if (held) $(on ? "cancel" : "download").focus();
}

// Screen readers hear of each quarter.
function teller(size) {
  let told = 0;
  return (job) => {
    if (job.state === "queued" && job.place > 0) return show(t("waiting", { place: job.place }), 0);
    const text = t("paintingSize", { size, percent: percent(job.progress) });
    show(text, job.progress);
    if (job.progress < 1 && job.progress >= told + 0.25) {
      told = Math.floor(job.progress * 4) / 4;
      speak(text);
    }
  };
}

async function painting(style, wanted, onState, signal) {
  const options = { signal, onBusy: noteBusy };
  show(t("sending"), 0);
  const content = await toSend(wanted.output_size);
  if (wanted.output_size > JOB_FROM)
    try {
      return await api.paintJob(content, style, wanted, onState, options);
    } catch (error) {
      if (error.code !== "no_storage") throw error; // a server without jobs
    }
  const { blob } = await api.paint(content, style, { ...wanted, allow_degraded: false }, options);
  return blob;
}

function nameOf(style, type) {
  const what = style.picture ? "own-style" : style.parts.map((p) => p.id).join("+");
  return `${photo.name}-${what}.${type === "jpeg" ? "jpg" : type}`;
}

export async function download() {
  const style = { ...picker.chosen() }, wanted = settings(), size = dimensions(wanted.output_size);
  const key = JSON.stringify([photo.number, style.number, style.parts, where.version(), wanted]);
  if (last?.key === key) return save(last.blob, last.name);
  const abort = running = new AbortController(), title = picker.title(), name = nameOf(style, wanted.format);
  show(t("sending"), 0);
  working(true);
  speak(t("painting"));
  try {
    style.mask = await where.picture();
    const before = await copy(640), blob = await painting(style, wanted, teller(size), abort.signal);
    worked();
    last = { key, blob, name };
    save(blob, name);
    history.add({ blob, before, title, name });
  } catch (error) {
    if (error.name === "AbortError") speak(t("cancelled"));
    report(error, download);
  } finally {
    running = null;
    working(false);
  }
}

export const saveEntry = (entry) => save(entry.blob, entry.name);
export const busy = () => Boolean(running);

$("cancel").addEventListener("click", () => running?.abort());
