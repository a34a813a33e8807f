// The texts of the page in English and Chinese.
const texts = {
  en: {
    skip: "Skip to the styles", newPicture: "New picture", theme: "Dark mode", picture: "Picture",
    headline: "Your photograph, painted.",
    intro: "Drop a picture here, paste one, or choose it. The painters are waiting.",
    choose: "Choose a picture", camera: "Take a photo", example: "Try an example",
    private: "Painted on this server and nowhere else.",
    before: "Before", after: "After", compare: "How much of the photograph is shown", dropHere: "Drop it",
    settings: "Styles and settings", style: "Style", gallery: "Gallery", blend: "Blend", own: "Your own", styles: "Styles",
    blendHint: "Choose two to four styles, then move the point between them.",
    padPoint: "Point between the styles, moved by the arrow keys",
    ownHint: "Any picture can be the style: a painting, a fabric, a wall.",
    chooseStyle: "Choose a style picture", otherStyle: "Choose another",
    learnOpen: "Keep it as a style", learnName: "Name", learnEffort: "How thoroughly", learnStart: "Learn this style",
    learnHint: "The server learns to paint like this picture. The style then stands in the gallery, for all who use this server.",
    effortFast: "Quickly", effortGood: "Well", effortBest: "Very well",
    effortFastHint: "Takes less than a minute. The style can be blended.",
    effortGoodHint: "Takes some minutes: a network of its own, nearer to the picture.",
    effortBestHint: "May take an hour: the same for longer. It can be ended at any time.",
    learningName: "Learning: {name}", learnBegins: "Looking for the nearest style…", learning: "{percent}", learningLeft: "{percent} · {time} left",
    learnSoon: "less than a minute", learnAbout: "about {time}", learnKeep: "Keep it as it is", learnKeeping: "Saving it as it is…",
    learnPreview: "A photograph in the style, as it is painted now", learnt: "Learnt: {name}. It is in the gallery now.",
    strength: "Strength", auto: "Auto", autoStrength: "Auto strength", colour: "Original colours", strokes: "Stroke size", format: "Format", size: "Size", original: "Original · {size}",
    where: "Paint only a part", done: "Done", whereHint: "Paint over the picture where the style should be.", tool: "Tool", brush: "Brush", eraser: "Eraser",
    undo: "Undo", redo: "Redo", undone: "Undone.", redone: "Redone.",
    zoomGroup: "Zoom", zoomIn: "Zoom in", zoomOut: "Zoom out", zoomWhole: "Show the whole picture", zoomed: "Zoom {percent}",
    copy: "Copy the painting", copied: "Copied.", share: "Share", shareReady: "The painting is ready.", notAllowed: "The browser does not allow it.",
    album: "Your pictures", addPictures: "Add pictures", removePicture: "Take this picture off the list", pictureAt: "Picture {at} of {count}: {name}",
    downloadAll: "All {count}", downloadAllLabel: "Download all {count} pictures in this style, as a ZIP", ofMany: "{at}/{count} · {text}", comma: ", ", notAll: "These pictures could not be painted: {names}",
    tooMany: "{count} pictures at most; the others were left out.", someUnreadable: "These files are not pictures that the browser can read: {names}",
    cameraTitle: "Take a photo", shoot: "Take it", closePicture: "Close the picture", camDenied: "The browser does not allow the camera.", camMissing: "There is no camera that works.",
    install: "Install",
    brushSize: "Size of the brush", invert: "Swap", everywhere: "Everywhere",
    brushArea: "Where the style is painted: drag, or move with the arrow keys and paint with the space bar",
    history: "History", clear: "Delete all", clearSure: "Really delete all?",
    historyHint: "What you download is kept here too, in this browser only.", removed: "Deleted: ",
    progress: "Progress", preparing: "Preparing the picture…", sending: "Sending the picture…", sendingShare: "Sending {size} · {percent}", painting: "Painting…", paintingSize: "Painting {size} · {percent}", waiting: "Waiting · {place} before you",
    download: "Download", cancel: "Cancel", cancelled: "Cancelled.", saved: "Saved: {name}, {size}", remove: "Delete",
    keyTitle: "An API key, please",
    keyText: "This server is not open to everyone. The key is kept until you close the tab.", ok: "Go on",
    unreadable: "This file is not a picture that the browser can read.", first: "Choose a picture first.",
    offline: "The server cannot be reached.", retry: "Try again", close: "Close",
    busyServer: "The server is busy. Trying again…", failed: "That did not work: ", failedHere: "That did not work in this browser.", failedStatus: "the server says {status}",
    fourAtMost: "Four styles at most.", blendOf: "Blend of {count} styles", ownStyle: "Your own style", shrunk: "painted smaller, the server is busy",
    ready: "painted in {time}", inStyle: "Your picture in the style: {name}", photograph: "Your photograph", other: "中文",
  },
  zh: {
    skip: "跳到风格", newPicture: "换一张图片", theme: "深色模式", picture: "图片",
    headline: "让你的照片成为画作。",
    intro: "拖入、粘贴或选择一张图片。画家们正在等候。",
    choose: "选择图片", camera: "拍照", example: "试试示例",
    private: "只在本服务器上绘制，不会发送到别处。",
    before: "原图", after: "画作", compare: "显示多少原图", dropHere: "松开即可",
    settings: "风格与设置", style: "风格", gallery: "画廊", blend: "混合", own: "自定义", styles: "风格",
    blendHint: "选择两到四种风格，然后在它们之间移动圆点。",
    padPoint: "风格之间的圆点，用方向键移动",
    ownHint: "任何图片都可以成为风格：一幅画、一块布、一面墙。",
    chooseStyle: "选择风格图片", otherStyle: "换一张",
    learnOpen: "保存为风格", learnName: "名称", learnEffort: "学习程度", learnStart: "学习这种风格",
    learnHint: "服务器会学习像这张图片那样绘画。之后这种风格会出现在画廊里，供使用此服务器的所有人使用。",
    effortFast: "快速", effortGood: "较好", effortBest: "最好",
    effortFastHint: "不到一分钟。这种风格可以参与混合。",
    effortGoodHint: "需要几分钟：训练专用的网络，更接近原图。",
    effortBestHint: "可能需要一小时：同样的训练，时间更长。可以随时结束。",
    learningName: "正在学习：{name}", learnBegins: "正在寻找最接近的风格…", learning: "{percent}", learningLeft: "{percent} · 还需{time}",
    learnSoon: "不到一分钟", learnAbout: "约 {time}", learnKeep: "保留现在的结果", learnKeeping: "正在保存现在的结果…",
    learnPreview: "一张照片目前画成这种风格的样子", learnt: "已学会：{name}，现在在画廊里。",
    strength: "强度", auto: "自动", autoStrength: "自动强度", colour: "保留原色", strokes: "笔触大小", format: "格式", size: "尺寸", original: "原图 · {size}",
    where: "只画一部分", done: "完成", whereHint: "在图片上涂抹需要风格的地方。", tool: "工具", brush: "画笔", eraser: "橡皮",
    undo: "撤销", redo: "重做", undone: "已撤销。", redone: "已重做。",
    zoomGroup: "缩放", zoomIn: "放大", zoomOut: "缩小", zoomWhole: "显示整张图片", zoomed: "缩放 {percent}",
    copy: "复制画作", copied: "已复制。", share: "分享", shareReady: "画作已完成。", notAllowed: "浏览器不允许此操作。",
    album: "你的图片", addPictures: "添加图片", removePicture: "从列表中移除这张图片", pictureAt: "第 {at} 张，共 {count} 张：{name}",
    downloadAll: "全部 {count} 张", downloadAllLabel: "以这种风格下载全部 {count} 张图片，打包为 ZIP", ofMany: "{at}/{count} · {text}", comma: "、", notAll: "以下图片未能绘制：{names}",
    tooMany: "最多 {count} 张图片，其余的没有加入。", someUnreadable: "浏览器无法读取以下文件：{names}",
    cameraTitle: "拍照", shoot: "拍摄", closePicture: "关闭图片", camDenied: "浏览器不允许使用摄像头。", camMissing: "没有可用的摄像头。",
    install: "安装",
    brushSize: "画笔大小", invert: "互换", everywhere: "整张图片",
    brushArea: "风格绘制的区域：拖动，或用方向键移动、空格键涂抹",
    history: "历史", clear: "全部删除", clearSure: "确定全部删除？",
    historyHint: "下载的画作也会保存在这里，只在这个浏览器中。", removed: "已删除：",
    progress: "进度", preparing: "正在准备图片…", sending: "正在上传图片…", sendingShare: "正在上传 {size} · {percent}", painting: "正在绘制…", paintingSize: "正在绘制 {size} · {percent}", waiting: "排队中 · 前面还有 {place} 个",
    download: "下载", cancel: "取消", cancelled: "已取消。", saved: "已保存：{name}，{size}", remove: "删除",
    keyTitle: "请输入 API 密钥", keyText: "此服务器不对所有人开放。密钥保留到关闭标签页为止。", ok: "继续",
    unreadable: "浏览器无法读取这个图片文件。", first: "请先选择一张图片。",
    offline: "无法连接服务器。", retry: "重试", close: "关闭",
    busyServer: "服务器繁忙，正在重试…", failed: "操作失败：", failedHere: "浏览器未能完成操作。", failedStatus: "服务器返回 {status}",
    fourAtMost: "最多四种风格。", blendOf: "{count} 种风格的混合", ownStyle: "自定义风格", shrunk: "服务器繁忙，已缩小尺寸",
    ready: "用时 {time}", inStyle: "你的图片，风格：{name}", photograph: "你的照片", other: "English",
  },
};

