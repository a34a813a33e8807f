// The painting as a file: always the server's own, from the original photograph, with all settings.
import * as api from "./api.js";
import * as history from "./history.js";
import { bytes, percent, t } from "./i18n.js";
import { noteBusy, offer, report, speak, worked } from "./messages.js";
import { copy, open, photo, toSend } from "./photo.js";
import * as picker from "./picker.js";
import { strokes } from "./previews.js";
import * as where from "./where.js";
import { zip } from "./zip.js";

const SIDES = [512, 1024, 2048, 4096, 8192], USUAL = 2048;
const JOB_FROM = 1024; // larger ones are jobs, which tell how far they are
const BUTTONS = ["download", "download-all", "copy", "share"];
const $ = (id) => document.getElementById(id);
let running = null, last = null;

function dimensions(side, of = photo) {
  const scale = side / Math.max(of.width, of.height);
  return `${Math.max(1, Math.round(of.width * scale))}\u00a0×\u00a0${Math.max(1, Math.round(of.height * scale))}`;
}

// The sizes in pixels of this photograph, up to what the server allows.
export async function listSizes(wanted) {
  const { max_output_size: most } = await api.limits(), own = Math.max(photo.width, photo.height);
  const option = (side, text) => new Option(text, String(side));
  const list = SIDES.filter((s) => s <= most && s !== own).map((s) => option(s, dimensions(s)));
  if (own <= most) {
    list.unshift(option(own, t("original", { size: dimensions(own) })));
    list[0].dataset.own = "";
  }
  const before = wanted ?? $("size").value;
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
  speak(t("saved", { name, size: bytes(blob.size) }));
}

// ------------------------------------------------------------------ progress

let among = null; // of several pictures: { at, count }

function show(text, share) {
  const bar = $("progress"), all = among ? (among.at + share) / among.count : share;
  const words = among ? t("ofMany", { at: among.at + 1, count: among.count, text }) : text;
  $("work-text").textContent = words;
  bar.setAttribute("aria-valuetext", words);
  bar.setAttribute("aria-valuenow", Math.round(all * 100));
  bar.firstElementChild.style.width = `${Math.max(3, all * 100)}%`;
}

// The buttons become a line of progress with a way to cancel, and the focus goes with it.
function working(on) {
  const held = on ? BUTTONS.find((id) => $(id) === document.activeElement) : document.activeElement === $("cancel") && "download";
  $("buttons").hidden = on;
  $("work").hidden = !on;
  if (held) $(on ? "cancel" : held).focus();
}

// Each quarter is for screen readers too.
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

// How much of it is on its way; what is over in a moment is not told.
const sending = (size) => (sent, total) => (sent < total ? show(t("sendingShare", { size: bytes(total), percent: percent(sent / total) }), sent / total)
  : show(t("paintingSize", { size, percent: percent(0) }), 0));

// ------------------------------------------------------------------ painting

async function painting(of, style, wanted, signal) {
  const size = dimensions(wanted.output_size, of), options = { signal, onBusy: noteBusy, sent: sending(size) };
  show(t("preparing"), 0);
  const content = await toSend(wanted.output_size, of);
  show(t("sending"), 0);
  if (wanted.output_size > JOB_FROM)
    try {
      return await api.paintJob(content, style, wanted, teller(size), options);
    } catch (error) {
      if (error.code !== "no_storage") throw error; // a server without jobs
    }
  const { blob } = await api.paint(content, style, { ...wanted, allow_degraded: false }, options);
  return blob;
}

function nameOf(of, style, type) {
  const what = style.picture ? "own-style" : style.parts.map((p) => p.id).join("+");
  return `${of.name}-${what}.${type === "jpeg" ? "jpg" : type}`;
}

