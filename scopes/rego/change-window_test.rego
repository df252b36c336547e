package agent_supervise.change_window_test

import data.agent_supervise.change_window

call := {"kind": "aws", "level": "write"}

look := {"kind": "aws", "level": "read"}

start(program, argv) := {"kind": "exec", "program": program, "argv": argv, "known_as": [], "script": ""}

zurich := {"zone": "Europe/Zurich"}

night := {"zone": "Europe/Zurich", "from": "22:00", "to": "04:00", "days": ["Saturday"]}

asked(action, moment, settings) := {
	"action": action,
	"time": {"ns": time.parse_rfc3339_ns(moment)},
	"settings": {"change_window": settings},
}

at(moment, settings, effect) := {"input": asked(call, moment, settings), "expect": {"effect": effect}}

saturday(action, effect) := {"input": asked(action, "2026-01-17T03:00:00+00:00", zurich), "expect": {"effect": effect}}

cases := {
	"a Tuesday morning": at("2026-01-13T09:30:00+00:00", zurich, "allow"),
	"a second before it opens": at("2026-01-13T07:59:59+00:00", zurich, "deny"),
	"its first minute": at("2026-01-13T08:00:00+00:00", zurich, "allow"),
	"its end": at("2026-01-13T16:00:00+00:00", zurich, "deny"),
	"an hour earlier of UTC in summer": at("2026-07-14T07:30:00+00:00", zurich, "allow"),
	"the same hour of UTC in winter": at("2026-01-13T07:30:00+00:00", zurich, "deny"),
	"the evening of the day on which clocks go forward": at("2026-03-29T20:00:00+00:00", zurich, "deny"),
	"a weekend": at("2026-01-17T10:00:00+00:00", zurich, "deny"),
	"Monday evening in Zurich, morning in Los Angeles": at("2026-01-12T18:00:00+00:00", {"zone": "America/Los_Angeles"}, "allow"),
	"Sunday evening in New York, Monday in Tokyo": at("2026-01-12T00:30:00+00:00", {"zone": "Asia/Tokyo"}, "allow"),
	"the same moment in UTC": at("2026-01-12T00:30:00+00:00", {}, "deny"),
	"half an hour before midnight of a night window": at("2026-01-17T21:30:00+00:00", night, "allow"),
	"that night, after midnight": at("2026-01-18T02:30:00+00:00", night, "allow"),
	"the night before": at("2026-01-17T02:30:00+00:00", night, "deny"),
	"the end of that night": at("2026-01-18T03:00:00+00:00", night, "deny"),
	"looking is always allowed": saturday(look, "allow"),
	"terraform apply": saturday(start("/usr/bin/terraform", ["terraform", "-chdir=x", "apply"]), "deny"),
	"terraform plan": saturday(start("/usr/bin/terraform", ["terraform", "plan"]), "allow"),
	"a renamed terraform": saturday(object.union(start("/tmp/t", ["t", "destroy"]), {"known_as": ["terraform"]}), "deny"),
	"a script in its place": saturday(object.union(start("/bin/sh", ["sh", "/x/terraform", "apply"]), {"script": "/x/terraform"}), "deny"),
	"a path beyond ASCII": saturday(start("/home/zoë/bin/\"x\"", ["x"]), "allow"),
	"a tool that changes something": saturday({"kind": "mcp", "tool": "merge_pull_request"}, "deny"),
	"a tool that looks": saturday({"kind": "mcp", "tool": "get_issue"}, "allow"),
	"a connection": saturday({"kind": "connect", "host": "example.com"}, "allow"),
	"it says when": {
		"input": asked(call, "2026-01-17T03:00:00+00:00", zurich),
		"expect": {"because": "it is Saturday 04:00 in Europe/Zurich, and changes are made 09:00 to 17:00 on Monday, Tuesday, Wednesday, Thursday, Friday"},
	},
}

# `opa test` runs the same cases.
failing contains name if {
	some name, case in cases
	decided := change_window.decision with input as case.input
	not object.subset(decided, case.expect)
}

failing contains name if {
	some name, case in cases
	not change_window.decision with input as case.input
}

test_cases if count(failing) == 0
