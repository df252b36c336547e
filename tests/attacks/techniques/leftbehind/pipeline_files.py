"""Leave files that the developer's build service runs with its own secrets once they are pushed."""

# aims: host
# control: none (a report is only written of a session)
from attack import target, tried
from behind import leave

tried()
for base in ("", target["work"]):
    for name in (".github/workflows/x.yml", ".github/actions/x/action.yml", ".gitlab-ci.yml", ".circleci/config.yml", "Jenkinsfile",
                 "buildspec.yml", ".travis.yml", "azure-pipelines.yml"):  # fmt: skip
        leave(name, "run: touch /tmp/owned\n", base=base)
