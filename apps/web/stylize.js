// Stylizer: paints in a worker, so that the page stays alive. See stylize.d.ts.

export class StylizeError extends Error {
  constructor(message) {
    super(message);
    this.name = "StylizeError";
  }
}

export class Stylizer {
  #worker;
  #waiting = new Map();
  #last = 0;
  #progress;

  static async load({ base = new URL(".", import.meta.url), progress } = {}) {
    const stylizer = new Stylizer();
    await stylizer.#start(new URL(base, import.meta.url), progress);
    return stylizer;
  }

  async #start(base, progress) {
    this.#progress = progress;
    this.#worker = new Worker(new URL("worker.js", base), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#answer(data);
    this.#worker.onerror = (event) => this.#end(event.message || "the worker could not be started");
    const { styles } = await this.#ask({ do: "load" });
    this.styles = Object.freeze(styles);
  }

  async stylize(picture, { style, strength = 1, size = 0, preserveColor = false } = {}) {
    const pixels = picture.data.slice().buffer;
    const { width, height } = picture;
    const out = await this.#ask({ do: "paint", pixels, width, height, style, strength, size, preserveColor }, [pixels]);
    return new ImageData(new Uint8ClampedArray(out.pixels), out.width, out.height);
  }

  close() {
    this.#end("closed");
  }

  #ask(message, transfer = []) {
    if (!this.#worker) return Promise.reject(new StylizeError("closed"));
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...message, id }, transfer);
    });
  }

  #answer(data) {
    if ("done" in data) {
      this.#progress?.(data.done);
      return;
    }
    const { resolve, reject } = this.#waiting.get(data.id);
    this.#waiting.delete(data.id);
    if (data.error) reject(new StylizeError(data.error));
    else resolve(data);
  }

  #end(why) {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new StylizeError(why));
    this.#waiting.clear();
  }
}
