# Changes are made in the change window only: on these days, between these hours, of this time zone.
#
#   policy:
#     rego: [change-window.rego]
#     settings: {change_window: {zone: America/New_York, days: [Tuesday, Thursday], from: "08:00", to: "16:00"}}
package agent_supervise.change_window

usual := {
	"zone": "UTC",
	"days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
	"from": "09:00",
	"to": "17:00",
}

# What may change something, by program; `commands: {make: [deploy]}` in the settings says it in place of these.
usual_commands := {
	"terraform": ["apply", "destroy", "import", "taint"],
	"tofu": ["apply", "destroy", "import", "taint"],
	"kubectl": ["apply", "create", "delete", "edit", "patch", "replace", "scale", "set"],
	"helm": ["install", "upgrade", "uninstall", "rollback"],
	"git": ["push"],
	"npm": ["publish"],
}

commands := object.get(input.settings, ["change_window", "commands"], usual_commands)

settings := object.union(usual, object.get(input.settings, "change_window", {}))

day := time.weekday([input.time.ns, settings.zone])

clock := time.clock([input.time.ns, settings.zone])

at := sprintf("%02d:%02d", [clock[0], clock[1]])

default open := false

# A window over midnight is one that ends before it begins.
open if {
	settings.from < settings.to
	day in settings.days
	at >= settings.from
	at < settings.to
}

open if {
	settings.from >= settings.to
	day in settings.days
	at >= settings.from
}

open if {
	settings.from >= settings.to
	yesterday in settings.days
	at < settings.to
}

# Not "this time yesterday": the day before the clocks change has another length.
yesterday := before[day]

before := {
	"Monday": "Sunday",
	"Tuesday": "Monday",
	"Wednesday": "Tuesday",
	"Thursday": "Wednesday",
	"Friday": "Thursday",
	"Saturday": "Friday",
	"Sunday": "Saturday",
}

default is_change := false

is_change if {
	input.action.kind == "aws"
	not input.action.level in {"list", "read"}
}

is_change if {
	input.action.kind == "mcp"
	not regex.match(`^(get|list|read|search|describe)_`, input.action.tool)
}

is_change if {
	input.action.kind == "exec"
	some name in program_names
	some word in commands[name]
	word in input.action.argv
}

program_names contains name if some name in input.action.known_as

# A script runs as its interpreter.
program_names contains name if {
	input.action.kind == "exec"
	some path in [input.action.program, input.action.script]
	parts := split(path, "/")
	name := parts[count(parts) - 1]
}

decision := {"effect": "allow"} if {
	not is_change
} else := {"effect": "allow"} if {
	open
} else := {"effect": "deny", "because": because}

because := sprintf(
	"it is %s %s in %s, and changes are made %s to %s on %s",
	[day, at, settings.zone, settings.from, settings.to, concat(", ", settings.days)],
)
