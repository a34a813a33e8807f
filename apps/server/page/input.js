// Files come in: chosen, dropped, pasted, taken by a camera.
import * as camera from "./camera.js";

const $ = (id) => document.getElementById(id);

function fileButton(button, input, taken) {
  if (button) $(button).addEventListener("click", () => $(input).click());
  $(input).addEventListener("change", (e) => {
    const files = [...e.target.files]; // before the value goes, and the list with it
    e.target.value = "";
    if (files.length) taken(files);
  });
}

function dropping(photos, style) {
  let depth = 0;
  const files = (e) => [...(e.dataTransfer?.types ?? [])].includes("Files");
  const away = () => { depth = 0; $("drop").hidden = true; };
  document.addEventListener("dragenter", (e) => { if (files(e)) { depth++; $("drop").hidden = false; } });
  document.addEventListener("dragleave", () => { if (--depth <= 0) away(); });
  document.addEventListener("dragover", (e) => e.preventDefault());
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    away();
    const list = [...e.dataTransfer.files];
    if (list.length) (e.target.closest("#pane-own") ? style : photos)(list);
  });
}

// photos(files, add), style(files); wantsStyle: whether what is pasted now is meant as one.
export function start({ photos, style, wantsStyle, onError }) {
  fileButton("choose-button", "choose", photos);
  $("new-picture").addEventListener("click", () => $("choose").click());
  fileButton("album-add", "choose-more", (files) => photos(files, true));
  fileButton("own-drop", "own-file", style);
  fileButton(null, "camera", photos);
  dropping(photos, style);
  document.addEventListener("paste", (e) => {
    const list = [...e.clipboardData.files].filter((f) => f.type.startsWith("image/"));
    if (list.length) (wantsStyle() ? style : photos)(list);
  });
  camera.start((file) => photos([file]), onError);
}
