// A photograph by the camera of a computer; phones have a program of their own for that.
import { Failure } from "./api.js";
import { t } from "./i18n.js";

const $ = (id) => document.getElementById(id);
let stream = null, taken = () => {};

const stop = () => {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = $("camera-video").srcObject = null;
};

async function shoot() {
  const video = $("camera-video"), canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0); // as the others see it, not as a mirror
  $("camera-dialog").close();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
  taken(new File([blob], "camera.jpg", { type: blob.type }));
}

// Resolves when the picture of the camera is there, or nothing came of it.
async function open() {
  const dialog = $("camera-dialog");
  $("camera-shoot").disabled = true;
  dialog.showModal();
  try {
    const opened = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } }, audio: false });
    stream = opened;
    if (!dialog.open) return stop(); // closed meanwhile
    $("camera-video").srcObject = stream;
    await $("camera-video").play();
    $("camera-shoot").disabled = false;
    $("camera-shoot").focus();
  } catch (error) {
    dialog.close();
    if (error.name !== "AbortError") throw new Failure(t(error.name === "NotAllowedError" ? "camDenied" : "camMissing"), true);
  }
}

export async function start(onTaken, onError) {
  const button = $("camera-button"), phone = matchMedia("(pointer: coarse)").matches;
  taken = onTaken;
  const tried = () => open().catch((error) => onError(error, tried));
  button.addEventListener("click", () => (phone ? $("camera").click() : tried()));
  $("camera-shoot").addEventListener("click", shoot);
  $("camera-cancel").addEventListener("click", () => $("camera-dialog").close());
  $("camera-dialog").addEventListener("close", stop);
  const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? [];
  button.hidden = !phone && !devices.some((d) => d.kind === "videoinput");
}
