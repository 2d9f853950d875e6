-- wrk sends what daprd sends: the headers and the body in the files that DAPS_BENCH_HEAD and DAPS_BENCH_BODY name.
-- At its end it prints one JSON object.

local function contents(variable)
  local file = assert(io.open(assert(os.getenv(variable), variable .. " is not set"), "rb"))
  local all = file:read("*a")
  file:close()
  return all
end

wrk.method = "POST"
wrk.body = contents("DAPS_BENCH_BODY")
for name, value in contents("DAPS_BENCH_HEAD"):gmatch("([^\r\n:]+): ([^\r\n]+)") do
  wrk.headers[name] = value
end

function done(summary)
  local failed = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"errors":%d}\n',
    summary.requests,
    summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout
  ))
end
