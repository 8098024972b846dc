-- The beginning of every script: the build puts it in front of each. It holds the rules that all changes share.
--
-- KEYS   1 meta, 2 changes, 3 claims, 4 marks, 5 members, 6 to 12 one hash per kind, 13 nodes, 14 groups, 15 made;
--        README.md says what they hold
-- ARGV   1 the change as one JSON object. Each script names its own members; these are the same for all:
--            history      the data set that the node follows, "" if it knows none
--            new_history  the name for the data set if this change is the first of a new one
--            by           the unique name of this change, which also stands in the change stream. The change is made
--                         once, however often it arrives; a repetition gets the first answer again
--            keep         about how many changes the stream keeps
--            keep_bytes   about how many bytes of changes the stream keeps; absent = 64 MiB
-- Answer {"ok", revision, id}, or {"refused", code, text, revision}: then nothing was written. Codes: "stale" (an entry
--        is not what the node expected: read the stream up to this revision and decide again), "conflict", "limit",
--        "not_found", "history" (another data set, or none), "newer" (this version may not write here), "damaged" (a
--        number in meta is not valid: an operator has to correct it).
--
-- An entry is {key, value, was, needs, group, limit, claims}:
--   was     16 hexadecimal digits: the digest of the value to replace; "" = it must not exist; absent = any value
--   needs   a channel that must exist
--   group   the group that the entry belongs to; limit = the most entries in it, including this one if it joins
--   claims  values that no other entry may have, such as a domain
--
-- A script reads and checks everything before it writes anything. Its first write is the XADD, so if Redis refuses
-- writes (full, read-only), it refuses the whole change. The caller must be allowed to run all commands on these keys:
-- if a command after the XADD is denied, half a change remains. The cost of a script grows with its argument and with
-- what it writes or deletes, never with the rest of the data.
--
-- Schema 1 keeps a group as a list in `members`, which every change of the group reads and writes completely; nodes of
-- versions that know only schema 1 need it so. Schema 2 keeps it in `groups`, counts the entries of each kind in
-- `meta`, and lets the stream name large values instead of containing them. raise_schema.lua changes the schema; a list
-- that remains is moved when its group next changes.

local META, CHANGES, CLAIMS, MARKS, MEMBERS = 1, 2, 3, 4, 5
local KIND = {app = 6, channel = 7, token = 8, drain = 9, session = 10, key = 11, credential = 12}
local NODES, GROUPS, MADE = 13, 14, 15
local SCHEMA = 2 -- the newest that this version writes
local LARGE = 1024 -- bytes; the stream names larger values instead of containing them
local KEEP_BYTES = 67108864
local SUM_LIMIT = 281474976710656 -- 2^48: sums stay exact in a double
local EXACT = 9007199254740991 -- 2^53 - 1: every whole number up to here is exact in a double
local COUNTED_IDS = 1000000000000000 -- ids from here on were chosen by somebody and do not move the counter

local arg = cjson.decode(ARGV[1])
local staged = {} -- by hash: fields that this script will write
local known = {} -- by hash: fields that it has read
local groups = {} -- by name: the groups that this script reads or changes
local counts = {} -- by kind: change of the number of entries
local effects = {}
local meta = {}

local function refuse(code, text)
  error({code = code, text = text})
end

local function number_text(number)
  return string.format('%.0f', number)
end

-- A number as Redis stores it: digits, exact in a double. Anything else gives nil.
local function whole(text)
  local digits = type(text) == 'string' and (text == '0' and text or string.match(text, '^[1-9]%d*$'))
  local number = digits and tonumber(digits)
  return number and number <= EXACT and number or nil
end

local function read(hash, field)
  local changed = staged[hash]
  if changed and changed[field] ~= nil then return changed[field] end
  known[hash] = known[hash] or {}
  if known[hash][field] == nil then known[hash][field] = redis.call('HGET', KEYS[hash], field) end
  return known[hash][field]
end

local function write(hash, field, value)
  staged[hash] = staged[hash] or {}
  staged[hash][field] = value
end

