package agent_supervise.freeze_calendar_test

import data.agent_supervise.freeze_calendar

call := {"kind": "aws", "level": "write"}

winter := {"zone": "Europe/Zurich", "freezes": [{"from": "2026-12-18", "to": "2027-01-04", "because": "the end of the year"}]}

asked(action, moment, settings) := {
	"action": action,
	"time": {"ns": time.parse_rfc3339_ns(moment)},
	"settings": {"freeze_calendar": settings},
	"decision": {"effect": "ask"},
}

at(moment, effect) := {"input": asked(call, moment, winter), "expect": {"effect": effect}}

mistaken(freeze) := {
	"input": asked(call, "2026-06-01T12:00:00+00:00", {"freezes": [freeze]}),
	"expect": {"effect": "deny"},
}

cases := {
	"the second before": at("2026-12-17T22:59:59+00:00", "allow"),
	"midnight in Zurich, eleven at night in UTC": at("2026-12-17T23:00:00+00:00", "deny"),
	"New Year": at("2027-01-01T12:00:00+00:00", "deny"),
	"the last second of the last day": at("2027-01-04T22:59:59+00:00", "deny"),
	"the day after": at("2027-01-04T23:00:00+00:00", "allow"),
	"looking is always allowed": {
		"input": asked({"kind": "aws", "level": "read"}, "2027-01-01T12:00:00+00:00", winter),
		"expect": {"effect": "allow"},
	},
	"a command that the rules ask about": {
		"input": asked({"kind": "exec"}, "2027-01-01T12:00:00+00:00", winter),
		"expect": {"effect": "deny", "because": "2027-01-01 is within the end of the year"},
	},
	"no freeze is named": {"input": asked(call, "2027-01-01T12:00:00+00:00", {}), "expect": {"effect": "allow"}},
	"a date of one digit": mistaken({"from": "2026-12-1", "to": "2026-12-09"}),
	"an end before the beginning": mistaken({"from": "2026-12-09", "to": "2026-12-01"}),
	"a freeze without an end": mistaken({"from": "2026-12-18", "till": "2027-01-04"}),
}

# `opa test` runs the same cases.
failing contains name if {
	some name, case in cases
	decided := freeze_calendar.decision with input as case.input
	not object.subset(decided, case.expect)
}

failing contains name if {
	some name, case in cases
	not freeze_calendar.decision with input as case.input
}

test_cases if count(failing) == 0
