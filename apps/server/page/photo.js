// The visitor's photograph, and smaller copies of it to try styles on.
import * as api from "./api.js";
import { t } from "./i18n.js";

export const PREVIEW = 640, SHARP = 1280;
const SHOWN = 1600, THUMBNAIL = 160, THUMBNAIL_LONG = 320, LARGEST = 4096;

// number: of the photograph, so that answers for an older one are known.
export const photo = { number: 0, name: "", file: null, bitmap: null, width: 0, height: 0, copies: {} };

// As a JPEG whose longer side is at most `side`; smaller pictures keep their size.
async function scaled(bitmap, side, quality = 0.92) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(16, Math.round(bitmap.width * scale)), height = Math.max(16, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height), g = canvas.getContext("2d");
  g.fillStyle = "#fff"; // what a JPEG has for a hole
  g.fillRect(0, 0, width, height);
  g.imageSmoothingQuality = "high";
  g.drawImage(bitmap, 0, 0, width, height);
  return canvas.convertToBlob({ type: "image/jpeg", quality });
}

export async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new api.Failure(t("unreadable"));
  }
}

// The file itself if the server reads it, else what the browser made of it.
async function upload(file, bitmap) {
  const limits = await api.limits();
  const known = ["image/jpeg", "image/png", "image/webp"].includes(file.type);
  return known && file.size < limits.max_request_bytes * 0.9 ? file : scaled(bitmap, LARGEST);
}

// Longer side of thumbnails: the shorter one fills a card.
export function thumbnailSide() {
  const ratio = Math.max(photo.width, photo.height) / Math.min(photo.width, photo.height);
  return Math.round(Math.min(THUMBNAIL_LONG, THUMBNAIL * ratio));
}

// A copy with that longer side to paint on; made when it is first asked for.
export function copy(side, of = photo) {
  return of.copies[side] ??= scaled(of.bitmap, side);
}

// A picture; what is not shown or sent of it is given back at once.
export async function open(file) {
  const full = await decode(file), source = await upload(file, full);
  const bitmap = Math.max(full.width, full.height) > SHOWN ? await createImageBitmap(await scaled(full, SHOWN)) : full;
  const made = { name: (file.name ?? "").replace(/\.[^.]*$/, "") || "picture", file: source, bitmap, width: full.width,
    height: full.height, copies: {}, sent: {} };
  if (bitmap !== full) full.close();
  return made;
}

// Nothing is on the wall any more.
export const close = () => Object.assign(photo, { number: photo.number + 1, name: "", file: null, bitmap: null, width: 0, height: 0, copies: {}, sent: {} });

// Of a picture that comes onto the wall.
export const take = (opened) => Object.assign(photo, opened, { number: photo.number + 1 });

const MUCH = 1 << 20; // bytes that are not sent where fewer pixels are enough

async function smaller(of, side) {
  const full = await decode(of.file), made = await scaled(full, side, 0.97);
  full.close();
  return made.size < of.file.size ? made : of.file;
}

// What a painting of that longer side needs of a picture: a large file is not sent for a small painting. Made once, as
// the same is sent again when the way to the server breaks.
export async function toSend(side, of = photo) {
  if (of.file.size <= MUCH || Math.max(of.width, of.height) <= side) return of.file;
  return of.sent[side] ??= smaller(of, side);
}

export async function styleCopy(bitmap) {
  return scaled(bitmap, 1024);
}

// For a list of pictures.
export async function miniature(file) {
  const bitmap = await decode(file), side = Math.min(bitmap.width, bitmap.height), canvas = new OffscreenCanvas(128, 128);
  canvas.getContext("2d").drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 128, 128);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}
