package agent_supervise.business_hours_deletions_test

import data.agent_supervise.business_hours_deletions

asked(action, moment) := {
	"action": action,
	"time": {"ns": time.parse_rfc3339_ns(moment)},
	"settings": {"business_hours_deletions": {"zone": "America/New_York"}},
}

call(name, moment, effect) := {"input": asked({"kind": "aws", "actions": [name]}, moment), "expect": {"effect": effect}}

saturday(action, effect) := {"input": asked(action, "2026-07-18T15:00:00+00:00"), "expect": {"effect": effect}}

cases := {
	"Friday, a second before five": call("rds:DeleteDBInstance", "2026-07-17T20:59:59+00:00", "ask"),
	"Friday at five": call("rds:DeleteDBInstance", "2026-07-17T21:00:00+00:00", "deny"),
	"the same hour of UTC in winter": call("ec2:TerminateInstances", "2026-01-16T21:30:00+00:00", "ask"),
	"an hour later": call("ec2:TerminateInstances", "2026-01-16T22:00:00+00:00", "deny"),
	"a weekend": saturday({"kind": "aws", "actions": ["s3:DeleteObject"]}, "deny"),
	"what cannot be told": saturday({"kind": "aws", "actions": []}, "deny"),
	"terraform destroy": saturday({"kind": "exec", "argv": ["terraform", "destroy"]}, "deny"),
	"a tool that deletes": saturday({"kind": "mcp", "tool": "delete_branch"}, "deny"),
	"what writes": saturday({"kind": "aws", "actions": ["s3:PutObject"]}, "allow"),
	"another command": saturday({"kind": "exec", "argv": ["ls"]}, "allow"),
	"a connection": saturday({"kind": "connect"}, "allow"),
	"a grant for it is short": {
		"input": asked({"kind": "aws", "actions": ["sqs:PurgeQueue"]}, "2026-07-17T15:00:00+00:00"),
		"expect": {"effect": "ask", "because": "it deletes", "minutes": 30},
	},
}

# `opa test` runs the same cases.
failing contains name if {
	some name, case in cases
	decided := business_hours_deletions.decision with input as case.input
	not object.subset(decided, case.expect)
}

failing contains name if {
	some name, case in cases
	not business_hours_deletions.decision with input as case.input
}

test_cases if count(failing) == 0
