# A task works in at most two regions of AWS: those of the settings, else those that the scope names.
#
#   policy:
#     rego: [two-regions.rego]
#     settings: {two_regions: {regions: [eu-central-1, us-east-1]}}
package agent_supervise.two_regions

most := 2

regions := object.get(input.settings, ["two_regions", "regions"], input.scope.regions)

# A service without regions (IAM, CloudFront, Route 53) names none, or its partition's.
is_global(region) if region in {"", "aws-global", "aws-cn-global", "aws-us-gov-global"}

touched contains input.action.region if not is_global(input.action.region)

touched contains region if {
	some arn in input.action.resources
	region := split(arn, ":")[3]
	not is_global(region)
}

outside := touched - {region | some region in regions}

decision := {"effect": "allow"} if {
	input.action.kind != "aws"
} else := {"effect": "deny", "because": sprintf("%d regions are named, and a task has at most %d", [count(regions), most])} if {
	count(regions) > most
} else := {"effect": "deny", "because": "no regions are named: name them in the scope, or in the settings"} if {
	count(regions) == 0
} else := {"effect": "deny", "because": sprintf("it is in %s, and this task is in %s", [concat(", ", outside), concat(", ", regions)])} if {
	count(outside) > 0
} else := {"effect": "allow"}
