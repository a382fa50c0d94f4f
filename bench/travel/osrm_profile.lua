-- A profile of OSRM that drives at the speeds written in the tags by bench/travel/osm_write.py and at no others: nothing
-- for a turn, turning round as in our own settings. SCALE slows everything down by the same factor: OSRM counts tenths
-- of a second on every piece of road, so that at a hundredth of the speed it counts milliseconds.

api_version = 4

local SCALE = tonumber(os.getenv("SIAGA112_SCALE") or "1")
local TURN_ROUND_S = tonumber(os.getenv("SIAGA112_TURN_ROUND_S") or "20")

function setup()
  return {
    properties = {
      weight_name = "duration",
      max_speed_for_map_matching = 200 / 3.6,
      u_turn_penalty = TURN_ROUND_S,
      continue_straight_at_waypoint = false,
      use_turn_restrictions = true,
      process_call_tagless_node = false,
    },
    restrictions = { "motorcar", "motor_vehicle", "vehicle" },
  }
end

function process_node(profile, node, result)
end

function process_way(profile, way, result)
  local forward = tonumber(way:get_value_by_key("siaga112:kph:forward"))
  local backward = tonumber(way:get_value_by_key("siaga112:kph:backward"))
  result.forward_mode = forward and mode.driving or mode.inaccessible
  result.backward_mode = backward and mode.driving or mode.inaccessible
  local seconds = tonumber(way:get_value_by_key("siaga112:s"))
  if seconds and seconds > 0 then
    result.duration = seconds * SCALE
  end
  if forward then
    result.forward_speed = forward / SCALE
  end
  if backward then
    result.backward_speed = backward / SCALE
  end
end

function process_turn(profile, turn)
  if turn.is_u_turn then
    turn.duration = turn.duration + TURN_ROUND_S * SCALE
  end
  turn.weight = turn.duration
end

return { setup = setup, process_way = process_way, process_node = process_node, process_turn = process_turn }
