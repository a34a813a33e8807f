// The worker: engine and models in memory, one painting after the other.
import createEngine from "./stylize-engine.mjs";

const INT8 = 2; // STYLIZE_PRECISION_INT8
let engine;

async function fetchBytes(name, progress) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  const length = Number(response.headers.get("content-length")) || 0;
  const parts = [];
  let size = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (length) progress(Math.min(size / length, 1));
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function copyIn(bytes) {
  const at = engine._malloc(bytes.length);
  if (!at) throw new Error("out of memory");
  engine.HEAPU8.set(bytes, at);
  return at;
}

const text = (string) => copyIn(new TextEncoder().encode(`${string}\0`));

// Hands the files of models.bin to the engine; returns those that are asked for here too.
function unpack(bytes) {
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const list = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const align = (n) => (n + 7) & ~7;
  let at = align(4 + length);
  const files = new Map();
  for (const [name, size] of list) {
    const data = bytes.subarray(at, at + size);
    files.set(name, data);
    if (engine._web_file(text(name), copyIn(data), size)) throw new Error("too many files");
    at += align(size);
  }
  return files;
}

async function load() {
  const models = fetchBytes("models.bin", (done) => postMessage({ done }));
  engine = await createEngine();
  const files = unpack(await models);
  if (engine._web_open(INT8)) throw new Error(engine.UTF8ToString(engine._web_error()));
  const library = JSON.parse(new TextDecoder().decode(files.get("styles/library.json")));
  return {
    styles: library.map((s) => ({
      id: s.style_id,
      names: typeof s.display_name === "string" ? { en: s.display_name } : s.display_name,
      artist: s.artist,
      year: s.year,
    })),
  };
}

function paint({ pixels, width, height, style, strength, size, preserveColor }) {
  const content = copyIn(new Uint8Array(pixels));
  const id = text(style);
  const out = engine._web_paint(content, width, height, id, strength, size, preserveColor ? 1 : 0);
  engine._free(content);
  engine._free(id);
  if (!out) throw new Error(engine.UTF8ToString(engine._web_error()));
  const bytes = engine._web_width() * engine._web_height() * 4;
  return { pixels: engine.HEAPU8.slice(out, out + bytes).buffer, width: engine._web_width(), height: engine._web_height() };
}

// One at a time, in order.
let turn = Promise.resolve();
onmessage = ({ data }) => {
  turn = turn.then(async () => {
    try {
      const answer = data.do === "load" ? await load() : paint(data);
      postMessage({ id: data.id, ...answer }, answer.pixels ? [answer.pixels] : []);
    } catch (error) {
      postMessage({ id: data.id, error: String(error.message || error) });
    }
  });
};
