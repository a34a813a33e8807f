// What the server says, in the visitor's language. Its errors have codes, which never change, and English details.
import { language, t } from "./i18n.js";

export const chinese = {
  already_there: "已经有同名的风格", bad_address: "请求地址有误", bad_idempotency_key: "请求的标识有误", bad_key: "API 密钥不正确", bad_length: "请求的长度有误",
  body_too_large: "文件太大，服务器不接受", busy: "服务器正忙，请稍后再试", cancelled: "任务已取消", damaged_picture: "图片已损坏，无法读取",
  deadline_exceeded: "服务器没有在限定时间内完成，请稍后再试", draining: "服务器正在重启，请稍后再试", erased: "数据已被删除", expired: "结果已过期",
  failed: "绘制失败", forbidden: "没有权限", foreign_page: "不允许从其他网站的页面调用", given_twice: "有一项内容重复了", gone: "内容已不存在",
  header_too_large: "请求头太大", idempotency_key_reused: "请求的标识已用于其他请求", in_progress: "同样的请求正在处理", internal: "服务器内部出错",
  invalid_value: "有一项设置服务器不接受", key_needed: "需要 API 密钥", malformed_form: "表单无法读取", malformed_json: "数据格式有误",
  method_not_allowed: "不支持这种操作", missing_field: "缺少一项内容", no_broker: "任务队列无法连接，请稍后再试", no_preview: "还没有预览",
  no_storage: "服务器的存储空间不可用", no_style: "没有选择风格", no_style_folder: "此服务器没有保存风格的文件夹", not_done: "任务还没有完成",
  not_found: "找不到请求的内容", not_removed: "未能全部删除，请稍后再试", not_running: "任务没有在运行", out_of_memory: "服务器内存不足，请稍后再试",
  page_token: "页面已过期，请重新加载", picture_too_large: "图片太大，请选择较小的尺寸或图片", queue_full: "排队的任务太多，请稍后再试",
  rate_limited: "请求过于频繁，请稍后再试", repeated_header: "请求头重复", request_timeout: "上传太慢，服务器没有等到全部内容", too_many_bytes: "上传的数据太多，请稍后再试",
  too_many_jobs: "任务太多，请稍后再试", too_many_requests: "同时的请求太多，请稍后再试", transfer_failed: "服务器之间的传输失败，请稍后再试",
  two_hosts: "请求的主机名有误", unknown_field: "请求中有服务器不认识的内容", unknown_host: "服务器不认识这个主机名", unknown_job: "任务已不存在",
  unknown_style: "没有这种风格", unsupported: "服务器不支持这种操作", unsupported_coding: "服务器不支持这种传输编码", unsupported_encoding: "服务器不支持这种编码",
  unsupported_picture: "服务器不支持这种图片格式", unsupported_type: "服务器不支持这种文件类型", worker_lost: "绘制中断，请重试",
};

// From { code, detail } of an answer or { code, message } of a job.
export function words(problem, status) {
  const detail = problem.detail ?? problem.message;
  if (language === "zh") return chinese[problem.code] ?? t("failedStatus", { status: problem.code ?? status });
  return detail ?? t("failedStatus", { status });
}

const artists = {
  "Claude Monet": "克劳德·莫奈", "Edvard Munch": "爱德华·蒙克", "Francis Picabia": "弗朗西斯·毕卡比亚", "Henri Matisse": "亨利·马蒂斯",
  "J. M. W. Turner": "威廉·透纳", "Katsushika Hokusai": "葛饰北斋", "Paul Cézanne": "保罗·塞尚", "Paul Gauguin": "保罗·高更",
  "Piet Mondrian": "皮特·蒙德里安", "Vincent van Gogh": "文森特·梵高", "Wassily Kandinsky": "瓦西里·康定斯基",
  "attributed to Gustave Doré": "传为古斯塔夫·多雷作", "attributed to Rembrandt van Rijn": "传为伦勃朗作",
  "not identified, in the manner of Antoine Watteau": "佚名，仿安托万·华托", "not identified, in the manner of Paul Signac": "佚名，仿保罗·西涅克",
};

// Names that an operator's own styles bring stay as they are.
export const artistName = (name) => (language === "zh" ? artists[name] : null) ?? name ?? "";
