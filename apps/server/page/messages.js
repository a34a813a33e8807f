// What people are told: errors in a box that stays until something works, all else in one line for screen readers.
import { Failure } from "./api.js";
import { t } from "./i18n.js";

const $ = (id) => document.getElementById(id);
let timer = 0, again = null, busy = false;

export function hideToast() {
  $("toast").classList.remove("on");
  $("toast-text").textContent = "";
  $("toast-retry").hidden = $("toast-close").hidden = true;
}

// A note goes away by itself. An error, which has something to try again or not, is closed by hand or by the next success.
function show(text, retry, isBusy = false, label = t("retry")) {
  clearTimeout(timer);
  again = retry ?? null;
  busy = isBusy;
  $("toast-text").textContent = text;
  $("toast-retry").hidden = !retry;
  $("toast-retry").textContent = label;
  $("toast-close").hidden = false;
  $("toast").classList.add("on");
}

export function note(text) {
  show(text);
  timer = setTimeout(hideToast, 8000);
}

// A note with something to press, or without.
export function offer(text, label, then) {
  show(text, then, false, label);
  if (!then) timer = setTimeout(hideToast, 4000);
}

export const noteBusy = () => show(t("busyServer"), null, true);

// What was said about the server is over when it has answered.
export function serverAnswered() {
  if (busy || again) hideToast();
}

// What somebody asked for has worked: whatever went wrong before is over.
export function worked() {
  clearTimeout(timer);
  again = null;
  busy = false;
  hideToast();
}

export function report(error, retry) {
  if (error.name === "AbortError") return;
  if (error instanceof Failure) show(error.message, error.retry ? retry : null);
  else {
    console.error(error);
    show(t("failedHere"), retry);
  }
}

// Also when it is the same text again.
export function speak(text) {
  $("spoken").textContent = "";
  requestAnimationFrame(() => { $("spoken").textContent = text; });
}

$("toast-close").addEventListener("click", hideToast);
$("toast-retry").addEventListener("click", () => {
  const retry = again;
  hideToast();
  retry?.();
});
