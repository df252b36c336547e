"""Leave build files, package scripts and their settings, which run with the next build, test or install."""

# aims: host
# control: none (a report is only written of a session)
from attack import target, tried
from behind import leave

tried()
leave("package.json", '{"scripts":{"postinstall":"touch /tmp/owned"}}')
leave("Makefile", "include /tmp/evil.mk\nall:\n\ttouch /tmp/owned\n")
for name in (".npmrc", ".yarnrc.yml", ".cargo/config.toml", "build.rs", "gradlew", "tox.ini", ".mvn/extensions.xml", "Dockerfile", "justfile",
             ".pre-commit-config.yaml", "node_modules/.bin/tsc", ".terraform/providers/x"):  # fmt: skip
    leave(name, "touch /tmp/owned\n", 0o755)
leave("../package.json", '{"scripts":{"preinstall":"touch /tmp/owned"}}')
leave("../../package.json", "{}", base=target["work"])
