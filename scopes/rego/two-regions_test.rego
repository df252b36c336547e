package agent_supervise.two_regions_test

import data.agent_supervise.two_regions

call(region, resources) := {"kind": "aws", "region": region, "resources": resources}

within(action, regions, effect) := {
	"input": {"action": action, "scope": {"regions": regions}, "settings": {}},
	"expect": {"effect": effect},
}

two := ["eu-central-1", "us-east-1"]

elsewhere := "arn:aws:rds:eu-west-3:123456789012:db:x"

cases := {
	"one of them": within(call("eu-central-1", []), two, "allow"),
	"a third one": {
		"input": {"action": call("ap-south-1", []), "scope": {"regions": two}, "settings": {}},
		"expect": {"effect": "deny", "because": "it is in ap-south-1, and this task is in eu-central-1, us-east-1"},
	},
	"it names something of another": within(call("eu-central-1", [elsewhere]), two, "deny"),
	"an object of S3": within(call("", ["arn:aws:s3:::bucket/key"]), two, "allow"),
	"a role": within(call("aws-global", ["arn:aws:iam::123456789012:role/x"]), two, "allow"),
	"three are too many": within(call("a-b-1", []), ["a-b-1", "a-b-2", "a-b-3"], "deny"),
	"none is no leave": within(call("eu-central-1", []), [], "deny"),
	"a command": within({"kind": "exec"}, [], "allow"),
	"settings count first": {
		"input": {"action": call("eu-west-3", []), "scope": {"regions": two}, "settings": {"two_regions": {"regions": ["eu-west-3"]}}},
		"expect": {"effect": "allow"},
	},
}

# `opa test` runs the same cases.
failing contains name if {
	some name, case in cases
	decided := two_regions.decision with input as case.input
	not object.subset(decided, case.expect)
}

failing contains name if {
	some name, case in cases
	not two_regions.decision with input as case.input
}

test_cases if count(failing) == 0
