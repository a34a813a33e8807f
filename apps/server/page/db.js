// The browser's own database: what was downloaded, and what a reload brings back.
export const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error); });

export async function store(name, mode) {
  const open = indexedDB.open("stylize", 2);
  open.onupgradeneeded = () => {
    const names = open.result.objectStoreNames;
    if (!names.contains("paintings")) open.result.createObjectStore("paintings", { keyPath: "id", autoIncrement: true });
    if (!names.contains("sessions")) open.result.createObjectStore("sessions", { keyPath: "id" });
  };
  const db = await done(open);
  db.onversionchange = () => db.close(); // a newer page in another tab does not wait for this one
  return db.transaction(name, mode).objectStore(name);
}