// The painting of the photograph on the wall, as it would be downloaded; that of before if nothing has changed since.
async function made(wanted) {
  const style = { ...picker.chosen() }, title = picker.title(), name = nameOf(photo, style, wanted.format);
  const key = JSON.stringify([photo.number, style.number, style.parts, where.version(), wanted]);
  if (last?.key === key) return last;
  const abort = running = new AbortController();
  show(t("preparing"), 0);
  working(true);
  speak(t("painting"));
  try {
    style.mask = await where.picture();
    const before = await copy(640), blob = await painting(photo, style, wanted, abort.signal);
    worked();
    last = { key, blob, name };
    history.add({ blob, before, title, name });
    return last;
  } finally {
    running = null;
    working(false);
  }
}

function failed(error, again) {
  if (error.name === "AbortError") speak(t("cancelled"));
  report(error, again);
}

// What is done with it; entry: of the history, which is on the wall now, or nothing.
export async function download(entry) {
  try {
    const { blob, name } = entry ?? await made(settings());
    save(blob, name);
  } catch (error) {
    failed(error, () => download(entry));
  }
}

async function asPng(blob) {
  const bitmap = await createImageBitmap(blob), canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}

// Clipboards take PNG only. The promise is given at once, for later the browser would not know that somebody asked.
export async function copyPicture(entry) {
  const { output_size, ...rest } = settings();
  let why = null;
  const png = (entry ? asPng(entry.blob) : made({ output_size, ...rest, format: "png" }).then((m) => m.blob));
  png.catch((error) => { why = error; });
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    offer(t("copied"));
  } catch (error) {
    failed(why ?? (error.name === "NotAllowedError" ? new api.Failure(t("notAllowed")) : error), () => copyPicture(entry));
  }
}

// Browsers share only soon after a press: after a long painting there is another button to press.
export async function sharePicture(entry) {
  try {
    const { blob, name } = entry ?? await made(settings());
    try {
      await navigator.share({ files: [new File([blob], name, { type: blob.type })] });
    } catch (error) {
      if (error.name !== "NotAllowedError") throw error;
      offer(t("shareReady"), t("share"), () => sharePicture(entry));
    }
  } catch (error) {
    failed(error, () => sharePicture(entry));
  }
}

// What this browser has no way for is not offered.
function offerWays() {
  const sample = [new File(["a"], "a.jpg", { type: "image/jpeg" })];
  $("copy").hidden = !(navigator.clipboard?.write && window.ClipboardItem);
  $("share").hidden = !navigator.canShare?.({ files: sample });
}

// ------------------------------------------------------------------ several at once

// items: { file, mask }, all painted in the style that is chosen, and saved as one ZIP; those that fail are named.
export async function downloadAll(items) {
  const style = { ...picker.chosen() }, wanted = settings(), title = picker.title(), own = "own" in ($("size").selectedOptions[0]?.dataset ?? {});
  const abort = running = new AbortController(), { max_output_size: most } = await api.limits(), files = [], wrong = [];
  working(true);
  speak(t("painting"));
  try {
    for (const [at, item] of items.entries()) {
      among = { at, count: items.length };
      try {
        const of = await open(item.file), side = own ? Math.min(most, Math.max(of.width, of.height)) : wanted.output_size;
        const mask = await where.pictureOf(item.mask, of.bitmap);
        const before = await copy(640, of), blob = await painting(of, { ...style, mask }, { ...wanted, output_size: side }, abort.signal);
        files.push({ name: nameOf(of, style, wanted.format), blob });
        history.add({ blob, before, title, name: files.at(-1).name });
      } catch (error) {
        if (error.name === "AbortError" || error.retry) throw error;
        wrong.push(item.file.name);
      }
    }
    worked();
    if (files.length) save(await zip(files), `${nameOf({ name: "stylize" }, style, "zip")}`);
    if (wrong.length) report(new api.Failure(t("notAll", { names: wrong.join(t("comma")) })));
  } catch (error) {
    failed(error, () => downloadAll(items));
  } finally {
    running = among = null;
    working(false);
  }
}

export const busy = () => Boolean(running);

$("cancel").addEventListener("click", () => running?.abort());
offerWays();
