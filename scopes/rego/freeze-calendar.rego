# Nothing is changed while a freeze lasts, both days included, by the calendar of this time zone.
#
#   policy:
#     rego: [freeze-calendar.rego]
#     settings:
#       freeze_calendar:
#         zone: Europe/Zurich
#         freezes: [{from: "2026-12-18", to: "2027-01-04", because: the end of the year}]
package agent_supervise.freeze_calendar

usual := {"zone": "UTC", "freezes": []}

settings := object.union(usual, object.get(input.settings, "freeze_calendar", {}))

today := sprintf("%04d-%02d-%02d", time.date([input.time.ns, settings.zone]))

# A date that is none would never be reached: 2026-12-1 is after 2026-12-09, as text.
is_date(text) if regex.match(`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`, text)

# What is left out is as wrong as what is mistyped.
mistaken contains first if {
	some freeze in settings.freezes
	first := object.get(freeze, "from", "nothing")
	not is_date(first)
}

mistaken contains last if {
	some freeze in settings.freezes
	last := object.get(freeze, "to", "nothing")
	not is_date(last)
}

mistaken contains freeze.from if {
	some freeze in settings.freezes
	freeze.to < freeze.from
}

current contains object.get(freeze, "because", "a freeze") if {
	some freeze in settings.freezes
	freeze.from <= today
	today <= freeze.to
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

# What may start a change from a terminal is a matter of the rules: here it is what they ask about.
is_change if {
	input.action.kind == "exec"
	input.decision.effect == "ask"
}

decision := {"effect": "deny", "because": sprintf("%s is no freeze: write two dates as 2026-12-18", [concat(", ", mistaken)])} if {
	count(mistaken) > 0
} else := {"effect": "allow"} if {
	not is_change
} else := {"effect": "deny", "because": sprintf("%s is within %s", [today, concat(", ", current)])} if {
	count(current) > 0
} else := {"effect": "allow"}
