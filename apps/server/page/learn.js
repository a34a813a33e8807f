// Keeping the visitor's picture as a style: the server learns it, which is told as it goes, where the server allows it.
import * as api from "./api.js";
import { percent, t } from "./i18n.js";
import { note, report, speak, worked } from "./messages.js";
import * as picker from "./picker.js";

const $ = (id) => document.getElementById(id);
const KEPT = "learning"; // in the browser: a job goes on when the page is left
let done = () => {}, allowed = false, picture = false;
let running = null;      // { id, name, abort, job, keeping } of the job that is followed
let shown = "";          // address of the preview

const effort = () => document.querySelector("input[name=effort]:checked").value;

function minutes(seconds) {
  if (seconds < 60) return t("learnSoon");
  const f = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "minute", unitDisplay: "long" });
  return t("learnAbout", { time: f.format(Math.round(seconds / 60)) });
}

function words(job) {
  if (running.keeping) return t("learnKeeping");
  if (!job) return t("sending");
  if (job.state === "queued" && job.place > 0) return t("waiting", { place: job.place });
  if (job.style.steps === undefined) return t("learnBegins");
  const share = percent(job.progress), left = job.style.seconds_left;
  return left === undefined ? t("learning", { percent: share }) : t("learningLeft", { percent: share, time: minutes(left) });
}

function tell() {
  const { job, name } = running, share = job?.progress ?? 0, text = words(job), bar = $("learn-progress");
  $("learning-title").textContent = t("learningName", { name });
  $("learn-text").textContent = text;
  $("learn-keep").disabled = running.keeping || job?.style.steps === undefined;
  bar.setAttribute("aria-valuetext", text);
  bar.setAttribute("aria-valuenow", Math.round(100 * share));
  bar.firstElementChild.style.width = `${Math.max(3, 100 * share)}%`;
}

// An img element could not send the key.
async function showPreview(job) {
  const address = job.style.preview;
  if (!address || address === shown) return;
  shown = address;
  try {
    const blob = await (await api.call(address, { signal: running.abort.signal })).blob(), img = $("learn-preview");
    if (shown !== address) return;
    if (img.src) URL.revokeObjectURL(img.src);
    img.src = URL.createObjectURL(blob);
    img.hidden = false;
  } catch {
    // the next one comes soon
  }
}

// Form, progress, or the button that opens the form; the focus stays with whatever takes its place.
function arrange(open = false) {
  const inside = $("learn").contains(document.activeElement);
  $("learn").hidden = !allowed || !(picture || running);
  $("learning").hidden = !running;
  $("learn-form").hidden = Boolean(running) || !open;
  $("learn-open").hidden = Boolean(running) || open || !picture;
  $("learn-open").setAttribute("aria-expanded", String(open));
  if (open) $("learn-name").focus();
  else if (inside) $(running ? "learn-cancel" : "learn-open").focus();
}

function ended() {
  localStorage.removeItem(KEPT);
  if ($("learn-preview").src) URL.revokeObjectURL($("learn-preview").src);
  $("learn-preview").removeAttribute("src");
  $("learn-preview").hidden = true;
  shown = "";
  running = null;
  arrange();
}

async function follow(id, name, resumed = false) {
  const mine = running = { id, name, abort: new AbortController(), job: null, keeping: false };
  localStorage.setItem(KEPT, JSON.stringify({ id, name }));
  arrange();
  tell();
  $("learning").scrollIntoView({ block: "nearest" });
  let told = 0;
  try {
    await api.followJob(id, (job) => {
      mine.job = job;
      tell();
      showPreview(job);
      if (job.progress >= told + 0.25 && job.progress < 1) { // screen readers hear of each quarter
        told = Math.floor(4 * job.progress) / 4;
        speak(words(job));
      }
    }, mine.abort.signal);
    const style = mine.job.style.style_id;
    ended();
    worked();
    note(t("learnt", { name }));
    await done(style);
  } catch (error) {
    if (running === mine) ended();
    if (!resumed || !["unknown_job", "expired"].includes(error.code)) report(error);
  }
}

async function begin(e) {
  e.preventDefault();
  const name = $("learn-name").value.trim();
  if (!name || running) return;
  const button = $("learn-form").querySelector("[type=submit]");
  button.disabled = true;
  try {
    const job = await api.learn(picker.state.own, { display_name: name, effort: effort() });
    worked();
    follow(job.id, name);
  } catch (error) {
    report(error, () => $("learn-form").requestSubmit());
  } finally {
    button.disabled = false;
  }
}

async function cancel() {
  const { id, abort } = running;
  abort.abort();
  ended();
  speak(t("cancelled"));
  await api.removeJob(id).catch(report);
}

async function keep() {
  running.keeping = true;
  tell();
  await api.keepJob(running.id).catch(() => {}); // it was just over
}

function effortHint() {
  const name = effort();
  $("learn-effort").textContent = t(`effort${name[0].toUpperCase()}${name.slice(1)}Hint`);
}

// A job of before the page was left.
function resume() {
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  if (allowed && kept && !running) follow(kept.id, kept.name, true);
}

// There is a picture to learn from.
export function offer(name) {
  picture = true;
  $("learn-name").value = [...name].slice(0, 40).join("");
  if (!running) arrange();
}

export function retell() {
  effortHint();
  if (running) tell();
}

export function start(learnt) {
  done = learnt;
  effortHint();
  document.addEventListener("session", (e) => {
    allowed = e.detail.learns_styles;
    arrange(!$("learn-form").hidden && !running);
    resume();
  });
  $("learn-open").addEventListener("click", () => arrange(true));
  $("learn-form").addEventListener("submit", begin);
  $("learn-keep").addEventListener("click", keep);
  $("learn-cancel").addEventListener("click", cancel);
  for (const e of document.querySelectorAll("input[name=effort]")) e.addEventListener("change", effortHint);
}
