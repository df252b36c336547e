# What changes production needs two people, and the reason of the one who allows it.
#
#   policy:
#     rego: [four-eyes-production.rego]
#     settings: {four_eyes_production: {accounts: ["210987654321"], tag: env, values: [prod, production], role: approver}}
package agent_supervise.four_eyes_production

usual := {"accounts": [], "tag": "env", "values": ["prod", "production"], "names": ["prod", "production"], "role": "approver"}

settings := object.union(usual, object.get(input.settings, "four_eyes_production", {}))

decision := {"effect": "allow"} if {
	not is_change_of_production
} else := {
	"effect": "ask",
	"because": "it changes production, which takes two people and a reason",
	"four_eyes": {"count": 2, "role": settings.role},
	"reason": true,
	"minutes": 0,
}

default is_change_of_production := false

is_change_of_production if {
	input.action.kind == "aws"
	not input.action.level in {"list", "read"}
	is_production
}

# Terraform says by its workspace or variables which stage it is about; what it then calls is asked about again.
is_change_of_production if {
	input.action.kind == "exec"
	some word in input.action.argv
	word in {"apply", "destroy"}
	some other in input.action.argv
	names_production(other)
}

is_production if input.action.account in settings.accounts

is_production if {
	some arn in input.action.resources
	split(arn, ":")[4] in settings.accounts
}

is_production if lower(input.action.tags[settings.tag]) in settings.values

is_production if lower(input.action.some_tags[settings.tag]) in settings.values

is_production if lower(input.action.request_tags[settings.tag]) in settings.values

# Where tags were not looked up, names count; where nothing tells what it is about, it may be production.
is_production if {
	input.action.tags == null
	some arn in input.action.resources
	names_production(arn)
}

is_production if {
	input.action.tags == null
	count(input.action.resources) == 0
}

names_production(text) if {
	some part in regex.split("[^a-z0-9]+", lower(text))
	part in settings.names
}
