// What the page says, in its languages.
export const WORDS = {
  en: {
    promise: "Your photograph, painted on your own machine. Nothing is uploaded.",
    language: "Language",
    choose: "Choose a photograph",
    camera: "Live camera",
    stop: "Stop the camera",
    download: "Download",
    strength: "Strength",
    compare: "Before",
    size: "Size",
    styles: "Styles",
    offline: "After the first visit this page works without a network.",
    loading: "Loading the models: {0} %",
    painting: "Painting …",
    painted: "Painted in {0} s",
    frames: "{0} frames a second",
    failed: "This did not work: {0}",
    unreadable: "This file is not a picture that the browser can read.",
    nocamera: "The camera cannot be used: {0}",
  },
  zh: {
    promise: "照片在您自己的设备上绘制，不会上传任何内容。",
    language: "语言",
    choose: "选择照片",
    camera: "实时摄像头",
    stop: "停止摄像头",
    download: "下载",
    strength: "强度",
    compare: "原图",
    size: "尺寸",
    styles: "风格",
    offline: "首次访问之后，本页无需网络即可使用。",
    loading: "正在加载模型：{0}%",
    painting: "正在绘制……",
    painted: "用时 {0} 秒",
    frames: "每秒 {0} 帧",
    failed: "操作未成功：{0}",
    unreadable: "浏览器无法读取此文件，它不是图片。",
    nocamera: "无法使用摄像头：{0}",
  },
};

export function language() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked in WORDS) return asked;
  return navigator.languages?.some((l) => l.startsWith("zh")) && !navigator.language.startsWith("en") ? "zh" : "en";
}
