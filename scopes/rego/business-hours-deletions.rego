# What deletes waits for business hours, when somebody is there to notice; then a human is asked.
#
#   policy:
#     rego: [business-hours-deletions.rego]
#     settings: {business_hours_deletions: {zone: Europe/Zurich, from: "09:00", to: "17:00"}}
package agent_supervise.business_hours_deletions

usual := {
	"zone": "UTC",
	"days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
	"from": "09:00",
	"to": "17:00",
}

settings := object.union(usual, object.get(input.settings, "business_hours_deletions", {}))

day := time.weekday([input.time.ns, settings.zone])

clock := time.clock([input.time.ns, settings.zone])

at := sprintf("%02d:%02d", [clock[0], clock[1]])

default open := false

open if {
	day in settings.days
	at >= settings.from
	at < settings.to
}

default deletes := false

deletes if {
	input.action.kind == "aws"
	some action in input.action.actions
	regex.match(`^[a-z0-9-]+:(batch)?(delete|terminate|purge|remove|release|deregister|schedulekeydeletion)`, lower(action))
}

# An action that cannot be told may be one that deletes.
deletes if {
	input.action.kind == "aws"
	count(input.action.actions) == 0
}

deletes if {
	input.action.kind == "exec"
	some word in input.action.argv
	word in {"destroy", "delete", "uninstall"}
}

deletes if {
	input.action.kind == "mcp"
	regex.match(`(delete|remove|destroy|purge)`, lower(input.action.tool))
}

decision := {"effect": "allow"} if {
	not deletes
} else := {"effect": "ask", "because": "it deletes", "minutes": 30} if {
	open
} else := {"effect": "deny", "because": because}

because := sprintf(
	"it is %s %s in %s, and what deletes waits for %s to %s on %s",
	[day, at, settings.zone, settings.from, settings.to, concat(", ", settings.days)],
)
