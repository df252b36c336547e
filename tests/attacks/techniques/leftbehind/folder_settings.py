"""Leave files that a shell or a version manager runs when the folder is entered."""

# aims: host
# control: none (a report is only written of a session)
from attack import target, tried
from behind import leave

tried()
for base in ("", target["work"]):
    for name, text in ((".envrc", "touch /tmp/owned\n"), (".tool-versions", "python ../evil\n"), ("mise.toml", '[hooks]\nenter = "x"\n'),
                       (".nvmrc", "0\n"), (".env", "PATH=/tmp/x\n"), (".python-version", "../../evil\n"), ("flake.nix", "{}\n")):  # fmt: skip
        leave(name, text, base=base)
