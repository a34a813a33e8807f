// Talks to the server: the page's token, keys, retries while it is busy, jobs with progress.
import { t } from "./i18n.js";

let session = null;

export class Failure extends Error {}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function readSession() {
  const answer = await fetch("/api/v1/session");
  if (!answer.ok) throw new Failure(t("offline"));
  session = await answer.json();
}

export async function limits() {
  if (!session) await readSession();
  return session;
}

function askForKey() {
  const dialog = document.getElementById("key-dialog"), field = document.getElementById("key");
  return new Promise((done) => {
    dialog.onclose = () => {
      if (field.value) sessionStorage.setItem("key", field.value);
      done(Boolean(field.value));
    };
    field.value = "";
    dialog.showModal();
  });
}

function headers(more) {
  const key = sessionStorage.getItem("key");
  return { "X-Page-Token": session.page_token, ...(key ? { Authorization: `Bearer ${key}` } : {}), ...more };
}

// One request. 503 and 429 are tried again as long as the server asks for it; 401 asks for a key.
export async function call(path, { method = "GET", body, accept, signal, onBusy } = {}) {
  for (let attempt = 0; ; attempt++) {
    let answer;
    try {
      if (!session) await readSession();
      answer = await fetch(path, { method, body, signal, headers: headers(accept ? { Accept: accept } : {}) });
    } catch (error) {
      if (error.name === "AbortError" || error instanceof Failure) throw error;
      throw new Failure(t("offline"));
    }
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => ({}))).error ?? {};
    if (answer.status === 401 && (await askForKey())) continue;
    if (answer.status === 403 && problem.code === "page_token" && attempt < 2) {
      session = null;
      continue;
    }
    if ((answer.status === 503 || answer.status === 429) && problem.code !== "no_storage" && attempt < 8) {
      onBusy?.();
      await wait(1000 * Number(answer.headers.get("Retry-After") ?? 1) * (0.5 + Math.random()));
      if (signal?.aborted) throw new DOMException("", "AbortError");
      continue;
    }
    throw new Failure(t("failed") + (problem.message ?? answer.status));
  }
}

export async function styles() {
  return (await (await call("/api/v1/styles")).json()).styles;
}

export function form(content, style, settings) {
  const f = new FormData();
  f.append("content_image", content, "content");
  if (style.picture) f.append("style_image", style.picture, "style");
  else f.append("styles", style.parts.map((p) => `${p.id}:${p.weight.toFixed(4)}`).join(","));
  for (const [name, value] of Object.entries(settings)) f.append(name, value);
  return f;
}

export async function paint(content, style, settings, options = {}) {
  const answer = await call("/api/v1/style-transfer",
    { method: "POST", body: form(content, style, settings), accept: options.accept ?? "image/jpeg", ...options });
  return { blob: await answer.blob(), degraded: answer.headers.get("X-Stylize-Degraded") === "true" };
}

// A painting that takes long: a job, whose progress is shown.
export async function paintJob(content, style, settings, onProgress) {
  const made = await call("/api/v1/jobs", { method: "POST", body: form(content, style, settings) });
  const { id } = await made.json();
  for (;;) {
    const job = await (await call(`/api/v1/jobs/${id}`)).json();
    onProgress(job.progress);
    if (job.state === "done") break;
    if (job.state !== "queued" && job.state !== "running") throw new Failure(t("failed") + (job.error?.message ?? job.state));
    await wait(250);
  }
  const result = await (await call(`/api/v1/jobs/${id}/result`, { accept: "image/*" })).blob();
  call(`/api/v1/jobs/${id}`, { method: "DELETE" }).catch(() => {});
  return { blob: result, degraded: false };
}