export let language = "en";

// The text of that name; {words} in it are replaced by the values.
export const t = (name, values = {}) =>
  (texts[language][name] ?? name).replace(/\{(\w+)\}/g, (_, word) => values[word]);

// "640 KB", "1.2 MB"
export function bytes(count) {
  const large = count >= 1e6, value = Math.max(1, count / 1000) / (large ? 1000 : 1);
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: large ? "megabyte" : "kilobyte",
    maximumFractionDigits: large && value < 10 ? 1 : 0 }).format(value);
}

export const percent = (share) => new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(share);

export function setLanguage(wanted) {
  language = wanted === "zh" ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const e of document.querySelectorAll("[data-i18n]")) e.textContent = t(e.dataset.i18n);
  for (const e of document.querySelectorAll("[data-i18n-alt]")) e.alt = t(e.dataset.i18nAlt);
  for (const e of document.querySelectorAll("[data-i18n-label]")) e.setAttribute("aria-label", t(e.dataset.i18nLabel));
  for (const e of document.querySelectorAll("[data-i18n-title]")) e.title = t(e.dataset.i18nTitle);
  for (const e of document.querySelectorAll("button[aria-label] > svg")) e.parentElement.title = e.parentElement.ariaLabel;
  const other = document.getElementById("language");
  other.textContent = t("other");
  other.lang = language === "zh" ? "en" : "zh-CN";
}

export function firstLanguage() {
  const saved = localStorage.getItem("language");
  return saved ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
}
