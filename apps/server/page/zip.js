// Several files as one: a ZIP whose entries are stored, for pictures are packed already.
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(bytes) {
  let c = 0xffffffff;
  for (const b of bytes) c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// [value, bytes], little endian.
function record(...fields) {
  const out = new Uint8Array(fields.reduce((sum, [, bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [value, bytes] of fields)
    for (let i = 0; i < bytes; i++) out[at++] = Math.floor(value / 256 ** i) & 255;
  return out;
}

// Names that are there already get a number.
function unique(name, used) {
  const dot = name.lastIndexOf("."), head = dot > 0 ? name.slice(0, dot) : name, tail = dot > 0 ? name.slice(dot) : "";
  let free = name;
  for (let n = 2; used.has(free); n++) free = `${head}-${n}${tail}`;
  used.add(free);
  return free;
}

// files: [{ name, blob }]
export async function zip(files) {
  const parts = [], directory = [], used = new Set(), now = new Date();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  let offset = 0, listed = 0;
  for (const { name, blob } of files) {
    const title = new TextEncoder().encode(unique(name, used)), size = blob.size;
    const crc = checksum(new Uint8Array(await blob.arrayBuffer()));
    const facts = [[20, 2], [0x800, 2], [0, 2], [time, 2], [date, 2], [crc, 4], [size, 4], [size, 4], [title.length, 2], [0, 2]];
    const entry = record([0x02014b50, 4], [20, 2], ...facts, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]);
    const head = record([0x04034b50, 4], ...facts);
    parts.push(head, title, blob);
    directory.push(entry, title);
    offset += head.length + title.length + size;
    listed += entry.length + title.length;
  }
  const end = record([0x06054b50, 4], [0, 4], [files.length, 2], [files.length, 2], [listed, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
