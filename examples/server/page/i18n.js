// The texts of the page in English and Chinese.
const texts = {
  en: {
    skip: "Skip to the styles", newPicture: "New picture", theme: "Light or dark", picture: "Picture",
    headline: "Your photograph, painted.",
    intro: "Drop a picture here, paste one, or choose it. The painters are waiting.",
    choose: "Choose a picture", camera: "Take a photo", example: "Try an example",
    private: "Painted on this server and nowhere else.",
    before: "Before", after: "After", compare: "Before and after", dropHere: "Drop it",
    settings: "Styles and settings", style: "Style", gallery: "Gallery", blend: "Blend", own: "Your own", styles: "Styles",
    blendHint: "Choose two to four styles, then move the point between them.",
    ownHint: "Any picture can be the style: a painting, a fabric, a wall.",
    chooseStyle: "Choose a style picture", strength: "Strength", colour: "Original colours", size: "Size",
    history: "Your paintings", clear: "Clear", historyHint: "What you paint is kept here, in this browser only.",
    progress: "Progress", paint: "Paint", painting: "Painting…", download: "Download", remove: "Remove",
    keyTitle: "An API key, please",
    keyText: "This server is not open to everyone. The key is kept until you close the tab.", ok: "Go on",
    unreadable: "This file is not a picture that the browser can read.",
    offline: "The server cannot be reached. Try again in a moment.",
    busyServer: "The server is busy. Trying again…", failed: "That did not work: ",
    fourAtMost: "Four styles at most.", ownStyle: "Your own style", shrunk: " · painted smaller, the server is busy",
    ready: "Painted in {time}", other: "中文",
  },
  zh: {
    skip: "跳到风格", newPicture: "换一张图片", theme: "浅色或深色", picture: "图片",
    headline: "让你的照片成为画作。",
    intro: "拖入、粘贴或选择一张图片。画家们正在等候。",
    choose: "选择图片", camera: "拍照", example: "试试示例",
    private: "只在本服务器上绘制，不会发送到别处。",
    before: "原图", after: "画作", compare: "原图与画作对比", dropHere: "松开即可",
    settings: "风格与设置", style: "风格", gallery: "画廊", blend: "混合", own: "自定义", styles: "风格",
    blendHint: "选择两到四种风格，然后在它们之间移动圆点。",
    ownHint: "任何图片都可以成为风格：一幅画、一块布、一面墙。",
    chooseStyle: "选择风格图片", strength: "强度", colour: "保留原色", size: "尺寸",
    history: "你的画作", clear: "清空", historyHint: "你的画作只保存在这个浏览器里。",
    progress: "进度", paint: "绘制", painting: "正在绘制…", download: "下载", remove: "删除",
    keyTitle: "请输入 API 密钥", keyText: "此服务器不对所有人开放。密钥保留到关闭标签页为止。", ok: "继续",
    unreadable: "浏览器无法读取这个图片文件。",
    offline: "无法连接服务器，请稍后再试。",
    busyServer: "服务器繁忙，正在重试…", failed: "操作失败：",
    fourAtMost: "最多四种风格。", ownStyle: "自定义风格", shrunk: " · 服务器繁忙，已缩小尺寸",
    ready: "用时 {time}", other: "English",
  },
};

export let language = "en";

export const t = (name) => texts[language][name] ?? texts.en[name] ?? name;

export function setLanguage(wanted) {
  language = wanted === "zh" ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const e of document.querySelectorAll("[data-i18n]")) e.textContent = t(e.dataset.i18n);
  for (const e of document.querySelectorAll("[data-i18n-label]")) e.setAttribute("aria-label", t(e.dataset.i18nLabel));
  const other = document.getElementById("language");
  other.textContent = t("other");
  other.lang = language === "zh" ? "en" : "zh";
}

export function firstLanguage() {
  const saved = localStorage.getItem("language");
  return saved ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
}