local function lines(text)
  local out = {}
  for line in string.gmatch(text or '', '[^\n]+') do out[#out + 1] = line end
  return out
end

local function digest(kind, key, value)
  return redis.sha1hex(kind .. '\n' .. key .. '\n' .. value)
end

local function weight(kind, key, value)
  if not value then return 0 end
  return tonumber(string.sub(digest(kind, key, value), 1, 12), 16)
end

local function exists(kind, key)
  return read(KIND[kind], key) and true or false
end

local function set_value(kind, key, value)
  local before = read(KIND[kind], key)
  meta.checksum = (meta.checksum + weight(kind, key, value) - weight(kind, key, before)) % SUM_LIMIT
  write(KIND[kind], key, value)
  counts[kind] = (counts[kind] or 0) + (value and 1 or 0) - (before and 1 or 0)
  local named = value and meta.schema > 1 and #value > LARGE
  effects[#effects + 1] = (named and 'ref:' or value and 'put:' or 'del:') .. kind .. ':' .. key
  effects[#effects + 1] = named and string.sub(digest(kind, key, value), 1, 16) or value or ''
end

local function expect(kind, entry)
  if not entry.was then return end
  local now = read(KIND[kind], entry.key)
  local digest_now = now and string.sub(digest(kind, entry.key, now), 1, 16) or ''
  if digest_now ~= entry.was then refuse('stale', kind .. ' ' .. entry.key .. ' has changed') end
end

-- Groups. A member of `groups` is the group's name, a newline, and the entry's key. All have score 0, so Redis sorts
-- them by bytes. While a script runs, `changed` holds the keys that it adds (true) and removes (false).

local function first_of(name) return '[' .. name .. '\n' end
local function behind(name) return '(' .. name .. '\v' end

local function group_of(name)
  local group = groups[name]
  if group then return group end
  group = {changed = {}, there = {}, list = {}, count = 0}
  for _, key in ipairs(lines(read(MEMBERS, name))) do
    if not group.changed[key] then group.count = group.count + 1 end
    group.changed[key] = true
    group.list[#group.list + 1] = key
  end
  if meta.schema > 1 then
    group.count = group.count + redis.call('ZLEXCOUNT', KEYS[GROUPS], first_of(name), behind(name))
  end
  groups[name] = group
  return group
end

local function is_in(group, name, key)
  if group.changed[key] ~= nil then return group.changed[key] end
  if group.there[key] == nil then
    group.there[key] = meta.schema > 1 and redis.call('ZSCORE', KEYS[GROUPS], name .. '\n' .. key) and true or false
  end
  return group.there[key]
end

local function leave(name, key)
  if name == '' then return end
  local group = group_of(name)
  if not is_in(group, name, key) then return end
  group.changed[key] = false
  group.count = group.count - 1
end

local function join(name, key, limit)
  if name == '' then return end
  local group = group_of(name)
  if is_in(group, name, key) then return end
  if limit and group.count >= limit then
    refuse('limit', 'maximum number of ' .. string.match(name, '^%a+') .. ' reached')
  end
  group.changed[key] = true
  group.list[#group.list + 1] = key
  group.count = group.count + 1
end

-- The keys of a group. Only for scripts that delete or compare all of them.
local function members_of(name)
  local group = group_of(name)
  local seen, out = {}, {}
  local function add(key)
    if not seen[key] and group.changed[key] ~= false then out[#out + 1] = key end
    seen[key] = true
  end
  for _, key in ipairs(group.list) do add(key) end
  if meta.schema > 1 then
    for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[GROUPS], first_of(name), behind(name))) do
      add(string.sub(member, #name + 2))
    end
  end
  return out
end

local function save_list(name, group)
  local kept, seen = {}, {}
  for _, key in ipairs(group.list) do
    if group.changed[key] and not seen[key] then kept[#kept + 1] = key end
    seen[key] = true
  end
  write(MEMBERS, name, #kept > 0 and table.concat(kept, '\n') or false)
end

local function save_group(name, group)
  for key, there in pairs(group.changed) do
    if there then
      redis.call('ZADD', KEYS[GROUPS], 0, name .. '\n' .. key)
    else
      redis.call('ZREM', KEYS[GROUPS], name .. '\n' .. key)
    end
  end
  if read(MEMBERS, name) then write(MEMBERS, name, false) end
end

-- Claims. A mark lists what an entry holds: its group in the first line, then one claim per line.

local function mark_of(name)
  local claims = lines(read(MARKS, name))
  local group = table.remove(claims, 1) or '-'
  return group == '-' and '' or group, claims
end

local function owner_of(claim)
  local owner = read(CLAIMS, claim)
  if not owner then return nil end
  local kind, key = string.match(owner, '^(%a+):(.*)$')
  -- A claim counts only while its owner exists.
  return kind and KIND[kind] and exists(kind, key) and owner or nil
end

local function drop_claims(name, claims)
  for _, claim in ipairs(claims) do
    if read(CLAIMS, claim) == name then write(CLAIMS, claim, false) end
  end
end

local function take_claims(name, claims)
  for _, claim in ipairs(claims) do
    local owner = owner_of(claim)
    if owner and owner ~= name then
      refuse('conflict', string.match(claim, '^%a+') .. ' belongs to another ' .. string.match(owner, '^%a+'))
    end
    write(CLAIMS, claim, name)
  end
end

local function remove(kind, key)
  local name = kind .. ':' .. key
  local group, claims = mark_of(name)
  leave(group, key)
  drop_claims(name, claims)
  write(MARKS, name, false)
  if exists(kind, key) then set_value(kind, key, false) end
end

-- Raises the id counter of this kind to `number`, unless that is nil or so large that it would use up the ids.
local function raise_counter(kind, number)
  local counter = kind == 'drain' and 'next_drain_id' or kind == 'channel' and 'next_channel_id'
  if counter and number and number <= COUNTED_IDS then meta[counter] = math.max(meta[counter], number) end
end

local function raise_counters(kind, key)
  local number = tonumber(string.match(key, '^%d+$'))
  raise_counter(kind, number and number + 1)
end

-- The next unused id of a drain or channel, also if entries were written without the counter.
local function free_id(kind)
  local counter = kind == 'drain' and 'next_drain_id' or 'next_channel_id'
  while exists(kind, number_text(meta[counter])) do meta[counter] = meta[counter] + 1 end
  return number_text(meta[counter])
end

local function put(kind, entry)
  expect(kind, entry)
  if entry.needs and not exists('channel', entry.needs) then refuse('not_found', 'no such channel') end
  local name = kind .. ':' .. entry.key
  local group, claims = entry.group or '', entry.claims or {}
  local old_group, old_claims = mark_of(name)
  drop_claims(name, old_claims)
  take_claims(name, claims)
  if group ~= old_group or not exists(kind, entry.key) then
    leave(old_group, entry.key)
    leave(group, entry.key)
    join(group, entry.key, entry.limit)
  end
  local marked = group ~= '' or #claims > 0
  write(MARKS, name, marked and table.concat({group == '' and '-' or group, unpack(claims)}, '\n') or false)
  raise_counters(kind, entry.key)
  set_value(kind, entry.key, entry.value)
end

-- Removes a channel with its tokens and drains. The channel `_router` itself stays; its tokens and drains go.
local function remove_channel(id)
  for _, key in ipairs(members_of('tokens:' .. id)) do remove('token', key) end
  for _, key in ipairs(members_of('drains:' .. id)) do remove('drain', key) end
  for _, key in ipairs(members_of('reserved:' .. id)) do remove('drain', key) end
  if id ~= '_router' then remove('channel', id) end
end

-- Begin and end

-- Every number of `meta` and its default. If a field is not a number, the change stops here, before anything is
-- written: half a change would be worse than none.
local NUMBERS = {revision = 0, checksum = 0, next_drain_id = 1, next_channel_id = 1, stream_half = 0, stream_from = 0,
  stream_before = 0}

local function is_count(text)
  -- A count is negative after entries were deleted that no script had made.
  return whole(text) or whole(string.match(text, '^%-([1-9]%d*)$'))
end

local function damaged(field)
  refuse('damaged', 'the field ' .. field .. ' of ' .. KEYS[META] .. ' in Redis is not a whole number below 2^53')
end

local function read_meta()
  local names, now = {'history', 'readable_by', 'loading'}, {}
  for field in pairs(NUMBERS) do names[#names + 1] = field end
  for kind in pairs(KIND) do names[#names + 1] = 'count:' .. kind end
  for i, value in ipairs(redis.call('HMGET', KEYS[META], unpack(names))) do now[names[i]] = value or nil end
  return now
end

local function open_data_set()
  local now = read_meta()
  meta.revision = whole(now.revision) or 0
  meta.history = now.history or arg.new_history
  if now.readable_by and not whole(now.readable_by) then damaged('readable_by') end
  meta.schema = whole(now.readable_by) or (now.history and 1) or SCHEMA
  if meta.schema > SCHEMA then refuse('newer', 'a newer version of Sluice forbids this one to write') end
  if (now.history or '') ~= arg.history then refuse('history', 'Redis holds another data set') end
  if now.loading and not arg.loading then refuse('history', 'an import is under way') end
  for field, otherwise in pairs(NUMBERS) do
    if now[field] and not whole(now[field]) then damaged(field) end
    meta[field] = whole(now[field]) or otherwise
  end
  for kind in pairs(KIND) do
    local count = now['count:' .. kind]
    if count and not is_count(count) then damaged('count:' .. kind) end
  end
end

-- The first answer to this change, if it was made before and the stream still has it; nil otherwise.
local function made_before()
  local revision = whole(redis.call('ZSCORE', KEYS[MADE], arg.by))
  local at = revision and number_text(revision) .. '-0'
  local event = at and redis.call('XRANGE', KEYS[CHANGES], at, at)[1]
  if not event or event[2][2] ~= arg.by then return nil end
  return {number_text(revision), event[2][5] == 'id' and event[2][6] or ''}
end

-- How many changes the stream may keep: as many as the node asks for, but no more than were made since the half before
-- the current one began. A half is full when its changes take half of the bytes that may be kept. Every revision is one
-- change.
local function stream_length(event)
  for _, part in ipairs(event) do meta.stream_half = meta.stream_half + #part end
  if meta.stream_half > tonumber(arg.keep_bytes or KEEP_BYTES) / 2 then
    meta.stream_before, meta.stream_from, meta.stream_half = meta.stream_from, meta.revision, 0
  end
  return math.min(tonumber(arg.keep), math.max(meta.revision - meta.stream_before, 1))
end

-- Fails here, before anything is written, if the key has another type or a command is not allowed.
local function try_made()
  redis.call('ZADD', KEYS[MADE], 'XX', 0, '')
  redis.call('ZREMRANGEBYSCORE', KEYS[MADE], 1, 0)
end

local function append(id)
  if arg.by then try_made() end
  local event = {'by', arg.by or '', 'sum', number_text(meta.checksum)}
  if id then
    event[5], event[6] = 'id', id
  end
  for _, part in ipairs(effects) do event[#event + 1] = part end
  -- Redis trims whole nodes of the stream only; a large change fills one alone.
  local command = {'XADD', KEYS[CHANGES], 'MAXLEN', '~', number_text(stream_length(event)),
    number_text(meta.revision) .. '-0'}
  for _, part in ipairs(event) do command[#command + 1] = part end
  redis.call(unpack(command))
  if not arg.by then return end
  redis.call('ZADD', KEYS[MADE], number_text(meta.revision), arg.by)
  redis.call('ZREMRANGEBYSCORE', KEYS[MADE], '-inf', number_text(meta.revision - tonumber(arg.keep)))
end

local function save_staged()
  for hash, fields in pairs(staged) do
    for field, value in pairs(fields) do
      if value then
        redis.call('HSET', KEYS[hash], field, value)
      else
        redis.call('HDEL', KEYS[hash], field)
      end
    end
  end
end

local function save(id)
  append(id)
  for name, group in pairs(groups) do
    (meta.schema > 1 and save_group or save_list)(name, group)
  end
  save_staged()
  redis.call('HSET', KEYS[META], 'schema', meta.schema, 'readable_by', meta.schema, 'history', meta.history, 'revision',
    number_text(meta.revision), 'checksum', number_text(meta.checksum), 'next_drain_id', number_text(meta.next_drain_id),
    'next_channel_id', number_text(meta.next_channel_id), 'stream_half', number_text(meta.stream_half), 'stream_from',
    number_text(meta.stream_from), 'stream_before', number_text(meta.stream_before))
  if meta.schema < 2 then return end
  for kind, more in pairs(counts) do
    if more ~= 0 then redis.call('HINCRBY', KEYS[META], 'count:' .. kind, more) end
  end
end

-- Counts the entries of each kind anew and writes the counts.
local function count_again()
  for kind, hash in pairs(KIND) do
    write(META, 'count:' .. kind, number_text(redis.call('HLEN', KEYS[hash])))
  end
end

-- Runs a change; its return value is the id in the answer.
local function commit(change)
  local made
  local done, outcome = pcall(function()
    open_data_set()
    made = arg.by and made_before()
    return made and made[2] or change()
  end)
  if not done and type(outcome) == 'table' and outcome.code then
    return {'refused', outcome.code, outcome.text, number_text(meta.revision or 0)}
  end
  if not done then error(outcome) end
  if made then return {'ok', made[1], outcome} end
  if #effects > 0 or arg.always then
    meta.revision = meta.revision + 1
    save(outcome)
  end
  return {'ok', number_text(meta.revision), outcome or ''}
end
