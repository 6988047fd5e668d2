-- Orders, each with a key, a reference and a recipient of its own, so that none is another's twin; the first argument is what all of them begin with.
local body = '{"provider":"gelato","reference":"%s","currency":"EUR","shipTo":{"firstName":"Ada","lastName":"%s",'
  .. '"line1":"Unter den Linden 6","city":"Berlin","postalCode":"10117","country":"DE","email":"ada@example.com",'
  .. '"phone":"+4930123456"},"lines":[{"productId":"gelato:posters_pf_a3_pt_170-gsm-coated-silk_cl_4-0_ver",'
  .. '"quantity":1,"files":[{"role":"default","url":"https://files.example.com/poster.pdf"}]}]}'
local headers = { ["Content-Type"] = "application/json" }
local number, prefix = 0, ""

function init(arguments)
  prefix = arguments[1]
end

function request()
  number = number + 1
  local reference = prefix .. number
  headers["Idempotency-Key"] = reference
  return wrk.format("POST", "/v1/orders", headers, string.format(body, reference, reference))
end
