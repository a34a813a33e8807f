// The page: a photograph or the camera in, paintings out, all on this machine.
import { Stylizer } from "./stylize.js";
import { WORDS, language } from "./words.js";
import { Camera } from "./camera.js";

const at = (id) => document.getElementById(id);
const area = at("picture"), before = at("before"), after = at("after"), state = at("state");
const THUMBNAIL = 128;

let lang = language();
let stylizer, style, source, painted = false, said = ["loading", 0];
let wanted = 0; // the newest painting that was asked for

const word = (name, ...values) => values.reduce((text, v, i) => text.replace(`{${i}}`, v), WORDS[lang][name]);

function say(...what) {
  said = what;
  state.textContent = what.length ? word(...what) : "";
}

function show() {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = word(element.dataset.text);
  at("camera").textContent = word(camera.running ? "stop" : "camera");
  for (const button of at("styles").querySelectorAll("button")) {
    const { names } = stylizer.styles.find((s) => s.id === button.dataset.style);
    button.querySelector("span").textContent = names[lang] ?? names.en;
  }
  say(...said);
}

function draw(canvas, image) {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The picture as pixels, its longer side no longer than that.
function pixels(picture, longer) {
  const width = picture.videoWidth || picture.width, height = picture.videoHeight || picture.height;
  const scale = Math.min(1, longer / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(16, Math.round(width * scale)), Math.max(16, Math.round(height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// Strength and the comparison are a matter of how the two canvases lie upon each other: they need no new painting.
function compose() {
  const share = at("compare").value;
  after.style.opacity = at("strength").value / 100;
  after.style.clipPath = `inset(0 0 0 ${share}%)`;
  at("strength-value").textContent = `${at("strength").value}%`;
  const divider = at("divider");
  divider.hidden = share === "0" || share === "100" || !painted;
  divider.style.left = `${after.offsetLeft + (after.offsetWidth * share) / 100 - 1 - area.clientLeft}px`;
}

async function paint() {
  if (!source || camera.running) return;
  const turn = ++wanted;
  const content = pixels(source, Number(at("size").value));
  if (!painted) draw(before, content);
  say("painting");
  const from = performance.now();
  try {
    const painting = await stylizer.stylize(content, { style });
    if (turn !== wanted) return;
    draw(before, content);
    draw(after, painting);
    painted = true;
    at("download").disabled = false;
    say("painted", ((performance.now() - from) / 1000).toFixed(2));
    compose();
  } catch (error) {
    if (turn === wanted) say("failed", error.message);
  }
}

// Each style as it paints this photograph, small.
async function thumbnails() {
  if (!source) return;
  const of = source, content = pixels(source, THUMBNAIL);
  for (const button of at("styles").querySelectorAll("button")) {
    if (of !== source || camera.running) return;
    draw(button.querySelector("canvas"), await stylizer.stylize(content, { style: button.dataset.style }));
  }
}

async function take(blob) {
  try {
    const picture = await createImageBitmap(blob);
    camera.stop();
    area.classList.remove("live");
    show();
    source = picture;
    painted = false;
  } catch {
    say("unreadable");
    return;
  }
  await paint();
  await thumbnails();
}

function choose(id) {
  style = id;
  for (const button of at("styles").querySelectorAll("button")) button.setAttribute("aria-pressed", button.dataset.style === id);
  paint();
}

function list() {
  at("styles").replaceChildren(
    ...stylizer.styles.map(({ id }) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.dataset.style = id;
      button.append(document.createElement("canvas"), document.createElement("span"));
      button.onclick = () => choose(id);
      item.append(button);
      return item;
    }),
  );
}

async function download() {
  const canvas = new OffscreenCanvas(after.width, after.height), context = canvas.getContext("2d");
  context.drawImage(before, 0, 0);
  context.globalAlpha = at("strength").value / 100;
  context.drawImage(after, 0, 0);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  link.download = `${style}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const camera = new Camera(at("video"), async (video) => {
  const content = pixels(video, 256);
  const painting = await stylizer.stylize(content, { style });
  if (!camera.running) return;
  draw(before, content);
  draw(after, painting);
  painted = true;
  at("download").disabled = false;
  say("frames", camera.rate.toFixed(0));
  compose();
});

at("camera").onclick = async () => {
  if (camera.running) {
    camera.stop();
    area.classList.remove("live");
    say();
    paint().then(thumbnails);
  } else {
    try {
      wanted++;
      await camera.start();
      area.classList.add("live");
    } catch (error) {
      say("nocamera", error.message);
    }
  }
  show();
};
at("file").onchange = ({ target }) => target.files[0] && take(target.files[0]);
at("size").onchange = () => paint();
at("strength").oninput = at("compare").oninput = compose;
at("download").onclick = download;
at("language").value = lang;
at("language").onchange = ({ target }) => {
  lang = target.value;
  show();
};
onresize = compose;
area.ondragover = (event) => {
  event.preventDefault();
  area.classList.add("over");
};
area.ondragleave = () => area.classList.remove("over");
area.ondrop = (event) => {
  event.preventDefault();
  area.classList.remove("over");
  if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
};
document.onpaste = (event) => event.clipboardData.files[0] && take(event.clipboardData.files[0]);

show();
navigator.serviceWorker?.register("service.js");
try {
  stylizer = await Stylizer.load({ progress: (done) => say("loading", Math.round(done * 100)) });
  list();
  style = stylizer.styles[0].id;
  choose(style);
  show();
  await take(await (await fetch("example.jpg")).blob());
} catch (error) {
  say("failed", error.message);
}
