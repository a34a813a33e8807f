-- What wrk sends to a style transfer service, and what it counts; server.py writes its arguments:
--   wrk ... URL -- PICTURES COUNT STYLE MODE TAG SAMPLES
-- PICTURES is a folder with 000.jpg and so on. MODE "cached" sends the same COUNT bodies over and over.
-- "uncached" makes each body a different file by a comment in the JPEG, TAG and a running number: the same picture
-- to paint, and a key that no cache has. Only then are answers looked at, one by one; that costs too much at the rates
-- of a cache. The first SAMPLES answers of status 200 are written to PICTURES/../samples/. For each 503 a client waits
-- before its next request.

local BOUNDARY = "f0c27a9d1b6e4835"
local COMMENT = 40 -- bytes, so that every body is of one length
local MARKER = string.char(0xff, 0xfe, 0, COMMENT + 2)
local RETRY_MS = 1000
local SOI, EOI = "\255\216", "\255\217"

local bodies, sent, refused, prefix = {}, 0, 0, ""

local function read_all(path)
   local file = assert(io.open(path, "rb"))
   local data = file:read("*a")
   file:close()
   return data
end

local function comment(number)
   return string.format("%-28s%012d", prefix, number)
end

local function part(name, more)
   return "--" .. BOUNDARY .. '\r\nContent-Disposition: form-data; name="' .. name .. '"' .. more .. "\r\n\r\n"
end

-- The two halves of a request, before and after the comment.
local function halves(jpeg, style)
   local head = part("style_id", "") .. style .. "\r\n" ..
                part("content_image", '; filename="photo.jpg"\r\nContent-Type: image/jpeg') .. SOI .. MARKER
   local tail = jpeg:sub(3) .. "\r\n--" .. BOUNDARY .. "--\r\n"
   local header = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
                  "\r\nAccept: image/jpeg\r\nContent-Type: multipart/form-data; boundary=" .. BOUNDARY ..
                  "\r\nContent-Length: " .. (#head + COMMENT + #tail) .. "\r\n\r\n"
   return header .. head, tail
end

-- Every answer, in runs without a cache.
local function look(status, headers, body)
   statuses[status] = (statuses[status] or 0) + 1
   if status == 503 then
      refused = refused + 1
   end
   if status ~= 200 then
      return
   end
   if body:sub(1, 2) ~= SOI or body:sub(-2) ~= EOI then
      broken = broken + 1
   elseif sampled < samples then
      local file = assert(io.open(string.format("%s/../samples/%03d.jpg", folder, sampled), "wb"))
      file:write(body)
      file:close()
      sampled = sampled + 1
   end
end

-- wrk does not say which client it asks for, but any will do.
local function wait()
   if refused == 0 then
      return 0
   end
   refused = refused - 1
   return RETRY_MS
end

local threads = {}

function setup(thread)
   threads[#threads + 1] = thread
end

function init(args)
   folder, prefix = args[1], args[5]
   local count, style, uncached = tonumber(args[2]), args[3], args[4] == "uncached"
   statuses, broken, sampled, samples = {}, 0, 0, tonumber(args[6])
   for i = 1, count do
      local head, tail = halves(read_all(string.format("%s/%03d.jpg", folder, i - 1)), style)
      bodies[i] = uncached and {head, tail} or head .. comment(i) .. tail
   end
   if uncached then
      response, delay = look, wait
      request = function()
         local body = bodies[sent % count + 1]
         sent = sent + 1
         return body[1] .. comment(sent) .. body[2]
      end
   else
      request = function()
         sent = sent + 1
         return bodies[sent % count + 1]
      end
   end
end

-- One line of JSON. Times are microseconds.
function done(summary, latency, requests)
   local e, counted, broken = summary.errors, {}, 0
   for _, thread in ipairs(threads) do
      for status, n in pairs(thread:get("statuses")) do
         counted[status] = (counted[status] or 0) + n
      end
      broken = broken + thread:get("broken")
   end
   local list = {}
   for status, n in pairs(counted) do
      list[#list + 1] = string.format('"%d": %d', status, n)
   end
   print(string.format(
      'RESULT {"answers": %d, "microseconds": %d, "p50": %.0f, "p99": %.0f, "statuses": {%s}, "refused": %d, ' ..
      '"broken": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), table.concat(list, ", "),
      e.status, broken, e.connect, e.read, e.write, e.timeout))
end
