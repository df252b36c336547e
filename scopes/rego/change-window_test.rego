package agent_supervise.change_window_test

import data.agent_supervise.change_window

call := {"kind": "aws", "level": "write"}

look := {"kind": "aws", "level": "read"}

zurich := {"change_window": {"zone": "Europe/Zurich"}}

night := {"change_window": {"zone": "Europe/Zurich", "from": "22:00", "to": "04:00", "days": ["Saturday"]}}

asked(action, moment, settings) := change_window.decision.effect with input as {
	"action": action,
	"time": {"ns": time.parse_rfc3339_ns(moment)},
	"settings": settings,
}

# Tuesday, 10:30 in Zurich in winter.
test_within if asked(call, "2026-01-13T09:30:00+00:00", zurich) == "allow"

test_before if asked(call, "2026-01-13T07:59:59+00:00", zurich) == "deny"

test_first_minute if asked(call, "2026-01-13T08:00:00+00:00", zurich) == "allow"

test_end if asked(call, "2026-01-13T16:00:00+00:00", zurich) == "deny"

# The same hour of UTC is within the window after the clocks have changed.
test_summer_time if asked(call, "2026-07-14T07:30:00+00:00", zurich) == "allow"

test_weekend if asked(call, "2026-01-17T10:00:00+00:00", zurich) == "deny"

# Monday evening in Zurich is Monday morning in Los Angeles, Tuesday morning in Tokyo.
test_other_zones if {
	asked(call, "2026-01-12T18:00:00+00:00", {"change_window": {"zone": "America/Los_Angeles"}}) == "allow"
	asked(call, "2026-01-12T00:30:00+00:00", {"change_window": {"zone": "Asia/Tokyo"}}) == "allow"
	asked(call, "2026-01-12T00:30:00+00:00", {}) == "deny"
}

test_over_midnight if {
	asked(call, "2026-01-17T21:30:00+00:00", night) == "allow"
	asked(call, "2026-01-18T02:30:00+00:00", night) == "allow"
	asked(call, "2026-01-17T02:30:00+00:00", night) == "deny"
	asked(call, "2026-01-18T03:00:00+00:00", night) == "deny"
}

test_looking_is_always_allowed if asked(look, "2026-01-17T03:00:00+00:00", zurich) == "allow"

start(program, argv) := {"kind": "exec", "program": program, "argv": argv, "known_as": []}

test_commands if {
	asked(start("/usr/bin/terraform", ["terraform", "-chdir=x", "apply"]), "2026-01-17T03:00:00+00:00", zurich) == "deny"
	asked(start("/usr/bin/terraform", ["terraform", "plan"]), "2026-01-17T03:00:00+00:00", zurich) == "allow"
}

test_renamed_program if {
	copy := object.union(start("/tmp/t", ["t", "destroy"]), {"known_as": ["terraform"]})
	asked(copy, "2026-01-17T03:00:00+00:00", zurich) == "deny"
}

test_says_when if {
	decided := change_window.decision with input as {
		"action": call,
		"time": {"ns": time.parse_rfc3339_ns("2026-01-17T03:00:00+00:00")},
		"settings": zurich,
	}
	contains(decided.because, "Saturday 04:00 in Europe/Zurich")
}
