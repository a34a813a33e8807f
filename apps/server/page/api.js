// Talks to the server: the page's token, keys, retries while it is busy, jobs with progress.
import { t } from "./i18n.js";
import { words } from "./problems.js";

let session = null;

export class Failure extends Error {
  constructor(text, retry = false) {
    super(text);
    this.retry = retry; // the same again may work later
  }
}

const cancelled = () => new DOMException("cancelled", "AbortError");

// Ends early, and badly, when the signal says so.
function wait(ms, signal) {
  return new Promise((done, fail) => {
    const stop = () => { clearTimeout(timer); fail(cancelled()); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); done(); }, ms);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function keyed() {
  const key = sessionStorage.getItem("key");
  return key ? { Authorization: `Bearer ${key}` } : {};
}

// What is allowed depends on the key; one that is wrong is asked for when it is needed.
async function readSession() {
  let answer = await fetch("/api/v1/session", { headers: keyed() });
  if (answer.status === 401) answer = await fetch("/api/v1/session");
  if (!answer.ok) throw new Failure(t("offline"), true);
  session = await answer.json();
  document.dispatchEvent(new CustomEvent("session", { detail: session }));
}

export async function limits() {
  if (session) return session;
  try {
    await readSession();
  } catch {
    throw new Failure(t("offline"), true);
  }
  return session;
}

function askForKey() {
  const dialog = document.getElementById("key-dialog"), field = document.getElementById("key");
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "ok" && field.value;
      if (given) sessionStorage.setItem("key", given);
      done(Boolean(given));
    }, { once: true });
    if (!dialog.open) {
      field.value = dialog.returnValue = "";
      dialog.showModal();
    }
  });
}

const headers = (more) => ({ "X-Page-Token": session.page_token, ...keyed(), ...more });

const answerHeaders = (text) => new Headers(text.trim().split("\r\n").filter(Boolean).map((line) => {
  const at = line.indexOf(":");
  return [line.slice(0, at), line.slice(at + 1).trim()];
}));

// As fetch, which does not tell how much of the body is on its way: sent(bytes, of how many).
function post(path, { body, signal, headers: lines, sent }) {
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest(), stop = () => x.abort();
    if (signal?.aborted) return fail(cancelled());
    x.open("POST", path);
    x.responseType = "blob";
    for (const [name, value] of Object.entries(lines)) x.setRequestHeader(name, value);
    x.upload.onprogress = (e) => { if (e.lengthComputable) sent(e.loaded, e.total); };
    x.onload = () => done(new Response(x.response, { status: x.status, headers: answerHeaders(x.getAllResponseHeaders()) }));
    x.onerror = x.ontimeout = () => fail(new TypeError("no answer"));
    x.onabort = () => fail(cancelled());
    x.onloadend = () => signal?.removeEventListener("abort", stop);
    signal?.addEventListener("abort", stop, { once: true });
    x.send(body);
  });
}

// One request. 503 and 429 are tried again as long as the server asks for it; 401 asks for a key.
export async function call(path, { method = "GET", body, accept, signal, onBusy, sent } = {}) {
  for (let attempt = 0; ; attempt++) {
    let answer;
    try {
      if (!session) await readSession();
      const lines = headers(accept ? { Accept: accept } : {});
      answer = await (sent && body ? post(path, { body, signal, headers: lines, sent }) : fetch(path, { method, body, signal, headers: lines }));
    } catch (error) {
      if (error.name === "AbortError" || error instanceof Failure) throw error;
      throw new Failure(t("offline"), true);
    }
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 401 && (await askForKey())) {
      session = null;
      continue;
    }
    if (answer.status === 403 && problem.code === "page_token" && attempt < 2) {
      session = null;
      continue;
    }
    const busy = (answer.status === 503 || answer.status === 429) && problem.code !== "no_storage";
    if (busy && attempt < 8) {
      onBusy?.();
      await wait(1000 * Number(answer.headers.get("Retry-After") ?? 1) * (0.5 + Math.random()), signal);
      continue;
    }
    const slow = answer.status === 408; // the way to the server was too slow this time
    throw Object.assign(new Failure(t("failed") + words(problem, answer.status), busy || slow), { code: problem.code });
  }
}

export async function styles() {
  return (await (await call("/api/v1/styles")).json()).styles;
}

function form(content, style, settings) {
  const f = new FormData();
  f.append("content_image", content, "content");
  if (style.picture) f.append("style_image", style.picture, "style");
  else f.append("styles", style.parts.map((p) => `${p.id}:${p.weight.toFixed(4)}`).join(","));
  if (style.mask) for (const _ of style.parts ?? [style.picture]) f.append("masks", style.mask, "mask.png");
  for (const [name, value] of Object.entries(settings)) f.append(name, value);
  return f;
}

export async function paint(content, style, settings, options = {}) {
  const answer = await call("/api/v1/style-transfer",
    { method: "POST", body: form(content, style, settings), accept: `image/${settings.format ?? "jpeg"}`, ...options });
  return { blob: await answer.blob(), degraded: answer.headers.get("X-Stylize-Degraded") === "true",
    strength: Number(answer.headers.get("X-Stylize-Strength") ?? 1) };
}

// The states of a job, as the server sends them.
async function* events(path, signal) {
  const reader = (await call(path, { signal })).body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { value, done } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      return { done: true }; // cut off: the next request finds out why
    });
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const data = text.slice(0, end).split("\n").find((line) => line.startsWith("data: "));
      text = text.slice(end + 2);
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}

async function follow(path, onState, signal) {
  for (;;) { // a stream that ends too early, as with a server that restarts, is opened again
    for await (const job of events(`${path}/events`, signal)) {
      onState(job);
      if (job.state === "done") return;
      if (job.state !== "queued" && job.state !== "running") throw Object.assign(new Failure(t("failed") + words(job.error ?? { code: job.state, detail: job.state }), true), { code: job.error?.code });
    }
    await wait(500, signal);
  }
}

// A style that the server learns from a picture: a job too, which goes on when the page is closed.
export async function learn(picture, fields) {
  const f = new FormData();
  f.append("style_image", picture, "style.jpg");
  for (const [name, value] of Object.entries(fields)) f.append(name, value);
  return (await call("/api/v1/styles", { method: "POST", body: f })).json();
}

const pathOf = (id) => `/api/v1/jobs/${id}`;
export const followJob = (id, onState, signal) => follow(pathOf(id), onState, signal);
export const keepJob = (id) => call(`${pathOf(id)}/keep`, { method: "POST" });
export const removeJob = (id) => call(pathOf(id), { method: "DELETE" });

// A painting that takes long: a job, whose progress is told; the signal removes it from the server.
export async function paintJob(content, style, settings, onState, options) {
  const made = await call("/api/v1/jobs", { method: "POST", body: form(content, style, settings), ...options });
  const path = `/api/v1/jobs/${(await made.json()).id}`;
  try {
    await follow(path, onState, options.signal);
    return await (await call(`${path}/result`, { accept: `image/${settings.format}`, signal: options.signal })).blob();
  } finally {
    call(path, { method: "DELETE" }).catch(() => {});
  }
}
