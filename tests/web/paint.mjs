// Paints raw RGBA by the engine of the web: paint.mjs SITE WIDTH HEIGHT STYLE STRENGTH SIZE ROUNDS <in >out
// Prints milliseconds of the best round to stderr.
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [site, width, height, style, strength, size, rounds] = process.argv.slice(2);
const { default: createEngine } = await import(pathToFileURL(`${site}/stylize-engine.mjs`));
const engine = await createEngine({ wasmBinary: readFileSync(`${site}/stylize-engine.wasm`) });
const copyIn = (bytes) => {
  const at = engine._malloc(bytes.length);
  engine.HEAPU8.set(bytes, at);
  return at;
};
const text = (string) => copyIn(new TextEncoder().encode(`${string}\0`));
const models = new Uint8Array(readFileSync(`${site}/models.bin`));
const length = new DataView(models.buffer, models.byteOffset).getUint32(0, true);
let at = (4 + length + 7) & ~7;
for (const [name, bytes] of JSON.parse(new TextDecoder().decode(models.subarray(4, 4 + length)))) {
  engine._web_file(text(name), copyIn(models.subarray(at, at + bytes)), bytes);
  at += (bytes + 7) & ~7;
}
const fail = () => {
  console.error(engine.UTF8ToString(engine._web_error()));
  process.exit(1);
};
if (engine._web_open(2)) fail();
const content = copyIn(new Uint8Array(readFileSync(0)));
let best = Infinity, out;
for (let i = 0; i < Number(rounds); i++) {
  const from = process.cpuUsage().user;
  out = engine._web_paint(content, Number(width), Number(height), text(style), Number(strength), Number(size), 0);
  if (!out) fail();
  best = Math.min(best, (process.cpuUsage().user - from) / 1000);
}
console.error(`${best.toFixed(1)} ms, ${engine.HEAPU8.length >> 20} MiB`);
const bytes = engine.HEAPU8.slice(out, out + engine._web_width() * engine._web_height() * 4);
for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
