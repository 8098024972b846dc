-- Raises the data set to schema 2: from then on, versions that know only schema 1 refuse it.
--
-- ARGV   silent  milliseconds after its last report until a node counts as absent
-- Checks every present node reports that it knows schema 2.
-- Answer id = the schema.
-- Writes meta.
return commit(function()
  if meta.schema >= SCHEMA then return number_text(meta.schema) end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local rows = redis.call('HGETALL', KEYS[NODES])
  for i = 1, #rows, 2 do
    local said = tonumber(string.match(rows[i + 1], '^%d+')) or 0
    local knows = string.match(rows[i + 1], '%(schema %d+%)$')
    if math.abs(now - said) <= tonumber(arg.silent) and not knows then
      refuse('conflict', rows[i] .. ' runs a version that knows only schema 1')
    end
  end
  meta.schema = SCHEMA
  count_again()
  arg.always = true
  return number_text(SCHEMA)
end)
