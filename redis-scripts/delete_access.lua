-- Deletes sessions, API keys and credentials.
--
-- ARGV   entries  at most 1000; kind, key and was of each
--        skip     true = changed entries stay (an expired one may have been renewed); otherwise they are "stale"
-- Writes session, key, credential, claims, marks.
return commit(function()
  for _, entry in ipairs(arg.entries) do
    local same, refusal = pcall(expect, entry.kind, entry)
    if not same and not arg.skip then error(refusal) end
    if same then remove(entry.kind, entry.key) end
  end
end)
