// Where the style is painted, as a list of what was done with the brush: it can be undone, kept, and drawn in any size.
// Steps: { paint, radius, points: [[x, y], ...] }, { invert: true }, { clear: true }; lengths are shares of the longer side.
const SOFT = 0.55;    // of the radius: where the edge of the brush begins to fade
const SPACING = 0.25; // of the radius: from one dab to the next

export class Mask {
  // What is drawn stands in the canvas' alpha: where the style is, or with `inverted` where it is not.
  constructor({ width, height }, steps = []) {
    this.canvas = new OffscreenCanvas(width, height);
    this.unit = Math.max(width, height);
    this.steps = [...steps];
    this.undone = [];
    this.replay();
  }

  get used() { return this.drawn; }

  replay() {
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawn = this.inverted = false;
    for (const step of this.steps) this.apply(step);
  }

  apply(step) {
    if (step.invert) this.inverted = !this.inverted;
    else if (step.clear) {
      this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
      this.drawn = this.inverted = false;
    } else step.points.forEach((point, i) => this.line(step, step.points[i - 1] ?? point, point));
  }

  add(step) {
    this.steps.push(step);
    this.undone = [];
    this.apply(step);
  }

  // The stroke that was added last goes on.
  extend(point) {
    const step = this.steps.at(-1);
    this.line(step, step.points.at(-1), point);
    step.points.push(point);
  }

  undo() {
    if (!this.steps.length) return false;
    this.undone.push(this.steps.pop());
    this.replay();
    return true;
  }

  redo() {
    if (!this.undone.length) return false;
    this.steps.push(this.undone.pop());
    this.apply(this.steps.at(-1));
    return true;
  }

  line(step, from, to) {
    const far = Math.hypot(to[0] - from[0], to[1] - from[1]), dabs = Math.max(1, Math.ceil(far / (SPACING * step.radius)));
    for (let i = 1; i <= dabs; i++) this.dab(step, from[0] + (to[0] - from[0]) * i / dabs, from[1] + (to[1] - from[1]) * i / dabs);
  }

  dab({ paint, radius }, across, down) {
    const g = this.canvas.getContext("2d"), r = radius * this.unit, x = across * this.unit, y = down * this.unit;
    const shade = g.createRadialGradient(x, y, r * SOFT, x, y, r), adds = paint !== this.inverted;
    shade.addColorStop(0, "#fff");
    shade.addColorStop(1, "#fff0");
    g.globalCompositeOperation = adds ? "source-over" : "destination-out";
    g.fillStyle = shade;
    g.fillRect(x - r, y - r, 2 * r, 2 * r);
    this.drawn ||= adds;
  }

  // As the server takes it: a grey picture, white where the style is painted; null for everywhere.
  async picture() {
    if (!this.used) return null;
    const { width, height } = this.canvas, grey = new OffscreenCanvas(width, height), g = grey.getContext("2d");
    g.fillStyle = "#fff";
    g.drawImage(this.canvas, 0, 0);
    if (this.inverted) {
      g.globalCompositeOperation = "source-out";
      g.fillRect(0, 0, width, height);
    }
    g.globalCompositeOperation = "destination-over";
    g.fillStyle = "#000";
    g.fillRect(0, 0, width, height);
    return grey.convertToBlob({ type: "image/png" });
  }
}
