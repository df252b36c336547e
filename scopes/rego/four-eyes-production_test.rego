package agent_supervise.four_eyes_production_test

import data.agent_supervise.four_eyes_production

asked(action) := {"action": action, "settings": {"four_eyes_production": {"accounts": ["210987654321"]}}}

usual := {
	"kind": "aws",
	"level": "write",
	"account": "123456789012",
	"resources": ["arn:aws:rds:eu-central-1:123456789012:db:shop"],
	"tags": {},
	"some_tags": {},
	"request_tags": {},
}

# Of `usual` tags, `null` says that they were not looked up.
call(more) := asked({key: value |
	some key, old in usual
	value := object.get(more, key, old)
})

two(input_) := {"input": input_, "expect": {"effect": "ask", "four_eyes": {"count": 2, "role": "approver"}, "reason": true, "minutes": 0}}

none(input_) := {"input": input_, "expect": {"effect": "allow"}}

terraform(argv) := asked({"kind": "exec", "argv": argv})

cases := {
	"production by its tag": two(call({"tags": {"env": "Prod"}})),
	"one of many is production": two(call({"some_tags": {"env": "production"}})),
	"it becomes production": two(call({"request_tags": {"env": "prod"}})),
	"production by its account": two(call({"account": "210987654321"})),
	"production by the account of what it names": two(call({"resources": ["arn:aws:sqs:eu-central-1:210987654321:jobs"]})),
	"another stage": none(call({"tags": {"env": "dev"}})),
	"without tags a name counts": two(call({"tags": null, "resources": ["arn:aws:s3:::shop-prod-data"]})),
	"a name that only begins so": none(call({"tags": null, "resources": ["arn:aws:s3:::products"]})),
	"what cannot be told may be production": two(call({"tags": null, "resources": []})),
	"looking is always allowed": none(call({"level": "read", "tags": {"env": "prod"}})),
	"terraform on production": two(terraform(["terraform", "apply", "-var-file=prod.tfvars"])),
	"terraform on another stage": none(terraform(["terraform", "apply", "-var-file=dev.tfvars"])),
	"a plan of production": none(terraform(["terraform", "plan", "-var-file=prod.tfvars"])),
}

# `opa test` runs the same cases.
failing contains name if {
	some name, case in cases
	decided := four_eyes_production.decision with input as case.input
	not object.subset(decided, case.expect)
}

failing contains name if {
	some name, case in cases
	not four_eyes_production.decision with input as case.input
}

test_cases if count(failing) == 0
